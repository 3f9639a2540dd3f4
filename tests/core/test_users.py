"""Who uses a name: every place where one can stand, what Elasticsearch guards of it, who stays behind a move."""

import pytest
from values import catalog

from mlalias.core.catalog import Catalog, Endpoint, Pipeline
from mlalias.core.users import Use, User, Users, guard_stumbles_on, stumbles, templates, uses
from mlalias.documents.pipelines import pipeline

X = {"inference": {"model_id": "x"}}
P0 = "processors[0]"


def each(inner):
    return {"foreach": {"field": "f", "processor": inner}}


def failing(kind, *inner, **options):
    return {kind: {**options, "on_failure": list(inner)}}


def nested(levels, wrap):
    """X below so many levels of other processors."""
    inner = X
    for _ in range(levels):
        inner = wrap(inner)
    return inner


# --- where a name can stand ---

PLACES = {
    "top level": ([X], f"{P0}.inference", True),
    "not the first": ([{"set": {}}, X], "processors[1].inference", True),
    "foreach": ([each(X)], f"{P0}.foreach.processor.inference", True),
    "foreach in foreach": ([each(each(X))], f"{P0}.foreach.processor.foreach.processor.inference", True),
    "on_failure of a processor": ([failing("set", X)], f"{P0}.set.on_failure[0].inference", True),
    "on_failure in on_failure": ([failing("set", failing("set", X))], f"{P0}.set.on_failure[0].set.on_failure[0].inference", True),
    "on_failure in foreach": ([each(failing("set", X))], f"{P0}.foreach.processor.set.on_failure[0].inference", True),
    "foreach in on_failure": ([failing("set", each(X))], f"{P0}.set.on_failure[0].foreach.processor.inference", True),
    "on_failure of inference": ([failing("inference", X)], f"{P0}.inference.on_failure[0].inference", False),
    "on_failure of foreach": ([failing("foreach", X)], f"{P0}.foreach.on_failure[0].inference", False),
    "on_failure below that of inference": ([failing("inference", failing("set", X))], f"{P0}.inference.on_failure[0].set.on_failure[0].inference", False),
    "foreach below on_failure of foreach": ([failing("foreach", each(X))], f"{P0}.foreach.on_failure[0].foreach.processor.inference", False),
    "a processor of any other kind": ([failing("of a newer server", X)], f"{P0}.of a newer server.on_failure[0].inference", True),
}  # fmt: skip


@pytest.mark.parametrize("name", PLACES)
def test_a_place_of_a_name(name):
    processors, place, guarded = PLACES[name]
    body = {"processors": processors}
    assert list(uses(body)) == [Use("x", place, guarded)]
    assert pipeline(body).names == (("x",) if guarded else ())


@pytest.mark.parametrize("name", PLACES)
def test_nothing_in_a_pipelines_own_on_failure_is_guarded(name):
    processors, place, _ = PLACES[name]
    body = {"processors": [], "on_failure": processors}
    assert list(uses(body)) == [Use("x", place.replace("processors", "on_failure", 1), False)]
    assert pipeline(body).names == ()


@pytest.mark.parametrize("wrap", [each, lambda inner: failing("set", inner)], ids=["foreach", "on_failure"])
@pytest.mark.parametrize(("levels", "guarded"), [(9, True), (10, True), (11, False), (30, False)])
def test_the_guard_looks_ten_levels_deep(wrap, levels, guarded):
    (use,) = uses({"processors": [nested(levels, wrap)]})
    assert use.guarded is guarded


def test_the_model_of_an_inference_processor_stands_before_that_of_its_on_failure():
    found = list(uses({"processors": [failing("inference", X, model_id="y")]}))
    assert [(use.name, use.guarded) for use in found] == [("y", True), ("x", False)]


def test_several_processors_in_one_element():
    found = list(uses({"processors": [{"set": {}, "inference": {"model_id": "y"}, "foreach": each(X)["foreach"]}]}))
    assert [(use.name, use.place) for use in found] == [
        ("y", f"{P0}.inference"),
        ("x", f"{P0}.foreach.processor.inference"),
    ]


def test_a_pipeline_that_names_a_model_twice_has_it_once():
    assert pipeline({"processors": [X, {"inference": {"model_id": "y"}}, X]}).names == ("x", "y")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"processors": None, "on_failure": None},
        {"processors": "inference", "on_failure": {}},
        {"processors": [None, "inference", [X], {}]},
        {"processors": [{"inference": None}, {"inference": "x"}, {"inference": {}}, {"script": "x"}]},
        {"processors": [{"foreach": {"processor": None}}, {"foreach": {"processor": [X]}}, {"foreach": {}}]},
        {"processors": [{"set": {"on_failure": None}}, {"set": {"on_failure": X}}, {"set": {"model_id": "x"}}]},
        {"processors": [{"set": {"processor": X}}, {"pipeline": {"name": "x"}}]},
    ],
)
def test_odd_shapes_use_nothing(body):
    assert list(uses(body)) == []


