"""`put --check-with`: the model answers before the move, and the alias after it, or the alias stays as it was."""

import threading
import time

import pytest
from cluster_support import Told, answering, error, good
from harness import MLALIAS, SLIM, SST
from inferring import Inferring
from test_help import faults

from mlalias.stores.directory.store import DirectoryStore

MOVE = ["put", "sst-2-next", "sentiment", "--reassign"]
PUT_NEW = "PUT /_ml/trained_models/sst-2-next/model_aliases/sentiment"
PUT_OLD = f"PUT /_ml/trained_models/{SST}/model_aliases/sentiment"
ASK_MODEL = "POST /_ml/trained_models/sst-2-next/_infer"
ASK_ALIAS = "POST /_ml/trained_models/sentiment/_infer"


@pytest.fixture
def sample(sample):
    """The two models of `sentiment` have the same labels here, so that no rule warns."""
    path = sample / "models" / "sst-2-next.toml"
    path.write_text(path.read_text().replace('    "NEUTRAL",\n', ""))
    return sample


@pytest.fixture
def docs(tmp_path):
    path = tmp_path / "docs.ndjson"
    path.write_text('{"text_field": "good"}\n{"text_field": "bad"}\n')
    return path


def fails_as(name, told=None):
    """A model that does not answer `bad` where it is asked under a name."""
    fault = told or error(500, "status_exception", "the process failed")
    return lambda document, asked: (
        fault if asked == name and document["text_field"] == "bad" else {"predicted_value": "a"}
    )


def steps(cluster):
    """What was asked and changed, in order, without what was read."""
    return [line for line in cluster.front.lines if not line.startswith("GET")]


def target(directory, alias="sentiment"):
    return DirectoryStore(directory).read().aliases.get(alias)


def test_the_model_is_asked_before_the_move_and_the_alias_after_it(sample, run, docs):
    with answering(Inferring(sample)) as cluster:
        done = run(*MOVE, "--check-with", docs, "--catalog", cluster.url)
        assert steps(cluster) == [ASK_MODEL, ASK_MODEL, PUT_NEW, ASK_ALIAS, ASK_ALIAS]
    assert done.code == 0, done.err
    assert done.out.splitlines()[1].split() == ["reassigned", "sentiment", "sst-2-next", SST]
    assert "checked before the move: 'sst-2-next' answered 2 of 2 documents, median " in done.err
    assert "checked after the move: 'sentiment' answered 2 of 2 documents, median " in done.err
    assert f"hint: to undo: mlalias put {SST} sentiment --reassign" in done.err
    assert target(sample) == "sst-2-next"


def test_a_model_that_fails_is_not_moved_to_and_nothing_is_sent(sample, run, docs):
    with answering(Inferring(sample, {"sst-2-next": fails_as("sst-2-next")})) as cluster:
        done = run(*MOVE, "--check-with", docs, "--catalog", cluster.url)
        assert steps(cluster) == [ASK_MODEL, ASK_MODEL]
        document = run(*MOVE, "--check-with", docs, "-o", "json", "--catalog", cluster.url).json
    assert (done.code, done.out) == (3, "")
    assert (
        "error: 'sst-2-next' fails its check (1 of 2 documents not answered, document 2: the process failed), "
        "so the alias 'sentiment' stays as it is\n" in done.err
    )
    assert "hint: see how it is doing: mlalias check sst-2-next --docs " in done.err
    assert (document["error"]["rule"], document["error"]["model_alias"]) == ("check_failed", "sentiment")
    assert document["check"]["before"]["documents"]["answered"] == 1
    assert document["check"]["after"] is None
    assert faults("failure.json", document) == []
    assert target(sample) == SST


