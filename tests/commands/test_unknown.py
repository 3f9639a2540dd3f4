"""Facts that nobody told of: shown and judged as unknown, in every document, on disk and on the screen."""

import json

import pytest
from harness import contents

STATS = "import GET _ml/trained_models/_stats"
EMBEDDERS = """
[aliases]
search = "embed-old"
[models.embed-old]
model_type = "pytorch"
[models.embed-new]
model_type = "pytorch"
"""


def model(model_id, **config):
    return {"model_id": model_id, "model_type": "pytorch", **config}


def deployed(model_id, **stats):
    return {"model_id": model_id, "deployment_stats": {"deployment_id": model_id, "model_id": model_id, **stats}}


def node(state, **more):
    return {"routing_state": {"routing_state": state}, **more}


@pytest.fixture
def take(run, tmp_path):
    """Import answers, each from a file of its own."""

    def take(*answers, options=()):
        paths = []
        for index, answer in enumerate(answers):
            paths.append(tmp_path / f"answer{index}.json")
            paths[-1].write_text(json.dumps(answer))
        return run("import", *paths, *options)

    return take


def models(*entries):
    return {"count": len(entries), "trained_model_configs": list(entries)}


def stats(*entries):
    return {"count": len(entries), "trained_model_stats": list(entries)}


# --- deployments ---


def test_models_without_stats_have_unknown_deployments_and_import_says_so_once(run, take):
    ran = take(models(model("a"), model("b"), {"model_id": "tree", "model_type": "tree_ensemble"}))
    assert ran.err == f"warning: whether 'a' and 1 other model are deployed is not known: {STATS}\n"
    told = {one["model_id"]: one["deployments"] for one in run("models", "-o", "json").json["models"]}
    assert told == {"a": None, "b": None, "tree": []}
    assert [line.split()[3] for line in run("models").out.splitlines()[1:3]] == ["unknown", "unknown"]
    assert "deployment:    unknown\n" in run("show", "a").out
    assert run("models", "-o", "tsv").out.splitlines()[0].split("\t")[4] == "unknown"


def test_none_is_kept_apart_from_unknown_on_disk_and_in_exports(run, take, catalog, tmp_path):
    take(models(model("known"), model("unknown")), stats({"model_id": "known"}))
    assert "deployments = []" in (catalog / "models" / "known.toml").read_text()
    assert "deployments" not in (catalog / "models" / "unknown.toml").read_text()
    exported = tmp_path / "export.toml"
    exported.write_text(run("export").out)
    for command in ("import", "apply"):
        other = tmp_path / command
        assert run(command, exported, "--catalog", other).code == 0
        told = {
            one["model_id"]: one["deployments"]
            for one in run("models", "-o", "json", "--catalog", other).json["models"]
        }
        assert told == {"known": [], "unknown": None}


def test_an_import_without_deployments_leaves_known_ones_alone(run, take, seed):
    take(
        models(model("a")),
        stats(deployed("a", state="started", allocation_status={"allocation_count": 1, "target_allocation_count": 1})),
    )
    seed('[models.a]\nmodel_type = "pytorch"\ndescription = "new"')
    assert run("models", "-o", "json").json["models"][0]["deployments"][0]["allocation_count"] == 1
    seed('[models.a]\nmodel_type = "pytorch"\ndeployments = []')
    assert run("models", "-o", "json").json["models"][0]["deployments"] == []


def test_a_model_that_becomes_another_kind_is_not_deployed_as_before(run, take):
    take(models(model("a")), stats({"model_id": "a"}))
    take(models(model("a", model_type="tree_ensemble")))
    assert run("models", "-o", "json").json["models"][0]["deployments"] == []
    take(models(model("a")))
    assert run("models", "-o", "json").json["models"][0]["deployments"] is None


@pytest.mark.parametrize(
    ("told", "count", "text"),
    [
        ({"nodes": [node("started", number_of_allocations=1)]}, 1, "1 running"),
        ({"nodes": [node("started", number_of_allocations=3), node("started"), node("starting")]}, 4, "4 running"),
        ({"nodes": [node("starting")]}, 0, "0 running"),
        ({"nodes": []}, None, "unknown"),
        ({}, None, "unknown"),
        ({"nodes": [{"number_of_allocations": 2}]}, None, "unknown"),
        ({"state": "started", "nodes": []}, None, "started"),
        ({"state": "started", "nodes": [node("started")]}, 1, "started 1 running"),
        ({"state": "stopping"}, 0, "stopping 0/0"),
        ({"state": "failed", "nodes": [node("failed")]}, 0, "failed 0/0"),
        ({"allocation_status": {"allocation_count": 1, "target_allocation_count": 2}, "nodes": []}, 1, "1/2"),
    ],
)
def test_allocations_of_serverless_are_counted_on_the_nodes_or_not_known(run, take, told, count, text):
    take(models(model("m", metadata={"model_aliases": ["search"]})), stats(deployed("m", **told)))
    record = run("list", "-o", "json").json["aliases"][0]
    assert record["deployments"][0]["allocation_count"] == count
    assert run("list", "-o", "tsv").out == f"search\tm\tpytorch\t\t0\t{text}\n"
    assert run("list").out.splitlines()[1].endswith(f"  {text}")


