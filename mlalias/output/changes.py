"""What writing commands print: what was done, what would be done, or what was refused."""

from collections import Counter
from collections.abc import Iterable, Sequence
from enum import Enum
from types import MappingProxyType
from typing import NamedTuple

from mlalias.core.plan import Caution, Plan, Receipt
from mlalias.documents.codec import to_json
from mlalias.errors import Failure, Hint, as_one
from mlalias.output import listings, shapes, tables
from mlalias.output.page import Format, Invocation, Page, Screen, Screens
from mlalias.output.shapes import Hints, Record
from mlalias.output.tables import Column, Row
from mlalias.text import plural

_CHANGE = [Column(title, kept=True) for title in ("result", "alias", "model", "was")]
_FACT = [Column(title, kept=True) for title in ("result", "part", "name")]
_COUNT = [Column("part", kept=True), *(Column(title, right=True) for title in ("new", "changed", "removed", "same"))]
_SCREENFUL = 20


class Detail(Enum):
    """How much of a result people see: all, only changes, only changes found by `--check`, or a summary."""

    all = "all"
    changes = "changes"
    drift = "drift"
    summary = "summary"


class Advice(NamedTuple):
    """What to type next: for each error, after a change, and to undo it; in this order."""

    hints: Hints = MappingProxyType({})
    after: Sequence[Hint] = ()
    undo: Hint | None = None


def page(
    result: Plan | Receipt,
    advice: Advice,
    invocation: Invocation,
    screens: Screens,
    detail: Detail = Detail.all,
    more: Record | None = None,
) -> Page:
    """The page for the receipt of a write or the plan of a dry run; if refused, with its errors and their exit code.

    `more` are additional keys for JSON.
    """
    if invocation.form is Format.json:
        return _document(result, advice, invocation, screens, more or {})
    notes = _warnings(result, screens.err, brief=detail is Detail.drift)
    text = "" if invocation.quiet else _text(result, invocation.form, screens.out, detail)
    if result.errors:
        refused = failed(as_one(result.errors), advice.hints, invocation, screens)
        return refused._replace(text=text, notes=notes + refused.notes)
    if not invocation.quiet and _moves(result):
        from mlalias.output import users

        notes += users.move_notes(result, screens.err)
    for hint in () if invocation.quiet else advice.after:
        words, command = shapes.hint(hint, invocation._replace(options=()))
        notes += tables.note("hint", "cyan", words, screens.err, command)
    return Page(text, notes, committed=_committed(result))


def _moves(result: Plan | Receipt) -> bool:
    """Whether an alias moves; only then does it matter who uses it."""
    return any(change.result == "reassigned" for change in result.moves)


def _of_users(result: Plan | Receipt) -> Record:
    """The keys about who follows a move and who stays behind."""
    if not _moves(result):
        following: Record = {"following": []} if isinstance(result, Plan) else {}
        return {"left_behind": [], "users_unknown": {}, **following}
    from mlalias.output import users

    return users.of_move(result)


def _committed(result: Plan | Receipt) -> bool:
    return isinstance(result, Receipt) and not result.plan.empty


def _document(result: Plan | Receipt, advice: Advice, invocation: Invocation, screens: Screens, more: Record) -> Page:
    """The same as JSON, which leaves nothing out."""
    if result.errors:
        stopped = shapes.stopped(result) | (shapes.rules(result) if isinstance(result, Plan) else {})
        return failed(as_one(result.errors), advice.hints, invocation, screens, more=stopped | more)
    more = more | _of_users(result)
    if isinstance(result, Plan):
        return Page(to_json(shapes.plan(result) | more))
    plain = invocation._replace(options=())
    undo = shapes.command_line(advice.undo, plain) if advice.undo else None
    return Page(to_json(shapes.receipt(result, undo) | more), committed=_committed(result))


def initialized(created: bool, location: str, form: Format, _: Screens, *, on_cluster: bool) -> Page:
    """What `init` did."""
    if form is Format.json:
        return Page(to_json({"acknowledged": True, "created": created, "catalog": location}))
    what = "a history" if on_cluster else "an empty catalog"
    has = f"{location} keeps {what} now" if on_cluster else f"there is {what} in '{location}' now"
    return Page(f"{has if created else f'nothing to do: {location} has one already'}\n", committed=created)


