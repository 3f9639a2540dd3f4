"""What is read of a cluster: all of it, however large it is, and as far as a key may see it."""

import json
import re
from fnmatch import fnmatchcase

import pytest
from cluster_support import PRODUCT, Told, answering, elasticsearch, error, good

# --- more models than a server lists ---

WINDOW = 10_000
GONE = "ab.00007"  # between the list of models and their stats


def _server(ids):
    """Models as a server lists them: no further than its search looks, as index.max_result_window says.

    https://www.elastic.co/docs/reference/elasticsearch/index-settings/index-modules#index-max-result-window
    """

    def answer(asked):
        if asked.parts[0] == "_ingest":
            return Told({}, 404, PRODUCT)
        patterns = asked.parts[2].split(",") if len(asked.parts) > 2 else ["*"]
        if asked.path.endswith("/_stats") and GONE in patterns:
            return error(404, "resource_not_found_exception", "one of them is not there")
        if asked.path.endswith("/_stats"):
            return good({"count": len(patterns), "trained_model_stats": [_stats(each) for each in patterns]})
        start, size = int(asked.parameters["from"]), int(asked.parameters["size"])
        if start + size > WINDOW:
            return error(400, "search_phase_execution_exception", "all shards failed")
        found = [model_id for model_id in ids if any(fnmatchcase(model_id, pattern) for pattern in patterns)]
        configs = [{"model_id": model_id, "model_type": "pytorch"} for model_id in found[start : start + size]]
        return good({"count": len(found), "trained_model_configs": configs})

    return answer


def _stats(model_id):
    deployment = {"deployment_id": model_id, "model_id": model_id, "state": "started"}
    return {"model_id": model_id, "deployment_stats": deployment | {"allocation_status": {"allocation_count": 1}}}


