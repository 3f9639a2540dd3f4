"""The same commands on a directory and on a cluster, and what is special about a cluster."""

import io
import re
import threading

import pytest
from cluster_support import Front, Told, answering, elasticsearch, error, good

from mlalias.cli import main
from mlalias.directory import DirectoryStore
from mlalias.requests import put

pytest_plugins = ("cluster_fixtures",)
pytestmark = pytest.mark.usefixtures("fenced")

OLD, NEW, SLIM = (
    "flight-delay-prediction-1574775339910",
    "flight-delay-prediction-1580004349800",
    "flight-delay-slim-1612000000000",
)
LATE = "flight-delayed-classification-1601405047985"
SST = "distilbert-base-uncased-finetuned-sst-2-english"
COMMANDS = ("put", "delete", "list", "models", "show", "resolve", "compare")


def spelled(parameter):
    """A command as the id of its case."""
    is_command = isinstance(parameter, list) and parameter and parameter[0] in COMMANDS
    return " ".join(parameter) if is_command else ""


@pytest.fixture(params=["directory", "cluster"])
def place(request):
    """One catalog as a directory, one as a cluster."""
    found = request.getfixturevalue(request.param)
    return found.url if request.param == "cluster" else str(found)


@pytest.mark.parametrize(
    ("words", "code", "expected"),
    [
        (["put", SLIM, "slim"], 0, [("created", "slim", SLIM, None)]),
        (["put", NEW, "flight_delay_model", "-r"], 0, [("reassigned", "flight_delay_model", NEW, OLD)]),
        (["put", NEW, "flight_delay_model", "--if-current", OLD], 0, [("reassigned", "flight_delay_model", NEW, OLD)]),
        (["put", OLD, "flight_delay_model", "--exist-ok"], 0, [("unchanged", "flight_delay_model", OLD, OLD)]),
        (["put", OLD, "flight_delay_model", "-r"], 0, [("unchanged", "flight_delay_model", OLD, OLD)]),
        (["put", "sst-2-next", "sentiment", "-r"], 0, [("reassigned", "sentiment", "sst-2-next", SST)]),
        (["delete", "is-flight-late"], 0, [("deleted", "is-flight-late", None, LATE)]),
        (["delete", "is-flight-late", "--model", LATE], 0, [("deleted", "is-flight-late", None, LATE)]),
        (["delete", "nothing", "--missing-ok"], 0, []),
        (["put", SLIM, SLIM], 3, ["equal_names", "invalid_alias"]),
        (["put", SLIM, "v1"], 3, ["invalid_alias"]),
        (["put", SLIM, ""], 3, ["invalid_alias"]),
        (["put", SLIM, ".."], 3, ["invalid_alias"]),
        (["put", SLIM, "a/b"], 3, ["invalid_alias"]),
        (["put", SLIM, "flight_delay_model"], 3, ["alias_taken"]),
        (["put", OLD, "flight_delay_model"], 3, ["alias_taken"]),
        (["put", "missing", "flight_delay_model"], 3, ["alias_taken"]),
        (["put", "missing", "slim"], 4, ["model_missing"]),
        (["put", "../../etc", "slim"], 4, ["model_missing"]),
        (["put", "*", "slim"], 4, ["model_missing"]),
        (["put", "sentiment", "slim"], 4, ["model_missing"]),
        (["put", LATE, "flight_delay_model", "-r"], 3, ["inference_type_differs"]),
        (["put", "sst-2-draft", "flight_delayed", "-r"], 3, ["inference_type_differs"]),
        (["put", "lang_ident_model_1", "flight_delayed", "-r"], 3, ["model_type_differs"]),
        (["put", "sst-2-draft", "sentiment", "-r"], 3, ["not_deployed"]),
        (["put", NEW, "flight_delay_model", "--if-current", SLIM], 5, [None]),
        (["put", NEW, "slim", "--if-current", SLIM], 5, [None]),
        (["put", SLIM, "flight_delay_model", "-r", "--strict"], 3, ["few_shared_fields"]),
        (["delete", "nothing"], 4, [None]),
        (["delete", SLIM], 4, [None]),
        (["delete", "a b"], 4, [None]),
        (["delete", "is-flight-late", "--model", OLD], 5, [None]),
        (["delete", "flight_delay_model"], 5, [None]),
        (["put", "sst-2-draft", "sentiment", "-r", "-n"], 3, ["not_deployed"]),
        (["delete", "flight_delay_model", "-n"], 5, [None]),
    ],
    ids=spelled,
)
def test_a_change_ends_alike_on_both(words, code, expected, place, directory, run):
    before = dict(DirectoryStore(directory).read().aliases)
    done = run(*words, "-o", "json", "--catalog", place)
    assert done.code == code, done.err
    if code == 0:
        keys = ("result", "model_alias", "model_id", "previous_model_id")
        assert [tuple(change[key] for key in keys) for change in done.document["changes"]] == expected
        assert done.document["acknowledged"] is True
        for _, alias, model_id, _ in expected:
            before.pop(alias, None)
            before |= {alias: model_id} if model_id else {}
    else:
        assert [one["rule"] for one in done.document["errors"]] == expected
        assert done.document["status"] == {3: 400, 4: 404, 5: 409}[code]
    assert DirectoryStore(directory).read().aliases == before


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["list"], 0),
        (["list", "flight*", "sentiment"], 0),
        (["list", "nothing"], 4),
        (["models"], 0),
        (["models", "sst*"], 0),
        (["models", "nothing*"], 0),
        (["show", "sentiment", LATE], 0),
        (["show", "sentimen"], 4),
        (["resolve", "sentiment", OLD, ".elser_model_2"], 0),
        (["resolve", "nothing", "nor-this", "sentiment"], 4),
        (["resolve", "_all"], 4),
        (["compare", "flight_delay_model", SLIM], 0),
        (["compare", "sentiment", "sst-2-draft"], 0),
        (["put", SLIM, "flight_delay_model", "-r", "-n"], 0),
        (["put", "sst-2-draft", "flight_delayed", "-r", "-n"], 3),
    ],
    ids=spelled,
)
@pytest.mark.parametrize("form", ["table", "tsv", "json"])
def test_a_question_is_answered_alike_by_both(words, code, form, cluster, run):
    local = run(*words, "-o", form, "--catalog", cluster.directory)
    live = run(*words, "-o", form, "--catalog", cluster.url)
    assert (local.code, live.code) == (code, code), live.err
    assert _unplaced(live.out, cluster) == _unplaced(_without_history(local.out), cluster)
    assert cluster.front.writes == []


