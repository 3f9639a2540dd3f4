"""Writers of a history on real nodes: killed between two requests, late, and many at once."""

import os
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from harness import MLALIAS, NEW, OLD, SLIM

import mlalias

pytestmark = pytest.mark.node

ALIAS = "/mlalias-history"


@pytest.fixture
def front(any_node, in_front_of, run):
    """A cluster with a history that has no entry."""
    front = in_front_of(any_node)
    assert run("init", "--catalog", front.url).code == 0
    any_node.ask("POST", f"{ALIAS}/_refresh")
    return front


@pytest.fixture
def on(front, run):
    """Run a command on the cluster."""
    return lambda *words: run(*words, "--catalog", front.url)


def writes_history(asked):
    return asked.method == "PUT" and asked.path.startswith(f"{ALIAS}/_doc/")


def changes(asked):
    return asked.method == "PUT" and "/model_aliases/" in asked.path


def reads_models(asked):
    return asked.method == "GET" and asked.path.startswith("/_ml/trained_models")


def searches(asked):
    return asked.path == f"{ALIAS}/_search"


def states(on):
    """The entries, oldest first: each revision with its state, and what it changed."""
    entries = on("history", "-o", "json").json["history"]
    return [
        (entry["revision"], entry.get("result", "done"), [change["model_alias"] for change in entry["changes"]])
        for entry in reversed(entries)
    ]


@contextmanager
def killed_at(front, nth, matches, *, carried_out):
    """Kill the client at a request of its own, which is carried out before, or never arrives."""
    running = []

    def fault(forward):
        if carried_out:
            forward()
        running[0].kill()

    front.at(nth, matches, fault)

    def client(*words):
        command = [*MLALIAS, *words, "--catalog", front.url]
        environment = {**os.environ, "MLALIAS_TIMEOUT": "1", "MLALIAS_ACTOR": "lost"}
        with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
            running.append(process)
            _, err = process.communicate()
        assert process.returncode == -9, err

    yield client


@pytest.mark.parametrize(
    ("nth", "matches", "carried_out"),
    [(1, searches, True), (1, reads_models, True), (1, writes_history, False)],
    ids=["after the look", "while it plans", "before the entry is begun"],
)
def test_killed_before_anything_is_written(nth, matches, carried_out, on, front):
    with killed_at(front, nth, matches, carried_out=carried_out) as client:
        client("put", NEW, "flight_delay_model", "-r")
    assert states(on) == []
    assert on("verify").code == 0
    assert on("put", SLIM, "slim", "-o", "json").json["revision"] == 1


@pytest.mark.parametrize("made", [False, True], ids=["before its change", "after its change"])
def test_killed_while_its_entry_is_begun(made, on, front):
    """Until the lease is over nobody claims what became of it; then the next writer sees."""
    with killed_at(front, 1, changes, carried_out=made) as client:
        client("put", NEW, "flight_delay_model", "-r", "-m", "lost")
    assert states(on) == [(1, "begun", ["flight_delay_model"])]
    noted = on("verify")
    assert noted.code == 0
    assert "revision 1 is not finished: lost is still at work, or was interrupted" in noted.out
    done = on("put", SLIM, "slim")
    assert done.code == 0
    assert "waiting for another mlalias that is changing aliases on " in done.err
    seen = [(1, "seen", ["flight_delay_model"]), (2, "done", ["slim"])]
    assert states(on) == (seen if made else [(1, "done", ["slim"])])
    assert on("verify").code == 0
    if made:
        assert on("rollback", "flight_delay_model").code == 0
        assert on("list", "flight_delay_model", "-o", "tsv").out.split("\t")[1] == OLD


def test_killed_between_two_changes(on, front, declared):
    """What is seen is what was made: the first of the two."""
    with killed_at(front, 2, changes, carried_out=False) as client:
        client("apply", str(declared(first=NEW, second=NEW)))
    assert on("put", SLIM, "slim").code == 0
    assert states(on) == [(1, "seen", ["first"]), (2, "done", ["slim"])]
    planned = front.node.ask("GET", f"{ALIAS}/_doc/1").json["_source"]["more"]["planned"]
    assert [change["model_alias"] for change in planned] == ["first", "second"]
    assert on("verify").code == 0


def test_killed_once_its_entry_is_closed(on, front):
    with killed_at(front, 2, writes_history, carried_out=True) as client:
        client("put", NEW, "flight_delay_model", "-r")
    assert states(on) == [(1, "done", ["flight_delay_model"])]


# --- late writers ---