def test_an_alias_that_fails_after_the_move_goes_back(sample, run, docs):
    with answering(Inferring(sample, {"sst-2-next": fails_as("sentiment")})) as cluster:
        done = run(*MOVE, "--check-with", docs, "--catalog", cluster.url)
        assert steps(cluster) == [ASK_MODEL, ASK_MODEL, PUT_NEW, ASK_ALIAS, ASK_ALIAS, PUT_OLD]
        assert target(sample) == SST
        document = run(*MOVE, "--check-with", docs, "-o", "json", "--catalog", cluster.url).json
    assert done.code == 3
    rows = [line.split() for line in done.out.splitlines()[1:]]
    assert rows == [["reassigned", "sentiment", "sst-2-next", SST], ["reassigned", "sentiment", SST, "sst-2-next"]]
    assert (
        "error: the alias 'sentiment' failed its check after the move: 1 of 2 documents not answered, "
        f"document 2: the process failed; it names '{SST}' again\n" in done.err
    )
    assert [line.split()[0] for line in done.err.splitlines()] == ["on", "the", "checked", "checked", "error:", "hint:"]
    assert "mlalias check sst-2-next --catalog" in done.err
    assert "to undo" not in done.err
    assert [(each["model_id"], each["previous_model_id"]) for each in document["changes"]] == [
        ("sst-2-next", SST),
        (SST, "sst-2-next"),
    ]
    assert [document["check"][when]["documents"]["answered"] for when in ("before", "after")] == [2, 1]
    assert faults("failure.json", document) == []


def test_the_history_of_the_server_has_both_steps(sample, run, docs):
    """The double keeps the history of its directory, as it was told of each change."""
    with answering(Inferring(sample, {"sst-2-next": fails_as("sentiment")})) as cluster:
        run(*MOVE, "--check-with", docs, "--catalog", cluster.url)
    last, before = run("history", "sentiment", "--limit", "2", "-o", "json", "--catalog", sample).json["history"]
    assert [entry["changes"][0]["model_id"] for entry in (before, last)] == ["sst-2-next", SST]


@pytest.mark.parametrize(
    ("slow_as", "requests"),
    [("sst-2-next", [ASK_MODEL] * 2), ("sentiment", [ASK_MODEL, ASK_MODEL, PUT_NEW, ASK_ALIAS, ASK_ALIAS, PUT_OLD])],
)
def test_a_model_that_is_too_slow_does_not_answer(slow_as, requests, sample, run, docs, monkeypatch):
    monkeypatch.setenv("MLALIAS_TIMEOUT", "1")

    def model(_, asked):
        time.sleep(1.3 if asked == slow_as else 0.05)
        return {"predicted_value": "a"}

    with answering(Inferring(sample, {"sst-2-next": model})) as cluster:
        done = run(*MOVE, "--check-with", docs, "--catalog", cluster.url)
        assert steps(cluster) == requests
    assert done.code == 3
    assert "2 of 2 documents not answered, document 1: " in done.err
    assert "did not answer within 1 second" in done.err
    assert target(sample) == SST


def test_a_new_alias_that_fails_is_deleted_again(sample, run, docs):
    with answering(Inferring(sample, {"sst-2-next": fails_as("fresh")})) as cluster:
        done = run("put", "sst-2-next", "fresh", "--check-with", docs, "--catalog", cluster.url)
        assert steps(cluster)[-1] == "DELETE /_ml/trained_models/sst-2-next/model_aliases/fresh"
    assert done.code == 3
    assert "it is deleted again\n" in done.err
    assert target(sample, "fresh") is None


