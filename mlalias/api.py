"""The Python API: the catalog that `mlalias.open` returns; imported on first use.

Each method does what the command of the same name does: the command's arguments are positional, its options are
keyword arguments of the same names, errors are exceptions, and warnings are in the receipt. Nothing is printed.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from mlalias.arguments import check, texts
from mlalias.core.catalog import Change, Entry
from mlalias.errors import Failure, Hint, SystemRefused, WrongUsage, as_one, os_text
from mlalias.output.page import Invocation
from mlalias.stores import Location, Store, locate, open_store

if TYPE_CHECKING:
    from mlalias.core.plan import Caution, Edit
    from mlalias.documents.facts import Facts

Declaration = Mapping[str, Any] | os.PathLike[str]


class Receipt(NamedTuple):
    """The result of a change.

    `changes` lists every requested alias with its `result`, unchanged ones included. `revision` is the catalog's
    revision after the change, None if no history is kept.
    """

    changes: tuple[Change, ...]
    warnings: "tuple[Caution, ...]"
    revision: int | None


def open(location: str | os.PathLike[str] | None = None) -> "Catalog":  # noqa: A001 - mlalias.open, as gzip.open
    """Open a catalog: a directory or an http(s):// URL, else $MLALIAS_CATALOG, else the user's data directory.

    A directory that does not exist is an empty catalog, created by the first change. No request is sent to a cluster
    yet. Credentials and timeouts come from the same environment variables as on the command line.
    Raises WrongUsage for an invalid location.
    """
    check(str | os.PathLike | None, location=location)
    given = location if location is None else os.fspath(location)
    check(str | None, location=given)  # os.fspath may return bytes
    with advised(Invocation()):
        place = locate(given, "the argument of mlalias.open")
        if not place.is_url:  # the process may change its working directory later
            place = place._replace(text=str(place.path.absolute()))
        return Catalog(place, None if given is None else place.text)


class Catalog:
    """A catalog of models and their aliases, from `mlalias.open`.

    Every call sees the current catalog, including changes made by other processes. An instance may be shared between
    threads; pickled, it opens the same location in another process.

    Every method raises Failure: Damaged or SystemRefused if a directory cannot be read, Unreachable if a cluster does
    not answer. Methods that change the catalog also raise Busy if another writer does not finish in time, and
    Committed if something failed after the change was made. Arguments of a wrong type raise TypeError.
    """

    def __init__(self, location: Location, given: str | None) -> None:
        self._location = location
        self._given = given
        self._store: Store = open_store(location, whole=False, silent=True)

    def __repr__(self) -> str:
        return f"<mlalias.Catalog {self._location.text!r}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return open, (self._location.text,)

    # --- looking ---

    def resolve(self, name: str) -> str:
        """The id of the model that an alias names; a model id is returned as it is.

        On a directory, files are read again only if the aliases have changed; on a cluster this is one request.
        Raises NotFound if there is no such name, or if the alias names a model that does not exist.
        """
        from mlalias.names import resolve

        check(str, name=name)
        with self._advised("resolve", name):
            return resolve(self._store.read(), name)

    @property
    def aliases(self) -> Mapping[str, str]:
        """A snapshot of all aliases, sorted, with the model id that each names.

        Aliases of models that do not exist are included. On a cluster this fetches all models.
        """
        with self._advised("list"):
            return MappingProxyType(dict(sorted(self._store.read().aliases.items())))

    def history(self, *model_alias: str, limit: int | None = None) -> list[Entry]:
        """The history, newest entry first, `limit` entries at most; with patterns, only the aliases that match.

        On a cluster, aliases that were changed without mlalias come first, in an entry whose `state` is "outside".
        Raises NotFound for an alias that never existed, and on a cluster that keeps no history; Conflict if something
        else on the cluster has the name of mlalias's history.
        """
        from mlalias import names

        texts("model_alias", model_alias)
        check(int | None, limit=limit)
        with self._advised("history", *model_alias):
            if limit is not None and limit < 1:
                raise WrongUsage(f"limit is {limit}, and must be at least 1")
            return names.history(self._store.read(), model_alias, limit)

    # --- changing ---

    def put(
        self,
        model_id: str,
        model_alias: str,
        *,
        reassign: bool = False,
        if_current: str | None = None,
        exist_ok: bool = False,
        strict: bool = False,
        message: str | None = None,
    ) -> Receipt:
        """Point an alias at a model.

        An existing alias is moved only with `reassign`, or with `if_current` if it names that model now. `exist_ok`
        allows an alias that already names the model. `strict` treats warnings as errors. `message` goes into the
        history.
        Raises Refused with the `rule` that refuses, NotFound if there is no such model, Conflict if the alias does not
        name `if_current`.
        """
        from mlalias.edits.aliases import put

        check(str, model_id=model_id, model_alias=model_alias)
        check(str | None, if_current=if_current)
        check(bool, reassign=reassign, exist_ok=exist_ok)
        edit = put(model_id, model_alias, reassign=reassign, if_current=if_current, exist_ok=exist_ok)
        return self._change(edit, ("put", model_id, model_alias), message, strict=strict)

    def delete(
        self,
        model_alias: str,
        *,
        model: str | None = None,
        force: bool = False,
        missing_ok: bool = False,
        message: str | None = None,
    ) -> Receipt:
        """Delete an alias; if `model` is given, only if the alias names that model.

        Raises NotFound if there is no such alias, unless `missing_ok`; Conflict if it does not name `model`, if an
        ingest pipeline uses it, or, without `force`, if something uses it that Elasticsearch does not check.
        """
        from mlalias.edits.aliases import Unguarded, delete

        check(str, model_alias=model_alias)
        check(str | None, model=model)
        check(bool, force=force, missing_ok=missing_ok)
        unguarded: Unguarded = "warn" if force else "refuse"
        edit = delete(model_alias, model, missing_ok=missing_ok, unguarded=unguarded)
        return self._change(edit, ("delete", model_alias), message)

    def apply(
        self,
        declaration: Declaration,
        *,
        prune: bool = False,
        only: Iterable[str] = (),
        allow_empty: bool = False,
        strict: bool = False,
        message: str | None = None,
    ) -> Receipt:
        """Point aliases at the models that a declaration gives, all or nothing: `{"aliases": {alias: model id, ...}}`.

        The declaration is a mapping, or the path of a TOML or JSON file. Existing aliases are moved without `reassign`.
        Declared `models` and `pipelines` are added if they are missing. `prune` deletes aliases that are not declared.
        With `only`, aliases that match none of its patterns are left alone. `allow_empty` lets `prune` delete all
        aliases.
        A cluster has no transactions: there, apply stops at the first error, whose reason says what has been done.
        Raises InvalidDocument if it cannot be read as a declaration; Refused, NotFound or Conflict; or Several, whose
        `errors` lists more than one of these.
        """
        from mlalias.core.plan import Caution
        from mlalias.edits.declared import aliases_only, apply

        check(bool, prune=prune, allow_empty=allow_empty)
        patterns = texts("only", only)
        with self._advised("apply"):
            facts, ignored = facts_of(declaration, "the declaration"), ""
        if self._location.is_url:
            facts, ignored = aliases_only(facts)
        edit = apply(facts, prune=prune, only=patterns, allow_empty=allow_empty)
        receipt = self._change(edit, ("apply",), message, strict=strict)
        return receipt._replace(warnings=(Caution(ignored.strip()), *receipt.warnings)) if ignored else receipt

    def rollback(
        self,
        model_alias: str,
        *,
        to: int | None = None,
        delete: bool = False,
        strict: bool = False,
        message: str | None = None,
    ) -> Receipt:
        """Undo the last change to an alias, or with `to`, every change to it after that revision. The rules apply.

        Undoing a creation deletes the alias, which needs `delete`.
        Raises Refused with the `rule` that refuses, NotFound if the alias, the model or the revision does not exist,
        Conflict if nothing is left to undo or the alias was changed without mlalias.
        """
        from mlalias.edits.aliases import rollback

        check(str, model_alias=model_alias)
        check(int | None, to=to)
        check(bool, delete=delete)
        edit = rollback(model_alias, to=to, deletes=delete)
        revision = () if to is None else ("--to", str(to))
        return self._change(edit, ("rollback", model_alias, *revision), message, strict=strict)

    def _change(self, edit: "Edit", words: tuple[str, ...], message: str | None, *, strict: bool = False) -> Receipt:
        from mlalias.core.plan import strictly

        check(str | None, message=message)
        check(bool, strict=strict)
        repeated = (*(("--message", message) if message else ()), *(("--strict",) if strict else ()))
        invocation = Invocation(words[0], words[1:], repeated, self._given)
        return change(self._store, strictly(edit) if strict else edit, invocation, message)

    def _advised(self, command: str, *arguments: str) -> AbstractContextManager[None]:
        return advised(Invocation(command, arguments, catalog=self._given))


# --- shared with the pytest plugin ---


def change(store: Store, edit: "Edit", invocation: Invocation, message: str | None = None) -> Receipt:
    """Carry out an edit; raises its errors as one exception."""
    with advised(invocation):
        receipt = store.change(edit, invocation.command, message)
        if receipt.errors:
            raise as_one(receipt.errors)
        return Receipt(receipt.changes, receipt.warnings, receipt.revision)


@contextmanager
def advised(invocation: Invocation) -> Iterator[None]:
    """Attach hints to failures raised inside, as the command line does; an OSError becomes SystemRefused."""
    search = partial(_hints, invocation=invocation)
    try:
        yield
    except OSError as error:
        raise SystemRefused(os_text(error)).advised_by(search) from error
    except Failure as failure:
        failure.advised_by(search)
        raise


def _hints(failure: Failure, invocation: Invocation) -> tuple[Hint, ...]:
    """All hints, ready to paste; if the catalog can no longer be read, only those that do not need it."""
    from mlalias import advice

    try:
        hints = advice.hints(failure, invocation)
    except (Failure, OSError):
        hints = failure.known_hints
    return tuple(invocation.complete(hint) for hint in hints)


def facts_of(source: Declaration, subject: str) -> "Facts":
    """Read an answer of Elasticsearch or a declaration from a file or a mapping.

    `subject` names a mapping in error messages. Raises InvalidDocument, and TypeError for types that a document cannot
    hold.
    """
    from mlalias.documents.codec import plain
    from mlalias.documents.facts import parsed, read
    from mlalias.inputs import read_file

    if isinstance(source, os.PathLike):
        name = os.fspath(source)
        check(str, path=name)
        return read(read_file(name), name)
    if not hasattr(source, "keys"):
        raise TypeError(f"{subject} must be a mapping or a path, not {type(source).__name__}")
    document = dict(source)  # the answers of official clients have `keys`, but are not Mappings
    return parsed(plain(document), subject)
