"""Many changes on a cluster, which has no transaction, and few requests to a large one."""

import re
import signal
import subprocess
import sys
import threading
import time

import pytest
from cluster_support import Front, Told, answering, elasticsearch, error, good, spelled
from harness import LATE, MLALIAS, NEW, SLIM, SST

from mlalias.stores.directory.store import DirectoryStore


def test_apply_ends_alike_on_both(place, sample, declared, run):
    path = declared(flight_delay_model=NEW, alpha=SLIM, sentiment=SST, elser=".elser_model_2")
    words = ["apply", path, "--prune", "--only", "[aefis][!l]*", "-o", "json", "--catalog", place]
    assert run(*words, "--check").code == 6
    done = run("apply", path, "-o", "json", "--catalog", place)
    assert done.code == 0, done.err
    assert DirectoryStore(sample).read().aliases["alpha"] == SLIM
    assert run("apply", path, "--check", "--catalog", place).code == 0


def test_apply_that_the_rules_refuse_sends_nothing(place, sample, declared, run):
    before = dict(DirectoryStore(sample).read().aliases)
    path = declared(alpha=SLIM, flight_delay_model=LATE, beta="missing")
    done = run("apply", path, "-o", "json", "--catalog", place)
    assert done.code == 3
    assert [one["rule"] for one in done.json["errors"]] == ["model_missing", "inference_type_differs"]
    assert DirectoryStore(sample).read().aliases == before


def test_apply_creates_then_moves_then_deletes(cluster, declared, run):
    path = declared(flight_delay_model=NEW, zeta=SLIM, sentiment=SST)
    cluster.front.asked.clear()
    done = run("apply", path, "--prune", "--only", "[!ep]*", "--catalog", cluster.url)
    assert done.code == 0, done.err
    assert [line.split()[0] + " " + line.rsplit("/", 1)[1] for line in cluster.front.writes] == [
        "PUT zeta",
        "PUT flight_delay_model",
        "DELETE flight_delayed",
        "DELETE is-flight-late",
    ]


@pytest.mark.parametrize(
    ("facts", "ignored"),
    [
        ("", ""),
        ("[models.new-one]\n", "models"),
        ("[pipelines]\nnew = []\n", "pipelines"),
        ("[models.new-one]\n[[models.new-one.deployments]]\ndeployment_id = 'd'\n[pipelines]\nnew = []\n", "models and pipelines"),
    ],
)  # fmt: skip
def test_declared_facts_are_left_to_the_cluster(cluster, declared, run, facts, ignored):
    path = declared(alpha=SLIM)
    path.write_text(path.read_text() + facts)
    done = run("apply", path, "--dry-run", "--catalog", cluster.url)
    assert done.err == (f"the {ignored} in {path} are ignored: a cluster has its own\n" if ignored else "")
    assert done.out.splitlines()[1] == f"would create  alpha  {SLIM}"
    assert done.out.splitlines()[-1] == "dry run: 1 to create"
    assert "new-one" not in done.out
    assert "pipeline" not in done.out


def test_apply_that_would_delete_what_a_pipeline_names_sends_nothing(place, sample, declared, run):
    before = dict(DirectoryStore(sample).read().aliases)
    path = declared(alpha=SLIM)
    done = run("apply", path, "--prune", "-o", "json", "--catalog", place)
    assert done.code == 5
    assert "used by the ingest pipeline" in done.json["error"]["reason"]
    way_out = {
        True: f"see what uses it: mlalias show flight_delay_model --catalog {place}",
        False: "once no pipeline uses it, import the answer to GET _ingest/pipeline: "
        f"mlalias import pipelines.json --prune --catalog {place}",
    }
    assert done.json["error"]["hint"] == way_out[place.startswith("http")]
    assert DirectoryStore(sample).read().aliases == before


def test_apply_does_without_pipelines_that_it_may_not_read(sample, declared, run):
    """Then it is the server that refuses the deletion, and the rest is done."""
    behind = elasticsearch(sample)
    denied = error(403, "security_exception", "action is unauthorized for user [x]")
    with answering(lambda asked: denied if asked.parts[0] == "_ingest" else behind(asked)) as cluster:
        words = ["apply", declared(alpha=SLIM), "--prune", "--only", "[af]*", "--catalog", cluster.url]
        done = run(*words)
        assert done.code == 5
        assert "the alias 'flight_delay_model' is used by the ingest pipeline 'flights'" in done.err
        assert (
            "of 3 changes, 1 made ('alpha'), 1 failed ('flight_delay_model'), 1 not sent ('flight_delayed')" in done.err
        )
        asked = run("delete", "flight_delayed", "-n", "--catalog", cluster.url)
        assert asked.code == 0
        assert "whether an ingest pipeline uses the alias 'flight_delayed' is not known" in asked.err


