"""Results as plain records: what `-o json` prints, and what tables show some columns of."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mlalias.core.catalog import Catalog, Change, Entry, Model
from mlalias.core.history import newest, to_record
from mlalias.core.overlap import Overlap
from mlalias.core.overlap import overlap as compare_fields
from mlalias.core.plan import Caution, Plan, Receipt
from mlalias.core.rules import Outcome
from mlalias.documents.deployments import to_deployment
from mlalias.errors import Failure, Hint
from mlalias.output.page import Invocation

if TYPE_CHECKING:
    from mlalias.stores.directory.verify import Finding, Findings

Record = dict[str, Any]


def alias(catalog: Catalog, model_alias: str) -> Record:
    """An alias and the facts of its model; it is `dangling` if that model does not exist."""
    target = catalog.aliases[model_alias]
    found = catalog.models.get(target)
    return {
        "model_alias": model_alias,
        "model_id": target,
        "model_type": found.model_type if found else None,
        "inference_type": found.inference_type if found else None,
        "field_count": len(found.field_names) if found else None,
        "deployments": _deployments(found) if found else [],
        "dangling": found is None,
    }


def model(found: Model, aliases: Sequence[str], catalog: Catalog) -> Record:
    """Elasticsearch's keys, and what names the model."""
    return {
        "model_id": found.model_id,
        **found.config,
        "model_aliases": list(aliases),
        "deployments": _deployments(found),
        "pipelines": _pipelines(catalog, found.model_id, *aliases),
    }


def _deployments(found: Model) -> list[Record] | None:
    """The deployments of a model; None where they are not known."""
    return None if found.deployments is None else [to_deployment(each) for each in found.deployments]


def _pipelines(catalog: Catalog, *names: str) -> list[str] | None:
    """The pipelines that use one of the names; None where they are not known."""
    used = catalog.pipelines_naming(*names) if catalog.pipelines_known else None
    return None if used is None else list(used)


def shown_alias(catalog: Catalog, model_alias: str) -> Record:
    """An alias in full: with its pipelines, its last change, all aliases of its model, and that model."""
    target = catalog.aliases[model_alias]
    found = catalog.models.get(target)
    aliases = catalog.aliases_of(target)
    return {
        **alias(catalog, model_alias),
        "pipelines": _pipelines(catalog, model_alias),
        "last_change": _last_change(catalog, [model_alias]),
        "model_aliases": list(aliases),
        "model": model(found, aliases, catalog) if found else None,
    }


def shown_model(catalog: Catalog, model_id: str) -> Record:
    """A model in full: with the last change of any alias that names it."""
    aliases = catalog.aliases_of(model_id)
    return {**model(catalog.models[model_id], aliases, catalog), "last_change": _last_change(catalog, aliases)}


def _last_change(catalog: Catalog, aliases: Iterable[str]) -> Record | None:
    last = newest(catalog.history, aliases)
    return entry(*last) if last else None


def entry(found: Entry, *changes: Change) -> Record:
    """An entry of the history, with some of its changes."""
    return to_record(found._replace(changes=())) | {"changes": [change(each) for each in changes]}


def overlap(found: Overlap) -> Record:
    """The names that two models share, that are lost and gained, and how many shared ones are needed."""
    parts = {part: list(names) for part, names in found._asdict().items()}
    return {**parts, "needed": found.needed}


def comparison(old: Model, new: Model, outcomes: Iterable[Outcome]) -> Record:
    """The overlap of two models' fields, and whether an alias could move from the first to the second."""
    rules = [outcome(each) for each in outcomes]
    return {
        "old_model_id": old.model_id,
        "new_model_id": new.model_id,
        "movable": not any(rule["outcome"] == "fail" for rule in rules),
        "overlap": overlap(compare_fields(old.field_names, new.field_names)),
        "rules": rules,
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


def change(found: Change) -> Record:
    """What becomes of an alias."""
    return {"result": found.result, **found._asdict()}


def plan(found: Plan) -> Record:
    """What an edit would do: a dry run."""
    return _write(None, found.changes, found.warnings, found, dry_run=True) | rules(found)


def receipt(found: Receipt) -> Record:
    """What a write did."""
    return _write(found.revision, found.changes, found.warnings, found.plan, dry_run=False)


def _write(
    revision: int | None, changes: Iterable[Change], warnings: Iterable[Caution], plan: Plan, *, dry_run: bool
) -> Record:
    record: Record = {
        "acknowledged": True,
        "dry_run": dry_run,
        "revision": revision,
        "changes": [change(each) for each in changes],
        "warnings": [warning(each) for each in warnings],
    }
    return record | ({"facts": [fact._asdict() for fact in plan.facts]} if plan.facts else {})


def rules(found: Plan) -> Record:
    """What every rule says of every move."""
    judged = found.outcomes.items()
    return {"rules": [{**outcome(each), "model_alias": alias} for alias, outcomes in judged for each in outcomes]}


def stopped(found: Receipt) -> Record:
    """What a cluster did before an error, and what it did not; nothing where a change is made whole or not at all."""
    if found.failed is None:
        return {}
    known = all(error.certain for error in found.errors)
    failed = [change(found.failed)]
    return {
        "changes": [change(each) for each in found.changes],
        "not_done": [*(failed if known else ()), *(change(each) for each in found.unsent)],
        "unknown": [] if known else failed,
        "warnings": [warning(each) for each in found.warnings],
    }


Hints = Mapping[Failure, Sequence[Hint]]


def failure(found: Failure, hints: Hints, invocation: Invocation) -> Record:
    """An error, and all errors where there are several, with the hints that were found."""
    errors = [_error(each, hints.get(each, ()), invocation) for each in found.errors]
    record: Record = {"error": errors[0], "errors": errors, "status": found.errors[0].status}
    return record | ({"committed": True} if found.committed else {})


def _error(found: Failure, hints: Sequence[Hint], invocation: Invocation) -> Record:
    texts = [hint_text(hint, invocation) for hint in hints]
    return {"type": found.type, "reason": found.reason, "rule": found.rule, "hint": "; ".join(texts) or None}


def hint_text(hint: Hint, invocation: Invocation) -> str:
    """A hint, its command ready to be pasted."""
    return str(invocation.complete(hint))


def findings(found: "Findings", invocation: Invocation) -> Record:
    """What `verify` found; `mend` is the former name of `fix`."""

    def record(finding: "Finding") -> Record:
        fix = hint_text(finding.fix, invocation)
        return {"path": finding.path, "message": finding.message, "fix": fix, "mend": fix}

    return {"faults": [record(each) for each in found.faults], "notes": [record(each) for each in found.notes]}
