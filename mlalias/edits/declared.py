"""The edit that brings aliases to the state that files declare: apply."""

from collections import ChainMap
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, TypeVar

from mlalias.core.catalog import Catalog, Change, Endpoint, Model, Pipeline, is_pattern
from mlalias.core.plan import Caution, Context, Edit, FactChange, Plan
from mlalias.core.rules import judge
from mlalias.documents.facts import Facts
from mlalias.documents.mappings import Fields
from mlalias.edits.aliases import dangling, delete, homonyms, judged, look_up, used_unguarded
from mlalias.errors import NotFound, Refused
from mlalias.names import Matcher, not_found

T = TypeVar("T")


def apply(facts: Facts, *, prune: bool, only: Sequence[str], allow_empty: bool) -> Edit:
    """Point aliases at the models that the files declare, and add the models and pipelines that are missing.

    With `only`, aliases that match none of its patterns are left alone; `prune` deletes aliases that no file declares.
    """

    def edit(catalog: Catalog) -> Plan:
        missing = _missing(catalog, facts, only)
        if missing:
            return Plan(catalog, errors=missing)
        additions = _additions(catalog, facts)
        selected = Matcher(only or ["*"])
        declared = {alias: facts.aliases[alias] for alias in filter(selected, sorted(facts.aliases))}
        pruned = sorted(filter(selected, catalog.aliases.keys() - declared.keys())) if prune else ()
        if pruned and not declared and not allow_empty:
            return Plan(catalog, errors=(_nothing_declared(catalog, facts, only, len(pruned)),))
        after = additions.to(catalog)
        plans = [_declare(after, alias, target) for alias, target in declared.items()]
        plans += [delete(alias)(after) for alias in pruned]
        used = () if catalog.live or not pruned else used_unguarded(after, pruned)
        plan = _together(catalog, plans)
        judged_already = {change.model_alias for change in (*plan.moves, *plan.refused)}
        both = [name for name in additions.models if name in catalog.aliases and name not in judged_already]
        return plan._replace(
            models=additions.models,
            pipelines=additions.pipelines,
            endpoints=additions.endpoints,
            fields=additions.fields,
            facts=additions.facts,
            warnings=(*additions.cautions, *_matching_nothing(catalog, facts, only), *used, *plan.warnings),
            errors=plan.errors + homonyms(both, catalog),
        )

    return edit


def aliases_only(facts: Facts) -> tuple[Facts, str]:
    """The facts without those that a cluster maintains itself, and a line that says so."""
    ignored = [part for part in ("models", "pipelines", "endpoints", "fields") if getattr(facts, part)]
    named = " and ".join(filter(None, (", ".join(ignored[:-1]), *ignored[-1:])))
    line = f"the {named} in {facts.source} are ignored: a cluster has its own\n" if ignored else ""
    return facts._replace(models={}, deployments={}, pipelines={}, endpoints={}, fields={}), line


class _Additions(NamedTuple):
    """The facts of a declaration that the catalog lacks; those that differ stay as they are, with a warning."""

    models: Mapping[str, Model]
    pipelines: Mapping[str, Pipeline] | None
    endpoints: Mapping[str, Endpoint] | None
    fields: Mapping[str, Fields] | None
    facts: tuple[FactChange, ...]
    cautions: tuple[Caution, ...]

    def to(self, catalog: Catalog) -> Catalog:
        if self.models:
            catalog = catalog._replace(models=ChainMap(dict(self.models), catalog.models))  # type: ignore[arg-type] # only the first is written to
        if self.pipelines is not None:
            catalog = catalog._replace(pipelines=self.pipelines)
        endpoints = catalog.endpoints if self.endpoints is None else self.endpoints
        return catalog._replace(endpoints=endpoints, fields=catalog.fields if self.fields is None else self.fields)


