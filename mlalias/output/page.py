"""What a command prints."""

from enum import StrEnum
from typing import NamedTuple


class Format(StrEnum):
    """How a result is printed."""

    table = "table"
    tsv = "tsv"
    json = "json"


class Typed(NamedTuple):
    """What stood on the command line that the commands of hints should have, too.

    `options` belong to `command`, and go with no other.
    """

    catalog: str | None = None
    command: str = ""
    options: tuple[str, ...] = ()

    def complete(self, command: tuple[str, ...]) -> tuple[str, ...]:
        """The words of a hint's command with what was typed."""
        again = self.options if command[0] == self.command else ()
        return (*command, *again, *(("--catalog", self.catalog) if self.catalog else ()))


class Page(NamedTuple):
    """The result, the talk about it, and the exit code.

    `committed` tells that a change is in place, should printing fail.
    """

    text: str = ""
    talk: str = ""
    code: int = 0
    committed: bool = False
