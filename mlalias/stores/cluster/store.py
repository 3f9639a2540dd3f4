"""A store: a live Elasticsearch, which judges a change itself, and whose answer counts."""

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import NamedTuple

from mlalias.core.catalog import Catalog, Change, Entry, is_model_id
from mlalias.core.plan import Caution, Edit, Plan, Receipt
from mlalias.core.rules import DEPLOYMENT_RULES, STATE_RULES
from mlalias.edits.aliases import not_current
from mlalias.errors import Failure, Hint, Unreachable
from mlalias.progress import Advance
from mlalias.stores.author import actor, now
from mlalias.stores.cluster.cache import FORBIDDEN, Lookups, pipelines
from mlalias.stores.cluster.connection import Connection
from mlalias.stores.cluster.history.documents import Stored
from mlalias.stores.cluster.history.entries import Entries
from mlalias.stores.cluster.history.lease import Lease
from mlalias.stores.cluster.history.log import Log
from mlalias.stores.cluster.history.setup import init
from mlalias.stores.cluster.verify import verify
from mlalias.stores.findings import Findings

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

    def read(self) -> Catalog:
        """The catalog as it is when it is looked into; raises Unreachable then."""
        catalog = Lookups(self._connection, self._talk.progress, whole=self._whole).catalog()
        return catalog._replace(history=Entries(self._log, self._talk.progress))

    def verify(self) -> Findings:
        """Check the history, and hold it against the aliases; raises Unreachable."""
        catalog = self.read()
        return verify(self._connection, catalog.history, dict(catalog.aliases), set(catalog.models))

    def init(self) -> bool:
        """Make the history; False if there is one already. Raises Conflict, Unreachable."""
        return init(self._connection)

    def change(self, edit: Edit, command: str, message: str | None = None) -> Receipt:
        """Send what an edit comes to, one alias at a time: a cluster has no transaction.

        What only the server can judge it is sent, even if our rules refuse it; of several changes none is sent then.
        Raises Busy, Unreachable and Conflict, all before anything is sent.
        """
        newest = self._newest() if self._keeps_history else None
        while newest is not None:  # until no other writer was between the look and the entry: step 3
            newest = self._log.free(newest, self.read().aliases.get)
            plan = self._awaited(edit, newest)
            asked = _asked(plan)
            if not asked:
                return Receipt.of(plan, newest.revision)
            lease = self._log.begin(newest, self._entry(command, message, asked, plan))
            if lease is not None:
                return self._send_all(plan, asked, lease)
            newest = self._log.after(newest.revision - 1) or newest
        plan = self._awaited(edit, None)
        if message:
            caution = Caution("this cluster keeps no history, and so no message", rule="no_history")
            plan = plan._replace(warnings=(caution, *plan.warnings))
        asked = _asked(plan)
        return self._send_all(plan, asked, None) if asked else Receipt.of(plan, None)

    def _newest(self) -> Stored | None:
        """The newest entry; None where no history is kept, or it is not known whether one is."""
        try:
            return self._log.newest()
        except Unreachable as failure:
            if failure.status != FORBIDDEN:
                raise
            self._talk.say(f"whether {self._connection.url} keeps a history is unknown: this key may not read it")
            return None

    def _entry(self, command: str, message: str | None, asked: Sequence[Change], plan: Plan) -> Entry:
        return Entry(0, now(), actor(), command, message, tuple(sorted(asked)), plan.undoes)

    def _plan(self, edit: Edit, newest: Stored | None) -> Plan:
        """The plan on what the cluster is now; its pipelines it looks at itself.

        They are looked at here, too, where a deletion that they forbid would leave other changes half done.
        """
        catalog = self.read()
        if newest is not None:
            history = Entries(self._log, self._talk.progress, newest)
            catalog = catalog._replace(revision=newest.revision, history=history)
        plan = edit(catalog._replace(pipelines={}))
        if len(plan.moves) > 1 and any(change.result == "deleted" for change in plan.moves):
            return edit(catalog._replace(pipelines=pipelines(self._connection, optional=True)))
        return plan

    def _awaited(self, edit: Edit, newest: Stored | None) -> Plan:
        """The plan as soon as the deployments run that it takes, at the latest when the time is up."""
        plan = self._plan(edit, newest)
        if not self._wait or not _lacks_deployments(plan):
            return plan
        start = now = time.monotonic()
        self._talk.say(f"waiting for up to {self._wait:g} seconds: {plan.errors[0].reason}")
        with self._talk.progress("waiting for deployments (seconds)") as advance:
            while _lacks_deployments(plan) and now < start + self._wait:
                advance(int(now - start), int(self._wait))
                time.sleep(min(_POLL, start + self._wait - now))
                plan = self._plan(edit, newest)
                now = time.monotonic()
        return plan

    def _send_all(self, plan: Plan, asked: Sequence[Change], lease: Lease | None) -> Receipt:
        self._talk.say(f"on {self._connection.url} (from {self._origin})")
        made: list[Change] = []
        warnings = [warning for warning in plan.warnings if warning.model_alias is None]
        with self._talk.progress("sending changes") as advance:
            for change in asked:
                try:
                    if lease:
                        lease.renew()
                    warnings += self._send(plan, change)
                except Failure as failure:
                    warnings += _closed(lease, made, failure)
                    return _stopped(plan, asked, len(made), failure, warnings, lease)
                except KeyboardInterrupt:
                    far = _how_far(asked, len(made), asked[len(made) + 1 :])
                    self._talk.say(f"interrupted at the alias '{change.model_alias}'; {far}")
                    raise
                made.append(change)
                advance(len(made), len(asked))
        warnings += _closed(lease, made)
        changes = tuple(sorted((*_unchanged(plan), *made)))
        return Receipt(plan, changes, tuple(warnings), revision=lease.stored.revision if lease else None)

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
    """Whether the errors are of rules that the server judges; what is no name never gets into a path."""
    of_rules = all(error.rule in _SERVERS for error in plan.errors)
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


