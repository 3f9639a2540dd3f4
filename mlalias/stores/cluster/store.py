"""A store: a live Elasticsearch, which judges a change itself, and whose answer counts."""

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import NamedTuple

from mlalias.core.catalog import Catalog, Change, is_model_id
from mlalias.core.plan import Caution, Edit, Plan, Receipt
from mlalias.core.rules import DEPLOYMENT_RULES, STATE_RULES
from mlalias.edits.aliases import not_current
from mlalias.errors import Failure, Hint
from mlalias.interrupts import Written, note
from mlalias.progress import Advance
from mlalias.stores.cluster.cache import Lookups, pipelines
from mlalias.stores.cluster.connection import Connection

_SERVERS = frozenset(rule.id for rule in STATE_RULES)
_WAITING = frozenset(rule.id for rule in DEPLOYMENT_RULES)
_ORDER = ("created", "reassigned", "unchanged", "deleted")
_POLL = 1.0
_MOST_NAMES = 5


class Talk(NamedTuple):
    """How a store tells what it is about to do, and how far it is."""

    say: Callable[[str], None] = lambda _: None
    progress: Callable[[str], AbstractContextManager[Advance]] = lambda _: nullcontext(lambda _, __: None)


class ClusterStore:
    """A cluster as a catalog: facts are asked for when they are looked at, and no history is kept.

    With `whole`, models are read with all their keys. `origin` tells where the address was given; `wait` is for how
    many seconds a change that lacks only running deployments is held back.
    """

    def __init__(self, connection: Connection, origin: str, talk: Talk, *, whole: bool = True, wait: float = 0) -> None:
        self._connection = connection
        self._origin = origin
        self._talk = talk
        self._whole = whole
        self._wait = wait

    def read(self) -> Catalog:
        """The catalog as it is when it is looked into; raises Unreachable then."""
        return Lookups(self._connection, self._talk.progress, whole=self._whole).catalog()

    def change(self, edit: Edit, command: str, message: str | None = None) -> Receipt:  # noqa: ARG002 - kept nowhere
        """Send what an edit comes to, one alias at a time: a cluster has no transaction.

        What only the server can judge it is sent, even if our rules refuse it; of several changes none is sent then.
        """
        plan = self._awaited(edit)
        if message:
            plan = plan._replace(warnings=(Caution("a cluster keeps no history, and no message"), *plan.warnings))
        asked = sorted((*plan.moves, *plan.refused), key=_order)
        if not asked or (plan.errors and not _left_to_server(plan, asked)):
            return Receipt.of(plan, None)
        self._talk.say(f"on {self._connection.url} (from {self._origin})")
        return self._sent(plan, asked)

    def _plan(self, edit: Edit) -> Plan:
        """The plan on what the cluster is now; its pipelines it looks at itself.

        They are looked at here, too, where a deletion that they forbid would leave other changes half done.
        """
        catalog = self.read()
        plan = edit(catalog._replace(pipelines={}))
        if len(plan.moves) > 1 and any(change.result == "deleted" for change in plan.moves):
            return edit(catalog._replace(pipelines=pipelines(self._connection, optional=True)))
        return plan

    def _awaited(self, edit: Edit) -> Plan:
        """The plan as soon as the deployments run that it takes, at the latest when the time is up."""
        plan = self._plan(edit)
        if not self._wait or not _lacks_deployments(plan):
            return plan
        start = now = time.monotonic()
        self._talk.say(f"waiting for up to {self._wait:g} seconds: {plan.errors[0].reason}")
        with self._talk.progress("waiting for deployments (seconds)") as advance:
            while _lacks_deployments(plan) and now < start + self._wait:
                advance(int(now - start), int(self._wait))
                time.sleep(min(_POLL, start + self._wait - now))
                plan = self._plan(edit)
                now = time.monotonic()
        return plan

    def _sent(self, plan: Plan, asked: Sequence[Change]) -> Receipt:
        made: list[Change] = []
        warnings = [warning for warning in plan.warnings if warning.model_alias is None]
        note(Written.told)
        with self._talk.progress("sending changes") as advance:
            for change in asked:
                try:
                    warnings += self._send(plan, change)
                except Failure as failure:
                    return _stopped(plan, asked, len(made), failure)._replace(warnings=tuple(warnings))
                except KeyboardInterrupt:
                    far = _how_far(asked, len(made), asked[len(made) + 1 :])
                    self._talk.say(f"interrupted at the alias '{change.model_alias}'; {far}")
                    raise
                made.append(change)
                advance(len(made), len(asked))
        return Receipt(plan, tuple(sorted((*_unchanged(plan), *made))), tuple(warnings))

    def _send(self, plan: Plan, change: Change) -> list[Caution]:
        """Send one change, and tell what the server warns of; raises what it answers."""
        alias, target, was = change
        if plan.if_current is not None:
            self._check_current(plan, change)
        if target is None:
            answer = self._connection.send("DELETE", _path(was or "", alias), {})
        else:
            reassign = {"reassign": "true"} if was and not _is_taken(plan) else {}
            answer = self._connection.send("PUT", _path(target, alias), reassign)
        cautions = [_caution(plan, change, text) for text in answer.warnings]
        if answer.document.get("acknowledged") is not True:
            text = f"the change of the alias '{alias}' is made, but not all of the cluster's nodes have confirmed it"
            cautions.append(Caution(text, model_alias=alias))
        return cautions

    def _check_current(self, plan: Plan, change: Change) -> None:
        """Look once more what the alias names, right before the change is sent; raises Conflict."""
        now = self.read().aliases.get(change.model_alias)
        if now != plan.if_current:
            raise not_current(plan.before, change._replace(previous_model_id=now), plan.if_current or "")


