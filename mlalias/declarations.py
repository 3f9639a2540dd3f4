"""The requests that files make: apply, which declares what shall be, and import, which tells what is."""

from collections import ChainMap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from mlalias.advice import not_found
from mlalias.catalog import AliasChange, Catalog, Model, is_model_id, is_pattern, is_server_alias
from mlalias.documents import Facts
from mlalias.errors import Conflict, Failure, Hint, InvalidDocument, Refused
from mlalias.plan import Caution, FactChange, Plan, Request
from mlalias.requests import delete, judged, look_up
from mlalias.rules import judge

# --- apply ---


def apply(facts: Facts, *, prune: bool = False, only: str = "*", allow_empty: bool = False) -> Request:
    """Make the aliases that match `only` what the files declare; add models and pipelines that are missing."""

    def request(catalog: Catalog) -> Plan:
        if not is_pattern(only) and only not in {**facts.aliases, **catalog.aliases}:
            return Plan(catalog, errors=(not_found(catalog, only, "alias"),))
        additions = _additions(catalog, facts)
        declared = {alias: facts.aliases[alias] for alias in sorted(facts.aliases) if fnmatchcase(alias, only)}
        pruned = _undeclared(catalog, declared, only) if prune else ()
        if pruned and not declared and not allow_empty:
            return Plan(catalog, errors=(_nothing_declared(facts, only, len(pruned)),))
        after = additions.to(catalog)
        plans = _declare_all(after, declared)
        plans += [delete(alias)(after) for alias in pruned]
        plan = _together(catalog, plans)
        kept = (catalog.aliases.keys() - set(pruned)) - declared.keys() if additions.models else ()
        return plan._replace(
            models=additions.models,
            pipelines=additions.pipelines,
            facts=additions.facts,
            warnings=additions.cautions + plan.warnings,
            errors=plan.errors + _homonyms(kept, additions.models, catalog.aliases),
        )

    return request


def aliases_only(facts: Facts) -> tuple[Facts, str]:
    """The facts without those that a cluster looks after itself, and a line that says so."""
    ignored = [part for part in ("models", "pipelines") if getattr(facts, part)]
    line = f"the {' and '.join(ignored)} in {facts.source} are ignored: a cluster has its own\n" if ignored else ""
    return facts._replace(models={}, deployments={}, pipelines={}), line


class _Additions(NamedTuple):
    """The facts of a declaration that a catalog lacks; what it knows otherwise stays, with a warning."""

    models: Mapping[str, Model]
    pipelines: Mapping[str, Sequence[str]] | None
    facts: tuple[FactChange, ...]
    cautions: tuple[Caution, ...]

    def to(self, catalog: Catalog) -> Catalog:
        pipelines = catalog.pipelines if self.pipelines is None else self.pipelines
        return catalog._replace(models=ChainMap(dict(self.models), catalog.models), pipelines=pipelines)  # type: ignore[arg-type] # only the first is written to


def _additions(catalog: Catalog, facts: Facts) -> _Additions:
    models: dict[str, Model] = {}
    pipelines: dict[str, Sequence[str]] = {}
    differing: list[str] = []
    for model_id, config in sorted(facts.models.items()):
        declared = config._replace(deployments=facts.deployments.get(model_id, ()))
        known = catalog.models.get(model_id)
        if known is None:
            models[model_id] = declared
        elif known != declared:
            differing.append(f"the model '{model_id}'")
    for name, names in sorted(facts.pipelines.items()):
        if name not in catalog.pipelines:
            pipelines[name] = names
        elif tuple(catalog.pipelines[name]) != tuple(names):
            differing.append(f"the pipeline '{name}'")
    return _Additions(
        models,
        {**catalog.pipelines, **pipelines} if pipelines else None,
        (
            *(FactChange("new", "model", model_id) for model_id in models),
            *(FactChange("new", "pipeline", name) for name in pipelines),
        ),
        (
            *(Caution(note) for note in facts.notes),
            *(Caution(f"{thing} differs from the one in {facts.source}; it stays as it is") for thing in differing),
        ),
    )


_MOST_ADVISED = 20


def _declare_all(catalog: Catalog, declared: Mapping[str, str]) -> list[Plan]:
    """Every line of a declaration, with advice for the first of those that are refused."""
    plans: list[Plan] = []
    refused = 0
    for alias, target in declared.items():
        plans.append(_declare(catalog, alias, target, advised=refused < _MOST_ADVISED))
        refused += bool(plans[-1].errors)
    return plans


