"""Requests to the index of a history.

Documents are replaced under Elasticsearch's optimistic concurrency control:
https://www.elastic.co/docs/reference/elasticsearch/rest-apis/optimistic-concurrency-control
"""

from collections.abc import Mapping, Sequence
from typing import Any

from mlalias.errors import Failure, Unreachable
from mlalias.stores.cluster.connection import Answer, Connection, Parameters, Request
from mlalias.stores.cluster.history.documents import Stored, stored
from mlalias.stores.cluster.history.faults import ALIAS, deleted, failure, incomplete, not_ours

_BAD_REQUEST, _NOT_FOUND, _CONFLICT = 400, 404, 409
# A search without a body is a GET, which also passes a proxy that allows only reads.
_NEWEST = {"size": "1", "sort": "revision:desc", "seq_no_primary_term": "true"}


class Index:
    """The documents of one cluster's history, by number; all requests go to the alias."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.url = connection.url
        self.timeout = connection.timeout

    # --- reading ---

    def search(self) -> Sequence[Stored] | None:
        """The newest document that a search returns, if any; None if nothing has the name of the history.

        A search sees a document only after a refresh, and an index may have refreshes turned off.
        """
        answer = self._read(Request("GET", (ALIAS, "_search"), _NEWEST))
        if answer.status == _NOT_FOUND or _has_no_indices(answer):
            return None
        self._check(answer)
        if answer.document.get("_shards", {}).get("total", 1) != 1:
            self.get(0)  # fails if the alias points to two indices, but not if its index has several shards
        return [stored(hit) for hit in answer.document.get("hits", {}).get("hits", [])]

    def get(self, number: int) -> Stored:
        """One document, up to date; raises Conflict if there is no history of mlalias."""
        answer = self._read(Request("GET", (ALIAS, "_doc", str(number))))
        if answer.status == _NOT_FOUND and "found" in answer.document:
            raise incomplete()
        self._check(answer)
        return stored(answer.document)

    def get_many(self, numbers: Sequence[int]) -> list[Stored]:
        """Documents by number, up to date; those that do not exist are left out."""
        answer = self._read(Request("POST", (ALIAS, "_mget"), {}, {"ids": [str(number) for number in numbers]}))
        self._check(answer)
        documents = answer.document["docs"]
        error = next((document["error"] for document in documents if "error" in document), None)
        if error:  # an unavailable shard is an error within an answer of status 200
            raise Unreachable(f"the history of {self.url} cannot be read: {error.get('reason') or error}")
        return [stored(document) for document in documents if document.get("found")]

    def _read(self, request: Request) -> Answer:
        return self._connection.ask(request, repeats=True)

    # --- writing ---

    def create(self, number: int, source: Mapping[str, Any]) -> Stored | None:
        """Create a document; None if there is already one with that number.

        An external version of 1 creates it only if there is none, as `op_type=create` does. But `op_type=create` needs
        only the privilege `create_doc`, with which a key could begin an entry and then not close it.
        https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-index
        """
        source = {**source, "revision": number}
        absent: Parameters = {"version": 1, "version_type": "external"}
        return self._written(self._write(("_doc", str(number)), absent, source), number, source)

    def replace(self, stored: Stored, source: Mapping[str, Any]) -> Stored | None:
        """Replace a document unless it was changed since it was read; None if it was."""
        unchanged = {"if_seq_no": stored.seq_no, "if_primary_term": stored.primary_term}
        return self._written(self._write(("_doc", str(stored.number)), unchanged, source), stored.number, source)

    def _write(self, path: Sequence[str], parameters: Parameters, source: Mapping[str, Any]) -> Answer:
        # require_alias: otherwise even a refused write would recreate a deleted history, as an index without a mapping.
        # timeout: a lost primary is then a definite 503 within our own timeout; by default a server waits a minute.
        wait = f"{max(1, int((self.timeout - 1) * 1000))}ms"
        parameters = {**parameters, "require_alias": "true", "timeout": wait}
        return self._connection.ask(Request("PUT", (ALIAS, *path), parameters, source))

    def _written(self, answer: Answer, number: int, source: Mapping[str, Any]) -> Stored | None:
        if answer.status == _CONFLICT:
            return None
        if answer.error.type == "index_not_found_exception":
            raise self._without_alias()
        self._check(answer)
        return Stored(number, answer.document["_seq_no"], answer.document["_primary_term"], source)

    def _without_alias(self) -> Failure:
        """The failure if a write finds no alias: nothing has its name, or an index does."""
        answer = self._read(Request("GET", (ALIAS, "_doc", "0")))
        is_index = "found" in answer.document
        return not_ours("is an index, where an alias should be") if is_index else deleted(self.url)

    def _check(self, answer: Answer) -> None:
        """Raise the failure if the answer is an error."""
        if answer.status >= _BAD_REQUEST:
            raise failure(self.url, answer)


def _has_no_indices(answer: Answer) -> bool:
    """Whether the server has no indices, as `mlalias serve`: its error for an unknown path is a plain string."""
    return answer.status == _BAD_REQUEST and isinstance(answer.document.get("error"), str)
