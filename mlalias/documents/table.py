"""A table within a document, and the readers of its keys."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, NoReturn, TypeVar

from mlalias.core.catalog import is_model_id
from mlalias.documents.codec import Document, invalid, to_line
from mlalias.errors import InvalidDocument

T = TypeVar("T")


class Table(NamedTuple):
    """A table somewhere in a document, whose readers raise InvalidDocument with the place of a fault."""

    document: Document
    source: str
    where: str = ""

    def invalid(self, fault: str) -> NoReturn:
        """Say what is wrong with the document."""
        invalid(self.source, fault)

    @property
    def here(self) -> str:
        """Where the table stands, for the end of a sentence."""
        return f" in {self.where}" if self.where else ""

    def place(self, key: str) -> str:
        """Where a key stands."""
        return f"{self.where}.{key}" if self.where else key

    def table(self, key: str) -> "Table":
        """A table; empty if it is not there."""
        return Table(self._typed(key, dict, "a table") or {}, self.source, self.place(key))

    def tables(self, key: str) -> Iterator["Table"]:
        """A list of tables."""
        return (self.entry(key, index) for index in range(self.length(key)))

    def length(self, key: str) -> int:
        """How many items a list has."""
        return len(self._typed(key, list, "a list") or ())

    def entry(self, key: str, index: int) -> "Table":
        """A table in a list."""
        entry, where = self.document[key][index], f"{self.place(key)}[{index}]"
        if not isinstance(entry, dict):
            self.invalid(f"has {where} that is not a table")
        return Table(entry, self.source, where)

    def each(self, key: str) -> Iterator[tuple[str, "Table"]]:
        """The tables in a table, by their keys."""
        table = self.table(key)
        return ((name, table.table(name)) for name in table.document)

    def text(self, key: str) -> str | None:
        """A string."""
        text: str | None = self._typed(key, str, "a string")
        return text

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of strings."""
        found = self._typed(key, list, "a list of strings") or ()
        if not all(isinstance(item, str) for item in found):
            self.invalid(f"has {self.place(key)} that is not a list of strings")
        return tuple(found)

    def number(self, key: str) -> int | None:
        """A number that is not negative; None if it is not there."""
        count: int | None = self._typed(key, int, "a whole number")
        if isinstance(count, bool) or (count is not None and count < 0):
            self.invalid(f"has {self.place(key)} that is not a count")
        return count

    def model_id(self, *, any_name: bool = False) -> str:
        """The `model_id`, which must be there, and valid unless `any_name` will do."""
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
    """Pass a model id on, if it is one."""
    if not is_model_id(model_id):
        table.invalid(f"has '{model_id}', which is not a valid model id")
    return model_id


def unless_dotted(table: Table, key: str) -> Table:
    """Pass a table on, unless a name with dots that lacks its quotes has made a table of a key."""
    parts, value = [key], table.document[key]
    while isinstance(value, dict) and value:
        key, value = next(iter(value.items()))
        parts.append(key)
    if len(parts) > 1 and isinstance(value, str | list):
        name = ".".join(parts)
        table.invalid(f'has a name that needs quotes, as it has dots: write "{name}" = {to_line(value)}')
    return table


def readable_entries(answer: Table, key: str, read: Callable[[Table], T]) -> tuple[list[T], tuple[str, ...]]:
    """What is read of the entries of an answer, and what is wrong with those that cannot be read.

    One odd entry does not make the others unreadable; if there are no others, raises InvalidDocument.
    """
    found: list[T] = []
    faults: list[InvalidDocument] = []
    for index in range(answer.length(key)):
        try:
            found.append(read(answer.entry(key, index)))
        except InvalidDocument as fault:
            faults.append(fault)
    if faults and not found:
        raise faults[0]
    return found, tuple(fault.reason for fault in faults)
