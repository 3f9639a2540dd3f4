"""Checks of every hint that mlalias prints in the suite: it is a valid, safe command, and not the one just typed."""

import shlex
from functools import cache
from typing import NamedTuple

import typer.main

from mlalias.cli.commands import application
from mlalias.output.page import WRITERS

LETTERS = {"-r": "--reassign", "-n": "--dry-run", "-m": "--message"}
FIRST = {"import", "delete"}  # what a hint may propose to do before something else


class Printed(NamedTuple):
    """The words of a hint's command after `mlalias`, and those of the command line that printed it, if known."""

    words: tuple[str, ...]
    after: tuple[str, ...]


def words_of(command):
    """The words after `mlalias` in a hint's command, without what is piped into it."""
    words = shlex.split(command)
    return tuple(words[words.index("mlalias") + 1 :])


def check(printed):
    """The parser accepts it; after a dry run it writes nothing; it is not the line just typed, or a longer form of it."""
    name, *rest = printed.words
    assert printed.words == ("--help",) or accepted(name, rest), printed
    asked = [LETTERS.get(word, word) for word in printed.after]
    if not asked or "--help" in rest or name not in WRITERS:
        return
    assert sorted(printed.words) != sorted(asked), printed
    if "--dry-run" in asked:
        assert "--dry-run" in rest or name == "import", printed
    assert name == asked[0] or name in FIRST or "--dry-run" in rest or name in UNDO.get(asked[0], ()), printed


UNDO = {
    "put": ("rollback",),
    "delete": ("rollback", "put"),
    "apply": ("rollback", "put"),
    "import": ("rollback",),
    "verify": ("put", "delete"),  # what was changed without mlalias
}


@cache
def commands():
    """The commands that the parser knows, cached, as building them takes time."""
    return typer.main.get_command(application()).commands


def accepted(name, rest):
    """Whether the parser accepts the words; nothing is run."""
    command = commands()[name]
    if "--help" in rest:
        return True
    command.make_context(name, list(rest))
    return True
