"""From argv to an exit code: runs a command, prints what it returns, and catches what goes wrong."""

import os
import re
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import TextIO

import typer

from mlalias.cli import changing, reading, checking, serving  # isort: skip
from mlalias.cli import helping  # isort: skip - commands are listed in this order
from mlalias.cli.app import app
from mlalias.errors import Committed, Failure, Hint, SystemRefused, WrongUsage, os_text
from mlalias.output.page import Format, Invocation, Page, Screens
from mlalias.text import masked

INTERRUPTED, CLOSED_PIPE = 130, 141
FAMILIES = (changing, reading, checking, serving, helping)  # imported so that their commands join the application


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        screens = Screens.here()
        return _print(_run(words, screens), screens)
    except KeyboardInterrupt:
        return INTERRUPTED


def _run(words: list[str], screens: Screens) -> Page:
    if "_MLALIAS_COMPLETE" in os.environ:
        from typer.completion import get_completion_inspect_parameters

        get_completion_inspect_parameters()  # registers Typer's protocols, which an app without its scripts lacks
    try:
        result = app(words, prog_name="mlalias", standalone_mode=False)
        page = result(screens) if callable(result) else result
    except Failure as failure:
        return _failed(failure, words, screens)
    except typer.TyperException as error:
        return _failed(_usage(error, words), words, screens)
    except BrokenPipeError:
        return Page(code=CLOSED_PIPE)
    except SystemExit as end:  # Typer's way out of completion, and of a pipe that closed while it printed help
        completing = "_MLALIAS_COMPLETE" in os.environ
        return Page(code=end.code if completing or end.code != 1 else CLOSED_PIPE)  # type: ignore[arg-type]
    except OSError as error:
        return _failed(SystemRefused(os_text(error)), words, screens)
    return page if isinstance(page, Page) else Page(code=page or 0)


def _failed(failure: Failure, words: Sequence[str], screens: Screens) -> Page:
    from mlalias import advice
    from mlalias.output import changes

    invocation = _invocation(words)
    return changes.failed(failure, advice.of(failure.errors, invocation), invocation, screens)


def _invocation(words: Sequence[str]) -> Invocation:
    """How mlalias was called, as the words have it; wanted for errors of parsing, too."""
    from mlalias.stores import Location

    form = Format.json if _option(words, "o", "output") == "json" else Format.table
    catalog = _option(words, None, "catalog")
    shown = None if Location(catalog or "", "").has_secret else catalog
    return Invocation(_command(words) or "", catalog=shown, form=form)


def _option(words: Sequence[str], letter: str | None, name: str) -> str | None:
    """The value of an option as the words have it, parsed or not."""
    value = None
    for word, following in zip(words, [*words[1:], None], strict=False):
        if word == "--":
            break
        short = rf"|-[a-ln-z]*?{letter}(.*)" if letter else ""  # what follows -m is its text
        found = re.fullmatch(rf"--{name}(?:=(.*))?{short}", word, re.DOTALL)
        if found:
            value = next(filter(None, found.groups()), following)
    return value


def _command(words: Sequence[str]) -> str | None:
    commands = {command.name for command in app.registered_commands}
    return next((word for word in words if word in commands), None)


_SYNONYMS = {  # what git, kubectl and the shell call these commands
    "get": "show",
    "describe": "show",
    "rm": "delete",
    "set": "put",
    "diff": "compare",
    "undo": "rollback",
    "log": "history",
    "ls": "list",
}


def _usage(error: typer.TyperException, words: Sequence[str]) -> WrongUsage:
    if words and words[0] in _SYNONYMS:
        meant = (_SYNONYMS[words[0]], *_without_catalog(words[1:]))
        return WrongUsage(f"there is no command '{words[0]}'", Hint(f"the command is `{meant[0]}`", meant))
    text = masked(error.format_message().removesuffix("."))
    command = _command(words)
    early = command and command != words[0]
    see = "options come after the command; see" if early else "see"
    return WrongUsage(text[:1].lower() + text[1:], Hint(f"{see}: mlalias {f'{command} ' if command else ''}--help"))


def _without_catalog(words: Sequence[str]) -> list[str]:
    """The words without the catalog, which every hint gets again unless it has a secret in it."""
    pairs = zip(["", *words], words, strict=False)
    return [word for before, word in pairs if before != "--catalog" and word.partition("=")[0] != "--catalog"]


def _print(page: Page, screens: Screens) -> int:
    """Write the result, then the notes; what cannot be written is an error, unless that cannot be written either."""
    try:
        _write_to(sys.stdout, page.text)
    except BrokenPipeError:
        return page.code or CLOSED_PIPE
    except (OSError, ValueError) as error:
        if page.code:
            return _notes(page)
        fault = os_text(error) if isinstance(error, OSError) else "standard output is closed"
        text = f"cannot write the result: {fault}"
        failure = Committed(f"the change is in place, but {text}") if page.committed else SystemRefused(text)
        failed = _failed(failure, [], screens)
        page = failed._replace(notes=page.notes + failed.notes)
    return _notes(page)


def _notes(page: Page) -> int:
    with suppress(OSError, ValueError):
        _write_to(sys.stderr, page.notes)
    return page.code


def _write_to(stream: TextIO | None, text: str) -> None:
    """Write all of a text; characters that the stream's encoding lacks become escapes."""
    if not text:
        return
    if stream is None:
        raise ValueError
    encoding = stream.encoding or "utf-8"
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
    stream.flush()
