"""Who uses a model or an alias: at every place of a pipeline, by way of endpoints and fields; and who stays behind."""

import pytest

from mlalias.core.catalog import Catalog, Endpoint, Pipeline
from mlalias.core.users import Users, guard_stumbles_on, stumbles, templates, uses


def inference(model_id="m", **options):
    return {"inference": {"model_id": model_id, **options}}


def foreach(processor, **options):
    return {"foreach": {"field": "x", "processor": processor, **options}}


def on_failure(processor, kind="set", **options):
    return {kind: {**options, "on_failure": [processor]}}


def top(*processors, **more):
    return {"processors": [*processors], **more}


# Each place, and whether Elasticsearch's own extractor looks there.
PLACES = [
    (top(inference()), [("processors[0].inference", True)]),
    (top({"set": {}}, inference()), [("processors[1].inference", True)]),
    (top({"set": {}, **inference()}), [("processors[0].inference", True)]),
    (top(foreach(inference())), [("processors[0].foreach.processor.inference", True)]),
    (top(foreach(foreach(inference()))), [("processors[0].foreach.processor.foreach.processor.inference", True)]),
    (top(on_failure(inference())), [("processors[0].set.on_failure[0].inference", True)]),
    (top(on_failure(on_failure(inference()))), [("processors[0].set.on_failure[0].set.on_failure[0].inference", True)]),
    (top(on_failure(foreach(inference()))), [("processors[0].set.on_failure[0].foreach.processor.inference", True)]),
    (top(foreach(on_failure(inference()))), [("processors[0].foreach.processor.set.on_failure[0].inference", True)]),
    (top(on_failure(inference("n"), "inference")), [("processors[0].inference.on_failure[0].inference", False)]),
    (top(foreach({"set": {}}, on_failure=[inference()])), [("processors[0].foreach.on_failure[0].inference", False)]),
    (
        top(on_failure(on_failure(inference()), "inference")),
        [("processors[0].inference.on_failure[0].set.on_failure[0].inference", False)],
    ),
    (top(on_failure=[inference()]), [("on_failure[0].inference", False)]),
    (top(on_failure=[on_failure(inference())]), [("on_failure[0].set.on_failure[0].inference", False)]),
    (
        top(inference(on_failure=[inference("n")])),
        [("processors[0].inference", True), ("processors[0].inference.on_failure[0].inference", False)],
    ),
]


@pytest.mark.parametrize(("body", "places"), PLACES)
def test_every_place(body, places):
    assert [(use.place, use.guarded) for use in uses(body)] == places


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"processors": None},
        {"processors": "inference"},
        top(None, "inference", 7, []),
        top({"inference": "m"}, {"inference": {}}, {"set": {"model_id": "m"}}),
        top({"script": "inference"}, {"foreach": {"processor": "inference"}}, {"foreach": {}}),
        top({"set": {"on_failure": None}}, {"set": {"on_failure": {"inference": {"model_id": "m"}}}}),
    ],
)
def test_odd_shapes_use_nothing(body):
    assert list(uses(body)) == []


@pytest.mark.parametrize(
    ("model_id", "name"),
    [("m", "m"), ("", ""), ("{{model}}", None), ("a-{{{model}}}", None), ("{m}", "{m}"), (7, None), (None, None)],
)
def test_a_name_that_cannot_be_known(model_id, name):
    (use,) = uses(top(inference(model_id)))
    assert use.name == name


@pytest.mark.parametrize(
    ("body", "places"),
    [
        (top(inference()), []),
        (top(inference("{{model}}")), []),
        (top(inference(7)), ["processors[0].inference"]),
        (top(inference(None)), ["processors[0].inference"]),
        (top(on_failure=[inference(7)]), []),
        (top({"set": {"on_failure": None}}), ["processors[0].set.on_failure"]),
        (top({"set": {"on_failure": []}}, {"set": {}}), []),
        (top({"inference": {"model_id": "m", "on_failure": None}}), []),
        (top(foreach({"set": {"on_failure": None}})), ["processors[0].foreach.processor.set.on_failure"]),
        (top(foreach({"set": {}}, on_failure=None)), []),
        (top(on_failure({"set": {"on_failure": None}})), ["processors[0].set.on_failure[0].set.on_failure"]),
        (top(on_failure=[{"set": {"on_failure": None}}]), []),
        (top(on_failure=None), []),
    ],
)
def test_where_the_servers_own_check_fails(body, places):
    assert list(stumbles(body)) == places


