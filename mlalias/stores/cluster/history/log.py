"""The entries of one cluster's history: which is the newest, and whose turn it is to make the next one."""

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
    """The entries of one cluster. `say` is called with a line once another writer has been waited for a second."""

    def __init__(self, connection: Connection, say: Callable[[str], None] = lambda _: None) -> None:
        self._index = Index(connection)
        self._say = say

    # --- reading ---

    def newest(self) -> Stored | None:
        """The newest document, None where the cluster keeps no history; raises Unreachable, Damaged, Conflict.

        A search gives the first guess. It may be behind, and then the entry after it is there already: whoever begins
        an entry finds out. What is begun may have been closed since, and so is asked for by number, which is always up
        to date.
        """
        hits = self._index.search()
        if hits is None:
            return None
        if not hits:
            return self.after(-1) or self._index.get(0)
        return self.again(hits[0]) if hits[0].state == "begun" else hits[0]

    def again(self, newest: Stored) -> Stored:
        """The newest document now, after what was the newest."""
        return self.after(newest.number - 1) or newest

    def overtaking(self, newest: Stored) -> Stored:
        """The newest document now, where another writer has begun an entry after what was the newest."""
        current = self.again(newest)
        if current.version == newest.version:  # an index remembers a deleted document for a minute
            raise deleted_entry(newest.number + 1)
        return current

    def after(self, number: int) -> Stored | None:
        """The newest document after one, by number; None if there is none."""
        newest = None
        while True:
            last = number + _CHUNK
            documents = self._index.get_many(range(number + 1, last + 1))
            newest = documents[-1] if documents else newest
            if newest is None or newest.number < last:
                return newest
            number = last

    def page(self, first: int, last: int) -> list[Entry]:
        """The entries from one revision to another, newest first; raises Damaged for one that somebody edited."""
        documents = self._index.get_many(range(first, last + 1))
        return [entry_of(each) for each in reversed(documents) if each.state != "void"]

    # --- writing ---

    def begin(self, newest: Stored, entry: Entry) -> Lease | None:
        """Begin an entry after the newest document, None if another writer was first; raises before any change.

        A void entry is written over: nothing was changed under its revision.
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
        """Wait until no writer holds the newest entry; `targets` gives what an alias names now. Raises Busy.

        An entry that stands unchanged for its whole lease, by our own clock, has lost its writer: it is closed here
        with the changes that are seen to be made.
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
        """Wait a little at each step, and say so after a second."""
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
    """A record whose texts are UTF-8; bytes of an argument that are not come from Python as lone surrogates."""
    texts = {key: value for key, value in record.items() if isinstance(value, str)}
    return record | {key: value.encode(errors="backslashreplace").decode() for key, value in texts.items()}