def _declare(catalog: Catalog, model_alias: str, model_id: str, *, advised: bool) -> Plan:
    """One line of a declaration; an alias that names its model already is not judged."""
    change = look_up(catalog, model_alias, model_id, reassign=True)
    if change.target == model_id:
        return Plan(catalog, (AliasChange(model_alias, model_id, model_id),))
    return judged(catalog, change, judge(change), advised=advised)


def _undeclared(catalog: Catalog, declared: Iterable[str], only: str) -> tuple[str, ...]:
    return tuple(sorted(alias for alias in catalog.aliases.keys() - set(declared) if fnmatchcase(alias, only)))


def _nothing_declared(facts: Facts, only: str, count: int) -> Refused:
    which = "no alias" if only == "*" else f"no alias that matches '{only}'"
    hint = Hint("if all of them shall go, add --allow-empty")
    return Refused(f"{facts.source} declares {which}, and --prune would delete all there are ({count})", hint)


def _together(catalog: Catalog, plans: Sequence[Plan]) -> Plan:
    """One plan for the changes of many aliases."""
    outcomes = {alias: told for plan in plans for alias, told in plan.outcomes.items()}
    return Plan(
        catalog,
        changes=tuple(sorted(change for plan in plans for change in plan.changes)),
        refused=tuple(sorted(change for plan in plans for change in plan.refused)),
        outcomes=outcomes,
        warnings=tuple(warning for plan in plans for warning in plan.warnings),
        errors=tuple(error for plan in plans for error in plan.errors),
    )


def _homonyms(aliases: Iterable[str], models: Mapping[str, Any], known: Mapping[str, str]) -> tuple[Failure, ...]:
    """A name cannot be both, as nobody could tell which is meant; `known` are the aliases that are there now."""
    return tuple(
        Conflict(
            f"'{name}' would be both an alias and the id of a model",
            *([Hint("delete the alias first", ("delete", name))] if name in known else []),
        )
        for name in sorted(aliases)
        if name in models
    )


# --- import ---


def take(facts: Facts, *, reassign: bool = False, prune: bool = False) -> Request:
    """Take facts over without asking the rules; an alias that names another model here needs `reassign`."""

    def request(catalog: Catalog) -> Plan:
        if not facts.parts:
            return Plan(catalog, errors=(InvalidDocument(f"{facts.source} is empty"),))
        invalid = _invalid_names(facts)
        pages = _pages(facts)
        if invalid or (prune and pages):
            return Plan(
                catalog,
                errors=(*invalid, *(Refused(f"{page}, and --prune needs the whole") for page in pages)),
            )
        models, unknown = _taken_models(catalog, facts, prune=prune)
        gone = tuple(sorted(set(catalog.models) - set(facts.models))) if prune and "models" in facts.parts else ()
        pipelines = _taken_pipelines(catalog, facts, prune=prune)
        changes = _taken_aliases(catalog, facts, gone)
        known = (catalog.models.keys() | models.keys()) - set(gone)
        plan = Plan(
            catalog,
            changes,
            models={model_id: model for model_id, model in models.items() if model != catalog.models.get(model_id)},
            forgotten=gone,
            pipelines=None if pipelines == _as_tuples(catalog.pipelines) else pipelines,
            facts=tuple(_compared(catalog, models, gone, pipelines, facts)),
            warnings=tuple(Caution(text) for text in (*facts.notes, *pages, *unknown, *_dangling(changes, known))),
        )
        homonyms = _homonyms(plan.aliases, dict.fromkeys(known), catalog.aliases)
        moved = () if reassign else tuple(change for change in changes if change.result == "reassigned")
        if not moved:
            return plan._replace(errors=homonyms)
        taken = tuple(change for change in changes if change.result != "reassigned")
        return plan._replace(changes=taken, refused=moved, errors=(*_conflicts(moved, facts), *homonyms))

    return request


def _invalid_names(facts: Facts) -> tuple[Failure, ...]:
    return (
        *(
            InvalidDocument(f"{facts.source} has the alias '{alias}', a name that no server allows")
            for alias in sorted(facts.aliases)
            if not is_server_alias(alias)
        ),
        *(
            InvalidDocument(f"{facts.source} has the alias '{alias}' on '{target}', which is not a valid model id")
            for alias, target in sorted(facts.aliases.items())
            if not is_model_id(target)
        ),
    )