# --- in a catalog ---


def catalog(pipelines=None, **more):
    return Catalog({"a": "m"}, {}, {name: Pipeline((), body) for name, body in (pipelines or {}).items()}, **more)


PIPELINES = {
    "by-alias": top(inference("a")),
    "by-id": top(inference("m")),
    "rescue": top(on_failure=[inference("a")]),
    "which": top(inference("{{model}}")),
    "other": top(inference("n")),
}
ENDPOINTS = {"by-id": Endpoint("m"), "by-alias": Endpoint("a"), "deployed": Endpoint("n", "d")}
FIELDS = {"docs": {"text": ("by-alias", "by-id"), "title": ("other",)}, "faq": {"answer": ("by-id",)}}
ALL = catalog(PIPELINES, endpoints=ENDPOINTS, fields=FIELDS)


def named(users):
    return [(user.kind, user.name, user.via) for user in users]


def test_users_are_direct_and_by_way_of_endpoints():
    assert named(Users(ALL).of("a")) == [
        ("pipeline", "by-alias", "a"),
        ("pipeline", "rescue", "a"),
        ("endpoint", "by-alias", "a"),
        ("field", "docs", "by-alias"),
    ]
    assert named(Users(ALL).of("m")) == [
        ("pipeline", "by-id", "m"),
        ("endpoint", "by-id", "m"),
        ("field", "docs", "by-id"),
        ("field", "faq", "by-id"),
    ]
    assert named(Users(ALL).of("d")) == [("endpoint", "deployed", "d")]
    assert named(Users(ALL).of("nobody")) == []
    assert named(Users(ALL).of("m", "m")) == named(Users(ALL).of("m"))


def test_an_endpoint_that_is_asked_for_by_its_own_name_is_not_listed_twice():
    assert named(Users(ALL).of("m", "by-id")) == named(Users(ALL).of("m"))


def test_what_the_server_does_not_guard():
    assert named(Users(ALL).not_guarded("a")) == [
        ("pipeline", "rescue", "a"),
        ("endpoint", "by-alias", "a"),
        ("field", "docs", "by-alias"),
    ]


def test_who_stays_behind():
    """All that name the model; and the endpoint that names the alias, with its fields, as it was started on the model."""
    assert named(Users(ALL).left_behind("a", "m")) == [
        ("pipeline", "by-id", "m"),
        ("endpoint", "by-alias", "a"),
        ("endpoint", "by-id", "m"),
        ("field", "docs", "by-alias"),
        ("field", "docs", "by-id"),
        ("field", "faq", "by-id"),
    ]
    assert named(Users(ALL).left_behind("free", "none")) == []


def test_a_pipeline_of_which_only_the_names_are_known_is_guarded():
    (user,) = Users(Catalog({}, {}, {"p": Pipeline(("a",))})).of("a")
    assert (user.guarded, user.place) == (True, "")


def test_what_is_unknown_is_said_by_part():
    assert Users(ALL).unknown == {}
    nothing = Users(catalog(pipelines_known=False))
    assert nothing.unknown == {
        "pipelines": "no pipelines were imported",
        "endpoints": "no answer to GET _inference/_all was imported",
        "fields": "no answer to GET _mapping was imported",
    }
    assert nothing.of("a") == ()


def test_templates_and_pipelines_that_stop_every_deletion():
    assert [(name, use.place) for name, use in templates(ALL)] == [("which", "processors[0].inference")]
    broken = catalog({"ok": top(inference()), "broken": top({"set": {"on_failure": None}})})
    assert list(guard_stumbles_on(broken)) == [("broken", "processors[0].set.on_failure")]
