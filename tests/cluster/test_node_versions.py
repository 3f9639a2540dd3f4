"""Every request that mlalias sends but those of a history, by a client of generation 8 and of 9, to servers of 8.19 and of 9.5.

The node judges the media types and versions of all requests, also of those that are then answered by a double.
"""

import json
import re
import subprocess
import sys

import pytest
from installation import ENVIRONMENT, client
from node_fixtures import wanted
from nodes import VERSIONS

pytestmark = pytest.mark.node

OLD, NEW = "flight-delay-prediction-1574775339910", "flight-delay-prediction-1580004349800"

# Runs commands in one process, as importing the client takes longest, and tells how each ended.
_RUNNING = """
import contextlib, io, json, sys
import elasticsearch
from mlalias.cli import main

results = []
for words in json.load(sys.stdin):
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as err:
        code = main(words)
    results.append([code, err.getvalue()])
json.dump([elasticsearch.__versionstr__, results], sys.stdout)
"""

COMMANDS = [
    (["list"], 0),
    (["models", "-o", "json"], 0),
    (["show", "sentiment"], 0),
    (["resolve", "sentiment"], 0),
    (["resolve", "no-such-alias"], 4),
    (["compare", OLD, NEW], 0),
    (["put", NEW, "flight_delay_model", "--reassign", "--dry-run"], 0),
    (["put", NEW, "flight_delay_model", "--reassign", "--if-current", OLD], 0),
    (["put", NEW, "next"], 0),
    (["put", NEW, "next"], 3),
    (["put", "sst-2-draft", "sentiment", "--reassign", "--wait", "0.1"], 3),
    (["apply", "FILE", "--check"], 6),
    (["apply", "FILE"], 0),
    (["delete", "flight_delay_model"], 5),
    (["delete", "is-flight-late", "--dry-run"], 0),
    (["delete", "next"], 0),
    (["export"], 0),
]


@pytest.fixture(params=["8", "9"])
def ran(request, tmp_path):
    """Run commands with the client of a generation; their exit codes and what they say."""
    with wanted():
        place = client(request.param)
    (tmp_path / "aliases.toml").write_text(f'[aliases]\nflight_delay_model = "{OLD}"\nnext = "{OLD}"\n')

    def ran(url, commands):
        env = ENVIRONMENT | ({"PYTHONPATH": str(place)} if place else {})
        spelled = [[str(tmp_path / "aliases.toml") if word == "FILE" else word for word in words] for words in commands]
        document = json.dumps([[*words, "--catalog", url] for words in spelled])
        done = subprocess.run(
            [sys.executable, "-c", _RUNNING], input=document, env=env, capture_output=True, text=True, check=True
        )
        version, results = json.loads(done.stdout)
        assert version.startswith(f"{request.param}."), "the client is of another generation"
        return results

    return ran


def test_every_command_with_every_client_on_every_server(any_node, in_front_of, ran):
    front = in_front_of(any_node)
    results = ran(front.url, [words for words, _ in COMMANDS])
    for (words, expected), (code, err) in zip(COMMANDS, results, strict=True):
        assert code == expected, f"{' '.join(words)}: {err}"
    assert {_kind(asked) for asked in front.asked} == {
        "GET /_ml/trained_models",
        "GET /_ml/trained_models/*",
        "GET /_ml/trained_models/*/_stats",
        "PUT /_ml/trained_models/*/model_aliases/*",
        "DELETE /_ml/trained_models/*/model_aliases/*",
        "GET /_ingest/pipeline",
        "GET /_inference/_all",
        "GET /_all/_mapping",
        "GET /_all/_settings/index.default_pipeline,index.final_pipeline",
        "GET /_index_template",
        "GET /_component_template",
        "GET /_template",
        "GET /_nodes/stats/ingest",
        "GET /mlalias-history/_search",
    }, "requests that no command sends, or that are new"


def _kind(asked):
    path = re.sub(r"(?<=/)(trained_models|model_aliases)/(?!_stats)[^/]+", r"\1/*", asked.path)
    return f"{asked.method} {path}"


@pytest.mark.parametrize("version", VERSIONS)
def test_the_node_judges_the_requests_that_are_doubled(version, _nodes, in_front_of):
    """A call of a newer generation is refused: what the own API of a client of generation 9 sends to a server of 8."""
    from elasticsearch import BadRequestError, Elasticsearch

    newer = f"application/vnd.elasticsearch+json; compatible-with={int(version.split('.')[0]) + 1}"
    with Elasticsearch(in_front_of(_nodes(version)).url) as asking, pytest.raises(BadRequestError) as refused:
        asking.perform_request("GET", "/_ml/trained_models", headers={"accept": newer})
    assert refused.value.body["error"]["type"] == "media_type_header_exception"
