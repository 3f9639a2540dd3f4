"""The edits of models, pipelines and deployments, from catalog to plan."""

import pytest
from values import catalog, deployment, model, rules_of

from mlalias.core.catalog import Change
from mlalias.edits.models import amend, forget, put_model
from mlalias.errors import Conflict, NotFound, Refused

UP = deployment("up")
SOME = catalog(
    {"x": "m", "used": "m", "y": "d", "z": "d"},
    [
        model("m"),
        model("b", deployments=[UP]),
        model("c", "pytorch", deployments=[deployment("c")]),
        "d",
        model("e", "pytorch"),
    ],
    pipelines={"p": ["used"], "q": ["b", "used"]},
)

# --- forget ---


@pytest.mark.parametrize(
    ("model_id", "reason"),
    [
        ("b", "the model 'b' is used by the ingest pipeline 'q'"),
        ("m", "the alias 'used' of 'm' is used by the ingest pipelines 'p', 'q'"),
        ("c", "the model 'c' is deployed"),
    ],
)
def test_the_first_condition_that_keeps_a_model(model_id, reason):
    plan = forget(model_id, force=False)(SOME)
    (error,) = plan.errors
    assert (type(error), error.rule, error.reason) == (Conflict, "in_use", reason)
    assert (error.context.catalog, error.context.name, error.context.kind) == (SOME, model_id, "model")
    assert (plan.before, plan.empty) == (SOME, True)
    assert forget(model_id, force=True)(SOME).forgotten == (model_id,)


@pytest.mark.parametrize(
    ("model_id", "force", "aliases"), [("d", False, ["y", "z"]), ("e", False, []), ("m", True, ["used", "x"])]
)
def test_a_model_goes_with_its_aliases(model_id, force, aliases):
    plan = forget(model_id, force=force)(SOME)
    assert plan.changes == tuple(Change(alias, None, model_id) for alias in aliases)
    assert (plan.before, plan.forgotten, plan.errors) == (SOME, (model_id,), ())
    assert [tuple(fact) for fact in plan.facts] == [("removed", "model", model_id)]


@pytest.mark.parametrize(
    ("name", "reason", "alias"),
    [
        ("none", "there is no model 'none'", None),
        ("../../etc/passwd", "there is no model '../../etc/passwd'", None),
        ("x", "'x' is an alias, not a model", "x"),
    ],
)
@pytest.mark.parametrize("force", [False, True])
def test_a_model_that_is_not_there(name, reason, alias, force):
    plan = forget(name, force=force)(SOME)
    (error,) = plan.errors
    assert plan.before is SOME
    assert (type(error), error.rule, error.reason) == (NotFound, "not_found", reason)
    assert (error.context.catalog, error.context.name, error.context.kind) == (SOME, name, "model")
    assert error.context.model_alias == alias
    plan = forget(name, force=force, missing_ok=True)(SOME)
    assert (plan.before, plan.errors, plan.empty) == (SOME, (), True)


# --- put ---


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_new_model_is_added(overwrite):
    new = model("new", "pytorch", tags=["mine"])
    plan = put_model(new, overwrite=overwrite)(SOME)
    assert (plan.models, plan.before, plan.errors) == ({"new": new}, SOME, ())


def test_a_model_that_is_put_again_keeps_its_deployments():
    plan = put_model(model("c", "pytorch", description="newer"), overwrite=True)(SOME)
    assert plan.models == {"c": model("c", "pytorch", description="newer", deployments=[deployment("c")])}


@pytest.mark.parametrize(
    ("new", "reason", "error_type"),
    [
        (model("m"), "the model 'm' exists already", "resource_already_exists_exception"),
        (model("x"), "'x' is an alias and cannot be the id of a model", "status_exception"),
        (model("up"), "'up' is a deployment and cannot be the id of a model", "status_exception"),
        (model("labelled"), "'labelled' is a tag of the model 'tagged'", "status_exception"),
        (model("new", tags=["m"]), "the tag 'm' is the id of a model", "status_exception"),
    ],
)
def test_the_names_of_a_new_model_are_free(new, reason, error_type):
    before = SOME._replace(models={**SOME.models, "tagged": model("tagged", tags=["labelled"])})
    plan = put_model(new)(before)
    (error,) = plan.errors
    assert (type(error), error.reason, error.type, plan.empty) == (Refused, reason, error_type, True)


def test_keys_are_added_to_a_model():
    plan = amend("m", lambda found: {"description": found.model_id})(SOME)
    assert plan.models == {"m": model("m", description="m")}
    assert amend("m", lambda _: {})(SOME).empty
    assert rules_of(amend("none", lambda _: {})(SOME)) == ["not_found"]
