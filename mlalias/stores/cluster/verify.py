"""Checks the history of a cluster, and whether the aliases are what it says."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from mlalias.core.catalog import Entry
from mlalias.core.history import replay
from mlalias.errors import Conflict, Damaged, Failure, Hint, NotFound, Unreachable
from mlalias.stores.cluster.connection import PRIVILEGE_MISSING, Answer, Connection, Request
from mlalias.stores.cluster.history.faults import ALIAS, NO_HISTORY
from mlalias.stores.findings import Finding, Findings

_STATE = ("_cluster", "state", "metadata")
_ALIASES = {"filter_path": "metadata.trained_model_alias"}
_REFUSED = 400  # and above
_RESTORE = Hint("restore the index from a snapshot; the revisions that are left can be used as they are")


def verify(connection: Connection, entries: Sequence[Entry], aliases: Mapping[str, str], models: set[str]) -> Findings:
    """Check the entries, and compare them with the current aliases of the cluster; raises Unreachable."""
    state, notes = _aliases_of_state(connection)
    faults = list(_without_model(state, models))
    try:
        listed = list(entries)
    except (NotFound, Unreachable) as failure:
        if failure.rule not in {NO_HISTORY, PRIVILEGE_MISSING}:
            raise
        return Findings(tuple(faults), (*notes, _finding(failure)))
    except (Damaged, Conflict) as failure:
        return Findings((*faults, _finding(failure)), tuple(notes))
    now = {**aliases, **state}
    return Findings((*faults, *_gaps(listed), *_disagreements(listed, now)), (*notes, *_unfinished(listed)))


def _finding(failure: Failure) -> Finding:
    return Finding(ALIAS, failure.reason, failure.known_hints[0])


def _aliases_of_state(connection: Connection) -> tuple[dict[str, str], list[Finding]]:
    """All aliases in the cluster state, including those of deleted models; a note if it cannot be read.

    The machine learning API does not list the aliases of deleted models.
    """
    answer = connection.ask(Request("GET", _STATE, _ALIASES), repeats=True)
    if answer.status >= _REFUSED:
        return {}, [_not_read(answer)]
    entries = answer.document.get("metadata", {}).get("trained_model_alias", {}).get("model_aliases", {})
    return {alias: entry["model_id"] for alias, entry in sorted(entries.items())}, []


def _not_read(answer: Answer) -> Finding:
    text = "whether an alias names a model that does not exist is unknown"
    if answer.error.lacks_privilege:
        fix = Hint('give its role or key the cluster privilege: {"cluster": ["monitor"]}')
        return Finding("_cluster/state", f"{text}: this key may not read the cluster state", fix)
    return Finding("_cluster/state", f"{text}: this cluster does not show its state", Hint("nothing to do"))


def _without_model(aliases: Mapping[str, str], models: set[str]) -> Iterator[Finding]:
    for alias, target in aliases.items():
        if target not in models:
            message = f"the alias '{alias}' names '{target}', a model that does not exist"
            yield Finding(alias, message, Hint("move the alias, or delete it", ("delete", alias)))


def _gaps(entries: Sequence[Entry]) -> Iterator[Finding]:
    revisions = [0, *(entry.revision for entry in entries)]
    for before, after in pairwise(revisions):
        if after > before + 1:
            missing = (
                f"revision {before + 1} is" if after == before + 2 else f"revisions {before + 1} to {after - 1} are"
            )
            yield Finding(ALIAS, f"{missing} not in the history", _RESTORE)


def _unfinished(entries: Sequence[Entry]) -> Iterator[Finding]:
    for entry in entries:
        if entry.state == "begun":
            message = f"revision {entry.revision} is not finished: {entry.actor} is still at work, or was interrupted"
            yield Finding(ALIAS, message, Hint("nothing to do: the next change closes it"))


def _disagreements(entries: Sequence[Entry], aliases: Mapping[str, str]) -> Iterator[Finding]:
    """The aliases that were changed without mlalias, except those of changes that are not finished."""
    begun = {change.model_alias for entry in entries if entry.state == "begun" for change in entry.changes}
    known = {change.model_alias for entry in entries for change in entry.changes}
    last = replay(entries)
    for alias in sorted(known - begun):
        now, then = aliases.get(alias), last.get(alias)
        if now != then:
            message = f"the alias '{alias}' {_names(now)}, but by its last change in the history, it {_names(then)}"
            again = ("put", then, alias, "--reassign") if then else ("delete", alias)
            yield Finding(alias, message, Hint("it was changed without mlalias; make it match the history", again))


def _names(target: str | None) -> str:
    return f"names '{target}'" if target else "does not exist"
