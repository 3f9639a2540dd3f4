"""Tables and texts for people: Rich where a table is drawn, safe characters everywhere."""

import os
import re
import sys
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Literal, NamedTuple, TextIO

if TYPE_CHECKING:
    from rich.console import RenderableType

Row = Sequence[str]
_Color = Literal["red", "yellow", "cyan"]
_ANSI: dict[_Color, str] = {"red": "\x1b[31m", "yellow": "\x1b[33m", "cyan": "\x1b[36m"}


class Column(NamedTuple):
    """A column; one that is not `kept` may be left out where a terminal is narrow."""

    title: str
    kept: bool = False
    right: bool = False


class Screen(NamedTuple):
    """What a stream can show; `width` is None where nothing limits it."""

    width: int | None = None
    color: bool = False

    @classmethod
    def of(cls, stream: TextIO | None) -> "Screen":
        """Look at a stream, and at NO_COLOR, FORCE_COLOR and TERM."""
        terminal = stream is not None and not stream.closed and stream.isatty()
        forced = os.environ.get("FORCE_COLOR", "") not in ("", "0")
        color = (terminal and os.environ.get("TERM") != "dumb") or forced
        return cls(_width(stream) if stream and terminal else None, color and not os.environ.get("NO_COLOR"))


def _width(stream: TextIO) -> int:
    given = os.environ.get("COLUMNS", "")
    try:
        return int(given) if given.isdecimal() and int(given) else os.get_terminal_size(stream.fileno()).columns or 80
    except (OSError, ValueError):
        return 80


def stdout() -> Screen:
    """The screen that results go to."""
    return Screen.of(sys.stdout)


def stderr() -> Screen:
    """The screen that talk goes to."""
    return Screen.of(sys.stderr)


def visible(text: str) -> str:
    """The text on one line, with control, bidi and zero-width characters, and halves of pairs, spelled out."""
    if text.isprintable():
        return text
    from unicodedata import category

    return "".join(c if c.isprintable() or category(c) == "Zs" else _spelled(c) for c in text)


def glyphs() -> tuple[str, str]:
    """The full and the empty part of a bar, as far as standard output can write them."""
    try:
        "\u2588\u00b7".encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return "#", "."
    return "\u2588", "\u00b7"


def said(label: str, color: _Color, text: str) -> str:
    """One line of talk, such as `error: ...`, without the cost of Rich."""
    head = f"{_ANSI[color]}{label}:\x1b[0m" if stderr().color else f"{label}:"
    return f"{head} {visible(text)}\n"


def _spelled(character: str) -> str:
    return {"\t": "\\t", "\n": "\\n", "\r": "\\r"}.get(character) or character.encode("unicode_escape").decode()


def tsv(rows: Iterable[Row]) -> str:
    """One record a line, with what could be taken for a separator escaped."""
    return "".join("\t".join(visible(cell.replace("\\", "\\\\")) for cell in row) + "\n" for row in rows)


def table(columns: Sequence[Column], rows: Sequence[Row], screen: Screen) -> tuple[str, tuple[str, ...]]:
    """Draw a table that cuts nothing, and tell the titles of the columns that did not fit.

    Where even the kept columns do not fit, every row becomes a block of lines, one for each column.
    """
    cells = [[visible(cell) for cell in row] for row in rows]
    widths = _widths(columns, cells)
    shown = _fitting(columns, widths, screen.width)
    if not shown:
        return _blocks(columns, cells, screen), ()
    dropped = tuple(column.title for index, column in enumerate(columns) if index not in shown)
    return _drawn([columns[i] for i in shown], [[row[i] for i in shown] for row in cells], screen), dropped


def wrapped(columns: Sequence[Column], rows: Sequence[Row], screen: Screen) -> str:
    """Draw a table whose last column goes on below, between words, where the terminal is too narrow for it."""
    from textwrap import wrap

    *_, indent = accumulate(width + _GAP for width in _widths(columns, rows)[:-1])
    room = screen.width - indent if screen.width else 10**9
    if room < _LEAST_ROOM:
        return _blocks(columns, rows, screen)
    lines: list[Row] = []
    for *cells, text in rows:
        first, *more = wrap(visible(text), room, break_long_words=False, break_on_hyphens=False) or [""]
        lines += [(*cells, first), *((*("" for _ in cells), line) for line in more)]
    return table(columns, lines, screen._replace(width=None))[0]


def fits(columns: Sequence[Column], rows: Sequence[Row], screen: Screen) -> bool:
    """Whether all columns fit side by side."""
    widths = _widths(columns, [[visible(cell) for cell in row] for row in rows])
    return screen.width is None or sum(width + _GAP for width in widths) - _GAP <= screen.width


