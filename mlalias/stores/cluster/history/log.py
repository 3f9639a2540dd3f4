"""Reads and writes the documents of one cluster's history.

What an index does with a document is Elasticsearch's optimistic concurrency control:
https://www.elastic.co/docs/reference/elasticsearch/rest-apis/optimistic-concurrency-control
"""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mlalias.core.catalog import Entry
from mlalias.core.history import to_record
from mlalias.environment import LOCK_TIMEOUT
from mlalias.errors import Unreachable
from mlalias.stores.cluster.connection import Answer, Connection
from mlalias.stores.cluster.history.documents import FORMAT, Stored, entry_of, stored
from mlalias.stores.cluster.history.faults import ALIAS, busy, failure, not_ours
from mlalias.stores.cluster.history.lease import SLACK, Lease, seconds

_CHUNK = 100
_POLL = 0.25
_BAD_REQUEST, _NOT_FOUND, _CONFLICT = 400, 404, 409


class Log:
    """The entries of one cluster. `say` is told once that another writer is being waited for."""

    def __init__(self, connection: Connection, say: Callable[[str], None] = lambda _: None) -> None:
        self._connection = connection
        self._say = say

    # --- reading ---

    def newest(self) -> Stored | None:
        """The newest document, None where the cluster keeps no history; raises Unreachable, Damaged, Conflict.

        A search gives the first guess. It may be behind: a search sees a document only after a refresh, which an index
        can even turn off. So what the guess does not settle is asked for by id, which is always up to date.
        """
        guess = self._search()
        if guess is None:
            return None
        if guess.state == "begun":
            return self.after(guess.revision - 1) or guess
        return guess

    def _search(self) -> Stored | None:
        """The newest document that a search sees, else the newest of all by id."""
        body = {
            "size": 1,
            "sort": [{"revision": {"order": "desc", "unmapped_type": "long"}}],
            "seq_no_primary_term": True,
        }
        answer = self._ask("POST", (ALIAS, "_search"), {}, body)
        if answer.status == _NOT_FOUND or _has_no_indices(answer):
            return None
        self._check(answer)
        hits = answer.document.get("hits", {}).get("hits", [])
        if hits and answer.document.get("_shards", {}).get("total", 1) == 1:
            return stored(hits[0])
        owner = self._get(0)  # a search that sees nothing, or that sees more than one index
        return self.after(0) or owner

    def after(self, revision: int) -> Stored | None:
        """The newest document after a revision, by ids; None if there is none."""
        newest = None
        while True:
            last = revision + _CHUNK
            documents = self._get_many(range(revision + 1, last + 1))
            newest = documents[-1] if documents else newest
            if newest is None or newest.revision < last:
                return newest
            revision = last

    def _get(self, revision: int) -> Stored:
        """One document, up to date; raises Conflict if the index is not ours, or `init` did not end."""
        answer = self._ask("GET", (ALIAS, "_doc", str(revision)), {})
        if answer.status == _NOT_FOUND and "found" in answer.document:
            raise not_ours("has no document that says so")
        self._check(answer)
        return stored(answer.document)

    def _get_many(self, revisions: Sequence[int]) -> list[Stored]:
        """Documents by id, up to date; those that do not exist are left out."""
        answer = self._ask("POST", (ALIAS, "_mget"), {}, {"ids": [str(revision) for revision in revisions]})
        self._check(answer)
        documents = answer.document["docs"]
        broken = next((document["error"] for document in documents if "error" in document), None)
        if broken:  # a shard that is not there is an error within a 200
            raise Unreachable(f"the history of {self._connection.url} cannot be read: {broken.get('reason', broken)}")
        return [stored(document) for document in documents if document.get("found")]

    def page(self, first: int, last: int) -> list[Entry]:
        """The entries from one revision to another, newest first; raises Damaged for one that somebody edited."""
        documents = self._get_many(range(first, last + 1))
        return [entry_of(each) for each in reversed(documents) if each.state != "void"]

    # --- writing ---

    def begin(self, newest: Stored, entry: Entry) -> Lease | None:
        """Begin an entry after the newest document, None if another writer was first; raises before any change.

        A void entry is written over: nothing was changed under its revision.
        """
        since = seconds()
        source = {"format": FORMAT, **to_record(entry), "state": "begun", "lease": self._connection.timeout + SLACK}
        if newest.state == "void":
            stored = self.replace(newest, source | {"revision": newest.revision})
        else:
            stored = self._create(newest.revision + 1, source)
        return stored and Lease(self, stored, since)

    def free(self, newest: Stored, targets: Callable[[str], str | None]) -> Stored:
        """Wait until no writer holds the newest entry; `targets` gives what an alias names now. Raises Busy.

        An entry that stands unchanged for its whole lease, by our own clock, has lost its writer: it is closed here
        with the changes that are seen to be made.
        """
        begun = unchanged_since = seconds()
        told = False
        while newest.state == "begun":
            now = seconds()
            if now - unchanged_since >= newest.lease:
                return self._close_as_seen(newest, targets)
            if now - begun >= max(LOCK_TIMEOUT.read(), newest.lease):
                raise busy(self._connection.url, newest.source.get("actor", "another mlalias"), newest.revision)
            if not told and now - begun >= 1:
                self._say(f"waiting for another mlalias that is changing aliases on {self._connection.url} ...")
                told = True
            time.sleep(_POLL)
            current = self.after(newest.revision - 1) or newest
            if current.seq_no != newest.seq_no:
                unchanged_since = seconds()
            newest = current
        return newest

    def _close_as_seen(self, lost: Stored, targets: Callable[[str], str | None]) -> Stored:
        planned = entry_of(lost).changes
        made = [change._asdict() for change in planned if targets(change.model_alias) == change.model_id]
        more = {**lost.source.get("more", {}), "planned": [change._asdict() for change in planned]}
        source = {**lost.source, "state": "seen" if made else "void", "changes": made, "more": more}
        return self.replace(lost, source) or self.after(lost.revision - 1) or lost

    def _create(self, revision: int, source: Mapping[str, Any]) -> Stored | None:
        source = {**source, "revision": revision}
        answer = self._write(("_create", str(revision)), {}, source)
        return None if answer.status == _CONFLICT else _written(answer, revision, source)

    def replace(self, stored: Stored, source: Mapping[str, Any]) -> Stored | None:
        """Replace a document unless it was changed since it was read; None if it was."""
        unchanged = {"if_seq_no": stored.seq_no, "if_primary_term": stored.primary_term}
        answer = self._write(("_doc", str(stored.revision)), unchanged, source)
        return None if answer.status == _CONFLICT else _written(answer, stored.revision, source)

    def _write(self, path: Sequence[str], parameters: Mapping[str, str | int], source: Mapping[str, Any]) -> Answer:
        # require_alias: a history that was deleted must not come back as a lax index, which even a refused write makes.
        # timeout: a lost primary is then a definite 503 within our own time-out; by default a server waits a minute.
        wait = f"{max(1, int((self._connection.timeout - 1) * 1000))}ms"
        parameters = {**parameters, "require_alias": "true", "timeout": wait}
        answer = self._ask("PUT", (ALIAS, *path), parameters, source)
        if answer.status != _CONFLICT:
            self._check(answer)
        return answer

    # --- answers ---

    def _ask(
        self,
        method: str,
        path: Sequence[str],
        parameters: Mapping[str, str | int],
        body: Mapping[str, Any] | None = None,
    ) -> Answer:
        return self._connection.ask(method, path, parameters, body)

    def _check(self, answer: Answer) -> None:
        """Raise what an answer that is none of the expected ones means."""
        if answer.status >= _BAD_REQUEST:
            raise failure(self._connection.url, answer)


def _written(answer: Answer, revision: int, source: Mapping[str, Any]) -> Stored:
    return Stored(revision, answer.document["_seq_no"], answer.document["_primary_term"], source)


def _has_no_indices(answer: Answer) -> bool:
    """Whether there are no indices at all, as behind `mlalias serve`: the path is unknown, a plain string says so."""
    return answer.status == _BAD_REQUEST and isinstance(answer.document.get("error"), str)
