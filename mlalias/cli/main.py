"""From argv to an exit code: runs a command, prints what it returns, and catches errors."""

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import TextIO

import typer

from mlalias import interrupts
from mlalias.cli.commands import application
from mlalias.errors import Committed, Failure, SystemRefused, os_text
from mlalias.output.page import WRITERS, Page, Screens

INTERRUPTED, CLOSED_PIPE = 130, 141


def main(argv: Sequence[str] | None = None, screens: Screens | None = None) -> int:
    """Run a command and return its exit code; `screens` default to those of the process."""
    words = list(sys.argv[1:] if argv is None else argv)
    interrupts.reset()
    try:
        screens = screens or Screens.here()
        return _print(_run(words, screens), screens)
    except KeyboardInterrupt:
        return _notes(Page(notes=_interrupted(words), code=INTERRUPTED))


def _interrupted(words: Sequence[str]) -> str:
    """Whether an interrupted change was made; empty for a command that only reads."""
    from mlalias.cli.usage import command_in, has_flag

    writes = command_in(words) in WRITERS and not has_flag(words, "n", "dry-run") and "--check" not in words
    text = interrupts.written().value
    return f"interrupted: {text}\n" if writes and text else ""


def _run(words: list[str], screens: Screens) -> Page:
    completing = "_MLALIAS_COMPLETE" in os.environ
    if completing:
        from typer.completion import get_completion_inspect_parameters

        get_completion_inspect_parameters()  # registers Typer's protocols: `add_completion` is off
    try:
        result = application(() if completing else words)(words, prog_name="mlalias", standalone_mode=False)
        if result == INTERRUPTED:  # what Typer makes of Ctrl-C
            raise KeyboardInterrupt
        page = result(screens) if callable(result) else result
    except Failure as failure:
        return _failed(failure, words, screens)
    except typer.TyperException as error:
        from mlalias.cli.usage import explained

        return _failed(explained(error, words), words, screens, parsed=False)
    except BrokenPipeError:
        return Page(code=CLOSED_PIPE)
    except SystemExit as end:  # raised by Typer after completion, and if a pipe closes while it prints help
        return Page(code=end.code if completing or end.code != 1 else CLOSED_PIPE)  # type: ignore[arg-type]
    except OSError as error:
        return _failed(SystemRefused(os_text(error)), words, screens)
    return page if isinstance(page, Page) else Page(code=page or 0)


def _failed(failure: Failure, words: Sequence[str], screens: Screens, *, parsed: bool = True) -> Page:
    from mlalias import advice
    from mlalias.cli.usage import invocation as invocation_of
    from mlalias.output import changes

    invocation = invocation_of(words)
    if not parsed:  # the hint repeats the words as given, --catalog included
        invocation = invocation._replace(catalog=None, dry_run=False)
    return changes.failed(failure, advice.of(failure.errors, invocation), invocation, screens)


def _print(page: Page, screens: Screens) -> int:
    """Write the result, then the notes; a result that cannot be written is an error, reported if stderr works."""
    try:
        _write_to(sys.stdout, page.text)
    except BrokenPipeError:
        return page.code or CLOSED_PIPE
    except (OSError, ValueError) as error:
        if page.code:
            return _notes(page._replace(notes=page.notes + page.unprinted))
        fault = os_text(error) if isinstance(error, OSError) else "standard output is closed"
        text = f"cannot write the result: {fault}"
        failure = Committed(f"the change is in place, but {text}") if page.committed else SystemRefused(text)
        failed = _failed(failure, (), screens)
        page = failed._replace(notes=page.notes + failed.notes)
    return _notes(page)


def _notes(page: Page) -> int:
    with suppress(OSError, ValueError):
        _write_to(sys.stderr, page.notes)
    return page.code


def _write_to(stream: TextIO | None, text: str) -> None:
    """Write a text completely; characters that the stream cannot encode are escaped."""
    if not text:
        return
    if stream is None:
        raise ValueError
    encoding = stream.encoding or "utf-8"
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
    stream.flush()
