"""Sends changes to a cluster, which has no transactions, and reports which were made."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import NamedTuple

from mlalias.core.catalog import Change
from mlalias.core.plan import Caution, Plan, Receipt
from mlalias.core.rules import OWN
from mlalias.errors import Failure, Hint
from mlalias.interrupts import Written, note
from mlalias.progress import Advance
from mlalias.stores.cluster.connection import Connection
from mlalias.text import listed

_ORDER = ("created", "reassigned", "unchanged", "deleted")
Before = Callable[[Change], None]


class Talk(NamedTuple):
    """The functions with which a store reports what it is doing, and its progress."""

    say: Callable[[str], None] = lambda _: None
    progress: Callable[[str], AbstractContextManager[Advance]] = lambda _: nullcontext(lambda _, __: None)


def in_order(changes: Sequence[Change]) -> list[Change]:
    """Creations first, then moves, then deletions, so that stopping early leaves no alias without a model."""
    return sorted(changes, key=lambda change: (_ORDER.index(change.result), change.model_alias))


def send_all(connection: Connection, plan: Plan, changes: Sequence[Change], talk: Talk, before: Before) -> Receipt:
    """Send changes one by one, up to the first that fails.

    `before` is called right before each change; if it raises a Failure, that change and the rest are not sent.
    """
    made: list[Change] = []
    cautions = [warning for warning in plan.warnings if warning.model_alias is None]
    note(Written.reported)
    with talk.progress("sending changes") as advance:
        for change in changes:
            try:
                _ready(before, change)
                cautions += _send(connection, plan, change)
            except Failure as failure:
                return _stopped(plan, changes, len(made), failure)._replace(warnings=tuple(cautions))
            except KeyboardInterrupt:
                talk.say(_interrupted(changes, len(made)))
                raise
            made.append(change)
            advance(len(made), len(changes))
    return Receipt(plan, tuple(sorted((*_unchanged(plan), *made))), tuple(cautions))


def _ready(before: Before, change: Change) -> None:
    """Call `before`; if it fails, it is certain that the change was not sent."""
    try:
        before(change)
    except Failure as failure:
        raise failure.but(failure.reason, certain=True) from None


def _send(connection: Connection, plan: Plan, change: Change) -> list[Caution]:
    """Send one change and return the server's warnings; raises Failure if the server refuses it or does not answer."""
    alias, target, was = change
    if target is None:
        answer = connection.send("DELETE", _path(was or "", alias), {})
    else:
        reassign = {"reassign": "true"} if was and not _is_taken(plan) else {}
        answer = connection.send("PUT", _path(target, alias), reassign)
    cautions = [_caution(plan, change, text) for text in answer.warnings] + _own(plan, change)
    if answer.document.get("acknowledged") is not True:
        text = f"the change of the alias '{alias}' is made, but not all of the cluster's nodes have confirmed it"
        cautions.append(Caution(text, model_alias=alias))
    return cautions


def _path(model_id: str, alias: str) -> tuple[str, ...]:
    return "_ml", "trained_models", model_id, "model_aliases", alias


def _is_taken(plan: Plan) -> bool:
    """Whether the plan was refused because the alias exists, so that `reassign` must not be sent."""
    return any(error.rule == "alias_taken" for error in plan.errors)


def _caution(plan: Plan, change: Change, text: str) -> Caution:
    """The server's warning; if it is about the input fields, with the details from our own rule."""
    ours = next((each for each in plan.warnings if each.model_alias == change.model_alias and each.overlap), None)
    if ours and change.model_id and change.model_id in text:
        return ours._replace(message=text)
    return Caution(text, model_alias=change.model_alias)


def _own(plan: Plan, change: Change) -> list[Caution]:
    """What our own rules warn of, and who uses an alias, which no server does."""
    rules = OWN | {"in_use", "pipelines_unknown"}
    return [each for each in plan.warnings if each.model_alias == change.model_alias and each.rule in rules]


def _unchanged(plan: Plan) -> list[Change]:
    return [change for change in plan.changes if change.result == "unchanged"]


# --- which changes were made ---


def _stopped(plan: Plan, changes: Sequence[Change], count: int, failure: Failure) -> Receipt:
    """The receipt if the first `count` changes were made and the next one failed."""
    failed, unsent = changes[count], tuple(changes[count + 1 :])
    reason = failure.reason
    hints: tuple[Hint, ...] = ()
    if not failure.certain:
        reason += f", and whether it changed the alias '{failed.model_alias}' is unknown"
        hints = (Hint("see what it names now", ("show", failed.model_alias)),)
    if len(changes) > 1:
        reason += f"; {_how_far(changes, count, 'failed' if failure.certain else 'unknown')}"
        hints += (Hint("to make the rest, run the same command again"),)
    ours = next((error for error in plan.errors if error.status == failure.status), None)
    rule, context = (ours.rule, ours.context) if ours else (None, None)
    error = failure.but(reason, *hints, rule=rule, context=context)
    return Receipt(plan, (*_unchanged(plan), *changes[:count]), (), (error,), failed, unsent)


def _interrupted(changes: Sequence[Change], count: int) -> str:
    """The message if the command was interrupted after the first `count` changes."""
    alias = changes[count].model_alias
    text = f"interrupted: whether the alias '{alias}' was changed is unknown"
    return f"{text}; {_how_far(changes, count, 'unknown')}" if len(changes) > 1 else text


def _how_far(changes: Sequence[Change], count: int, outcome: str) -> str:
    """How many changes were made, the outcome of the next one, and how many were not sent."""
    parts = ((changes[:count], "made"), (changes[count : count + 1], outcome), (changes[count + 1 :], "not sent"))
    return f"of {len(changes)} changes, {', '.join(_counted(part, what) for part, what in parts if part)}"


def _counted(changes: Sequence[Change], what: str) -> str:
    names = [f"'{change.model_alias}'" for change in changes]
    return f"{len(changes)} {what} ({listed(names)})"