def _asked(plan: Plan) -> list[Change]:
    """The changes to send, in order; none if the plan is refused for more than the server judges itself."""
    asked = sorted((*plan.moves, *plan.refused), key=_order)
    return [] if plan.errors and not _left_to_server(plan, asked) else asked


def _closed(lease: Lease | None, made: Sequence[Change], failure: Failure | None = None) -> list[Caution]:
    """Close the entry with what was made; a history that cannot be written never hides that a change is made."""
    if lease is None:
        return []
    try:
        if failure is not None and not failure.certain:
            lease.release()  # what became of the change shows later: the next writer closes the entry as seen
        else:
            lease.close("done" if failure is None else "stopped" if made else "void", made)
    except Failure as error:
        return [
            Caution(f"revision {lease.stored.revision} of the history stays open: {error.reason}", rule="history_open")
        ]
    return []


def _stopped(
    plan: Plan,
    asked: Sequence[Change],
    count: int,
    failure: Failure,
    warnings: Sequence[Caution],
    lease: Lease | None,
) -> Receipt:
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
    made = (*_unchanged(plan), *asked[:count])
    revision = lease.stored.revision if lease else None
    return Receipt(plan, made, tuple(warnings), (error,), failed, unsent, revision)


def _how_far(asked: Sequence[Change], count: int, not_made: Sequence[Change]) -> str:
    return f"of {len(asked)} changes, {_counted(asked[:count], 'made')} and {_counted(not_made, 'not made')}"


def _counted(changes: Sequence[Change], what: str) -> str:
    names = ", ".join(f"'{change.model_alias}'" for change in changes[:_MOST_NAMES])
    more = len(changes) - _MOST_NAMES
    listed = f" ({names}{f' and {more} more' if more > 0 else ''})" if names else ""
    return f"{len(changes) or 'none'} {what}{listed}"
