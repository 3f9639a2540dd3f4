"""Creates the index of a history, once for each cluster."""

from collections.abc import Mapping
from typing import Any

from mlalias.errors import Conflict, Hint, Unreachable
from mlalias.stores.cluster.connection import PRIVILEGE_MISSING, Answer, Connection, Request
from mlalias.stores.cluster.history.documents import FORMAT, MAPPINGS, OWNER, SETTINGS
from mlalias.stores.cluster.history.faults import ALIAS, INDEX, failure, not_ours
from mlalias.stores.cluster.history.index import Index

_BAD_REQUEST, _NOT_FOUND = 400, 404
_EXISTS = "resource_already_exists_exception"
_NAME_TAKEN = ("invalid_index_name_exception", "invalid_alias_name_exception")
_NEEDS = Hint(f"init needs the index privilege manage on '{ALIAS}*': the index is created with an alias")
_IS_HISTORY = {"is_hidden": True, "is_write_index": True}


def init(connection: Connection) -> bool:
    """Create the index, its alias and the document that marks them as ours; False if there is a history already.

    If it is interrupted between two requests, the next init completes it. Raises Conflict if something else has one of
    the names, Unreachable if a privilege is missing; then nothing is created.
    """
    if not _is_taken(connection):  # an alias that points elsewhere must not get a second index
        _make(connection)
    elif Index(connection).search():
        return False
    _check_mapping(connection)
    return Index(connection).create(0, {"owner": OWNER, "format": FORMAT}) is not None


def _is_taken(connection: Connection) -> bool:
    """Whether an index or an alias has the name of the history."""
    answer = connection.ask(Request("GET", (ALIAS, "_mapping")), repeats=True)
    if answer.status == _NOT_FOUND:
        return False
    _check(connection, answer)
    return True


def _make(connection: Connection) -> None:
    answer = _create(connection, SETTINGS)
    if answer.error.type == "illegal_argument_exception":  # Serverless does not allow the number of replicas to be set
        answer = _create(connection, {"index": {"hidden": True}})
    if answer.error.type == _EXISTS:  # created by another init a moment ago, or its alias was removed
        return
    if answer.error.type in _NAME_TAKEN:
        raise not_ours(f"exists already ({answer.error.reason})")
    if answer.status == _BAD_REQUEST:
        raise Conflict(
            f"{connection.url} refuses to create the index '{INDEX}': {answer.error.reason}",
            Hint("see which index templates match its name: POST _index_template/_simulate_index/" + INDEX),
            rule="not_a_history",
        )
    _check(connection, answer)


def _create(connection: Connection, settings: Mapping[str, Any]) -> Answer:
    body = {"settings": settings, "mappings": MAPPINGS, "aliases": {ALIAS: _IS_HISTORY}}
    return connection.ask(Request("PUT", (INDEX,), {}, body))


def _check_mapping(connection: Connection) -> None:
    """Raise Conflict unless the name belongs to our index with our mapping, which an index template may change."""
    answer = connection.ask(Request("GET", (ALIAS, "_mapping")), repeats=True)
    if answer.status == _NOT_FOUND:
        put_back = Hint(f'put it back: PUT {INDEX}/_alias/{ALIAS} {{"is_hidden": true, "is_write_index": true}}')
        raise Conflict(f"the index '{INDEX}' has lost its alias '{ALIAS}'", put_back, rule="not_a_history")
    _check(connection, answer)
    if len(answer.document) != 1:
        raise not_ours("points to several indices")
    mapping = next(iter(answer.document.values())).get("mappings", {})
    if mapping.get("_meta", {}).get("owner") != OWNER:
        raise not_ours("has another mapping")
    if mapping.get("dynamic") != "strict":
        raise not_ours("has another mapping: an index template of this cluster matches its name")


def _check(connection: Connection, answer: Answer) -> None:
    if answer.error.lacks_privilege:
        text = f"{connection.url} does not let this key create a history (403)"
        raise Unreachable(text, _NEEDS, status=answer.status, rule=PRIVILEGE_MISSING)
    if answer.status >= _BAD_REQUEST:
        raise failure(connection.url, answer)
