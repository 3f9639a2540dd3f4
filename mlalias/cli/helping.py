"""The command `help`: pages on commands, topics and rules, JSON Schemas, and the man page."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, cast

import typer

from mlalias import __version__
from mlalias import help as manual
from mlalias.cli import completion
from mlalias.cli.app import command
from mlalias.errors import Hint, WrongUsage
from mlalias.output.page import Page, Screen, View

if TYPE_CHECKING:
    from typer.core import TyperCommand, TyperGroup

    from mlalias.help.man import Command


@command("help")
def _help(
    context: typer.Context,
    topic: Annotated[
        str | None,
        typer.Argument(
            metavar="[TOPIC]",
            help="A command, a topic, a rule or a schema.",
            autocompletion=completion.topics,
            show_default=False,
        ),
    ] = None,
    man: Annotated[bool, typer.Option("--man", help="Print the whole manual as a man page.")] = False,
) -> View | Page:
    """Show the manual page of a command, a topic or a rule.

    \b
    Examples:
      mlalias help rules
      mlalias help put
      mlalias help not_deployed
      mlalias help --man > mlalias.1

    Without a topic, it lists all topics.
    """
    root = cast("typer.Context", context.find_root())
    if man:
        return Page(_man_page(root))
    if topic is None:
        return Page(f"{root.get_help()}\n\n{_contents()}")
    if topic in manual.schemas():
        return Page(manual.schema(topic))
    usage = _usage(root, topic)
    markdown = manual.page(topic) if topic in manual.TOPICS else manual.rule(topic)
    if not usage and not markdown:
        raise WrongUsage(f"there is no command, topic or rule '{topic}'", _meant(root, topic))
    return lambda screens: Page("\n".join(filter(None, (usage, _shown(markdown or "", screens.out)))))


def _commands(root: typer.Context) -> "Mapping[str, TyperCommand]":
    return cast("Mapping[str, TyperCommand]", cast("TyperGroup", root.command).commands)


def _usage(root: typer.Context, name: str) -> str:
    """What `mlalias NAME --help` prints; empty if there is no such command."""
    described = _commands(root).get(name)
    return f"{typer.Context(described, info_name=name, parent=root).get_help()}\n" if described else ""


def _contents() -> str:
    """The topics, one per line."""
    widest = max(map(len, manual.TOPICS))
    lines = [f"  {topic:{widest}}  {manual.title(topic)}" for topic in manual.TOPICS]
    return "\n".join(("Topics of `mlalias help`:", *lines, ""))


def _shown(markdown: str, screen: Screen) -> str:
    """A page as the screen shows it: rendered if there is colour, otherwise as it is."""
    if not (markdown and screen.color):
        return markdown
    from mlalias.help.terminal import rendered

    return rendered(markdown, screen.width or 80)


def _meant(root: typer.Context, topic: str) -> Hint:
    from mlalias.advice import similar
    from mlalias.core.rules import RULES

    known = (*_commands(root), *manual.TOPICS, *(rule.id for rule in RULES), *manual.schemas())
    meant = similar(topic, known)
    return Hint(f"did you mean '{meant}'?", ("help", meant)) if meant else Hint("see the topics", ("help",))


# --- the man page ---


def _man_page(root: typer.Context) -> str:
    from mlalias.help import man

    commands = [_described(typer.Context(each, info_name=name, parent=root)) for name, each in _commands(root).items()]
    topics = [(topic, manual.page(topic)) for topic in manual.TOPICS]
    return man.page(_described(root), commands, topics, __version__)


def _described(context: typer.Context) -> "Command":
    from mlalias.help.man import Command

    usage = f"{context.command_path} {' '.join(context.command.collect_usage_pieces(context))}"
    return Command(context.info_name or "", usage, context.command.help or "", tuple(_options(context)))


def _options(context: typer.Context) -> Iterator[tuple[str, str]]:
    """The arguments and options of a command, as in its help, with their descriptions."""
    for parameter in context.command.get_params(context):
        record = parameter.get_help_record(context)
        if record:
            yield record