def _path(model_id: str, alias: str) -> tuple[str, ...]:
    return "_ml", "trained_models", model_id, "model_aliases", alias


def _order(change: Change) -> tuple[int, str]:
    """Creates, then moves, then deletes, so that a stop leaves no alias without a model."""
    return _ORDER.index(change.result), change.model_alias


def _left_to_server(plan: Plan, asked: Sequence[Change]) -> bool:
    """Whether the errors are of rules that the server judges; what is no name never gets into a path.

    A warning that --strict makes an error is no fault of a rule.
    """
    failed = {outcome.rule.id for told in plan.outcomes.values() for outcome in told if outcome.result == "fail"}
    of_rules = all(error.rule in _SERVERS & failed for error in plan.errors)
    return of_rules and len(asked) == 1 and is_model_id(asked[0].model_id or "")


def _lacks_deployments(plan: Plan) -> bool:
    """Whether nothing but deployments that do not run yet is in the way."""
    return bool(plan.errors) and all(error.rule in _WAITING for error in plan.errors)


def _is_taken(plan: Plan) -> bool:
    """Whether the alias may not be moved."""
    return any(error.rule == "alias_taken" for error in plan.errors)


def _caution(plan: Plan, change: Change, text: str) -> Caution:
    """The server's warning; if it is about the models' fields, with what our rule knows of them."""
    ours = next((one for one in plan.warnings if one.model_alias == change.model_alias), None)
    if ours and change.model_id and change.model_id in text:
        return ours._replace(message=text)
    return Caution(text, model_alias=change.model_alias)


def _unchanged(plan: Plan) -> list[Change]:
    return [change for change in plan.changes if change.result == "unchanged"]


def _stopped(plan: Plan, asked: Sequence[Change], count: int, failure: Failure) -> Receipt:
    """The receipt for the changes before a failure; of those after it none was sent."""
    failed, unsent = asked[count], tuple(asked[count + 1 :])
    reason = failure.reason
    hints: tuple[Hint, ...] = ()
    ours = next((error for error in plan.errors if error.status == failure.status), None)
    if not failure.certain:
        reason += f", and whether it changed the alias '{failed.model_alias}' is unknown"
        hints = (Hint("see what it names now", ("show", failed.model_alias)),)
    if len(asked) > 1:
        reason += f"; {_how_far(asked, count, asked[count:] if failure.certain else unsent)}"
        hints += (Hint("to make the rest, run the same command again"),)
    rule, context = (ours.rule, ours.context) if ours else (None, None)
    error = failure.but(reason, *hints, rule=rule, context=context)
    return Receipt(plan, (*_unchanged(plan), *asked[:count]), (), (error,), failed, unsent)


def _how_far(asked: Sequence[Change], count: int, not_made: Sequence[Change]) -> str:
    return f"of {len(asked)} changes, {_counted(asked[:count], 'made')} and {_counted(not_made, 'not made')}"


def _counted(changes: Sequence[Change], what: str) -> str:
    names = ", ".join(f"'{change.model_alias}'" for change in changes[:_MOST_NAMES])
    more = len(changes) - _MOST_NAMES
    listed = f" ({names}{f' and {more} more' if more > 0 else ''})" if names else ""
    return f"{len(changes) or 'none'} {what}{listed}"