@pytest.mark.parametrize(
    ("failing", "code"),
    [
        (error(403, "security_exception", "action is unauthorized for user [x]"), 9),
        (error(409, "status_exception", "a pipeline names it"), 5),
        (error(404, "resource_not_found_exception", "gone"), 4),
        (error(400, "status_exception", "no"), 3),
        (error(429, "es_rejected_execution_exception", "queue is full"), 9),
        (error(500, "null_pointer_exception", "oops"), 9),
        (error(503, "master_not_discovered_exception", "no master"), 9),
        (Told(close=-1), 9),
    ],
    ids=["403", "409", "404", "400", "429", "500", "503", "closed"],
)
def test_apply_that_stops_tells_what_was_done_and_a_second_run_ends_it(failing, code, sample, declared, run):
    behind = elasticsearch(sample)
    path = declared(alpha=SLIM, flight_delay_model=NEW, sentiment="sst-2-next", elser=".elser_model_2")
    broken = threading.Event()

    def answer(asked):
        fails = "model_aliases/flight_delay_model" in asked.path and not broken.is_set()
        return failing if fails else behind(asked)

    with answering(answer) as cluster:
        done = run("apply", path, "-o", "json", "--catalog", cluster.url)
        assert done.code == code, done.err
        told = done.json
        unknown = ["flight_delay_model"] if failing.close or failing.status >= 500 else []
        assert [change["model_alias"] for change in told["unknown"]] == unknown
        assert unknown + [one["model_alias"] for one in told["not_done"]] == ["flight_delay_model", "sentiment"]
        made = [change for change in done.json["changes"] if change["result"] != "unchanged"]
        assert [change["model_alias"] for change in made] == ["alpha"]
        what = "unknown" if unknown else "failed"
        far = f"; of 3 changes, 1 made ('alpha'), 1 {what} ('flight_delay_model'), 1 not sent ('sentiment')"
        assert told["error"]["reason"].endswith(far)
        again = run("apply", path, "--catalog", cluster.url)
        assert again.code == code
        assert again.out.endswith(f"stopped: 1 {what}, 1 not sent\n")
        broken.set()
        assert run("apply", path, "--catalog", cluster.url).code == 0
        assert run("apply", path, "--check", "--catalog", cluster.url).code == 0


@pytest.mark.parametrize("does_it", [False, True], ids=["left undone", "done"])
@pytest.mark.parametrize(
    ("failing", "outcome"),
    [
        (error(503, "process_cluster_event_timeout_exception", "timed out"), "unknown"),
        (error(403, "security_exception", "action is unauthorized"), "failed"),
        (error(408, "status_exception", "timed out"), "unknown"),
        (Told(close=-1), "unknown"),
    ],
    ids=["503", "403", "408", "dropped"],
)
def test_what_is_told_of_a_stop_is_what_the_server_holds(failing, outcome, does_it, sample, declared, run):
    """A server that answers 503 or 408, or nothing, may have made the change or not; one that refuses has not."""
    behind = elasticsearch(sample)
    path = declared(alpha=SLIM, flight_delay_model=NEW, sentiment="sst-2-next")
    before = dict(DirectoryStore(sample).read().aliases)

    def answer(asked):
        if asked.method != "PUT" or len(cluster.front.writes) != 2:
            return behind(asked)
        if does_it and outcome == "unknown":
            behind(asked)
        return failing

    with answering(answer) as cluster:
        done = run("apply", path, "--catalog", cluster.url)
        held = DirectoryStore(sample).read().aliases
        lines = done.out.splitlines()
        words = [tuple(re.split("  +", line)[:2]) for line in lines[1:-2]]
        assert done.code == 9
        assert words == [("created", "alpha"), (outcome, "flight_delay_model"), ("not sent", "sentiment")]
        assert lines[-1] == f"stopped: 1 created, 1 {outcome}, 1 not sent"
        assert "nothing was written" not in done.out + done.err
        assert held["alpha"] == SLIM
        assert held["sentiment"] == before["sentiment"]
        moved = does_it and outcome == "unknown"
        assert held["flight_delay_model"] == (NEW if moved else before["flight_delay_model"])
        hints = [line for line in done.err.splitlines() if line.startswith("hint: ")]
        assert any(f"mlalias show flight_delay_model --catalog {cluster.url}" in hint for hint in hints) == (
            outcome == "unknown"
        )
        assert "hint: to make the rest, run the same command again" in hints


