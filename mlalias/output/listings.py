"""What reading commands print: records, and tables with some of their columns."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from mlalias.core.catalog import Catalog, Entry, Model
from mlalias.documents.codec import to_json
from mlalias.errors import Damaged
from mlalias.output import shapes, tables
from mlalias.output.page import Format, Invocation, Page, Screen, Screens
from mlalias.output.shapes import Record
from mlalias.output.tables import Column, Row
from mlalias.text import plural

if TYPE_CHECKING:
    from mlalias.stores.findings import Findings


def _listing(
    records: Sequence[Record],
    form: Format,
    columns: Sequence[Column],
    row: Callable[[Record], Mapping[str, str]],
    screens: Screens,
    *,
    key: str,
    empty: str,
) -> Page:
    """A list in any format; `row` gives the cells by title, and `empty` is the note for people if there are no records.

    TSV has the cells in the order of `row`, where new ones are added only at the end; a table has that of `columns`.
    """
    if form is Format.json:
        return Page(to_json({key: records}))
    rows = [row(record) for record in records]
    if form is Format.tsv:
        return Page(tables.tsv(tuple(cells.values()) for cells in rows))
    if not rows:
        return Page(notes=empty + "\n")
    drawn = tables.table(columns, [[cells[column.title] for column in columns] for cells in rows], screens.out)
    return Page(drawn.text, left_out(drawn, screens.err))


def left_out(drawn: tables.Drawn, screen: Screen) -> str:
    """A note about the columns that did not fit, and how to see them."""
    if not drawn.left_out:
        return ""
    titles = ", ".join(drawn.left_out)
    return tables.sentence(f"left out: {titles} (to see all: -o json, or {drawn.width} columns)", screen)


# --- lists ---

_ALIASES = (
    Column("alias", kept=True),
    Column("model", kept=True),
    Column("type", worth=2),
    Column("inference", worth=3),
    Column("fields", right=True, worth=1),
    Column("deployment", worth=4),
)
_MODELS = (
    Column("model", kept=True),
    Column("aliases", kept=True),
    Column("type", worth=2),
    Column("inference", worth=3),
    Column("fields", right=True, worth=1),
    Column("deployment", worth=4),
)


def _nothing(noun: str, nouns: str, there: Mapping[str, object], patterns: Sequence[str]) -> str:
    """The note for an empty list."""
    if not (patterns and there):
        return f"no {nouns}"
    return f"no {noun} matches {' or '.join(repr(pattern) for pattern in patterns)}"


def aliases(
    catalog: Catalog, names: Sequence[str], form: Format, screens: Screens, *, patterns: Sequence[str] = ()
) -> Page:
    """The aliases of the given names, which were found by the patterns."""
    empty = _nothing("alias", "aliases", catalog.aliases, patterns)
    records = [shapes.alias(catalog, name) for name in names]
    row = _alias_line if form is Format.table else _alias_row
    return _listing(records, form, _ALIASES, row, screens, key="aliases", empty=empty)


def _alias_row(record: Record) -> dict[str, str]:
    """A row of `list`; if the model does not exist, its type is `dangling`."""
    return {
        "alias": record["model_alias"],
        "model": record["model_id"],
        "type": "dangling" if record["dangling"] else record["model_type"] or "",
        "inference": record["inference_type"] or "",
        "fields": "" if record["dangling"] else str(record["field_count"]),
        "deployment": deployment_text(record),
    }


def _alias_line(record: Record) -> dict[str, str]:
    """A row of `list` for people: a missing model is marked in its own column, which is never left out."""
    if not record["dangling"]:
        return _alias_row(record)
    return _alias_row(record) | {"model": record["model_id"] + tables.DANGLING, "type": ""}


def deployment_text(record: Record) -> str:
    """The states of a model's deployments, with their current and target numbers of allocations."""
    if record["deployments"] is None:
        return "unknown"
    if record["deployments"]:
        return ", ".join(_state(each) for each in record["deployments"])
    return "not deployed" if record.get("model_type") == "pytorch" else ""


def _state(deployment: Record) -> str:
    """The state and the allocations, as far as they are known."""
    count, target = deployment["allocation_count"], deployment["target_allocation_count"]
    if count is None:
        counts = "" if target is None else f"?/{target}"
    else:
        counts = f"{count} running" if target is None else f"{count}/{target}"
    return f"{deployment['state']} {counts}".strip() or "unknown"


