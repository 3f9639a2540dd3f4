"""The same commands on a directory and on a cluster: same outcomes, same exit codes."""

import io
import re

import pytest
from cluster_support import PRODUCT, Told, answering, elasticsearch, spelled
from harness import LATE, NEW, OLD, SLIM, SST

from mlalias.stores.directory.store import DirectoryStore


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
        (["put", NEW, "flight_delay_model", "--if-current", SLIM], 5, ["if_current"]),
        (["put", NEW, "slim", "--if-current", SLIM], 5, ["if_current"]),
        (["put", SLIM, "flight_delay_model", "-r", "--strict"], 3, ["few_shared_fields"]),
        (["delete", "nothing"], 4, ["not_found"]),
        (["delete", SLIM], 4, ["not_found"]),
        (["delete", "a b"], 4, ["not_found"]),
        (["delete", "is-flight-late", "--model", OLD], 5, ["names_another_model"]),
        (["delete", "flight_delay_model"], 5, ["in_use"]),
        (["put", "sst-2-draft", "sentiment", "-r", "-n"], 3, ["not_deployed"]),
        (["delete", "flight_delay_model", "-n"], 5, ["in_use"]),
    ],
    ids=spelled,
)
def test_a_change_ends_alike_on_both(words, code, expected, place, sample, run):
    before = dict(DirectoryStore(sample).read().aliases)
    done = run(*words, "-o", "json", "--catalog", place)
    assert done.code == code, done.err
    if code == 0:
        keys = ("result", "model_alias", "model_id", "previous_model_id")
        assert [tuple(change[key] for key in keys) for change in done.json["changes"]] == expected
        assert done.json["acknowledged"] is True
        for _, alias, model_id, _ in expected:
            before.pop(alias, None)
            before |= {alias: model_id} if model_id else {}
    else:
        rules = [one["rule"] for one in done.json["errors"]]
        assert rules == expected or (rules, expected) == (
            ["conflict"],
            ["in_use"],
        )  # a server does not say why it refuses
        assert done.json["status"] == {3: 400, 4: 404, 5: 409}[code]
    assert DirectoryStore(sample).read().aliases == before


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
@pytest.mark.parametrize("form", ["table", "json"])
def test_a_question_is_answered_alike_by_both(words, code, form, cluster, run):
    local = run(*words, "-o", form, "--catalog", cluster.directory)
    live = run(*words, "-o", form, "--catalog", cluster.url)
    assert (local.code, live.code) == (code, code), live.err
    assert _unplaced(_without_reach(live.out), cluster) == _unplaced(_without_history(local.out), cluster)
    assert cluster.front.writes == []


def _unplaced(text, cluster):
    return text.replace(cluster.url, "PLACE").replace(str(cluster.directory), "PLACE")


def _without_reach(text):
    """What a directory can tell, too: where documents come from is asked of a cluster alone."""
    text = re.sub(r'("users_unknown": )\{[^}]*\}', r"\1{}", text)
    return re.sub(r"^(documents:|\S+\tdocuments\t).*\n", "", text, flags=re.MULTILINE)


def _without_history(text):
    """What a cluster can tell, too."""
    text = re.sub(r'"last_change": \{.*?\n      \}', '"last_change": null', text, flags=re.DOTALL)
    return re.sub(r"^(last change:|\S+\tlast change\t).*\n", "", text, flags=re.MULTILINE)


@pytest.mark.parametrize(
    ("words", "instead"),
    [
        (["import", "x"], "copy a cluster's facts: mlalias export --catalog URL | mlalias import - --catalog DIR"),
        (["forget", "x"], "delete the model on the cluster: DELETE _ml/trained_models/MODEL_ID"),
        (["serve"], "use the cluster itself"),
    ],
)  # fmt: skip
def test_what_a_cluster_cannot_do_says_what_to_use_instead(words, instead, cluster, run):
    done = run(*words, "--catalog", cluster.url)
    assert (done.code, done.err.splitlines()) == (
        2,
        [
            f"error: `{words[0]}` works on a catalog in a directory, not on a cluster",
            f"hint: {instead.replace('CLUSTER', cluster.url)}",
        ],
    )
    assert cluster.front.asked == []


@pytest.mark.parametrize("words", [["history"], ["history", "sentiment"], ["rollback", "sentiment"]], ids=spelled)
def test_a_cluster_without_a_history_says_how_to_get_one(words, cluster, run):
    done = run(*words, "--catalog", cluster.url)
    hint = f"hint: to keep one from now on: mlalias init --catalog {cluster.url}"
    assert (done.code, done.err.splitlines()) == (4, ["error: this cluster keeps no history", hint])
    assert cluster.front.writes == []


def test_facts_go_home_and_aliases_go_out(cluster, tmp_path, run, monkeypatch):
    """`export` of a cluster is what `import` reads, and `export` of a directory what `apply` on a cluster reads."""
    exported = run("export", "--catalog", cluster.url)
    assert exported.out == run("export", "--catalog", cluster.directory).out
    answer = ["export", "flight*", "--format", "elasticsearch", "--catalog"]
    assert run(*answer, cluster.url).out == run(*answer, cluster.directory).out
    home = tmp_path / "home-catalog"
    _stdin(monkeypatch, exported.out)
    assert run("import", "-", "--catalog", home).code == 0
    assert run("export", "--catalog", home).out == exported.out
    run("put", NEW, "flight_delay_model", "-r", "--catalog", home)
    _stdin(monkeypatch, run("export", "--catalog", home).out)
    assert run("apply", "-", "--check", "--catalog", cluster.url).code == 6
    _stdin(monkeypatch, run("export", "--catalog", home).out)
    done = run("apply", "-", "--strict", "--catalog", cluster.url)
    assert done.code == 0
    assert (
        "the models, pipelines, endpoints and fields in standard input are ignored: a cluster has its own\n" in done.err
    )
    assert run("resolve", "flight_delay_model", "--catalog", cluster.url).out == f"{NEW}\n"


def _stdin(monkeypatch, text):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))


def test_a_cluster_without_a_pipeline(sample, run):
    """Elasticsearch answers that with 404 and an empty object."""
    behind = elasticsearch(sample)
    none = Told({}, 404, PRODUCT)
    with answering(lambda asked: none if asked.parts[0] == "_ingest" else behind(asked)) as cluster:
        assert "pipelines:            none\n" in run("show", "sentiment", "--catalog", cluster.url).out
