"""Results as plain records: `-o json` prints them whole, tables some of their columns."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from mlalias.core.catalog import Catalog, Change, Entry, Model
from mlalias.core.history import newest, to_record
from mlalias.core.overlap import Overlap
from mlalias.core.overlap import overlap as compare_fields
from mlalias.documents.deployments import to_deployment
from mlalias.errors import Failure, Hint, NotFound, Unreachable
from mlalias.output.page import Invocation

if TYPE_CHECKING:  # for a list, which shows no plan, these would be imported in vain
    from mlalias.core.plan import Caution, Plan, Receipt
    from mlalias.core.rules import Outcome
    from mlalias.stores.findings import Finding, Findings

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
    """Elasticsearch's keys, with the aliases, deployments and pipelines of the model."""
    return {
        "model_id": found.model_id,
        **found.config,
        "model_aliases": list(aliases),
        "deployments": _deployments(found),
        "pipelines": _pipelines(catalog, found.model_id, *aliases),
    }


def _deployments(found: Model) -> list[Record] | None:
    """The deployments of a model; None if unknown."""
    return None if found.deployments is None else [to_deployment(each) for each in found.deployments]


def _pipelines(catalog: Catalog, *names: str) -> list[str] | None:
    """The pipelines that use any of the names; None if unknown."""
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
    try:
        last = newest(catalog.history, aliases)
    except (NotFound, Unreachable) as failure:
        if failure.rule not in _NOT_SHOWN:
            raise
        return None  # a cluster without a history, or a key that may not read it
    return entry(*last) if last else None


_NOT_SHOWN = ("no_history", "privilege_missing")


def entry(found: Entry, *changes: Change) -> Record:
    """An entry of the history, with some of its changes."""
    record = to_record(found._replace(changes=(), state="done"))
    record |= {"changes": [change(each) for each in changes], "result": found.state}
    return record | _OUTSIDE if found.state == "outside" else record


_OUTSIDE: Record = {"revision": None, "time": None, "actor": None, "command": None}  # nobody knows


def overlap(found: Overlap) -> Record:
    """The fields that two models share, that are lost and gained, and how many must be shared."""
    parts = {part: list(names) for part, names in found._asdict().items()}
    return {**parts, "needed": found.needed}


def comparison(old: Model, new: Model, outcomes: "Iterable[Outcome]") -> Record:
    """The overlap of two models' fields, and whether an alias could move from the first to the second."""
    rules = [outcome(each) for each in outcomes]
    return {
        "old_model_id": old.model_id,
        "new_model_id": new.model_id,
        "movable": not any(rule["outcome"] == "fail" for rule in rules),
        "overlap": overlap(compare_fields(old.field_names, new.field_names)),
        "rules": rules,
    }


def warning(found: "Caution") -> Record:
    """A warning; `rule`, `model_alias` and `overlap` are null unless it is about a move."""
    return {
        "rule": found.rule,
        "message": found.message,
        "model_alias": found.model_alias,
        "overlap": overlap(found.overlap) if found.overlap else None,
    }


def outcome(found: "Outcome") -> Record:
    """The outcome of a rule."""
    return {
        "rule": found.rule.id,
        "outcome": found.result,
        "message": found.message,
        "condition": found.rule.condition,
    }


def change(found: Change) -> Record:
    """The change of an alias."""
    return {"result": found.result, **found._asdict()}


def plan(found: "Plan") -> Record:
    """What an edit would do: a dry run."""
    return _write(None, found.changes, found.warnings, found, dry_run=True) | rules(found)


def receipt(found: "Receipt", undo: str | None) -> Record:
    """What a write did, and the command that undoes it."""
    return _write(found.revision, found.changes, found.warnings, found.plan, dry_run=False) | {"undo": undo}


def _write(
    revision: int | None, changes: Iterable[Change], warnings: "Iterable[Caution]", plan: "Plan", *, dry_run: bool
) -> Record:
    record: Record = {
        "acknowledged": True,
        "dry_run": dry_run,
        "revision": revision,
        "changes": [change(each) for each in changes],
        "warnings": [warning(each) for each in warnings],
    }
    return record | ({"facts": [fact._asdict() for fact in plan.facts], "counts": counts(plan)} if plan.facts else {})


_PARTS = {
    "model": "models",
    "deployments": "deployments",
    "pipeline": "pipelines",
    "endpoint": "endpoints",
    "fields": "fields",
}
_AS_FACTS = {"created": "new", "reassigned": "changed", "unchanged": "same", "deleted": "removed"}


