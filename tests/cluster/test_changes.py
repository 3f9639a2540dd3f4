"""One change on a cluster: what is said, what counts, what is noticed, what is waited for."""

import pytest
from cluster_support import answering, elasticsearch, error, good, spelled, warning
from harness import LATE, NEW, OLD, SLIM
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlalias.stores.directory.store import DirectoryStore


def test_the_first_write_names_the_cluster_and_where_its_address_is_from(cluster, run, monkeypatch):
    assert run("put", SLIM, "slim", "--catalog", cluster.url).err.startswith(f"on {cluster.url} (from --catalog)\n")
    monkeypatch.setenv("MLALIAS_CATALOG", cluster.url)
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
    done = run("delete", "is-flight-late", "--catalog", cluster.url)
    assert f"hint: to undo: mlalias put {LATE} is-flight-late --catalog {cluster.url}\n" in done.err


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, []),
        ({"Warning": '299 Elasticsearch-9.1.0-a "old \\"way\\" \\\\ 100%25 %C3%A9"'}, ['old "way" \\ 100% é']),
        ({"Warning": '299 Elasticsearch-9.1.0-a "one", 299 Elasticsearch-9.1.0-a "two, three"'}, ["one", "two, three"]),
    ],
)
def test_the_servers_warnings_are_the_ones_that_count(headers, expected, sample, run):
    """Ours about the fields is not told if the server does not warn, and whatever else it says is."""
    behind = elasticsearch(sample)

    def answer(asked):
        return good({"acknowledged": True}, **headers) if asked.method == "PUT" else behind(asked)

    with answering(answer) as quiet:
        done = run("put", SLIM, "flight_delay_model", "-r", "-o", "json", "--catalog", quiet.url)
    assert [one["message"] for one in done.json["warnings"]] == expected


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60), max_size=3))
def test_any_warning_comes_through_as_it_was_meant(texts, run):
    """Quotes, backslashes, commas, percent signs, line ends and all of Unicode."""
    header = {"Warning": ", ".join(warning(text) for text in texts)} if texts else {}

    def answer(asked):
        return good({"acknowledged": True}, **header) if asked.method == "PUT" else good({"count": 0})

    with answering(answer) as cluster:
        done = run("put", "model", "alias", "-o", "json", "--catalog", cluster.url)
    assert [one["message"] for one in done.json["warnings"]] == texts


def test_a_change_that_not_all_nodes_confirmed_is_a_warning(sample, run):
    behind = elasticsearch(sample)
    with answering(lambda asked: good({"acknowledged": False}) if asked.method == "PUT" else behind(asked)) as slow:
        done = run("put", SLIM, "slim", "--catalog", slow.url)
    assert done.code == 0
    assert "not all of the cluster's nodes have confirmed it" in done.err


def test_the_servers_answer_counts_where_its_rules_and_ours_differ(sample, run):
    behind = elasticsearch(sample)
    with answering(lambda asked: good({"acknowledged": True}) if asked.method == "PUT" else behind(asked)) as lenient:
        done = run("put", "sst-2-draft", "sentiment", "-r", "-o", "json", "--catalog", lenient.url)
        assert done.code == 0
        assert done.json["changes"][0]["result"] == "reassigned"
    refusing = error(400, "status_exception", "no, and this is why")
    with answering(lambda asked: refusing if asked.method == "PUT" else behind(asked)) as strict:
        done = run("put", SLIM, "slim", "-o", "json", "--catalog", strict.url)
    assert done.code == 3
    assert done.json["error"] == {
        "type": "status_exception",
        "reason": "no, and this is why",
        "rule": "refused",
        "hint": None,
        "model_alias": None,
    }


def test_a_message_has_no_place_to_be_kept(cluster, run):
    done = run("put", SLIM, "slim", "-m", "why", "--catalog", cluster.url)
    assert "warning: the message is not kept, as this change is not recorded in a history\n" in done.err


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
def test_a_change_between_our_read_and_our_write_is_noticed(words, moment, code, text, sample, run):
    behind = elasticsearch(sample)
    other = {"is-flight-late": OLD}.get(words[1], LATE)
    alias = words[1] if words[0] == "delete" else words[2]

    def answer(asked):
        told = behind(asked)
        if len(racing.front.asked) == moment:
            _overwrite(sample, alias, other)
        return told

    with answering(answer) as racing:
        done = run(*words, "--catalog", racing.url)
    assert done.code == code, done.err
    assert text in done.err
    assert DirectoryStore(sample).read().aliases[alias] == other


