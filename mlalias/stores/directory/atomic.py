"""Files that are whole at every instant: lock, sync, replace."""

import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from mlalias.errors import Busy, Damaged, Hint, SystemRefused, os_text
from mlalias.inputs import LARGEST
from mlalias.progress import Advance, unseen

if TYPE_CHECKING:
    from threading import Lock

    from fasteners.process_lock import InterProcessLock

_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
_BINARY = getattr(os, "O_BINARY", 0)
_SYNC_THREADS = 8
_SYNC_AT_ONCE = 50
_TEMPORARY = re.compile(r"\..+\.toml\.\d+\.tmp")
_IN_THIS_PROCESS: dict[str, "Lock"] = {}


@contextmanager
def locked(path: Path, timeout: float, on_wait: Callable[[], None]) -> Iterator[None]:
    """Hold the lock between threads and processes; `on_wait` is called after a second of waiting.

    Raises Busy after `timeout` seconds. The system frees the lock of a process that dies.
    """
    from fasteners.process_lock import InterProcessLock

    is_plain(path)
    lock = InterProcessLock(path)
    lock.logger.disabled = True  # it would print a traceback where the lock cannot be freed
    first = min(1.0, timeout)
    with _held_by_thread(path, timeout):
        if not _acquired(lock, first):
            if timeout > first:
                on_wait()
            if timeout <= first or not _acquired(lock, timeout - first):
                raise _busy(path, timeout)
        try:
            yield
        finally:
            with suppress(RuntimeError, OSError):  # then the system frees it when this process ends
                lock.release()


def _acquired(lock: "InterProcessLock", timeout: float) -> bool:
    """Try for some seconds; raises SystemRefused where the file system cannot lock."""
    try:
        return bool(lock.acquire(delay=0.01, max_delay=0.01, timeout=timeout))
    except RuntimeError as error:  # in which fasteners wraps what the system said
        said = os_text(error.__context__) if isinstance(error.__context__, OSError) else str(error)
        raise SystemRefused(f"'{os.fsdecode(lock.path)}' cannot be locked: {said}") from error


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


def read(path: Path, largest: int | None = LARGEST) -> bytes | None:
    """A file of the catalog, None if there is none; raises Damaged if it is no plain file or larger than `largest`."""
    if not is_plain(path):
        return None
    try:
        with path.open("rb") as file:
            if largest is not None and os.fstat(file.fileno()).st_size > largest:
                raise Damaged(f"'{path}' is larger than {largest >> 20} MiB")
            return file.read()
    except FileNotFoundError:
        return None


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
    """Take the last line away, and sync the file."""
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


def write_new(path: Path, data: bytes, *, sync: bool = True) -> None:
    """Write a file that must not be there yet."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_LINK | _BINARY, 0o666)
    _write_and_close(descriptor, data, sync=sync)


def draft_all(contents: Mapping[Path, bytes], directory: Path, advance: Advance = unseen) -> dict[Path, Path]:
    """Write and sync the new contents of files; give the drafts, each with the file that it is to replace."""
    drafts = {temporary(path, directory): path for path in contents}
    count = len(drafts)
    try:
        for done, (draft, path) in enumerate(drafts.items(), 1):
            write_new(draft, contents[path], sync=count == 1)
            advance(done // 2, count)  # writing is the first half of the work on a file, syncing the second
        if count > 1:
            for done in _synced(list(drafts)):
                advance((count + done) // 2, count)
    except (OSError, KeyboardInterrupt):
        remove(drafts)
        raise
    return drafts


def replace_all(drafts: Mapping[Path, Path]) -> None:
    """Replace files by their drafts, each at once, and sync their directories."""
    try:
        for draft, path in drafts.items():
            draft.replace(path)
    except OSError:
        remove(drafts)
        raise
    for parent in {path.parent for path in drafts.values()}:
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
    """Make what a descriptor stands for last."""
    if descriptor is not None:
        os.fsync(descriptor)


def close(descriptor: int | None) -> None:
    """Close a descriptor that `open_directory` gave; nothing was written through it that a failure could lose."""
    if descriptor is not None:
        with suppress(OSError):
            os.close(descriptor)


def sync_directory(path: Path) -> None:
    """Make the names in a directory last."""
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
