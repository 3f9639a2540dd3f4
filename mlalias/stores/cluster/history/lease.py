"""The lease of a begun entry, which gives its writer the right to change aliases while it is renewed."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from mlalias.core.catalog import Change
from mlalias.errors import Conflict
from mlalias.stores.cluster.history.documents import Stored
from mlalias.stores.cluster.history.faults import lost, slow
from mlalias.stores.cluster.history.index import Index

SLACK = 2.0  # how many seconds a lease is longer than the timeout of a request
_FRESH = 1.0  # seconds: a younger lease is not renewed, as a request that is sent now ends before it


def seconds() -> float:
    """A clock for leases, which does not stop while a laptop sleeps.

    On Linux and macOS, `time.monotonic` does stop. CLOCK_BOOTTIME on Linux and CLOCK_MONOTONIC on macOS do not:
    https://man7.org/linux/man-pages/man2/clock_gettime.2.html, `man clock_gettime` on macOS
    """
    for name in ("CLOCK_BOOTTIME", "CLOCK_MONOTONIC"):
        clock = getattr(time, name, None)
        if clock is not None:
            return time.clock_gettime(clock)
    return time.monotonic()  # Windows


class Lease:
    """A begun entry of this process. Call `renew` right before each change that is sent for it."""

    def __init__(self, index: Index, stored: Stored, since: float) -> None:
        self._index = index
        self._since = since
        self.stored = stored

    def renew(self) -> None:
        """Make sure that the lease lasts longer than one request.

        Raises Conflict if another writer has closed the entry, Unreachable if renewing takes too long.
        """
        if self._age() < _FRESH:
            return
        since = seconds()
        try:
            self._replace(self.stored.source)
        except Conflict as failure:
            raise failure.but(f"nothing more was sent, as {failure.reason}") from None
        self._since = since
        if self._age() >= SLACK:  # a request that is sent now could outlast the lease
            raise slow(self._index.url)

    def close(self, state: str, changes: Sequence[Change]) -> None:
        """Record what was changed, which ends the lease; raises Conflict if another writer has closed the entry."""
        listed = [change._asdict() for change in sorted(changes)]
        self._replace({**self.stored.source, "state": state, "changes": listed})

    def _age(self) -> float:
        return seconds() - self._since

    def _replace(self, source: Mapping[str, Any]) -> None:
        stored = self._index.replace(self.stored, source)
        if stored is None:
            raise lost(self.stored.number)
        self.stored = stored
