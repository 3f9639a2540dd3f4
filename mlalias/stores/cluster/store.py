"""The store that uses a live Elasticsearch, which checks every change itself and has the last word."""

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from mlalias.core.catalog import Catalog, Change, Entry, Pipeline, is_model_id
from mlalias.core.plan import Caution, Edit, Plan, Receipt
from mlalias.core.rules import DEPLOYMENT_RULES, STATE_RULES
from mlalias.edits.aliases import not_current
from mlalias.errors import Unreachable
from mlalias.stores.author import actor, now
from mlalias.stores.cluster.cache import Lookups
from mlalias.stores.cluster.connection import PRIVILEGE_MISSING, Connection
from mlalias.stores.cluster.history.documents import Stored
from mlalias.stores.cluster.history.entries import Entries
from mlalias.stores.cluster.history.log import Log
from mlalias.stores.cluster.history.recording import closed
from mlalias.stores.cluster.history.setup import init
from mlalias.stores.cluster.inference import Inference
from mlalias.stores.cluster.parts import lazily
from mlalias.stores.cluster.sending import Before, Talk, in_order, send_all
from mlalias.stores.cluster.verify import verify
from mlalias.stores.findings import Findings

_SERVERS = frozenset(rule.id for rule in STATE_RULES)
_WAITING = frozenset(rule.id for rule in DEPLOYMENT_RULES)
_POLL = 1.0


class Kept(NamedTuple):
    """The history of a cluster: its `newest` document, None if it keeps no history, or if this is not `known`."""

    newest: Stored | None
    known: bool = True


class ClusterStore:
    """A cluster as a catalog; facts are requested when they are accessed.

    With `whole`, models are read with all their keys. `origin` says where the address was given. `wait` is how many
    seconds a change waits if it only lacks running deployments. Without `keeps_history`, nothing is written to the
    cluster's history.
    """

    def __init__(
        self,
        connection: Connection,
        origin: str,
        talk: Talk,
        *,
        whole: bool = True,
        wait: float = 0,
        keeps_history: bool = True,
    ) -> None:
        self._connection = connection
        self._origin = origin
        self._talk = talk
        self._whole = whole
        self._wait = wait
        self._keeps_history = keeps_history
        self._log = Log(connection, talk.say)
        self._announced = False

    def read(self) -> Catalog:
        """The catalog, whose contents are requested on access, which may raise Unreachable."""
        return self._read(Kept(None, known=False))

    def verify(self) -> Findings:
        """Check the history, and compare it with the aliases; raises Unreachable."""
        catalog = self.read()
        return verify(self._connection, catalog.history, dict(catalog.aliases), set(catalog.models))

    def init(self) -> bool:
        """Create the history; False if there is one already. Raises Conflict, Unreachable."""
        return init(self._connection)

    def change(self, edit: Edit, command: str, message: str | None = None) -> Receipt:
        """Carry out an edit, one request for each alias, and record it in the history if the cluster has one.

        Raises Busy, Conflict, Damaged and Unreachable before anything is sent.
        """
        kept = self._kept()
        while kept.newest is not None:
            newest = self._log.free(kept.newest, self._target)
            plan = self._awaited(edit, Kept(newest))
            changes = _to_send(plan)
            if not changes:
                return Receipt.of(plan, newest.revision)
            lease = self._log.begin(newest, _entry(plan, changes, command, message))
            if lease is not None:
                receipt = self._send(plan, changes, lease.renew)
                return closed(lease, receipt)
            kept = Kept(self._log.overtaking(newest))  # another writer was first; plan again with its changes
        plan = self._awaited(edit, kept)
        changes = _to_send(plan)
        if not changes:
            return Receipt.of(plan, None)
        receipt = self._send(plan, changes)
        return receipt._replace(warnings=(*_not_kept(message), *receipt.warnings))

    def planned(self, edit: Edit) -> Plan:
        """What an edit comes to, once the deployments that it needs run; nothing is sent."""
        return self._awaited(edit, Kept(None, known=False))

    def say(self, line: str) -> None:
        """Say something to whoever waits for the cluster."""
        self._talk.say(line)

    def inference(self) -> Inference:
        """What asks the models of the cluster."""
        return Inference(self._connection, self._talk)

    def _kept(self) -> Kept:
        if not self._keeps_history:
            return Kept(None, known=False)
        try:
            return Kept(self._log.newest())
        except Unreachable as failure:
            if failure.rule != PRIVILEGE_MISSING:
                raise
            self._talk.say(f"whether {self._connection.url} keeps a history is unknown: this key may not read it")
            return Kept(None, known=False)

    def _read(self, kept: Kept) -> Catalog:
        lookups = Lookups(self._connection, self._talk.say, self._talk.progress, whole=self._whole)
        return lookups.catalog()._replace(
            history=Entries(self._log, self._talk.progress, kept.newest),
            revision=kept.newest.revision if kept.newest else None,
            history_known=kept.known,
        )

    def _target(self, alias: str) -> str | None:
        """The model id that an alias names now."""
        return self.read().aliases.get(alias)

    def _send(self, plan: Plan, changes: Sequence[Change], renew: Callable[[], None] = lambda: None) -> Receipt:
        self._announce()
        return send_all(self._connection, plan, changes, self._talk, self._before(plan, renew))

    def _announce(self) -> None:
        """Say which cluster it is, before the first change."""
        if not self._announced:
            self._talk.say(f"on {self._connection.url} (from {self._origin})")
        self._announced = True

    def _plan(self, edit: Edit, kept: Kept) -> Plan:
        """The plan for the current state of the cluster, without the uses in pipelines that the server itself checks.

        These count only if one of several changes is a deletion, whose refusal would leave the rest half done.
        """
        catalog = self._read(kept)
        plan = edit(catalog._replace(pipelines=lazily(partial(_unguarded, catalog))))
        deletes = any(change.result == "deleted" for change in plan.moves)
        return edit(catalog) if deletes and len(plan.moves) > 1 else plan

    def _awaited(self, edit: Edit, kept: Kept) -> Plan:
        """The plan, as soon as the deployments that it needs are running, or when the time is up."""
        plan = self._plan(edit, kept)
        if not self._wait or not _lacks_deployments(plan):
            return plan
        start = now = time.monotonic()
        self._talk.say(f"waiting for up to {self._wait:g} seconds: {plan.errors[0].reason}")
        with self._talk.progress("waiting for deployments (seconds)") as advance:
            while _lacks_deployments(plan) and now < start + self._wait:
                advance(int(now - start), int(self._wait))
                time.sleep(min(_POLL, start + self._wait - now))
                plan = self._plan(edit, kept)
                now = time.monotonic()
        return plan

    def _before(self, plan: Plan, renew: Callable[[], None]) -> Before:
        """The function to call right before a change: it checks `--if-current` once more and renews the lease."""

        def check(change: Change) -> None:
            if plan.if_current is not None:
                target = self._target(change.model_alias)
                if target != plan.if_current:
                    raise not_current(plan.before, change._replace(previous_model_id=target), plan.if_current)
            renew()

        return check