def _unplaced(text, cluster):
    return text.replace(cluster.url, "PLACE").replace(str(cluster.directory), "PLACE")


def _without_history(text):
    """What a cluster can tell, too."""
    text = re.sub(r'"last_change": \{.*?\n      \}', '"last_change": null', text, flags=re.DOTALL)
    return re.sub(r"^(last change:|\S+\tlast change\t).*\n", "", text, flags=re.MULTILINE)


@pytest.mark.parametrize("name", ["import", "forget", "history", "rollback", "verify"])
def test_what_a_cluster_cannot_do_says_what_to_use_instead(name, cluster, run):
    operand = {"history": [], "verify": []}.get(name, ["x"])
    done = run(name, *operand, "--catalog", cluster.url)
    assert done.code == 2
    assert f"`{name}` works on a catalog in a directory" in done.err
    assert "hint: " in done.err
    assert cluster.front.asked == []


# --- one change ---


def test_the_first_write_names_the_cluster_and_where_its_address_is_from(cluster, run, fenced):
    assert run("put", SLIM, "slim", "--catalog", cluster.url).err.startswith(f"on {cluster.url} (from --catalog)\n")
    fenced.setenv("MLALIAS_CATALOG", cluster.url)
    assert run("delete", "slim").err.startswith(f"on {cluster.url} (from MLALIAS_CATALOG)\n")
    assert run("delete", "slim", "--missing-ok").err == ""
    assert run("put", SLIM, "slim", "-n").err == ""
    assert run("put", SLIM, "slim", "-q") == (0, "", "")


