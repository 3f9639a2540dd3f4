"""How a deployment is doing, by the figures of `GET _ml/trained_models/_stats`: one verdict, with its reason.

The figures: https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-ml-get-trained-models-stats
"""

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from mlalias.core.catalog import Deployment
from mlalias.text import plural

Level = Literal["pass", "warn", "fail", "unknown"]
_SHARE = 0.01  # of requests that failed, from which on a deployment is warned of
_FULL = 0.5  # of a node's queue


class Verdict(NamedTuple):
    """What is to be thought of a deployment or a model, and why."""

    level: Level
    reason: str


class Load(NamedTuple):
    """The figures of one deployment: sums over its nodes since it was started there, unless a name says otherwise.

    `last_access` is in milliseconds since 1970; `milliseconds` is the mean time of the requests of the last minute, and
    `last_minute` their number. `pending` is that of the node with the longest queue, which holds `queue_capacity`. None
    is what the server did not say. `scales_to_zero` is whether it may stop its last allocation while nobody asks.
    """

    deployment: Deployment
    reason: str | None = None
    requests: int | None = None
    errors: int = 0
    rejections: int = 0
    timeouts: int = 0
    last_access: int | None = None
    milliseconds: float | None = None
    last_minute: int | None = None
    pending: int | None = None
    queue_capacity: int | None = None
    scales_to_zero: bool = False

    @property
    def failed(self) -> int:
        """How many requests failed."""
        return self.errors + self.rejections + self.timeouts

    @property
    def failed_share(self) -> float:
        """The share of requests that failed; those that failed are not among the answered `requests`."""
        return self.failed / ((self.requests or 0) + self.failed) if self.failed else 0.0

    @property
    def asleep(self) -> bool:
        """Whether it is scaled to zero, so that the first request has to wait for an allocation to start."""
        started = self.deployment.state in ("started", "")
        idle = self.deployment.allocation_count == 0
        return started and idle and (self.scales_to_zero or self.deployment.target_allocation_count == 0)


def of_deployment(load: Load) -> Verdict:
    """The verdict on one deployment: whether it can answer, then how well it does."""
    return _unavailable(load) or _under_load(load) or _running(load)


def _unavailable(load: Load) -> Verdict | None:
    """Why no request can be answered at once, or why that is not known."""
    state, count = load.deployment.state, load.deployment.allocation_count
    if state in ("failed", "stopping"):
        return Verdict("fail", state + _after(load.reason))
    if load.asleep:
        return Verdict("warn", "scaled to zero: the first request waits until an allocation runs")
    if count is None:
        return Verdict("unknown", "the server does not say how many allocations run")
    return None if count else Verdict("fail", f"{state or 'idle'}: no allocation runs{_after(load.reason)}")


def _under_load(load: Load) -> Verdict | None:
    """What is wrong with a deployment that answers."""
    count, wanted = load.deployment.allocation_count or 0, load.deployment.target_allocation_count
    if wanted is not None and count < wanted:
        return Verdict("warn", f"{count} of {wanted} allocations run{_after(load.reason)}")
    if load.failed_share >= _SHARE:
        return Verdict("warn", f"{load.failed_share:.0%} of requests failed: {_failures(load)}")
    if load.pending and load.queue_capacity and load.pending >= _FULL * load.queue_capacity:
        return Verdict("warn", f"{load.pending:,} requests wait in a queue of {load.queue_capacity:,}")
    return None


def _running(load: Load) -> Verdict:
    count, wanted = load.deployment.allocation_count or 0, load.deployment.target_allocation_count
    return Verdict(
        "pass", f"{count} of {wanted} allocations run" if wanted else f"{plural(count, 'allocation')} running"
    )


def _after(reason: str | None) -> str:
    return f" ({reason})" if reason else ""


def _failures(load: Load) -> str:
    """The failed requests by kind, as part of a sentence."""
    kinds = ((load.errors, "error"), (load.rejections, "rejection"), (load.timeouts, "time-out"))
    return ", ".join(plural(count, noun) for count, noun in kinds if count)


def of_model(model_type: str | None, loads: Sequence[Load]) -> Verdict:
    """The verdict on a model: a request goes to one of its deployments that has started, whichever it is.

    Only pytorch models are deployed; any other is loaded when it is asked.
    """
    if not loads:
        if model_type == "pytorch":
            return Verdict("fail", "not deployed")
        return Verdict("pass", "loaded when it is asked, without a deployment")
    verdicts = [of_deployment(load) for load in loads]
    best = min(verdicts, key=_rank)
    worst = max(verdicts, key=_rank)
    if best.level == "pass" and worst.level != "pass":
        idle = loads[verdicts.index(worst)].deployment.deployment_id
        return Verdict("warn", f"its deployment '{idle}': {worst.reason}")
    return best


def _rank(verdict: Verdict) -> int:
    return ("pass", "warn", "unknown", "fail").index(verdict.level)


def answers(levels: Iterable[Level]) -> bool:
    """Whether all can be taken to answer: what is unknown cannot."""
    return all(level in ("pass", "warn") for level in levels)