@pytest.mark.parametrize("status", [403, 408])
def test_what_json_tells_of_a_stop_agrees(status, sample, declared, run):
    behind = elasticsearch(sample)
    failing = error(status, "status_exception", "no")
    path = declared(alpha=SLIM, flight_delay_model=NEW, sentiment="sst-2-next")
    with answering(
        lambda asked: failing if asked.path.endswith("/flight_delay_model") and asked.method == "PUT" else behind(asked)
    ) as cluster:
        done = run("apply", path, "-o", "json", "--catalog", cluster.url)
    assert done.code == 9
    aliases = {key: [each["model_alias"] for each in done.json[key]] for key in ("changes", "not_done", "unknown")}
    failed = ["flight_delay_model"]
    assert aliases == {
        "changes": ["alpha"],
        "not_done": [*(failed if status == 403 else ()), "sentiment"],
        "unknown": failed if status == 408 else [],
    }


# --- few and small requests ---

COUNT = 5000


@pytest.fixture(scope="module")
def large():
    """A cluster of 5,000 models, with an alias on every tenth."""
    configs = [_config(number) for number in range(COUNT)]
    named = {name: one for one in configs for name in (one["model_id"], *one["metadata"].get("model_aliases", ()))}

    def answer(asked):
        start, size = int(asked.parameters.get("from", "0")), int(asked.parameters.get("size", "100"))
        if asked.method == "PUT":
            return good({"acknowledged": True})
        if len(asked.parts) == 3:
            found = named.get(asked.parts[2])
            if found is None:
                return error(404, "resource_not_found_exception", "none")
            return good({"count": 1, "trained_model_configs": [found]})
        return good({"count": COUNT, "trained_model_configs": configs[start : start + size]})

    front = Front(answer)
    with front.listening() as url:
        yield url, front


def _config(number):
    metadata = {"model_aliases": [f"alias-{number}-a"]} if number % 10 == 0 else {}
    return {
        "model_id": f"model-{number:04}",
        "model_type": "tree_ensemble",
        "inference_config": {"regression": {}},
        "input": {"field_names": ["a", "b", "c"]},
        "metadata": metadata,
    }


@pytest.mark.skipif(sys.platform == "win32", reason="no process there can send Ctrl-C to one other process")
def test_apply_that_is_interrupted_tells_how_far_it_came(sample, declared, tmp_path):
    """As a person does it: Ctrl-C while the server takes its time over the second of three changes."""
    behind = elasticsearch(sample)
    path = declared(alpha=SLIM, beta=SLIM, flight_delay_model=NEW)
    hang = threading.Event()

    def answer(asked):
        return Told(hang=hang) if asked.path.endswith("/beta") and asked.method == "PUT" else behind(asked)

    with answering(answer) as cluster:
        command = [*MLALIAS, "apply", path, "--catalog", cluster.url]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=tmp_path)
        until = time.monotonic() + 10
        while len(cluster.front.writes) < 2 and time.monotonic() < until:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=10)
        hang.set()
    assert process.returncode == 130
    expected = (
        "interrupted: whether the alias 'beta' was changed is unknown; "
        "of 3 changes, 1 made ('alpha'), 1 unknown ('beta'), 1 not sent ('flight_delay_model')\n"
    )
    assert told.endswith(expected)


@pytest.mark.parametrize(
    ("words", "most"),
    [
        (["list", "-o", "json"], 5),
        (["resolve", "alias-10-a"], 1),
        (["resolve", "model-0007"], 1),
        (["put", "model-0007", "new"], 3),
        (["put", "model-0007", "alias-10-a", "-r"], 3),
        (["put", "model-0007", "alias-10-a", "--if-current", "model-0010"], 4),
        (["put", "model-0007", "alias-10-a", "-r", "-n"], 5),
        (["compare", "alias-10-a", "model-0007"], 2),
    ],
    ids=spelled,
)
def test_a_large_cluster_is_asked_little(words, most, large, run):
    url, front = large
    front.asked.clear()
    front.sent = 0
    done = run(*words, "--catalog", url)
    assert done.code == 0, done.err
    assert len(front.asked) == most
    assert front.sent < (1_500_000 if words[0] == "list" else 2000 if "-n" not in words else 60_000)
    assert all(
        "filter_path" in asked.parameters
        for asked in front.asked
        if asked.method == "GET" and "_ingest" not in asked.path
    )


def test_apply_of_many_aliases_asks_for_all_of_them_at_once(large, declared, run):
    url, front = large
    front.asked.clear()
    path = declared(**{f"alias-{number}-a": f"model-{number + 1:04}" for number in range(0, 2000, 10)})
    assert run("apply", path, "--check", "--catalog", url).code == 6
    assert len(front.asked) <= 16 + 5 + 3  # the users, too
