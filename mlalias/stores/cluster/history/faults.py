"""What stands in the way of a history, each with its sentence and its fix."""

from mlalias.errors import Busy, Conflict, Failure, Hint, NotFound, Unreachable
from mlalias.stores.cluster.connection import Answer

ALIAS = "mlalias-history"
_BAD_REQUEST = 400
_BAD_REQUEST = 400
_NEEDS = Hint(f"give the key the index privileges read and index on '{ALIAS}*', or leave the history out: --no-history")


def no_history() -> NotFound:
    """The failure of whoever asks a cluster without a history for it."""
    return NotFound("this cluster keeps no history", Hint("to keep one from now on", ("init",)), rule="no_history")


def not_ours(why: str) -> Conflict:
    """The failure for something else under the name of the history; `why` goes on with "it"."""
    return Conflict(
        f"'{ALIAS}' on this cluster is not a history of mlalias: it {why}",
        Hint("if an init was interrupted, complete it", ("init",)),
        Hint(f"else rename what stands there: GET {ALIAS}"),
        rule="not_a_history",
    )


def failure(url: str, answer: Answer) -> Failure:
    """What an answer of 400 or above means for a request to the history; nothing was written then."""
    kind, reason = answer.type, answer.reason
    if kind == "index_not_found_exception":
        again = Hint("make a new one", ("init",))
        return Conflict(f"the history of {url} was deleted a moment ago", again, rule="no_history")
    if kind == "security_exception":  # a write block is a 403, too, of another type
        return Unreachable(
            f"{url} does not let this key use its history (403)", _NEEDS, type=kind, status=answer.status
        )
    if kind == "index_closed_exception":
        opened = Hint(f"open it: POST {ALIAS}/_open")
        return Unreachable(f"the history of {url} is closed", opened, type=kind, status=answer.status)
    if answer.status == _BAD_REQUEST:
        return not_ours(f"refuses what mlalias writes or reads ({reason or kind})")
    return Unreachable(
        f"the history of {url} cannot be used: {answer.status}{f' {reason}' if reason else ''}",
        Hint("try again in a while, or leave the history out: --no-history"),
        type=kind,
        status=answer.status,
    )


def busy(url: str, actor: str, revision: int) -> Busy:
    """The failure of whoever has waited long enough for another writer."""
    return Busy(
        f"{actor} has been changing aliases on {url} for too long (revision {revision} of the history)",
        Hint("wait longer with MLALIAS_LOCK_TIMEOUT=60"),
    )
