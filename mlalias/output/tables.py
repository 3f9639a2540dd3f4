"""Tables and blocks for people, drawn by Rich where there is colour.

Without colour the same text is drawn here: Rich takes 23 ms to import and 0.2 ms a row, which a pipe need not pay.
"""

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

from mlalias.output.page import Screen
from mlalias.text import visible

if TYPE_CHECKING:
    from rich.console import RenderableType

Row = Sequence[str]
_Color = Literal["red", "yellow", "green", "cyan"]
_ANSI: dict[_Color, str] = {"red": "\x1b[31m", "yellow": "\x1b[33m", "green": "\x1b[32m", "cyan": "\x1b[36m"}


class Column(NamedTuple):
    """A column; on a narrow terminal the one of least `worth` is left out first, and one that is `kept` never."""

    title: str
    kept: bool = False
    right: bool = False
    worth: int = 0


class Drawn(NamedTuple):
    """A table, the titles of the columns that did not fit, and the width at which all fit."""

    text: str
    left_out: tuple[str, ...] = ()
    width: int = 0


def painted(text: str, color: _Color, screen: Screen) -> str:
    """The text in a colour, where the screen has colours."""
    return f"{_ANSI[color]}{text}\x1b[0m" if screen.color and text else text


def bar(share: float, screen: Screen, width: int = 10) -> str:
    """A bar that is full only if all is."""
    full = int(share * width)
    filled, empty = ("\u2588", "\u00b7") if screen.blocks else ("#", ".")
    return filled * full + empty * (width - full)


def note(label: str, color: _Color, text: str, screen: Screen, command: str = "") -> str:
    """Lines such as `error: ...`, broken between words; on a terminal a command has a line of its own."""
    text = visible(text)
    if command and screen.width is None:
        text = f"{text} {command}"
    lines = _between_words(f"{label}: {text}", screen.width, indent="  ")
    if command and screen.width is not None:
        lines.append(f"    {visible(command)}")
    return painted(f"{label}:", color, screen) + "\n".join(lines).removeprefix(f"{label}:") + "\n"


def sentence(text: str, screen: Screen) -> str:
    """A line of talk without a label, broken between words."""
    return "\n".join(_between_words(visible(text), screen.width)) + "\n"


def _between_words(text: str, width: int | None, indent: str = "") -> list[str]:
    if width is None or _cells(text) <= width:
        return [text]
    from textwrap import wrap

    return wrap(text, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def tsv(rows: Iterable[Row]) -> str:
    """One record a line, with what could be taken for a separator escaped."""
    return "".join("\t".join(visible(cell.replace("\\", "\\\\")) for cell in row) + "\n" for row in rows)


def table(columns: Sequence[Column], rows: Sequence[Row], screen: Screen) -> Drawn:
    """Draw a table that cuts nothing, without its empty columns.

    Where even the kept columns do not fit, every row becomes a block of lines, one for each column.
    """
    cells = [[visible(cell) for cell in row] for row in rows]
    filled = [i for i in range(len(columns)) if any(row[i] for row in cells)]
    widths = _widths(columns, cells)
    shown = _fitting(columns, widths, filled, screen.width)
    if not shown:
        return Drawn(_blocks(columns, cells, screen))
    left_out = tuple(columns[i].title for i in filled if i not in shown)
    text = _drawn([columns[i] for i in shown], [[row[i] for i in shown] for row in cells], screen)
    return Drawn(text, left_out, _total(widths[i] for i in filled))


def wrapped(columns: Sequence[Column], rows: Sequence[Row], screen: Screen) -> str:
    """Draw a table whose last column goes on below, between words, where the terminal is too narrow for it."""
    if not has_room(columns, rows, screen):
        return _blocks(columns, rows, screen)
    room = _room(columns, rows, screen)
    lines: list[Row] = []
    for *cells, text in rows:
        first, *more = _between_words(visible(text), room)
        lines += [(*cells, first), *((*("" for _ in cells), line) for line in more)]
    return table(columns, lines, screen._replace(width=None)).text


def has_room(columns: Sequence[Column], rows: Sequence[Row], screen: Screen) -> bool:
    """Whether the last column has enough room beside the others for its text to be wrapped."""
    room = _room(columns, rows, screen)
    return room is None or room >= _LEAST_ROOM


def _room(columns: Sequence[Column], rows: Sequence[Row], screen: Screen) -> int | None:
    if screen.width is None:
        return None
    return screen.width - sum(width + _GAP for width in _widths(columns, rows)[:-1])


def fits(columns: Sequence[Column], rows: Sequence[Row], screen: Screen) -> bool:
    """Whether all columns fit side by side."""
    widths = _widths(columns, [[visible(cell) for cell in row] for row in rows])
    filled = [width for i, width in enumerate(widths) if any(row[i] for row in rows)]
    return screen.width is None or _total(filled) <= screen.width


_GAP = 2
_LEAST_ROOM = 20


def _total(widths: Iterable[int]) -> int:
    return sum(width + _GAP for width in widths) - _GAP


def _widths(columns: Sequence[Column], cells: Sequence[Row]) -> list[int]:
    return [max([len(column.title), *(_cells(row[i]) for row in cells)]) for i, column in enumerate(columns)]


def _cells(text: str) -> int:
    """How many cells of a terminal a text takes."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def _fitting(
    columns: Sequence[Column], widths: Sequence[int], filled: Sequence[int], width: int | None
) -> Sequence[int]:
    """The columns that fit side by side, after leaving out those of least worth; none if the kept ones do not."""
    shown = list(filled)
    while width is not None and _total(widths[i] for i in shown) > width:
        droppable = [i for i in shown if not columns[i].kept]
        if not droppable:
            return []
        shown.remove(min(droppable, key=lambda i: (columns[i].worth, -i)))
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
_MARKED = frozenset({"result", "outcome", "fields", "verdict"})
_STYLES = {
    "created": "green",
    "would create": "green",
    "reassigned": "yellow",
    "would move": "yellow",
    "deleted": "red",
    "would delete": "red",
    "refused": "red",
    "failed": "red",
    "unknown": "yellow",
    "not created": "dim",
    "not moved": "dim",
    "not deleted": "dim",
    "not sent": "dim",
    "unchanged": "dim",
    "new": "green",
    "would add": "green",
    "changed": "yellow",
    "would change": "yellow",
    "removed": "red",
    "would remove": "red",
    "pass": "green",
    "fail": "red",
    "warn": "yellow",
    "skip": "dim",
    "lost": "red",
    "shared": "green",
    "gained": "cyan",
    "could move": "green",
    "could move, with a warning": "yellow",
    "could not move": "red",
}


def _style(title: str, cell: str) -> str:
    """The colour of a cell that tells how something went, or that a model is gone."""
    if title == "model" and cell.endswith(DANGLING):
        return "red"
    return _STYLES.get(cell, "") if title in _MARKED else ""


def _blocks(columns: Sequence[Column], cells: Sequence[Row], screen: Screen) -> str:
    return "\n".join(
        block([(column.title, cell) for column, cell in zip(columns, row, strict=True)], screen) for row in cells
    )


def block(pairs: Sequence[tuple[str, str]], screen: Screen) -> str:
    """One `key: value` a line, where there is a value; long ones are wrapped at spaces, and words are never cut."""
    pairs = [(visible(key), value) for key, value in pairs if value]
    indent = max((len(key) for key, _ in pairs), default=0) + 2
    room = max(20, screen.width - indent) if screen.width else None
    parts: list[tuple[str, str]] = []
    for key, value in pairs:
        lines = _between_words(visible(value), room)
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
