"""The edits of deployments, which share one namespace with models and aliases.

https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-ml-start-trained-model-deployment
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from mlalias.core.catalog import Catalog, Deployment, Model
from mlalias.core.plan import Edit, Plan
from mlalias.edits.aliases import listed_pipelines
from mlalias.errors import Conflict, NotFound, Refused

Lookup = Callable[[Catalog], Sequence[str]]


class Deployed(NamedTuple):
    """A deployment, and its model."""

    model: Model
    deployment: Deployment


def find(catalog: Catalog, deployment_id: str) -> Deployed | None:
    """The deployment with an id, and its model; None if there is none."""
    for model in catalog.known_models():
        for deployment in model.deployments or ():
            if deployment.deployment_id == deployment_id:
                return Deployed(model, deployment)
    return None


def start(path: str, look_up: Lookup, deployment: Deployment) -> Edit:
    """Deploy the model that `path`, the model id in the request's path, refers to; `look_up` raises NotFound."""

    def edit(catalog: Catalog) -> Plan:
        deployment_id = deployment.deployment_id
        if find(catalog, deployment_id):
            return _refused(catalog, f"there is a deployment '{deployment_id}' already")
        models = look_up(catalog)
        if len(models) != 1:
            return _refused(catalog, f"'{path}' matches {len(models)} models, and only one can be deployed at a time")
        model = catalog.models[models[0]]
        if model.model_type != "pytorch":
            return _refused(catalog, f"the model '{model.model_id}' is not a pytorch model and cannot be deployed")
        if deployment_id != path and catalog.target(deployment_id):
            kind = "an alias" if deployment_id in catalog.aliases else "a model"
            return _refused(catalog, f"'{deployment_id}' is {kind} and cannot be the id of a deployment")
        return _with_deployments(catalog, model, (*(model.deployments or ()), deployment))

    return edit


def stop(deployment_id: str, *, force: bool, allow_no_match: bool) -> Edit:
    """Stop a deployment, which is looked up by its own id only; `force` stops it even if pipelines use it.

    https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-ml-stop-trained-model-deployment
    """

    def edit(catalog: Catalog) -> Plan:
        deployed = find(catalog, deployment_id)
        if deployed is None:
            missing = NotFound(f"there is no deployment '{deployment_id}'")
            return Plan(catalog, errors=() if allow_no_match else (missing,))
        used = None if force else next(_uses(catalog, deployment_id), None)
        if used:
            return Plan(catalog, errors=(used,))
        kept = (other for other in deployed.model.deployments or () if other.deployment_id != deployment_id)
        return _with_deployments(catalog, deployed.model, tuple(kept))

    return edit


def _uses(catalog: Catalog, deployment_id: str) -> Iterator[Conflict]:
    """The failures if pipelines use a deployment by its id, or by an alias of the model that has the same id."""
    for name in (deployment_id, *catalog.aliases_of(deployment_id)):
        used = catalog.pipelines_naming(name)
        if used:
            by_alias = "" if name == deployment_id else f", by the alias '{name}'"
            yield Conflict(f"the deployment '{deployment_id}' is used by {listed_pipelines(used)}{by_alias}")


def update(deployment_id: str, changed: Callable[[Deployment], Deployment]) -> Edit:
    """Change a started deployment.

    https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-ml-update-trained-model-deployment
    """

    def edit(catalog: Catalog) -> Plan:
        deployed = find(catalog, deployment_id)
        if deployed is None:
            return Plan(catalog, errors=(NotFound(f"there is no deployment '{deployment_id}'"),))
        model, before = deployed
        after = changed(before)
        if after == before:
            return Plan(catalog)
        if after.state != "started":
            reason = f"the deployment '{deployment_id}' is {after.state or 'in an unknown state'}, not started"
            return Plan(catalog, errors=(Conflict(reason),))
        deployments = model.deployments or ()
        return _with_deployments(catalog, model, [after if each == before else each for each in deployments])

    return edit


def merged(present: Mapping[str, Any] | None, given: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """Adaptive allocations after an update, whose keys replace the present ones; None removes them all."""
    return None if given is None else {**(present or {}), **given}


def _refused(catalog: Catalog, reason: str) -> Plan:
    return Plan(catalog, errors=(Refused(reason),))


def _with_deployments(catalog: Catalog, model: Model, deployments: Sequence[Deployment]) -> Plan:
    return Plan(catalog, models={model.model_id: model._replace(deployments=tuple(deployments))})
