"""What sends documents through a pipeline: of answers, and by way of the pipelines that call it."""

import pytest

from mlalias.core.catalog import Catalog, Pipeline
from mlalias.core.reach import Reach, reach
from mlalias.documents.sources import of_counts, of_settings, of_templates


def calls(*names):
    return Pipeline((), {"processors": [{"pipeline": {"name": name}} for name in names]})


def catalog(pipelines=None, **more):
    return Catalog({}, {}, pipelines or {}, **more)


NESTED = {"processors": [{"foreach": {"processor": {"set": {"on_failure": [{"pipeline": {"name": "p"}}]}}}}]}


@pytest.mark.parametrize(
    ("pipelines", "called_by"),
    [
        ({}, ()),
        ({"a": calls("p")}, ("a",)),
        ({"a": calls("q")}, ()),
        ({"a": calls("b"), "b": calls("p")}, ("a", "b")),
        ({"a": calls("b", "p"), "b": calls("a")}, ("a", "b")),
        ({"p": calls("p")}, ()),
        ({"a": calls("{{which}}"), "b": calls(None)}, ()),
        ({"a": Pipeline((), NESTED)}, ("a",)),
        ({"a": Pipeline((), {"processors": [], "on_failure": [{"pipeline": {"name": "p"}}]})}, ("a",)),
        ({"a": Pipeline(("p",))}, ()),
    ],
)
def test_callers(pipelines, called_by):
    (reached,) = reach(catalog(pipelines), ["p"])
    assert reached == Reach("p", called_by, None, None, None)


def test_what_sends_to_a_caller_reaches_the_pipeline_too():
    known = {"indices": {"p": ("x",), "a": ("y", "x"), "z": ("no",)}, "templates": {"a": ("t",)}, "counts": {"p": 3}}
    assert reach(catalog({"a": calls("p")}, **known), ["p", "q", "p"]) == (
        Reach("p", ("a",), ("x", "y"), ("t",), 3),
        Reach("q", (), (), (), 0),
    )


def test_callers_are_unknown_where_pipelines_are():
    assert reach(catalog({"a": calls("p")}, pipelines_known=False), ["p"])[0].called_by == ()


def setting(**keys):
    return {"settings": {f"index.{key}": value for key, value in keys.items()}}


@pytest.mark.parametrize(
    ("answer", "senders"),
    [
        ({}, {}),
        ({"i": setting(default_pipeline="p")}, {"p": ("i",)}),
        ({"i": setting(default_pipeline="p", final_pipeline="q")}, {"p": ("i",), "q": ("i",)}),
        ({"i": setting(default_pipeline="p", final_pipeline="p")}, {"p": ("i",)}),
        ({"i": setting(default_pipeline="_none", final_pipeline="")}, {}),
        ({"i": setting(number_of_replicas="1")}, {}),
        ({"j": setting(final_pipeline="p"), "i": setting(default_pipeline="p")}, {"p": ("i", "j")}),
        ({".ds-logs-app-2026.11.25-000001": setting(default_pipeline="p")}, {"p": ("logs-app",)}),
        ({".ds-logs-2026.11.25-1000001": setting(default_pipeline="p")}, {"p": ("logs",)}),
        ({".ds-logs-2026.11.25": setting(default_pipeline="p")}, {"p": (".ds-logs-2026.11.25",)}),
        (
            {f".ds-logs-2026.11.25-00000{number}": setting(default_pipeline="p") for number in (1, 2)},
            {"p": ("logs",)},
        ),
        ({"i": None, "j": {"settings": []}, "k": setting(default_pipeline=7)}, {}),
    ],
)
def test_settings(answer, senders):
    assert of_settings(answer) == senders


def having(pipeline):
    return {"settings": {"index": {"default_pipeline": pipeline}}}


@pytest.mark.parametrize(
    ("answers", "senders"),
    [
        ([], {}),
        ([{"index_templates": [{"name": "t", "index_template": {"template": having("p")}}]}], {"p": ("t",)}),
        ([{"component_templates": [{"name": "c", "component_template": {"template": having("p")}}]}], {"p": ("c",)}),
        ([{"old": having("p")}], {"p": ("old",)}),
        ([{"old": having("p")}, {"component_templates": []}, {"older": having("p")}], {"p": ("old", "older")}),
        ([{"index_templates": [{"name": "t", "index_template": {}}, {"name": "u"}, None]}], {}),
        ([{"index_templates": [{"index_template": {"template": having("p")}}]}], {}),
        ([{"old": {"settings": {}}, "older": None}], {}),
    ],
)
def test_templates(answers, senders):
    assert of_templates(*answers) == senders


def node(**counts):
    return {"ingest": {"pipelines": {name: {"count": count} for name, count in counts.items()}}}


@pytest.mark.parametrize(
    ("nodes", "counts"),
    [
        ({}, {}),
        ({"one": node(p=3)}, {"p": 3}),
        ({"one": node(p=3), "two": node(p=4, q=0)}, {"p": 7, "q": 0}),
        ({"one": node(p="many"), "two": {}, "three": None}, {"p": 0}),
    ],
)
def test_counts(nodes, counts):
    assert of_counts({"nodes": nodes}) == counts
