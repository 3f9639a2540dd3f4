"""The requests that tell of single facts: a model, a pipeline, a deployment."""

from fnmatch import fnmatchcase
from typing import Any

from mlalias.advice import not_found
from mlalias.core.catalog import Catalog, Deployment, Model, is_model_id
from mlalias.core.plan import Plan, Request
from mlalias.documents.codec import Document
from mlalias.documents.facts import model, names_in
from mlalias.documents.table import Node
from mlalias.errors import Conflict, InvalidDocument, NotFound, Refused

_VALIDATION = "action_request_validation_exception"
_EXISTS = "resource_already_exists_exception"
_DEFINITIONS = ("definition", "compressed_definition")


def put_model(model_id: str, document: Document) -> Request:
    """Add a model from its configuration, of which the definition is not kept; raises Refused, InvalidDocument."""
    _valid_id(model_id, "model")
    if "deployments" in document:
        raise InvalidDocument("the body has the key 'deployments', and a new model is not deployed")
    created = _created(model(model_id, Node(document, "the body")))

    def request(catalog: Catalog) -> Plan:
        if model_id in catalog.models:
            return Plan(catalog, errors=(Refused(f"the model '{model_id}' exists already", type=_EXISTS),))
        if model_id in catalog.aliases:
            return Plan(catalog, errors=(Refused(f"'{model_id}' is an alias and cannot be the id of a model"),))
        return Plan(catalog, models={model_id: created})

    return request


def _created(given: Model) -> Model:
    """What a server makes of a new model: its type, if the definition tells it, and the input of pytorch models."""
    config: dict[str, Any] = {key: value for key, value in given.config.items() if key not in _DEFINITIONS}
    if "model_type" not in config and not set(_DEFINITIONS).isdisjoint(given.config):
        config["model_type"] = _type_of(given.config.get("definition"))
    if config.get("model_type") == "pytorch" and "input" not in config:
        config["input"] = {"field_names": ["input"]}
    return given._replace(config=config)


def _type_of(definition: Any) -> str:
    trained = definition.get("trained_model") if isinstance(definition, dict) else None
    return "lang_ident" if isinstance(trained, dict) and "lang_ident_neural_network" in trained else "tree_ensemble"


# --- pipelines ---


def put_pipeline(name: str, document: Document) -> Request:
    """Add an ingest pipeline or replace it; only what its processors name is kept. Raises InvalidDocument."""
    processors = document.get("processors")
    if not isinstance(processors, list) or not all(isinstance(one, dict) for one in processors):
        raise InvalidDocument("the body has no list of processors", type="parse_exception")
    names = tuple(dict.fromkeys(names_in(processors)))

    def request(catalog: Catalog) -> Plan:
        known = catalog.pipelines.get(name)
        if known is not None and tuple(known) == names:
            return Plan(catalog)
        return Plan(catalog, pipelines={**catalog.pipelines, name: names})

    return request


def delete_pipelines(pattern: str) -> Request:
    """Delete the ingest pipelines that a name, which may hold `*`, stands for."""

    def request(catalog: Catalog) -> Plan:
        gone = [name for name in catalog.pipelines if matches(pattern, name)]
        if not gone:
            missing = NotFound(f"there is no ingest pipeline '{pattern}'")
            return Plan(catalog, errors=() if pattern == "*" else (missing,))
        kept = {name: names for name, names in catalog.pipelines.items() if name not in gone}
        return Plan(catalog, pipelines=kept)

    return request


# --- deployments ---


def start(name: str, deployment_id: str, allocations: int) -> Request:
    """Deploy the pytorch model that a name stands for: all its allocations run at once.

    Without a `deployment_id` it goes by the model's. Raises Refused.
    """
    if deployment_id:
        _valid_id(deployment_id, "deployment")

    def request(catalog: Catalog) -> Plan:
        found = catalog.models.get(catalog.target(name) or "")
        if found is None:
            return Plan(catalog, errors=(not_found(catalog, name, "model"),))
        deployment = Deployment(deployment_id or found.model_id, "started", allocations, allocations)
        refused = _undeployable(catalog, found, deployment.deployment_id)
        return _redeployed(catalog, found._replace(deployments=(*found.deployments, deployment)), *refused)

    return request


def _undeployable(catalog: Catalog, found: Model, deployment_id: str) -> tuple[Refused, ...]:
    if found.model_type != "pytorch":
        return (Refused(f"the model '{found.model_id}' is no pytorch model, and only these are deployed"),)
    taken = {one.deployment_id for known in catalog.known_models() for one in known.deployments}
    if deployment_id in taken:
        return (Refused(f"there is a deployment '{deployment_id}' already", type=_EXISTS),)
    return ()


def stop(name: str, *, force: bool) -> Request:
    """End a deployment, or all deployments of the model that a name stands for; `force` passes over pipelines."""

    def request(catalog: Catalog) -> Plan:
        target = catalog.target(name)
        for found in catalog.known_models():
            kept = tuple(one for one in found.deployments if one.deployment_id != name)
            if found.model_id == target and len(kept) == len(found.deployments):
                kept = ()
            if len(kept) < len(found.deployments):
                return _redeployed(catalog, found._replace(deployments=kept), *_needed(catalog, found, name, force))
        return Plan(catalog, errors=(NotFound(f"there is no deployment '{name}'"),))

    return request


def _needed(catalog: Catalog, found: Model, name: str, force: bool) -> tuple[Conflict, ...]:
    used = catalog.pipelines_naming(name, found.model_id, *catalog.aliases_of(found.model_id))
    if force or not used:
        return ()
    return (Conflict(f"the deployment '{name}' is needed by the ingest pipeline '{used[0]}'"),)


def _redeployed(catalog: Catalog, changed: Model, *errors: Refused | Conflict) -> Plan:
    if errors:
        return Plan(catalog, errors=errors)
    return Plan(catalog, models={changed.model_id: changed})


def matches(pattern: str, name: str) -> bool:
    """Whether a name matches a pattern, of which `*` is the only wildcard."""
    return fnmatchcase(name, pattern.replace("[", "[[]").replace("?", "[?]"))


def _valid_id(text: str, kind: str) -> None:
    if not is_model_id(text):
        raise Refused(f"'{text}' is not a valid {kind} id", type=_VALIDATION)
