"""The edit that takes over facts from Elasticsearch's answers or declarations: import."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, TypeVar

from mlalias.core.catalog import Catalog, Change, Model, Pipeline, is_model_id, is_server_alias
from mlalias.core.plan import Caution, Context, Edit, FactChange, Plan
from mlalias.documents.facts import Facts
from mlalias.edits.aliases import dangling, homonyms
from mlalias.errors import Failure, InvalidDocument, Refused
from mlalias.text import plural

T = TypeVar("T")


def import_facts(facts: Facts, *, reassign: bool = False, prune: bool = False) -> Edit:
    """Take over facts without checking the rules; `reassign` allows aliases to be moved.

    `prune` also removes what the facts do not list, for each part that they cover.
    """

    def edit(catalog: Catalog) -> Plan:
        errors = _errors(facts, prune=prune)
        if errors:
            return Plan(catalog, errors=errors)
        gone = tuple(sorted(catalog.models.keys() - facts.models)) if prune and "models" in facts.parts else ()
        models, unknown = _taken_models(catalog, facts, gone, prune=prune)
        pipelines = _taken_pipelines(catalog, facts, prune=prune)
        endpoints = _merged("endpoints", catalog.endpoints, facts.endpoints, facts, prune=prune)
        fields = _merged("fields", catalog.fields, facts.fields, facts, prune=prune)
        changes = _taken_aliases(catalog, facts, gone)
        kept = _kept_aliases(catalog, facts) if prune else ()
        known = (catalog.models.keys() | models.keys()) - set(gone)
        plan = Plan(
            catalog,
            changes,
            models={model_id: model for model_id, model in models.items() if model != catalog.models.get(model_id)},
            forgotten=gone,
            pipelines=pipelines if _changes_pipelines(catalog, pipelines, facts) else None,
            endpoints=_taken(catalog.endpoints, endpoints),
            fields=_taken(catalog.fields, fields),
            facts=(
                *_compared(catalog, models, gone, pipelines, facts),
                *_compared_part("endpoint", catalog.endpoints, endpoints, facts.endpoints),
                *_compared_part("fields", catalog.fields, fields, facts.fields),
            ),
            warnings=(
                *map(Caution, (*facts.warnings, *_pages(facts), *unknown, *kept)),
                *map(Caution, _no_longer_deployed(catalog, models, facts)),
                *map(Caution, _deployments_unknown(models)),
                *_dangling(changes, known),
            ),
        )
        moved = () if reassign else tuple(change for change in changes if change.result == "reassigned")
        both = plan.aliases.keys() & known
        bad = both.union(change.model_alias for change in moved)
        return plan._replace(
            changes=tuple(change for change in changes if change.model_alias not in bad),
            refused=tuple(change for change in changes if change.model_alias in bad),
            errors=(*_aliases_taken(catalog, moved, facts), *homonyms(both, catalog)),
        )

    return edit


def _errors(facts: Facts, *, prune: bool) -> tuple[Failure, ...]:
    """The failures that do not depend on the catalog."""
    if not facts.parts:
        return (InvalidDocument(f"{facts.source} is empty"),)
    incomplete = (*facts.left_out[:1], *_pages(facts)) if prune else ()
    return (
        *_invalid_names(facts),
        *(Refused(f"{reason}, and --prune needs the whole answer") for reason in incomplete),
    )


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
        f"{facts.source} has {_PAGED[part]}{len(getattr(facts, part))} of {count} models: only one page"
        for part, count in sorted(facts.counts.items())
        if count > len(getattr(facts, part))
    )


_PAGED = {"models": "", "deployments": "stats of "}


def _taken_models(
    catalog: Catalog, facts: Facts, gone: Sequence[str], *, prune: bool
) -> tuple[dict[str, Model], list[str]]:
    """The models in the facts as they are after the import, and the warnings for stats of unknown models."""
    models: dict[str, Model] = {}
    unknown = []
    for model_id, config in sorted(facts.models.items()):
        models[model_id] = config.deployed_as(catalog.models.get(model_id))
    for model_id, deployments in sorted(facts.deployments.items()):
        model = models.get(model_id) or catalog.models.get(model_id)
        if model is None or model_id in gone:
            unknown.append(f"{facts.source} has stats of '{model_id}', a model that the catalog does not have: skipped")
        else:
            models[model_id] = model._replace(deployments=deployments)
    if prune and "deployments" in facts.parts:
        settled = facts.deployments.keys() | set(gone)
        for model in catalog.known_models():
            if model.deployments and model.model_id not in settled:
                models[model.model_id] = models.get(model.model_id, model)._replace(deployments=())
    return models, unknown


def _no_longer_deployed(catalog: Catalog, models: Mapping[str, Model], facts: Facts) -> Iterator[str]:
    """The warnings for deployments that the stats do not list, and that are therefore removed.

    Stats that were requested for a single deployment list no other, and do not show that they were:
    https://github.com/elastic/elasticsearch/issues/95440
    """
    for model_id in sorted(facts.deployments.keys() & models.keys()):
        known = catalog.models.get(model_id)
        left = {deployment.deployment_id for deployment in models[model_id].deployments or ()}
        for deployment in (known and known.deployments) or ():
            if deployment.deployment_id not in left:
                yield f"the deployment '{deployment.deployment_id}' of '{model_id}' is not in {facts.source}: removed"


def _deployments_unknown(models: Mapping[str, Model]) -> Iterator[str]:
    """One warning for all models whose deployments are unknown."""
    unknown = [model_id for model_id, model in models.items() if model.deployments is None]
    if unknown:
        which = f"'{unknown[0]}'" + (f" and {plural(len(unknown) - 1, 'other model')}" if unknown[1:] else "")
        are = "are" if unknown[1:] else "is"
        yield f"whether {which} {are} deployed is not known: import GET _ml/trained_models/_stats"


def _taken_pipelines(catalog: Catalog, facts: Facts, *, prune: bool) -> Mapping[str, Pipeline]:
    if "pipelines" not in facts.parts:
        return catalog.pipelines
    kept = {} if prune else dict(catalog.pipelines)
    taken = {name: _with_known_body(catalog, name, pipeline) for name, pipeline in facts.pipelines.items()}
    return dict(sorted((kept | taken).items()))


def _with_known_body(catalog: Catalog, name: str, pipeline: Pipeline) -> Pipeline:
    """The pipeline; if its body is not given, and the known pipeline uses the same names, the known one."""
    known = catalog.pipelines.get(name) if pipeline.body is None else None
    return known if known and known.names == pipeline.names else pipeline


def _merged(
    part: str, known: Mapping[str, T] | None, given: Mapping[str, T], facts: Facts, *, prune: bool
) -> Mapping[str, T] | None:
    """A part after the import; `prune` removes what is not given. An index without fields is left out."""
    if part not in facts.parts:
        return known
    merged = {**({} if prune else known or {}), **given}
    return {name: merged[name] for name in sorted(merged) if merged[name]}


def _taken(before: Mapping[str, T] | None, after: Mapping[str, T] | None) -> Mapping[str, T] | None:
    """A part to write, None if nothing changes; an empty part is written if nothing was known of it before."""
    return None if after is None or (before is not None and dict(before) == dict(after)) else after


def _compared_part(
    part: Literal["endpoint", "fields"],
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
    given: Mapping[str, Any],
) -> Iterator[FactChange]:
    """What the import does to each item of a part that is given or removed."""
    before, after = before or {}, after or {}
    for name in sorted(given.keys() | (before.keys() - after.keys())):
        if name in before or name in after:
            yield FactChange(_result(before.get(name), after.get(name)), part, name)


def _changes_pipelines(catalog: Catalog, pipelines: Mapping[str, Pipeline], facts: Facts) -> bool:
    """Whether pipelines must be written, even an empty list if nothing was known of pipelines before."""
    first = "pipelines" in facts.parts and not catalog.pipelines_known
    return first or pipelines != catalog.pipelines


def _taken_aliases(catalog: Catalog, facts: Facts, gone: Sequence[str]) -> tuple[Change, ...]:
    """The changes to the aliases in the facts, and the deletions of aliases whose models are removed."""
    lost_models = set(gone)
    taken = [Change(alias, target, catalog.aliases.get(alias)) for alias, target in facts.aliases.items()]
    lost = [
        Change(alias, None, target)
        for alias, target in catalog.aliases.items()
        if target in lost_models and alias not in facts.aliases
    ]
    return tuple(sorted(taken + lost))


def _kept_aliases(catalog: Catalog, facts: Facts) -> tuple[str, ...]:
    """The warnings for aliases that the facts do not list although they list their models."""
    return tuple(
        f"the alias '{alias}' of '{target}' is not in {facts.source}: kept, as its model still exists"
        for alias, target in sorted(catalog.aliases.items())
        if "aliases" in facts.parts and target in facts.models and alias not in facts.aliases
    )


def _aliases_taken(catalog: Catalog, moved: Sequence[Change], facts: Facts) -> tuple[Refused, ...]:
    return tuple(
        Refused(
            f"the alias '{change.model_alias}' names '{change.previous_model_id}' here, "
            f"and '{change.model_id}' in {facts.source}",
            rule="alias_taken",
            context=Context(catalog, change.model_alias),
        )
        for change in moved
    )


def _dangling(changes: Sequence[Change], known: Iterable[str]) -> Iterator[Caution]:
    models = set(known)
    for alias, target, _ in changes:
        if target is not None and target not in models:
            yield dangling(alias, target)


def _compared(
    catalog: Catalog,
    models: Mapping[str, Model],
    gone: Sequence[str],
    pipelines: Mapping[str, Pipeline],
    facts: Facts,
) -> Iterator[FactChange]:
    """What the import does to every model, deployment and pipeline that it covers."""
    for model_id, model in models.items():
        old = catalog.models.get(model_id)
        if model_id in facts.models:
            yield FactChange(_result(old and old.config, model.config), "model", model_id)
        yield from _compared_deployments(old, model, listed=model_id in facts.deployments)
    yield from (FactChange("removed", "model", model_id) for model_id in gone)
    for name in sorted(facts.pipelines.keys() | (catalog.pipelines.keys() - pipelines.keys())):
        yield FactChange(_result(catalog.pipelines.get(name), pipelines.get(name)), "pipeline", name)


def _compared_deployments(old: Model | None, new: Model, *, listed: bool) -> Iterator[FactChange]:
    before, after = (old.deployments if old else ()), new.deployments
    if before or after:
        if listed or before != after:
            yield FactChange(_result(before or None, after or None), "deployments", new.model_id)
    elif before is None and after is not None:
        yield FactChange("changed", "deployments", new.model_id)  # from unknown to none


def _result(before: Any, after: Any) -> Any:
    """The result for a fact before and after the import; None if it is absent."""
    if before == after:
        return "same"
    if before is None:
        return "new"
    return "removed" if after is None else "changed"
