"""`not_deployed` and `not_allocated`, for every combination of what is known of the old and of the new model."""

import pytest

from mlalias.core.catalog import Deployment, Model
from mlalias.core.rules import compare

UNKNOWN, NONE = "unknown", "none"
IDLE, RUNS, UNCLEAR = ("idle",), ("runs",), ("unclear",)
COUNTS = {"idle": 0, "runs": 1, "unclear": None}

# old model's deployments, new model's deployments, not_deployed, not_allocated
ROWS = [
    # Of an undeployed model nothing is asked.
    (NONE, NONE, "pass", "pass"),
    (NONE, UNKNOWN, "pass", "pass"),
    (NONE, IDLE, "pass", "pass"),
    (NONE, RUNS, "pass", "pass"),
    (NONE, UNCLEAR, "pass", "pass"),
    # A deployment of which none of the allocations runs needs one, but not one that runs.
    (IDLE, NONE, "fail", "pass"),
    (IDLE, UNKNOWN, "warn", "pass"),
    (IDLE, IDLE, "pass", "pass"),
    (IDLE, RUNS, "pass", "pass"),
    (IDLE, UNCLEAR, "pass", "pass"),
    # One that runs needs deployments that all run.
    (RUNS, NONE, "fail", "skip"),
    (RUNS, UNKNOWN, "warn", "warn"),
    (RUNS, IDLE, "pass", "fail"),
    (RUNS, RUNS, "pass", "pass"),
    (RUNS, UNCLEAR, "pass", "warn"),
    # One that may run.
    (UNCLEAR, NONE, "fail", "skip"),
    (UNCLEAR, UNKNOWN, "warn", "warn"),
    (UNCLEAR, IDLE, "pass", "warn"),
    (UNCLEAR, RUNS, "pass", "pass"),
    (UNCLEAR, UNCLEAR, "pass", "warn"),
    # A model that may be deployed.
    (UNKNOWN, NONE, "warn", "skip"),
    (UNKNOWN, UNKNOWN, "warn", "warn"),
    (UNKNOWN, IDLE, "pass", "warn"),
    (UNKNOWN, RUNS, "pass", "pass"),
    (UNKNOWN, UNCLEAR, "pass", "warn"),
    # Several deployments: one of the old ones counts, and each of the new ones.
    (("idle", "runs"), IDLE, "pass", "fail"),
    (("unclear", "runs"), IDLE, "pass", "fail"),
    (("idle", "unclear"), IDLE, "pass", "warn"),
    (("idle", "unclear"), RUNS, "pass", "pass"),
    (RUNS, ("runs", "idle"), "pass", "fail"),
    (RUNS, ("unclear", "idle"), "pass", "fail"),
    (RUNS, ("runs", "unclear"), "pass", "warn"),
    (UNCLEAR, ("runs", "unclear"), "pass", "warn"),
    (UNKNOWN, ("runs", "idle"), "pass", "warn"),
    (IDLE, ("runs", "unclear"), "pass", "pass"),
]


def model(model_id, told):
    if told in (UNKNOWN, NONE):
        deployments = None if told == UNKNOWN else ()
    else:
        deployments = tuple(
            Deployment(f"{model_id}-{index}", "started", COUNTS[one], 1) for index, one in enumerate(told)
        )
    return Model(model_id, {"model_type": "pytorch"}, deployments)


def judged(old, new):
    return {outcome.rule.id: outcome for outcome in compare(model("old", old), model("new", new))}


@pytest.mark.parametrize(("old", "new", "deployed", "allocated"), ROWS, ids=str)
def test_known_and_unknown_deployments(old, new, deployed, allocated):
    outcomes = judged(old, new)
    assert (outcomes["not_deployed"].result, outcomes["not_allocated"].result) == (deployed, allocated)


IMPORT = "import GET _ml/trained_models/_stats"


@pytest.mark.parametrize(
    ("old", "new", "rule", "message"),
    [
        (UNKNOWN, UNKNOWN, "not_deployed", f"whether 'old' and 'new' are deployed is not known: {IMPORT}"),
        (UNKNOWN, UNKNOWN, "not_allocated", f"whether 'old' and 'new' are deployed is not known: {IMPORT}"),
        (RUNS, UNKNOWN, "not_deployed", f"whether 'new' is deployed is not known: {IMPORT}"),
        (UNKNOWN, NONE, "not_deployed", f"whether 'old' is deployed is not known: {IMPORT}"),
        (UNKNOWN, UNCLEAR, "not_allocated", f"whether 'old' is deployed is not known: {IMPORT}"),
        (
            RUNS,
            ("runs", "unclear"),
            "not_allocated",
            "whether the deployment 'new-1' of 'new' has an allocation running is not known: its stats do not say",
        ),
        (
            UNCLEAR,
            IDLE,
            "not_allocated",
            "whether the deployment 'old-0' of 'old' has an allocation running is not known: its stats do not say",
        ),
    ],
    ids=str,
)
def test_a_warning_names_what_is_not_known(old, new, rule, message):
    assert judged(old, new)[rule].message == message


@pytest.mark.parametrize("state", ["starting", "started", "failed", ""])
def test_a_deployment_runs_unless_it_is_stopping(state):
    assert [Deployment("d", state, count, 1).running for count in (0, 1, None)] == [False, True, None]
    assert [Deployment("d", "stopping", count, 1).running for count in (0, 1, None)] == [False, False, False]
