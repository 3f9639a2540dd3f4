"""Arguments and options shared by several commands."""

from typing import Annotated, Any

import typer

from mlalias.cli import completion
from mlalias.errors import Hint
from mlalias.output.page import Format, Invocation
from mlalias.stores import Location, Store, locate, open_store, say_if_missing


class Place:
    """The option that every command has; built from the command's name and the values given."""

    catalog: Annotated[
        str | None,
        typer.Option(
            metavar="LOCATION",
            help="Directory or http(s):// URL.  [default: $MLALIAS_CATALOG, else the user's data directory]",
            autocompletion=completion.directories,
            show_default=False,
        ),
    ] = None
    output = Format.table
    quiet = False
    dry_run = False

    def __init__(self, command: str, given: dict[str, Any]) -> None:
        self.command = command
        self.__dict__.update(given)

    def invocation(self, *arguments: str) -> Invocation:
        """How the command was called, with these arguments and the command's own options."""
        return Invocation(self.command, arguments, self.repeated(), self.catalog, self.output, self.quiet, self.dry_run)

    def repeated(self) -> tuple[str, ...]:
        """The options to repeat when a hint shows the same command."""
        return ()

    def location(self) -> Location:
        """Where the catalog is."""
        return locate(self.catalog)

    def store(self, *, whole: bool = True) -> Store:
        """The store at that location, for reading; with `whole`, models are read with all their keys.

        Prints a note if there is no catalog: the location may be mistyped, and an empty result would hide that.
        """
        location = self.location()
        if not location.is_url:
            say_if_missing(location)
        return open_store(location, whole=whole)

    def need_directory(self, instead: str, *words: str) -> None:
        """Raise WrongUsage if the catalog is a cluster, with a hint of what to do instead."""
        self.location().need_directory(self.command, Hint(instead, words))


class Local(Place):
    """The option of a command that works on directories only."""

    catalog: Annotated[
        str | None,
        typer.Option(
            metavar="DIRECTORY",
            help="Directory.  [default: $MLALIAS_CATALOG, else the user's data directory]",
            show_default=False,
        ),
    ] = None


class Reading(Place):
    """The options of a command that prints a result."""

    output: Annotated[Format, typer.Option("--output", "-o", help="How to print the result.")] = Format.table


class Writing(Reading):
    """The options of a command that writes."""

    dry_run: Annotated[bool, typer.Option("--dry-run", "-n", help="Show what would be done; write nothing.")] = False
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print no result and no hints.")] = False
    message: Annotated[
        str | None,
        typer.Option(
            "--message", "-m", metavar="TEXT", help="The reason for the change, for the history.", show_default=False
        ),
    ] = None
    wait = 0.0
    no_history = False

    def store(self, *, whole: bool = False) -> Store:
        """The store at that location; a change reads only what the rules need."""
        keeps_history = not self.no_history
        return open_store(self.location(), whole=whole, quiet=self.quiet, wait=self.wait, keeps_history=keeps_history)

    def repeated(self) -> tuple[str, ...]:
        """The options to repeat when a hint shows the same command."""
        return ("--message", self.message) if self.message else ()


class LocalWriting(Local, Writing):
    """The options of a command that writes to directories only."""


class Changing(Writing):
    """The options of a command that changes aliases in a directory or on a cluster."""

    no_history: Annotated[
        bool, typer.Option("--no-history", help="On a cluster: do not record the change in the history.")
    ] = False


class Moving(Writing):
    """The options of a command that moves aliases and checks the rules."""

    strict: Annotated[bool, typer.Option("--strict", help="Treat warnings as errors.")] = False

    def repeated(self) -> tuple[str, ...]:
        """The options to repeat when a hint shows the same command."""
        return (*super().repeated(), *(("--strict",) if self.strict else ()))


class Waiting(Moving, Changing):
    """The options of a command that can wait for deployments."""

    wait: Annotated[
        float,
        typer.Option(
            "--wait",
            metavar="SECONDS",
            min=0,
            max=86_400,
            help="On a cluster: wait for pytorch models' deployments to run.",
            show_default=False,
        ),
    ] = 0.0

    def repeated(self) -> tuple[str, ...]:
        """The options to repeat when a hint shows the same command."""
        return (*super().repeated(), *(("--wait", f"{self.wait:g}") if self.wait else ()))


ModelId = Annotated[
    str,
    typer.Argument(metavar="MODEL_ID", help="The id of a model.", autocompletion=completion.models, show_default=False),
]
ModelAlias = Annotated[
    str,
    typer.Argument(metavar="MODEL_ALIAS", help="An alias.", autocompletion=completion.aliases, show_default=False),
]
Names = Annotated[
    list[str],
    typer.Argument(
        metavar="NAME...", help="Aliases or model ids.", autocompletion=completion.names, show_default=False
    ),
]
Patterns = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[PATTERN]...",
        help="Aliases or model ids; may contain * and ?.",
        autocompletion=completion.names,
        show_default=False,
    ),
]
AliasPatterns = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[MODEL_ALIAS]...",
        help="Aliases; may contain * and ?.",
        autocompletion=completion.aliases,
        show_default=False,
    ),
]
Files = Annotated[
    list[str],
    typer.Argument(
        metavar="FILE...",
        help="Files to read; - is standard input.",
        autocompletion=completion.files,
        show_default=False,
    ),
]
MissingOk = Annotated[bool, typer.Option("--missing-ok", help="Succeed if there is none.")]
