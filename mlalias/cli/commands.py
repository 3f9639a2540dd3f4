"""Which module has which command; the module is imported, and the command built, only when it is called.

Typer builds all commands of an application on every run, which takes 0.4 ms per command; importing all of these modules
takes another 3 ms. So `mlalias put` runs an application that has only this command.
"""

from collections.abc import Mapping, Sequence
from importlib import import_module

import typer

from mlalias.cli.app import app, only

MODULES: Mapping[str, Sequence[str]] = {
    "changing": ("put", "delete", "apply", "rollback", "import", "forget", "init"),
    "reading": ("list", "models", "show", "resolve", "compare", "export", "history", "verify", "path"),
    "checking": ("check",),
    "serving": ("serve",),
    "helping": ("help",),
}
_NEEDS_ALL = ("help",)  # the manual describes all commands


def application(words: Sequence[str] = ()) -> typer.Typer:
    """The application for a command line: only the command named by its first word, or all if that is not a command."""
    name = words[0] if words else ""
    module = next((module for module, names in MODULES.items() if name in names), None)
    if module is None or name in _NEEDS_ALL:
        for each in MODULES:
            import_module(f"mlalias.cli.{each}")
        return app
    import_module(f"mlalias.cli.{module}")
    return only(name)