@pytest.mark.parametrize(
    ("model_id", "name"),
    [
        ("x", "x"),
        ("", ""),
        ("{x}", "{x}"),
        ("{{x}}", None),
        ("{{{x}}}", None),
        ("x-{{lang}}", None),
        (None, None),
        (3, None),
        (["x"], None),
    ],
)
def test_a_template_and_what_is_no_string_cannot_be_known(model_id, name):
    (use,) = uses({"processors": [{"inference": {"model_id": model_id}}]})
    assert (use.model_id, use.name) == (model_id, name)


# --- where the guard stumbles ---

ODD = {"inference": {"model_id": 3}}
NULL = {"set": {"on_failure": None}}

STUMBLES = {
    "nothing": ([], []),
    "names": ([X, each(X), failing("set", X)], []),
    "a template": ([{"inference": {"model_id": "{{x}}"}}], []),
    "a number": ([ODD], [f"{P0}.inference"]),
    "a list": ([{"inference": {"model_id": ["x"]}}], [f"{P0}.inference"]),
    "null for a model_id is none": ([{"inference": {"model_id": None}}], []),
    "a number in foreach": ([each(ODD)], [f"{P0}.foreach.processor.inference"]),
    "a number where it does not look": ([failing("inference", ODD), failing("foreach", ODD)], []),
    "null for on_failure": ([X, NULL], ["processors[1].set.on_failure"]),
    "an empty on_failure": ([failing("set")], []),
    "null for on_failure of inference and foreach": ([{"inference": {"model_id": "x", "on_failure": None}}, {"foreach": {"on_failure": None}}], []),
    "null in foreach": ([each(NULL)], [f"{P0}.foreach.processor.set.on_failure"]),
    "null in on_failure": ([failing("set", NULL)], [f"{P0}.set.on_failure[0].set.on_failure"]),
    "null where it does not look": ([failing("inference", NULL), failing("foreach", NULL)], []),
    "a script in short, as of 8.16 (https://github.com/elastic/elasticsearch/pull/113697)": ([{"script": "ctx.x = 1"}], []),
    "null for a processor": ([{"drop": None}], []),
    "several": ([NULL, ODD], ["processors[1].inference", f"{P0}.set.on_failure"]),
}  # fmt: skip


@pytest.mark.parametrize("name", STUMBLES)
def test_the_guard_stumbles_on(name):
    processors, places = STUMBLES[name]
    assert list(stumbles({"processors": processors})) == places
    assert list(stumbles({"processors": [], "on_failure": processors})) == []


@pytest.mark.parametrize("wrap", [each, lambda inner: failing("set", inner)], ids=["foreach", "on_failure"])
@pytest.mark.parametrize(("levels", "number"), [(10, 1), (11, 0)])
@pytest.mark.parametrize("odd", [NULL, ODD], ids=["null", "number"])
def test_the_guard_stumbles_on_nothing_below_ten_levels(wrap, levels, number, odd):
    inner = odd
    for _ in range(levels):
        inner = wrap(inner)
    assert len(list(stumbles({"processors": [inner]}))) == number


def test_pipelines_with_templates_and_on_which_the_guard_stumbles_are_listed_by_name():
    template = {"inference": {"model_id": "{{x}}"}}
    found = of(pipelines={"b": pipeline({"processors": [template, NULL]}), "a": pipeline({"processors": [NULL]}),
                          "c": Pipeline(("{{x}}",))})  # fmt: skip
    assert [(name, use.place) for name, use in templates(found)] == [("b", f"{P0}.inference")]
    assert list(guard_stumbles_on(found)) == [("a", f"{P0}.set.on_failure"), ("b", "processors[1].set.on_failure")]
    unknown = found._replace(pipelines_known=False)
    assert (list(templates(unknown)), list(guard_stumbles_on(unknown))) == ([], [])


# --- in a catalog ---


def of(*, pipelines=None, endpoints=None, fields=None) -> Catalog:
    return catalog(pipelines=pipelines)._replace(endpoints=endpoints, fields=fields)


def test_users_of_pipelines():
    guarded, unguarded, declared = (
        User("pipeline", "g", "x", True, f"{P0}.inference"),
        User("pipeline", "u", "x", False, "on_failure[0].inference"),
        User("pipeline", "d", "x", True, ""),
    )
    users = Users(
        of(
            pipelines={
                "u": pipeline({"processors": [], "on_failure": [X]}),
                "g": pipeline({"processors": [X]}),
                "d": Pipeline(("x", "y")),
                "t": pipeline({"processors": [{"inference": {"model_id": "{{x}}"}}]}),
            }
        )
    )
    assert users.of("x") == (declared, guarded, unguarded)
    assert users.of("y") == (declared._replace(via="y"),)
    assert users.of("X") == users.of() == users.of("{{x}}") == ()
    assert users.of("y", "x", "x") == (declared, declared._replace(via="y"), guarded, unguarded)
    assert users.not_guarded("x") == (unguarded,)
    assert users.not_guarded("y") == ()


