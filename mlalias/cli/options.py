"""The arguments and options that several commands share."""

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any, get_type_hints

import typer

from mlalias.cli import completion
from mlalias.errors import Hint, WrongUsage
from mlalias.output.page import Format, Page, Typed
from mlalias.stores.store import Location, Store, locate, open_store


class Place:
    """The option of every command."""

    catalog: Annotated[
        str | None,
        typer.Option(
            metavar="LOCATION",
            help="Directory or http(s):// URL.  [default: $MLALIAS_CATALOG, else the user's data directory]",
            show_default=False,
        ),
    ] = None

    def __init__(self, given: dict[str, Any]) -> None:
        self.__dict__.update(given)

    def typed(self, command: str) -> Typed:
        """What the commands of hints should repeat."""
        return Typed(self.catalog, command, self.repeated())

    def repeated(self) -> tuple[str, ...]:
        """The options that the same command should have again."""
        return ()

    def location(self) -> Location:
        """Where the catalog is."""
        return locate(self.catalog)

    def store(self, *, whole: bool = True) -> Store:
        """The store at that place; with `whole`, all that is known of models is wanted."""
        return open_store(self.location(), whole=whole)

    def local(self, command: str, instead: str, *words: str) -> None:
        """Raise WrongUsage if the catalog is a cluster, with what to do instead, and the command that does it."""
        if self.location().is_url:
            raise WrongUsage(f"`{command}` works on a catalog in a directory, not on a cluster", Hint(instead, words))


class Reading(Place):
    """The options of a command that prints a result."""

    output: Annotated[Format, typer.Option("--output", "-o", help="How to print the result.")] = Format.table


class Writing(Reading):
    """The options of a command that writes."""

    dry_run: Annotated[bool, typer.Option("--dry-run", "-n", help="Show what would be done; write nothing.")] = False
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print no result and no hints.")] = False
    message: Annotated[
        str | None,
        typer.Option("--message", "-m", metavar="TEXT", help="Why; kept in the history.", show_default=False),
    ] = None
    wait = 0.0

    def store(self, *, whole: bool = False) -> Store:
        """The store at that place; a change looks only at what the rules look at."""
        return open_store(self.location(), whole=whole, quiet=self.quiet, wait=self.wait)

    def repeated(self) -> tuple[str, ...]:
        """The options that the same command should have again."""
        return ("--message", self.message) if self.message else ()


class Moving(Writing):
    """The options of a command that moves aliases under the rules."""

    strict: Annotated[bool, typer.Option("--strict", help="Let a warning refuse.")] = False

    def repeated(self) -> tuple[str, ...]:
        """The options that the same command should have again."""
        return (*super().repeated(), *(("--strict",) if self.strict else ()))


class Waiting(Moving):
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


def shared(command: Callable[..., Page]) -> Callable[..., Page]:
    """Spread the class of a command's parameter `options` into options of its own on the command line."""
    own = inspect.signature(command)
    kind = own.parameters["options"].annotation
    hints = get_type_hints(kind, include_extras=True)
    options = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=getattr(kind, name), annotation=hint)
        for name, hint in hints.items()
    ]

    @wraps(command)
    def spread(**given: Any) -> Page:
        taken = {name: given.pop(name) for name in hints}
        return command(**given, options=kind(taken))

    arguments = [parameter for name, parameter in own.parameters.items() if name != "options"]
    spread.__signature__ = own.replace(parameters=[*arguments, *options])  # type: ignore[attr-defined] # read by Typer
    spread.__annotations__ = {parameter.name: parameter.annotation for parameter in (*arguments, *options)}
    return spread


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
        help="Aliases or model ids; may hold * and ?.",
        autocompletion=completion.names,
        show_default=False,
    ),
]
AliasPatterns = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[MODEL_ALIAS]...",
        help="Aliases; may hold * and ?.",
        autocompletion=completion.aliases,
        show_default=False,
    ),
]
Files = Annotated[
    list[str], typer.Argument(metavar="FILE...", help="Files to read; - is standard input.", show_default=False)
]
MissingOk = Annotated[bool, typer.Option("--missing-ok", help="Succeed if there is none.")]
