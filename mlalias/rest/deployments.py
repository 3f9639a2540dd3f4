"""The routes of deployments."""

from collections import ChainMap
from collections.abc import Mapping
from functools import partial
from typing import Any

from mlalias.core.catalog import Catalog, Deployment
from mlalias.core.plan import Plan
from mlalias.documents.codec import Document
from mlalias.edits import deployments
from mlalias.errors import NotFound, Refused, WrongUsage
from mlalias.rest import fields, find, sizes, stats
from mlalias.rest.answers import Answer, invalid_request
from mlalias.rest.fields import Field, Fields
from mlalias.rest.request import Call, check_time
from mlalias.rest.steps import Reading, Writing, done

# --- starting ---

_STARTED = ("starting", "started", "fully_allocated")


def _time(value: Any, place: str) -> str:
    check_time(place, value)
    return str(value)


def _adaptive(value: Any, place: str) -> Document | None:
    """The settings of adaptive allocations; null means no settings."""
    if value is None:
        return None
    given = {key: item for key, item in fields.table(value, place).items() if item is not None or key == "enabled"}
    return fields.read(given, _ADAPTIVE, place)


_ADAPTIVE: Fields = {
    "enabled": Field(fields.boolean),
    "min_number_of_allocations": Field(fields.integer),
    "max_number_of_allocations": Field(fields.integer),
}
_START: Fields = {
    "model_id": Field(fields.text),
    "deployment_id": Field(fields.text),
    "number_of_allocations": Field(fields.integer),
    "threads_per_allocation": Field(fields.integer),
    "queue_capacity": Field(fields.integer),
    "priority": Field(fields.choice("normal", "low")),
    "cache_size": Field(sizes.normalized),
    "timeout": Field(_time),
    "wait_for": Field(fields.choice(*_STARTED)),
    "adaptive_allocations": Field(_adaptive),
}
_IN_URL = tuple(key for key in _START if key not in {"model_id", "adaptive_allocations"})
_OLD_NAMES = {"model_threads": "number_of_allocations", "inference_threads": "threads_per_allocation"}
_KEPT = ("threads_per_allocation", "queue_capacity", "priority", "cache_size", "adaptive_allocations")
_MOST_THREADS, _LARGEST_QUEUE = 32, 100_000


def start(call: Call) -> Writing:
    """Deploy a model; parameters in the URL take precedence over the body.

    Servers do so since 8.15: https://github.com/elastic/elasticsearch/pull/110204
    """
    path = call.names["model_id"]
    given = _started_with(call, path)
    faults = _start_faults(given)
    if faults:
        raise invalid_request("; ".join(faults))
    deployment_id = given.get("deployment_id") if call.has("deployment_id") else None
    count = given.get("number_of_allocations", _least(given.get("adaptive_allocations")) or 1)
    more = {key: given[key] for key in _KEPT if given.get(key) is not None} | {"start_time": stats.now()}
    deployment = Deployment(deployment_id or path, "started", count, count, more)
    edit = deployments.start(path, partial(find.models, expression=path), deployment)
    return Writing(edit, partial(_assignment, deployment_id=deployment.deployment_id))


def _started_with(call: Call, path: str) -> Document:
    """The settings of a start, from the URL and the body."""
    url: Document = {key: _from_url(call, key) for key in _IN_URL if call.has(key)}
    url = {_OLD_NAMES[key]: call.number(key, 1) for key in _OLD_NAMES if call.has(key)} | url
    body = fields.read(call.document(optional=True), _START, "the body")
    if body.get("model_id", path) != path:
        raise Refused(f"the body has another model_id than the path: '{body['model_id']}'")
    return body | url


def _from_url(call: Call, key: str) -> Any:
    if key in {"number_of_allocations", "threads_per_allocation", "queue_capacity"}:
        return call.number(key, 1)
    value = call.text(key)
    if key == "timeout":
        check_time(key, value)
        return value
    if key in {"priority", "wait_for"} and value.lower() not in ("normal", "low", *_STARTED):
        raise WrongUsage(f"the parameter '{key}' is '{value}', which is not known")
    return value if key == "deployment_id" else _START[key].read(value, f"the parameter '{key}'")


def _start_faults(given: Mapping[str, Any]) -> list[str]:
    """All faults of the settings of a start, in a server's order."""
    adaptive, count = given.get("adaptive_allocations"), given.get("number_of_allocations", 1)
    threads, queue = given.get("threads_per_allocation", 1), given.get("queue_capacity", stats.QUEUE_CAPACITY)
    faults = _allocation_faults(given)
    if threads < 1 or threads > _MOST_THREADS or threads & (threads - 1):
        faults.append(f"threads_per_allocation is {threads}, and must be a power of 2, and at most {_MOST_THREADS}")
    if not 1 <= queue <= _LARGEST_QUEUE:
        faults.append(f"queue_capacity is {queue}, and can be 1 to {_LARGEST_QUEUE}")
    if given.get("priority") == "low":
        most = (adaptive or {}).get("max_number_of_allocations", 1)
        ones = {"number_of_allocations": count, "threads_per_allocation": threads, "max_number_of_allocations": most}
        faults += [
            f"{name} is {number}, and must be 1 with priority low" for name, number in ones.items() if number > 1
        ]
    return faults


