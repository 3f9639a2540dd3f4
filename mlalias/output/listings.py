"""Results to text: a table, tab-separated lines, or one JSON document."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from mlalias.core.catalog import AliasChange, Catalog, Deployment, Entry, Model
from mlalias.core.history import newest
from mlalias.core.overlap import Overlap
from mlalias.core.overlap import overlap as compare_fields
from mlalias.core.rules import Outcome, compare
from mlalias.documents.codec import to_json
from mlalias.errors import Damaged
from mlalias.output import shapes as records
from mlalias.output import tables
from mlalias.output.page import Format, Page, Typed
from mlalias.output.tables import Column, Row, Screen

if TYPE_CHECKING:
    from mlalias.stores.directory.verify import Findings


def _page(
    form: Format,
    record: Callable[[], Any],
    columns: Sequence[Column],
    rows: Callable[[], Sequence[Row]],
    empty: str,
) -> Page:
    """One result in any format; `empty` is what a person is told where there is nothing."""
    if form is Format.json:
        return Page(to_json(record()))
    if form is Format.tsv:
        return Page(tables.tsv(rows()))
    found = rows()
    if not found:
        return Page(talk=empty + "\n")
    text, dropped = tables.table(columns, found, tables.stdout())
    left_out = f"left out, too narrow: {', '.join(dropped)} (all: -o tsv)\n" if dropped else ""
    return Page(text, left_out)


# --- lists ---

_ALIAS = (
    Column("alias", kept=True),
    Column("model", kept=True),
    Column("type"),
    Column("inference"),
    Column("fields", right=True),
    Column("deployment"),
)
_MODEL = (*_ALIAS[1:], Column("aliases"))


def aliases(catalog: Catalog, names: Sequence[str], form: Format) -> Page:
    """The aliases of the given names."""
    return _page(
        form,
        lambda: {"aliases": [records.alias(catalog, name) for name in names]},
        _ALIAS,
        lambda: [_alias_row(catalog, name, form) for name in names],
        "no aliases",
    )


def _alias_row(catalog: Catalog, name: str, form: Format) -> Row:
    """A row of `list`; for people a model that is gone is marked where no narrow terminal leaves it out."""
    target = catalog.aliases[name]
    found = catalog.models.get(target)
    if found:
        return (name, target, *_facts(found))
    if form is Format.table:
        return (name, target + tables.DANGLING, "", "", "", "")
    return (name, target, "dangling", "", "", "")


def _facts(model: Model) -> tuple[str, str, str, str]:
    fields = str(len(model.field_names))
    return model.model_type or "", model.inference_type or "", fields, deployment_text(model)


def deployment_text(model: Model) -> str:
    """The states of a model's deployments with the allocations that they have and want."""
    if model.deployments:
        return ", ".join(_state(found) for found in model.deployments)
    return "not deployed" if model.model_type == "pytorch" else ""


def _state(found: Deployment) -> str:
    return f"{found.state or 'unknown'} {found.allocation_count}/{found.target_allocation_count}"


def models(catalog: Catalog, found: Sequence[Model], form: Format) -> Page:
    """The given models."""
    named = catalog.aliases_by_model()
    return _page(
        form,
        lambda: {"models": [records.model(one, named.get(one.model_id, ()), catalog) for one in found]},
        _MODEL,
        lambda: [(one.model_id, *_facts(one), ", ".join(named.get(one.model_id, ()))) for one in found],
        "no models",
    )


def shown(catalog: Catalog, names: Sequence[str], form: Format) -> Page:
    """Aliases and models in full."""
    is_alias = [name in catalog.aliases for name in names]
    if form is Format.json:
        told = list(zip(names, is_alias, strict=True))
        return Page(
            to_json(
                {
                    "aliases": [records.shown_alias(catalog, name) for name, alias in told if alias],
                    "models": [records.shown_model(catalog, name) for name, alias in told if not alias],
                }
            )
        )
    pairs = [_shown(catalog, name, alias) for name, alias in zip(names, is_alias, strict=True)]
    if form is Format.tsv:
        return Page(tables.tsv((name, *pair) for name, found in zip(names, pairs, strict=True) for pair in found))
    return Page("\n".join(tables.block(found, tables.stdout()) for found in pairs))


def _shown(catalog: Catalog, name: str, alias: bool) -> list[tuple[str, str]]:
    target = catalog.aliases[name] if alias else name
    model = catalog.models.get(target)
    others = catalog.aliases_of(target)
    pipelines = catalog.pipelines_naming(name) if alias else catalog.pipelines_naming(name, *others)
    last = newest(catalog.history, [name] if alias else others)
    pairs = [("alias", name)] if alias else []
    pairs.append(("model", target if model else f"{target} (dangling: there is no such model)"))
    if model and deployment_text(model):
        text = ", ".join(f"{one.deployment_id} {_state(one)}" for one in model.deployments)
        pairs.append(("deployment", text or "not deployed"))
    pairs.append(("pipelines", ", ".join(pipelines) or "none"))
    rest = [other for other in others if other != name]
    pairs.append(("other aliases" if alias else "aliases", ", ".join(rest) or "none"))
    if last:
        pairs.append(("last change", _last_change(*last)))
    if model:
        pairs += _raw_facts(model)
    return pairs


def _last_change(entry: Entry, change: AliasChange) -> str:
    text = f"{change.model_alias} {change.result}"
    if change.previous_model_id:
        text += f" from {change.previous_model_id}"
    text += f" by {entry.actor} at {_time(entry.time)} ({entry.command}, revision {entry.revision})"
    return text + (f": {entry.message}" if entry.message else "")


