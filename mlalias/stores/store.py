"""The interface of a store, and how one is opened at a location."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from mlalias.environment import CATALOG
from mlalias.errors import Hint, WrongUsage
from mlalias.text import masked, visible

if TYPE_CHECKING:
    from mlalias.core.catalog import Catalog
    from mlalias.core.plan import Edit, Receipt
    from mlalias.stores.cluster.store import ClusterStore
    from mlalias.stores.findings import Findings


class Store(Protocol):
    """Where a catalog is kept, and how it is changed."""

    def read(self) -> "Catalog":
        """The catalog as it is now."""

    def change(self, edit: "Edit", command: str, message: str | None = None) -> "Receipt":
        """Carry out an edit; if it is refused, nothing is done and the receipt has the errors."""

    def init(self) -> bool:
        """Create an empty catalog, or the history on a cluster; False if it exists already."""

    def verify(self) -> "Findings":
        """Check the catalog for damage."""


class Location(NamedTuple):
    """A directory or a URL, and where it was given, for error messages."""

    text: str
    origin: str

    @property
    def is_url(self) -> bool:
        """Whether the location is a cluster."""
        return self.text.lower().startswith(("http://", "https://"))

    @property
    def shown(self) -> str:
        """The location for printing, without credentials and query."""
        return masked(self.text)

    @property
    def has_secret(self) -> bool:
        """Whether it seems to contain credentials or a query, even as a mistyped URL."""
        return self.shown != self.text or (self.is_url and any(mark in self.text for mark in "@?#"))

    @property
    def path(self) -> Path:
        """The directory, which need not exist; raises WrongUsage for anything else."""
        try:
            path = Path(self.text).expanduser()
        except RuntimeError:
            raise WrongUsage(f"'{self.text}' is in the home directory of an unknown user") from None
        mistyped = "://" in self.text or self.text.lower().startswith(("http:", "https:"))
        if mistyped or (self.has_secret and not path.is_dir()):
            raise WrongUsage(f"'{self.shown}' is neither a directory nor an http:// or https:// URL")
        if path.is_symlink() and not path.exists():
            raise WrongUsage(f"'{path}' is a broken symbolic link")
        if path.exists() and not path.is_dir():
            raise WrongUsage(f"'{path}' is a file, and a catalog is a directory", Hint(f"it comes from {self.origin}"))
        return path

    def need_directory(self, command: str, instead: Hint) -> None:
        """Raise WrongUsage if it is a cluster; the hint `instead` says what to do there."""
        if self.is_url:
            raise WrongUsage(f"`{command}` works on a catalog in a directory, not on a cluster", instead)

    def need_cluster(self, what: str, *instead: Hint) -> None:
        """Raise WrongUsage unless it is a cluster, with what to do `instead` of a command or an option."""
        if not self.is_url:
            raise WrongUsage(f"{what} asks the models of a cluster, and '{self.path}' is a directory", *instead)


def locate(given: str | None, origin: str = "--catalog") -> Location:
    """The location `given` by `origin`, else MLALIAS_CATALOG, else the user's data directory.

    Raises WrongUsage.
    """
    location = _location(given, origin)
    if location.is_url and location.has_secret:
        raise WrongUsage(
            f"the address of the cluster, from {location.origin}, has a user name, a password or a query in it",
            Hint("credentials go into MLALIAS_API_KEY, or MLALIAS_USERNAME and MLALIAS_PASSWORD"),
        )
    return location


def _location(given: str | None, origin: str) -> Location:
    if given == "":
        raise WrongUsage(f"{origin} is empty: give a directory or a URL")
    if given is not None:
        return Location(given, origin)
    if CATALOG.read():
        return Location(CATALOG.read(), CATALOG.name)
    from platformdirs import user_data_dir

    return Location(user_data_dir("mlalias", appauthor=False), "the default")


def say_if_missing(location: Location) -> None:
    """Print a notice on standard error if there is no catalog in a directory."""
    from mlalias.stores.directory.contents import is_catalog

    if not is_catalog(location.path):
        _say(visible(f"there is no catalog in '{location.path}'"))


def open_store(
    location: Location,
    *,
    whole: bool = True,
    quiet: bool = False,
    silent: bool = False,
    wait: float = 0,
    keeps_history: bool = True,
) -> Store:
    """Open the store at a location.

    On a cluster, `whole` reads models with all their keys; `quiet` suppresses messages, but not progress; `wait` is how
    many seconds a change waits for the deployments that it needs; without `keeps_history`, nothing is written to the
    cluster's history. A `silent` store prints nothing at all, not even progress or that it is waiting.
    """
    if location.is_url:
        return open_cluster(location, whole=whole, quiet=quiet, silent=silent, wait=wait, keeps_history=keeps_history)
    if wait:
        raise WrongUsage(
            "--wait is for a cluster: a catalog in a directory does not watch deployments",
            Hint("import the answer to GET _ml/trained_models/_stats", ("import", "stats.json")),
        )
    if not keeps_history:
        raise WrongUsage("--no-history is for a cluster: a catalog in a directory always keeps its history")
    from mlalias.progress import progress
    from mlalias.stores.directory.store import DirectoryStore

    return DirectoryStore(location.path) if silent else DirectoryStore(location.path, _say_that_it_waits, progress)


def open_cluster(
    location: Location,
    *,
    whole: bool = False,
    quiet: bool = False,
    silent: bool = False,
    wait: float = 0,
    keeps_history: bool = True,
) -> "ClusterStore":
    """Open the cluster at a URL, as `open_store` does."""
    from mlalias.progress import progress

    try:
        from mlalias.stores.cluster.access import access
        from mlalias.stores.cluster.connection import Connection
        from mlalias.stores.cluster.sending import Talk
        from mlalias.stores.cluster.store import ClusterStore
    except ModuleNotFoundError as error:
        if error.name in ("elasticsearch", "elastic_transport"):
            raise WrongUsage("a catalog on a cluster needs its client: pip install 'mlalias[cluster]'") from None
        raise
    talk = Talk() if silent else Talk(progress=progress) if quiet else Talk(_say, progress)
    connection = Connection(access(location.text))
    return ClusterStore(connection, location.origin, talk, whole=whole, wait=wait, keeps_history=keeps_history)


def _say_that_it_waits() -> None:
    _say("waiting for another process that is writing to the catalog ...")


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()
