"""Results as plain records: what `-o json` prints, key by key."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from mlalias.core.catalog import AliasChange, Catalog, Entry, Model
from mlalias.core.history import newest, to_record
from mlalias.core.overlap import Overlap
from mlalias.core.plan import Caution, Plan
from mlalias.core.rules import Outcome
from mlalias.documents.facts import to_deployment
from mlalias.errors import Failure, Hint
from mlalias.output.page import Typed

if TYPE_CHECKING:
    from mlalias.stores.directory.verify import Finding, Findings

Record = dict[str, Any]


def alias(catalog: Catalog, model_alias: str) -> Record:
    """An alias and what there is to know of its target; `dangling` if that is no model."""
    target = catalog.aliases[model_alias]
    model = catalog.models.get(target)
    return {
        "model_alias": model_alias,
        "model_id": target,
        "model_type": model.model_type if model else None,
        "inference_type": model.inference_type if model else None,
        "field_count": len(model.field_names) if model else None,
        "deployments": [to_deployment(found) for found in model.deployments] if model else [],
        "dangling": model is None,
    }


def model(found: Model, aliases: Sequence[str], catalog: Catalog) -> Record:
    """Elasticsearch's keys, and who names the model."""
    return {
        "model_id": found.model_id,
        **found.config,
        "model_aliases": list(aliases),
        "deployments": [to_deployment(one) for one in found.deployments],
        "pipelines": list(catalog.pipelines_naming(found.model_id, *aliases)),
    }


def shown_alias(catalog: Catalog, model_alias: str) -> Record:
    """An alias in full: with its pipelines, its last change, and its model."""
    target = catalog.aliases[model_alias]
    found = catalog.models.get(target)
    return {
        **alias(catalog, model_alias),
        "pipelines": list(catalog.pipelines_naming(model_alias)),
        "last_change": _last_change(catalog, [model_alias]),
        "model": model(found, catalog.aliases_of(target), catalog) if found else None,
    }


def shown_model(catalog: Catalog, model_id: str) -> Record:
    """A model in full: with the last change of the aliases that name it."""
    aliases = catalog.aliases_of(model_id)
    return {
        **model(catalog.models[model_id], aliases, catalog),
        "last_change": _last_change(catalog, aliases),
    }


def _last_change(catalog: Catalog, aliases: Iterable[str]) -> Record | None:
    last = newest(catalog.history, aliases)
    return entry(*last) if last else None


def entry(found: Entry, *changes: AliasChange) -> Record:
    """An entry of the history, with some of its changes."""
    return to_record(found._replace(changes=changes))


def overlap(found: Overlap) -> Record:
    """The names that two models share, that are lost and gained, and how many shared ones are needed."""
    parts = {part: list(names) for part, names in found._asdict().items()}
    return {**parts, "needed": found.needed}


def comparison(old: Model, new: Model, found: Overlap, outcomes: Iterable[Outcome]) -> Record:
    """How two models' fields overlap, and whether an alias could move from the first to the second."""
    told = [outcome(one) for one in outcomes]
    return {
        "old_model_id": old.model_id,
        "new_model_id": new.model_id,
        "movable": not any(one["outcome"] == "fail" for one in told),
        "overlap": overlap(found),
        "rules": told,
    }


def warning(found: Caution) -> Record:
    """A warning; `rule`, `model_alias` and `overlap` are null unless a move is meant."""
    return {
        "rule": found.rule,
        "message": found.message,
        "model_alias": found.model_alias,
        "overlap": overlap(found.overlap) if found.overlap else None,
    }


def outcome(found: Outcome) -> Record:
    """What a rule says."""
    return {"rule": found.rule.id, "outcome": found.result, "message": found.message}


def change(found: AliasChange) -> Record:
    """What becomes of an alias."""
    return {"result": found.result, **found._asdict()}


def plan(found: Plan, *, dry_run: bool) -> Record:
    """What a write did, or would do."""
    record: Record = {
        "acknowledged": True,
        "dry_run": dry_run,
        "revision": found.revision,
        "changes": [change(one) for one in found.changes],
        "warnings": [warning(one) for one in found.warnings],
    }
    if found.facts:
        record["facts"] = [fact._asdict() for fact in found.facts]
    return record | (rules(found) if dry_run else {})


def rules(found: Plan) -> Record:
    """What all rules say of all changes."""
    told = found.outcomes.items()
    return {"rules": [{**outcome(one), "model_alias": alias} for alias, outcomes in told for one in outcomes]}


def stopped(found: Plan) -> Record:
    """What a cluster did before an error, and what it did not; nothing where a change is made whole or not at all."""
    if found.left is None:
        return {}
    known = all(error.certain for error in found.errors)
    return {
        "changes": [change(one) for one in found.changes],
        "not_done": [change(one) for one in (*(found.refused if known else ()), *found.left)],
        "unknown": [] if known else [change(one) for one in found.refused],
        "warnings": [warning(one) for one in found.warnings],
    }


def failure(found: Failure, typed: Typed) -> Record:
    """An error, and all errors where there are several; hints with what was `typed`."""
    errors = [_error(one, typed) for one in found.errors]
    record: Record = {"error": errors[0], "errors": errors, "status": found.errors[0].status}
    return record | ({"committed": True} if found.committed else {})


def _error(found: Failure, typed: Typed) -> Record:
    hints = [hint_text(hint, typed) for hint in found.hints]
    return {
        "type": found.type,
        "reason": found.reason,
        "rule": found.rule,
        "hint": "; ".join(hints) or None,
    }


def hint_text(hint: Hint, typed: Typed) -> str:
    """A hint, its command ready to be pasted."""
    if not hint.command:
        return hint.text
    from shlex import join

    command = join(("mlalias", *typed.complete(hint.command)))
    if hint.lines:
        printed = join(("printf", r"%s\n", *hint.lines))
        command = f"{printed} | {command}"
    return f"{hint.text}{'' if hint.text.endswith('?') else ':'} {command}"


def findings(found: "Findings", typed: Typed) -> Record:
    """What `verify` found."""

    def record(one: "Finding") -> Record:
        return {**one._asdict(), "mend": hint_text(one.mend, typed)}

    return {"faults": [record(one) for one in found.faults], "notes": [record(one) for one in found.notes]}