def _raw_facts(model: Model) -> list[tuple[str, str]]:
    from json import dumps

    pairs = [("type", model.model_type or "none"), ("inference", model.inference_type or "none")]
    fields = model.field_names
    pairs.append(("fields", f"{len(fields)}: {', '.join(fields)}" if fields else "0"))
    for key, value in model.config.items():
        if key not in ("model_type", "input"):
            text = value if isinstance(value, str) else dumps(value, ensure_ascii=False, default=str)
            pairs.append((key, text))
    return pairs


# --- history ---

_TOLD = ("time", "command", "by", "message")
_REVISION = [Column(title, kept=True, right=title == "revision") for title in ("revision", "changes", *_TOLD)]
_OF_ALIAS = [
    Column(title, kept=True, right=title == "revision")
    for title in ("revision", "result", "alias", "model", "was", *_TOLD)
]


def history(entries: Sequence[Entry], form: Format, *, by_alias: bool) -> Page:
    """Entries, newest first: a line per revision, or per change where `by_alias`; a block where it is too long."""
    when = _time if form is Format.table else str
    return _page(
        form,
        lambda: {"history": [records.entry(one, *one.changes) for one in entries]},
        _OF_ALIAS if by_alias else _REVISION,
        lambda: [
            row for one in entries for row in (_change_rows(one, when) if by_alias else [_revision_row(one, when)])
        ],
        "no history",
    )


def _revision_row(entry: Entry, when: Callable[[str], str]) -> Row:
    first, *more = entry.changes
    changes = f"{first.model_alias} -> {first.model_id or 'deleted'}" + (f" +{len(more)} more" if more else "")
    return str(entry.revision), changes, *_told(entry, when)


def _change_rows(entry: Entry, when: Callable[[str], str]) -> list[Row]:
    revision, told = str(entry.revision), _told(entry, when)
    return [
        (revision, one.result, one.model_alias, one.model_id or "", one.previous_model_id or "", *told)
        for one in entry.changes
    ]


def _told(entry: Entry, when: Callable[[str], str]) -> Row:
    return when(entry.time), entry.command, entry.actor, entry.message or ""


def _time(text: str) -> str:
    """A time of the history as the clock on the wall has it, on a terminal; text that is no time stays as it is."""
    from datetime import datetime

    if tables.stdout().width is None:
        return text
    try:
        return datetime.fromisoformat(text).astimezone().strftime("%Y-%m-%d %H:%M")
    except (ValueError, OverflowError, OSError):
        return text


# --- comparison ---

_OVERLAP = (Column("fields", kept=True), Column("count", kept=True, right=True), Column("names", kept=True))
_RULE = (Column("rule", kept=True), Column("outcome", kept=True), Column("message", kept=True))
_BAR = 40


def comparison(old: Model, new: Model, form: Format) -> Page:
    """The fields of two models, the share of the old one's that the new one has, and the rules of a move."""
    fields = compare_fields(old.field_names, new.field_names)
    outcomes = compare(old, new)
    if form is Format.json:
        return Page(to_json(records.comparison(old, new, fields, outcomes)))
    if form is Format.tsv:
        return Page(tables.tsv(_overlap_rows(fields) + _rule_rows(outcomes)))
    screen = tables.stdout()
    sides = [("from", f"{old.model_id} ({_count(old)})"), ("to", f"{new.model_id} ({_count(new)})")]
    parts = [
        tables.block(sides, screen),
        overlap(fields, screen),
        _share(fields, screen),
        rules(outcomes, screen),
    ]
    return Page("\n".join(filter(None, parts)))


def _count(model: Model) -> str:
    count = len(model.field_names)
    return f"{count} input field{'s' * (count != 1)}"


def overlap(found: Overlap, screen: Screen) -> str:
    """A table of how many fields are shared and needed, which are lost, which gained."""
    return tables.wrapped(_OVERLAP, _overlap_rows(found), screen)


def _overlap_rows(found: Overlap) -> list[Row]:
    needed = ("needed", str(found.needed), f"half of the old model's {found.old_count}, rounded up")
    shared, *rest = ((part, str(len(names)), ", ".join(names)) for part, names in found._asdict().items())
    return [shared, needed, *rest]


def _share(found: Overlap, screen: Screen) -> str:
    """A bar of the share of the old fields that the new model has."""
    if not found.old_count:
        return ""
    share = len(found.shared) / found.old_count
    width = min(_BAR, (screen.width or 80) - 8)
    filled, rest = tables.glyphs()
    bar = filled * round(share * width) + rest * (width - round(share * width))
    return f"{bar} {share:4.0%}\n"


def rules(outcomes: Sequence[Outcome], screen: Screen) -> str:
    """A table of what each rule says."""
    return tables.wrapped(_RULE, _rule_rows(outcomes), screen)


def _rule_rows(outcomes: Sequence[Outcome]) -> list[Row]:
    return [(rule.id, result, message) for rule, result, message in outcomes]


# --- verify ---


def findings(found: "Findings", form: Format, typed: Typed) -> Page:
    """Faults and notes, with their mends; a fault makes it exit code 7."""
    code = Damaged.exit_code if found.faults else 0
    record = records.findings(found, typed)
    if form is Format.json:
        return Page(to_json(record), code=code)
    told = [(kind.removesuffix("s"), one) for kind, findings in record.items() for one in findings]
    if form is Format.tsv:
        return Page(tables.tsv((kind, one["path"], one["message"], one["mend"]) for kind, one in told), code=code)
    unfolded = tables.stdout()._replace(width=None)  # a mend must survive being pasted
    blocks = [[(kind, one["message"]), ("in", one["path"]), ("mend", one["mend"])] for kind, one in told]
    parts = [tables.block(block, unfolded) for block in blocks]
    return Page("\n".join(parts) or "the catalog is whole\n", code=code)