def _allocation_faults(given: Mapping[str, Any]) -> list[str]:
    adaptive, count = given.get("adaptive_allocations") or {}, given.get("number_of_allocations")
    faults = [] if count is None or count > 0 else [f"number_of_allocations is {count}, and must be 1 or more"]
    if adaptive.get("enabled") and count is not None:
        faults.append("number_of_allocations cannot be set where adaptive allocations are enabled")
    least, most = adaptive.get("min_number_of_allocations"), adaptive.get("max_number_of_allocations")
    if least is not None and least < 0:
        faults.append(f"min_number_of_allocations is {least}, and cannot be below 0")
    if most is not None and most < 1:
        faults.append(f"max_number_of_allocations is {most}, and must be 1 or more")
    if least is not None and most is not None and least > most:
        faults.append(f"min_number_of_allocations is {least}, which is more than max_number_of_allocations, {most}")
    return faults


def _least(adaptive: Mapping[str, Any] | None) -> int:
    """The smallest number of adaptive allocations; 0 if they are not used, or if it is not set."""
    enabled = adaptive is not None and adaptive.get("enabled")
    return (adaptive or {}).get("min_number_of_allocations", 0) if enabled else 0


def _assignment(plan: Plan, *, deployment_id: str) -> Answer:
    """A deployment as it is after a plan."""
    models = ChainMap(dict(plan.models), plan.before.models)  # type: ignore[arg-type] # only the first is written to
    found = deployments.find(plan.before._replace(models=models), deployment_id)
    if found is None:
        raise NotFound(f"there is no deployment '{deployment_id}'")
    return Answer(stats.assignment(*found))


# --- updating, stopping ---

_UPDATE: Fields = {key: _START[key] for key in ("model_id", "number_of_allocations", "adaptive_allocations", "timeout")}


def update(call: Call) -> Writing:
    """Change the number of allocations, or the settings of adaptive allocations."""
    deployment_id = call.names["model_id"]
    body = fields.read(call.document(), _UPDATE, "the body")
    if body.get("model_id", deployment_id) != deployment_id:
        raise Refused(f"the body has another model_id than the path: '{body['model_id']}'")
    faults = _allocation_faults(body)
    if faults:
        raise invalid_request("; ".join(faults))
    edit = deployments.update(deployment_id, partial(_updated, body=body))
    return Writing(edit, partial(_assignment, deployment_id=deployment_id))


def _updated(deployment: Deployment, body: Mapping[str, Any]) -> Deployment:
    count = body.get("number_of_allocations", deployment.target_allocation_count)
    more = {key: value for key, value in deployment.more.items() if key != "number_of_allocations"}
    if "adaptive_allocations" in body:
        present = more.pop("adaptive_allocations", None)
        adaptive = deployments.merged(present, body["adaptive_allocations"])
        more |= {} if adaptive is None else {"adaptive_allocations": adaptive}
    running = deployment.allocation_count if count == deployment.target_allocation_count else count
    return deployment._replace(allocation_count=running, target_allocation_count=count, more=more)


_STOP: Fields = {
    "model_id": Field(fields.text),
    "allow_no_match": Field(fields.boolean),
    "force": Field(fields.boolean),
    "finish_pending_work": Field(fields.boolean),
}


def stop(call: Call) -> Writing:
    """Stop a deployment; if there is a body, all parameters are in it, and none in the URL."""
    deployment_id = call.names["model_id"]
    defaults = {"allow_no_match": True, "force": False, "finish_pending_work": False}
    if call.has_body:
        body = fields.read(call.document(), _STOP, "the body")
        if body.get("model_id", deployment_id) != deployment_id:
            raise WrongUsage(f"the body has another model_id than the path: '{body['model_id']}'")
        given = defaults | body
    else:
        given = {name: call.flag(name, default=default) for name, default in defaults.items()}
        call.done()
    edit = deployments.stop(deployment_id, force=given["force"], allow_no_match=given["allow_no_match"])
    return Writing(edit, partial(done, "stopped"))


def clear_cache(call: Call) -> Reading:
    """Clear the cache of a deployment, which is always empty here."""
    call.done()

    def answer(catalog: Catalog) -> Answer:
        if deployments.find(catalog, call.names["model_id"]) is None:
            raise NotFound(f"there is no deployment '{call.names['model_id']}'")
        return Answer({"cleared": True})

    return answer