def models(
    catalog: Catalog, found: Sequence[Model], form: Format, screens: Screens, *, patterns: Sequence[str] = ()
) -> Page:
    """The given models, which were found by the patterns."""
    empty = _nothing("model", "models", catalog.models, patterns)
    named = catalog.aliases_by_model()
    records = [shapes.model(each, named.get(each.model_id, ()), catalog) for each in found]
    return _listing(records, form, _MODELS, _model_row, screens, key="models", empty=empty)


def _model_row(record: Record) -> dict[str, str]:
    return {
        "model": record["model_id"],
        "type": record.get("model_type") or "",
        "inference": next(iter(record.get("inference_config", ())), ""),
        "fields": str(len(_fields(record))),
        "deployment": deployment_text(record),
        "aliases": ", ".join(record["model_aliases"]),
    }


def _fields(record: Record) -> Sequence[str]:
    fields: Sequence[str] = record.get("input", {}).get("field_names", ())
    return fields


# --- one thing in full ---


def shown(catalog: Catalog, names: Sequence[str], form: Format, screens: Screens) -> Page:
    """Aliases and models in full."""
    from mlalias.output import users

    records = [
        shapes.shown_alias(catalog, name) if name in catalog.aliases else shapes.shown_model(catalog, name)
        for name in names
    ]
    records = users.added(catalog, records)
    if form is Format.json:
        of_aliases = [record for record in records if "model_alias" in record]
        of_models = [record for record in records if "model_alias" not in record]
        notes = _unknown_pipelines(catalog, records) + users.notes(catalog)
        return Page(to_json({"aliases": of_aliases, "models": of_models}), notes)
    pairs = [_pairs(record, catalog.lacks_pipelines, screens.out) for record in records]
    if form is Format.tsv:
        return Page(tables.tsv((name, *pair) for name, found in zip(names, pairs, strict=True) for pair in found))
    return Page("\n".join(tables.block(found, screens.out) for found in pairs), users.notes(catalog))


def _unknown_pipelines(catalog: Catalog, records: Sequence[Record]) -> str:
    """A note that explains why pipelines are null."""
    unknown = any(record["pipelines"] is None for record in records)
    return f"pipelines are not known: {catalog.lacks_pipelines}\n" if unknown else ""


def _pairs(record: Record, lacks_pipelines: str, screen: Screen) -> list[tuple[str, str]]:
    """Keys and values, the most important first: what it is, what runs, what uses it; raw facts last."""
    from mlalias.output import users

    alias = record.get("model_alias")
    model = record["model"] if alias else record
    others = [each for each in record["model_aliases"] if each != alias]
    gone = "" if model else " (dangling: there is no such model)"
    used = f"not known: {lacks_pipelines}" if record["pipelines"] is None else ", ".join(record["pipelines"])
    return [
        *([("alias", alias)] if alias else ()),
        ("model", record["model_id"] + gone),
        *_deployment_pairs(record),
        ("pipelines", used or "none"),
        *users.pairs(record),
        ("other aliases" if alias else "aliases", ", ".join(others) or "none"),
        *_last_change(record, screen),
        *(_raw_facts(model) if model else ()),
    ]


def _deployment_pairs(record: Record) -> list[tuple[str, str]]:
    if not deployment_text(record):
        return []
    states = ", ".join(f"{each['deployment_id']} {_state(each)}" for each in record["deployments"] or ())
    return [("deployment", states or deployment_text(record))]


def _last_change(record: Record, screen: Screen) -> list[tuple[str, str]]:
    entry = record["last_change"]
    if entry is None:
        return []
    change = entry["changes"][0]
    text = f"{change['model_alias']} {change['result']}"
    if change["previous_model_id"]:
        text += f" from {change['previous_model_id']}"
    text += f" by {entry['actor']} at {_time(entry['time'], screen)} ({entry['command']}, revision {entry['revision']})"
    return [("last change", text + (f": {entry['message']}" if entry["message"] else ""))]