# --- text for people ---


def _text(result: Plan | Receipt, form: Format, screen: Screen, detail: Detail) -> str:
    if form is Format.tsv:
        return "" if result.errors else tables.tsv(_row(shapes.change(each)) for each in result.changes)
    plan = result if isinstance(result, Plan) else result.plan
    records = _records(result)
    parts = [
        "" if result.errors else _facts(plan, screen, detail, dry_run=isinstance(result, Plan)),
        _changes(_listed(records, detail), screen, detail, dry_run=isinstance(result, Plan)),
        "" if detail is Detail.drift else _explained(result, screen),
        _last_line(result, records, detail),
    ]
    return "\n".join(filter(None, parts))


def _records(result: Plan | Receipt) -> list[Record]:
    """A record for each alias, with its outcome as `result`."""
    if not result.errors:
        return [shapes.change(each) for each in result.changes]
    stopped = shapes.stopped(result)
    others = [record | {"intent": record["result"], "result": record["outcome"]} for record in stopped["not_done"]]
    unknown = [record | {"result": "unknown"} for record in stopped["unknown"]]
    return sorted([*stopped["changes"], *others, *unknown], key=lambda record: str(record["model_alias"]))


def _listed(records: Sequence[Record], detail: Detail) -> list[Record]:
    """The records that people see; none for a single change that was not made, as the error says it all."""
    if len(records) == 1 and records[0]["result"] in dict(_UNDONE):
        return []
    left_out = {Detail.all: (), Detail.summary: ("created", "unchanged")}.get(detail, ("unchanged",))
    return [record for record in records if record["result"] not in left_out]


def _row(record: Record) -> Row:
    return record["result"], record["model_alias"], record["model_id"] or "", record["previous_model_id"] or ""


_WOULD = {"created": "would create", "reassigned": "would move", "deleted": "would delete"}
_NOT = {"created": "not created", "reassigned": "not moved", "deleted": "not deleted"}


def _in_words(record: Record, *, dry_run: bool) -> str:
    result: str = record["result"]
    if result == "not_done":
        return _NOT[record["intent"]]
    return _WOULD.get(result, result) if dry_run else result.replace("_", " ")


def _changes(records: Sequence[Record], screen: Screen, detail: Detail, *, dry_run: bool) -> str:
    """The table of changes; a summary has only the first screenful."""
    shown = records[:_SCREENFUL] if detail is Detail.summary else records
    rows = [(_in_words(record, dry_run=dry_run), *_row(record)[1:]) for record in shown]
    return _table(rows, screen) + _and_more(len(records) - len(shown)) if rows else ""


def _and_more(count: int) -> str:
    return f"and {count:,} more: -o json\n" if count > 0 else ""


def _table(rows: Sequence[Row], screen: Screen) -> str:
    """A table of result, alias, model and previous model, the last below the model on a narrow terminal."""
    if tables.fits(_CHANGE, rows, screen):
        return tables.table(_CHANGE, rows, screen).text
    stacked: list[Row] = []
    for *change, was in rows:
        stacked += [change, ("", "was", was)] if was else [change]
    if tables.fits(_CHANGE[:3], stacked, screen):
        return tables.table(_CHANGE[:3], stacked, screen).text
    return tables.table(_CHANGE, rows, screen).text


def _explained(result: Plan | Receipt, screen: Screen) -> str:
    """The outcome of every rule in a dry run, if it has a single alias."""
    if not isinstance(result, Plan) or not result.outcomes:
        return ""
    if len(result.outcomes) > 1:
        return "what each rule says of each alias: -o json\n"
    return listings.rules(shapes.rules(result)["rules"], screen)


_DONE = (("created", "created"), ("reassigned", "moved"), ("deleted", "deleted"))
_TO_DO = (("created", "to create"), ("reassigned", "to move"), ("deleted", "to delete"), ("unchanged", "unchanged"))
_SEVERAL = 2
_UNDONE = tuple(
    (result, result.replace("_", " ")) for result in ("refused", "failed", "unknown", "not_sent", "not_done")
)


