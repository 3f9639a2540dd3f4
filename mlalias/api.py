"""The catalog from Python: what `mlalias.open` gives, loaded when it is asked for.

It is the engine of the command line behind methods: a command's arguments are a method's, its options are keyword
arguments of the same names, its error is an exception, its warnings are values of the receipt. Nothing is printed.
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
    """What a change came to.

    `changes` has every alias that was asked about, unchanged ones included, each with its `result`; `warnings` is
    empty unless something deserves a look; `revision` is that of the catalog now, None where no history is kept.
    """

    changes: tuple[Change, ...]
    warnings: "tuple[Caution, ...]"
    revision: int | None


def open(location: str | os.PathLike[str] | None = None) -> "Catalog":  # noqa: A001 - mlalias.open, as gzip.open
    """Open a catalog: a directory or an http(s):// URL, else $MLALIAS_CATALOG, else the user's data directory.

    A directory need not exist: it is an empty catalog, which the first change creates. A cluster is not asked for
    anything yet. Credentials and timeouts are those of the command line's environment variables.
    Raises WrongUsage for a location that cannot be one.
    """
    check(str | os.PathLike | None, location=location)
    given = location if location is None else os.fspath(location)
    check(str | None, location=given)  # a path may be one of bytes
    with advised(Invocation()):
        place = locate(given, "the argument of mlalias.open")
        if not place.is_url:  # a service may change its working directory
            place = place._replace(text=str(place.path.absolute()))
        return Catalog(place, None if given is None else place.text)


class Catalog:
    """A catalog of models and their aliases, from `mlalias.open`.

    Every call looks at the catalog as it is then, changes of other processes included. One object may be used by
    several threads, and be sent to another process, which opens the same location.

    Every method raises Failure: Damaged and SystemRefused where a directory cannot be read, Unreachable where a
    cluster cannot be asked. Those that change it also raise Busy if another writer does not finish in time, and
    Committed where something failed after the change was made. TypeError is for arguments of a wrong type.
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
        """The id of the model that an alias names; a model id stands for itself.

        On a directory it reads next to nothing unless the aliases have changed; on a cluster it is one request.
        Raises NotFound if there is no such name, or if the alias names a model that does not exist.
        """
        from mlalias.names import resolve

        check(str, name=name)
        with self._advised("resolve", name):
            return resolve(self._store.read(), name)

    @property
    def aliases(self) -> Mapping[str, str]:
        """The model id that each alias names, sorted: the state at this moment, which later changes leave alone.

        An alias is listed even if its model does not exist. On a cluster all models are asked for.
        """
        with self._advised("list"):
            return MappingProxyType(dict(sorted(self._store.read().aliases.items())))

    def history(self, *model_alias: str, limit: int | None = None) -> list[Entry]:
        """The changes of all aliases, or of those that match, newest first, `limit` at most.

        On a cluster, aliases that were changed without mlalias come first, in an entry whose `state` is "outside".
        Raises NotFound for an alias that never was, and on a cluster that keeps no history; Conflict where something
        else has the name of its history.
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

        An alias that exists is moved only with `reassign`, or with `if_current` if it names that model now; with
        `exist_ok` it may name the model already. `strict` treats warnings as errors, `message` is kept in the history.
        Raises Refused with the `rule` that refuses, NotFound if there is no such model, Conflict if `if_current` does
        not hold.
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
        """Delete an alias, with `model` only if it names that one.

        Raises NotFound if there is no such alias, unless `missing_ok`; Conflict if it names another model than
        `model`, if an ingest pipeline uses it, or, without `force`, something else that Elasticsearch does not guard.
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
        """Point aliases where a declaration says, all or nothing: `{"aliases": {alias: model id, ...}}`.

        The declaration is a mapping, or a path of a TOML or JSON file. A target written there is the consent to move
        the alias. Its `models` and `pipelines` are added if they are missing. `prune` deletes aliases that it does not
        declare; `only` has patterns that bound which aliases are looked at; `allow_empty` lets `prune` delete all.
        A cluster has no transaction: there it stops at the first error, whose reason tells what was made.
        Raises InvalidDocument for what is not a declaration, Refused, NotFound, Conflict; Several for more than one of
        them, which its `errors` has.
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
        """Undo the last change of an alias under the rules, or with `to` everything after that revision.

        Undoing a creation deletes the alias, for which `delete` is the consent.
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
    """Carry out an edit; raises what refuses it, all of it together."""
    with advised(invocation):
        receipt = store.change(edit, invocation.command, message)
        if receipt.errors:
            raise as_one(receipt.errors)
        return Receipt(receipt.changes, receipt.warnings, receipt.revision)


@contextmanager
def advised(invocation: Invocation) -> Iterator[None]:
    """Let failures out as the command line prints them: with hints, and with those of the system among them."""
    search = partial(_hints, invocation=invocation)
    try:
        yield
    except OSError as error:
        raise SystemRefused(os_text(error)).advised_by(search) from error
    except Failure as failure:
        failure.advised_by(search)
        raise


def _hints(failure: Failure, invocation: Invocation) -> tuple[Hint, ...]:
    """All hints, ready to be pasted; the catalog may be gone by now, and a hint is not worth an error about it."""
    from mlalias import advice

    try:
        hints = advice.hints(failure, invocation)
    except (Failure, OSError):
        hints = failure.known_hints
    return tuple(invocation.complete(hint) for hint in hints)


def facts_of(source: Declaration, subject: str) -> "Facts":
    """What a file or a mapping says, an answer of Elasticsearch or a declaration.

    `subject` names a mapping in errors. Raises InvalidDocument, and TypeError for what no document can hold.
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
    document = dict(source)  # an answer of an official client is like a mapping, but none
    return parsed(plain(document), subject)
