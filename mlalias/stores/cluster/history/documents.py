"""The documents of a history, and the index that holds them."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from mlalias.core.catalog import Entry
from mlalias.core.history import from_record
from mlalias.stores.cluster.history.faults import edited, newer, not_ours

FORMAT = 1
OWNER = "mlalias"
_STATES = ("begun", "done", "stopped", "seen", "void")
_LONGEST_LEASE = 86_402.0  # seconds: the longest timeout and the slack; a document that was edited may say more

SETTINGS: Mapping[str, Any] = {"index": {"hidden": True, "auto_expand_replicas": "0-1"}}
MAPPINGS: Mapping[str, Any] = {
    "dynamic": "strict",
    "_meta": {"owner": OWNER, "format": FORMAT},
    "properties": {
        "owner": {"type": "keyword"},
        "format": {"type": "integer"},
        "revision": {"type": "long"},
        "state": {"type": "keyword"},
        "lease": {"type": "float"},
        "time": {"type": "date"},
        "actor": {"type": "keyword"},
        "command": {"type": "keyword"},
        "message": {"type": "keyword", "index": False, "doc_values": False},
        "undoes": {"type": "long"},
        "changes": {"type": "object", "enabled": False},
        "more": {"type": "object", "enabled": False},  # for later versions: a strict mapping refuses a new field
    },
}


class Stored(NamedTuple):
    """A document of the history as it was read; document 0 marks the index as ours and is not an entry."""

    number: int
    seq_no: int
    primary_term: int
    source: Mapping[str, Any]

    @property
    def state(self) -> str:
        """`begun`, `done`, `stopped` (by an error), `seen` (closed by another writer), `void` (nothing was changed)."""
        state: str = self.source.get("state", "done")
        return state

    @property
    def revision(self) -> int:
        """The revision of the catalog after this entry; a void entry changed nothing, and the next one replaces it."""
        return self.number - 1 if self.state == "void" else self.number

    @property
    def lease(self) -> float:
        """How many seconds a begun entry may stay unchanged before its writer is considered lost."""
        return min(float(self.source.get("lease", 0)), _LONGEST_LEASE)

    @property
    def version(self) -> tuple[int, int]:
        """A value that changes with each write to the document."""
        return self.primary_term, self.seq_no


def entry_of(stored: Stored) -> Entry:
    """The entry in a document; raises Damaged if somebody edited it."""
    try:
        return from_record(stored.source)
    except ValueError:
        raise edited(stored.number) from None


def stored(document: Mapping[str, Any]) -> Stored:
    """Read a document from an answer; raises Conflict if it is not ours, Damaged if it is newer or was edited."""
    source = document.get("_source") or {}
    if type(source.get("format")) is not int or type(source.get("revision")) is not int:
        raise not_ours("holds other documents")
    if source["format"] > FORMAT:
        raise newer(source["format"], FORMAT)
    if document["_id"] != str(source["revision"]) or not _is_sound(source):
        raise edited(document["_id"])
    return Stored(source["revision"], document["_seq_no"], document["_primary_term"], source)


def _is_sound(source: Mapping[str, Any]) -> bool:
    """Whether the state and the lease, on which the locking depends, have values that mlalias writes."""
    lease = source.get("lease", 0)
    return source.get("state", "done") in _STATES and type(lease) in {int, float} and lease >= 0
