"""What holds for every hint that the suite makes mlalias print: it is a command, it is safe, and it is another one."""

import shlex
from functools import cache
from typing import NamedTuple

import typer.main

from mlalias.cli.commands import application
from mlalias.output.page import WRITERS

LETTERS = {"-r": "--reassign", "-n": "--dry-run", "-m": "--message"}
FIRST = {"import", "delete"}  # what a hint may propose to do before something else


class Printed(NamedTuple):
    """The words of a hint's command after `mlalias`, and of the command line that it was printed for, if known."""

    words: tuple[str, ...]
    after: tuple[str, ...]


def words_of(command):
    """The words after `mlalias` of a command that a hint has, without what is piped into it."""
    words = shlex.split(command)
    return tuple(words[words.index("mlalias") + 1 :])


def check(printed):
    """The parser takes it; after a dry run it writes nothing; it never is what was just typed, nor more than that."""
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
    """The commands that the parser knows; as they are made anew each time, they are kept."""
    return typer.main.get_command(application()).commands


def accepted(name, rest):
    """Whether the parser takes the words; without running anything."""
    command = commands()[name]
    if "--help" in rest:
        return True
    command.make_context(name, list(rest))
    return True
