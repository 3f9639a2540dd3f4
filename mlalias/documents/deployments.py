"""The deployments of a model: out of stats, out of a table of its own, and into one."""

from mlalias.core.catalog import Deployment
from mlalias.documents.codec import Document
from mlalias.documents.table import Table

STARTED_WITH = (  # what a deployment keeps of its stats, beside what the rules look at
    "adaptive_allocations",
    "cache_size",
    "priority",
    "queue_capacity",
    "start_time",
    "threads_per_allocation",
)


def of_stats(stats: Table) -> Deployment:
    """A deployment with what it was started with; before deployments had ids of their own, they went by the model's."""
    state, status = stats.text("state") or "", stats.table("allocation_status")
    count = _unless_ended(state, status.number("allocation_count"))
    return Deployment(
        stats.text("deployment_id") or stats.model_id(),
        state,
        _on_nodes(stats) if count is None else count,
        _unless_ended(state, status.number("target_allocation_count")),
        {key: stats.document[key] for key in STARTED_WITH if key in stats.document},
    )


def _unless_ended(state: str, count: int | None) -> int | None:
    """A count of allocations; only a deployment that is starting or started has an `allocation_status` to say it.

    https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-ml-get-trained-models-stats
    """
    return 0 if count is None and state in ("stopping", "failed") else count


def _on_nodes(stats: Table) -> int | None:
    """How many allocations the nodes of a deployment have started; None where they do not say.

    Elasticsearch Serverless may leave `state` and `allocation_status` out: https://github.com/elastic/kibana/pull/180480
    """
    states = [(node.table("routing_state").text("routing_state"), node) for node in stats.tables("nodes")]
    counts = [_allocations_on(node) if state == "started" else 0 for state, node in states if state is not None]
    return sum(counts) if counts else None


def _allocations_on(node: Table) -> int:
    count = node.number("number_of_allocations")
    return 1 if count is None else count


_DEPLOYMENT_KEYS = ("deployment_id", "state", "allocation_count", "target_allocation_count")


def of_table(table: Table) -> Deployment:
    """Read a deployment as a declaration and a model's file have it; raises InvalidDocument."""
    deployment_id = table.text("deployment_id")
    if deployment_id is None:
        table.invalid(f"has no deployment_id in {table.where}")
    state = table.text("state") or ""
    return Deployment(
        deployment_id,
        state,
        _unless_ended(state, table.number("allocation_count")),
        _unless_ended(state, table.number("target_allocation_count")),
        {key: value for key, value in table.document.items() if key not in _DEPLOYMENT_KEYS},
    )


def to_deployment(deployment: Deployment) -> Document:
    """A deployment's keys, those of a newer version too."""
    document = deployment._asdict()
    more = document.pop("more")
    return document | dict(more)
