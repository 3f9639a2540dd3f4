"""What writing commands print: what was done, what would be done, or what was refused."""

from collections import Counter
from collections.abc import Sequence
from types import MappingProxyType
from typing import NamedTuple

from mlalias.core.catalog import Change
from mlalias.core.plan import Caution, FactChange, Plan, Receipt
from mlalias.core.rules import refusals
from mlalias.documents.codec import to_json
from mlalias.errors import Failure, Hint, as_one
from mlalias.output import listings, shapes, tables
from mlalias.output.page import Format, Invocation, Page, Screen, Screens
from mlalias.output.shapes import Hints, Record
from mlalias.output.tables import Column, Row
from mlalias.text import plural

_CHANGE = [Column(title, kept=True) for title in ("result", "alias", "model", "was")]
_FACT = [Column(title, kept=True) for title in ("result", "part", "name")]
_MOST_FACTS = 30


class Advice(NamedTuple):
    """What to type next: after each error, and to undo what was done."""

    hints: Hints = MappingProxyType({})
    undo: Hint | None = None


def page(
    result: Plan | Receipt,
    advice: Advice,
    invocation: Invocation,
    screens: Screens,
    *,
    lists_unchanged: bool = True,
) -> Page:
    """The receipt of a write, or the plan of a dry run; a refused one ends with its errors and their exit code."""
    notes = "".join(_warning(caution, result.errors, screens.err) for caution in result.warnings)
    if result.errors:
        return _refused(result, advice, invocation, screens, notes, lists_unchanged=lists_unchanged)
    if advice.undo and not invocation.quiet:
        hint = shapes.hint_text(advice.undo, invocation._replace(options=()))
        notes += tables.note("hint", "cyan", hint, screens.err)
    if notes.endswith("\n\n"):
        notes = notes[:-1]
    committed = isinstance(result, Receipt) and not result.plan.empty
    return Page(_result(result, invocation, screens.out, lists_unchanged), notes, committed=committed)


def _result(result: Plan | Receipt, invocation: Invocation, screen: Screen, lists_unchanged: bool) -> str:
    if invocation.form is Format.json:
        return to_json(shapes.receipt(result) if isinstance(result, Receipt) else shapes.plan(result))
    if invocation.quiet:
        return ""
    if invocation.form is Format.tsv:
        return tables.tsv(_row(change) for change in result.changes)
    return _text(result, screen, lists_unchanged)


def _refused(
    result: Plan | Receipt,
    advice: Advice,
    invocation: Invocation,
    screens: Screens,
    notes: str,
    *,
    lists_unchanged: bool,
) -> Page:
    more = shapes.stopped(result) if isinstance(result, Receipt) else shapes.rules(result)
    refused = failed(as_one(result.errors), advice.hints, invocation, screens, more=more)
    text = refused.text
    if invocation.form is Format.table and not invocation.quiet:
        text = _text(result, screens.out, lists_unchanged)
    return refused._replace(text=text, notes=(notes + refused.notes).lstrip("\n"))


# --- text for people ---


def _text(result: Plan | Receipt, screen: Screen, lists_unchanged: bool) -> str:
    dry_run = isinstance(result, Plan)
    plan = result if isinstance(result, Plan) else result.plan
    parts = [_rules(plan, screen)] if dry_run and len(plan.outcomes) == 1 else []
    parts.append(_facts(plan.facts, screen))
    rows = _rows(result, lists_unchanged)
    if rows and (len(rows) > 1 or not result.errors):
        parts.append(_changes(rows, screen))
    if not lists_unchanged:
        parts.append(_count_of_unchanged(result))
    parts = [part for part in parts if part]
    if dry_run and len(plan.outcomes) > 1:
        parts.append("what each rule says of each alias: -o json\n")
    if not parts and not result.errors:
        return "nothing to do\n" if plan.empty else "that there are no pipelines is known now\n"
    if isinstance(result, Receipt) and result.failed:
        parts += [_how_far(result)] if len(rows) > 1 else []
    elif dry_run or (parts and result.errors):
        parts.append(f"{'refused' if result.errors else 'dry run'}: nothing was written\n")
    return "\n".join(parts)


