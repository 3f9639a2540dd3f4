"""A cache of the table of aliases, for readers that read it often."""

import time
from pathlib import Path
from typing import NamedTuple

from mlalias.stores.directory import atomic
from mlalias.stores.directory.contents import AliasFile, parse_table

Stamp = tuple[int, ...]
_SETTLED = 2_000_000_000  # nanoseconds: no file system's clock is coarser


class _Known(NamedTuple):
    """What was read; `stamp` is None if the file had changed too recently for the stamp to be reliable."""

    data: bytes
    table: AliasFile
    stamp: Stamp | None


class CurrentTable:
    """`aliases.toml`, read again only if the file has changed, and parsed again only if its bytes have.

    A change replaces the file, so its inode and its times are new. But inodes are reused soon, and two changes within
    one tick of the file system's clock have the same time. So the stamp of a file is used only if the file was read
    some time after its last change (https://git-scm.com/docs/racy-git); until then its bytes are compared. Threads may
    share an instance, as the cached value is replaced as a whole.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: _Known | None = None

    def read(self) -> AliasFile | None:
        """The table, None if there is none; raises Damaged."""
        known = self._known
        stamp, settled = self._stamp()  # before the bytes, so that a change in between is noticed by the next read
        if known and stamp and known.stamp == stamp:
            return known.table
        data = atomic.read(self._path)
        if data is None:
            return None
        table = known.table if known and known.data == data else parse_table(data, self._path)
        self._known = _Known(data, table, stamp if settled else None)
        return table

    def _stamp(self) -> tuple[Stamp | None, bool]:
        """The stamp of the file, and whether its last change is long enough ago for the stamp to be reliable."""
        try:
            stat = self._path.lstat()
        except FileNotFoundError:
            return None, False
        changed = max(stat.st_mtime_ns, stat.st_ctime_ns)
        stamp = (stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)
        return stamp, time.time_ns() - changed > _SETTLED
