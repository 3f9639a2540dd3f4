"""A table within a document, and the readers of its keys."""

from collections.abc import Iterator
from typing import Any, NamedTuple, NoReturn

from mlalias.core.catalog import is_model_id
from mlalias.documents.codec import Document, invalid


class Table(NamedTuple):
    """A table somewhere in a document, whose readers raise InvalidDocument with the place of what is amiss."""

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
        for index, entry in enumerate(self._typed(key, list, "a list") or ()):
            where = f"{self.place(key)}[{index}]"
            if not isinstance(entry, dict):
                self.invalid(f"has {where} that is not a table")
            yield Table(entry, self.source, where)

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

    def model_id(self) -> str:
        """The `model_id`, which must be there and valid."""
        model_id = self.text("model_id")
        if model_id is None:
            self.invalid(f"has no {self.place('model_id')}")
        return valid_model_id(model_id, self)

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
