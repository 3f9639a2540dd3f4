"""What a checked `put` prints: what was answered, what was moved, and whether the move was taken back."""

from typing import TYPE_CHECKING

from mlalias.core.checks import Check
from mlalias.core.plan import Plan, Receipt
from mlalias.errors import Failure
from mlalias.output import changes, checked, shapes, tables
from mlalias.output.changes import Advice
from mlalias.output.checks import milliseconds
from mlalias.output.page import Format, Invocation, Page, Screen, Screens
from mlalias.output.shapes import Record

if TYPE_CHECKING:
    from mlalias.stores.cluster.rollout import Rollout


def page(rollout: "Rollout", advice: Advice, invocation: Invocation, screens: Screens) -> Page:
    """A write, or the plan of a dry run, and what was answered before and after it."""
    if rollout.fault is not None:
        return _failed_after(rollout, rollout.fault, advice, invocation, screens)
    shown = changes.page(rollout.result, advice, invocation, screens, more={"check": _checks(rollout)})
    return shown._replace(notes=_notes(rollout, invocation, screens.err) + shown.notes)


def _failed_after(rollout: "Rollout", fault: Failure, advice: Advice, invocation: Invocation, screens: Screens) -> Page:
    """A move that was made, the way back as far as it was gone, and why."""
    more = {**_made(rollout), "check": _checks(rollout)}
    failed = changes.failed(fault, advice.hints, invocation, screens, more=more)
    if invocation.form is Format.json:
        return failed
    made = changes.page(_both_ways(rollout), Advice(), invocation, screens)
    notes = made.notes + _notes(rollout, invocation, screens.err) + failed.notes
    return failed._replace(text=made.text, notes=notes, committed=made.committed)


def _made(rollout: "Rollout") -> Record:
    """The changes of both ways, and what is not known of the way back."""
    back = shapes.stopped(rollout.back) if rollout.back and rollout.back.errors else {"not_done": [], "unknown": []}
    made = _both_ways(rollout)
    changed = [shapes.change(each) for each in made.changes]
    return back | {"changes": changed, "warnings": [shapes.warning(each) for each in made.warnings]}


def _both_ways(rollout: "Rollout") -> Plan | Receipt:
    """The receipt of the move, with the changes of the way back if it was gone."""
    back = rollout.back.changes if rollout.back and not rollout.back.errors else ()
    return rollout.result._replace(changes=(*rollout.result.changes, *back))


def _checks(rollout: "Rollout") -> Record:
    return {when: check and checked.record(check) for when, check in _stages(rollout)}


def _stages(rollout: "Rollout") -> tuple[tuple[str, Check | None], ...]:
    return ("before", rollout.before), ("after", rollout.after)


def _notes(rollout: "Rollout", invocation: Invocation, screen: Screen) -> str:
    """What was answered at each stage, a sentence each; JSON has it all."""
    if invocation.quiet or invocation.form is Format.json:
        return ""
    asked = [(when, check) for when, check in _stages(rollout) if check and check.trials is not None]
    return "".join(tables.sentence(_note(when, check), screen) for when, check in asked)


def _note(when: str, check: Check) -> str:
    times = check.times
    took = f", median {milliseconds(times.median)}, slowest {milliseconds(times.slowest)}" if times else ""
    asked = len(check.trials or ())
    return f"checked {when} the move: '{check.name}' answered {check.answered} of {asked} documents{took}"
