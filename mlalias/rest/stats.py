"""Responses about deployments: `_stats`, and the assignment in the response to `_start` and `_update`.

They have all keys that the API specification requires, as typed clients fail without them:
https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-ml-get-trained-models-stats
"""

import time
from collections.abc import Mapping
from typing import Any

from mlalias.core.catalog import Catalog, Deployment, Model
from mlalias.documents.codec import Document
from mlalias.rest import find, sizes
from mlalias.rest.answers import VERSION

QUEUE_CAPACITY = 10000
_NODE = "mlalias"
_THIS_NODE = {
    "name": _NODE,
    "ephemeral_id": _NODE,
    "transport_address": "127.0.0.1:9300",
    "external_id": _NODE,
    "attributes": {},
    "roles": ["data", "ingest", "master", "ml"],
    "version": VERSION,
    "min_index_version": 8000099,
    "max_index_version": 9033000,
}


def answer(catalog: Catalog, expression: str, page: find.Page, *, allow_no_match: bool) -> Document:
    """The body of `GET _ml/trained_models/_stats`: an entry for each deployment, or one for the model alone."""
    count, matched = find.deployed(catalog, expression, page, allow_no_match=allow_no_match)
    aliases = catalog.aliases_by_model()
    entries = []
    for model, deployments in matched:
        names = (model.model_id, *aliases.get(model.model_id, ()))
        entries += [_entry(catalog, model, names, one) for one in deployments] or [_entry(catalog, model, names)]
    return {"count": count, "trained_model_stats": entries}


def _entry(catalog: Catalog, model: Model, names: tuple[str, ...], deployment: Deployment | None = None) -> Document:
    own = (deployment.deployment_id,) if deployment else ()
    pipelines = catalog.pipelines_naming(*names, *own) or ()
    size = {"model_size_bytes": sizes.of_model(model), "required_native_memory_bytes": sizes.native_memory(model)}
    entry: Document = {"model_id": model.model_id, "model_size_stats": size, "pipeline_count": len(pipelines)}
    if pipelines:
        entry["ingest"] = {"total": _NO_DOCUMENTS, "pipelines": dict.fromkeys(pipelines, _NO_DOCUMENTS)}
    if deployment:
        counts = ("failure_count", "inference_count", "cache_miss_count", "missing_all_fields_count")
        entry["inference_stats"] = dict.fromkeys(counts, 0) | {"timestamp": now()}
        entry["deployment_stats"] = _deployment(model, deployment)
    return entry


_NO_DOCUMENTS: Mapping[str, Any] = {"count": 0, "time_in_millis": 0, "current": 0, "failed": 0}


def settings(model: Model, deployment: Deployment) -> Document:
    """The settings of a deployment: those that are known, and a server's defaults for the rest."""
    defaults = {
        "threads_per_allocation": 1,
        "queue_capacity": QUEUE_CAPACITY,
        "priority": "normal",
        "cache_size": sizes.in_words(sizes.of_model(model)),
        "start_time": model.config.get("create_time") if isinstance(model.config.get("create_time"), int) else 1,
        "number_of_allocations": deployment.target_allocation_count or 0,
    }
    return defaults | dict(deployment.more)


def _deployment(model: Model, deployment: Deployment) -> Document:
    count, target = deployment.allocation_count or 0, deployment.target_allocation_count or 0
    state = deployment.state or "started"
    document = {
        "deployment_id": deployment.deployment_id,
        "model_id": model.model_id,
        "state": state,
        "peak_throughput_per_minute": 0,
        "nodes": [],
        **settings(model, deployment),
    }
    if state in ("starting", "started"):
        document["allocation_status"] = _allocation(count, target)
        document["nodes"] = document["nodes"] or [_node(document, state, count)]
    return document


def _allocation(count: int, target: int) -> Document:
    state = "fully_allocated" if count >= target else "started" if count else "starting"
    return {"allocation_count": count, "target_allocation_count": target, "state": state}


def _node(deployment: Mapping[str, Any], state: str, allocations: int) -> Document:
    """The statistics of the only node, which has never run inference."""
    node: Document = {
        "node": {_NODE: _THIS_NODE},
        "routing_state": {"routing_state": state},
        "peak_throughput_per_minute": 0,
        "throughput_last_minute": 0,
    }
    if state == "started":
        node |= {
            "inference_count": 0,
            "inference_cache_hit_count": 0,
            "inference_cache_hit_count_last_minute": 0,
            "number_of_pending_requests": 0,
            "start_time": deployment["start_time"],
            "threads_per_allocation": deployment["threads_per_allocation"],
            "number_of_allocations": allocations,
        }
    return node


def assignment(model: Model, deployment: Deployment) -> Document:
    """The response to a start or update of a deployment."""
    kept = settings(model, deployment)
    count, target = deployment.allocation_count or 0, deployment.target_allocation_count or 0
    task = {
        "model_id": model.model_id,
        "deployment_id": deployment.deployment_id,
        "model_bytes": sizes.of_model(model),
        "per_deployment_memory_bytes": 0,
        "per_allocation_memory_bytes": 0,
        **{key: kept[key] for key in ("threads_per_allocation", "number_of_allocations", "queue_capacity")},
        **{key: kept[key] for key in ("cache_size", "priority")},
    }
    route = {
        "routing_state": deployment.state,
        "current_allocations": count,
        "target_allocations": target,
        "reason": "",
    }
    return {
        "assignment": {
            "task_parameters": task,
            "routing_table": {_NODE: route},
            "assignment_state": deployment.state,
            "start_time": iso(kept["start_time"]),
            "max_assigned_allocations": target,
            "adaptive_allocations": kept.get("adaptive_allocations"),
        }
    }


def now() -> int:
    """The time in milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def iso(millis: int) -> str:
    """A time in milliseconds since 1970 as ISO 8601 in UTC."""
    seconds, rest = divmod(millis, 1000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{rest:03}Z"