E_MODEL = User("endpoint", "e", "m", False, "service_settings.model_id")
E_DEPLOYMENT = User("endpoint", "e", "d", False, "service_settings.deployment_id")
FIELD = User("field", "i", "e", False, "a.b")

BEHIND = of(
    pipelines={"p": pipeline({"processors": [{"inference": {"model_id": "e"}}]})},
    endpoints={"e": Endpoint("m", "d"), "other": Endpoint("n"), "bare": Endpoint()},
    fields={"i": {"a.b": ("e",), "c": ("other", "e"), "f": ("m",)}, "none": {}},
)
THROUGH = (FIELD, FIELD._replace(place="c"))
PIPELINE = User("pipeline", "p", "e", True, f"{P0}.inference")


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["m"], (PIPELINE, E_MODEL, *THROUGH, User("field", "i", "m", False, "f"))),
        (["d"], (PIPELINE, E_DEPLOYMENT, *THROUGH)),
        (["d", "m"], (PIPELINE, E_DEPLOYMENT, E_MODEL, *THROUGH, User("field", "i", "m", False, "f"))),
        (["e"], (PIPELINE, *THROUGH)),
        (["e", "d"], (PIPELINE, E_DEPLOYMENT, *THROUGH)),
        (["n"], (E_MODEL._replace(name="other", via="n"), User("field", "i", "other", False, "c"))),
        (["i"], ()),
        (["bare"], ()),
        (["none"], ()),
    ],
)
def test_users_by_way_of_endpoints(names, expected):
    assert Users(BEHIND).of(*names) == expected


def test_what_uses_an_alias_through_an_endpoint_is_not_guarded_but_a_pipeline_is():
    assert Users(BEHIND).not_guarded("m") == (E_MODEL, *THROUGH, User("field", "i", "m", False, "f"))


def test_fields_of_both_endpoints_are_named_by_each():
    users = Users(of(fields={"i": {"a": ("e", "f")}}))
    assert users.of("e") == (User("field", "i", "e", False, "a"),)
    assert users.of("f") == (User("field", "i", "f", False, "a"),)


# --- left behind ---


def test_who_names_the_model_or_is_an_endpoint_on_the_alias_stays_behind():
    names = {"a": ["alias"], "old": ["old"], "new": ["new"], "through": ["on-alias"]}
    users = Users(
        of(
            pipelines={name: Pipeline(tuple(each)) for name, each in names.items()},
            endpoints={
                "on-alias": Endpoint("alias"),
                "on-old": Endpoint("old", "started"),
                "on-deployment": Endpoint(None, "old"),
                "on-new": Endpoint("new"),
            },
            fields={"i": {"f": ("on-alias",), "g": ("on-new",), "h": ("on-old",)}},
        )
    )
    assert [(user.kind, user.name, user.via) for user in users.left_behind("alias", "old")] == [
        ("pipeline", "old", "old"),
        ("pipeline", "through", "on-alias"),
        ("endpoint", "on-alias", "alias"),
        ("endpoint", "on-deployment", "old"),
        ("endpoint", "on-old", "old"),
        ("field", "i", "on-alias"),
        ("field", "i", "on-old"),
    ]
    assert users.left_behind("unused", "none") == ()


def test_who_follows_the_alias_is_not_left_behind():
    assert Users(of(pipelines={"p": Pipeline(("alias",))})).left_behind("alias", "old") == ()


def test_an_endpoint_with_both_names_is_left_behind_for_each():
    users = Users(of(endpoints={"e": Endpoint("old", "alias")}))
    assert [user.via for user in users.left_behind("alias", "old")] == ["alias", "old"]


# --- what is not known ---

UNKNOWN = {
    "pipelines": "no pipelines were imported",
    "endpoints": "no answer to GET _inference/_all was imported",
    "fields": "no answer to GET _mapping was imported",
}


@pytest.mark.parametrize(
    ("known", "unknown"),
    [
        ((), {"pipelines", "endpoints", "fields"}),
        (("pipelines",), {"endpoints", "fields"}),
        (("endpoints",), {"pipelines", "fields"}),
        (("fields",), {"pipelines", "endpoints"}),
        (("pipelines", "endpoints", "fields"), set()),
    ],
)
def test_what_is_not_known_is_named_by_part_and_an_empty_part_is_known(known, unknown):
    found = of(**{part: {} for part in known})._replace(pipelines_known="pipelines" in known)
    assert Users(found).unknown == {part: UNKNOWN[part] for part in unknown}
    assert Users(found).of("x") == ()
