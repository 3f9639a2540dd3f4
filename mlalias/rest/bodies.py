"""What Elasticsearch's routes tell of a catalog."""

from collections.abc import Iterable, Iterator, Sequence

from mlalias.core.catalog import Catalog, Deployment, Model, Pipeline
from mlalias.documents.codec import Document
from mlalias.documents.facts import to_config
from mlalias.errors import NotFound
from mlalias.names import matches
from mlalias.rest.http import BUILD, VERSION, words

DEFINITION = ("definition", "compressed_definition")
GENERATED = ("created_by", "version", "create_time", "model_size_bytes", "estimated_operations", "license_level")


def root() -> Document:
    """The answer to `GET /`, by which clients know what they talk to."""
    version = {
        "number": VERSION,
        "build_flavor": "default",
        "build_type": "mlalias",
        "build_hash": BUILD,
        "build_date": "2025-10-01T00:00:00.000000000Z",
        "build_snapshot": False,
        "lucene_version": "10.3.0",
        "minimum_wire_compatibility_version": "8.19.0",
        "minimum_index_compatibility_version": "8.0.0",
    }
    cluster = {"name": "mlalias", "cluster_name": "mlalias", "cluster_uuid": "mlalias"}
    return {**cluster, "version": version, "tagline": "You Know, for Search"}


def find(catalog: Catalog, expression: str, *, tags: Sequence[str], allow_no_match: bool) -> Sequence[str]:
    """The ids of the models that an expression of ids, aliases and wildcards stands for, sorted; raises NotFound."""
    asked = words(expression)
    found: set[str] = set()
    missing = []
    for name in ("*",) if asked in ((), ("_all",)) else asked:
        named = [model_id for model_id in _named(catalog, name) if _tagged(catalog, model_id, tags)]
        found.update(named)
        if not named and not (allow_no_match and "*" in name):
            missing.append(name)
    if missing:
        raise NotFound(f"there is no model {', '.join(repr(name) for name in missing)}")
    return sorted(found)


def _named(catalog: Catalog, name: str) -> Iterable[str]:
    """The existing models of a name or of a pattern, which an alias may match for its model."""
    if name == "*":
        return catalog.models
    named: Iterable[str] = (catalog.target(name) or "",)
    if "*" in name:
        named = [target for alias, target in catalog.aliases.items() if matches(name, alias, wildcards="*")]
        named += [model_id for model_id in catalog.models if matches(name, model_id, wildcards="*")]
    return [model_id for model_id in named if model_id in catalog.models]


def _tagged(catalog: Catalog, model_id: str, tags: Sequence[str]) -> bool:
    """Whether a model has all of the tags; without any, its file need not be read."""
    found = catalog.models.get(model_id) if tags else None
    return not tags or (found is not None and set(tags) <= set(found.config.get("tags", ())))


def _page(catalog: Catalog, ids: Sequence[str], first: int, size: int) -> Iterator[Model]:
    """The models of one page; one that went away meanwhile is left out."""
    for model_id in ids[first : first + size]:
        found = catalog.models.get(model_id)
        if found is not None:
            yield found


def configs(catalog: Catalog, ids: Sequence[str], first: int, size: int, hidden: Sequence[str] = ()) -> Document:
    """The body of `GET _ml/trained_models`, without the hidden keys."""
    named = catalog.aliases_by_model()
    shown = [to_config(one, named.get(one.model_id, ())) for one in _page(catalog, ids, first, size)]
    listed = [{key: value for key, value in config.items() if key not in hidden} for config in shown]
    return {"count": len(ids), "trained_model_configs": listed}


def stats(catalog: Catalog, ids: Sequence[str], first: int, size: int) -> Document:
    """The body of `GET _ml/trained_models/_stats`: an entry for each deployment, or one for the model alone."""
    named = catalog.aliases_by_model()
    entries = []
    for one in _page(catalog, ids, first, size):
        pipelines = catalog.pipelines_naming(one.model_id, *named.get(one.model_id, ()))
        entry = {"model_id": one.model_id, **_size(one), "pipeline_count": len(pipelines or ())}
        deployed = [{**entry, "deployment_stats": _deployment(one, deployment)} for deployment in one.deployments or ()]
        entries += deployed or [entry]
    return {"count": len(ids), "trained_model_stats": entries}


def _size(found: Model) -> Document:
    size = found.config.get("model_size_bytes")
    native = {"model_size_bytes": size, "required_native_memory_bytes": 0}
    return {} if size is None else {"model_size_stats": native}


def _deployment(found: Model, deployment: Deployment) -> Document:
    """One deployment, with the counts that are stored and the rest as a server has it by default."""
    stored = {
        "deployment_id": deployment.deployment_id,
        "model_id": found.model_id,
        "state": deployment.state,
        "number_of_allocations": deployment.target_allocation_count or 0,
    }
    more = {"threads_per_allocation": 1, "queue_capacity": 1024, "priority": "normal", "peak_throughput_per_minute": 0}
    told = {**more, "nodes": [], **deployment.more, **stored}
    counts = (deployment.allocation_count or 0, deployment.target_allocation_count or 0)
    if deployment.state in ("starting", "started") or any(counts):
        told["allocation_status"] = _allocation(*counts)
    return told


def _allocation(count: int, target: int) -> Document:
    state = "fully_allocated" if count == target else "started" if count else "starting"
    return {"allocation_count": count, "target_allocation_count": target, "state": state}


def pipelines(catalog: Catalog, expression: str, *, summary: bool) -> Document:
    """The pipelines that an expression stands for, as they were put."""
    asked = words(expression) or ("*",)
    found = [
        name for name in sorted(catalog.pipelines) if any(matches(pattern, name, wildcards="*") for pattern in asked)
    ]
    return {name: {} if summary else _whole(catalog.pipelines[name]) for name in found}


def _whole(pipeline: Pipeline) -> Document:
    """The body, or an inference processor for each name where nothing else is known."""
    if pipeline.body is not None:
        return dict(pipeline.body)
    return {"processors": [{"inference": {"model_id": name}} for name in pipeline.names]}


def started(deployment_id: str, model_id: str, allocations: int) -> Document:
    """The answer to the start of a deployment."""
    task = {"deployment_id": deployment_id, "model_id": model_id, "number_of_allocations": allocations}
    return {"assignment": {"task_parameters": task, "routing_table": {}, "assignment_state": "started"}}
