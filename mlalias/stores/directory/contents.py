"""The names and contents of the files in a catalog directory."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar, overload

from mlalias.core.catalog import Endpoint, Entry, Model, Pipeline, is_model_id, is_server_alias
from mlalias.core.history import from_line
from mlalias.core.lazy import Lazy
from mlalias.documents.codec import Document, decode, read_toml, to_toml
from mlalias.documents.models import aliases, model
from mlalias.documents.pipelines import from_tables
from mlalias.documents.table import Table
from mlalias.errors import Damaged, Hint, InvalidDocument
from mlalias.progress import Advance, unseen
from mlalias.stores.directory import atomic
from mlalias.text import LARGEST

if TYPE_CHECKING:
    from mlalias.documents.mappings import Fields

V = TypeVar("V")

FORMAT = 1
TABLE = "aliases.toml"
HISTORY = "history.jsonl"
PIPELINES = "pipelines.toml"
ENDPOINTS = "endpoints.toml"
FIELDS = "fields.toml"
MODELS = "models"
LOCK = ".lock"
_NEWER = Hint("install the version of mlalias that wrote it, or a later one")
VERIFY = Hint("see all faults, and how to fix them", ("verify",))


def is_catalog(root: Path) -> bool:
    """Whether a directory contains a catalog, even an incomplete one."""
    return any(os.path.lexists(root / name) for name in (TABLE, MODELS, PIPELINES, ENDPOINTS, FIELDS, HISTORY, LOCK))


def encoded(document: Document, path: Path) -> bytes:
    """The bytes of a file of the catalog; raises InvalidDocument if it would be too large to be read again."""
    data = to_toml(document).encode()
    if len(data) > LARGEST:
        raise InvalidDocument(
            f"'{path.name}' would be a file of {len(data) >> 20} MiB, and no more than {LARGEST >> 20} MiB are read"
        )
    return data


_DEVICES = frozenset({"con", "prn", "aux", "nul"} | {f"{port}{n}" for port in ("com", "lpt") for n in range(10)})


def file_name(model_id: str) -> str:
    """The name of a model's file; a name that Windows reserves for a device gets a leading `_`."""
    device = model_id.split(".", 1)[0] in _DEVICES
    return f"{'_' if device else ''}{model_id}.toml"


def model_id_of(name: str) -> str | None:
    """The model id for a file name; None if `file_name` never returns that name."""
    model_id = name.removesuffix(".toml").removeprefix("_")
    return model_id if is_model_id(model_id) and file_name(model_id) == name else None


class AliasFile(NamedTuple):
    """The contents of `aliases.toml`; `document` also has the keys that this version does not know."""

    revision: int
    aliases: Mapping[str, str]
    document: Document


def read_table(path: Path) -> AliasFile | None:
    """Read `aliases.toml`, or a draft of it; None if there is none. Raises Damaged."""
    data = atomic.read(path)
    return None if data is None else parse_table(data, path)


def parse_table(data: bytes, path: Path) -> AliasFile:
    """Parse the bytes of `aliases.toml`; raises Damaged."""
    table = _parsed(data, path)
    _check_format(table, path)
    revision = table.document.get("revision")
    if type(revision) is not int or revision < 0:
        raise Damaged(f"'{path}' has no revision", VERIFY)
    if "aliases" not in table.document:
        raise Damaged(f"'{path}' has no table of aliases: it is cut off", VERIFY)
    return AliasFile(revision, _aliases(table, path), table.document)


def table_behind(path: Path, table: AliasFile | None, revision: int) -> str:
    """The message for a table that is older than its history, which ends at `revision`."""
    is_at = f"is at revision {table.revision}" if table else "is gone"
    return f"'{path}' {is_at}, but the history goes on to revision {revision}: it was deleted or restored"


