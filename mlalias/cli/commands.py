"""Which module has which command; it is imported, and the command built, only when somebody asks for it.

Typer builds every command that an application has on every run, which takes 0.4 ms each; importing all of these modules
takes 3 ms more. So `mlalias put` is an application of one command.
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
_WANTS_ALL = ("help",)  # the manual is of all of them


def application(words: Sequence[str] = ()) -> typer.Typer:
    """The application for a command line: with the command that it begins with, if it can be told, else with all."""
    name = words[0] if words else ""
    module = next((module for module, names in MODULES.items() if name in names), None)
    if module is None or name in _WANTS_ALL:
        for each in MODULES:
            import_module(f"mlalias.cli.{each}")
        return app
    import_module(f"mlalias.cli.{module}")
    return only(name)
