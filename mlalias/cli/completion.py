"""What the shell may complete: the names in a catalog on this machine, and nothing if it cannot be read.

The scripts in `completions/` ask for candidates in Typer's protocol for fish. A candidate that ends in `:files` or
`:directories`, which no name does, tells them to complete those themselves.
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
    """The revisions that changed the alias on the line, newest first, each with what the alias named after it."""
    model_alias = next(iter(context.args), None)  # not in `params` while the option before the cursor lacks its value
    try:
        location = locate(context.params.get("catalog"))
        if location.is_url or not model_alias:
            return []
        from mlalias.names import history

        entries = history(open_store(location).read(), [model_alias], None)
    except (Failure, OSError):
        return []
    found = ((str(entry.revision), entry.changes[0].model_id or "deleted") for entry in entries)
    return [pair for pair in found if pair[0].startswith(incomplete)]


def topics(incomplete: str) -> list[str]:
    """Commands, topics, rules and schemas: what `help` knows."""
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
    """The names that begin so; only valid names are ever read, so that none can mean anything to a shell."""
    try:
        location = locate(context.params.get("catalog"))
        if location.is_url:
            return []
        catalog = open_store(location).read()
        found = [*(catalog.aliases if with_aliases else ()), *(catalog.models if with_models else ())]
    except (Failure, OSError):
        return []
    return sorted(name for name in found if name.startswith(incomplete))
