"""Whom a move reaches, as a real node tells it: indices, data streams and templates that have a pipeline."""

import pytest
from harness import NEW

pytestmark = pytest.mark.node

PIPELINE = {"index.default_pipeline": "flights"}


@pytest.fixture
def front(any_node, in_front_of):
    return in_front_of(any_node)


@pytest.fixture
def sending(front):
    """An index, a closed and a hidden one, and templates that send documents to `flights`.

    The module of data streams is not published: an index has the name that a data stream gives to its backing index.
    """

    def put(path, body):
        answer = front.node.ask("PUT", path, body)
        assert answer.status == 200, answer.json

    put("/flights-2026", {"settings": PIPELINE})
    put("/flights-2025", {"settings": {"index.final_pipeline": "flights", "index.default_pipeline": "_none"}})
    put("/flights-secret", {"settings": PIPELINE | {"index.hidden": True}})
    put("/another", {"settings": {"index.default_pipeline": "another"}})
    put("/_component_template/flights.part", {"template": {"settings": PIPELINE}})
    put("/_index_template/late", {"index_patterns": ["late-*"], "template": {"settings": PIPELINE}})
    put("/.ds-late-flights-2026.11.25-000001", {"settings": PIPELINE})
    assert front.node.ask("POST", "/flights-2025/_close").status == 200


def test_what_sends_documents_is_named(front, sending, run):
    shown = run("show", "flight_delay_model", "-o", "json", "--catalog", front.url)
    (alias,) = shown.json["aliases"]
    assert alias["reach"] == [
        {
            "pipeline": "flights",
            "called_by": [],
            "indices": ["flights-2025", "flights-2026", "flights-secret", "late-flights"],
            "templates": ["flights.part", "late"],
            "documents": 0,
        }
    ]
    assert "indices" not in alias["users_unknown"]
    text = run("show", "flight_delay_model", "--catalog", front.url).out
    named = "from flights-2025, flights-2026, flights-secret, late-flights, flights.part (template) and 1 more"
    assert f"flights: {named}; 0 since the last restart\n" in text


def test_a_dry_run_names_them_and_a_move_asks_for_none_of_it(front, sending, run):
    words = ["put", NEW, "flight_delay_model", "-r", "--catalog", front.url]
    planned = run(*words, "-n")
    assert planned.code == 0, planned.err
    assert (
        "note: the ingest pipeline 'flights' (processors[0].inference) follows 'flight_delay_model': from "
        in planned.err
    )
    asked = len(front.lines)
    assert run(*words).code == 0
    assert [
        line for line in front.lines[asked:] if "_settings" in line or "_template" in line or "stats/" in line
    ] == []


def test_nothing_at_all_is_none_seen(front, run):
    (alias,) = run("show", "flight_delay_model", "-o", "json", "--catalog", front.url).json["aliases"]
    (reached,) = alias["reach"]
    assert (reached["indices"], reached["templates"], reached["documents"]) == ([], [], 0)


def test_it_costs_at_most_six_requests(front, sending, run):
    run("show", "flight_delay_model", "--catalog", front.url)
    reach = [line.split("?")[0] for line in front.lines if "_ml" not in line and "mlalias-history" not in line]
    assert sorted(reach) == sorted(
        [
            "GET /_all/_mapping",
            "GET /_all/_settings/index.default_pipeline,index.final_pipeline",
            "GET /_component_template",
            "GET /_index_template",
            "GET /_inference/_all",
            "GET /_ingest/pipeline",
            "GET /_nodes/stats/ingest",
            "GET /_template",
        ]
    )
