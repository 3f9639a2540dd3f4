"""The figures of deployments in the answer to `GET _ml/trained_models/_stats`."""

from collections.abc import Mapping

from mlalias.core.health import Load
from mlalias.documents.codec import Document
from mlalias.documents.deployments import of_stats
from mlalias.documents.table import Table


def loads(document: Document, source: str) -> Mapping[str, tuple[Load, ...]]:
    """The figures of every deployment, by model id; none for a model that is not deployed.

    Raises InvalidDocument.
    """
    by_model: dict[str, tuple[Load, ...]] = {}
    for entry in Table(document, source).tables("trained_model_stats"):
        model_id = entry.model_id(any_name=True)
        deployed = (_load(entry.table("deployment_stats")),) if entry.document.get("deployment_stats") else ()
        by_model[model_id] = by_model.get(model_id, ()) + deployed
    return by_model


def _load(stats: Table) -> Load:
    nodes = tuple(stats.tables("nodes"))
    adaptive = stats.table("adaptive_allocations")
    scales = adaptive.document.get("enabled") is True and not adaptive.number("min_number_of_allocations")
    return Load(
        of_stats(stats)._replace(more={}),
        stats.text("reason"),
        requests=_sum(nodes, "inference_count"),
        errors=_count(stats, nodes, "error_count"),
        rejections=_count(stats, nodes, "rejected_execution_count"),
        timeouts=_count(stats, nodes, "timeout_count"),
        last_access=max(_numbers(nodes, "last_access"), default=None),
        milliseconds=_mean_of_last_minute(nodes),
        last_minute=_sum(nodes, "throughput_last_minute"),
        pending=max(_numbers(nodes, "number_of_pending_requests"), default=None),
        queue_capacity=stats.number("queue_capacity"),
        scales_to_zero=scales,
    )


def _numbers(nodes: tuple[Table, ...], key: str) -> list[int]:
    return [number for node in nodes if (number := node.number(key)) is not None]


def _sum(nodes: tuple[Table, ...], key: str) -> int | None:
    """The sum over the nodes that say it; None where none does."""
    numbers = _numbers(nodes, key)
    return sum(numbers) if numbers else None


def _count(stats: Table, nodes: tuple[Table, ...], key: str) -> int:
    """A count of failures, which is absent where there are none."""
    count = stats.number(key)
    return (_sum(nodes, key) or 0) if count is None else count


def _mean_of_last_minute(nodes: tuple[Table, ...]) -> float | None:
    """The mean time of a request in milliseconds, each node's by how many it answered in the last minute."""
    weighted = [
        (float(milliseconds), node.number("throughput_last_minute") or 0)
        for node in nodes
        if isinstance(milliseconds := node.document.get("average_inference_time_ms_last_minute"), int | float)
    ]
    requests = sum(count for _, count in weighted)
    return sum(milliseconds * count for milliseconds, count in weighted) / requests if requests else None