def test_a_cluster_that_is_lost_after_the_move_is_told_as_such(sample, run, docs):
    """Nobody can be asked, and the way back fails as well: what the alias names is not claimed."""
    denied = error(403, "security_exception", "action is unauthorized")
    app = Inferring(sample, {"sst-2-next": fails_as("sentiment", denied)})

    def behind(asked):
        back = asked.line == PUT_OLD
        return Told(b"", close=-1) if back else app(asked)

    with answering(behind) as cluster:
        done = run(*MOVE, "--check-with", docs, "--catalog", cluster.url)
        assert PUT_OLD in steps(cluster)
        (sample / "aliases.toml").write_text((sample / "aliases.toml").read_text().replace('"sst-2-next"', f'"{SST}"'))
        document = run(*MOVE, "--check-with", docs, "-o", "json", "--catalog", cluster.url).json
    assert done.code == 3
    assert [(each["model_id"], each["outcome"]) for each in document["unknown"]] == [(SST, "unknown")]
    assert faults("failure.json", document) == []
    assert "the cluster privilege monitor_ml is missing" in done.err
    assert "what it names now is unknown\n" in done.err
    assert "mlalias show sentiment" in done.err
    assert target(sample) == "sst-2-next"


def test_a_way_back_that_is_refused_says_that_the_alias_stays(sample, run, docs):
    refusing = error(400, "status_exception", "not now")
    app = Inferring(sample, {"sst-2-next": fails_as("sentiment")})

    def behind(asked):
        return refusing if asked.line == PUT_OLD else app(asked)

    with answering(behind) as cluster:
        done = run(*MOVE, "--check-with", docs, "--catalog", cluster.url)
        (sample / "aliases.toml").write_text((sample / "aliases.toml").read_text().replace('"sst-2-next"', f'"{SST}"'))
        document = run(*MOVE, "--check-with", docs, "-o", "json", "--catalog", cluster.url).json
    assert done.code == 3
    assert [each["model_id"] for each in document["changes"]] == ["sst-2-next"]
    assert [(each["model_id"], each["outcome"]) for each in document["not_done"]] == [(SST, "failed")]
    assert faults("failure.json", document) == []
    assert "taking it back failed (not now): it names 'sst-2-next' now\n" in done.err
    assert f"hint: to take it back: mlalias put {SST} sentiment --reassign --catalog {cluster.url}\n" in done.err


def test_an_alias_that_somebody_else_moves_meanwhile_is_left_to_them(sample, run, docs):
    def model(document, asked):
        if asked == "sentiment" and document == {"text_field": "bad"}:
            text = (
                (sample / "aliases.toml")
                .read_text()
                .replace('sentiment = "sst-2-next"', 'sentiment = "dslim__bert-base-ner"')
            )
            (sample / "new.toml").write_text(text)
            (sample / "new.toml").replace(sample / "aliases.toml")  # at once, as two requests are under way
        return error(500, "status_exception", "no") if asked == "sentiment" else {"predicted_value": "a"}

    with answering(Inferring(sample, {"sst-2-next": model})) as cluster:
        done = run(*MOVE, "--check-with", docs, "--catalog", cluster.url)
        assert PUT_OLD not in steps(cluster)
    assert done.code == 3
    assert "the alias 'sentiment' names 'dslim__bert-base-ner', not 'sst-2-next'" in done.err
    assert "): it names 'dslim__bert-base-ner' now\n" in done.err
    assert "to take it back" not in done.err
    assert target(sample) == "dslim__bert-base-ner"


# --- what is refused before anybody is asked ---


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (["put", "sst-2-next", "sentiment"], 3, "names the model"),
        (["put", "nope", "sentiment", "-r"], 4, "there is no model 'nope'"),
        (["put", "sst-2-draft", "sentiment", "-r"], 3, "which is not"),
        (["put", "sst-2-next", "v1"], 3, "is not a valid alias"),
        (["put", "sst-2-next", "sentiment", "--if-current", SLIM], 5, f"not '{SLIM}'"),
        (["put", "dslim__bert-base-ner", "sentiment", "-r"], 3, "their inference types differ"),
    ],
)
def test_what_the_rules_refuse_is_neither_asked_nor_sent(words, code, text, sample, run, docs):
    with answering(Inferring(sample)) as cluster:
        done = run(*words, "--check-with", docs, "--catalog", cluster.url)
        assert steps(cluster) == []
    assert done.code == code, done.err
    assert text in done.err


