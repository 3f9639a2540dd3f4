"""Makes the index of a history, once for a cluster and everybody who uses it."""

from collections.abc import Mapping
from typing import Any

from mlalias.errors import Hint, Unreachable
from mlalias.stores.cluster.connection import Answer, Connection
from mlalias.stores.cluster.history.documents import FORMAT, INDEX, MAPPINGS, OWNER, SETTINGS
from mlalias.stores.cluster.history.faults import ALIAS, failure, not_ours

_BAD_REQUEST, _FORBIDDEN, _CONFLICT = 400, 403, 409
_EXISTS = ("resource_already_exists_exception", "invalid_index_name_exception", "invalid_alias_name_exception")
_NEEDS = Hint(f"init needs the index privilege manage on '{ALIAS}*': an alias is made with the index")


def init(connection: Connection) -> bool:
    """Make the index, its alias and the document that says whose they are; False if a history is there already.

    Interrupted between two requests, it is completed by the next init. Raises Conflict where something else has one of
    the names, Unreachable where a privilege is missing; then nothing is made.
    """
    answer = _create(connection, SETTINGS)
    if answer.type == "illegal_argument_exception":  # serverless decides on replicas itself
        answer = _create(connection, {"index": {"hidden": True}})
    if answer.type not in _EXISTS:
        _check(connection, answer)
        _check_mapping(connection)
    return _say_whose(connection)


def _create(connection: Connection, settings: Mapping[str, Any]) -> Answer:
    aliases = {ALIAS: {"is_hidden": True, "is_write_index": True}}
    body = {"settings": settings, "mappings": MAPPINGS, "aliases": aliases}
    return connection.ask("PUT", (INDEX,), {}, body)


def _check_mapping(connection: Connection) -> None:
    """Look at what a template of the site may have made of the index; raises Conflict."""
    answer = connection.ask("GET", (INDEX, "_mapping"), {})
    if answer.status == _FORBIDDEN:
        return  # the privilege to see a mapping is not needed for anything else
    _check(connection, answer)
    mapping = answer.document.get(INDEX, {}).get("mappings", {})
    if mapping.get("dynamic") != "strict" or mapping.get("_meta", {}).get("owner") != OWNER:
        raise not_ours("has another mapping: an index template of this cluster matches its name")


def _say_whose(connection: Connection) -> bool:
    """Make document 0; False if it is there."""
    source = {"owner": OWNER, "format": FORMAT, "revision": 0}
    parameters = {"require_alias": "true"}
    answer = connection.ask("PUT", (ALIAS, "_create", "0"), parameters, source)
    if answer.status == _CONFLICT:
        return False
    if answer.type == "index_not_found_exception":
        raise not_ours("is an index of its own, or the alias is missing")
    _check(connection, answer)
    return True


def _check(connection: Connection, answer: Answer) -> None:
    if answer.status == _FORBIDDEN:
        raise Unreachable(f"{connection.url} does not let this key make a history (403)", _NEEDS, status=_FORBIDDEN)
    if answer.status >= _BAD_REQUEST:
        raise failure(connection.url, answer)
