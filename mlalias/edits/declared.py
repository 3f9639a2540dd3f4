"""The edit that brings aliases to the state that files declare: apply."""

from collections import ChainMap
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from mlalias.core.catalog import Catalog, Change, Model, Pipeline, is_pattern
from mlalias.core.plan import Caution, Context, Edit, FactChange, Plan
from mlalias.core.rules import judge
from mlalias.documents.facts import Facts
from mlalias.edits.aliases import dangling, delete, homonyms, judged, look_up
from mlalias.errors import NotFound, Refused
from mlalias.names import Matcher, not_found


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
        plan = _together(catalog, plans)
        judged_already = {change.model_alias for change in (*plan.moves, *plan.refused)}
        both = [name for name in additions.models if name in catalog.aliases and name not in judged_already]
        return plan._replace(
            models=additions.models,
            pipelines=additions.pipelines,
            facts=additions.facts,
            warnings=(*additions.cautions, *_matching_nothing(catalog, facts, only), *plan.warnings),
            errors=plan.errors + homonyms(both, catalog),
        )

    return edit


def aliases_only(facts: Facts) -> tuple[Facts, str]:
    """The facts without models and pipelines, which a cluster maintains itself, and a line that says so."""
    ignored = [part for part in ("models", "pipelines") if getattr(facts, part)]
    line = f"the {' and '.join(ignored)} in {facts.source} are ignored: a cluster has its own\n" if ignored else ""
    return facts._replace(models={}, deployments={}, pipelines={}), line


class _Additions(NamedTuple):
    """The facts of a declaration that the catalog lacks; those that differ stay as they are, with a warning."""

    models: Mapping[str, Model]
    pipelines: Mapping[str, Pipeline] | None
    facts: tuple[FactChange, ...]
    cautions: tuple[Caution, ...]

    def to(self, catalog: Catalog) -> Catalog:
        if self.models:
            catalog = catalog._replace(models=ChainMap(dict(self.models), catalog.models))  # type: ignore[arg-type] # only the first is written to
        return catalog if self.pipelines is None else catalog._replace(pipelines=self.pipelines)


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
    return _Additions(
        models,
        {**catalog.pipelines, **pipelines} if pipelines else None,
        (
            *(FactChange("new", "model", model_id) for model_id in models),
            *(FactChange("new", "pipeline", name) for name in pipelines),
        ),
        (
            *map(Caution, facts.warnings),
            *(Caution(text) for text in _ignored(facts)),
            *(Caution(f"{thing} differs from the one in {facts.source}; it stays as it is") for thing in differing),
        ),
    )


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