def _overwrite(sample, alias, model_id):
    """What somebody else does, past all rules."""
    path = sample / "aliases.toml"
    lines = [line for line in path.read_text().splitlines() if not line.startswith(f"{alias} =")]
    path.write_text("\n".join([*lines, f'{alias} = "{model_id}"\n']))


def test_a_cluster_has_no_history_to_be_sent_to(cluster, run):
    done = run("put", SLIM, "flight_delay_model", "--if-current", SLIM, "--catalog", cluster.url)
    assert done.code == 5
    assert done.err.endswith(f"hint: see what it is: mlalias show flight_delay_model --catalog {cluster.url}\n")
    done = run("delete", "sentiment", "--catalog", cluster.url)
    assert done.code == 5
    assert "mlalias forget" not in run("delete", SLIM, "--catalog", cluster.url).err


@pytest.mark.parametrize(
    ("words", "sent"),
    [
        (["put", NEW, NEW], False),
        (["put", NEW, "v1"], False),
        (["put", "../x", "new"], False),
        (["put", NEW, "flight_delay_model"], True),
        (["put", NEW, "sst-2-draft"], True),
        (["put", "missing", "new"], True),
        (["put", LATE, "flight_delay_model", "-r"], True),
        (["put", "lang_ident_model_1", "flight_delayed", "-r"], True),
        (["put", "sst-2-draft", "sentiment", "-r"], True),
        (["put", "idle", "sentiment", "-r"], True),
    ],
    ids=spelled,
)
def test_what_only_the_server_knows_is_left_to_it(words, sent, sample, run):
    """But for names, which never get into a path, the server judges, and its words are those that are shown."""
    idle = 'model_type = "pytorch"\ninference_config.text_classification = {}\n' + _deployed(0)
    (sample / "models" / "idle.toml").write_text(idle)
    behind = elasticsearch(sample)
    refusing = error(400, "status_exception", "the server says no")
    with answering(lambda asked: refusing if asked.method == "PUT" else behind(asked)) as cluster:
        done = run(*words, "-o", "json", "--catalog", cluster.url)
        assert len(cluster.front.writes) == sent
    assert (done.json["error"]["reason"] == "the server says no") == sent


# --- waiting for deployments ---


@pytest.mark.parametrize("command", ["put", "apply"])
@pytest.mark.parametrize("idle", [False, True])
def test_wait_holds_a_change_back_until_its_deployments_run(command, idle, sample, declared, run):
    behind = elasticsearch(sample)
    stats = {"sst-2-draft": 0}
    path = sample / "models" / "sst-2-draft.toml"
    undeployed = path.read_text().replace("deployments = []\n", "")
    if idle:
        path.write_text(undeployed + _deployed(0))

    def answer(asked):
        if asked.path.endswith("sst-2-draft/_stats"):
            stats["sst-2-draft"] += 1
            if stats["sst-2-draft"] == 2:
                path.write_text(undeployed + _deployed(1))
        return behind(asked)

    words = {"put": ["put", "sst-2-draft", "sentiment", "-r"], "apply": ["apply", declared(sentiment="sst-2-draft")]}
    with answering(answer) as cluster:
        done = run(*words[command], "--wait", "20", "--catalog", cluster.url)
    assert done.code == 0, done.err
    assert done.err.startswith("waiting for up to 20 seconds: the alias 'sentiment' cannot move")
    assert DirectoryStore(sample).read().aliases["sentiment"] == "sst-2-draft"


def _deployed(count):
    return (
        f'\n[[deployments]]\ndeployment_id = "d"\nstate = "started"\n'
        f"allocation_count = {count}\ntarget_allocation_count = 1\n"
    )


def test_wait_ends(cluster, run):
    done = run("put", "sst-2-draft", "sentiment", "-r", "--wait", "0.2", "--catalog", cluster.url)
    assert done.code == 3
    assert done.err.endswith(f"hint: see how it is deployed: mlalias show sst-2-draft --catalog {cluster.url}\n")
    done = run("put", "sst-2-draft", "sentiment", "-r", "--catalog", cluster.url)
    again = f"mlalias put sst-2-draft sentiment --reassign --wait 300 --catalog {cluster.url}"
    assert done.err.endswith(f"hint: once its deployment is started, wait until it runs: {again}\n")
    assert run("put", "missing", "slim", "--wait", "60", "--catalog", cluster.url).code == 4
    done = run("put", "lang_ident_model_1", "flight_delayed", "-r", "--wait", "60", "--catalog", cluster.url)
    assert (done.code, "waiting" in done.err) == (3, False)


def test_wait_is_for_a_cluster(sample, run):
    done = run("put", "sst-2-draft", "sentiment", "-r", "--wait", "5", "--catalog", sample)
    assert done.code == 2
    assert "--wait is for a cluster" in done.err
