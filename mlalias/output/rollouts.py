"""What a checked `put` prints: what was answered, what was moved, and whether the move was taken back."""

from typing import TYPE_CHECKING

from mlalias.core.checks import Check
from mlalias.core.plan import Plan, Receipt
from mlalias.documents.codec import to_json
from mlalias.errors import as_one
from mlalias.output import changes, checked, shapes
from mlalias.output.changes import Advice
from mlalias.output.checks import milliseconds
from mlalias.output.page import Format, Invocation, Page, Screens

if TYPE_CHECKING:
    from mlalias.output.shapes import Record
    from mlalias.stores.cluster.rollout import Rollout


def page(found: "Rollout", advice: Advice, invocation: Invocation, screens: Screens) -> Page:
    """A write, or the plan of a dry run, and what was answered before and after it."""
    result = found.result
    if invocation.form is Format.json:
        return _json(found, advice, invocation, screens)
    if found.back is None or isinstance(result, Plan):
        shown = changes.page(result, advice, invocation, screens)
        notes = "" if invocation.quiet else "".join(map(_told, _stages(found)))
        return shown._replace(notes=notes + shown.notes)
    refused = changes.failed(as_one(result.errors), advice.hints, invocation, screens)
    made = changes.page(result._replace(errors=()), Advice(), invocation, screens)
    back = (
        changes.page(found.back._replace(errors=()), Advice(), invocation, screens) if not found.back.errors else Page()
    )
    notes = made.notes + ("" if invocation.quiet else "".join(map(_told, _stages(found))))
    return Page(made.text + _without_head(back.text, invocation), notes + refused.notes, refused.code, made.committed)


def _without_head(text: str, invocation: Invocation) -> str:
    """The rows of a table that goes on from another one with the same columns."""
    return text.partition("\n")[2] if invocation.form is Format.table else text


def _stages(found: "Rollout") -> list[tuple[str, Check]]:
    stages = (("before the move", found.before), ("after the move", found.after))
    return [(when, check) for when, check in stages if check is not None]


def _told(stage: tuple[str, Check]) -> str:
    """What was answered at one stage, on one line."""
    when, found = stage
    if found.trials is None:
        return ""
    times = found.times
    took = f", median {milliseconds(times.median)}, slowest {milliseconds(times.slowest)}" if times else ""
    return f"checked {when}: '{found.name}' answered {found.answered} of {len(found.trials)} documents{took}\n"


def _json(found: "Rollout", advice: Advice, invocation: Invocation, screens: Screens) -> Page:
    result = found.result
    check = {when.partition(" ")[0]: checked.record(each) for when, each in _stages(found)}
    more: Record = {"check": {"before": None, "after": None} | check}
    if not result.errors:
        record = shapes.receipt(result) if isinstance(result, Receipt) else shapes.plan(result)
        notes = changes.page(result, advice, invocation, screens).notes
        return Page(to_json(record | more), notes, committed=isinstance(result, Receipt) and bool(result.moves))
    stopped = shapes.stopped(result) if isinstance(result, Receipt) else shapes.rules(result)
    if found.back is not None and isinstance(result, Receipt):
        both = [*result.changes, *found.back.changes]
        stopped = {"changes": [shapes.change(each) for each in both], "not_done": [], "unknown": []}
    return changes.failed(as_one(result.errors), advice.hints, invocation, screens, more=stopped | more)
