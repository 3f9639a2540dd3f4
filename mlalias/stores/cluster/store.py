"""A store: a live Elasticsearch, which judges a change itself, and whose answer counts."""

import time
from collections.abc import Sequence

from mlalias.core.catalog import Catalog, Change, is_model_id
from mlalias.core.plan import Caution, Edit, Plan, Receipt
from mlalias.core.rules import DEPLOYMENT_RULES, STATE_RULES
from mlalias.edits.aliases import not_current
from mlalias.stores.cluster.cache import Lookups
from mlalias.stores.cluster.connection import Connection
from mlalias.stores.cluster.inference import Inference
from mlalias.stores.cluster.sending import Before, Talk, in_order, send_all

_SERVERS = frozenset(rule.id for rule in STATE_RULES)
_WAITING = frozenset(rule.id for rule in DEPLOYMENT_RULES)
_POLL = 1.0


class ClusterStore:
    """A cluster as a catalog: facts are asked for when they are looked at, and no history is kept.

    With `whole`, models are read with all their keys. `origin` says where the address was given; `wait` is for how
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
        return Lookups(self._connection, self._talk.say, self._talk.progress, whole=self._whole).catalog()

    def change(self, edit: Edit, command: str, message: str | None = None) -> Receipt:  # noqa: ARG002 - kept nowhere
        """Send what an edit comes to, one alias at a time."""
        plan = self._awaited(edit)
        if message:
            plan = plan._replace(warnings=(Caution("a cluster keeps no history, and no message"), *plan.warnings))
        changes = _to_send(plan)
        if not changes:
            return Receipt.of(plan, None)
        self._talk.say(f"on {self._connection.url} (from {self._origin})")
        return send_all(self._connection, plan, changes, self._talk, self._before(plan))

    def planned(self, edit: Edit) -> Plan:
        """What an edit comes to, once the deployments that it needs run; nothing is sent."""
        return self._awaited(edit)

    def say(self, line: str) -> None:
        """Say something to whoever waits for the cluster."""
        self._talk.say(line)

    def inference(self) -> Inference:
        """What asks the models of the cluster."""
        return Inference(self._connection, self._talk)

    def _plan(self, edit: Edit) -> Plan:
        """The plan on what the cluster is now, without its pipelines: the server looks at them itself.

        They are looked at here only where a deletion that they forbid would leave other changes half done.
        """
        catalog = self.read()
        plan = edit(catalog._replace(pipelines={}))
        deletes = any(change.result == "deleted" for change in plan.moves)
        return edit(catalog) if deletes and len(plan.moves) > 1 else plan

    def _awaited(self, edit: Edit) -> Plan:
        """The plan as soon as the deployments that it needs run, at the latest when the time is up."""
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

    def _before(self, plan: Plan) -> Before:
        """What is done right before a change is sent: look once more what the alias names, if that matters."""

        def check(change: Change) -> None:
            if plan.if_current is None:
                return
            now = self.read().aliases.get(change.model_alias)
            if now != plan.if_current:
                raise not_current(plan.before, change._replace(previous_model_id=now), plan.if_current)

        return check


def _to_send(plan: Plan) -> list[Change]:
    """The changes to send, in order.

    What is refused by nothing but rules that the server judges itself is sent, too; of several changes none is then.
    """
    changes = in_order((*plan.moves, *plan.refused))
    return [] if plan.errors and not _left_to_server(plan, changes) else changes


def _left_to_server(plan: Plan, changes: Sequence[Change]) -> bool:
    """Whether the errors are of rules that the server judges; what is no name never gets into a path.

    A warning that --strict makes an error is no fault of a rule.
    """
    failed = {
        outcome.rule.id for outcomes in plan.outcomes.values() for outcome in outcomes if outcome.result == "fail"
    }
    of_rules = all(error.rule in _SERVERS & failed for error in plan.errors)
    return of_rules and len(changes) == 1 and is_model_id(changes[0].model_id or "")


def _lacks_deployments(plan: Plan) -> bool:
    """Whether nothing but deployments that do not run yet is in the way."""
    return bool(plan.errors) and all(error.rule in _WAITING for error in plan.errors)