def test_a_writer_that_is_alive_is_waited_for_and_then_given_up(on, front, monkeypatch):
    """Its entry is renewed for as long as it takes, by the clock of whoever waits."""
    monkeypatch.setenv("MLALIAS_LOCK_TIMEOUT", "0")
    source = {"format": 1, "revision": 1, "state": "begun", "lease": 0.8, "time": "2001-01-01T00:00:00Z"}
    source |= {"actor": "ci@build-7", "command": "apply", "message": None, "changes": []}
    alive = True

    def write():
        while alive:
            front.node.ask("PUT", f"{ALIAS}/_doc/1", source)
            time.sleep(0.1)

    with ThreadPoolExecutor() as pool:
        front.node.ask("PUT", f"{ALIAS}/_doc/1", source)
        pool.submit(write)
        try:
            done = on("put", NEW, "flight_delay_model", "-r")
        finally:
            alive = False
    assert done.code == 8
    assert f"error: ci@build-7 has been changing aliases on {front.url} for too long" in done.err
    assert "MLALIAS_LOCK_TIMEOUT" in done.err
    assert not any(map(changes, front.asked))


def closes_it(front):
    """Another mlalias, which took the writer for lost."""

    def fault(forward):
        found = front.node.ask("GET", f"{ALIAS}/_doc/1").json
        front.node.ask("PUT", f"{ALIAS}/_doc/1", found["_source"] | {"state": "void", "changes": []})
        return forward()

    return fault


def test_a_writer_whose_entry_was_closed_sends_nothing_more(on, front, declared):
    """It is slow: a second passes before its second change, and so it renews its lease first."""

    def slowly(forward):
        time.sleep(1.1)
        return forward()

    front.at(1, changes, slowly)
    front.at(2, writes_history, closes_it(front))
    done = on("apply", declared(first=NEW, second=NEW), "-o", "json")
    assert done.code == 5
    reason = done.json["error"]["reason"]
    assert "nothing more was sent, as another mlalias process considered this one lost, and closed revision 1" in reason
    assert "1 made ('first'), 1 failed ('second')" in reason
    assert sum(map(changes, front.asked)) == 1


def test_a_lease_is_renewed_before_a_change_that_comes_late(on, front, declared):
    def slowly(forward):
        time.sleep(1.1)
        return forward()

    front.at(1, changes, slowly)
    start = len(front.asked)
    assert on("apply", declared(first=NEW, second=NEW)).code == 0
    kinds = list(filter(None, map(_kind, front.asked[start:])))
    assert kinds == ["history", "change", "history", "change", "history"]


def _kind(asked):
    return "history" if writes_history(asked) else "change" if changes(asked) else None


def test_a_writer_whose_entry_was_closed_by_another_says_so_when_it_closes_it(on, front):
    front.at(2, writes_history, closes_it(front))
    done = on("put", NEW, "flight_delay_model", "-r")
    assert done.code == 0
    assert f"reassigned  flight_delay_model  {NEW}" in done.out
    assert (
        "warning: the change was sent, but another mlalias process considered this one lost, and closed revision 1"
        in done.err
    )


def test_a_change_whose_outcome_is_unknown_leaves_its_entry_begun(on, front, monkeypatch):
    monkeypatch.setenv("MLALIAS_TIMEOUT", "1")
    front.at(1, changes, lambda forward: forward() and None)
    done = on("put", NEW, "flight_delay_model", "-r")
    assert done.code == 9
    assert "whether it changed the alias 'flight_delay_model' is unknown" in done.err
    assert states(on) == [(1, "begun", ["flight_delay_model"])]


def test_a_history_that_cannot_be_closed_never_hides_the_change(on, front):
    front.at(2, writes_history, lambda _: None)
    done = on("put", NEW, "flight_delay_model", "-r", "-o", "json")
    assert (done.code, done.json["acknowledged"], done.json["revision"]) == (0, True, 1)
    (warning,) = done.json["warnings"]
    assert warning["rule"] == "history_open"
    assert warning["message"].startswith("revision 1 of the history stays open until the next change: ")


# --- many at once ---


def test_eight_writers_at_once(on, front, monkeypatch):
    """Nothing is lost, no revision comes twice, and of those that want to move from OLD one does."""
    monkeypatch.setenv("MLALIAS_LOCK_TIMEOUT", "60")

    def write(number):
        catalog = mlalias.open(front.url)
        catalog.put(NEW, f"writer-{'abcdefgh'[number]}")
        try:
            catalog.put([NEW, SLIM][number % 2], "flight_delay_model", if_current=OLD)
        except mlalias.Conflict:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(write, range(8)))
    assert won.count(True) == 1
    entries = states(on)
    assert [revision for revision, _, _ in entries] == list(range(1, 10))
    assert {state for _, state, _ in entries} == {"done"}
    changed = sorted(alias for _, _, aliases in entries for alias in aliases)
    assert changed == ["flight_delay_model", *(f"writer-{letter}" for letter in "abcdefgh")]
    assert on("verify").code == 0
