"""A progress bar on standard error, shown on terminals only and for work of more than a second."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress

Advance = Callable[[int, int], None]
_PATIENCE = 1.0
_START = time.monotonic()


@contextmanager
def progress(label: str) -> Iterator[Advance]:
    """Yield a function to call with the number of items done and their total; the bar disappears at the end.

    It appears once the process has run for a second, and keeps moving between calls.
    """
    bar = _Bar(label) if sys.stderr is not None and sys.stderr.isatty() else None
    try:
        yield bar.advance if bar else unseen
    finally:
        if bar:
            bar.stop()


def unseen(done: int, total: int) -> None:
    """Ignore progress: the function to pass where there is no bar."""


class _Bar:
    def __init__(self, label: str) -> None:
        from threading import Lock, Timer

        self._label = label
        self._drawn: Progress | None = None
        self._stopped = False
        self._lock = Lock()  # the timer may draw while the work ends
        self._timer = Timer(max(0.0, _START + _PATIENCE - time.monotonic()), self._draw)
        self._timer.daemon = True
        self._timer.start()

    def advance(self, done: int, total: int) -> None:
        if self._drawn is not None:
            self._drawn.update(self._drawn.task_ids[0], completed=done, total=total, count=f"{done:,} of {total:,}")

    def stop(self) -> None:
        self._timer.cancel()
        with self._lock:
            self._stopped = True
            if self._drawn is not None:
                self._drawn.stop()

    def _draw(self) -> None:
        drawn = _bar(self._label)
        with self._lock:
            if not self._stopped:
                drawn.start()
                self._drawn = drawn


def _bar(label: str) -> "Progress":
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    columns = TextColumn("{task.description}", markup=False), BarColumn(), TextColumn("{task.fields[count]}")
    drawn = Progress(*columns, console=Console(stderr=True, highlight=False, emoji=False), transient=True)
    drawn.add_task(label, total=None, count="")
    return drawn