def test_a_warning_of_the_server_comes_with_the_overlap(cluster, run):
    done = run("put", SLIM, "flight_delay_model", "-r", "--catalog", cluster.url)
    assert done.code == 0
    assert "warning: " in done.err
    assert "shares only 3 of 22 input fields" in done.err
    assert "lost       19  AvgTicketPrice" in done.err
    assert f"hint: to undo: mlalias put {OLD} flight_delay_model --reassign --catalog {cluster.url}\n" in done.err


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, []),
        ({"Warning": '299 Elasticsearch-9.1.0-a "old \\"way\\" \\\\ 100%25 %C3%A9"'}, ['old "way" \\ 100% é']),
        ({"Warning": '299 Elasticsearch-9.1.0-a "one", 299 Elasticsearch-9.1.0-a "two, three"'}, ["one", "two, three"]),
    ],
)
def test_the_servers_warnings_are_the_ones_that_count(headers, expected, directory, run):
    """Ours about the fields is not told if the server does not warn, and whatever else it says is."""
    behind = elasticsearch(directory)

    def answer(asked):
        return good({"acknowledged": True}, **headers) if asked.method == "PUT" else behind(asked)

    with answering(answer) as quiet:
        done = run("put", SLIM, "flight_delay_model", "-r", "-o", "json", "--catalog", quiet.url)
    assert [one["message"] for one in done.document["warnings"]] == expected


def test_a_change_that_not_all_nodes_confirmed_is_a_warning(directory, run):
    behind = elasticsearch(directory)
    with answering(lambda asked: good({"acknowledged": False}) if asked.method == "PUT" else behind(asked)) as slow:
        done = run("put", SLIM, "slim", "--catalog", slow.url)
    assert done.code == 0
    assert "not all of the cluster's nodes have confirmed it" in done.err


def test_the_servers_answer_counts_where_its_rules_and_ours_differ(directory, run):
    behind = elasticsearch(directory)
    with answering(lambda asked: good({"acknowledged": True}) if asked.method == "PUT" else behind(asked)) as lenient:
        done = run("put", "sst-2-draft", "sentiment", "-r", "-o", "json", "--catalog", lenient.url)
        assert done.code == 0
        assert done.document["changes"][0]["result"] == "reassigned"
    refusing = error(400, "status_exception", "no, and this is why")
    with answering(lambda asked: refusing if asked.method == "PUT" else behind(asked)) as strict:
        done = run("put", SLIM, "slim", "-o", "json", "--catalog", strict.url)
    assert done.code == 3
    assert done.document["error"] == {
        "type": "status_exception",
        "reason": "no, and this is why",
        "rule": None,
        "hint": None,
    }


def test_a_message_has_no_place_to_be_kept(cluster, run):
    done = run("put", SLIM, "slim", "-m", "why", "--catalog", cluster.url)
    assert "warning: a cluster keeps no history, and no message\n" in done.err


@pytest.mark.parametrize(
    ("words", "moment", "code", "text"),
    [
        (["put", SLIM, "slim"], 2, 3, "names the model"),
        (["put", SLIM, "slim", "-r"], 2, 3, "names the model"),
        (["put", NEW, "flight_delay_model", "--if-current", OLD], 2, 5, f"names '{LATE}', not '{OLD}'"),
        (["delete", "is-flight-late"], 1, 5, "not"),
    ],
    ids=spelled,
)
def test_a_change_between_our_read_and_our_write_is_noticed(words, moment, code, text, directory, run):
    behind = elasticsearch(directory)
    other = {"is-flight-late": OLD}.get(words[1], LATE)
    alias = words[1] if words[0] == "delete" else words[2]

    def answer(asked):
        told = behind(asked)
        if len(racing.front.asked) == moment:
            _overwrite(directory, alias, other)
        return told

    with answering(answer) as racing:
        done = run(*words, "--catalog", racing.url)
    assert done.code == code, done.err
    assert text in done.err
    assert DirectoryStore(directory).read().aliases[alias] == other


def _overwrite(directory, alias, model_id):
    """What somebody else does, past all rules."""
    path = directory / "aliases.toml"
    lines = [line for line in path.read_text().splitlines() if not line.startswith(f"{alias} =")]
    path.write_text("\n".join([*lines, f'{alias} = "{model_id}"\n']))


# --- apply ---


@pytest.fixture
def declared(tmp_path):
    def write(**aliases):
        path = tmp_path / "declared.toml"
        path.write_text("[aliases]\n" + "".join(f'{alias} = "{target}"\n' for alias, target in aliases.items()))
        return path

    return write


