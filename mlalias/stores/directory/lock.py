"""The lock that a writer holds, between processes and threads, even if the lock file is removed meanwhile."""

import os
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from mlalias.errors import Busy, Hint, SystemRefused, os_text
from mlalias.stores.directory import atomic

if TYPE_CHECKING:
    from threading import Lock

    from fasteners.process_lock import InterProcessLock

_IN_THIS_PROCESS: dict[str, "Lock"] = {}
if hasattr(os, "register_at_fork"):  # in a child, the thread that holds a lock does not exist and never releases it
    os.register_at_fork(after_in_child=_IN_THIS_PROCESS.clear)


@contextmanager
def locked(path: Path, timeout: float, on_wait: Callable[[], None]) -> Iterator[None]:
    """Hold the lock between threads and processes; `on_wait` is called after a second of waiting.

    Raises Busy after `timeout` seconds. The system frees the lock of a process that dies.
    """
    first = min(1.0, timeout)
    with _held_by_thread(path, timeout):
        lock = _acquired(path, first)
        if lock is None and timeout > first:
            on_wait()
            lock = _acquired(path, timeout - first)
        if lock is None:
            raise _busy(path, timeout)
        try:
            yield
        finally:
            lock.release()


class _Held:
    """The lock file and its directory, both locked by this process."""

    def __init__(self, lock: "InterProcessLock", directory: int | None) -> None:
        self._lock = lock
        self._directory = directory

    def release(self) -> None:
        """Release both, ignoring errors: the system releases them when this process ends."""
        if self._directory is not None:
            _unlock(self._directory)
        with suppress(RuntimeError, OSError):
            self._lock.release()


def _unlock(directory: int) -> None:
    """Unlock a directory and close it; closing alone keeps the lock if a child process inherited the descriptor."""
    import fcntl

    with suppress(OSError):
        fcntl.flock(directory, fcntl.LOCK_UN)
    atomic.close(directory)


def _acquired(path: Path, timeout: float) -> _Held | None:
    """Try for `timeout` seconds; None if another process holds the lock. Raises SystemRefused.

    Somebody may remove the lock file while it is held. A process that was waiting then gets a lock on a deleted file,
    so it checks that the file is still in place. A process that comes later creates and locks a new file while the
    first holder is still at work, so the directory, which is the same for all, is locked as well.
    """
    end = time.monotonic() + timeout
    while True:
        lock = _locked_file(path, max(0.0, end - time.monotonic()))
        if lock is None:
            return None
        if _is_at(path, lock.lockfile.fileno()):
            directory = atomic.open_directory(path.parent)
            if directory is None or _locked_directory(directory, end):
                return _Held(lock, directory)
            atomic.close(directory)
        lock.release()
        if time.monotonic() >= end:
            return None


def _locked_file(path: Path, timeout: float) -> "InterProcessLock | None":
    from fasteners.process_lock import InterProcessLock

    atomic.is_plain(path)
    lock = InterProcessLock(path)
    lock.logger.disabled = True  # it would print a traceback if the lock cannot be released
    try:
        if lock.acquire(delay=0.01, max_delay=0.01, timeout=timeout):
            return lock
    except RuntimeError as error:  # fasteners wraps the system's error in it
        said = os_text(error.__context__) if isinstance(error.__context__, OSError) else str(error)
        raise SystemRefused(f"'{path}' cannot be locked: {said}") from error
    # Not left to the garbage collector: on POSIX, closing any descriptor of a file releases the process's lock on it,
    # and another thread may hold the lock by then.
    if lock.lockfile is not None:
        lock.lockfile.close()
    return None


def _is_at(path: Path, descriptor: int) -> bool:
    """Whether an open file is the one that is now at a path."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.lstat())
    except FileNotFoundError:
        return False


def _locked_directory(directory: int, end: float) -> bool:
    """Lock an open directory; True also if the file system cannot lock directories, and only the file is locked."""
    import fcntl

    while True:
        try:
            fcntl.flock(directory, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= end:
                return False
            time.sleep(0.01)
        except OSError:
            return True
        else:
            return True


@contextmanager
def _held_by_thread(path: Path, timeout: float) -> Iterator[None]:
    """Exclude other threads of this process, which the lock between processes does not."""
    from threading import TIMEOUT_MAX, Lock

    lock = _IN_THIS_PROCESS.setdefault(os.path.realpath(path), Lock())
    if not lock.acquire(timeout=min(timeout, TIMEOUT_MAX)):
        raise _busy(path, timeout)
    try:
        yield
    finally:
        lock.release()


@contextmanager
def shared(directory: Path) -> Iterator[None]:
    """Add a hint to a PermissionError in a directory that a group shares; raises SystemRefused.

    Such a directory has the setgid bit. New files in it belong to the group, but with the usual umask of 022 only their
    owner may write to them.
    """
    try:
        yield
    except PermissionError as error:
        if not (directory.is_dir() and directory.stat().st_mode & stat.S_ISGID):
            raise
        from shlex import quote

        everything = f"chmod -R g+rwX {quote(str(directory))}"
        hint = Hint(f"let the group write, and set umask 002 for all who do: {everything}")
        raise SystemRefused(os_text(error), hint) from error


def _busy(path: Path, timeout: float) -> Busy:
    return Busy(
        f"another process has been writing to '{path.parent}' for {timeout:g} seconds",
        Hint("wait longer with MLALIAS_LOCK_TIMEOUT=60, or see who holds it: fuser -v " + str(path)),
    )
