"""What a store is, and how a location becomes one."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from mlalias.errors import Hint, WrongUsage

if TYPE_CHECKING:
    from mlalias.catalog import Catalog
    from mlalias.plan import Plan, Request

ENVIRONMENT = "MLALIAS_CATALOG"


class Store(Protocol):
    """Where a catalog is kept, and how it is changed."""

    def read(self) -> "Catalog":
        """The catalog as it is now."""

    def change(self, request: "Request", command: str, message: str | None = None) -> "Plan":
        """Carry out a request; a refused plan comes back with its errors, and nothing is done."""


class Location(NamedTuple):
    """A directory or a URL, and where it was given."""

    text: str
    origin: str

    @property
    def is_url(self) -> bool:
        """Whether a cluster is meant."""
        return self.text.startswith(("http://", "https://"))

    @property
    def path(self) -> Path:
        """The directory; raises WrongUsage if something else is there."""
        try:
            path = Path(self.text).expanduser()
        except RuntimeError:
            raise WrongUsage(f"'{self.text}' is in a home that does not exist") from None
        if "://" in self.text:
            raise WrongUsage(f"'{self.text}' is neither a directory nor an http:// or https:// URL")
        if path.is_symlink() and not path.exists():
            raise WrongUsage(f"'{path}' is a link to nothing")
        if path.exists() and not path.is_dir():
            raise WrongUsage(f"'{path}' is a file, and a catalog is a directory", Hint(f"it was given {self.origin}"))
        return path


def locate(given: str | None) -> Location:
    """The location that was given, else MLALIAS_CATALOG, else the user's data directory."""
    if given == "":
        raise WrongUsage("--catalog is empty, and takes a directory or a URL")
    if given is not None:
        return Location(given, "with --catalog")
    if os.environ.get(ENVIRONMENT):
        return Location(os.environ[ENVIRONMENT], f"in {ENVIRONMENT}")
    from platformdirs import user_data_dir

    return Location(user_data_dir("mlalias", appauthor=False), "by default")


def open_store(location: Location) -> Store:
    """Open the store at a location."""
    if location.is_url:
        raise WrongUsage("a live cluster is not supported yet")
    from mlalias.directory import DirectoryStore

    return DirectoryStore(location.path, on_wait=_tell_of_waiting)


def _tell_of_waiting() -> None:
    sys.stderr.write("waiting for another process that is writing to the catalog ...\n")
    sys.stderr.flush()