@pytest.mark.parametrize(
    ("text", "fault"),
    [("", "has no documents"), ('{"text": "x"}', "has no text in 'text_field'"), ("{", "is not valid JSON")],
)
def test_documents_that_it_cannot_read_are_2(text, fault, sample, run, docs):
    docs.write_text(text)
    with answering(Inferring(sample)) as cluster:
        done = run(*MOVE, "--check-with", docs, "--catalog", cluster.url)
        assert steps(cluster) == []
    assert (done.code, done.out) == (2, "")
    assert fault in done.err


def test_a_model_without_a_deployment_cannot_answer(sample, run, docs):
    with answering(Inferring(sample)) as cluster:
        done = run("put", "sst-2-draft", "fresh", "--check-with", docs, "--catalog", cluster.url)
        assert steps(cluster) == []
    assert done.code == 3
    assert "'sst-2-draft' cannot answer (not deployed), so the alias 'fresh' stays as it is\n" in done.err


def test_a_licence_that_forbids_it_is_9_and_nothing_is_sent(sample, run, docs):
    body = {"error": {"type": "security_exception", "reason": "no licence", "license.expired.feature": "ml"}}
    told = Told(body | {"status": 403}, 403, {"X-elastic-product": "Elasticsearch"})
    with answering(Inferring(sample, {"sst-2-next": lambda *_: told})) as cluster:
        done = run(*MOVE, "--check-with", docs, "--catalog", cluster.url)
        assert set(steps(cluster)) == {ASK_MODEL}
    assert done.code == 9
    assert "does not allow it (403: no licence)" in done.err
    assert target(sample) == SST


# --- with other options ---


def test_a_dry_run_asks_the_model_and_sends_nothing(sample, run, docs):
    with answering(Inferring(sample)) as cluster:
        done = run(*MOVE, "--check-with", docs, "--dry-run", "-o", "json", "--catalog", cluster.url)
        assert steps(cluster) == [ASK_MODEL, ASK_MODEL]
    assert (done.code, done.json["dry_run"]) == (0, True)
    assert done.json["check"]["before"]["verdict"] == "pass"
    assert faults("write.json", done.json) == []
    with answering(Inferring(sample, {"sst-2-next": fails_as("sst-2-next")})) as cluster:
        assert run(*MOVE, "--check-with", docs, "--dry-run", "--catalog", cluster.url).code == 3
        assert steps(cluster) == [ASK_MODEL, ASK_MODEL]
    assert target(sample) == SST


def test_an_alias_that_names_it_already_is_asked_once_and_stays(sample, run, docs):
    words = ["put", SST, "sentiment", "--exist-ok", "--check-with", docs]
    with answering(Inferring(sample)) as cluster:
        done = run(*words, "-o", "json", "--catalog", cluster.url)
        assert set(steps(cluster)) == {f"POST /_ml/trained_models/{SST}/_infer"}
    assert (done.code, done.json["changes"][0]["result"]) == (0, "unchanged")


def test_success_holds_to_its_schema_and_quiet_says_warnings_alone(sample, run, docs):
    with answering(Inferring(sample)) as cluster:
        document = run(*MOVE, "--check-with", docs, "-o", "json", "--catalog", cluster.url).json
        assert faults("write.json", document) == []
        assert [document["check"][when]["name"] for when in ("before", "after")] == ["sst-2-next", "sentiment"]
        back = run("put", SST, "sentiment", "-r", "-q", "--check-with", docs, "--catalog", cluster.url)
    assert (back.code, back.out) == (0, "")
    assert [line.split()[0] for line in back.err.splitlines()] == ["warning:"], "one of its deployments is half started"


