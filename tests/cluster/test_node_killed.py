"""A node of three is killed while mlalias reads and moves: what it says is true afterwards."""

import socket
from contextlib import closing
from urllib.parse import urlsplit

import pytest
from proxy import before

pytestmark = pytest.mark.node

OLD, NEW = "flight-delay-prediction-1574775339910", "flight-delay-prediction-1580004349800"
MOVED = {"a-first": NEW, "b-second": NEW, "c-third": NEW}


def changes(asked):
    return asked.method == "PUT" and "/model_aliases/" in asked.path


def reads(asked):
    return asked.method == "GET" and asked.path.startswith("/_ml/trained_models")


def dying_after(node):
    def fault(forward):
        forward()
        node.kill()

    return fault


@pytest.fixture
def aliases(run):
    """What the aliases of a cluster name."""

    def aliases(url):
        listed = run("list", "-o", "json", "--catalog", url).json["aliases"]
        return {one["model_alias"]: one["model_id"] for one in listed}

    return aliases


@pytest.fixture
def declared(tmp_path):
    path = tmp_path / "aliases.toml"
    path.write_text("[aliases]\n" + "".join(f'{alias} = "{target}"\n' for alias, target in MOVED.items()))
    return path


def test_the_master_dies_and_nobody_notices_and_it_comes_back(three_nodes, in_front_of, run, aliases, declared):
    """It dies between two changes; the others elect another, for which the next request waits.

    It comes back with its data, and at another address, as its own is taken.
    """
    master = three_nodes.master
    other = next(one for one in three_nodes.nodes if one is not master)
    other.ask("PUT", "/things", {"settings": {"number_of_replicas": 2}})
    other.ask("PUT", "/things/_doc/1?wait_for_active_shards=all", {"a": 1})
    front = in_front_of(other)
    front.at(2, changes, before(master.kill))
    done = run("apply", declared, "--catalog", front.url)
    assert done.code == 0, done.err
    assert MOVED.items() <= aliases(front.url).items()
    address = master.url
    with closing(socket.create_server(("127.0.0.1", urlsplit(address).port or 0))):
        three_nodes.start(master)
    assert master.url != address
    assert master.ask("GET", "/things/_doc/1?preference=_local").json["found"]


def test_the_node_dies_that_is_asked(three_nodes, in_front_of, run, aliases, declared):
    """It dies once it has made the second of three changes, and its answer is lost."""
    asked, other, _ = three_nodes.nodes
    front = in_front_of(asked)
    front.at(2, changes, dying_after(asked))
    done = run("apply", declared, "-o", "json", "--catalog", front.url)
    assert done.code == 9
    assert "whether it changed the alias 'b-second' is unknown" in done.json["error"]["reason"]
    assert [change["model_alias"] for change in done.json["changes"]] == ["a-first"]
    front.node = other
    assert [alias for alias in MOVED if alias in aliases(front.url)] == ["a-first", "b-second"]
    again = run("apply", declared, "--catalog", front.url)
    assert again.code == 0, again.err
    assert MOVED.items() <= aliases(front.url).items()


def test_two_of_three_die_one_after_the_other(three_nodes, in_front_of, run, aliases, served):
    """The first dies while it is read; once the second is dead the last one has no master, and says so."""
    first, second, last = three_nodes.nodes
    front = in_front_of(first)
    before_it = aliases(front.url)
    front.at(1, reads, before(first.kill))
    done = run("put", NEW, "next", "--catalog", front.url)
    assert done.code == 9
    assert done.err.startswith(f"error: {front.url} closed the connection before its answer was complete\n")
    assert "unknown" not in done.err, "nothing was sent that changes anything"
    front.node = last
    second.kill()
    done = run("put", NEW, "next", "--catalog", front.url)
    assert done.code == 9
    assert "is busy or not ready (503" in done.err
    assert aliases(served.url) == before_it
