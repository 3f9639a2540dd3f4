"""Ingest pipelines that are put and deleted."""

import pytest
from values import catalog, reasons, using

from mlalias.core.catalog import Pipeline
from mlalias.edits.pipelines import delete_pipelines, put_pipeline
from mlalias.errors import NotFound

SOME = catalog(pipelines={"p": ["used"], "q": ["b", "used"]})


@pytest.mark.parametrize(
    ("name", "names", "changes"), [("new", ("x",), True), ("new", (), True), ("p", ("y",), True), ("p", ("used",), False)]
)  # fmt: skip
def test_a_pipeline_is_added_or_replaced(name, names, changes):
    plan = put_pipeline(name, Pipeline(names))(SOME)
    assert plan.pipelines == ({**SOME.pipelines, name: Pipeline(names)} if changes else None)
    assert (plan.before, plan.empty) == (SOME, not changes)


def test_a_pipeline_with_another_body_is_another():
    before = SOME._replace(pipelines=using({"p": Pipeline(("used",), {"processors": []})}))
    assert not put_pipeline("p", Pipeline(("used",), {"processors": [], "version": 2}))(before).empty


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
