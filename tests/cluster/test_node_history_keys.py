"""What a key needs for a history, as the security of a real node judges it."""

import pytest
from harness import NEW, OLD

pytestmark = pytest.mark.node

HISTORY = "mlalias-history"
PUT = ("put", NEW, "flight_delay_model", "-r")


@pytest.fixture
def front(secure_node, in_front_of):
    return in_front_of(secure_node)


@pytest.fixture
def as_key(front, run, monkeypatch):
    """Run a command with a key of some privileges: `as_key(cluster, on_the_history, words)`."""

    def as_key(cluster, index, *words, names=HISTORY):
        role = {"cluster": cluster, "indices": [{"names": [names], "privileges": index}] if index else []}
        body = {"name": "tests", "role_descriptors": {"tests": role}}
        key = front.node.ask("POST", "/_security/api_key?refresh=true", body).json["encoded"]
        monkeypatch.setenv("MLALIAS_API_KEY", key)
        return run(*words, "--catalog", front.url)

    return as_key


@pytest.fixture
def history(as_key, front):
    done = as_key([], ["manage", "index"], "init", names=f"{HISTORY}*")
    assert done.code == 0, done.err


def entry(front):
    return front.node.ask("GET", f"/{HISTORY}/_doc/1").json


def changed(front):
    return [line for line in front.lines if line.startswith("PUT") and "model_aliases" in line]


@pytest.mark.parametrize("index", [["create", "read"], ["index", "read"], ["write", "read"]], ids=str)
def test_what_is_enough_for_a_change(index, as_key, history, front):
    done = as_key(["manage_ml"], index, *PUT, "-o", "json")
    assert (done.code, done.json["revision"]) == (0, 1), done.err
    assert entry(front)["_source"]["state"] == "done"
    assert as_key(["manage_ml"], index, "rollback", "flight_delay_model").code == 0


@pytest.mark.parametrize("index", [["read"], ["create_doc", "read"]], ids=str)
def test_what_is_not_enough_is_refused_before_anything_is_sent(index, as_key, history, front):
    """`create_doc` could begin an entry, and not close it."""
    done = as_key(["manage_ml"], index, *PUT)
    assert done.code == 9
    assert f"error: {front.url} does not let this key use its history (403)\n" in done.err
    assert "hint: give the key the index privileges read and index on 'mlalias-history', " in done.err
    assert "--no-history" in done.err
    assert changed(front) == []
    assert not entry(front)["found"]
    left_out = as_key(["manage_ml"], index, *PUT, "--no-history")
    assert (left_out.code, len(changed(front))) == (0, 1)


def test_a_key_that_may_not_read_it_knows_of_no_history(as_key, history, front):
    """It changes aliases as ever, and claims nothing."""
    done = as_key(["manage_ml"], [], *PUT)
    assert done.code == 0
    assert f"whether {front.url} keeps a history is unknown: this key may not read it\n" in done.err
    assert "mlalias init" not in done.err
    refused = as_key(["manage_ml"], [], "history")
    assert (refused.code, refused.out) == (9, "")
    assert "does not let this key use its history" in refused.err
    shown = as_key(["monitor_ml"], [], "show", "flight_delay_model", "-o", "json").json
    assert shown["aliases"][0]["last_change"] is None
    noted = as_key(["monitor_ml"], [], "verify", "-o", "json").json
    assert noted["faults"] == []
    assert [note["path"] for note in noted["notes"]] == ["_cluster/state", HISTORY]


def test_read_is_enough_to_look(as_key, history):
    assert as_key(["manage_ml"], ["index", "read"], *PUT).code == 0
    listed = as_key(["monitor_ml"], ["read"], "history", "-o", "json").json["history"]
    assert [entry["changes"][0]["previous_model_id"] for entry in listed] == [OLD]
    assert as_key(["monitor_ml"], ["read"], "show", "flight_delay_model", "-o", "json").code == 0
    assert as_key(["monitor_ml", "monitor"], ["read"], "verify", "-o", "json").json == {"faults": [], "notes": []}
    planned = as_key(["monitor_ml", "read_pipeline"], ["read"], "rollback", "flight_delay_model", "--dry-run")
    assert planned.code == 0


@pytest.mark.parametrize("index", [["create_index", "index"], ["index", "read"], []], ids=str)
def test_what_is_not_enough_for_init(index, as_key, front):
    done = as_key(["manage_ml"], index, "init", names=f"{HISTORY}*")
    assert done.code == 9
    assert f"error: {front.url} does not let this key create a history (403)\n" in done.err
    assert "hint: init needs the index privilege manage on 'mlalias-history*'" in done.err
    assert front.node.ask("GET", f"/{HISTORY}").status == 404