def _pages(facts: Facts) -> tuple[str, ...]:
    return tuple(
        f"{facts.source} has {len(getattr(facts, part))} of {count} models ({part}): a page, not the whole"
        for part, count in sorted(facts.counts.items())
        if count > len(getattr(facts, part))
    )


def _taken_models(catalog: Catalog, facts: Facts, *, prune: bool) -> tuple[dict[str, Model], list[str]]:
    """The models that the facts tell of, as they are afterwards, and what is to be said of unknown ones."""
    models: dict[str, Model] = {}
    unknown = []
    for model_id, config in sorted(facts.models.items()):
        known = catalog.models.get(model_id)
        models[model_id] = config._replace(deployments=known.deployments if known else ())
    for model_id, deployments in sorted(facts.deployments.items()):
        model = models.get(model_id) or catalog.models.get(model_id)
        if model is None:
            unknown.append(f"{facts.source} has stats of '{model_id}', a model that the catalog does not know: skipped")
        else:
            models[model_id] = model._replace(deployments=deployments)
    if prune and "deployments" in facts.parts:
        untold = (model for model in catalog.known_models() if model.deployments)
        for model in untold:
            if model.model_id not in facts.deployments:
                models[model.model_id] = models.get(model.model_id, model)._replace(deployments=())
    return models, unknown


def _taken_pipelines(catalog: Catalog, facts: Facts, *, prune: bool) -> dict[str, tuple[str, ...]]:
    if "pipelines" not in facts.parts:
        return _as_tuples(catalog.pipelines)
    kept = {} if prune else _as_tuples(catalog.pipelines)
    return dict(sorted((kept | _as_tuples(facts.pipelines)).items()))


def _as_tuples(pipelines: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    return {name: tuple(names) for name, names in pipelines.items()}


def _taken_aliases(catalog: Catalog, facts: Facts, gone: Sequence[str]) -> tuple[AliasChange, ...]:
    """The aliases told of, and those that go with their models."""
    lost_models = set(gone)
    taken = [AliasChange(alias, target, catalog.aliases.get(alias)) for alias, target in facts.aliases.items()]
    lost = [
        AliasChange(alias, None, target)
        for alias, target in catalog.aliases.items()
        if target in lost_models and alias not in facts.aliases
    ]
    return tuple(sorted(taken + lost))


def _conflicts(moved: Sequence[AliasChange], facts: Facts) -> tuple[Conflict, ...]:
    files = tuple("-" if source == "standard input" else source for source in facts.sources)
    return tuple(
        Conflict(
            f"the alias '{change.model_alias}' names '{change.previous_model_id}' here, "
            f"and '{change.model_id}' in {facts.source}",
            Hint("take over what is told", ("import", *files, "--reassign")),
        )
        for change in moved
    )


def _dangling(changes: Sequence[AliasChange], known: Iterable[str]) -> Iterator[str]:
    models = set(known)
    for alias, target, _ in changes:
        if target is not None and target not in models:
            yield f"the alias '{alias}' names '{target}', a model that the catalog does not know"


def _compared(
    catalog: Catalog,
    models: Mapping[str, Model],
    gone: Sequence[str],
    pipelines: Mapping[str, Sequence[str]],
    facts: Facts,
) -> Iterator[FactChange]:
    """What becomes of every fact that was told of."""
    for model_id, model in models.items():
        old = catalog.models.get(model_id)
        if model_id in facts.models:
            yield FactChange(_result(old and old.config, model.config), "model", model_id)
        before = old.deployments if old else ()
        if model_id not in gone and (before or model.deployments) and "deployments" in facts.parts:
            yield FactChange(_result(before or None, model.deployments or None), "deployments", model_id)
    yield from (FactChange("removed", "model", model_id) for model_id in gone)
    told = sorted(facts.pipelines.keys() | (catalog.pipelines.keys() - pipelines.keys()))
    for name in told:
        before_names = catalog.pipelines.get(name)
        after = pipelines.get(name)
        yield FactChange(_result(before_names and tuple(before_names), after), "pipeline", name)


def _result(before: Any, after: Any) -> Any:
    """One word for a fact before and after; None is absence."""
    if before == after:
        return "same"
    if before is None:
        return "new"
    return "removed" if after is None else "changed"
