"""Whether models answer, and a move that finds out: asked before it, and after it, and taken back if it fails.

1. The edit is planned, and what our rules refuse is refused here. Nobody is asked then.
2. The new model is asked for every document. If one is not answered, nothing is sent.
3. The move goes through `ClusterStore.change`, like any other.
4. The alias is asked for every document. If one is not answered, the move is taken back, through `change` again, under
   the rules, and only while the alias still names the new model.
"""

from collections.abc import Sequence
from typing import NamedTuple

from mlalias.core.catalog import Change, Model
from mlalias.core.checks import Check
from mlalias.core.plan import Caution, Edit, Plan, Receipt
from mlalias.documents.docs import Docs, check_fields
from mlalias.edits.aliases import take_back
from mlalias.errors import Failure, Hint, Refused
from mlalias.stores.cluster.inference import Inference, Subject
from mlalias.stores.cluster.store import ClusterStore


class Report(NamedTuple):
    """What was found of several names, and what there is to warn of."""

    checks: tuple[Check, ...]
    warnings: tuple[str, ...] = ()


def check(inference: Inference, names: Sequence[str], docs: Docs | None = None) -> Report:
    """Look at names, and ask those that can be asked for documents; raises NotFound, InvalidDocument, Unreachable."""
    models = inference.models(names)
    warnings = _check_all_fields(docs, models) if docs else ()
    loads = inference.loads(model.model_id for model in models)
    checks = [Check(name, model, loads.get(model.model_id, ())) for name, model in zip(names, models, strict=True)]
    return Report(_asked(inference, checks, docs) if docs else tuple(checks), warnings)


def _check_all_fields(docs: Docs, models: Sequence[Model]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for model in models for text in check_fields(docs, model)))


def _asked(inference: Inference, checks: Sequence[Check], docs: Docs) -> tuple[Check, ...]:
    """The checks with what was answered, but for models that have no answer to give."""
    ready = [each for each in checks if each.can_be_asked]
    subjects = [Subject(each.name, each.model, each.asleep) for each in ready]
    answers = iter(inference.ask(subjects, docs))
    return tuple(each._replace(trials=next(answers)) if each.can_be_asked else each for each in checks)


class Rollout(NamedTuple):
    """What became of a move that was to be checked: its receipt, or its plan in a dry run.

    `before` and `after` are what was answered, None where nobody was asked. A move that was made and failed its check
    has a `fault`; `back` is the receipt of the way back, None where that could not be begun.
    """

    result: Plan | Receipt
    before: Check | None = None
    after: Check | None = None
    back: Receipt | None = None
    fault: Failure | None = None


def rehearse(store: ClusterStore, edit: Edit, docs: Docs) -> Rollout:
    """Plan a move, and ask the new model; nothing is sent. Raises as `check` does."""
    plan = store.planned(edit)
    if plan.errors:
        return Rollout(plan)
    (change,) = plan.changes
    report = check(store.inference(), [change.model_id or ""], docs)
    (before,) = report.checks
    plan = plan._replace(warnings=(*plan.warnings, *map(Caution, report.warnings)))
    if before.verdict.level in ("pass", "warn"):
        return Rollout(plan, before)
    return Rollout(plan._replace(changes=(), refused=plan.changes, errors=(_unfit(change, before),)), before)


def roll_out(store: ClusterStore, edit: Edit, docs: Docs, message: str | None = None) -> Rollout:
    """Carry out a move that is checked before and after; raises as `check` does, before anything is sent."""
    rehearsal = rehearse(store, edit, docs)
    plan, before = rehearsal.result, rehearsal.before
    if isinstance(plan, Plan) and plan.errors:
        return rehearsal._replace(result=Receipt.of(plan, None))
    receipt = store.change(edit, "put", message)
    added = tuple(caution for caution in plan.warnings if caution.rule is None and caution not in receipt.warnings)
    receipt = receipt._replace(warnings=(*receipt.warnings, *added))
    if receipt.errors or not receipt.moves or before is None:
        return Rollout(receipt, before)
    return _proved(store, Rollout(receipt, before), docs)


def _proved(store: ClusterStore, rollout: Rollout, docs: Docs) -> Rollout:
    """Ask the alias for the documents; if one is not answered, take the move back."""
    receipt, before = rollout.result, rollout.before
    if not isinstance(receipt, Receipt) or before is None:
        return rollout
    (change,) = receipt.moves
    after: Check | None = None
    try:
        (trials,) = store.inference().ask([Subject(change.model_alias, before.model)], docs)
        after = before._replace(name=change.model_alias, trials=trials)
        fault = None if after.verdict.level in ("pass", "warn") else _first_fault(after)
    except Failure as failure:
        fault = failure.reason
    except KeyboardInterrupt:
        store.say(f"interrupted: the alias '{change.model_alias}' names '{change.model_id}', and was not checked")
        raise
    if fault is None:
        return rollout._replace(after=after)
    return _taken_back(store, rollout._replace(after=after), change, fault)


def _taken_back(store: ClusterStore, rollout: Rollout, change: Change, reason: str) -> Rollout:
    revision = rollout.result.revision if isinstance(rollout.result, Receipt) else None
    reason = f"the alias '{change.model_alias}' failed its check after the move: {reason}"
    try:
        back = store.change(take_back(change, revision), "rollback", None if revision is None else reason)
    except Failure as failure:
        return rollout._replace(fault=_stuck(change, reason, failure))
    if back.errors:
        return rollout._replace(fault=_stuck(change, reason, back.errors[0]), back=back)
    now = f"it names '{change.previous_model_id}' again" if change.previous_model_id else "it is deleted again"
    fault = Refused(f"{reason}; {now}", _see(change), rule="check_failed")
    return rollout._replace(fault=fault, back=back)


def _unfit(change: Change, before: Check) -> Refused:
    """The refusal of a move to a model that does not answer."""
    alias, model_id = change.model_alias, change.model_id or ""
    if before.trials is None:
        reason = f"'{model_id}' cannot answer ({before.verdict.reason}), so the alias '{alias}' stays as it is"
        return Refused(reason, Hint("see how it is doing", ("check", model_id)), rule="check_failed")
    reason = f"'{model_id}' fails its check ({_first_fault(before)}), so the alias '{alias}' stays as it is"
    return Refused(reason, rule="check_failed")


def _stuck(change: Change, reason: str, failure: Failure) -> Refused:
    """The failure where the way back failed as well; what is not known is said to be unknown."""
    alias, old = change.model_alias, change.previous_model_id
    now = f"it still names '{change.model_id}'" if failure.certain else "what it names now is unknown"
    way = ("put", old, alias, "--reassign") if old else ("delete", alias)
    return Refused(
        f"{reason}; taking it back failed ({failure.reason}): {now}",
        Hint("see what it names now", ("show", alias)),
        Hint("to take it back", way),
        rule="check_failed",
        certain=failure.certain,
    )


def _see(change: Change) -> Hint:
    return Hint("see how the new model is doing", ("check", change.model_id or ""))


def _first_fault(found: Check) -> str:
    """How many documents were not answered, and why the first of them was not."""
    faults = [(number, trial.fault) for number, trial in enumerate(found.trials or (), 1) if trial.fault]
    if not faults:
        return found.verdict.reason
    (number, fault), *_ = faults
    return f"{found.verdict.reason}, document {number}: {fault.reason}"