def _raw_facts(record: Record) -> list[tuple[str, str]]:
    from json import dumps

    fields = _fields(record)
    pairs = [
        ("type", record.get("model_type") or "none"),
        ("inference", next(iter(record.get("inference_config", ())), "none")),
        ("fields", f"{len(fields)}: {', '.join(fields)}" if fields else "0"),
    ]
    for key, value in record.items():
        if key not in _SHOWN_ALREADY:
            text = value if isinstance(value, str) else dumps(value, ensure_ascii=False, default=str)
            pairs.append((key, text))
    return pairs


_SHOWN_ALREADY = frozenset(
    {
        "model_id",
        "model_type",
        "input",
        "model_aliases",
        "deployments",
        "pipelines",
        "last_change",
        "users",
        "reach",
        "users_unknown",
    }
)


# --- history ---

_WHO = (
    Column("time", kept=True),
    Column("command", worth=2),
    Column("by", worth=1),
    Column("message", worth=3),
    Column("state", kept=True),
)
_REVISION = (Column("revision", kept=True, right=True), Column("changes", kept=True), *_WHO)
_CHANGE = (
    Column("revision", kept=True, right=True),
    *(Column(title, kept=True) for title in ("result", "alias", "model", "was")),
    *_WHO,
)


def history(entries: Sequence[Entry], form: Format, screens: Screens, *, by_alias: bool) -> Page:
    """Entries, newest first: a line per revision, or per change where `by_alias`."""
    records = [shapes.entry(each, *each.changes) for each in entries]
    if form is Format.json:
        return Page(to_json({"history": records}))
    rows = [row for record in records for row in (_change_rows(record) if by_alias else [_revision_row(record)])]
    if form is Format.tsv:
        return Page(tables.tsv(rows))
    if not rows:
        return Page(notes="no history\n")
    columns = _CHANGE if by_alias else _REVISION
    if not any(row[-1] for row in rows):  # all are done
        columns, rows = columns[:-1], [row[:-1] for row in rows]
    at = [column.title for column in columns].index("time")
    local = [(*row[:at], _time(row[at], screens.out), *row[at + 1 :]) for row in rows]
    drawn = tables.table(columns, local, screens.out)
    return Page(drawn.text, left_out(drawn, screens.err))


def _revision_row(record: Record) -> Row:
    first, *more = record["changes"]
    changes = f"{first['model_alias']} -> {first['model_id'] or 'deleted'}" + (f" +{len(more)} more" if more else "")
    return _number(record), changes, *_who(record)


def _change_rows(record: Record) -> list[Row]:
    return [
        (
            _number(record),
            change["result"],
            change["model_alias"],
            change["model_id"] or "",
            change["previous_model_id"] or "",
            *_who(record),
        )
        for change in record["changes"]
    ]


def _number(record: Record) -> str:
    return "" if record["revision"] is None else str(record["revision"])


def _who(record: Record) -> Row:
    state = "" if record["result"] == "done" else record["result"]
    return (*(record[key] or "" for key in ("time", "command", "actor", "message")), state)


def _time(text: str, screen: Screen) -> str:
    """A time of the history, in local time on a terminal; text that is not a time is returned as it is."""
    from datetime import datetime

    if screen.width is None:
        return text
    try:
        return datetime.fromisoformat(text).astimezone().strftime("%Y-%m-%d %H:%M")
    except (ValueError, OverflowError, OSError):
        return text


# --- comparison ---

_OVERLAP = (Column("fields", kept=True), Column("count", kept=True, right=True), Column("names", kept=True))
_RULE = (Column("condition", kept=True), Column("outcome", kept=True), Column("message", kept=True))
_BAR = 40


def comparison(old: Model, new: Model, form: Format, screens: Screens, code: int = 0) -> Page:
    """Whether an alias could move from one model to another, and why; `code` is the exit code if it could not."""
    from mlalias.core.rules import compare

    record = shapes.comparison(old, new, compare(old, new))
    code = 0 if record["movable"] else code
    if form is Format.json:
        return Page(to_json(record), code=code)
    if form is Format.tsv:
        keys = ("rule", "outcome", "message", "condition")
        rows: list[Row] = [[each[key] for key in keys] for each in record["rules"]]
        return Page(tables.tsv(_overlap_rows(record["overlap"]) + rows), code=code)
    parts = [
        tables.block(_verdict(record) + _sides(old, new), screens.out),
        overlap(record["overlap"], screens.out),
        rules(record["rules"], screens.out),
    ]
    return Page("\n".join(parts), code=code)


