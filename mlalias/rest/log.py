"""The log of a server: lines on stderr, written by a separate thread."""

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from logging.handlers import QueueHandler, QueueListener
from queue import Queue

_MOST_WAITING = 1000


class _Dropping(QueueHandler):
    """Drops lines if too many are waiting: a log that nobody reads must not stop the server or fill its memory."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the standard library's name
        """Ignore a full queue."""


class _Lines(logging.StreamHandler):  # type: ignore[type-arg] # of text
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the standard library's name
        """Ignore a closed stderr."""


@contextmanager
def log_to_stderr() -> Iterator[Callable[[str], None]]:
    """Yield a function that logs a line."""
    lines: Queue[logging.LogRecord] = Queue(_MOST_WAITING)
    logger = logging.getLogger("mlalias.serve")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    handler = _Dropping(lines)
    logger.addHandler(handler)
    listener = QueueListener(lines, _Lines(sys.stderr))
    listener.start()
    try:
        yield lambda line: logger.info("%s", line)
    finally:
        logger.removeHandler(handler)
        listener.stop()