def test_apply_ends_alike_on_both(place, directory, declared, run):
    path = declared(flight_delay_model=NEW, alpha=SLIM, sentiment=SST, elser=".elser_model_2")
    words = ["apply", path, "--prune", "--only", "[aefis][!l]*", "-o", "json", "--catalog", place]
    assert run(*words, "--check").code == 6
    done = run("apply", path, "-o", "json", "--catalog", place)
    assert done.code == 0, done.err
    assert DirectoryStore(directory).read().aliases["alpha"] == SLIM
    assert run("apply", path, "--check", "--catalog", place).code == 0


def test_apply_that_the_rules_refuse_sends_nothing(place, directory, declared, run):
    before = dict(DirectoryStore(directory).read().aliases)
    path = declared(alpha=SLIM, flight_delay_model=LATE, beta="missing")
    done = run("apply", path, "-o", "json", "--catalog", place)
    assert done.code == 3
    assert [one["rule"] for one in done.document["errors"]] == ["model_missing", "inference_type_differs"]
    assert DirectoryStore(directory).read().aliases == before


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


def test_apply_that_would_delete_what_a_pipeline_names_sends_nothing(place, directory, declared, run):
    before = dict(DirectoryStore(directory).read().aliases)
    path = declared(alpha=SLIM)
    done = run("apply", path, "--prune", "-o", "json", "--catalog", place)
    assert done.code == 5
    assert "named by the ingest pipeline" in done.document["error"]["reason"]
    assert DirectoryStore(directory).read().aliases == before


def test_apply_does_without_pipelines_that_it_may_not_read(directory, declared, run):
    """Then it is the server that refuses the deletion, and the rest is done."""
    behind = elasticsearch(directory)
    denied = error(403, "security_exception", "action is unauthorized for user [x]")
    with answering(lambda asked: denied if asked.parts[0] == "_ingest" else behind(asked)) as cluster:
        words = ["apply", declared(alpha=SLIM), "--prune", "--only", "[af]*", "--catalog", cluster.url]
        done = run(*words)
        assert done.code == 5
        assert "server: the alias 'flight_delay_model' is named by the ingest pipeline 'flights'" in done.err
        assert "of 3 changes, 1 made ('alpha') and 2 not made ('flight_delay_model', 'flight_delayed')" in done.err
        asked = run("delete", "flight_delay_model", "-n", "--catalog", cluster.url)
        assert asked.code == 9
        assert "read_pipeline is missing" in asked.err


@pytest.mark.parametrize(
    ("failing", "code"),
    [
        (error(403, "security_exception", "action is unauthorized for user [x]"), 9),
        (error(409, "status_exception", "a pipeline names it"), 5),
        (error(404, "resource_not_found_exception", "gone"), 4),
        (error(400, "status_exception", "no"), 3),
        (Told(close=-1), 9),
    ],
    ids=["403", "409", "404", "400", "closed"],
)
def test_apply_that_stops_tells_what_was_done_and_a_second_run_ends_it(failing, code, directory, declared, run):
    behind = elasticsearch(directory)
    path = declared(alpha=SLIM, flight_delay_model=NEW, sentiment="sst-2-next", elser=".elser_model_2")
    broken = threading.Event()

    def answer(asked):
        fails = "model_aliases/flight_delay_model" in asked.path and not broken.is_set()
        return failing if fails else behind(asked)

    with answering(answer) as cluster:
        done = run("apply", path, "-o", "json", "--catalog", cluster.url)
        assert done.code == code, done.err
        told = done.document
        unknown = ["flight_delay_model"] if failing.close else []
        assert [change["model_alias"] for change in told["unknown"]] == unknown
        assert unknown + [one["model_alias"] for one in told["not_done"]] == ["flight_delay_model", "sentiment"]
        made = [change for change in done.document["changes"] if change["result"] != "unchanged"]
        assert [change["model_alias"] for change in made] == ["alpha"]
        assert "; of 3 changes, 1 made ('alpha') and " in told["error"]["reason"]
        assert told["error"]["reason"].endswith("'sentiment')")
        again = run("apply", path, "--catalog", cluster.url)
        assert again.code == code
        assert re.search("^not sent +sentiment", again.out, re.MULTILINE)
        broken.set()
        assert run("apply", path, "--catalog", cluster.url).code == 0
        assert run("apply", path, "--check", "--catalog", cluster.url).code == 0


