"""The documents of a history, and the index that holds them."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from mlalias.core.catalog import Entry
from mlalias.core.history import from_record
from mlalias.errors import Damaged, Hint
from mlalias.stores.cluster.history.faults import ALIAS, not_ours

INDEX = f"{ALIAS}-000001"
FORMAT = 1
OWNER = "mlalias"
_LONGEST_LEASE = 3602.0  # seconds, whatever a document that somebody edited says

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
    """A document of the history as it was read; revision 0 says whose the index is, and holds no entry."""

    revision: int
    seq_no: int
    primary_term: int
    source: Mapping[str, Any]

    @property
    def state(self) -> str:
        """`begun`, `done`, `stopped` (by an error), `seen` (closed by another), `void` (nothing was changed)."""
        state: str = self.source.get("state", "done")
        return state

    @property
    def lease(self) -> float:
        """How many seconds a begun entry may stand unchanged before its writer counts as lost."""
        return min(float(self.source.get("lease", 0)), _LONGEST_LEASE)


def entry_of(stored: Stored) -> Entry:
    """The entry that a document holds; raises Damaged if somebody edited it."""
    try:
        return from_record(stored.source)
    except ValueError:
        raise Damaged(f"document {stored.revision} of '{ALIAS}' is not an entry of a history") from None


def stored(document: Mapping[str, Any]) -> Stored:
    """A hit of a search, or a document; raises Conflict or Damaged if it is not ours, or newer."""
    source = document.get("_source") or {}
    if type(source.get("format")) is not int or type(source.get("revision")) is not int:
        raise not_ours("holds other documents")
    if source["format"] > FORMAT:
        raise Damaged(
            f"the history has format {source['format']}, and this version of mlalias reads format {FORMAT}",
            Hint("install the version of mlalias that wrote it, or a later one"),
        )
    return Stored(source["revision"], document["_seq_no"], document["_primary_term"], source)
