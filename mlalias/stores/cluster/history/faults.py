"""The errors of a cluster's history, with their messages and hints."""

from mlalias.errors import Busy, Conflict, Damaged, Failure, Hint, NotFound, Unreachable
from mlalias.stores.cluster.connection import PRIVILEGE_MISSING, Answer

ALIAS = "mlalias-history"
INDEX = f"{ALIAS}-000001"
NO_HISTORY = "no_history"
LEASE_LOST = "lease_lost"
_BAD_REQUEST, _TOO_MANY_REQUESTS = 400, 429
_LEAVE_OUT = "or leave the history out: --no-history"
_NEEDS = Hint(f"give the key the index privileges read and index on '{ALIAS}', {_LEAVE_OUT}")
_BEGIN_AGAIN = Hint("to begin a new one", ("init",))


def no_history() -> NotFound:
    """The failure if a cluster keeps no history."""
    return NotFound("this cluster keeps no history", Hint("to keep one from now on", ("init",)), rule=NO_HISTORY)


def deleted(url: str) -> Conflict:
    """The failure if the history was deleted during the command."""
    return Conflict(f"the history of {url} was deleted a moment ago", _BEGIN_AGAIN, rule=NO_HISTORY)


def not_ours(why: str, *hints: Hint) -> Conflict:
    """The failure if something else has the name of the history; `why` completes a sentence that begins with "it"."""
    rename = Hint(f"if it is not needed, delete or rename it; to see what it is: GET {ALIAS}")
    return Conflict(
        f"'{ALIAS}' on this cluster is not a history of mlalias: it {why}",
        *hints or (rename, Hint(f"to change aliases anyway, {_LEAVE_OUT.removeprefix('or ')}")),
        rule="not_a_history",
    )


def incomplete() -> Conflict:
    """The failure if the first document of the index is missing."""
    text = f"the history of this cluster is incomplete: '{ALIAS}' has no document 0"
    return Conflict(text, Hint("an init was interrupted; complete it", ("init",)), rule="not_a_history")


def edited(revision: int) -> Damaged:
    """The failure for a document that mlalias cannot have written."""
    return Damaged(
        f"document {revision} of '{ALIAS}' is not valid: somebody has edited it",
        Hint(f"correct it, or delete it: GET {ALIAS}/_doc/{revision}"),
    )


def deleted_entry(revision: int) -> Conflict:
    """The failure if an entry cannot be created because it was just deleted."""
    text = f"revision {revision} of the history was deleted a moment ago"
    return Conflict(text, Hint("try again in a minute"), rule="not_a_history")


def newer(format_: int, known: int) -> Damaged:
    """The failure for a history with a newer format."""
    return Damaged(
        f"the history has format {format_}, and this version of mlalias reads format {known}",
        Hint("install the version of mlalias that wrote it, or a later one"),
    )


def failure(url: str, answer: Answer) -> Failure:
    """The failure for an answer of 400 or above to a request to the history."""
    kind, reason = answer.error.type, answer.error.reason
    if kind == "index_not_found_exception":
        return deleted(url)
    if answer.error.lacks_privilege:
        return Unreachable(
            f"{url} does not let this key use its history (403)",
            _NEEDS,
            type=kind,
            status=answer.status,
            rule=PRIVILEGE_MISSING,
        )
    if answer.status == _BAD_REQUEST and kind not in _FIXES:
        return not_ours(f"refuses what mlalias writes or reads ({reason or kind})")
    text = f"the history of {url} cannot be used: {answer.status}{f' {reason}' if reason else ''}"
    fix = _FIXES.get(kind or "", "try again in a while")
    if kind == "cluster_block_exception" and answer.status == _TOO_MANY_REQUESTS:
        fix = "make room on the disks of the cluster"
    return Unreachable(text, Hint(f"{fix}, {_LEAVE_OUT}"), type=kind, status=answer.status)


_FIXES = {
    "index_closed_exception": f"open it (POST {ALIAS}/_open)",
    "cluster_block_exception": f"remove the block (PUT {ALIAS}/_settings)",
}


def busy(url: str, actor: str, revision: int) -> Busy:
    """The failure after waiting too long for another writer."""
    return Busy(
        f"{actor} has been changing aliases on {url} for too long (revision {revision} of the history)",
        Hint("wait longer with MLALIAS_LOCK_TIMEOUT=60"),
    )


def lost(revision: int) -> Conflict:
    """The failure of a writer whose begun entry was closed by another writer."""
    return Conflict(
        f"another mlalias process considered this one lost, and closed revision {revision} of the history",
        Hint("see what it says", ("history",)),
        rule=LEASE_LOST,
    )


def slow(url: str) -> Unreachable:
    """The failure of a writer that cannot renew its lease in time."""
    return Unreachable(
        f"{url} answers too slowly to keep others from changing aliases meanwhile", Hint("try again in a while")
    )