def test_a_move_that_hangs_on_unknown_allocations_warns(run, take):
    running = deployed("m", nodes=[node("started", number_of_allocations=1)])
    take(
        models(model("m", metadata={"model_aliases": ["search"]}), model("n")), stats(running, deployed("n", nodes=[]))
    )
    ran = run("put", "n", "search", "-r", "-n", "-o", "json")
    assert ran.code == 0
    assert {one["rule"]: one["outcome"] for one in ran.json["rules"]}["not_allocated"] == "warn"
    assert [one["rule"] for one in ran.json["warnings"]] == ["not_allocated"]
    assert run("put", "n", "search", "-r", "--strict").code == 3


def test_strict_refuses_to_apply_what_hangs_on_unknown_deployments(run, seed, catalog, tmp_path):
    seed(EMBEDDERS)
    before = contents(catalog)
    (tmp_path / "d.toml").write_text('[aliases]\nsearch = "embed-new"')
    assert run("apply", tmp_path / "d.toml", "--strict").code == 3
    assert contents(catalog) == before
    ran = run("apply", tmp_path / "d.toml")
    assert (ran.code, f"whether 'embed-old' and 'embed-new' are deployed is not known: {STATS}" in ran.err) == (0, True)


def test_stats_that_take_a_deployment_away_name_it(run, take):
    both = stats(
        deployed("m", state="started"),
        {**deployed("m"), "deployment_stats": {"deployment_id": "other", "state": "started"}},
    )
    take(models(model("m")), both)
    ran = take(stats(deployed("m", state="started")))
    assert (ran.code, ran.err.count("warning: ")) == (0, 1)
    assert "the deployment 'other' of 'm' is not in " in ran.err
    assert take(stats({"model_id": "m"})).err.count("the deployment 'm' of 'm' is not in ") == 1


def test_stats_that_tell_of_none_where_nothing_was_known_are_a_change(run, take):
    take(models(model("m")))
    ran = take(stats({"model_id": "m"}), options=["-o", "json"])
    assert ran.json["facts"] == [{"result": "changed", "part": "deployments", "name": "m"}]
    assert take(stats({"model_id": "m"}), options=["-o", "json"]).json["changes"] == []


def test_forget_warns_of_unknown_deployments(run, take):
    take(models(model("m")))
    assert run("forget", "m").err.startswith("warning: whether 'm' was deployed is not known\n")


# --- models that cannot be read ---


def test_a_model_that_cannot_be_read_is_forgotten_by_force(run, seed, catalog):
    seed('[aliases]\nx = "bad"\n[models.bad]\n[models.good]')
    (catalog / "models" / "bad.toml").write_text("[broken")
    ran = run("forget", "bad")
    assert ran.code == 7
    assert ran.err.endswith("hint: to remove it anyway: mlalias forget bad --force\n")
    assert run("forget", "bad", "--force").code == 0
    assert (run("verify").code, run("list", "-o", "json").json["aliases"]) == (0, [])


# --- pipelines ---


def test_pipelines_are_not_known_until_an_answer_was_imported(run, take, seed, catalog):
    seed('[aliases]\nx = "m"\n[models.m]')
    assert "pipelines:     not known" in run("show", "x").out
    assert run("show", "m", "-o", "json").json["models"][0]["pipelines"] is None
    assert take({}).out == "recorded that there are no pipelines\n"
    assert (catalog / "pipelines.toml").read_text().startswith("[pipelines]\n")
    assert "pipelines:     none\n" in run("show", "x").out
    assert run("models", "-o", "json").json["models"][0]["pipelines"] == []
    assert "\n[pipelines]\n" in run("export").out
    before = contents(catalog)
    assert take({}).out == "nothing to do\n"
    assert contents(catalog) == before


# --- catalogs that are not there ---


@pytest.mark.parametrize("made", [False, True])
def test_verify_of_no_catalog_is_not_found(run, catalog, made):
    if made:
        catalog.mkdir()
    ran = run("verify")
    assert (ran.code, ran.out) == (4, "")
    assert ran.err.startswith(f"error: there is no catalog in '{catalog}'\n")


@pytest.mark.parametrize(
    "words",
    [
        ("list",),
        ("models",),
        ("history",),
        ("export",),
        ("list", "-o", "json"),
        ("resolve", "x"),
        ("show", "x"),
        ("compare", "x", "y"),
    ],
)
def test_reading_no_catalog_says_so(run, catalog, words):
    ran = run(*words)
    assert ran.err.startswith(f"there is no catalog in '{catalog}'\n")
    assert ran.code == (4 if "x" in words else 0)


def test_a_pattern_without_a_match_is_named(run, sample):
    assert run("models", "x*") == (0, "", "no model matches 'x*'\n")
    assert run("list", "x*", "y*") == (0, "", "no alias matches 'x*' or 'y*'\n")


def test_only_that_matches_nothing_is_a_warning(run, sample, tmp_path):
    path = tmp_path / "d.toml"
    path.write_text('[aliases]\nelser = ".elser_model_2"')
    ran = run("apply", path, "--only", "nope*", "--only", "els*")
    assert (ran.code, ran.err) == (0, "warning: no alias matches 'nope*'\n")
    assert run("apply", path, "--only", "nope").code == 4
