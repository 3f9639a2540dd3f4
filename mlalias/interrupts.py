"""Ctrl-C during a change, and whether the change was written by then: not at all, or as a whole."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum


class Written(Enum):
    """What this process has written so far; the value is the message to print after Ctrl-C."""

    nothing = "nothing was written"
    everything = "the change is in place"
    reported = ""  # the store of a cluster prints itself which changes were made


_written = Written.nothing


def reset() -> None:
    """Note that nothing is written yet, when a command starts."""
    note(Written.nothing)


def note(written: Written) -> None:
    """Record what has been written."""
    global _written  # noqa: PLW0603 - Ctrl-C concerns the whole process
    _written = written


def written() -> Written:
    """What has been written so far."""
    return _written


@contextmanager
def held() -> Iterator[None]:
    """Delay Ctrl-C until the work inside is done, so that it is never half written.

    Only the main thread receives Ctrl-C; in other threads this does nothing.
    """
    from signal import SIGINT, signal
    from threading import current_thread, main_thread

    if current_thread() is not main_thread():
        yield
        return
    interrupted = False

    def remember(*_: object) -> None:
        nonlocal interrupted
        interrupted = True

    before = signal(SIGINT, remember)
    try:
        yield
        note(Written.everything)
    finally:
        signal(SIGINT, before)
    if interrupted:
        raise KeyboardInterrupt