def _last_line(result: Plan | Receipt, records: Sequence[Record], detail: Detail) -> str:
    """How many changes were made, would be made, or were not made."""
    if result.errors:
        return _stopped_line(result, records)
    if detail is Detail.drift:
        return ""
    plan = result if isinstance(result, Plan) else result.plan
    if isinstance(result, Plan):
        return f"dry run: {_counted(records, _TO_DO) or _facts_alone(result)}\n"
    if not (records or result.plan.facts):
        return "nothing to do\n" if plan.empty else "recorded that there are no pipelines\n"
    count = sum(record["result"] == "unchanged" for record in records)
    return f"{plural(count, 'alias', 'aliases')} unchanged\n" if count and detail is Detail.changes else ""


def _stopped_line(result: Plan | Receipt, records: Sequence[Record]) -> str:
    """What was done of changes that are refused, or that a cluster stopped at."""
    if len(records) < _SEVERAL:
        return "nothing was written\n" if isinstance(result, Plan) else ""
    if isinstance(result, Receipt) and result.failed:
        return f"stopped: {_counted(records, (*_DONE, *_UNDONE))}\n"
    return f"nothing was written: {_counted(records, (*_UNDONE, ('unchanged', 'unchanged')))}\n"


def _facts_alone(plan: Plan) -> str:
    return "nothing to do" if plan.empty else "nothing was written"


def _counted(records: Iterable[Record], words: Sequence[tuple[str, str]]) -> str:
    counts = Counter(record["result"] for record in records)
    return ", ".join(f"{counts[result]:,} {word}" for result, word in words if counts[result])


# --- facts ---

_WOULD_BE = {"new": "would add", "changed": "would change", "removed": "would remove"}


def _facts(plan: Plan, screen: Screen, detail: Detail, *, dry_run: bool) -> str:
    """What becomes of models, deployments and pipelines, by name; an import counts them and names no new ones."""
    unnamed = ("same", "new") if detail is Detail.summary else ("same",)
    named = [fact for fact in plan.facts if fact.result not in unnamed]
    rows = [(_WOULD_BE[result] if dry_run else result, part, name) for result, part, name in named[:_SCREENFUL]]
    parts = [_counts(plan, screen)] if detail is Detail.summary and (plan.facts or plan.changes) else []
    if rows:
        parts.append(tables.table(_FACT, rows, screen).text + _and_more(len(named) - len(rows)))
    return "\n".join(parts)


def _counts(plan: Plan, screen: Screen) -> str:
    """How many of each part are new, changed, removed, the same."""
    rows = [
        (part, *(f"{counted[column.title]:,}" if counted[column.title] else "" for column in _COUNT[1:]))
        for part, counted in shapes.counts(plan).items()
        if any(counted.values())
    ]
    return tables.table(_COUNT, rows, screen).text


# --- notes ---


def _warnings(result: Plan | Receipt, screen: Screen, *, brief: bool) -> str:
    return "".join(_warning(caution, result.errors, screen, brief=brief) for caution in result.warnings)


def _warning(caution: Caution, errors: Sequence[Failure], screen: Screen, *, brief: bool) -> str:
    """A warning with its overlap; where --strict made it an error, the overlap alone."""
    refused = any(error.rule == caution.rule and shapes.alias_of(error) == caution.model_alias for error in errors)
    text = "" if refused else tables.note("warning", "yellow", caution.message, screen)
    if caution.overlap is None or brief:
        return text
    return f"{text}\n{listings.overlap(shapes.overlap(caution.overlap), screen)}\n".removeprefix(
        "\n" if refused else ""
    )


def failed(
    failure: Failure, hints: Hints, invocation: Invocation, screens: Screens, *, more: Record | None = None
) -> Page:
    """A failure: its sentences and hints as notes, or as one document where JSON is asked for."""
    notes = "".join(tables.note("error", "red", error.reason, screens.err) for error in failure.errors)
    unique = dict.fromkeys(hint for error in failure.errors for hint in hints.get(error, ()))
    if not invocation.quiet:
        texts = [shapes.hint(hint, invocation) for hint in list(unique)[:2]]
        notes += "".join(tables.note("hint", "cyan", words, screens.err, command) for words, command in texts)
    if invocation.form is not Format.json:
        return Page(notes=notes, code=failure.exit_code)
    record = shapes.failure(failure, hints, invocation) | (more or {})
    return Page(to_json(record), code=failure.exit_code, unprinted=notes)
