"""The verdict on a deployment and on a model, both sides of every boundary."""

import pytest
from values import deployment, model

from mlalias.core.answers import Fault, Prediction, Trial
from mlalias.core.catalog import Deployment
from mlalias.core.checks import Check, times
from mlalias.core.health import Load, Verdict, answers, of_deployment, of_model


def load(state="started", count=1, wanted=1, **figures):
    return Load(Deployment("d", state, count, wanted), **figures)


@pytest.mark.parametrize(
    ("figures", "level", "reason"),
    [
        (load(), "pass", "1 of 1 allocations run"),
        (load(wanted=None), "pass", "1 allocation running"),
        (load(count=3, wanted=2), "pass", "3 of 2 allocations run"),
        (load(count=1, wanted=2), "warn", "1 of 2 allocations run"),
        (load(count=1, wanted=2, reason="no node has room"), "warn", "1 of 2 allocations run (no node has room)"),
        (load(count=0, wanted=1), "fail", "started: no allocation runs"),
        (load("starting", 0), "fail", "starting: no allocation runs"),
        (load("starting", 0, reason="downloading"), "fail", "starting: no allocation runs (downloading)"),
        (load("starting", 1, 2), "warn", "1 of 2 allocations run"),
        (load("", 0, 1), "fail", "idle: no allocation runs"),
        (load("failed", 0), "fail", "failed"),
        (load("failed", 1, reason="out of memory"), "fail", "failed (out of memory)"),
        (load("stopping", 1), "fail", "stopping"),
        (load("", None, None), "unknown", "the server does not say how many allocations run"),
        (load("started", 0, 0), "warn", "scaled to zero: the first request waits until an allocation runs"),
        (load("", 0, 0), "warn", "scaled to zero: the first request waits until an allocation runs"),
        (load("starting", 0, 0), "fail", "starting: no allocation runs"),
        (
            load("started", 0, 1, scales_to_zero=True),
            "warn",
            "scaled to zero: the first request waits until an allocation runs",
        ),
        (load(scales_to_zero=True), "pass", "1 of 1 allocations run"),
        # one request of a hundred
        (load(requests=99, errors=1), "warn", "1% of requests failed: 1 error"),
        (load(requests=100, errors=1), "pass", "1 of 1 allocations run"),
        (load(requests=1000, errors=5, timeouts=5), "pass", "1 of 1 allocations run"),
        (
            load(requests=900, errors=1, rejections=2, timeouts=97),
            "warn",
            "10% of requests failed: 1 error, 2 rejections, 97 time-outs",
        ),
        (load(rejections=1), "warn", "100% of requests failed: 1 rejection"),
        # half of a queue
        (load(pending=50, queue_capacity=100), "warn", "50 requests wait in a queue of 100"),
        (load(pending=49, queue_capacity=100), "pass", "1 of 1 allocations run"),
        (load(pending=50), "pass", "1 of 1 allocations run"),
        (load(pending=0, queue_capacity=0), "pass", "1 of 1 allocations run"),
    ],
)
def test_a_deployment_has_one_verdict(figures, level, reason):
    assert of_deployment(figures) == Verdict(level, reason)


@pytest.mark.parametrize(
    ("kind", "loads", "level", "reason"),
    [
        ("pytorch", [], "fail", "not deployed"),
        ("tree_ensemble", [], "pass", "loaded when it is asked, without a deployment"),
        (None, [], "pass", "loaded when it is asked, without a deployment"),
        ("pytorch", [load()], "pass", "1 of 1 allocations run"),
        ("pytorch", [load("failed"), load()], "warn", "its deployment 'd': failed"),
        ("pytorch", [load(), load(count=1, wanted=2)], "warn", "its deployment 'd': 1 of 2 allocations run"),
        ("pytorch", [load("failed"), load(count=1, wanted=2)], "warn", "1 of 2 allocations run"),
        ("pytorch", [load("failed"), load("stopping")], "fail", "failed"),
        (
            "pytorch",
            [load("failed"), load("", None, None)],
            "unknown",
            "the server does not say how many allocations run",
        ),
    ],
)
def test_a_model_answers_as_long_as_one_of_its_deployments_does(kind, loads, level, reason):
    assert of_model(kind, loads) == Verdict(level, reason)


@pytest.mark.parametrize(
    ("levels", "expected"),
    [([], True), (["pass", "warn"], True), (["pass", "fail"], False), (["unknown"], False)],
)
def test_what_is_unknown_is_not_taken_to_answer(levels, expected):
    assert answers(levels) is expected


GOOD = Trial(Prediction("label", "a"), None, 10.0)
BAD = Trial(None, Fault("no"), 1000.0)


def check(*trials, loads=None, kind="pytorch"):
    loads = [load()] if loads is None else loads
    return Check("a", model("m", kind, deployments=[deployment()]), tuple(loads), trials or None)


@pytest.mark.parametrize(
    ("found", "level"),
    [
        (check(), "pass"),
        (check(GOOD), "pass"),
        (check(GOOD, BAD), "fail"),
        (check(GOOD, loads=[load(count=1, wanted=2)]), "warn"),
        (check(GOOD, loads=[load("started", 0, 0)]), "pass"),
        (check(loads=[load("started", 0, 0)]), "warn"),
        (check(GOOD, loads=[load("", None, None)]), "pass"),
        (check(loads=[]), "fail"),
        (check(BAD, loads=[], kind="tree_ensemble"), "fail"),
    ],
)
def test_the_answers_count_for_more_than_the_figures(found, level):
    assert found.verdict.level == level


def test_times_are_of_what_was_answered():
    assert check(GOOD, BAD, GOOD._replace(milliseconds=30.0)).times == (20.0, 30.0)
    assert check(BAD).times is None
    assert times([]) is None


def test_a_model_is_asked_unless_it_cannot_answer():
    assert check(loads=[load("started", 0, 0)]).can_be_asked
    assert check(loads=[load("", None, None)]).can_be_asked
    assert not check(loads=[]).can_be_asked
    assert not check(loads=[load("stopping")]).can_be_asked
    assert not check(loads=[load("started", 0, 0), load()]).asleep
