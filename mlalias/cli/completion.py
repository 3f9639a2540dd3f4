"""What the shell may complete: the names that a catalog on this machine has, and nothing if it cannot be read."""

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
