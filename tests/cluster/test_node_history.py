"""A history on real nodes: what it holds, what it costs, and what stands in its way."""

import json
import re
import shlex
from urllib.parse import unquote

import pytest
from harness import LATE, NEW, OLD, SLIM, SST

from mlalias import help as manual

pytestmark = pytest.mark.node

ALIAS, INDEX = "/mlalias-history", "/mlalias-history-000001"


@pytest.fixture
def front(any_node, in_front_of):
    return in_front_of(any_node)


@pytest.fixture
def on(front, run):
    """Run a command on the cluster."""
    return lambda *words: run(*words, "--catalog", front.url)


@pytest.fixture
def history(on, front):
    """A history without entries, which a search is up to date with."""
    done = on("init")
    assert (done.code, done.out) == (0, f"{front.url} keeps a history now\n")
    front.node.ask("POST", f"{ALIAS}/_refresh")


def document(front, number):
    return front.node.ask("GET", f"{ALIAS}/_doc/{number}").json


def sent(front, start=0):
    """The requests that are to change something."""
    return [unquote(line) for line in front.lines[start:] if line.startswith(("PUT", "DELETE"))]


# --- what it holds ---


def test_the_snippet_of_the_manual_runs(front, run, monkeypatch):
    monkeypatch.setenv("MLALIAS_CATALOG", front.url)
    (snippet,) = re.findall(r"^```sh\n(mlalias init\n.*?)^```$", manual.page("cluster"), re.MULTILINE | re.DOTALL)
    for line in snippet.splitlines():
        done = run(*shlex.split(line)[1:])
        assert done.code == 0, done.err
    assert [entry["command"] for entry in run("history", "-o", "json").json["history"]] == ["rollback", "put"]


SCENARIO = [
    ["put", NEW, "flight_delay_model", "-r", "-m", "retrained"],
    ["put", SLIM, "slim"],
    ["put", LATE, "flight_delay_model", "-r"],  # refused
    ["put", NEW, "flight_delay_model", "--exist-ok"],  # nothing to do
    ["delete", "is-flight-late"],
    ["rollback", "is-flight-late", "-m", "still in use"],
    ["apply", "FILE"],
    ["rollback", "flight_delay_model"],
    ["rollback", "slim"],  # refused: it would delete it
    ["rollback", "slim", "--delete"],
    ["rollback", "flight_delay_model", "--to", "0"],
    ["rollback", "flight_delay_model", "--to", "99"],  # not found
]


