"""What a write did, or would do, to text."""

from collections.abc import Sequence

from mlalias.advice import undo
from mlalias.core.catalog import AliasChange
from mlalias.core.plan import Caution, FactChange, Plan
from mlalias.core.rules import refusals
from mlalias.documents.codec import to_json
from mlalias.errors import Failure, Hint, as_one
from mlalias.output import listings as render
from mlalias.output import shapes as records
from mlalias.output import tables
from mlalias.output.page import Format, Page, Typed
from mlalias.output.tables import Column, Row, Screen

_KEPT = [Column(title, kept=True) for title in ("result", "alias", "model", "was")]
_FACT = [Column(title, kept=True) for title in ("result", "part", "name")]
_MOST_FACTS = 30


def page(
    plan: Plan,
    form: Format,
    *,
    dry_run: bool = False,
    quiet: bool = False,
    lists_unchanged: bool = True,
    typed: Typed,
) -> Page:
    """The result of a write; a refused one ends with its errors and their exit code.

    What was `typed` completes the commands of hints.
    """
    talk = "".join(_warning(caution, plan.errors) for caution in plan.warnings)
    if plan.errors:
        refused = failed(
            as_one(plan.errors),
            form,
            typed=typed,
            quiet=quiet,
            more=records.rules(plan) if dry_run else records.stopped(plan),
        )
        text = refused.text if form is not Format.table or quiet else _text(plan, dry_run, lists_unchanged)
        return refused._replace(text=text, talk=(talk + refused.talk).lstrip("\n"))
    if not quiet:
        talk += _hints(plan, dry_run, typed)
    committed = not (dry_run or plan.empty)
    if talk.endswith("\n\n"):
        talk = talk[:-1]
    return Page(
        "" if quiet and form is not Format.json else _result(plan, form, dry_run, lists_unchanged),
        talk,
        committed=committed,
    )


def _result(plan: Plan, form: Format, dry_run: bool, lists_unchanged: bool) -> str:
    if form is Format.json:
        return to_json(records.plan(plan, dry_run=dry_run))
    if form is Format.tsv:
        return tables.tsv(_row(change) for change in plan.changes)
    return _text(plan, dry_run, lists_unchanged)


def _text(plan: Plan, dry_run: bool, lists_unchanged: bool) -> str:
    screen = tables.stdout()
    parts = []
    if dry_run and len(plan.outcomes) == 1:
        parts += [render.rules(outcomes, screen) for outcomes in plan.outcomes.values()]
    if plan.facts:
        parts.append(_facts(plan.facts, screen))
    listed = plan.changes if lists_unchanged else plan.moves
    rows = [_row(change) for change in listed] + [_refused(plan, change) for change in plan.refused]
    rows = sorted(rows + [("not sent", *_row(change)[1:]) for change in plan.left or ()], key=_alias)
    if rows and (len(rows) > 1 or not plan.refused):
        parts.append(_changes(rows, screen))
    if not lists_unchanged:
        parts.append(_count_of_unchanged(plan))
    told = [part for part in parts if part]
    if dry_run and len(plan.outcomes) > 1:
        told.append("what each rule says of each alias: -o json\n")
    if not told and not plan.errors:
        return "nothing to do\n"
    if dry_run or (told and plan.errors):
        told.append(f"{'refused' if plan.errors else 'dry run'}: nothing was written\n")
    return "\n".join(told)


def _row(change: AliasChange) -> Row:
    return change.result, change.model_alias, change.model_id or "", change.previous_model_id or ""


def _alias(row: Row) -> str:
    return row[1]


def _refused(plan: Plan, change: AliasChange) -> Row:
    if plan.left is not None:
        return "failed" if plan.errors[0].certain else "unknown", *_row(change)[1:]
    faults = refusals(plan.outcomes.get(change.model_alias, ()))
    why = f"refused ({faults[0].rule.id})" if faults else "refused"
    return why, *_row(change)[1:]


def _changes(rows: Sequence[Row], screen: Screen) -> str:
    """The change table; on a narrow terminal the previous model goes below the new one."""
    if tables.fits(_KEPT, rows, screen):
        return tables.table(_KEPT, rows, screen)[0]
    stacked: list[Row] = []
    for *change, was in rows:
        stacked += [change, ("", "was", was)] if was else [change]
    if tables.fits(_KEPT[:3], stacked, screen):
        return tables.table(_KEPT[:3], stacked, screen)[0]
    return tables.table(_KEPT, rows, screen)[0]


def _count_of_unchanged(plan: Plan) -> str:
    count = len(plan.changes) - len(plan.moves)
    return f"{count} {'alias' if count == 1 else 'aliases'} unchanged\n" if count else ""


def _facts(facts: Sequence[FactChange], screen: Screen) -> str:
    told = [fact for fact in facts if fact.result != "same"]
    more, same = len(told) - _MOST_FACTS, len(facts) - len(told)
    rest = [f"{more} more (listed by -o json)"] if more > 0 else []
    rest += [f"{same} the same"] if same else []
    table = tables.table(_FACT, told[:_MOST_FACTS], screen)[0] if told else ""
    return table + (f"{'and ' if told else 'facts: '}{', '.join(rest)}\n" if rest else "")


# --- talk ---


def _warning(caution: Caution, errors: Sequence[Failure]) -> str:
    """A warning with its overlap; one that refuses is told by its error."""
    refuses = any(error.reason.startswith(caution.message) for error in errors)
    text = "" if refuses else tables.said("warning", "yellow", caution.message)
    if caution.overlap is None:
        return text
    return f"{text}\n{render.overlap(caution.overlap, tables.stderr())}\n"


def _hints(plan: Plan, dry_run: bool, typed: Typed) -> str:
    """How to undo a move; of several, the first."""
    undoable = [
        change
        for change in plan.moves
        if (plan.undoes or change.result != "created") and _is_there(plan, change.previous_model_id)
    ]
    if dry_run or plan.forgotten or not undoable:
        return ""
    hint = undo(undoable[0], plan.before.revision, rolled_back=bool(plan.undoes))
    if len(undoable) > 1:
        hint = hint._replace(text="to undo it for one alias")
    return tables.said("hint", "cyan", records.hint_text(hint, typed._replace(options=())))


def _is_there(plan: Plan, model_id: str | None) -> bool:
    """Whether there is a model to go back to; the change is made, and a hint is not worth an error about it."""
    try:
        return model_id is None or model_id in plan.before.models
    except (Failure, OSError):
        return False


def failed(
    failure: Failure,
    form: Format,
    *,
    typed: Typed,
    quiet: bool = False,
    more: records.Record | None = None,
) -> Page:
    """A failure: its sentences and hints as talk, and as one document where JSON is asked for."""
    text = to_json(records.failure(failure, typed) | (more or {})) if form is Format.json else ""
    talk = "".join(tables.said("error", "red", error.reason) for error in failure.errors)
    hints: dict[Hint, None] = dict.fromkeys(hint for error in failure.errors for hint in error.hints)
    if not quiet:
        talk += "".join(tables.said("hint", "cyan", records.hint_text(hint, typed)) for hint in list(hints)[:2])
    return Page(text, talk, failure.exit_code)
