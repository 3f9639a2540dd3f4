"""The edits of models: put, amend and forget."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from mlalias.core.catalog import Catalog, Change, Deployment, Model
from mlalias.core.plan import Caution, Context, Edit, FactChange, Plan
from mlalias.edits.aliases import listed_pipelines
from mlalias.errors import Conflict, Damaged, NotFound, Refused
from mlalias.names import not_found

_EXISTS = "resource_already_exists_exception"


def forget(model_id: str, *, force: bool, missing_ok: bool = False) -> Edit:
    """Remove a model and its aliases, under Elasticsearch's conditions; with `force`, the model only needs to exist.

    With `force` the model is not read, so a damaged one can be removed.
    https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-ml-delete-trained-model
    """

    def edit(catalog: Catalog) -> Plan:
        if not (_is_there(catalog, model_id) if force else model_id in catalog.models):
            return Plan(catalog) if missing_ok else Plan(catalog, errors=(_no_model(catalog, model_id),))
        aliases = catalog.aliases_of(model_id)
        deployments = () if force else _deployments(catalog, model_id)
        errors = () if force else _still_used(catalog, model_id, aliases, deployed=bool(deployments))
        if errors:
            return Plan(catalog, errors=errors)
        changes = tuple(Change(alias, None, model_id) for alias in aliases)
        unknown = (Caution(f"whether '{model_id}' was deployed is not known"),) if deployments is None else ()
        removed = (FactChange("removed", "model", model_id),)
        return Plan(catalog, changes, forgotten=(model_id,), facts=removed, warnings=unknown)

    return edit


def _is_there(catalog: Catalog, model_id: str) -> bool:
    """Whether the model exists, even if it cannot be read."""
    try:
        return model_id in catalog.models
    except Damaged:
        return True


def _deployments(catalog: Catalog, model_id: str) -> tuple[Deployment, ...] | None:
    """The deployments of a model; raises Damaged with the rule `unreadable` if it cannot be read."""
    try:
        return catalog.models[model_id].deployments
    except Damaged as damage:
        context = Context(catalog, name=model_id, kind="model")
        raise damage.but(damage.reason, rule="unreadable", context=context) from damage


def _no_model(catalog: Catalog, name: str) -> NotFound:
    if name not in catalog.aliases:
        return not_found(catalog, name, "model")
    context = Context(catalog, name, name=name, kind="model")
    return NotFound(f"'{name}' is an alias, not a model", rule="not_found", context=context)


def _still_used(catalog: Catalog, model_id: str, aliases: Sequence[str], *, deployed: bool) -> tuple[Conflict, ...]:
    """The first condition that prevents the removal of a model, in Elasticsearch's order."""

    def conflict(reason: str) -> tuple[Conflict, ...]:
        return (Conflict(reason, rule="in_use", context=Context(catalog, name=model_id, kind="model")),)

    of_model = catalog.pipelines_naming(model_id)
    if of_model:
        return conflict(f"the model '{model_id}' is used by {listed_pipelines(of_model)}")
    for alias in aliases:
        of_alias = catalog.pipelines_naming(alias)
        if of_alias:
            return conflict(f"the alias '{alias}' of '{model_id}' is used by {listed_pipelines(of_alias)}")
    return conflict(f"the model '{model_id}' is deployed") if deployed else ()


def put_model(model: Model, *, overwrite: bool = False) -> Edit:
    """Add a model; its id and its tags share one namespace with aliases, deployments and the tags of other models.

    With `overwrite`, as for a packaged model, an existing model is replaced and keeps its deployments.
    https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-ml-put-trained-model
    """

    def edit(catalog: Catalog) -> Plan:
        refused = next(_name_clashes(catalog, model, overwrite=overwrite), None)
        if refused:
            return Plan(catalog, errors=(refused,))
        known = catalog.models.get(model.model_id)
        added = model._replace(deployments=known.deployments) if known else model
        return Plan(catalog, models={model.model_id: added})

    return edit


def _name_clashes(catalog: Catalog, model: Model, *, overwrite: bool) -> Iterator[Refused]:
    """The failures if the id or a tag of a model is already in use, in Elasticsearch's order."""
    model_id, tags = model.model_id, model.config.get("tags", ())
    if model_id in catalog.aliases:
        yield Refused(f"'{model_id}' is an alias and cannot be the id of a model")
    others = [known for known in catalog.known_models() if known.model_id != model_id]
    if any(deployment.deployment_id == model_id for known in others for deployment in known.deployments or ()):
        yield Refused(f"'{model_id}' is a deployment and cannot be the id of a model")
    for known in others:
        if model_id in known.config.get("tags", ()):
            yield Refused(f"'{model_id}' is a tag of the model '{known.model_id}'")
    for tag in tags:
        if tag in catalog.models:
            yield Refused(f"the tag '{tag}' is the id of a model")
    if model_id in catalog.models and not overwrite:
        yield Refused(f"the model '{model_id}' exists already", type=_EXISTS)


def amend(model_id: str, changed: Callable[[Model], Mapping[str, Any]]) -> Edit:
    """Add keys to the configuration of a model, as happens after the last part of its definition is uploaded."""

    def edit(catalog: Catalog) -> Plan:
        model = catalog.models.get(model_id)
        if model is None:
            return Plan(catalog, errors=(_no_model(catalog, model_id),))
        after = model._replace(config={**model.config, **changed(model)})
        return Plan(catalog, models={} if after == model else {model_id: after})

    return edit
