"""The man page: every command and every topic, as roff.

The macros are those of man(7): https://man7.org/linux/man-pages/man7/groff_man.7.html
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token

Records = Sequence[tuple[str, str]]


class Command(NamedTuple):
    """A command as its help has it: arguments and options with what they mean."""

    name: str
    usage: str
    help: str
    options: Records


def page(program: Command, commands: Iterable[Command], topics: Iterable[tuple[str, str]], version: str) -> str:
    """The man page of a program; topics are pairs of a name and a page of Markdown."""
    summary = program.help.split("\n", 1)[0].rstrip(".")
    lines = [
        "'\\\" t",  # the page has tables
        f'.TH MLALIAS 1 "" "mlalias {_escape(version)}"',
        ".SH NAME",
        f"mlalias \\- {_escape(summary[0].lower() + summary[1:])}",
        ".SH SYNOPSIS",
        ".B mlalias",
        _escape(program.usage.removeprefix("mlalias ")),
        ".SH DESCRIPTION",
        *_help(program),
        ".SH COMMANDS",
    ]
    for command in commands:
        lines += [f".SS {_escape(command.name)}", f".B {_escape(command.usage)}", ".PP", *_help(command)]
    for name, markdown in topics:
        lines += [f".SH {_escape(name.upper())}", *_blocks(MarkdownIt().enable("table").parse(markdown))]
    return "\n".join(lines) + "\n"


def _help(command: Command) -> Iterator[str]:
    """Paragraphs, then options; a paragraph that begins with `\\b`, Typer's mark, keeps its lines."""
    for index, paragraph in enumerate(command.help.split("\n\n")):
        yield from (".PP",) if index else ()
        if paragraph.startswith("\b\n"):
            head, *rest = paragraph[2:].splitlines()
            yield from (_escape(head), ".PP", *_verbatim(rest))
        else:
            yield from map(_escape, paragraph.splitlines())
    for names, meaning in command.options:
        yield from (".TP", f".B {_escape(names)}", _escape(meaning))


def _verbatim(lines: Iterable[str]) -> Iterator[str]:
    yield from (".RS 4", ".nf", *map(_escape, lines), ".fi", ".RE")


def _escape(text: str) -> str:
    """Text as roff: a hyphen that can be pasted, and no line that looks like a macro."""
    return f"\\&{_plain(text)}" if text.startswith((".", "'")) else _plain(text)


def _plain(text: str) -> str:
    return text.replace("\\", "\\e").replace("-", "\\-")


# --- Markdown ---


def _blocks(tokens: Sequence[Token]) -> Iterator[str]:
    """Blocks of Markdown; of headings the second level stays one, the first is a step above it."""
    begun = True  # a heading or an item, after which no paragraph needs to begin
    rest = iter(tokens)
    for token in rest:
        match token.type:
            case "heading_open":
                begun = True
                yield f".SS {_inline(next(rest))}"
            case "list_item_open":
                begun = True
                yield '.IP "\\(bu" 2'
            case "paragraph_open":
                yield from () if begun else (".PP",)
                begun = False
            case "inline":
                yield _inline(token)
            case "fence":
                yield from () if begun else (".PP",)
                yield from _verbatim(token.content.splitlines())
                begun = False
            case "table_open":
                yield from () if begun else (".PP",)
                yield from _table(rest)
                begun = False


def _table(tokens: Iterator[Token]) -> Iterator[str]:
    """A table as tbl(1) draws it, with cells that wrap."""
    rows: list[list[str]] = []
    for token in tokens:
        if token.type == "table_close":
            break
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "inline":
            rows[-1].append(_inline(token))
    columns = len(rows[0])
    yield from (".TS", "tab(@);", f"{' '.join(['lbx'] * columns)}", f"{' '.join(['lx'] * columns)}.")
    for row in rows:
        yield "@".join(f"T{{\n.ad l\n.nh\n{cell}\nT}}" for cell in row)
    yield ".TE"


def _inline(token: Token) -> str:
    """Text with its code in bold; a link is followed by its address."""
    parts: list[str] = []
    address = ""
    for child in token.children or ():
        match child.type:
            case "text":
                at_start = not parts or parts[-1] == "\n"
                parts.append(_escape(child.content) if at_start else _plain(child.content))
            case "code_inline":
                parts.append("\\fB{}\\fR".format(_plain(child.content).replace("/", "/\\:")))  # may break after a slash
            case "softbreak":
                parts.append("\n")
            case "link_open":
                address = str(child.attrs["href"])
            case "link_close":
                parts.append(f" ({_escape(address)})")
    return "".join(parts)
