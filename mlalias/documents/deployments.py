"""Reads the deployments of a model from stats or from a table, and writes them to a table."""

from mlalias.core.catalog import Deployment
from mlalias.documents.codec import Document
from mlalias.documents.table import Table

STARTED_WITH = (  # the keys of the stats that a deployment keeps, besides those that the rules use
    "adaptive_allocations",
    "cache_size",
    "priority",
    "queue_capacity",
    "start_time",
    "threads_per_allocation",
)


def of_stats(stats: Table) -> Deployment:
    """A deployment from its stats; older servers do not give a deployment id, which then is the model id."""
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
    """The count of allocations, 0 for a stopping or failed deployment, which has no `allocation_status`.

    https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-ml-get-trained-models-stats
    """
    return 0 if count is None and state in ("stopping", "failed") else count


def _on_nodes(stats: Table) -> int | None:
    """The number of started allocations, summed over the nodes; None if the stats do not contain it.

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
    """Read a deployment from the table of a declaration or a model's file; raises InvalidDocument."""
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
    """A deployment as a table, including the keys that this version does not know."""
    document = deployment._asdict()
    more = document.pop("more")
    return document | dict(more)