def test_facts_go_home_and_aliases_go_out(cluster, tmp_path, run, fenced):
    """`export` of a cluster is what `import` reads, and `export` of a directory what `apply` on a cluster reads."""
    exported = run("export", "--catalog", cluster.url)
    assert exported.out == run("export", "--catalog", cluster.directory).out
    home = tmp_path / "home-catalog"
    _stdin(fenced, exported.out)
    assert run("import", "-", "--catalog", home).code == 0
    assert run("export", "--catalog", home).out == exported.out
    run("put", NEW, "flight_delay_model", "-r", "--catalog", home)
    _stdin(fenced, run("export", "--catalog", home).out)
    assert run("apply", "-", "--check", "--catalog", cluster.url).code == 6
    _stdin(fenced, run("export", "--catalog", home).out)
    done = run("apply", "-", "--strict", "--catalog", cluster.url)
    assert done.code == 0
    assert "the models and pipelines in standard input are ignored: a cluster has its own\n" in done.err
    assert run("resolve", "flight_delay_model", "--catalog", cluster.url).out == f"{NEW}\n"


def _stdin(monkeypatch, text):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))


# --- waiting for deployments ---


@pytest.mark.parametrize("command", ["put", "apply"])
def test_wait_holds_a_change_back_until_its_deployments_run(command, directory, declared, run):
    behind = elasticsearch(directory)
    stats = {"sst-2-draft": 0}

    def answer(asked):
        if asked.path.endswith("sst-2-draft/_stats"):
            stats["sst-2-draft"] += 1
            if stats["sst-2-draft"] == 2:
                _deploy(directory, "sst-2-draft")
        return behind(asked)

    words = {"put": ["put", "sst-2-draft", "sentiment", "-r"], "apply": ["apply", declared(sentiment="sst-2-draft")]}
    with answering(answer) as cluster:
        done = run(*words[command], "--wait", "20", "--catalog", cluster.url)
    assert done.code == 0, done.err
    assert done.err.startswith("waiting for up to 20 seconds: the alias 'sentiment' cannot move")
    assert DirectoryStore(directory).read().aliases["sentiment"] == "sst-2-draft"


def _deploy(directory, model_id):
    with (directory / "models" / f"{model_id}.toml").open("a") as file:
        file.write(
            '\n[[deployments]]\ndeployment_id = "d"\nstate = "started"\n'
            "allocation_count = 1\ntarget_allocation_count = 1\n"
        )


def test_wait_ends(cluster, run):
    done = run("put", "sst-2-draft", "sentiment", "-r", "--wait", "0.2", "--catalog", cluster.url)
    assert done.code == 3
    assert "--wait 300" in done.err
    assert run("put", "missing", "slim", "--wait", "60", "--catalog", cluster.url).code == 4


def test_wait_is_for_a_cluster(directory, run):
    done = run("put", "sst-2-draft", "sentiment", "-r", "--wait", "5", "--catalog", directory)
    assert done.code == 2
    assert "--wait is for a cluster" in done.err


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


@pytest.mark.parametrize(
    ("words", "most"),
    [
        (["list", "-o", "json"], 5),
        (["resolve", "alias-10-a"], 1),
        (["resolve", "model-0007"], 1),
        (["put", "model-0007", "new"], 3),
        (["put", "model-0007", "alias-10-a", "-r"], 3),
        (["put", "model-0007", "alias-10-a", "--if-current", "model-0010"], 4),
        (["put", "model-0007", "alias-10-a", "-r", "-n"], 2),
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
    assert front.sent < (1_500_000 if words[0] == "list" else 2000)
    assert all("filter_path" in asked.parameters for asked in front.asked if asked.method == "GET")


def test_apply_of_many_aliases_asks_for_all_of_them_at_once(large, declared, run):
    url, front = large
    front.asked.clear()
    path = declared(**{f"alias-{number}-a": f"model-{number + 1:04}" for number in range(0, 2000, 10)})
    assert run("apply", path, "--check", "--catalog", url).code == 6
    assert len(front.asked) <= 16 + 5


def test_the_sample_is_left_alone_by_another_store(directory):
    """The table above holds only if a directory judges like the small Elasticsearch, which it does by being one."""
    plan = DirectoryStore(directory).change(put(SLIM, "slim"), "put")
    assert plan.revision == 2
    assert main(["verify", "--catalog", str(directory)]) == 0
