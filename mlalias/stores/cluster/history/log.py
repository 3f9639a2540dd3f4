"""Finds the newest entry of a cluster's history, and begins the next one when no other writer is at work."""

import time
from collections.abc import Callable, Iterator
from typing import Any

from mlalias.core.catalog import Entry
from mlalias.core.history import to_record
from mlalias.environment import LOCK_TIMEOUT
from mlalias.stores.cluster.connection import Connection
from mlalias.stores.cluster.history.documents import FORMAT, Stored, entry_of
from mlalias.stores.cluster.history.faults import busy, deleted_entry
from mlalias.stores.cluster.history.index import Index
from mlalias.stores.cluster.history.lease import SLACK, Lease, seconds

_CHUNK = 100
_POLL = 0.25  # seconds
Targets = Callable[[str], str | None]


class Log:
    """The history of one cluster. `say` is called with a message after a second of waiting for another writer."""

    def __init__(self, connection: Connection, say: Callable[[str], None] = lambda _: None) -> None:
        self._index = Index(connection)
        self._say = say

    # --- reading ---

    def newest(self) -> Stored | None:
        """The newest document, None if the cluster keeps no history; raises Unreachable, Damaged, Conflict.

        The search may be out of date. If it misses entries, `begin` notices that the next entry exists already. A begun
        entry may have been closed since, so it is read again by number, which is always up to date.
        """
        hits = self._index.search()
        if hits is None:
            return None
        if not hits:
            return self.after(-1) or self._index.get(0)
        return self.again(hits[0]) if hits[0].state == "begun" else hits[0]

    def again(self, newest: Stored) -> Stored:
        """The newest document now, given one that was the newest before."""
        return self.after(newest.number - 1) or newest

    def overtaking(self, newest: Stored) -> Stored:
        """The newest document now, after another writer has begun an entry; raises Conflict if there is none."""
        current = self.again(newest)
        if current.version == newest.version:  # an index remembers a deleted document for a minute
            raise deleted_entry(newest.number + 1)
        return current

    def after(self, number: int) -> Stored | None:
        """The newest document with a higher number; None if there is none."""
        newest = None
        while True:
            last = number + _CHUNK
            documents = self._index.get_many(range(number + 1, last + 1))
            newest = documents[-1] if documents else newest
            if newest is None or newest.number < last:
                return newest
            number = last

    def page(self, first: int, last: int) -> list[Entry]:
        """The entries from revision `first` to `last`, newest first; raises Damaged if somebody edited one."""
        documents = self._index.get_many(range(first, last + 1))
        return [entry_of(each) for each in reversed(documents) if each.state != "void"]

    # --- writing ---

    def begin(self, newest: Stored, entry: Entry) -> Lease | None:
        """Begin an entry after the newest document; None if another writer was first.

        A void entry is overwritten, as nothing was changed under its revision.
        """
        since = seconds()
        source = {
            "format": FORMAT,
            **_storable(to_record(entry)),
            "state": "begun",
            "lease": self._index.timeout + SLACK,
        }
        if newest.state == "void":
            stored = self._index.replace(newest, source | {"revision": newest.number})
        else:
            stored = self._index.create(newest.number + 1, source)
        return stored and Lease(self._index, stored, since)

    def free(self, newest: Stored, targets: Targets) -> Stored:
        """Wait until the newest entry is closed; `targets` returns what an alias names now. Raises Busy.

        If an entry has not changed for its whole lease, by our own clock, its writer is considered lost, and the entry
        is closed here with those of its changes that the aliases now show.
        """
        start = unchanged_since = seconds()
        waits = self._waits()
        while newest.state == "begun":
            now = seconds()
            if now - unchanged_since >= newest.lease:
                current = self._close_as_seen(newest, targets)
            elif now - start >= max(LOCK_TIMEOUT.read(), newest.lease):
                raise busy(self._index.url, newest.source.get("actor", "another mlalias"), newest.number)
            else:
                next(waits)
                current = self.again(newest)
            if current.version != newest.version:
                newest, unchanged_since = current, seconds()
        return newest

    def _waits(self) -> Iterator[None]:
        """Wait a little at each step, with a message after a second."""
        start, said = seconds(), False
        while True:
            time.sleep(_POLL)
            if not said and seconds() - start >= 1:
                self._say(f"waiting for another mlalias that is changing aliases on {self._index.url} ...")
                said = True
            yield

    def _close_as_seen(self, lost: Stored, targets: Targets) -> Stored:
        planned = entry_of(lost).changes
        made = [change._asdict() for change in planned if targets(change.model_alias) == change.model_id]
        more = {**lost.source.get("more", {}), "planned": [change._asdict() for change in planned]}
        source = {**lost.source, "state": "seen" if made else "void", "changes": made, "more": more}
        return self._index.replace(lost, source) or self.again(lost)


def _storable(record: dict[str, Any]) -> dict[str, Any]:
    """The record with lone surrogates escaped, which stand for bytes of arguments that are not UTF-8."""
    texts = {key: value for key, value in record.items() if isinstance(value, str)}
    return record | {key: value.encode(errors="backslashreplace").decode() for key, value in texts.items()}
