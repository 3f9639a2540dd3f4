"""HTTP as a real node speaks it, and as `serve` does: each request is sent to both, and the answers are compared.

The node has the routes of ingest pipelines, which both are sent wherever that can be; of the other requests each gets
its own, with the same methods and kinds of parameters. What is compared: the status, the media type, the keys, the error's
types, the headers that are not about the length, and how the JSON is laid out.

A row names the aspects that differ, and why. Whoever brings `serve` closer takes them out: what is named must differ.
"""

import gzip
import json
from http.client import RemoteDisconnected
from typing import Any

import pytest
from http_requests import GOOD, JSON, PIPELINE, ROWS
from nodes import VERSIONS, Reply, ask

pytestmark = pytest.mark.node

# What differs in every answer that has it, and so is in no row: serve keeps no dates of pipelines.
EVERYWHERE = ("dates of pipelines",)


def aspects(reply: Reply) -> dict[str, Any]:
    """What is compared of an answer."""
    body = gzip.decompress(reply.body) if reply.headers.get("content-encoding") == "gzip" else reply.body
    try:
        document = json.loads(body)
    except ValueError:
        document = None
    failed = isinstance(document, dict) and "error" in document
    return {
        "status": reply.status,
        "media type": reply.headers.get("content-type"),
        "headers": {name: value for name, value in reply.headers.items() if name not in _APART},
        "date": "date" in reply.headers,
        "keys": _keys(document),
        "dates of pipelines": "created_date_millis" in reply.body.decode(errors="replace"),
        "error": _error(document["error"]) if failed else None,
        "layout": _layout(body, document),
    }


# Headers and keys that an aspect of their own compares, or that say how long an answer is.
_APART = {"content-type", "content-length", "date", "transfer-encoding", "error"}
_APART |= {"created_date", "created_date_millis", "modified_date", "modified_date_millis"}


def _keys(document: Any) -> Any:
    """The keys, and those of what is in them."""
    if isinstance(document, dict):
        return {key: _keys(value) for key, value in document.items() if key not in _APART}
    return type(document).__name__


def _error(error: Any) -> Any:
    """The types of an error and its causes, and its keys."""
    if not isinstance(error, dict):
        return "a text"
    causes = [_error(cause) for cause in error.get("root_cause", [])]
    return error["type"], sorted(error), causes, _error(error["caused_by"]) if "caused_by" in error else None


def _layout(body: bytes, document: Any) -> str:
    if document is None:
        return "empty" if not body else "no JSON"
    for layout, text in _layouts(document).items():
        if body.decode() == text:
            return layout
    return "other"


def _layouts(document: Any) -> dict[str, str]:
    compact = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    pretty = json.dumps(document, ensure_ascii=False, indent=2, separators=(",", " : "))
    pretty = pretty.replace("[]", "[ ]").replace("{}", "{ }")
    return {"compact": compact, "pretty": pretty + "\n"}


@pytest.fixture(scope="module")
def both(_nodes, _served):
    """Send a request to the node and to `serve`, both with a pipeline named `one`."""
    node = _nodes(VERSIONS[-1])
    _served.reset()

    def both(row):
        return [
            _answer(url, row, target)
            for url, target in ((node.url, row.target), (_served.url, row.serve or row.target))
        ]

    yield both
    node.wipe()


def _answer(url, row, target):
    assert ask(url, "PUT", PIPELINE, json.dumps(GOOD).encode(), JSON).status == 200
    body = json.dumps(row.body).encode() if isinstance(row.body, dict) else row.body
    headers = {**(JSON if isinstance(row.body, dict) else {}), **row.headers}
    try:
        found = aspects(ask(url, row.method, target, body, headers))
    except RemoteDisconnected:
        found = dict.fromkeys(aspects(Reply(0, {}, b"")), "closed")
    if row.serve and found["error"] is None:
        found["keys"] = "of another route"
    return found


@pytest.mark.parametrize("row", [pytest.param(row, id=row.name) for row in ROWS])
def test_serve_answers_as_a_node(row, both):
    of_node, of_serve = both(row)
    differing = {
        aspect: (of_node[aspect], of_serve[aspect]) for aspect in of_node if of_node[aspect] != of_serve[aspect]
    }
    assert set(row.differs) == {aspect for aspect in differing if aspect not in EVERYWHERE}, differing


def test_what_differs_everywhere(both):
    of_node, of_serve = both(ROWS[0])
    assert [aspect for aspect in EVERYWHERE if of_node[aspect] == of_serve[aspect]] == []


def test_every_row_has_a_name_of_its_own():
    assert len({row.name for row in ROWS}) == len(ROWS)


def test_every_difference_has_a_reason():
    assert [row.name for row in ROWS if bool(row.differs) != bool(row.because)] == []