def abandoned(root: Path, table: AliasFile | None, last: Entry | None) -> bool:
    """Whether the last entry is from a writer that died before its commit: its draft of the table still exists.

    If the entry is ahead of the table without such a draft, the table was deleted or restored.
    """
    revision = table.revision if table else 0
    return last is not None and last.revision == revision + 1 and _drafted(root, last.revision)


def _drafted(root: Path, revision: int) -> bool:
    """Whether there is a readable draft of the table with that revision."""
    for path in atomic.leftovers(root):
        if path.name.startswith(f".{TABLE}."):
            with suppress(Damaged):
                table = read_table(path)
                if table is not None and table.revision == revision:
                    return True
    return False


def _check_format(table: Table, path: Path) -> None:
    given = table.document.get("format")
    if given is None:
        raise Damaged(f"'{path}' has no format: it is empty or cut off", VERIFY)
    if type(given) is not int or given != FORMAT:
        newer = (_NEWER,) if type(given) is int and given > FORMAT else ()
        raise Damaged(f"'{path}' has format {given!r}, and this version of mlalias reads format {FORMAT}", *newer)


def _aliases(table: Table, path: Path) -> Mapping[str, str]:
    with _at_rest():
        targets = aliases(table)
    for alias, target in targets.items():
        if not is_server_alias(alias):
            raise Damaged(f"'{path}' has the alias '{alias}', a name that no server allows", VERIFY)
        if not is_model_id(target):
            raise Damaged(f"'{path}' has the alias '{alias}' on '{target}', which is not a valid model id", VERIFY)
    return targets


def _table(path: Path) -> Table | None:
    """Read a TOML file of the catalog; raises Damaged."""
    data = atomic.read(path)
    return None if data is None else _parsed(data, path)


def _parsed(data: bytes, path: Path) -> Table:
    source = f"'{path}'"
    with _at_rest():
        return Table(read_toml(decode(data, source), source), source)


@contextmanager
def _at_rest() -> Iterator[None]:
    """Raise Damaged in place of InvalidDocument, for the catalog's own files."""
    try:
        yield
    except InvalidDocument as error:
        raise Damaged(error.reason, VERIFY) from error


_OFTEN = 100


class ModelFiles:
    """The models of a directory; each file is read once, when its model is first accessed.

    `advance` is called from time to time with the number of files read.
    """

    def __init__(self, directory: Path, advance: Advance = unseen) -> None:
        self._directory = directory
        self._advance = advance
        self._read: dict[str, Model | None] = {}

    def mapping(self) -> Mapping[str, Model]:
        """The models by id, for a catalog."""
        return Lazy(self.find, self.names, self.has)

    def path(self, model_id: str) -> Path:
        """The path of a model's file."""
        return self._directory / file_name(model_id)

    def find(self, model_id: str) -> Model | None:
        """A model, None if it has no file; raises Damaged."""
        if model_id not in self._read:
            self._read[model_id] = self._model(model_id) if is_model_id(model_id) and self._is_there else None
        return self._read[model_id]

    def has(self, model_id: str) -> bool:
        """Whether a model has a file, which is not opened; raises Damaged."""
        if model_id in self._read:
            return self._read[model_id] is not None
        return is_model_id(model_id) and self._is_there and atomic.is_plain(self.path(model_id))

    def names(self) -> list[str]:
        """The ids of all models, sorted; other files are ignored."""
        entries = list(os.scandir(self._directory)) if self._is_there else []
        model_ids = (model_id_of(entry.name) for entry in entries)
        return sorted(model_id for model_id in model_ids if model_id)

    @cached_property
    def _is_there(self) -> bool:
        """Whether there is a directory of models; raises Damaged."""
        return atomic.is_directory(self._directory)

    @cached_property
    def _total(self) -> int:
        return len(self.names())

    def _model(self, model_id: str) -> Model | None:
        if len(self._read) % _OFTEN == _OFTEN - 1:
            self._advance(len(self._read), max(len(self._read), self._total))
        table = _table(self.path(model_id))
        with _at_rest():
            return model(model_id, table) if table else None


