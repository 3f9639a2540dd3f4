"""How mlalias was called, what the screen can show, and what is printed."""

import os
import sys
from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple, TextIO

from mlalias.environment import COLUMNS, FORCE_COLOR, NO_COLOR, TERM
from mlalias.errors import Hint


class Format(StrEnum):
    """How a result is printed."""

    table = "table"
    tsv = "tsv"
    json = "json"


WRITERS = frozenset({"put", "delete", "apply", "rollback", "import", "forget"})


class Invocation(NamedTuple):
    """The parts of the command line that output and hints need.

    `arguments` and `options` are those of `command`; hints with another command do not repeat them.
    """

    command: str = ""
    arguments: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    catalog: str | None = None
    form: Format = Format.table
    quiet: bool = False
    dry_run: bool = False

    def again(self, *more: str) -> tuple[str, ...]:
        """The same command line with more options, for a hint."""
        return (self.command, *self.arguments, *more)

    def complete(self, hint: Hint) -> Hint:
        """The hint, with the options and the catalog that were given added to its command.

        After a dry run, the hint's command is a dry run, too, unless it is an import that must be made first.
        """
        if not hint.command:
            return hint
        same = hint.command[0] == self.command
        options = self.options if same else ()
        stays = self.dry_run and hint.command[0] in WRITERS and (same or hint.command[0] != "import")
        dry_run = ("--dry-run",) if stays and "--help" not in hint.command else ()
        catalog = ("--catalog", self.catalog) if self.catalog else ()
        return hint._replace(command=(*hint.command, *options, *dry_run, *catalog))


class Screen(NamedTuple):
    """What a stream can show; `width` is None if unlimited, `blocks` is whether it can encode block elements."""

    width: int | None = None
    color: bool = False
    blocks: bool = False

    @classmethod
    def of(cls, stream: TextIO | None) -> "Screen":
        """Look at a stream and at the environment."""
        terminal = stream is not None and not stream.closed and stream.isatty()
        color = (terminal and TERM.read() != "dumb") or FORCE_COLOR.read()
        width = _width(stream) if stream and terminal else None
        return cls(width, color and not NO_COLOR.read(), _has_blocks(stream))


class Screens(NamedTuple):
    """The screen for results, and the screen for notes, warnings and errors."""

    out: Screen = Screen()
    err: Screen = Screen()

    @classmethod
    def here(cls) -> "Screens":
        """Those of this process."""
        return cls(Screen.of(sys.stdout), Screen.of(sys.stderr))


def _width(stream: TextIO) -> int:
    given = COLUMNS.read()
    try:
        return int(given) if given.isdecimal() and int(given) else os.get_terminal_size(stream.fileno()).columns or 80
    except (OSError, ValueError):
        return 80


def _has_blocks(stream: TextIO | None) -> bool:
    try:
        "\u2588\u00b7".encode((stream and stream.encoding) or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


class Page(NamedTuple):
    """The result, the notes about it (warnings, hints, errors), and the exit code.

    `committed` says whether a change was made, for the error if printing fails. `unprinted` are notes that are part of
    the text, to print if the text cannot be printed.
    """

    text: str = ""
    notes: str = ""
    code: int = 0
    committed: bool = False
    unprinted: str = ""


View = Callable[[Screens], Page]
