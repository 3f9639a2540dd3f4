"""Reads, writes, syncs and replaces files so that a crash never leaves one half written."""

import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from mlalias.errors import Damaged, Hint
from mlalias.progress import Advance, unseen
from mlalias.text import LARGEST

_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
_NO_WAIT = getattr(os, "O_NONBLOCK", 0)
_BINARY = getattr(os, "O_BINARY", 0)
_SYNC_THREADS = 8
_SYNC_AT_ONCE = 50
_TEMPORARY = r"\..+\.toml\.\d+\.tmp"


def is_plain(path: Path) -> bool:
    """Whether there is a regular file, which is not opened; raises Damaged for anything else."""
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
    """Whether there is a directory; raises Damaged for anything else, including a link to a directory.

    A cloned catalog may contain a link to any directory, and files written there would be outside of the catalog.
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
    """The contents of a file, None if there is none; raises Damaged if it is not regular, or larger than `largest`."""
    if not is_plain(path):
        return None
    try:
        # The file may have been exchanged since: do not follow a link, and do not wait for the writer of a pipe.
        descriptor = os.open(path, os.O_RDONLY | _NO_LINK | _NO_WAIT | _BINARY)
    except FileNotFoundError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise Damaged(f"'{path}' is not a regular file")
        if largest is not None and status.st_size > largest:
            raise Damaged(f"'{path}' is larger than {largest >> 20} MiB")
        return file.read() if largest is None else file.read(largest + 1)


def last_line(path: Path) -> tuple[int, bytes]:
    """The offset and the bytes of the last line of a file; it is torn if it does not end in a newline."""
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
    """Whether the last line of a file lacks its newline; False if the file cannot be read."""
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
    """Append to a file and sync it; if it is new, also sync its directory."""
    new = not is_plain(path)
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | _NO_LINK | _BINARY, 0o666)
    _write_and_close(descriptor, data)
    if new:
        sync_directory(path.parent)


def temporary(path: Path, directory: Path) -> Path:
    """The path of this process's temporary file for a file of the catalog, at the top of the catalog.

    A comma replaces the slash, as no name contains one, so `models/aliases.toml` and `aliases.toml` differ.
    """
    name = path.relative_to(directory).as_posix().replace("/", ",")
    return directory / f".{name}.{os.getpid()}.tmp"


def leftovers(directory: Path) -> list[Path]:
    """The temporary files in a directory; for the holder of the lock, those of writers that died."""
    return sorted(Path(entry) for entry in os.scandir(directory) if re.fullmatch(_TEMPORARY, entry.name))


def write_new(path: Path, data: bytes, *, replaces: Path, sync: bool = True) -> None:
    """Write a file that must not exist yet, with the mode of the file that it will replace, if there is one."""
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


def draft_all(contents: Mapping[Path, bytes], directory: Path, advance: Advance = unseen) -> dict[Path, Path]:
    """Write and sync drafts with the new contents of files; returns each draft with the file that it will replace."""
    drafts = {temporary(path, directory): path for path in contents}
    count = len(drafts)
    try:
        for done, (draft, path) in enumerate(drafts.items(), 1):
            write_new(draft, contents[path], replaces=path, sync=count == 1)
            advance(done // 2, count)  # writing is the first half of the work on a file, syncing the second
        if count > 1:
            for done in _synced(list(drafts)):
                advance((count + done) // 2, count)
    except (OSError, KeyboardInterrupt):
        remove(drafts)
        raise
    return drafts


def replace_all(drafts: Mapping[Path, Path]) -> None:
    """Replace each file atomically by its draft, and sync their directories."""
    try:
        for draft, path in drafts.items():
            draft.replace(path)
    except OSError:
        remove(drafts)
        raise
    for parent in {path.parent for path in drafts.values()}:
        sync_directory(parent)


def remove(paths: Iterable[Path]) -> None:
    """Remove files, ignoring errors; the next writer removes the rest."""
    for path in paths:
        with suppress(OSError):
            path.unlink()


def open_directory(path: Path) -> int | None:
    """Open a directory to sync it later; None on systems that cannot open directories."""
    return os.open(path, os.O_RDONLY | os.O_DIRECTORY) if hasattr(os, "O_DIRECTORY") else None


def sync(descriptor: int | None) -> None:
    """Flush an open file or directory to disk."""
    if descriptor is not None:
        os.fsync(descriptor)


def close(descriptor: int | None) -> None:
    """Close a descriptor from `open_directory`; errors are ignored, as nothing was written through it."""
    if descriptor is not None:
        with suppress(OSError):
            os.close(descriptor)


def sync_directory(path: Path) -> None:
    """Flush the entries of a directory to disk."""
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
    """Sync files in several threads, so that the system can write them together; yields how many are done."""
    from concurrent.futures import ThreadPoolExecutor

    def sync_files(begin: int) -> int:
        for path in paths[begin : begin + _SYNC_AT_ONCE]:
            _write_and_close(os.open(path, os.O_WRONLY | _BINARY), b"")
        return min(begin + _SYNC_AT_ONCE, len(paths))

    with ThreadPoolExecutor(_SYNC_THREADS) as pool:
        yield from pool.map(sync_files, range(0, len(paths), _SYNC_AT_ONCE))