class PipelineFile:
    """The contents of `pipelines.toml`, read on first access."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def mapping(self) -> Mapping[str, Pipeline]:
        """The pipelines by name, for a catalog."""
        return Lazy(self._find, lambda: self.pipelines)

    @cached_property
    def document(self) -> Document:
        """The whole file, including the keys that this version does not know; raises Damaged."""
        table = _table(self._path)
        if table and "pipelines" not in table.document:
            raise Damaged(f"'{self._path}' has no table of pipelines: it is empty or cut off", VERIFY)
        return table.document if table else {}

    def _find(self, name: str) -> Pipeline | None:
        return self.pipelines.get(name)

    @cached_property
    def pipelines(self) -> Mapping[str, Pipeline]:
        """The pipelines by name; raises Damaged."""
        with _at_rest():
            return from_tables(Table(self.document, f"'{self._path}'"))


class PartFile(Generic[V]):
    """What `endpoints.toml` or `fields.toml` says, read when it is asked for.

    `key` is the table in it, of which `read` makes the values.
    """

    def __init__(self, path: Path, key: str, read: Callable[[Table], Mapping[str, V]]) -> None:
        self._path = path
        self._key = key
        self._read = read

    def mapping(self) -> Mapping[str, V] | None:
        """The values by name, as a catalog has them; None without a file, as nobody has told of any then."""
        return Lazy(self._find, lambda: self.values) if os.path.lexists(self._path) else None

    def _find(self, name: str) -> V | None:
        return self.values.get(name)

    @cached_property
    def document(self) -> Document:
        """The whole file, with the keys that this program does not know; raises Damaged."""
        table = _table(self._path)
        if table and self._key not in table.document:
            raise Damaged(f"'{self._path}' has no table of {self._key}: it is empty or cut off", VERIFY)
        return table.document if table else {}

    @cached_property
    def values(self) -> Mapping[str, V]:
        """The values by name; raises Damaged."""
        with _at_rest():
            return self._read(Table(self.document, f"'{self._path}'"))


def endpoint_file(root: Path) -> PartFile[Endpoint]:
    """The file of inference endpoints."""
    return PartFile(root / ENDPOINTS, "endpoints", _endpoints)


def field_file(root: Path) -> "PartFile[Fields]":
    """The file of semantic_text fields, by index."""
    return PartFile(root / FIELDS, "fields", _fields)


class HistoryFile(Sequence[Entry]):
    """The entries up to a revision, oldest first, read on first access; a torn last line is ignored."""

    def __init__(self, path: Path, revision: int | None = None) -> None:
        self._path = path
        self._revision = revision

    @cached_property
    def _entries(self) -> list[Entry]:
        *lines, _torn = (atomic.read(self._path, largest=None) or b"").split(b"\n")
        entries = [read_entry(line, self._path, number) for number, line in enumerate(lines, 1)]
        return [entry for entry in entries if self._revision is None or entry.revision <= self._revision]

    @overload
    def __getitem__(self, index: int) -> Entry: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Entry]: ...
    def __getitem__(self, index: Any) -> Any:
        return self._entries[index]

    def __len__(self) -> int:
        return len(self._entries)


def read_entry(line: bytes, path: Path, number: int | None = None) -> Entry:
    """Parse one complete line of the history; raises Damaged."""
    try:
        return from_line(line)
    except ValueError as error:
        which = "its last line" if number is None else f"line {number}"
        raise Damaged(f"'{path}' is damaged: {which} is not an entry", VERIFY) from error


def _endpoints(table: Table) -> Mapping[str, Endpoint]:
    from mlalias.documents.endpoints import from_tables  # few commands look at endpoints and fields

    return from_tables(table)


def _fields(table: Table) -> "Mapping[str, Fields]":
    from mlalias.documents.mappings import from_tables

    return from_tables(table)