def _unguarded(catalog: Catalog) -> Mapping[str, Pipeline]:
    """The pipelines without the names that the server looks for itself."""
    return {name: pipeline._replace(names=()) for name, pipeline in catalog.pipelines.items()}


def _entry(plan: Plan, changes: Sequence[Change], command: str, message: str | None) -> Entry:
    """The entry to record before the changes are sent; the history sets its revision."""
    return Entry(0, now(), actor(), command, message, tuple(sorted(changes)), plan.undoes)


def _not_kept(message: str | None) -> list[Caution]:
    text = "the message is not kept, as this change is not recorded in a history"
    return [Caution(text, rule="no_history")] if message else []


def _to_send(plan: Plan) -> list[Change]:
    """The changes to send, in order.

    A single change that is refused only by rules that the server checks itself is sent too.
    """
    changes = in_order((*plan.moves, *plan.refused))
    return [] if plan.errors and not _left_to_server(plan, changes) else changes


def _left_to_server(plan: Plan, changes: Sequence[Change]) -> bool:
    """Whether there is one change, refused only by rules that the server checks itself; its path has valid names only.

    A warning that --strict turned into an error does not count, as the server would accept the change.
    """
    failed = {
        outcome.rule.id for outcomes in plan.outcomes.values() for outcome in outcomes if outcome.result == "fail"
    }
    of_rules = all(error.rule in _SERVERS & failed for error in plan.errors)
    return of_rules and len(changes) == 1 and is_model_id(changes[0].model_id or "")


def _lacks_deployments(plan: Plan) -> bool:
    """Whether the plan is refused only because deployments are not running yet."""
    return bool(plan.errors) and all(error.rule in _WAITING for error in plan.errors)
