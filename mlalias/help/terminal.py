"""A page of the manual on a terminal, drawn by Rich.

`rich.markdown` draws pages, too, but takes 30 ms more to import, for colours in code that no page needs.
"""

from collections.abc import Iterator, Sequence
from io import StringIO

from markdown_it import MarkdownIt
from markdown_it.token import Token
from rich.console import Console, RenderableType
from rich.text import Text

_WIDEST = 100
_CODE = "cyan"
_INDENT = 2


def rendered(markdown: str, width: int) -> str:
    """Markdown as a terminal of this width shows it, in colour."""
    console = Console(
        file=StringIO(),
        width=min(width, _WIDEST),
        force_terminal=True,
        color_system="standard",
        no_color=False,
        legacy_windows=False,
        highlight=False,
    )
    with console.capture() as capture:
        for block in _blocks(MarkdownIt().enable("table").parse(markdown), console):
            whole = isinstance(block, Text) and block.no_wrap  # code, which must survive being pasted
            console.print(block, no_wrap=whole, overflow="ignore" if whole else None, crop=not whole)
    return "".join(line.rstrip() + "\n" for line in capture.get().strip("\n").splitlines())


def _blocks(tokens: Sequence[Token], console: Console) -> Iterator[RenderableType]:
    """Blocks with an empty line before each, but for the items of a list."""
    in_item = False
    rest = iter(tokens)
    for token in rest:
        match token.type:
            case "heading_open":
                yield Text("\n").append_text(_inline(next(rest), "bold underline" if token.tag == "h1" else "bold"))
            case "bullet_list_open":
                yield ""
            case "list_item_open" | "list_item_close":
                in_item = token.type == "list_item_open"
            case "inline" if in_item:
                yield _item(_inline(token), console)
            case "inline":
                yield Text("\n").append_text(_inline(token))
            case "fence":
                indented = "".join(f"{' ' * _INDENT}{line}".rstrip() + "\n" for line in token.content.splitlines())
                yield Text("\n" + indented.rstrip("\n"), _CODE, no_wrap=True)
            case "table_open":
                yield from ("", _table(rest))


def _item(text: Text, console: Console) -> Text:
    """An item of a list, whose further lines are indented as its first."""
    lines = text.wrap(console, console.width - _INDENT)
    return Text("- ") + Text("\n" + " " * _INDENT).join(lines)


def _table(tokens: Iterator[Token]) -> RenderableType:
    from rich.table import Table

    table = Table(box=None, padding=(0, _INDENT, 0, 0), pad_edge=False, header_style="bold")
    row: list[Text] = []
    for token in tokens:
        match token.type:
            case "table_close":
                break
            case "tr_open":
                row = []
            case "inline":
                row.append(_inline(token))
            case "thead_close":
                for title in row:
                    table.add_column(title)
            case "tr_close" if table.columns:
                table.add_row(*row)
    return table


def _inline(token: Token, style: str = "") -> Text:
    """Text with its code in colour; a link is followed by its address."""
    text = Text(style=style)
    address = ""
    for child in token.children or ():
        match child.type:
            case "text":
                text.append(child.content)
            case "code_inline":
                text.append(child.content, _CODE)
            case "softbreak":
                text.append(" ")
            case "link_open":
                address = str(child.attrs["href"])
            case "link_close":
                text.append(f" ({address})")
    return text
