"""The proxy in front of a node injects each fault at the intended request."""

import time
from http.client import RemoteDisconnected

import pytest
from nodes import ask
from proxy import after, before, late, lost_answer, lost_request, refused

pytestmark = pytest.mark.node

JSON = {"Content-Type": "application/json"}


def puts(asked):
    return asked.method == "PUT"


@pytest.fixture
def front(newest_node, in_front_of):
    return in_front_of(newest_node)


def put(front, number):
    return ask(front.url, "PUT", f"/things/_create/{number}", b"{}", JSON).status


def test_what_the_node_has_goes_there_and_the_rest_to_serve(front):
    assert put(front, 1) == 201
    assert ask(front.url, "GET", "/things/_doc/1", None, {}).json["found"]
    assert ask(front.url, "GET", "/_ml/trained_models?size=0", None, {}).json["count"] > 0
    assert "version" in ask(front.url, "GET", "/", None, {}).json
    assert front.lines[0] == "PUT /things/_create/1"


@pytest.mark.parametrize(("fault", "carried_out"), [(lost_request, False), (lost_answer, True)])
def test_a_fault_at_the_second_request_that_matches(fault, carried_out, front, newest_node):
    front.at(2, puts, fault)
    assert put(front, 1) == 201
    assert ask(front.url, "GET", "/things/_doc/1", None, {}).status == 200
    with pytest.raises(RemoteDisconnected):
        put(front, 2)
    assert newest_node.ask("GET", "/things/_doc/2").json["found"] is carried_out
    assert put(front, 3) == 201


def test_a_request_that_is_refused_or_late(front, newest_node):
    front.at(1, puts, refused(429, "es_rejected_execution_exception", "busy"))
    front.at(2, puts, late(0.2))
    assert put(front, 1) == 429
    began = time.monotonic()
    assert put(front, 1) == 201
    assert time.monotonic() - began >= 0.2


def test_something_happens_before_a_request_or_after_it(front, newest_node):
    seen = []
    front.at(1, puts, before(lambda: seen.append(newest_node.ask("GET", "/things/_doc/1").status)))
    front.at(2, puts, after(lambda: seen.append(newest_node.ask("GET", "/things/_doc/2").status)))
    assert [put(front, 1), put(front, 2)] == [201, 201]
    assert seen == [404, 200]