_GAP = 2
_LEAST_ROOM = 30


def _widths(columns: Sequence[Column], cells: Sequence[Row]) -> list[int]:
    return [max([len(column.title), *(_cells(row[i]) for row in cells)]) for i, column in enumerate(columns)]


def _cells(text: str) -> int:
    """How many cells of a terminal a text takes."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def _fitting(columns: Sequence[Column], widths: Sequence[int], width: int | None) -> list[int]:
    """The columns that fit side by side, after leaving out from the right; none if the kept ones do not."""
    shown = list(range(len(columns)))
    while width is not None and sum(widths[i] + _GAP for i in shown) - _GAP > width:
        droppable = [i for i in shown if not columns[i].kept]
        if not droppable:
            return []
        shown.remove(droppable[-1])
    return shown


def _drawn(columns: Sequence[Column], cells: Sequence[Row], screen: Screen) -> str:
    """A Rich table; without colour the same text, drawn at a hundredth of the cost."""
    if not screen.color:
        return _plain(columns, cells)
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=None, padding=(0, _GAP, 0, 0), pad_edge=False, header_style="bold")
    for column in columns:
        justify: Literal["left", "right"] = "right" if column.right else "left"
        drawn.add_column(column.title.upper(), justify=justify, no_wrap=True)
    for row in cells:
        drawn.add_row(*(Text(cell, _style(column.title, cell)) for column, cell in zip(columns, row, strict=True)))
    return render(drawn)


def _plain(columns: Sequence[Column], cells: Sequence[Row]) -> str:
    widths = _widths(columns, cells)

    def line(row: Row) -> str:
        padding = (" " * (width - _cells(cell)) for width, cell in zip(widths, row, strict=True))
        parts = (
            pad + cell if column.right else cell + pad for column, cell, pad in zip(columns, row, padding, strict=True)
        )
        return (" " * _GAP).join(parts).rstrip() + "\n"

    return "".join(map(line, [[column.title.upper() for column in columns], *cells]))


DANGLING = " (dangling)"
_MARKED = frozenset({"result", "outcome"})
_STYLES = {
    "created": "green",
    "reassigned": "yellow",
    "deleted": "red",
    "refused": "red",
    "failed": "red",
    "unknown": "yellow",
    "not sent": "dim",
    "unchanged": "dim",
    "new": "green",
    "changed": "yellow",
    "removed": "red",
    "pass": "green",
    "fail": "red",
    "warn": "yellow",
    "skip": "dim",
}


def _style(title: str, cell: str) -> str:
    """The colour of a cell that tells how something went, or that a model is gone."""
    if title == "model" and cell.endswith(DANGLING):
        return "red"
    return _STYLES.get(cell.partition(" (")[0], "") if title in _MARKED else ""


def _blocks(columns: Sequence[Column], cells: Sequence[Row], screen: Screen) -> str:
    return "\n".join(
        block([(column.title, cell) for column, cell in zip(columns, row, strict=True)], screen) for row in cells
    )


def block(pairs: Sequence[tuple[str, str]], screen: Screen) -> str:
    """One `key: value` a line, where there is a value; long ones are wrapped at spaces, and words are never cut."""
    from textwrap import wrap

    pairs = [(visible(key), value) for key, value in pairs if value]
    indent = max((len(key) for key, _ in pairs), default=0) + 2
    room = max(20, (screen.width or 10**9) - indent)
    parts: list[tuple[str, str]] = []
    for key, value in pairs:
        lines = wrap(visible(value), room, break_long_words=False, break_on_hyphens=False)
        parts.append((f"{key}:".ljust(indent), "bold"))
        parts.append((("\n" + " " * indent).join(lines) + "\n", _style(key, value)))
    if not screen.color:
        return "".join(text for text, _ in parts)
    from rich.text import Text

    return render(Text.assemble(*parts), end="")


_BEFORE_END = re.compile(r" +((?:\x1b\[[0-9;]*m)*)$")


def render(drawn: "RenderableType", end: str = "\n") -> str:
    """What Rich makes of something, in colour and without the spaces at the ends of lines."""
    from io import StringIO

    from rich.console import Console

    console = Console(
        file=StringIO(),
        width=10**6,
        force_terminal=True,
        color_system="standard",
        no_color=False,
        legacy_windows=False,
        markup=False,
        highlight=False,
        emoji=False,
    )
    with console.capture() as capture:
        console.print(drawn, end=end, soft_wrap=True)
    return "".join(_BEFORE_END.sub(r"\1", line) + "\n" for line in capture.get().removesuffix("\n").split("\n"))
