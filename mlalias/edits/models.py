"""The edits of models, and what REST does to models, pipelines and deployments."""

from collections.abc import Sequence
from typing import Any

from mlalias.core.catalog import Catalog, Change, Deployment, Model, is_new_model_id
from mlalias.core.plan import Caution, Context, Edit, FactChange, Plan
from mlalias.documents.codec import Document
from mlalias.documents.facts import new_model
from mlalias.documents.pipelines import pipeline
from mlalias.documents.table import Table
from mlalias.edits.aliases import listed_pipelines
from mlalias.errors import Conflict, Damaged, InvalidDocument, NotFound, Refused
from mlalias.names import matches, not_found

_VALIDATION = "action_request_validation_exception"
_EXISTS = "resource_already_exists_exception"
_DEFINITIONS = ("definition", "compressed_definition")


def forget(model_id: str, *, force: bool, missing_ok: bool = False) -> Edit:
    """Remove a model and its aliases, under Elasticsearch's conditions; `force` ignores all but that it exists.

    With `force` the model is not read, so that one that cannot be read can be removed.
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
    """Whether there is a model, readable or not."""
    try:
        return model_id in catalog.models
    except Damaged:
        return True


def _deployments(catalog: Catalog, model_id: str) -> tuple[Deployment, ...] | None:
    """The deployments of a model; raises Damaged, by the rule `unreadable`, if it cannot be read."""
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
    """The first of the conditions, in Elasticsearch's order, that keeps a model."""

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


# --- models over REST ---


def put_model(model_id: str, document: Document) -> Edit:
    """Add a model from its configuration, of which the definition is not kept; raises Refused, InvalidDocument."""
    _valid_id(model_id, "model")
    if "deployments" in document:
        raise InvalidDocument("the body has the key 'deployments', and a new model is not deployed")
    table = Table(document, "the body")
    created = _created(new_model(model_id, table))

    def edit(catalog: Catalog) -> Plan:
        if model_id in catalog.models:
            return Plan(catalog, errors=(Refused(f"the model '{model_id}' exists already", type=_EXISTS),))
        if model_id in catalog.aliases:
            return Plan(catalog, errors=(Refused(f"'{model_id}' is an alias and cannot be the id of a model"),))
        return Plan(catalog, models={model_id: created})

    return edit


def _created(given: Model) -> Model:
    """What a server makes of a new model: its type, if the definition tells it, and the input of pytorch models."""
    config: dict[str, Any] = {key: value for key, value in given.config.items() if key not in _DEFINITIONS}
    if "model_type" not in config and not set(_DEFINITIONS).isdisjoint(given.config):
        config["model_type"] = _type_of(given.config.get("definition"))
    if config.get("model_type") == "pytorch" and "input" not in config:
        config["input"] = {"field_names": ["input"]}
    return given._replace(config=config, deployments=())


def _type_of(definition: Any) -> str:
    trained = definition.get("trained_model") if isinstance(definition, dict) else None
    return "lang_ident" if isinstance(trained, dict) and "lang_ident_neural_network" in trained else "tree_ensemble"


# --- pipelines ---


def put_pipeline(name: str, document: Document) -> Edit:
    """Add an ingest pipeline or replace it; it is kept whole. Raises InvalidDocument."""
    processors = document.get("processors")
    if not isinstance(processors, list) or not all(isinstance(one, dict) for one in processors):
        raise InvalidDocument("the body has no list of processors", type="parse_exception")
    put = pipeline(document)

    def edit(catalog: Catalog) -> Plan:
        if catalog.pipelines.get(name) == put:
            return Plan(catalog)
        return Plan(catalog, pipelines={**catalog.pipelines, name: put})

    return edit


def delete_pipelines(pattern: str) -> Edit:
    """Delete the ingest pipelines that a name, which may hold `*`, stands for."""

    def edit(catalog: Catalog) -> Plan:
        gone = [name for name in catalog.pipelines if matches(pattern, name, wildcards="*")]
        if not gone:
            missing = NotFound(f"there is no ingest pipeline '{pattern}'")
            return Plan(catalog, errors=() if pattern == "*" else (missing,))
        kept = {name: known for name, known in catalog.pipelines.items() if name not in gone}
        return Plan(catalog, pipelines=kept)

    return edit


# --- deployments ---


def start(name: str, deployment_id: str, allocations: int) -> Edit:
    """Deploy the pytorch model that a name stands for: all its allocations run at once.

    Without a `deployment_id` it goes by the model's. Raises Refused.
    """
    if deployment_id:
        _valid_id(deployment_id, "deployment")

    def edit(catalog: Catalog) -> Plan:
        found = catalog.models.get(catalog.target(name) or "")
        if found is None:
            return Plan(catalog, errors=(not_found(catalog, name, "model"),))
        deployment = Deployment(deployment_id or found.model_id, "started", allocations, allocations)
        refused = _undeployable(catalog, found, deployment.deployment_id)
        return _redeployed(catalog, found._replace(deployments=(*(found.deployments or ()), deployment)), *refused)

    return edit


def _undeployable(catalog: Catalog, found: Model, deployment_id: str) -> tuple[Refused, ...]:
    if found.model_type != "pytorch":
        return (Refused(f"the model '{found.model_id}' is no pytorch model, and only these are deployed"),)
    taken = {one.deployment_id for known in catalog.known_models() for one in known.deployments or ()}
    if deployment_id in taken:
        return (Refused(f"there is a deployment '{deployment_id}' already", type=_EXISTS),)
    return ()


def stop(name: str, *, force: bool) -> Edit:
    """End a deployment, or all deployments of the model that a name stands for; `force` passes over pipelines."""

    def edit(catalog: Catalog) -> Plan:
        target = catalog.target(name)
        for found in catalog.known_models():
            deployments = found.deployments or ()
            kept = tuple(one for one in deployments if one.deployment_id != name)
            if found.model_id == target and len(kept) == len(deployments):
                kept = ()
            if len(kept) < len(deployments):
                return _redeployed(catalog, found._replace(deployments=kept), *_needed(catalog, found, name, force))
        return Plan(catalog, errors=(NotFound(f"there is no deployment '{name}'"),))

    return edit


def _needed(catalog: Catalog, found: Model, name: str, force: bool) -> tuple[Conflict, ...]:
    used = catalog.pipelines_naming(name, found.model_id, *catalog.aliases_of(found.model_id))
    if force or not used:
        return ()
    return (Conflict(f"the deployment '{name}' is needed by the ingest pipeline '{used[0]}'"),)


def _redeployed(catalog: Catalog, changed: Model, *errors: Refused | Conflict) -> Plan:
    if errors:
        return Plan(catalog, errors=errors)
    return Plan(catalog, models={changed.model_id: changed})


def _valid_id(text: str, kind: str) -> None:
    if not is_new_model_id(text):
        raise Refused(f"'{text}' is not a valid {kind} id", type=_VALIDATION)
