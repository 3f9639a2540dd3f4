"""Tables and blocks for people, drawn by Rich where there is colour.

Without colour the same text is drawn here: Rich takes 23 ms to import and 0.2 ms a row, which a pipe need not pay.
"""

import re
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Literal, NamedTuple

from mlalias.output.page import Screen
from mlalias.text import visible

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


def glyphs(screen: Screen) -> tuple[str, str]:
    """The full and the empty part of a bar, as far as the screen has them."""
    return ("\u2588", "\u00b7") if screen.blocks else ("#", ".")


def bar(share: float, screen: Screen, width: int = 10) -> str:
    """A bar that is full only if all is."""
    filled, rest = glyphs(screen)
    full = int(share * width)
    return filled * full + rest * (width - full)


def note(label: str, color: _Color, text: str, screen: Screen) -> str:
    """One line such as `error: ...`, without the cost of Rich."""
    head = f"{_ANSI[color]}{label}:\x1b[0m" if screen.color else f"{label}:"
    return f"{head} {visible(text)}\n"


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
_MARKED = frozenset({"result", "outcome", "verdict"})
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
