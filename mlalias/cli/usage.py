"""From a usage error to our sentence about it, with one line to type instead.

Typer's exception classes are private, so they are recognised by their attributes, never by their text. A suggested line
only reads: for a command that writes, the command's help is suggested.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any

import typer
import typer.main

from mlalias.advice import similar
from mlalias.cli.commands import MODULES, application
from mlalias.errors import Hint, WrongUsage
from mlalias.output.page import WRITERS, Format, Invocation
from mlalias.stores import Location
from mlalias.text import masked

_SYNONYMS = {
    "get": "show", "describe": "show", "ls": "list", "log": "history", "diff": "compare", "rm": "delete",
    "remove": "delete", "set": "put", "create": "put", "mv": "put", "undo": "rollback", "pwd": "path",
}  # fmt: skip
_NOT_ONLY_READING = WRITERS | {"serve"}


def explained(error: typer.TyperException, words: Sequence[str]) -> WrongUsage:
    """The usage error for a command line that Typer does not accept, with passwords masked."""
    failure = _explained(error, words)
    return WrongUsage(masked(failure.reason), *failure.known_hints)


def _explained(error: typer.TyperException, words: Sequence[str]) -> WrongUsage:
    fault: Any = error
    if hasattr(fault, "possibilities"):
        return _no_option(fault.option_name, words)
    if hasattr(fault, "option_name"):
        return _value_or_none(fault.option_name, words)
    if hasattr(fault, "param_type"):
        return _with_help(f"{_takes(fault.ctx.command)}, and {_metavar(fault.param)} is missing", words)
    if getattr(fault, "param", None) is not None:
        return _bad_value(fault.param, words)
    if fault.ctx.parent is None:
        return _no_command(words)
    return _too_many(fault.ctx, words)


def invocation(words: Sequence[str]) -> Invocation:
    """How mlalias was called, read from the words, so that it works for command lines that do not parse, too."""
    form = Format.json if option_in(words, "o", "output") == "json" else Format.table
    catalog = option_in(words, None, "catalog")
    shown = None if Location(catalog or "", "").has_secret else catalog
    return Invocation(command_in(words) or "", catalog=shown, form=form, dry_run=has_flag(words, "n", "dry-run"))


def command_in(words: Sequence[str]) -> str | None:
    """The first word that is a command."""
    commands = _commands()
    return next((word for word in words if word in commands), None)


def option_in(words: Sequence[str], letter: str | None, name: str) -> str | None:
    """The value of an option, read from the words, whether they parse or not."""
    value = None
    for word, following in zip(words, [*words[1:], None], strict=False):
        if word == "--":
            break
        short = rf"|-[a-ln-z]*?{letter}(.*)" if letter else ""  # -m is left out: its text follows
        option = re.fullmatch(rf"--{name}(?:=(.*))?{short}", word, re.DOTALL)
        if option:
            value = next(filter(None, option.groups()), following)
    return value


def has_flag(words: Sequence[str], letter: str, name: str) -> bool:
    """Whether a flag is among the words, alone or with other letters before it."""
    return any(word == f"--{name}" or re.fullmatch(rf"-[a-ln-z]*{letter}\w*", word) for word in words)


def _commands() -> frozenset[str]:
    return frozenset(name for names in MODULES.values() for name in names)


# --- commands and options that do not exist ---


def _no_command(words: Sequence[str]) -> WrongUsage:
    word = next((word for word in words if not word.startswith("-")), "")
    meant = _SYNONYMS.get(word) or similar(word, _commands())
    if meant is None:
        return WrongUsage(f"there is no command '{word}'", Hint("see the commands", ("--help",)))
    corrected = [meant if each == word else each for each in words]
    return WrongUsage(f"there is no command '{word}'", _instead(f"did you mean '{meant}'?", corrected))


def _no_option(option: str, words: Sequence[str]) -> WrongUsage:
    name = command_in(words)
    if name is None:
        return WrongUsage(f"mlalias has no option {option}", Hint("see the commands and options", ("--help",)))
    options = ["--help", *(each for parameter in _command(name).params for each in parameter.opts)]
    if words[0] != name and option in options:
        at = words.index(name)
        ordered = [name, *words[:at], *words[at + 1 :]]
        return WrongUsage(f"{option} comes after the command", _instead("like this", ordered))
    meant = similar(option, options) if option.startswith("--") else None
    if meant is None:
        return _with_help(f"`{name}` has no option {option}", words)
    corrected = [meant + word[len(option) :] if word.partition("=")[0] == option else word for word in words]
    return WrongUsage(f"`{name}` has no option {option}", _instead(f"did you mean {meant}?", corrected))


def _instead(text: str, words: Sequence[str]) -> Hint:
    """A hint with these words if they only read and parse, otherwise with the help of their command."""
    name = words[0]
    secret = any(masked(word) != word for word in words)
    if name in _NOT_ONLY_READING or secret or not _accepted(words):
        return Hint(text, (command_in(words) or "", "--help"))
    return Hint(text, tuple(words))


def _accepted(words: Sequence[str]) -> bool:
    try:
        _command(words[0]).make_context(words[0], list(words[1:]))
    except (typer.TyperException, typer.Exit, KeyError):
        return False
    return True


def _command(name: str) -> Any:
    group: Any = typer.main.get_command(application())
    return group.commands[name]


def _with_help(reason: str, words: Sequence[str]) -> WrongUsage:
    name = command_in(words)
    return WrongUsage(reason, Hint("see its help", (name, "--help") if name else ("--help",)))


# --- values and arguments ---


def _value_or_none(option: str, words: Sequence[str]) -> WrongUsage:
    name = command_in(words)
    parameters = _command(name).params if name else ()
    parameter = next((each for each in parameters if option in each.opts), None)
    if parameter is None or parameter.is_flag:
        return _with_help(f"{option} takes no value", words)
    return _with_help(f"{option} takes {_wanted(parameter)}, and there is none", words)


def _bad_value(parameter: Any, words: Sequence[str]) -> WrongUsage:
    long = max(parameter.opts, key=len)
    letter = next((each[1] for each in parameter.opts if not each.startswith("--")), None)
    given = option_in(words, letter, long.removeprefix("--"))
    but = "" if given is None else f", not '{given}'"
    return _with_help(f"{long} takes {_wanted(parameter)}{but}", words)


def _wanted(parameter: Any) -> str:
    """What an option takes, in words."""
    kind = parameter.type
    choices = getattr(kind, "choices", ())
    if choices:
        return f"{', '.join(choices[:-1])} or {choices[-1]}"
    number = next((text for name, text in _NUMBERS.items() if kind.name.startswith(name)), None)
    if number is None:
        return "a value"
    low, high = getattr(kind, "min", None), getattr(kind, "max", None)
    if high is not None:
        return f"{number} from {low} to {high}"
    return number if low is None else f"{number} above {low - 1}"


_NUMBERS = {"int": "a whole number", "float": "a number"}


def _too_many(context: Any, words: Sequence[str]) -> WrongUsage:
    after = list(words[words.index(context.info_name) + 1 :])
    _, extra, _ = context.command.make_parser(context).parse_args(args=after)
    many = "is" if len(extra) == 1 else "are"
    return _with_help(f"{_takes(context.command)}, and {_quoted(extra)} {many} too many", words)


def _takes(command: Any) -> str:
    arguments = " ".join(_metavar(each) for each in command.params if each.param_type_name == "argument")
    return f"`{command.name}` takes {arguments or 'no arguments'}"


def _metavar(parameter: Any) -> str:
    text: str = parameter.metavar or parameter.name.upper()
    return text


def _quoted(words: Iterable[str]) -> str:
    return ", ".join(f"'{word}'" for word in words)
