"""The edits of models, pipelines and deployments, from catalog to plan."""

import pytest
from values import catalog, deployment, model, reasons, rules_of, using

from mlalias.core.catalog import Change, Deployment, Pipeline
from mlalias.edits.models import delete_pipelines, forget, put_model, put_pipeline, start, stop
from mlalias.errors import Conflict, InvalidDocument, NotFound, Refused

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


# --- models ---


@pytest.mark.parametrize(
    ("document", "created"),
    [
        ({}, {}),
        ({"model_type": "pytorch"}, {"model_type": "pytorch", "input": {"field_names": ["input"]}}),
        (
            {"model_type": "pytorch", "input": {"field_names": []}},
            {"model_type": "pytorch", "input": {"field_names": []}},
        ),
        ({"definition": {}}, {"model_type": "tree_ensemble"}),
        ({"definition": "x"}, {"model_type": "tree_ensemble"}),
        ({"definition": {"trained_model": []}}, {"model_type": "tree_ensemble"}),
        ({"compressed_definition": "x"}, {"model_type": "tree_ensemble"}),
        ({"definition": {"trained_model": {"ensemble": {}}}}, {"model_type": "tree_ensemble"}),
        ({"definition": {"trained_model": {"lang_ident_neural_network": {}}}}, {"model_type": "lang_ident"}),
        ({"definition": {}, "model_type": "pytorch", "input": {}}, {"model_type": "pytorch", "input": {}}),
        ({"definition": {}, "tags": ["t"]}, {"tags": ["t"], "model_type": "tree_ensemble"}),
    ],
)
def test_what_a_server_makes_of_a_new_model(document, created):
    plan = put_model("new", document)(SOME)
    assert plan.models == {"new": model("new", **created)}
    assert (plan.before, plan.errors) == (SOME, ())


@pytest.mark.parametrize(
    ("model_id", "reason", "error_type"),
    [
        ("m", "the model 'm' exists already", "resource_already_exists_exception"),
        ("x", "'x' is an alias and cannot be the id of a model", "status_exception"),
    ],
)
def test_the_id_of_a_new_model_is_free(model_id, reason, error_type):
    plan = put_model(model_id, {})(SOME)
    (error,) = plan.errors
    assert (type(error), error.reason, error.type, plan.before, plan.empty) == (Refused, reason, error_type, SOME, True)


@pytest.mark.parametrize(
    ("model_id", "document", "kind", "reason"),
    [
        ("A", {}, Refused, "'A' is not a valid model id"),
        ("", {}, Refused, "'' is not a valid model id"),
        ("new", {"deployments": []}, InvalidDocument, "the body has the key 'deployments', and a new model is not deployed"),
        ("new", {"model_type": 3}, InvalidDocument, "the body has model_type that is not a string"),
        ("new", {"model_id": "other"}, InvalidDocument, "the body has another model_id: 'other'"),
    ],
)  # fmt: skip
def test_a_model_that_nobody_takes(model_id, document, kind, reason):
    with pytest.raises(kind) as raised:
        put_model(model_id, document)
    assert raised.value.reason == reason
    if kind is Refused:
        assert raised.value.type == "action_request_validation_exception"


# --- pipelines ---


KNOWN = {"processors": [{"inference": {"model_id": "used"}}]}


@pytest.mark.parametrize(
    ("name", "processors", "after"),
    [
        ("new", [{"inference": {"model_id": "x"}}, {"inference": {"model_id": "x"}}], ("x",)),
        ("new", [], ()),
        ("p", [{"inference": {"model_id": "y"}}], ("y",)),
        ("p", [{"inference": {"model_id": "used"}}], None),
    ],
)
def test_a_pipeline_is_added_or_replaced(name, processors, after):
    body = {"processors": processors}
    before = SOME._replace(pipelines=using({**SOME.pipelines, "p": Pipeline(("used",), KNOWN)}))
    plan = put_pipeline(name, body)(before)
    assert plan.pipelines == (None if after is None else {**before.pipelines, name: Pipeline(after, body)})
    assert (plan.before, plan.empty) == (before, after is None)


@pytest.mark.parametrize("document", [{}, {"processors": {}}, {"processors": ["set"]}, {"processors": [{}, 3]}])
def test_a_pipeline_without_a_list_of_processors(document):
    with pytest.raises(InvalidDocument) as raised:
        put_pipeline("p", document)
    assert (raised.value.reason, raised.value.type) == ("the body has no list of processors", "parse_exception")


@pytest.mark.parametrize(
    ("pattern", "kept"), [("p", ["q"]), ("q*", ["p"]), ("*", []), ("none", None), ("none*", None), ("?", None), ("[p]", None)]
)  # fmt: skip
def test_pipelines_are_deleted(pattern, kept):
    plan = delete_pipelines(pattern)(SOME)
    assert plan.before is SOME
    if kept is None:
        assert (reasons(plan), type(plan.errors[0])) == ([f"there is no ingest pipeline '{pattern}'"], NotFound)
    else:
        assert plan.pipelines == {name: SOME.pipelines[name] for name in kept}


