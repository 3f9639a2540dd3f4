"""What a checked `put` prints: what was answered, what was moved, and whether the move was taken back."""

from typing import TYPE_CHECKING

from mlalias.core.checks import Check
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
    made = changes.page(rollout.result, Advice(), invocation, screens)
    back = _without_head(_back(rollout, invocation, screens), invocation)
    notes = made.notes + _notes(rollout, invocation, screens.err) + failed.notes
    return failed._replace(text=made.text + back, notes=notes)


def _made(rollout: "Rollout") -> Record:
    """The changes of both ways, and what is not known of the way back."""
    made = [shapes.change(each) for each in rollout.result.changes]
    warnings = [shapes.warning(each) for each in rollout.result.warnings]
    if rollout.back is None:
        return {"changes": made, "not_done": [], "unknown": [], "warnings": warnings}
    if rollout.back.errors:
        back = shapes.stopped(rollout.back)
        return back | {"changes": made, "warnings": warnings}
    made += [shapes.change(each) for each in rollout.back.changes]
    return {"changes": made, "not_done": [], "unknown": [], "warnings": warnings}


def _back(rollout: "Rollout", invocation: Invocation, screens: Screens) -> str:
    """The table of the way back, if it was gone."""
    if rollout.back is None or rollout.back.errors:
        return ""
    return changes.page(rollout.back, Advice(), invocation, screens).text


def _without_head(text: str, invocation: Invocation) -> str:
    """The rows of a table that goes on from another one with the same columns."""
    return text.partition("\n")[2] if invocation.form is Format.table else text


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
