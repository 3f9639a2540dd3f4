"""Files that are whole at every instant: lock, sync, replace."""

import os
import re
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from mlalias.errors import Busy, Damaged, Hint, SystemRefused, os_text
from mlalias.progress import Advance, unseen
from mlalias.text import LARGEST

if TYPE_CHECKING:
    from threading import Lock

    from fasteners.process_lock import InterProcessLock

_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
_NO_WAIT = getattr(os, "O_NONBLOCK", 0)
_BINARY = getattr(os, "O_BINARY", 0)
_SYNC_THREADS = 8
_SYNC_AT_ONCE = 50
_TEMPORARY = re.compile(r"\..+\.toml\.\d+\.tmp")
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
        close(self._directory)
        with suppress(RuntimeError, OSError):
            self._lock.release()


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
            directory = open_directory(path.parent)
            if directory is None or _locked_directory(directory, end):
                return _Held(lock, directory)
            close(directory)
        lock.release()
        if time.monotonic() >= end:
            return None


def _locked_file(path: Path, timeout: float) -> "InterProcessLock | None":
    from fasteners.process_lock import InterProcessLock

    is_plain(path)
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


def is_plain(path: Path) -> bool:
    """Tell whether a regular file is there; raises Damaged for anything else, without opening it."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return False
    if stat.S_ISREG(mode):
        return True
    from shlex import quote

    kind = "a symbolic link" if stat.S_ISLNK(mode) else "not a regular file"
    hint = Hint(f"put a file in its place; only the whole catalog may be a link: ls -l {quote(str(path))}")
    raise Damaged(f"'{path}' is {kind}", hint)


def is_directory(path: Path) -> bool:
    """Tell whether a directory is there; raises Damaged for anything else, a link to a directory included.

    A catalog that was cloned may hold a link to anywhere, and what is written there would be outside of the catalog.
    """
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return False
    if stat.S_ISDIR(mode):
        return True
    from shlex import quote

    kind = "a symbolic link" if stat.S_ISLNK(mode) else "not a directory"
    hint = Hint(f"put a directory in its place; only the whole catalog may be a link: ls -l {quote(str(path))}")
    raise Damaged(f"'{path}' is {kind}", hint)


def read(path: Path, largest: int | None = LARGEST) -> bytes | None:
    """A file of the catalog, None if there is none; raises Damaged if it is no plain file or larger than `largest`."""
    if not is_plain(path):
        return None
    try:
        # It may be another file by now: neither a link nor a pipe without a writer must be waited for.
        descriptor = os.open(path, os.O_RDONLY | _NO_LINK | _NO_WAIT | _BINARY)
    except FileNotFoundError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise Damaged(f"'{path}' is not a regular file")
        if largest is not None and found.st_size > largest:
            raise Damaged(f"'{path}' is larger than {largest >> 20} MiB")
        return file.read() if largest is None else file.read(largest + 1)


def last_line(path: Path) -> tuple[int, bytes]:
    """The last line of a file, and where it begins; it is torn if it does not end in a newline."""
    size = path.stat().st_size
    with path.open("rb") as file:
        tail = b""
        start, width = size, 4096
        while start and b"\n" not in tail[:-1]:
            width *= 2
            start = max(0, size - width)
            file.seek(start)
            tail = file.read(size - start)
    line = tail[tail.rfind(b"\n", 0, -1) + 1 :]
    return size - len(line), line


def torn(path: Path) -> bool:
    """Whether the last line of a file has no end."""
    try:
        return is_plain(path) and not last_line(path)[1].endswith(b"\n") and path.stat().st_size > 0
    except (Damaged, OSError):
        return False


def cut_last_line(path: Path) -> None:
    """Remove the last line, and sync the file."""
    truncate(path, last_line(path)[0])


def truncate(path: Path, size: int) -> None:
    """Cut a file, and sync it."""
    with path.open("rb+") as file:
        file.truncate(size)
        os.fsync(file.fileno())


def append(path: Path, data: bytes) -> None:
    """Append to a file and sync it; a new one is synced into its directory, too."""
    new = not is_plain(path)
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | _NO_LINK | _BINARY, 0o666)
    _write_and_close(descriptor, data)
    if new:
        sync_directory(path.parent)


def temporary(path: Path, directory: Path) -> Path:
    """The temporary file of this process for a file of the catalog; it waits at the top of the catalog.

    A comma stands for the slash, as no name has one: `models/aliases.toml` is not `aliases.toml`.
    """
    name = path.relative_to(directory).as_posix().replace("/", ",")
    return directory / f".{name}.{os.getpid()}.tmp"


def leftovers(directory: Path) -> list[Path]:
    """Temporary files: while the lock is held, those of writers that died."""
    return sorted(Path(entry) for entry in os.scandir(directory) if _TEMPORARY.fullmatch(entry.name))


def write_new(path: Path, data: bytes, *, replaces: Path, sync: bool = True) -> None:
    """Write a file that must not be there yet, with the mode of the file that it will replace, if there is one."""
    mode = _mode(replaces)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_LINK | _BINARY, 0o666)
    try:
        if mode is not None and hasattr(os, "fchmod"):
            os.fchmod(descriptor, mode)
    except OSError:
        os.close(descriptor)
        raise
    _write_and_close(descriptor, data, sync=sync)


def _mode(path: Path) -> int | None:
    try:
        return stat.S_IMODE(path.lstat().st_mode)
    except FileNotFoundError:
        return None


def replace_all(contents: Mapping[Path, bytes], directory: Path, advance: Advance = unseen) -> None:
    """Replace files, each at once: write all, sync all, rename all, sync their directories."""
    waiting = {temporary(path, directory): path for path in contents}
    steps = 2 * len(waiting)
    try:
        for done, (draft, path) in enumerate(waiting.items(), 1):
            write_new(draft, contents[path], replaces=path, sync=len(waiting) == 1)
            advance(done, steps)
        if len(waiting) > 1:
            for done in _synced(list(waiting)):
                advance(len(waiting) + done, steps)
        for draft, path in waiting.items():
            draft.replace(path)
    except OSError:
        remove(waiting)
        raise
    for parent in {path.parent for path in contents}:
        sync_directory(parent)


def remove(paths: Iterable[Path]) -> None:
    """Remove files as far as possible; the next writer removes the rest."""
    for path in paths:
        with suppress(OSError):
            path.unlink()


def open_directory(path: Path) -> int | None:
    """Open a directory for a later sync; None where the system knows no such thing."""
    return os.open(path, os.O_RDONLY | os.O_DIRECTORY) if hasattr(os, "O_DIRECTORY") else None


def sync(descriptor: int | None) -> None:
    """Flush what a descriptor is open on to disk."""
    if descriptor is not None:
        os.fsync(descriptor)


def close(descriptor: int | None) -> None:
    """Close a descriptor that `open_directory` gave; nothing was written through it that a failure could lose."""
    if descriptor is not None:
        with suppress(OSError):
            os.close(descriptor)


def sync_directory(path: Path) -> None:
    """Flush the names in a directory to disk."""
    descriptor = open_directory(path)
    try:
        sync(descriptor)
    finally:
        close(descriptor)


def _write_and_close(descriptor: int, data: bytes, *, sync: bool = True) -> None:
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        if sync:
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _synced(paths: Sequence[Path]) -> Iterator[int]:
    """Sync many files from a few threads, so that the system can write them together; gives how many are done."""
    from concurrent.futures import ThreadPoolExecutor

    def sync_files(begin: int) -> int:
        for path in paths[begin : begin + _SYNC_AT_ONCE]:
            _write_and_close(os.open(path, os.O_WRONLY | _BINARY), b"")
        return min(begin + _SYNC_AT_ONCE, len(paths))

    with ThreadPoolExecutor(_SYNC_THREADS) as pool:
        yield from pool.map(sync_files, range(0, len(paths), _SYNC_AT_ONCE))