def _verdict(record: Record) -> list[tuple[str, str]]:
    """Whether an alias could move, and the rules that fail or, if none does, warn."""
    said = {outcome: [each for each in record["rules"] if each["outcome"] == outcome] for outcome in ("fail", "warn")}
    verdict = "could not move" if said["fail"] else f"could move{', with a warning' if said['warn'] else ''}"
    return [("verdict", verdict), *(("because", each["message"]) for each in said["fail"] or said["warn"])]


def _sides(old: Model, new: Model) -> list[tuple[str, str]]:
    return [(side, f"{each.model_id} ({_count(each)})") for side, each in (("from", old), ("to", new))]


def _count(model: Model) -> str:
    return plural(len(model.field_names), "input field")


def overlap(record: Record, screen: Screen) -> str:
    """A bar of the fields that are lost, shared and gained, and a table with their names."""
    return _bar(record, screen) + tables.wrapped(_OVERLAP, _overlap_rows(record), screen)


def _overlap_rows(record: Record) -> list[Row]:
    old_count = len(record["shared"]) + len(record["lost"])
    needed = ("needed", str(record["needed"]), f"half of the old model's {old_count}, rounded up")
    shared, *rest = ((part, str(len(record[part])), ", ".join(record[part])) for part in ("shared", "lost", "gained"))
    return [shared, needed, *rest]


def _bar(record: Record, screen: Screen) -> str:
    """A bar of all fields of both models, with `-` for lost and `+` for gained ones, and the share that is kept."""
    old_count = len(record["shared"]) + len(record["lost"])
    if not old_count:
        return ""
    lost, shared, gained = _lengths([len(record[part]) for part in ("lost", "shared", "gained")], _BAR)
    bar = tables.painted("-" * lost, "red", screen)
    bar += tables.painted(("\u2588" if screen.blocks else "#") * shared, "green", screen)
    bar += tables.painted("+" * gained, "cyan", screen)
    share = len(record["shared"]) * 100 // old_count  # rounded down: what is shown as half is at least half
    text = f"{share}% of the old fields kept, 50% needed"
    room = screen.width is None or screen.width >= _BAR + 2 + len(text)
    return f"{bar}{'  ' if room else chr(10)}{text}\n"


def _lengths(counts: Sequence[int], width: int) -> list[int]:
    """The lengths of the parts of a bar; a part that is not empty has at least one cell."""
    total = sum(counts)
    lengths = [max(1, round(count * width / total)) if count else 0 for count in counts]
    longest = lengths.index(max(lengths))
    lengths[longest] += width - sum(lengths)
    return lengths


def rules(records: Sequence[Record], screen: Screen) -> str:
    """A table with the outcome of each rule; without messages if the terminal is too narrow for them."""
    rows = [(record["condition"], record["outcome"], record["message"]) for record in records]
    if tables.has_room(_RULE, rows, screen):
        return tables.wrapped(_RULE, rows, screen)
    brief = tables.table(_RULE[:2], [row[:2] for row in rows], screen).text
    return brief + tables.sentence("left out: the messages (to see all: -o json, or 80 columns)", screen)


# --- verify ---


def findings(found: "Findings", invocation: Invocation, screens: Screens) -> Page:
    """Faults and notes, with their fixes; a fault means exit code 7."""
    code = Damaged.exit_code if found.faults else 0
    record = shapes.findings(found, invocation)
    if invocation.form is Format.json:
        return Page(to_json(record), code=code)
    listed = [(kind.removesuffix("s"), each) for kind, findings in record.items() for each in findings]
    if invocation.form is Format.tsv:
        return Page(tables.tsv((kind, each["path"], each["message"], each["fix"]) for kind, each in listed), code=code)
    parts = [_finding(kind, each, screens.out) for kind, each in listed]
    return Page("\n".join(parts) or "no faults found\n", code=code)


def _finding(kind: str, record: Record, screen: Screen) -> str:
    """A fault or a note, and its fix; the fix is never wrapped, so that it can be pasted."""
    what = tables.block([(kind, record["message"]), ("in", record["path"])], screen)
    return what + tables.block([("fix", record["fix"])], screen._replace(width=None))