def test_deleting_all_of_no_pipelines_is_no_error():
    plan = delete_pipelines("*")(catalog())
    assert (plan.errors, plan.empty) == ((), True)
    assert reasons(delete_pipelines("p")(catalog())) == ["there is no ingest pipeline 'p'"]


# --- deployments ---


@pytest.mark.parametrize(
    ("name", "deployment_id", "started"),
    [("e", "", "e"), ("e", "mine", "mine"), ("c", "second", "second")],
)
def test_a_model_is_deployed(name, deployment_id, started):
    plan = start(name, deployment_id, 3)(SOME)
    before = SOME.models[name]
    new = Deployment(started, "started", 3, 3)
    assert plan.models == {name: before._replace(deployments=(*before.deployments, new))}
    assert (plan.before, plan.errors) == (SOME, ())


def test_an_alias_stands_for_its_model():
    before = catalog({"x": "m"}, [model("m", "pytorch", deployments=[UP])])
    (started,) = start("x", "second", 1)(before).models.values()
    assert [one.deployment_id for one in started.deployments] == ["up", "second"]
    assert start("x", "", 1)(before).models["m"].deployments[-1].deployment_id == "m"
    assert stop("x", force=False)(before).models == {"m": model("m", "pytorch")}


@pytest.mark.parametrize(
    ("name", "deployment_id", "kind", "reason", "error_type"),
    [
        ("none", "", NotFound, "there is no model 'none'", "resource_not_found_exception"),
        ("m", "", Refused, "the model 'm' is no pytorch model, and only these are deployed", "status_exception"),
        ("x", "", Refused, "the model 'm' is no pytorch model, and only these are deployed", "status_exception"),
        ("c", "", Refused, "there is a deployment 'c' already", "resource_already_exists_exception"),
        ("e", "up", Refused, "there is a deployment 'up' already", "resource_already_exists_exception"),
    ],
)
def test_what_is_not_deployed(name, deployment_id, kind, reason, error_type):
    plan = start(name, deployment_id, 1)(SOME)
    (error,) = plan.errors
    assert (type(error), error.reason, error.type, plan.before, plan.empty) == (kind, reason, error_type, SOME, True)


def test_what_is_not_there_is_looked_for_among_the_models():
    (error,) = start("none", "", 1)(SOME).errors
    assert (error.context.catalog, error.context.name, error.context.kind) == (SOME, "none", "model")


def test_the_id_of_a_deployment_is_valid():
    with pytest.raises(Refused) as raised:
        start("e", "A", 1)
    assert raised.value.reason == "'A' is not a valid deployment id"
    assert raised.value.type == "action_request_validation_exception"


TWO = [deployment("first"), deployment("second")]
DEPLOYED = catalog(
    {"x": "m", "y": "n"},
    [model("m", deployments=TWO), model("n", deployments=[deployment("n")]), "o"],
    pipelines={"p": ["y"], "q": ["n", "first"]},
)


@pytest.mark.parametrize(
    ("name", "force", "model_id", "kept"),
    [
        ("second", False, "m", ["first"]),
        ("first", True, "m", ["second"]),
        ("m", False, "m", []),
        ("x", False, "m", []),
        ("n", True, "n", []),
        ("y", True, "n", []),
    ],
)
def test_deployments_end(name, force, model_id, kept):
    plan = stop(name, force=force)(DEPLOYED)
    (stopped,) = plan.models.values()
    assert (stopped.model_id, [one.deployment_id for one in stopped.deployments]) == (model_id, kept)
    assert (plan.before, plan.errors) == (DEPLOYED, ())


@pytest.mark.parametrize(("name", "pipeline"), [("first", "q"), ("n", "p"), ("y", "p")])
def test_a_deployment_that_a_pipeline_needs_stays(name, pipeline):
    plan = stop(name, force=False)(DEPLOYED)
    assert reasons(plan) == [f"the deployment '{name}' is needed by the ingest pipeline '{pipeline}'"]
    assert (type(plan.errors[0]), plan.before, plan.empty) == (Conflict, DEPLOYED, True)


def test_a_pipeline_that_names_the_model_needs_its_deployments_too():
    before = DEPLOYED._replace(pipelines=using({"q": ["n"]}))
    assert reasons(stop("y", force=False)(before)) == ["the deployment 'y' is needed by the ingest pipeline 'q'"]


@pytest.mark.parametrize("name", ["none", "o"])
@pytest.mark.parametrize("force", [False, True])
def test_a_deployment_that_is_not_there(name, force):
    plan = stop(name, force=force)(DEPLOYED)
    assert (reasons(plan), type(plan.errors[0])) == ([f"there is no deployment '{name}'"], NotFound)
    assert (plan.before, rules_of(plan)) == (DEPLOYED, [None])
