"""The right to change aliases, for as long as a begun entry is renewed."""

import time
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from mlalias.core.catalog import Change
from mlalias.errors import Conflict, Hint
from mlalias.stores.cluster.history.documents import Stored

SLACK = 2.0  # how many seconds a lease lasts beyond the time-out of a request
_FRESH = 1.0  # a lease this young is not renewed: what is sent within it ends before the lease does


class Documents(Protocol):
    """What a lease needs of the log."""

    def replace(self, stored: Stored, source: Mapping[str, Any]) -> Stored | None:
        """Replace a document unless it was changed since it was read; None if it was."""


def seconds() -> float:
    """A clock for leases. It goes on while a laptop sleeps, which Python's monotonic clock does not on Linux."""
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot is None else time.clock_gettime(boot)


class Lease:
    """A begun entry of ours. Nothing may be sent for it unless `renew` has just been called."""

    def __init__(self, log: Documents, stored: Stored, since: float) -> None:
        self._log = log
        self.stored = stored
        self._since = since

    def renew(self) -> None:
        """Make sure that the lease outlasts one request; raises Conflict if another mlalias has closed the entry."""
        if seconds() - self._since < _FRESH:
            return
        since = seconds()
        renewed = self._log.replace(self.stored, self.stored.source)
        if renewed is None:
            raise self._lost()
        self.stored, self._since = renewed, since

    def close(self, state: str, changes: Sequence[Change]) -> None:
        """Say what was changed, and end the lease; raises Conflict if another mlalias has closed the entry."""
        listed = [change._asdict() for change in sorted(changes)]
        source = {**self.stored.source, "state": state, "changes": listed}
        if self._log.replace(self.stored, source) is None:
            raise self._lost()

    def release(self) -> None:
        """Leave the entry begun, for the next writer to close as seen, without the wait for a whole lease."""
        self._log.replace(self.stored, {**self.stored.source, "lease": SLACK})

    def _lost(self) -> Conflict:
        return Conflict(
            f"another mlalias took this one for lost, and closed revision {self.stored.revision} of the history",
            Hint("see what it says", ("history",)),
            rule="lease_lost",
        )
