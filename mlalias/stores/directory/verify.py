"""Checks a catalog directory: damage, each with its fix, and, as notes, what a writer that died has left behind."""

import os
import shlex
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

from mlalias.core.catalog import Entry
from mlalias.core.history import replay
from mlalias.documents.codec import decode, read_toml, to_toml
from mlalias.errors import Damaged, Hint, InvalidDocument, NotFound, os_text
from mlalias.stores.directory import atomic
from mlalias.stores.directory.contents import (
    ENDPOINTS,
    FIELDS,
    FORMAT,
    HISTORY,
    LOCK,
    MODELS,
    PIPELINES,
    TABLE,
    VERIFY,
    AliasFile,
    HistoryFile,
    ModelFiles,
    PipelineFile,
    abandoned,
    endpoint_file,
    field_file,
    is_catalog,
    model_id_of,
    read_table,
    table_behind,
)
from mlalias.stores.findings import Finding, Findings

_T = TypeVar("_T")


def verify(root: Path) -> Findings:
    """Check every file of a catalog, and that they agree; raises NotFound if there is no catalog.

    It takes no lock, and repeats the check if a writer has changed the catalog in the meantime.
    """
    if not is_catalog(root):
        raise NotFound(f"there is no catalog in '{root}'", Hint("see which is meant", ("path",)), rule="no_catalog")
    for _ in range(3):
        before = _stamp(root / TABLE)
        findings = _inspect(root)
        if not findings.faults or _stamp(root / TABLE) == before:
            break
    return findings


def _stamp(path: Path) -> tuple[int, int] | None:
    """A value that changes when the file is replaced."""
    try:
        status = path.lstat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns


def _inspect(root: Path) -> Findings:
    faults: list[Finding] = []

    def attempt(path: Path, fix: Hint, read: Callable[[], _T]) -> _T | None:
        try:
            return read()
        except Damaged as damage:
            own = [hint for hint in damage.hints if hint != VERIFY]
            faults.append(Finding(str(path), damage.reason, own[0] if own else fix))
        except OSError as error:
            faults.append(
                Finding(str(path), f"'{path}' cannot be read ({os_text(error)})", Hint(f"ls -l {_quoted(path)}"))
            )
        return None

    attempt(root / LOCK, _REIMPORT, lambda: atomic.is_plain(root / LOCK))
    history = attempt(root / HISTORY, _RESTORE, lambda: list(HistoryFile(root / HISTORY)))
    entries = history or []
    table = attempt(root / TABLE, _fix_of_table(root, entries), lambda: read_table(root / TABLE))
    models = ModelFiles(root / MODELS)
    for model_id in attempt(root / MODELS, _REIMPORT, models.names) or ():
        attempt(models.path(model_id), _REIMPORT, partial(models.find, model_id))
    pipelines = attempt(root / PIPELINES, _REIMPORT, lambda: PipelineFile(root / PIPELINES).pipelines) or {}
    attempt(root / ENDPOINTS, _REIMPORT, lambda: endpoint_file(root).values)
    attempt(root / FIELDS, _REIMPORT, lambda: field_file(root).values)
    notes = tuple(_leftovers(root, table, entries))
    readable = not any(fault.path in (str(root / TABLE), str(root / HISTORY)) for fault in faults)
    if readable:
        faults += _agreement(root, table, entries)
    if table is not None:
        faults += _aliases(table, models, {name for known in pipelines.values() for name in known.names}, root)
    return Findings(tuple(faults), notes)


_RESTORE = Hint("restore the file from a backup, or delete the lines that are no entries")
_REIMPORT = Hint("fix the place that is named, or delete the file and import it again")


def _quoted(path: Path) -> str:
    return shlex.quote(str(path))


def _fix_of_table(root: Path, entries: Sequence[Entry]) -> Hint:
    """How to fix the table: by hand if it is complete TOML, otherwise by rebuilding it from the history."""
    try:
        document = read_toml(decode(atomic.read(root / TABLE) or b"", TABLE), TABLE)
    except (OSError, InvalidDocument, Damaged):
        document = {}
    if {"format", "revision", "aliases"} <= document.keys():
        return Hint(f"fix or delete the line that is named in '{root / TABLE}'")
    return _rebuild(root, entries)


def _rebuild(root: Path, entries: Sequence[Entry]) -> Hint:
    """A shell command that keeps a copy of the table and writes a new one from the history."""
    if not entries:
        return Hint(f"restore '{root / TABLE}' from a backup")
    document = {
        "format": FORMAT,
        "revision": entries[-1].revision,
        "aliases": dict(sorted(replay(entries).items())),
    }
    lines = " ".join(shlex.quote(line) for line in to_toml(document).splitlines())
    path = _quoted(root / TABLE)
    keep = f"cp {path} {path}.damaged && " if (root / TABLE).exists() else ""
    return Hint(f"{keep}printf '%s\\n' {lines} > {path}")


