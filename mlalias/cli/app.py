"""The Typer application, and how a command joins it."""

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any, get_type_hints

import typer

from mlalias import __version__
from mlalias.output.page import Page, View


def _typer() -> typer.Typer:
    return typer.Typer(
        rich_markup_mode=None,  # with it, help and usage errors take twice as long
        pretty_exceptions_enable=False,
        add_help_option=False,  # ours groups the commands
        add_completion=False,  # its scripts complete file names where a file makes no sense; ours are in `completions/`
        context_settings={"help_option_names": ["-h", "--help"]},
    )


app = _typer()
GROUPS = ("Change aliases", "Look", "Move catalogs", "Administer")
_group_of: dict[str, str] = {}


def _print_help(context: typer.Context, asked: bool) -> None:
    if asked:
        typer.echo(_help(context))
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
    help_: Annotated[  # noqa: ARG001 - its callback has printed the help by now
        bool, typer.Option("--help", "-h", help="Show this message and exit.", callback=_print_help, is_eager=True)
    ] = False,
    install_completion: Annotated[
        bool, typer.Option("--install-completion", help="Install completion for the shell that runs this.")
    ] = False,
    show_completion: Annotated[
        bool, typer.Option("--show-completion", help="Print the completion script for that shell.")
    ] = False,
) -> Page | None:
    """Manage trained model aliases under Elasticsearch's rules, in a directory of TOML files or on a live cluster.

    An alias is a logical name for a model. Moving the alias to another model switches every pipeline that uses it.
    """
    if version:
        return Page(f"mlalias {__version__}\n")
    if install_completion or show_completion:
        from mlalias.cli import shells

        return Page(shells.install() if install_completion else shells.script())
    return None if context.invoked_subcommand else Page(_help(context) + "\n")


def _help(context: typer.Context) -> str:
    """The help of mlalias, with its commands in groups."""
    root: Any = context.command
    formatter = context.make_formatter()
    root.format_usage(context, formatter)
    root.format_help_text(context, formatter)
    rows = [(name, each.get_short_help_str(100)) for name, each in root.commands.items()]
    widest = max(len(name) for name, _ in rows)
    for group in GROUPS:
        with formatter.section(group):
            formatter.write_dl(
                [(name.ljust(widest), text) for name, text in rows if _group_of.get(name, GROUPS[-1]) == group]
            )
    with formatter.section("Options"):
        formatter.write_dl(list(filter(None, (each.get_help_record(context) for each in root.get_params(context)))))
    return formatter.getvalue().rstrip("\n")


def only(name: str) -> typer.Typer:
    """An application with only one of the registered commands."""
    application = _typer()
    application.registered_callback = app.registered_callback
    application.registered_commands = [command for command in app.registered_commands if command.name == name]
    return application


def command(name: str, group: str = GROUPS[-1]) -> Callable[[Callable[..., View | Page]], Callable[..., View | Page]]:
    """Register a command. If it has a parameter `options`, the fields of that parameter's class become its options.

    A command returns what to print, and prints nothing itself: only `main` uses the screen. `group` is the heading
    under which `mlalias --help` lists it.
    """
    _group_of[name] = group

    def register(function: Callable[..., View | Page]) -> Callable[..., View | Page]:
        return app.command(name)(_spread(function, name))

    return register


def _spread(function: Callable[..., View | Page], name: str) -> Callable[..., View | Page]:
    own = inspect.signature(function)
    if "options" not in own.parameters:
        return function
    kind = own.parameters["options"].annotation
    hints = get_type_hints(kind, include_extras=True)
    options = [
        inspect.Parameter(option, inspect.Parameter.KEYWORD_ONLY, default=getattr(kind, option), annotation=hint)
        for option, hint in hints.items()
    ]

    @wraps(function)
    def spread(**given: Any) -> View | Page:
        values = {option: given.pop(option) for option in hints}
        return function(**given, options=kind(name, values))

    arguments = [parameter for key, parameter in own.parameters.items() if key != "options"]
    spread.__signature__ = own.replace(parameters=[*arguments, *options])  # type: ignore[attr-defined] # read by Typer
    spread.__annotations__ = {parameter.name: parameter.annotation for parameter in (*arguments, *options)}
    return spread
