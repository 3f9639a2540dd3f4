"""Ctrl-C during a change, and what is true of the change then: nothing of it is written, or everything."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum


class Written(Enum):
    """What is known of the change of this process."""

    nothing = "nothing was written"
    everything = "the change is in place"
    told = ""  # a cluster's store says itself how far it got


_written = Written.nothing


def reset() -> None:
    """Begin anew: nothing is written yet."""
    note(Written.nothing)


def note(written: Written) -> None:
    """Keep what is true from now on."""
    global _written  # noqa: PLW0603 - there is one Ctrl-C in a process
    _written = written


def written() -> Written:
    """What is true now."""
    return _written


@contextmanager
def held() -> Iterator[None]:
    """Let Ctrl-C wait until the work inside is done, as half of it would be neither nothing nor everything.

    Threads other than the main one get no Ctrl-C.
    """
    from signal import SIGINT, signal
    from threading import current_thread, main_thread

    if current_thread() is not main_thread():
        yield
        return
    came = False

    def remember(*_: object) -> None:
        nonlocal came
        came = True

    before = signal(SIGINT, remember)
    try:
        yield
        note(Written.everything)
    finally:
        signal(SIGINT, before)
    if came:
        raise KeyboardInterrupt