def _how_far(result: Receipt) -> str:
    """How many changes were made, and what became of the others."""
    counts = Counter(row[0] for row in _rows(result, lists_unchanged=False))
    words = {"created": "created", "reassigned": "moved", "deleted": "deleted"}
    words |= {what: what for what in ("failed", "unknown", "not sent")}
    return f"stopped: {', '.join(f'{counts[what]} {word}' for what, word in words.items() if counts[what])}\n"


def _rules(plan: Plan, screen: Screen) -> str:
    """What every rule says of the one move."""
    return listings.rules(shapes.rules(plan)["rules"], screen)


def _rows(result: Plan | Receipt, lists_unchanged: bool) -> list[Row]:
    """A row for each alias: changed, refused, failed, not sent."""
    rows = [_row(change) for change in (result.changes if lists_unchanged else result.moves)]
    plan = result if isinstance(result, Plan) else result.plan
    if isinstance(result, Receipt) and result.failed:
        failed = "failed" if result.errors[0].certain else "unknown"
        rows.append((failed, *_row(result.failed)[1:]))
        rows += [("not sent", *_row(change)[1:]) for change in result.unsent]
    elif result.errors:
        rows += [(_why(plan, change), *_row(change)[1:]) for change in plan.refused]
    return sorted(rows, key=lambda row: row[1])


def _row(change: Change) -> Row:
    return change.result, change.model_alias, change.model_id or "", change.previous_model_id or ""


def _why(plan: Plan, change: Change) -> str:
    faults = refusals(plan.outcomes.get(change.model_alias, ()))
    return f"refused ({faults[0].rule.id})" if faults else "refused"


def _changes(rows: Sequence[Row], screen: Screen) -> str:
    """The table of changes; on a narrow terminal the previous model goes below the new one."""
    if tables.fits(_CHANGE, rows, screen):
        return tables.table(_CHANGE, rows, screen)[0]
    stacked: list[Row] = []
    for *change, was in rows:
        stacked += [change, ("", "was", was)] if was else [change]
    if tables.fits(_CHANGE[:3], stacked, screen):
        return tables.table(_CHANGE[:3], stacked, screen)[0]
    return tables.table(_CHANGE, rows, screen)[0]


def _count_of_unchanged(result: Plan | Receipt) -> str:
    count = len(result.changes) - len(result.moves)
    return f"{plural(count, 'alias', 'aliases')} unchanged\n" if count else ""


def _facts(facts: Sequence[FactChange], screen: Screen) -> str:
    differing = [fact for fact in facts if fact.result != "same"]
    more, same = len(differing) - _MOST_FACTS, len(facts) - len(differing)
    rest = [f"{more} more (listed by -o json)"] if more > 0 else []
    rest += [f"{same} the same"] if same else []
    table = tables.table(_FACT, differing[:_MOST_FACTS], screen)[0] if differing else ""
    return table + (f"{'and ' if differing else 'facts: '}{', '.join(rest)}\n" if rest else "")


# --- notes ---


def _warning(caution: Caution, errors: Sequence[Failure], screen: Screen) -> str:
    """A warning with its overlap; where --strict made it an error, the overlap alone."""
    refused = any(error.rule == caution.rule and _alias(error) == caution.model_alias for error in errors)
    text = "" if refused else tables.note("warning", "yellow", caution.message, screen)
    if caution.overlap is None:
        return text
    return f"{text}\n{listings.overlap(shapes.overlap(caution.overlap), screen)}\n"


def _alias(error: Failure) -> str | None:
    return error.context.model_alias if error.context else None


def failed(
    failure: Failure, hints: Hints, invocation: Invocation, screens: Screens, *, more: Record | None = None
) -> Page:
    """A failure: its sentences and hints as notes, and as one document where JSON is asked for."""
    record = shapes.failure(failure, hints, invocation) | (more or {})
    text = to_json(record) if invocation.form is Format.json else ""
    notes = "".join(tables.note("error", "red", error.reason, screens.err) for error in failure.errors)
    unique = dict.fromkeys(hint for error in failure.errors for hint in hints.get(error, ()))
    if not invocation.quiet:
        texts = [shapes.hint_text(hint, invocation) for hint in list(unique)[:2]]
        notes += "".join(tables.note("hint", "cyan", text, screens.err) for text in texts)
    return Page(text, notes, failure.exit_code)