def _leftovers(root: Path, table: AliasFile | None, entries: Sequence[Entry]) -> Iterator[Finding]:
    """What a writer that died has left behind, aliases added by hand, and files that mlalias does not read."""
    gone = Hint("nothing to do: the next write removes it")
    drafts = atomic.leftovers(root) if root.is_dir() else []
    for path in drafts:
        yield Finding(str(path), f"'{path.name}' was left behind by a writer that died", gone)
    if abandoned(root, table, entries[-1] if entries else None):
        yield Finding(str(root / HISTORY), "the last entry of the history was never committed", gone)
    for alias in _without_history(table, entries):
        message = f"the history has no change to the alias '{alias}': it was written by hand"
        yield Finding(str(root / TABLE), message, Hint("nothing to do; its next change will be in the history"))
    if atomic.torn(root / HISTORY) and _ahead(table, entries) >= 0:
        yield Finding(str(root / HISTORY), "the last line of the history is torn", gone)
    if os.access(root / MODELS, os.R_OK) and (root / MODELS).is_dir() and not (root / MODELS).is_symlink():
        for path in sorted((root / MODELS).iterdir()):
            if model_id_of(path.name) is None:
                yield Finding(str(path), f"'{path.name}' is not a model's file, and is ignored", Hint("move it away"))


def _without_history(table: AliasFile | None, entries: Sequence[Entry]) -> list[str]:
    return sorted(table.aliases.keys() - _aliases_in(entries)) if table and entries else []


def _aliases_in(entries: Sequence[Entry]) -> set[str]:
    """All aliases that have an entry in the history."""
    return {change.model_alias for entry in entries for change in entry.changes}


def _ahead(table: AliasFile | None, entries: Sequence[Entry]) -> int:
    """How many revisions the history is ahead of the table; negative if it is behind."""
    return (entries[-1].revision if entries else 0) - (table.revision if table else 0)


def _agreement(root: Path, table: AliasFile | None, entries: Sequence[Entry]) -> Iterator[Finding]:
    """The faults where the history and the table disagree."""
    revisions = [entry.revision for entry in entries]
    if revisions != sorted(set(revisions)):
        yield Finding(str(root / HISTORY), "the revisions in the history are not in ascending order", _RESTORE)
        return
    yield from _gaps(revisions, root)
    ahead = _ahead(table, entries)
    if ahead > 0 and not abandoned(root, table, entries[-1]):
        message = table_behind(root / TABLE, table, revisions[-1])
        yield Finding(str(root / TABLE), message, _rebuild(root, entries))
    elif ahead < 0 and table:
        last = revisions[-1] if revisions else 0
        message = f"'{TABLE}' is at revision {table.revision}, but the history ends at {last}: later entries are lost"
        fix = Hint(f"restore '{root / HISTORY}' from a backup, or write `revision = {last}` in '{root / TABLE}'")
        yield Finding(str(root / HISTORY), message, fix)
    elif ahead == 0 and table:
        yield from _disagreements(table, entries, root)


def _gaps(revisions: Sequence[int], root: Path) -> Iterator[Finding]:
    for before, after in pairwise(revisions):
        if after > before + 1:
            lost = f"revision {before + 1} is" if after == before + 2 else f"revisions {before + 1} to {after - 1} are"
            yield Finding(str(root / HISTORY), f"{lost} not in the history", Hint("restore the file from a backup"))


def _disagreements(table: AliasFile, entries: Sequence[Entry], root: Path) -> Iterator[Finding]:
    """The aliases that were edited by hand; an alias without any entry is only a note, see `_leftovers`."""
    by_history = replay(entries)
    for alias in sorted(_aliases_in(entries)):
        now, then = table.aliases.get(alias), by_history.get(alias)
        if now == then:
            continue
        message = f"the alias '{alias}' {_names(now)}, but by its last change in the history, it {_names(then)}"
        if then is None:
            fix = Hint("make it match the history", ("delete", alias))
        else:  # `import` does not check the rules, which may refuse the move back
            declared = ("[aliases]", to_toml({alias: then}).strip())
            fix = Hint("make it match the history", ("import", "-", "--reassign"), declared)
        yield Finding(str(root / TABLE), message, fix)


def _names(target: str | None) -> str:
    return f"names '{target}'" if target else "does not exist"


def _aliases(table: AliasFile, models: ModelFiles, used: Collection[str], root: Path) -> Iterator[Finding]:
    """The aliases without a model, or with the name of one; an alias `used` by a pipeline cannot be deleted."""
    try:
        known = set(models.names())
    except (OSError, Damaged):
        return  # reported already
    for alias, target in sorted(table.aliases.items()):
        if target not in known:
            message = f"the alias '{alias}' names '{target}', a model that does not exist"
            fix = Hint("import the model, move the alias, or delete it", ("delete", alias))
            if alias in used:
                fix = Hint("import the model, or move the alias to one of these", ("models",))
            yield Finding(str(root / TABLE), message, fix)
        if alias in known:
            first = "once no pipeline uses it, " if alias in used else ""
            fix = Hint(f"{first}delete the alias", ("delete", alias))
            yield Finding(str(root / TABLE), f"'{alias}' is both an alias and the id of a model", fix)