def test_warnings_of_fields_and_rules_are_kept(sample, run, docs):
    docs.write_text('{"Carrier": "JetBeats"}')
    answers = {SLIM: lambda *_: {"FlightDelayMin_prediction": 1}}
    with answering(Inferring(sample, answers)) as cluster:
        words = ["put", SLIM, "flight_delay_model", "-r", "--check-with", docs, "--catalog", cluster.url]
        assert run(*words, "--strict").code == 3
        done = run(*words)
    assert done.code == 0, done.err
    assert "shares only 3 of 22 input fields" in done.err
    assert f"warning: 1 document lacks input fields of '{SLIM}', which count as missing values: " in done.err


@pytest.mark.parametrize("dry_run", [[], ["--dry-run"]])
def test_strict_refuses_what_the_check_warns_of(dry_run, sample, run, docs):
    """A deployment that answers with fewer allocations than it should, and documents without some fields."""
    half = {"allocation_status": {"allocation_count": 1, "target_allocation_count": 2}}
    docs.write_text('{"text_field": "good"}')
    with answering(Inferring(sample, figures={"sst-2-next": half})) as cluster:
        done = run(*MOVE, "--check-with", docs, "--strict", *dry_run, "--catalog", cluster.url)
        assert steps(cluster) == [ASK_MODEL]
        assert done.code == 3
        reason = "'sst-2-next' answers, but 1 of 2 allocations run"
        assert f"error: {reason}, and --strict treats warnings as errors\n" in done.err
        warned = run(*MOVE, "--check-with", docs, *dry_run, "--catalog", cluster.url)
        assert (warned.code, f"warning: {reason}\n" in warned.err) == (0, True)
    docs.write_text('{"Carrier": "JetBeats"}')
    with answering(Inferring(sample, {SLIM: lambda *_: {"FlightDelayMin_prediction": 1}})) as cluster:
        words = ["put", SLIM, "fresh", "--check-with", docs, "--strict", *dry_run, "--catalog", cluster.url]
        assert run(*words).code == 3
        assert [line for line in steps(cluster) if not line.startswith("POST")] == []


def test_wait_comes_before_the_check(sample, run, docs):
    app = Inferring(sample)
    path = sample / "models" / "sst-2-draft.toml"
    looked = []

    def behind(asked):
        if asked.path.endswith("sst-2-draft/_stats"):
            looked.append(asked)
            if len(looked) == 2:
                path.write_text(path.read_text().replace("deployments = []\n", "") + DEPLOYED)
        return app(asked)

    words = ["put", "sst-2-draft", "sentiment", "-r", "--wait", "20", "--check-with", docs]
    with answering(behind) as cluster:
        done = run(*words, "--catalog", cluster.url)
    assert done.code == 0, done.err
    assert done.err.startswith("waiting for up to 20 seconds: ")
    assert target(sample) == "sst-2-draft"


DEPLOYED = (
    '\n[[deployments]]\ndeployment_id = "d"\nstate = "started"\nallocation_count = 1\ntarget_allocation_count = 1\n'
)


def test_an_interrupt_after_the_move_says_that_it_was_not_checked(sample, docs):
    import os
    import signal
    import subprocess

    never, under_way = threading.Event(), threading.Event()

    def model(document, asked):
        if asked != "sentiment":
            return {"predicted_value": "a"}
        under_way.set()
        return Told({}, hang=never)

    with answering(Inferring(sample, {"sst-2-next": model})) as cluster:
        words = [*MLALIAS, *MOVE, "--check-with", str(docs), "--catalog", cluster.url]
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
            assert under_way.wait(20)
            os.kill(running.pid, signal.SIGINT)
            _, err = running.communicate(timeout=5)  # it does not wait for the requests under way
        never.set()
    assert running.returncode == 130
    assert "interrupted: the alias 'sentiment' names 'sst-2-next', and was not checked\n" in err


def test_an_empty_list_is_never_sent(sample, run, docs):
    """A server answers it with 200 whatever the name, so it would prove nothing."""
    docs.write_text('{"docs": []}')
    with answering(lambda _: good({"inference_results": []})) as cluster:
        assert run(*MOVE, "--check-with", docs, "--catalog", cluster.url).code == 2
        assert cluster.front.asked == []