def test_a_scenario_leaves_the_same_history_in_a_directory(on, history, sample, run, declared, monkeypatch):
    """A directory begins with the import of the sample, which is revision 1 there."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1764000000")
    file = declared(first=NEW, second=OLD)
    for row in SCENARIO:
        words = [file if word == "FILE" else word for word in row]
        here = [f"{int(word) + 1}" if word in {"0", "99"} else word for word in words]
        one, other = on(*words), run(*here, "--catalog", sample)
        assert one.code == other.code, (words, one.err, other.err)
    there, here = on("history", "-o", "json").json["history"], run("history", "-o", "json", "--catalog", sample).json
    for entry in here["history"]:
        entry["revision"] -= 1
        if "undoes" in entry:
            entry["undoes"] = [revision - 1 for revision in entry["undoes"]]
    assert there == here["history"][:-1]
    assert [entry["revision"] for entry in there] == [7, 6, 5, 4, 3, 2, 1]
    assert on("verify").code == 0


def test_a_search_that_never_shows_anything(on, history, front):
    front.node.ask("PUT", f"{ALIAS}/_settings", {"index": {"refresh_interval": "-1"}})
    for target in (NEW, OLD, NEW):
        assert on("put", target, "flight_delay_model", "-r").code == 0
    undone = on("rollback", "flight_delay_model", "-o", "json")
    assert (undone.code, undone.json["revision"]) == (0, 4)
    assert [entry["revision"] for entry in on("history", "-o", "json").json["history"]] == [4, 3, 2, 1]
    found = front.node.ask("POST", f"{ALIAS}/_search", {"query": {"range": {"revision": {"gt": 0}}}})
    assert found.json["hits"]["hits"] == []


def test_more_than_a_page_and_more_than_a_search_shows(on, history, front):
    """Ten thousand and one entries; the last one no search has seen."""
    lines = []
    for revision in range(1, 10_002):
        models = {"model_id": NEW if revision % 2 else OLD, "previous_model_id": OLD if revision % 2 else NEW}
        entry = {"format": 1, "revision": revision, "state": "done", "lease": 3, "time": "2026-11-25T10:00:00Z"}
        entry |= {"actor": "me", "command": "put", "message": None}
        entry["changes"] = [{"model_alias": "flight_delay_model", **models}]
        lines += [json.dumps({"index": {"_id": str(revision)}}), json.dumps(entry)]
    bulk = f"{ALIAS}/_bulk?refresh=true"
    kind = {"Content-Type": "application/x-ndjson"}
    front.node.ask("POST", bulk, "\n".join([*lines[:-2], ""]).encode(), kind)
    front.node.ask("POST", f"{ALIAS}/_bulk", "\n".join([*lines[-2:], ""]).encode(), kind)
    newest = on("history", "--limit", "2", "-o", "json").json["history"]
    assert [entry["revision"] for entry in newest] == [None, 10_001], "and what the alias names now"
    entries = on("history", "-o", "tsv").out.splitlines()
    assert len(entries) == 10_002, "and one for what the alias names now"
    done = on("put", SLIM, "slim", "-o", "json")
    assert done.json["revision"] == 10_002


def test_bytes_that_are_no_utf_8_are_kept_readable(on, history):
    assert on("put", SLIM, "slim", "-m", "caf\udce9").code == 0
    assert on("history", "-o", "json").json["history"][0]["message"] == "caf\\udce9"


# --- what it costs ---


def test_a_put_costs_three_requests_more(on, front):
    def cost(target):
        start = len(front.lines)
        assert on("put", target, "flight_delay_model", "--if-current", OLD if target == NEW else NEW).code == 0
        return len(front.lines) - start

    without = cost(NEW)
    on("init")
    on("put", SLIM, "slim")
    front.node.ask("POST", f"{ALIAS}/_refresh")
    assert cost(OLD) == without - 1 + 3  # the look for a history is made in any case


def test_a_dry_run_writes_nothing(on, history, front):
    start = len(front.lines)
    assert on("put", NEW, "flight_delay_model", "-r", "-n").code == 0
    assert sent(front, start) == []


# --- undo ---


def test_a_dry_run_of_rollback_says_beforehand_what_the_server_would_refuse(on, history, front, served):
    """The deployment of the old model is gone."""
    assert on("put", "sst-2-next", "sentiment", "-r").code == 0
    path = served.directory / "models" / f"{SST}.toml"
    path.write_text("deployments = []\n" + path.read_text().partition("[[deployments]]")[0])
    start = len(front.lines)
    planned = on("rollback", "sentiment", "-n")
    assert planned.code == 3
    assert "which is deployed" in planned.err
    assert sent(front, start) == []
    made = on("rollback", "sentiment")
    assert made.code == 3
    assert document(front, 2)["_source"]["state"] == "void"
    assert on("put", SLIM, "slim", "-o", "json").json["revision"] == 2, "nothing was changed under it"
    assert on("verify").code == 0


def test_what_was_changed_without_mlalias(on, history, front, served, run):
    assert on("put", NEW, "flight_delay_model", "-r").code == 0
    assert run("put", OLD, "flight_delay_model", "-r", "--catalog", served.url).code == 0
    outside, put = on("history", "-o", "json").json["history"]
    assert (outside["result"], outside["revision"], outside["actor"]) == ("outside", None, None)
    assert outside["changes"][0]["model_id"] == OLD
    assert (put["revision"], put["changes"][0]["model_id"]) == (1, NEW)
    assert "changed outside mlalias" in on("history").out
    refused = on("rollback", "flight_delay_model")
    assert refused.code == 5
    assert NEW in refused.err
    assert OLD in refused.err
    fault = on("verify")
    assert fault.code == 7
    assert "it was changed without mlalias" in fault.out


def test_no_history_leaves_no_entry_and_hides_nothing(on, history, front):
    done = on("put", NEW, "flight_delay_model", "-r", "--no-history", "-m", "why")
    assert done.code == 0
    assert "warning: the message is not kept, as this change is not recorded in a history\n" in done.err
    assert "mlalias init" not in done.err
    assert not document(front, 1)["found"]


def test_the_hint_after_a_move_says_how_to_get_undo(on, front):
    hint = f"hint: to keep a history on this cluster, and have rollback: mlalias init --catalog {front.url}\n"
    assert on("put", NEW, "flight_delay_model", "-r").err.count(hint) == 1
    assert on("init").code == 0
    done = on("put", OLD, "flight_delay_model", "-r")
    assert done.err.endswith(f"hint: to undo: mlalias rollback flight_delay_model --catalog {front.url}\n")
    assert hint not in done.err


def test_verify_names_aliases_whose_model_is_gone_only_where_it_may_look(on, history):
    """The doubled models leave no trace in the state of the node, which is read all the same."""
    assert on("verify", "-o", "json").json == {"faults": [], "notes": []}


# --- init ---


def test_init_twice(on, history, front):
    assert on("init").out == f"nothing to do: {front.url} has one already\n"
    index = front.node.ask("GET", f"{INDEX}").json["mlalias-history-000001"]
    assert index["aliases"] == {"mlalias-history": {"is_hidden": True, "is_write_index": True}}
    assert index["mappings"]["_meta"] == {"owner": "mlalias", "format": 1}
    assert (index["settings"]["index"]["hidden"], index["mappings"]["dynamic"]) == ("true", "strict")
    assert front.node.ask("GET", "/_cluster/health/mlalias-history").json["status"] == "green"


def test_init_that_was_interrupted_is_completed_by_the_next(on, front):
    front.at(1, lambda asked: asked.path == f"{ALIAS}/_doc/0" and asked.method == "PUT", lambda _: None)
    assert on("init").code == 9
    refused = on("put", NEW, "flight_delay_model", "-r")
    assert refused.code == 5
    assert f"hint: an init was interrupted; complete it: mlalias init --catalog {front.url}\n" in refused.err
    assert on("init").out == f"{front.url} keeps a history now\n"
    assert on("put", NEW, "flight_delay_model", "-r", "-o", "json").json["revision"] == 1


# --- what stands in its way ---

PLAIN = {"mappings": {"properties": {"a": {"type": "keyword"}}}}
OTHERS = [("PUT", "/one", PLAIN), ("PUT", "/two", PLAIN)]
BOTH = {"actions": [{"add": {"index": index, "alias": "mlalias-history"}} for index in ("one", "two")]}
NOT_OURS = {
    "an index of that name": [("PUT", ALIAS, PLAIN)],
    "an index with documents": [("PUT", f"{ALIAS}/_doc/1?refresh=true", {"a": 1})],
    "an alias to somewhere else": [*OTHERS, ("POST", "/_aliases", {"actions": BOTH["actions"][:1]})],
    "an alias of two indices": [*OTHERS, ("POST", "/_aliases", BOTH)],
}


@pytest.mark.parametrize("what", NOT_OURS)
def test_something_else_has_its_name(what, on, front):
    for request in NOT_OURS[what]:
        assert front.node.ask(*request).status < 300
    before = front.node.ask("GET", "/_all?expand_wildcards=all").json
    for words in (["put", NEW, "flight_delay_model", "-r"], ["history"], ["rollback", "flight_delay_model"], ["init"]):
        done = on(*words)
        assert done.code == 5, done
        assert done.err.count("error: ") == 1
        assert "hint: " in done.err
    assert on("verify").code == 7
    assert front.node.ask("GET", "/_all?expand_wildcards=all").json == before
    assert not [line for line in sent(front) if "model_aliases" in line]
    assert on("put", NEW, "flight_delay_model", "-r", "--no-history").code == 0


def _edited(**source):
    whole = {"format": 1, "revision": 1, "state": "done", "time": "2026-11-25T10:00:00Z", "changes": []}
    return [("PUT", f"{ALIAS}/_doc/1?refresh=true", {**whole, **source})]


BLOCK = {"index": {"blocks.write": True}}
FULL = {"index": {"blocks.read_only_allow_delete": True}}
IN_THE_WAY = {
    "a closed index": ([("POST", f"{ALIAS}/_close", None)], 9, "POST mlalias-history/_open"),
    "a write block": ([("PUT", f"{ALIAS}/_settings", BLOCK)], 9, "remove the block"),
    "a full disk": ([("PUT", f"{ALIAS}/_settings", FULL)], 9, "make room on the disks"),
    "a newer format": (_edited(format=2), 7, "install the version of mlalias that wrote it"),
    "an edited revision": (_edited(revision=3), 7, "GET mlalias-history/_doc/1"),
    "an edited state": (_edited(state="lost"), 7, "GET mlalias-history/_doc/1"),
    "an edited entry that is begun": (_edited(state="begun", lease=0.1), 7, "GET mlalias-history/_doc/1"),
    "an alias that was taken away": ([("DELETE", f"{INDEX}/_alias{ALIAS}", None)], 0, ""),
}  # fmt: skip


@pytest.mark.parametrize("what", IN_THE_WAY)
def test_a_history_that_cannot_be_used(what, on, history, front):
    requests, code, fix = IN_THE_WAY[what]
    for request in requests:
        assert front.node.ask(*request).status < 300
    start = len(front.lines)
    done = on("put", NEW, "flight_delay_model", "-r")
    assert done.code == code, done
    assert fix in done.err
    if code:
        assert done.err.count("error: ") == 1
        assert not [line for line in sent(front, start) if "model_aliases" in line]
        assert on("put", NEW, "flight_delay_model", "-r", "--no-history").code == 0


def test_an_index_that_lost_its_alias_is_not_made_anew(on, history, front):
    front.node.ask("DELETE", f"{INDEX}/_alias{ALIAS}")
    done = on("init")
    assert done.code == 5
    assert f"PUT mlalias-history-000001/_alias{ALIAS}" in done.err


def test_an_index_template_that_would_change_it(on, front):
    for body in (
        {"index_patterns": ["mlalias*"], "data_stream": {}},
        {"index_patterns": ["mlalias*"], "priority": 1, "template": {"settings": {"number_of_shards": 3}}},
    ):
        front.node.ask("PUT", f"/_index_template/{len(body)}", body)
        done = on("init")
        assert done.code == (5 if "data_stream" in body else 0), done
    assert on("put", NEW, "flight_delay_model", "-r").code == 0
    front.node.ask("POST", f"{ALIAS}/_refresh")
    assert on("rollback", "flight_delay_model", "-o", "json").json["revision"] == 2


def test_a_hole_is_named(on, history, front):
    for target in (NEW, OLD, NEW):
        assert on("put", target, "flight_delay_model", "-r").code == 0
    front.node.ask("DELETE", f"{INDEX}/_doc/2?refresh=true")
    fault = on("verify")
    assert fault.code == 7
    assert "revision 2 is not in the history" in fault.out
    assert "restore the index from a snapshot" in fault.out


@pytest.mark.parametrize("moment", ["before it is begun", "before the change", "before it is closed"])
def test_it_is_deleted_while_a_change_is_made(moment, on, history, front, run):
    """A change that is made is told as made, and the history is not made anew by a write to it."""
    nth = {"before it is begun": 1, "before the change": 2, "before it is closed": 2}[moment]
    matches = (lambda asked: "model_aliases" in asked.path) if moment == "before the change" else _writes_history

    def fault(forward):
        front.node.ask("DELETE", INDEX)
        return forward()

    front.at(1 if moment == "before the change" else nth, matches, fault)
    done = on("put", NEW, "flight_delay_model", "-r")
    if moment == "before it is begun":
        assert (done.code, "was deleted a moment ago" in done.err) == (5, True)
    else:
        assert done.code == 0
        assert f"reassigned  flight_delay_model  {NEW}" in done.out
        assert "warning: revision 1 of the history stays open until the next change: " in done.err
    assert front.node.ask("GET", ALIAS).status == 404
    made = on("list", "flight_delay_model", "-o", "json").json["aliases"][0]["model_id"]
    assert made == (OLD if moment == "before it is begun" else NEW)


def _writes_history(asked):
    return asked.method == "PUT" and asked.path.startswith(f"{ALIAS}/_doc/")
