"""Deployments that are started, stopped and updated."""

import pytest
from values import catalog, deployment, model, reasons

from mlalias.core.catalog import Deployment
from mlalias.edits.deployments import find, merged, start, stop, update
from mlalias.errors import Conflict, NotFound, Refused

TWO = [deployment("first"), deployment("second", state="stopping")]
SOME = catalog(
    {"x": "m", "y": "n"},
    [model("m", "pytorch", deployments=TWO), model("n", "pytorch", deployments=[deployment("n")]), "o", model("e", "pytorch")],
    pipelines={"p": ["y"], "q": ["first"]},
)  # fmt: skip
NEW = Deployment("new", "started", 3, 3)


def by_name(name):
    """The look-up of a route: the models that a name stands for."""
    return lambda found: [found.target(name)]


def test_a_deployment_is_found_by_its_id_alone():
    assert find(SOME, "first") == (SOME.models["m"], TWO[0])
    assert (find(SOME, "m"), find(SOME, "x"), find(SOME, "none")) == (None, None, None)


@pytest.mark.parametrize("path", ["m", "x", "e"])
def test_a_model_is_deployed_beside_its_other_deployments(path):
    plan = start(path, by_name(path), NEW)(SOME)
    before = SOME.models[SOME.target(path)]
    assert plan.models == {before.model_id: before._replace(deployments=(*before.deployments, NEW))}
    assert (plan.before, plan.errors) == (SOME, ())


def test_a_deployment_may_have_the_name_in_its_path():
    """Started through an alias, or by the model's id, it goes by that."""
    for path in ("x", "e"):
        plan = start(path, by_name(path), NEW._replace(deployment_id=path))(SOME)
        assert plan.errors == ()


@pytest.mark.parametrize(
    ("path", "deployment_id", "reason"),
    [
        ("m", "first", "there is a deployment 'first' already"),
        ("o", "o", "the model 'o' is not a pytorch model and cannot be deployed"),
        ("m", "y", "'y' is an alias and cannot be the id of a deployment"),
        ("m", "o", "'o' is a model and cannot be the id of a deployment"),
    ],
)
def test_what_is_not_deployed(path, deployment_id, reason):
    plan = start(path, by_name(path), NEW._replace(deployment_id=deployment_id))(SOME)
    assert ([type(error) for error in plan.errors], reasons(plan), plan.empty) == ([Refused], [reason], True)


def test_one_model_is_deployed_at_a_time():
    plan = start("*", lambda found: sorted(found.models), NEW)(SOME)
    assert reasons(plan) == ["'*' matches 4 models, and only one can be deployed at a time"]


@pytest.mark.parametrize(
    ("deployment_id", "force", "model_id", "kept"),
    [("second", False, "m", ["first"]), ("first", True, "m", ["second"]), ("n", True, "n", [])],
)
def test_a_deployment_ends(deployment_id, force, model_id, kept):
    plan = stop(deployment_id, force=force, allow_no_match=True)(SOME)
    (stopped,) = plan.models.values()
    assert (stopped.model_id, [one.deployment_id for one in stopped.deployments]) == (model_id, kept)


@pytest.mark.parametrize(
    ("deployment_id", "reason"),
    [
        ("first", "the deployment 'first' is used by the ingest pipeline 'q'"),
        ("n", "the deployment 'n' is used by the ingest pipeline 'p', by the alias 'y'"),
    ],
)
def test_a_deployment_that_a_pipeline_uses_stays(deployment_id, reason):
    plan = stop(deployment_id, force=False, allow_no_match=True)(SOME)
    assert ([type(error) for error in plan.errors], reasons(plan), plan.empty) == ([Conflict], [reason], True)


@pytest.mark.parametrize("name", ["m", "x", "none"])
@pytest.mark.parametrize("force", [False, True])
def test_neither_a_model_nor_an_alias_stands_for_a_deployment(name, force):
    plan = stop(name, force=force, allow_no_match=True)(SOME)
    assert (plan.errors, plan.empty) == ((), True)
    plan = stop(name, force=force, allow_no_match=False)(SOME)
    assert ([type(error) for error in plan.errors], plan.empty) == ([NotFound], True)


def test_a_deployment_is_updated():
    plan = update("first", lambda found: found._replace(target_allocation_count=4))(SOME)
    (changed,) = plan.models.values()
    assert changed.deployments == (TWO[0]._replace(target_allocation_count=4), TWO[1])
    assert update("first", lambda found: found)(SOME).empty


def test_what_is_not_updated():
    stopping = update("second", lambda found: found._replace(target_allocation_count=4))(SOME)
    assert reasons(stopping) == ["the deployment 'second' is stopping, not started"]
    assert reasons(update("none", lambda found: found)(SOME)) == ["there is no deployment 'none'"]


@pytest.mark.parametrize(
    ("present", "given", "after"),
    [({"a": 1, "b": 2}, {"b": 3}, {"a": 1, "b": 3}), (None, {"a": 1}, {"a": 1}), ({"a": 1}, None, None), (None, None, None)],
)  # fmt: skip
def test_adaptive_allocations_are_merged(present, given, after):
    assert merged(present, given) == after