@pytest.mark.parametrize(
    "ids",
    [
        [f"m{number:05}" for number in range(WINDOW)],
        ["ab", ".packaged", *(f"ab{tail}{number:05}" for tail in (".", "9") for number in range(WINDOW // 2 + 1))],
    ],
    ids=["as many as it lists", "more"],
)
def test_every_model_is_read_however_many_there_are(ids, run):
    ids.sort()
    with answering(_server(ids)) as cluster:
        done = run("models", "-o", "tsv", "--catalog", cluster.url)
    assert done.code == 0, done.err
    assert [line.split("\t")[0] for line in done.out.splitlines()] == ids
    deployments = {line.split("\t")[0]: line.split("\t")[4] for line in done.out.splitlines()}
    assert deployments == {model_id: "unknown" if model_id == GONE else "started 1 running" for model_id in ids}
    assert all(len(asked.path) < 4096 - 500 for asked in cluster.front.asked)


# --- what a key may not read ---

DENIED = error(403, "security_exception", "action [x] is unauthorized for API key id [a]")
LACKS = "the cluster privilege read_pipeline is missing"


@pytest.fixture
def no_pipelines(sample):
    """A cluster behind a key with manage_ml alone, which does not hold read_pipeline."""
    behind = elasticsearch(sample)
    with answering(lambda asked: DENIED if asked.parts[0] == "_ingest" else behind(asked)) as cluster:
        yield cluster


@pytest.fixture
def no_stats(sample):
    behind = elasticsearch(sample)
    with answering(lambda asked: DENIED if asked.path.endswith("_stats") else behind(asked)) as cluster:
        yield cluster


@pytest.mark.parametrize("name", ["sentiment", "sst-2-next"])
def test_pipelines_that_may_not_be_read_are_not_known(name, no_pipelines, run):
    done = run("show", name, "--catalog", no_pipelines.url)
    assert (done.code, done.err) == (0, "")
    assert f" not known: {LACKS}\n" in done.out
    assert (
        f"{name}\tpipelines\tnot known: {LACKS}\n" in run("show", name, "-o", "tsv", "--catalog", no_pipelines.url).out
    )
    done = run("show", name, "-o", "json", "--catalog", no_pipelines.url)
    (record,) = done.json["aliases"] + done.json["models"]
    assert (done.code, record["pipelines"]) == (0, None)
    assert done.err == f"pipelines are not known: {LACKS}\n"


def test_the_rest_is_read_and_it_is_asked_once(no_pipelines, run):
    done = run("models", "-o", "json", "--catalog", no_pipelines.url)
    assert (done.code, len(done.json["models"])) == (0, 12)
    assert {model["pipelines"] for model in done.json["models"]} == {None}
    assert no_pipelines.front.lines.count("GET /_ingest/pipeline") == 1
    for words in (["export"], ["export", "sentiment"]):
        done = run(*words, "--catalog", no_pipelines.url)
        assert (done.code, done.err) == (0, f"pipelines are left out: {LACKS}\n")
        assert "[pipelines]" not in done.out
    assert run("export", "--format", "elasticsearch", "--catalog", no_pipelines.url).err == ""


def test_a_deletion_is_left_to_the_server_which_sees_the_pipelines(no_pipelines, run):
    unknown = f"warning: whether an ingest pipeline uses the alias 'flight_delay_model' is not known: {LACKS}\n"
    assert run("delete", "flight_delay_model", "-n", "--catalog", no_pipelines.url).err == unknown
    done = run("delete", "flight_delay_model", "--catalog", no_pipelines.url)
    assert done.code == 5
    assert "used by the ingest pipeline 'flights'" in done.err
    assert run("delete", "flight_delayed", "--catalog", no_pipelines.url).code == 0


def test_deployments_that_may_not_be_read_are_unknown(no_stats, run):
    done = run("list", "-o", "json", "--catalog", no_stats.url)
    deployments = {alias["model_alias"]: alias["deployments"] for alias in done.json["aliases"]}
    assert (deployments["sentiment"], deployments["flight_delay_model"]) == (None, [])
    assert re.search("^sentiment .* unknown$", run("list", "--catalog", no_stats.url).out, re.MULTILINE)
    words = ["put", "sst-2-draft", "sentiment", "-r", "--catalog", no_stats.url]
    done = run(*words, "-n", "-o", "json")
    assert {rule["rule"] for rule in done.json["rules"] if rule["outcome"] == "warn"} >= {"not_deployed"}
    assert run(*words, "--strict").code == 3
    assert no_stats.front.writes == []
    done = run(*words)
    assert (done.code, "which is not" in done.err) == (3, True)  # the server knows, and its words count


@pytest.mark.parametrize(
    ("stats", "running"),
    [
        ({"nodes": []}, "unknown"),
        ({"nodes": [{"routing_state": {"routing_state": "started"}, "number_of_allocations": 2}]}, "2 running"),
        ({"nodes": [{"routing_state": {"routing_state": "starting"}}]}, "0 running"),
    ],
)
def test_stats_without_a_state_are_not_taken_for_none(stats, running, sample, run):
    """As a serverless project may answer: https://github.com/elastic/kibana/pull/180480."""
    behind = elasticsearch(sample)

    def answer(asked):
        if not asked.path.endswith("_stats"):
            return behind(asked)
        entry = {"deployment_id": "d", "model_id": "sst-2-next", **stats}
        return good({"count": 1, "trained_model_stats": [{"model_id": "sst-2-next", "deployment_stats": entry}]})

    with answering(answer) as cluster:
        assert f"d {running}\n" in run("show", "sst-2-next", "--catalog", cluster.url).out


# --- odd entries ---

LONG = "churn-" + "x" * 58 + "-1580004349800"  # a job id of 64 characters, and what data frame analytics adds


@pytest.mark.parametrize("name", [LONG, "x" * 300, "Prod", "../etc", "v1"])
def test_a_model_of_any_name_is_shown_and_makes_nothing_else_unreadable(name, sample, run):
    behind = elasticsearch(sample)
    odd = {"model_id": name, "model_type": "tree_ensemble", "metadata": {"model_aliases": ["odd"]}}

    def answer(asked):
        told = behind(asked)
        listing = asked.parts == ["_ml", "trained_models"]
        if listing or asked.parts[-1] in (name, "odd"):
            configs = json.loads(told.body)["trained_model_configs"] if listing else []
            return good({"count": len(configs) + 1, "trained_model_configs": [*configs, odd]})
        return told

    with answering(answer) as cluster:
        listed = run("models", "-o", "json", "--catalog", cluster.url)
        assert (listed.code, listed.err, len(listed.json["models"])) == (0, "", 13)
        assert name in [model["model_id"] for model in listed.json["models"]]
        assert f"odd\t{name}\t" in run("list", "-o", "tsv", "--catalog", cluster.url).out
        assert run("resolve", "odd", "--catalog", cluster.url).out == f"{name}\n"
        assert run("export", "--catalog", cluster.url).code == 0


def test_a_model_whose_id_data_frame_analytics_made_is_moved(sample, run):
    behind = elasticsearch(sample)
    (sample / "models" / f"{LONG}.toml").write_text('model_type = "tree_ensemble"\ninference_config.regression = {}\n')
    with answering(behind) as cluster:
        assert run("put", LONG, "churn", "--catalog", cluster.url).code == 0
        assert run("resolve", "churn", "--catalog", cluster.url).out == f"{LONG}\n"
        assert run("put", "flight-delay-slim-1612000000000", "churn", "-r", "--catalog", cluster.url).code == 0


@pytest.mark.parametrize(
    ("entry", "fault"),
    [
        ({"model_id": "odd", "estimated_operations": 2**64}, "holds a whole number of more than 64 bits"),
        ({"model_id": "odd", "tags": [3]}, "that is not a list of strings"),
        ({"model_id": "odd", "inference_config": {"a": {}, "b": {}}}, "does not have exactly one inference type"),
        ({}, "model_id"),
        (7, "that is not a table"),
    ],
)
def test_a_model_that_cannot_be_read_is_left_out_and_named(entry, fault, sample, run):
    behind = elasticsearch(sample)

    def answer(asked):
        told = behind(asked)
        if asked.parts != ["_ml", "trained_models"]:
            return told
        document = json.loads(told.body)
        return good({"count": 13, "trained_model_configs": [*document["trained_model_configs"], entry]})

    with answering(answer) as cluster:
        done = run("models", "-o", "json", "--catalog", cluster.url)
    assert (done.code, len(done.json["models"])) == (0, 12)
    assert done.err.startswith(f"warning: the answer of {cluster.url} ")
    assert fault in done.err
    assert done.err.endswith(": left out\n")
    assert done.err.count("\n") == 1


def test_a_pipeline_that_cannot_be_read_hides_no_other(sample, run):
    behind = elasticsearch(sample)

    def answer(asked):
        told = behind(asked)
        if asked.parts[0] != "_ingest":
            return told
        return good(json.loads(told.body) | {"odd": {"processors": [{"set": {"field": "a", "value": 2**64}}]}})

    with answering(answer) as cluster:
        done = run("show", "sentiment", "-o", "json", "--catalog", cluster.url)
    assert (done.code, done.json["aliases"][0]["pipelines"]) == (0, ["reviews"])
