"""What the shell can complete: names from a catalog on this machine, or nothing if it cannot be read.

The scripts in `completions/` request candidates in Typer's protocol for fish. A candidate that ends in `:files` or
`:directories`, as no name does, tells the script to complete files or directories itself.
"""

import typer

from mlalias.errors import Failure
from mlalias.stores.store import locate, open_store


def models(context: typer.Context, incomplete: str) -> list[str]:
    """Model ids."""
    return _matching(context, incomplete, with_models=True)


def aliases(context: typer.Context, incomplete: str) -> list[str]:
    """Aliases."""
    return _matching(context, incomplete, with_aliases=True)


def names(context: typer.Context, incomplete: str) -> list[str]:
    """Aliases and model ids."""
    return _matching(context, incomplete, with_models=True, with_aliases=True)


def revisions(context: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """The revisions that changed the alias on the command line, newest first, each with the model it then named."""
    model_alias = next(iter(context.args), None)  # not yet in `params`: the option has no value
    try:
        location = locate(context.params.get("catalog"))
        if location.is_url or not model_alias:
            return []
        from mlalias.names import history

        entries = history(open_store(location).read(), [model_alias], None)
    except (Failure, OSError):
        return []
    candidates = ((str(entry.revision), entry.changes[0].model_id or "deleted") for entry in entries)
    return [candidate for candidate in candidates if candidate[0].startswith(incomplete)]


def topics(incomplete: str) -> list[str]:
    """Commands, topics, rules and schemas: everything that `help` can show."""
    from mlalias import help as manual
    from mlalias.cli.commands import MODULES
    from mlalias.core.rules import RULES

    commands = [name for names in MODULES.values() for name in names]
    known = [*commands, *manual.TOPICS, *(rule.id for rule in RULES), *manual.schemas()]
    return [name for name in known if name.startswith(incomplete)]


def files(incomplete: str) -> list[str]:
    """Files, whose names the shell knows how to quote."""
    return [f"{incomplete}:files"]


def directories(incomplete: str) -> list[str]:
    """Directories."""
    return [f"{incomplete}:directories"]


def _matching(
    context: typer.Context, incomplete: str, *, with_models: bool = False, with_aliases: bool = False
) -> list[str]:
    """The names with this prefix. Only valid names are read, so none has characters that are special to a shell."""
    try:
        location = locate(context.params.get("catalog"))
        if location.is_url:
            return []
        catalog = open_store(location).read()
        known = [*(catalog.aliases if with_aliases else ()), *(catalog.models if with_models else ())]
    except (Failure, OSError):
        return []
    return sorted(name for name in known if name.startswith(incomplete))
