"""The records of `check`: what `-o json` prints, and what its tables show some columns of."""

from collections.abc import Mapping, Sequence
from typing import Any

from mlalias.core.answers import Entity, Prediction, Trial, agreement, compare
from mlalias.core.checks import Check
from mlalias.core.health import Load, of_deployment
from mlalias.documents.deployments import to_deployment
from mlalias.output.shapes import Record

FIGURES = (
    "deployment_id",
    "state",
    "allocation_count",
    "target_allocation_count",
    "scaled_to_zero",
    "inference_count",
    "error_count",
    "rejected_execution_count",
    "timeout_count",
    "last_access",
    "average_inference_time_ms_last_minute",
    "throughput_last_minute",
    "number_of_pending_requests",
    "queue_capacity",
)


def record(check: Check) -> Record:
    """The check of a name; `documents` is null where it was not asked."""
    verdict = check.verdict
    return {
        "verdict": verdict.level,
        "reason": verdict.reason,
        "name": check.name,
        "model_id": check.model.model_id,
        "model_type": check.model.model_type,
        "inference_type": check.model.inference_type,
        "deployments": [_load(load) for load in check.loads],
        "documents": None if check.trials is None else _documents(check, check.trials),
    }


def _load(load: Load) -> Record:
    """The figures of a deployment under Elasticsearch's names, and what is thought of it."""
    verdict = of_deployment(load)
    known = to_deployment(load.deployment)
    return {
        "verdict": verdict.level,
        "reason": verdict.reason,
        **{key: known[key] for key in ("deployment_id", "state", "allocation_count", "target_allocation_count")},
        "scaled_to_zero": load.asleep,
        "inference_count": load.requests,
        "error_count": load.errors,
        "rejected_execution_count": load.rejections,
        "timeout_count": load.timeouts,
        "last_access": load.last_access,
        "average_inference_time_ms_last_minute": load.milliseconds,
        "throughput_last_minute": load.last_minute,
        "number_of_pending_requests": load.pending,
        "queue_capacity": load.queue_capacity,
    }


def _documents(check: Check, trials: Sequence[Trial]) -> Record:
    times = check.times
    return {
        "asked": len(trials),
        "answered": check.answered,
        "median_ms": times and round(times.median, 3),
        "slowest_ms": times and round(times.slowest, 3),
        "answers": [_answer(number, trial) for number, trial in enumerate(trials, 1)],
    }


def _answer(number: int, trial: Trial) -> Record:
    fault, answer = trial.fault, trial.prediction
    return {
        "document": number,
        "milliseconds": round(trial.milliseconds, 3),
        "error": fault and {"type": fault.type, "reason": fault.reason, "status": fault.status},
        "kind": answer and answer.kind,
        "value": answer and _plain(answer.value),
        "probability": answer and answer.probability,
        "truncated": answer.truncated if answer else False,
    }


def _plain(value: Any) -> Any:
    """A prediction's value as JSON has it; entities are objects."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, tuple):
        return [each._asdict() if isinstance(each, Entity) else each for each in value]
    return value


def pairs_of(first: Check, second: Check) -> list[tuple[Prediction | None, Prediction | None]]:
    """The answers of two names to the same documents."""
    both = zip(first.trials or (), second.trials or (), strict=True)
    return [(first_trial.prediction, second_trial.prediction) for first_trial, second_trial in both]


def comparison(first: Check, second: Check) -> Record:
    """How the answers of two names compare, in all and document by document."""
    pairs = pairs_of(first, second)
    documents = [{"document": number, **compare(*pair)._asdict()} for number, pair in enumerate(pairs, 1)]
    return {"first": first.name, "second": second.name, **agreement(pairs)._asdict(), "documents": documents}
