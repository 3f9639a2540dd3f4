"""Checked moves on real nodes, whose history has every step of them; the models that answer are doubled."""

import json

import pytest
from cluster_support import Front, error
from harness import SST
from inferring import Inferring
from proxy import in_front
from test_help import bash, blocks

pytestmark = pytest.mark.node

MOVE = ["put", "sst-2-next", "sentiment", "--reassign"]


@pytest.fixture
def models(sample):
    """The models of a cluster: set `models.models` to what each answers."""
    return Inferring(sample)


@pytest.fixture
def front(any_node, models):
    with Front(models).listening() as url, in_front(any_node, url) as front:
        yield front


@pytest.fixture
def on(front, run):
    """Run a command on the cluster, which keeps a history."""
    assert run("init", "--catalog", front.url).code == 0
    return lambda *words: run(*words, "--catalog", front.url)


@pytest.fixture
def docs(tmp_path):
    path = tmp_path / "reviews.ndjson"
    path.write_text('{"text_field": "good"}\n')
    return path


def fails_as(name):
    """A model that does not answer where it is asked under a name."""
    fault = error(500, "status_exception", "the process failed")
    return lambda _, asked: fault if asked == name else {"predicted_value": "a"}


def steps(front):
    """What was asked and what was written, in order: models by name, the history by the state of its entry."""
    return [step for asked in front.asked if (step := _step(asked))]


def _step(asked):
    if asked.path.endswith("/_infer"):
        return f"ask {asked.path.split('/')[3]}"
    if "/model_aliases/" in asked.path:
        return f"{asked.method} {asked.path.split('/')[3]}"
    if asked.method == "PUT" and asked.path.startswith("/mlalias-history/_doc/"):
        return f"entry {json.loads(asked.body)['state']}"
    return None


def test_the_history_has_both_steps_of_a_move_that_was_taken_back(on, front, models, docs):
    models.models["sst-2-next"] = fails_as("sentiment")
    done = on(*MOVE, "--check-with", docs, "-m", "the new model")
    assert done.code == 3
    assert f"; it names '{SST}' again\n" in done.err
    back, move = on("history", "sentiment", "-o", "json").json["history"]
    assert (move["revision"], move["command"], move["message"]) == (1, "put", "the new model")
    assert (back["revision"], back["command"], back["undoes"]) == (2, "rollback", [1])
    assert back["message"].startswith("the alias 'sentiment' failed its check after the move: 1 of 1 documents")
    assert [entry["changes"][0]["model_id"] for entry in (move, back)] == ["sst-2-next", SST]
    assert on("verify").code == 0
    assert on("rollback", "sentiment").code == 3, "both are taken back, and nothing is left to undo"


def test_the_order_of_requests_proves_the_order_of_the_steps(on, front, models, docs):
    models.models["sst-2-next"] = fails_as("sentiment")
    front.asked.clear()
    assert on(*MOVE, "--check-with", docs).code == 3
    begun, done = "entry begun", "entry done"
    move = ["ask sst-2-next", begun, "PUT sst-2-next", done]
    back = ["ask sentiment", begun, f"PUT {SST}", done]
    assert steps(front) == [*move, *back]


def test_a_move_that_is_refused_is_in_no_history(on, models, docs):
    models.models["sst-2-next"] = fails_as("sst-2-next")
    assert on(*MOVE, "--check-with", docs).code == 3
    assert on("history", "-o", "json").json["history"] == []


def test_no_history_leaves_both_steps_out(on, models, docs):
    models.models["sst-2-next"] = fails_as("sentiment")
    assert on(*MOVE, "--check-with", docs, "--no-history").code == 3
    assert on("resolve", "sentiment").out == f"{SST}\n"
    assert on("history", "-o", "json").json["history"] == []


def test_the_rollout_of_the_manual_runs(on, front, docs, monkeypatch):
    """Each of its five lines as it stands, but for `watch`, which does not end."""
    monkeypatch.setenv("MLALIAS_CATALOG", front.url)
    monkeypatch.chdir(docs.parent)
    _, _, script, *_ = blocks("cluster", "sh")
    check, dry_run, move, watch, rollback = script.splitlines()
    assert "same answer:" in bash(check)
    assert "would move" in bash(dry_run)
    assert bash(move).splitlines()[1].split() == ["reassigned", "sentiment", "sst-2-next", SST]
    assert bash(watch[watch.index("mlalias") :]).splitlines()[1].startswith("pass     sentiment")
    assert bash(rollback).splitlines()[1].split() == ["reassigned", "sentiment", SST, "sst-2-next"]
