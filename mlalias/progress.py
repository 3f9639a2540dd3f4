"""A bar for what takes longer than a second, on a terminal's standard error only."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress

Advance = Callable[[int, int], None]
_PATIENCE = 1.0


@contextmanager
def progress(label: str) -> Iterator[Advance]:
    """Give a callable to be told how much of how many is done; the bar goes when the work ends."""
    bar = _Bar(label) if sys.stderr is not None and sys.stderr.isatty() else None
    try:
        yield bar.advance if bar else unseen
    finally:
        if bar:
            bar.stop()


def unseen(done: int, total: int) -> None:
    """Advance without a bar."""


class _Bar:
    def __init__(self, label: str) -> None:
        self._label = label
        self._start = time.monotonic()
        self._drawn: Progress | None = None

    def advance(self, done: int, total: int) -> None:
        if self._drawn is None and time.monotonic() - self._start >= _PATIENCE:
            self._drawn = _draw()
            self._drawn.add_task(self._label, total=total)
        if self._drawn is not None:
            self._drawn.update(self._drawn.task_ids[0], completed=done, total=total)

    def stop(self) -> None:
        if self._drawn is not None:
            self._drawn.stop()


def _draw() -> "Progress":
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn()
    drawn = Progress(*columns, console=Console(stderr=True, highlight=False, emoji=False), transient=True)
    drawn.start()
    return drawn
