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
from mlalias.core.plan import Caution, Context, Edit, Plan, Receipt, strictly
from mlalias.documents.docs import Docs, check_fields
from mlalias.edits.aliases import take_back
from mlalias.errors import Failure, Hint, Refused
from mlalias.stores.cluster.inference import Inference, Subject
from mlalias.stores.cluster.store import ClusterStore


class Report(NamedTuple):
    """The checks of several names, and what to warn of."""

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


def rehearse(store: ClusterStore, edit: Edit, docs: Docs, *, strict: bool = False) -> Rollout:
    """Plan a move, and ask the new model; nothing is sent. With `strict`, warnings refuse. Raises as `check` does."""
    plan = store.planned(strictly(edit) if strict else edit)
    if plan.errors:
        return Rollout(plan)
    (change,) = plan.changes
    report = check(store.inference(), [change.model_id or ""], docs)
    (before,) = report.checks
    plan = plan._replace(warnings=(*plan.warnings, *_cautions(report, change.model_alias)))
    if before.verdict.level not in ("pass", "warn"):
        return Rollout(plan._replace(changes=(), refused=plan.changes, errors=(_unfit(plan, before, docs),)), before)
    return Rollout(strictly(lambda _: plan)(plan.before) if strict else plan, before)


def _cautions(report: Report, alias: str) -> tuple[Caution, ...]:
    """What to warn of before a move to a model that answers."""
    (before,) = report.checks
    verdict = before.verdict
    warned = (f"'{before.name}' answers, but {verdict.reason}",) if verdict.level == "warn" else ()
    return tuple(Caution(text, model_alias=alias) for text in (*report.warnings, *warned))


def roll_out(
    store: ClusterStore, edit: Edit, docs: Docs, message: str | None = None, *, strict: bool = False
) -> Rollout:
    """Carry out a move that is checked before and after; raises as `check` does, before anything is sent."""
    rehearsal = rehearse(store, edit, docs, strict=strict)
    plan, before = rehearsal.result, rehearsal.before
    if isinstance(plan, Plan) and plan.errors:
        return rehearsal._replace(result=Receipt.of(plan, None))
    receipt = store.change(strictly(edit) if strict else edit, "put", message)
    added = tuple(caution for caution in plan.warnings if caution.rule is None and caution not in receipt.warnings)
    receipt = receipt._replace(warnings=(*receipt.warnings, *added))
    if receipt.errors or not receipt.moves or before is None:
        return Rollout(receipt, before)
    (change,) = receipt.moves
    after, fault = _ask_again(store, change, before, docs)
    rollout = Rollout(receipt, before, after)
    return rollout if fault is None else _take_back(store, rollout, receipt, fault)


def _ask_again(store: ClusterStore, change: Change, before: Check, docs: Docs) -> tuple[Check | None, str | None]:
    """What the alias answers after the move, and what is wrong with it, if anything is."""
    try:
        (trials,) = store.inference().ask([Subject(change.model_alias, before.model)], docs)
    except Failure as failure:
        return None, failure.reason
    except KeyboardInterrupt:
        store.say(f"interrupted: the alias '{change.model_alias}' names '{change.model_id}', and was not checked")
        raise
    after = before._replace(name=change.model_alias, trials=trials)
    return after, None if after.verdict.level in ("pass", "warn") else _first_fault(after)


def _take_back(store: ClusterStore, rollout: Rollout, receipt: Receipt, fault: str) -> Rollout:
    (change,) = receipt.moves
    reason = f"the alias '{change.model_alias}' failed its check after the move: {fault}"
    store.say(f"the alias '{change.model_alias}' failed its check: taking the move back")
    try:
        message = None if receipt.revision is None else reason
        back = store.change(take_back(change, receipt.revision), "rollback", message)
    except Failure as failure:
        return rollout._replace(fault=_stuck(store, receipt, reason, failure))
    if back.errors:
        return rollout._replace(fault=_stuck(store, receipt, reason, back.errors[0]), back=back)
    now = f"it names '{change.previous_model_id}' again" if change.previous_model_id else "it is deleted again"
    hint = Hint("see how the new model is doing", ("check", change.model_id or ""))
    return rollout._replace(fault=_failed(f"{reason}; {now}", receipt.plan, change, hint), back=back)


def _failed(reason: str, plan: Plan, change: Change, *hints: Hint, certain: bool = True) -> Refused:
    context = Context(plan.before, change.model_alias)
    return Refused(reason, *hints, rule="check_failed", context=context, certain=certain)


def _unfit(plan: Plan, before: Check, docs: Docs) -> Refused:
    """The refusal of a move to a model that does not answer."""
    (change,) = plan.changes
    fails = f"cannot answer ({before.verdict.reason})"
    words = ["check", change.model_id or ""]
    if before.trials is not None:
        fails = f"fails its check ({_first_fault(before)})"
        words += ["--docs", docs.source] if docs.is_file else []
    reason = f"'{change.model_id}' {fails}, so the alias '{change.model_alias}' stays as it is"
    return _failed(reason, plan, change, Hint("see how it is doing", tuple(words)))


def _stuck(store: ClusterStore, receipt: Receipt, reason: str, failure: Failure) -> Refused:
    """The failure where the way back failed as well; what is not known is said to be unknown."""
    (change,) = receipt.moves
    alias, old = change.model_alias, change.previous_model_id
    now = _now(store, alias) if failure.certain else "what it names now is unknown"
    hints = [Hint("see what it names now", ("show", alias))]
    if failure.rule != "if_current":  # it is ours to take back
        hints.append(Hint("to take it back", ("put", old, alias, "--reassign") if old else ("delete", alias)))
    text = f"{reason}; taking it back failed ({failure.reason}): {now}"
    return _failed(text, receipt.plan, change, *hints, certain=failure.certain)


def _now(store: ClusterStore, alias: str) -> str:
    """What an alias names, as far as the cluster says it."""
    try:
        target = store.read().aliases.get(alias)
    except Failure:
        return "what it names now is unknown"
    return f"it names '{target}' now" if target else "it does not exist any more"


def _first_fault(check: Check) -> str:
    """How many documents were not answered, and why the first of them was not."""
    faults = [(number, trial.fault) for number, trial in enumerate(check.trials or (), 1) if trial.fault]
    if not faults:
        return check.verdict.reason
    (number, fault), *_ = faults
    return f"{check.verdict.reason}, document {number}: {fault.reason}"
