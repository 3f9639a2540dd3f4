"""The entries of a cluster's history, for a catalog."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, overload

from mlalias.core.catalog import Entry
from mlalias.progress import Advance
from mlalias.stores.cluster.history.documents import Stored
from mlalias.stores.cluster.history.faults import no_history
from mlalias.stores.cluster.history.log import Log

PAGE = 1000
Progress = Callable[[str], AbstractContextManager[Advance]]


class Entries(Sequence[Entry]):
    """The entries of a cluster, oldest first, read on access in pages, newest page first.

    `newest` is the newest document if known, which saves a search; documents written after it are read as well.
    """

    def __init__(self, log: Log, progress: Progress, newest: Stored | None = None) -> None:
        self._log = log
        self._newest = newest
        self._progress = progress
        self._read: list[Entry] = []  # newest first
        self._left: int | None = None  # revisions that are not read yet

    def __reversed__(self) -> Iterator[Entry]:
        yield from list(self._read)
        with self._progress("reading the history") as advance:
            while self._left != 0:
                page = self._page(advance)
                self._read += page
                yield from page

    @overload
    def __getitem__(self, index: int) -> Entry: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Entry]: ...
    def __getitem__(self, index: Any) -> Any:
        return list(reversed(list(reversed(self))))[index]

    def __len__(self) -> int:
        return sum(1 for _ in reversed(self))

    def _page(self, advance: Advance) -> list[Entry]:
        if self._left is None:
            self._left = self._total = self._last_revision()
        first = max(1, self._left - PAGE + 1)
        page = self._log.page(first, self._left) if self._left else []
        self._left = first - 1
        advance(self._total - self._left, self._total)
        return page

    def _last_revision(self) -> int:
        newest = self._newest or self._log.newest()
        if newest is None:
            raise no_history()
        return (self._log.after(newest.number) or newest).number
