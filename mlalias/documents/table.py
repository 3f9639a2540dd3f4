"""Typed access to the keys of a table in a document."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, NoReturn, TypeVar

from mlalias.core.catalog import is_model_id
from mlalias.documents.codec import Document, invalid, to_line
from mlalias.errors import InvalidDocument

T = TypeVar("T")


class Table(NamedTuple):
    """A table at the path `where` in a document; its methods raise InvalidDocument, which says where the error is."""

    document: Document
    source: str
    where: str = ""

    def invalid(self, fault: str) -> NoReturn:
        """Raise InvalidDocument."""
        invalid(self.source, fault)

    @property
    def here(self) -> str:
        """The path of the table, for the end of a sentence; empty for the whole document."""
        return f" in {self.where}" if self.where else ""

    def place(self, key: str) -> str:
        """The path of a key."""
        return f"{self.where}.{key}" if self.where else key

    def table(self, key: str) -> "Table":
        """A table; empty if it is missing."""
        return Table(self._typed(key, dict, "a table") or {}, self.source, self.place(key))

    def tables(self, key: str) -> Iterator["Table"]:
        """A list of tables."""
        return (self.entry(key, index) for index in range(self.length(key)))

    def length(self, key: str) -> int:
        """The length of a list; 0 if it is missing."""
        return len(self._typed(key, list, "a list") or ())

    def entry(self, key: str, index: int) -> "Table":
        """One of the tables in a list."""
        entry, where = self.document[key][index], f"{self.place(key)}[{index}]"
        if not isinstance(entry, dict):
            self.invalid(f"has {where} that is not a table")
        return Table(entry, self.source, where)

    def each(self, key: str) -> Iterator[tuple[str, "Table"]]:
        """The tables in a table, with their keys."""
        table = self.table(key)
        return ((name, table.table(name)) for name in table.document)

    def text(self, key: str) -> str | None:
        """A string; None if it is missing."""
        text: str | None = self._typed(key, str, "a string")
        return text

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of strings; empty if it is missing."""
        items = self._typed(key, list, "a list of strings") or ()
        if not all(isinstance(item, str) for item in items):
            self.invalid(f"has {self.place(key)} that is not a list of strings")
        return tuple(items)

    def number(self, key: str) -> int | None:
        """A whole number, 0 or more; None if it is missing."""
        count: int | None = self._typed(key, int, "a whole number")
        if isinstance(count, bool) or (count is not None and count < 0):
            self.invalid(f"has {self.place(key)} that is not a count")
        return count

    def model_id(self, *, any_name: bool = False) -> str:
        """The `model_id`, which is required; with `any_name` it need not be a valid id."""
        model_id = self.text("model_id")
        if model_id is None:
            self.invalid(f"has no {self.place('model_id')}")
        return model_id if any_name else valid_model_id(model_id, self)

    def _typed(self, key: str, kind: type, kind_name: str) -> Any:
        value = self.document.get(key)
        if value is not None and not isinstance(value, kind):
            self.invalid(f"has {self.place(key)} that is not {kind_name}")
        return value


def valid_model_id(model_id: str, table: Table) -> str:
    """The model id; raises InvalidDocument if it is not valid."""
    if not is_model_id(model_id):
        table.invalid(f"has '{model_id}', which is not a valid model id")
    return model_id


def unless_dotted(table: Table, key: str) -> Table:
    """The table; raises InvalidDocument if a name with dots was not quoted, so that TOML made a table of it."""
    parts, value = [key], table.document[key]
    while isinstance(value, dict) and value:
        key, value = next(iter(value.items()))
        parts.append(key)
    if len(parts) > 1 and isinstance(value, str | list):
        name = ".".join(parts)
        table.invalid(f'has a name that needs quotes, as it has dots: write "{name}" = {to_line(value)}')
    return table


def readable_entries(answer: Table, key: str, read: Callable[[Table], T]) -> tuple[list[T], tuple[str, ...]]:
    """The entries of an answer that can be read, and what is wrong with the others.

    Raises InvalidDocument if no entry can be read.
    """
    readable: list[T] = []
    faults: list[InvalidDocument] = []
    for index in range(answer.length(key)):
        try:
            readable.append(read(answer.entry(key, index)))
        except InvalidDocument as fault:
            faults.append(fault)
    if faults and not readable:
        raise faults[0]
    return readable, tuple(fault.reason for fault in faults)