def counts(found: "Plan") -> Record:
    """How many models, deployments, pipelines and aliases are new, changed, removed or the same."""
    facts = ((_PARTS[fact.part], fact.result) for fact in found.facts)
    aliases = (("aliases", _AS_FACTS[each.result]) for each in found.changes)
    results = ("new", "changed", "removed", "same")
    counted: Record = {part: dict.fromkeys(results, 0) for part in (*_PARTS.values(), "aliases")}
    for part, result in chain(facts, aliases):
        counted[part][result] += 1
    return counted


def rules(found: "Plan") -> Record:
    """The outcome of every rule for every move."""
    moves = found.outcomes.items()
    return {"rules": [{**outcome(each), "model_alias": alias} for alias, outcomes in moves for each in outcomes]}


def stopped(found: "Plan | Receipt") -> Record:
    """What was done before an error, what was not done, and what is unknown.

    `outcome` says why a change was not done: it was `refused`, with the id of the `rule`; it `failed`; it was
    `not_sent` after a failure; or it was `not_done` because another change in the same plan was refused.
    """
    from mlalias.core.plan import Receipt

    receipt = found if isinstance(found, Receipt) and found.failed else None
    done = receipt.changes if receipt else [each for each in found.changes if each.result == "unchanged"]
    not_done = _stopped_at(receipt) if receipt else _refused(found)
    return {
        "changes": [change(each) for each in done],
        "not_done": [record for record in not_done if record["outcome"] != "unknown"],
        "unknown": [record for record in not_done if record["outcome"] == "unknown"],
        "warnings": [warning(each) for each in found.warnings],
    }


def _stopped_at(found: "Receipt") -> list[Record]:
    certain = all(error.certain for error in found.errors)
    failed = [_not_done(found.failed, "failed" if certain else "unknown", found.errors[0].rule)] if found.failed else []
    return [*failed, *(_not_done(each, "not_sent") for each in found.unsent)]


def _refused(found: "Plan | Receipt") -> list[Record]:
    from mlalias.core.plan import Receipt

    planned = found.plan if isinstance(found, Receipt) else found
    by_alias = {alias_of(error): error.rule for error in reversed(found.errors)}
    records = [_not_done(each, "refused", by_alias.get(each.model_alias)) for each in planned.refused]
    return sorted(records + [_not_done(each, "not_done") for each in found.moves], key=itemgetter("model_alias"))


def _not_done(found: Change, outcome: str, rule: str | None = None) -> Record:
    return {**change(found), "outcome": outcome, "rule": rule}


Hints = Mapping[Failure, Sequence[Hint]]


def failure(found: Failure, hints: Hints, invocation: Invocation) -> Record:
    """The first error, and the list of all errors, with their hints."""
    errors = [_error(each, hints.get(each, ()), invocation) for each in found.errors]
    record: Record = {"error": errors[0], "errors": errors, "status": found.errors[0].status}
    return record | ({"committed": True} if found.committed else {})


def _error(found: Failure, hints: Sequence[Hint], invocation: Invocation) -> Record:
    texts = [" ".join(filter(None, hint(each, invocation))) for each in hints]
    return {
        "type": found.type,
        "reason": found.reason,
        "rule": found.rule or found.code,
        "hint": "; ".join(texts) or None,
        "model_alias": alias_of(found),
    }


def alias_of(found: Failure) -> str | None:
    """The alias that a failure is about, if it is about one."""
    context = found.context
    if context is None:
        return None
    return context.model_alias or (context.name if context.kind == "alias" else None)


def hint(found: Hint, invocation: Invocation) -> tuple[str, str]:
    """The words of a hint, and its command, ready to be pasted; only here do hints become text."""
    return found.words, command_line(found, invocation) if found.command else ""


def command_line(found: Hint, invocation: Invocation) -> str:
    """The command of a hint, quoted for the shell, with the options and the catalog that were given."""
    return invocation.complete(found).line


def findings(found: "Findings", invocation: Invocation) -> Record:
    """What `verify` found; `mend` is the former name of `fix`."""

    def record(finding: "Finding") -> Record:
        fix = " ".join(filter(None, hint(finding.fix, invocation)))
        return {"path": finding.path, "message": finding.message, "fix": fix, "mend": fix}

    return {"faults": [record(each) for each in found.faults], "notes": [record(each) for each in found.notes]}