def _additions(catalog: Catalog, facts: Facts) -> _Additions:
    models: dict[str, Model] = {}
    pipelines: dict[str, Pipeline] = {}
    differing: list[str] = []
    for model_id, config in sorted(facts.models.items()):
        known = catalog.models.get(model_id)
        declared = config.deployed_as(known)
        if model_id in facts.deployments:
            declared = declared._replace(deployments=facts.deployments[model_id])
        if known is None:
            models[model_id] = declared
        elif known != declared:
            differing.append(f"the model '{model_id}'")
    for name, pipeline in sorted(facts.pipelines.items()):
        if name not in catalog.pipelines:
            pipelines[name] = pipeline
        elif not _agree(catalog.pipelines[name], pipeline):
            differing.append(f"the pipeline '{name}'")
    endpoints = _lacking(catalog.endpoints, facts.endpoints)
    fields = _lacking(catalog.fields, facts.fields)
    differing += _differing("the endpoint", catalog.endpoints, facts.endpoints)
    differing += _differing("the fields of the index", catalog.fields, facts.fields)
    return _Additions(
        models,
        {**catalog.pipelines, **pipelines} if pipelines else None,
        {**(catalog.endpoints or {}), **endpoints} if endpoints else None,
        {**(catalog.fields or {}), **fields} if fields else None,
        (
            *(FactChange("new", "model", model_id) for model_id in models),
            *(FactChange("new", "pipeline", name) for name in pipelines),
            *(FactChange("new", "endpoint", name) for name in endpoints),
            *(FactChange("new", "fields", index) for index in fields),
        ),
        (
            *map(Caution, facts.warnings),
            *(Caution(text) for text in _ignored(facts)),
            *(Caution(f"{thing} differs from the one in {facts.source}; it stays as it is") for thing in differing),
        ),
    )


def _lacking(known: Mapping[str, T] | None, declared: Mapping[str, T]) -> dict[str, T]:
    """What is declared and not known; on a cluster, which is asked for what is known, nothing of this is declared."""
    return {name: declared[name] for name in sorted(declared) if known is None or name not in known}


def _differing(what: str, known: Mapping[str, T] | None, declared: Mapping[str, T]) -> Iterator[str]:
    """What is declared otherwise than it is known."""
    both = (name for name in sorted(declared) if known is not None and name in known)
    return (f"{what} '{name}'" for name in both if known is not None and known[name] != declared[name])


def _agree(known: Pipeline, declared: Pipeline) -> bool:
    """Whether a declared pipeline equals the known one; if only its names are declared, only these are compared."""
    return known.names == declared.names and declared.body in (None, known.body)


def _ignored(facts: Facts) -> tuple[str, ...]:
    """The warning if there are stats of models that are not declared: `apply` does not update deployments."""
    alone = facts.deployments.keys() - facts.models.keys()
    return (f"the deployments in {facts.source} are ignored: update them with `import`",) if alone else ()


def _declare(catalog: Catalog, model_alias: str, model_id: str) -> Plan:
    """The plan for one declared alias; the rules are not checked if it already names its model."""
    move = look_up(catalog, model_alias, model_id, reassign=True)
    if move.target != model_id:
        return judged(catalog, move, judge(move))
    unchanged = (Change(model_alias, model_id, model_id),)
    return Plan(catalog, unchanged, warnings=() if move.new else (dangling(model_alias, model_id),))


def _missing(catalog: Catalog, facts: Facts, only: Sequence[str]) -> tuple[NotFound, ...]:
    """The failures for names in `only` that are in neither the files nor the catalog."""
    exact = (name for name in only if not is_pattern(name) and name not in facts.aliases)
    return tuple(not_found(catalog, name, "alias") for name in exact if name not in catalog.aliases)


def _matching_nothing(catalog: Catalog, facts: Facts, only: Sequence[str]) -> tuple[Caution, ...]:
    """The warnings for patterns in `only` that match no alias in the files or the catalog."""
    patterns = [pattern for pattern in dict.fromkeys(only) if is_pattern(pattern)]
    aliases = (*facts.aliases, *catalog.aliases) if patterns else ()
    idle = (pattern for pattern in patterns if not any(map(Matcher([pattern]), aliases)))
    return tuple(Caution(f"no alias matches '{pattern}'") for pattern in idle)


def _nothing_declared(catalog: Catalog, facts: Facts, only: Sequence[str], count: int) -> Refused:
    matching = " that matches " + " or ".join(f"'{pattern}'" for pattern in only) if only else ""
    which = "all that match" if only else "all aliases"
    reason = f"{facts.source} declares no alias{matching}, and --prune would delete {which} ({count})"
    return Refused(reason, rule="declares_nothing", context=Context(catalog))


def _together(catalog: Catalog, plans: Sequence[Plan]) -> Plan:
    """Merge the plans of single aliases into one."""
    outcomes = {alias: of_alias for plan in plans for alias, of_alias in plan.outcomes.items()}
    return Plan(
        catalog,
        changes=tuple(sorted(change for plan in plans for change in plan.changes)),
        refused=tuple(sorted(change for plan in plans for change in plan.refused)),
        outcomes=outcomes,
        warnings=tuple(warning for plan in plans for warning in plan.warnings),
        errors=tuple(error for plan in plans for error in plan.errors),
    )
