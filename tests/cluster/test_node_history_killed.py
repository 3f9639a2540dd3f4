"""The node with the history's primary is killed while five write: what was told is in the history."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from harness import NEW, OLD, SLIM
from proxy import before

import mlalias

pytestmark = pytest.mark.node

WRITERS = "abcde"


def writes_history(asked):
    return asked.method == "PUT" and asked.path.startswith("/mlalias-history/_doc/")


def with_primary(cluster, node):
    """The node that holds the primary shard of the history."""
    (shard,) = node.ask("GET", "/_cat/shards/mlalias-history?format=json&h=prirep,id&s=prirep").json[:1]
    ids = {one: one.ask("GET", "/_nodes/_local?filter_path=nodes.*.name").json["nodes"] for one in cluster.nodes}
    return next(one for one, known in ids.items() if shard["id"] in known)


def test_five_write_while_the_primary_dies(three_nodes, in_front_of, run, monkeypatch):
    monkeypatch.setenv("MLALIAS_LOCK_TIMEOUT", "60")
    monkeypatch.setenv("MLALIAS_TIMEOUT", "3")
    asked = three_nodes.nodes[0]
    front = in_front_of(asked)
    assert run("init", "--catalog", front.url).code == 0
    asked.await_health("wait_for_status=green")
    dying = with_primary(three_nodes, asked)
    if dying is asked:
        front.node = next(one for one in three_nodes.nodes if one is not dying)
    front.at(8, writes_history, before(dying.kill))
    start, told = Barrier(len(WRITERS)), []

    def write(letter):
        catalog = mlalias.open(front.url)
        start.wait()
        for target in (OLD, NEW, SLIM):
            try:
                receipt = catalog.put(target, f"writer-{letter}", reassign=True)
                told.append((receipt.revision, f"writer-{letter}", target))
            except (mlalias.Unreachable, mlalias.Conflict):
                pass  # what is not told as made may be made, or not

    with ThreadPoolExecutor(len(WRITERS)) as pool:
        list(pool.map(write, WRITERS))
    assert not dying.is_running
    assert run("put", NEW, "last", "--catalog", front.url).code == 0
    entries = run("history", "-o", "json", "--catalog", front.url).json["history"]
    assert [entry["revision"] for entry in entries] == list(range(len(entries), 0, -1))
    kept = {
        (entry["revision"], change["model_alias"], change["model_id"])
        for entry in entries
        for change in entry["changes"]
    }
    assert len(told) >= len(WRITERS)
    assert kept.issuperset(told)
    assert run("verify", "--catalog", front.url).code == 0, "the aliases are what the history says last"
    three_nodes.start(dying)
    front.node = dying
    assert run("history", "-o", "json", "--catalog", front.url).json["history"] == entries
