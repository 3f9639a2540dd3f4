"""The lock that a writer holds: between processes, between threads, and whatever becomes of the lock file."""

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
if hasattr(os, "register_at_fork"):  # a child has no thread that would give back what another one holds here
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
    """The lock file, and the directory that it is in, both locked by this process."""

    def __init__(self, lock: "InterProcessLock", directory: int | None) -> None:
        self._lock = lock
        self._directory = directory

    def release(self) -> None:
        """Free both; what cannot be freed the system frees when this process ends."""
        if self._directory is not None:
            _unlock(self._directory)
        with suppress(RuntimeError, OSError):
            self._lock.release()


def _unlock(directory: int) -> None:
    """Free a locked directory: a child may have inherited its descriptor, which keeps the lock if it is only closed."""
    import fcntl

    with suppress(OSError):
        fcntl.flock(directory, fcntl.LOCK_UN)
    atomic.close(directory)


def _acquired(path: Path, timeout: float) -> _Held | None:
    """Try for some seconds; raises SystemRefused where the file system cannot lock.

    Somebody may remove the lock file while it is held. Who waits for it then gets a lock on a file without a name,
    and so looks whether it is still the one that is there. Who comes later makes a new file, while the first holder
    is at work: so the directory is locked, too, which is the same for all of them.
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
    lock.logger.disabled = True  # it would print a traceback where the lock cannot be freed
    try:
        if lock.acquire(delay=0.01, max_delay=0.01, timeout=timeout):
            return lock
    except RuntimeError as error:  # in which fasteners wraps what the system said
        said = os_text(error.__context__) if isinstance(error.__context__, OSError) else str(error)
        raise SystemRefused(f"'{path}' cannot be locked: {said}") from error
    # Not left to the garbage collector: on POSIX the lock of a process goes with any descriptor of the file that the
    # process closes, and another thread may have it by then.
    if lock.lockfile is not None:
        lock.lockfile.close()
    return None


def _is_at(path: Path, descriptor: int) -> bool:
    """Whether an open file is the one that has a name now."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.lstat())
    except FileNotFoundError:
        return False


def _locked_directory(directory: int, end: float) -> bool:
    """Lock an open directory, which closing it frees; where the file system knows no such lock, the file has to do."""
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
    """Hold what the lock between processes does not exclude: another thread of this one."""
    from threading import TIMEOUT_MAX, Lock

    turn = _IN_THIS_PROCESS.setdefault(os.path.realpath(path), Lock())
    if not turn.acquire(timeout=min(timeout, TIMEOUT_MAX)):
        raise _busy(path, timeout)
    try:
        yield
    finally:
        turn.release()


@contextmanager
def shared(directory: Path) -> Iterator[None]:
    """Say what to do where somebody else's file in a directory of a group is not for the group to write.

    Such a directory has the setgid bit; what its members write there has its group, but by a usual umask of 022 only
    the owner may write to it.
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
