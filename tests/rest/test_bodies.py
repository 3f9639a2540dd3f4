"""Bodies of `PUT _ml/trained_models/{model_id}`, with the verdicts of the published parser and validator of 9.5.3.

`bodies.jsonl` has one a line: `real` is 200, or the status and the type of error; `config` has values that the stored
model shows afterwards, defaults filled in; with `defer` the definition is not to be unpacked.
"""

import json

import pytest
from harness import TESTS
from serve_support import JSON, served

BODIES = [json.loads(line) for line in (TESTS / "rest" / "bodies.jsonl").read_text().splitlines()]

# What a catalog cannot hold is refused here, and taken there.
STRICTER = {"number 1e400", "long 2^70"}


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    """A server that has no models, and so no names to clash with."""
    with served(tmp_path_factory.mktemp("empty")) as found:
        for path in (found.directory / "models").iterdir():
            path.unlink()
        (found.directory / "aliases.toml").write_text("format = 1\nrevision = 0\n[aliases]\n")
        (found.directory / "history.jsonl").unlink()
        yield found


@pytest.mark.parametrize("case", [pytest.param(case, id=f"{case['name']} {case['id']}"[:80]) for case in BODIES])
def test_a_body_is_judged_as_by_the_parser(empty, case):
    query = "?defer_definition_decompression=true" if case.get("defer") else ""
    path = f"/_ml/trained_models/{case['id'].replace(' ', '%20')}"
    reply = empty.ask("PUT", path + query, case["body"].encode(), JSON)
    verdict = "200" if reply.status == 200 else f"{reply.status} {reply.type}"
    assert verdict == ("400 x_content_parse_exception" if case["name"] in STRICTER else case["real"]), reply.body
    if verdict == "200":
        wanted = case.get("config", {})
        for document in (reply.json, empty.ask("GET", path).json["trained_model_configs"][0]):
            assert {key: document.get(key) for key in wanted} == wanted
        assert empty.ask("DELETE", path).status == 200


def test_all_of_them_are_there():
    assert len(BODIES) == 256
