"""Taking facts over: what each answer replaces, what is refused, what is said."""

import json
import tomllib

import pytest
from harness import SAMPLE, contents

A = {"model_id": "a", "model_type": "pytorch"}
B = {"model_id": "b", "model_type": "pytorch"}


def models(*entries, count=None):
    return {"count": len(entries) if count is None else count, "trained_model_configs": list(entries)}


def stats(count=None, **deployments):
    """Stats of models; each deployment is (id, state, running)."""
    entries = []
    for model_id, found in deployments.items():
        entries += [
            {
                "model_id": model_id,
                "deployment_stats": {
                    "deployment_id": name,
                    "state": state,
                    "allocation_status": {"allocation_count": running, "target_allocation_count": 1},
                },
            }
            for name, state, running in found
        ] or [{"model_id": model_id}]
    return {"count": len(deployments) if count is None else count, "trained_model_stats": entries}


def named(entry, *aliases):
    return {**entry, "metadata": {"model_aliases": list(aliases)}}


@pytest.fixture
def take(run, tmp_path):
    """Import documents, each from a file of its own."""

    def take(*documents, options=()):
        paths = []
        for index, document in enumerate(documents):
            paths.append(tmp_path / f"{index}.json")
            paths[-1].write_text(document if isinstance(document, str) else json.dumps(document))
        return run("import", *paths, *options)

    return take


def facts(run):
    told = run("models", "-o", "json").json["models"]
    return {
        model["model_id"]: model["deployments"]
        and [(one["deployment_id"], one["state"], one["allocation_count"]) for one in model["deployments"]]
        for model in told
    }


def test_configurations_leave_deployments_alone_and_stats_leave_configurations_alone(run, take):
    assert take(models(A, B), stats(a=[("x", "started", 1)])).code == 0
    assert take(models({**A, "description": "new"})).code == 0
    assert facts(run) == {"a": [("x", "started", 1)], "b": None}
    assert take(stats(a=[("y", "starting", 0), ("z", "started", 1)])).code == 0
    assert facts(run)["a"] == [("y", "starting", 0), ("z", "started", 1)]
    assert run("models", "a", "-o", "json").json["models"][0]["description"] == "new"
    assert take(stats(a=[])).code == 0
    assert facts(run)["a"] == []


def test_stats_may_come_before_the_models_on_the_command_line(run, take):
    assert take(stats(a=[("x", "started", 1)]), models(A)).code == 0
    assert facts(run) == {"a": [("x", "started", 1)]}


def test_stats_of_an_unknown_model_are_skipped_with_a_warning(run, take):
    ran = take(models(A), stats(a=[], gone=[("x", "started", 1)]))
    assert ran.code == 0
    assert "has stats of 'gone', a model that the catalog does not have: skipped" in ran.err


def test_a_deployment_without_allocation_status_runs_nothing(run, take):
    entry = {"model_id": "a", "deployment_stats": {"model_id": "a", "state": "failed"}}
    assert take(models(A), {"trained_model_stats": [entry]}).code == 0
    assert facts(run) == {"a": [("a", "failed", 0)]}


def test_an_alias_that_names_another_model_here_is_taken_without_reassign(run, take, catalog):
    assert take(models(named(A, "x"), B)).code == 0
    before = contents(catalog)
    ran = take(models(A, named(B, "x", "y")))
    assert ran.code == 3
    assert "the alias 'x' names 'a' here, and 'b' in" in ran.err
    assert "--reassign" in ran.err
    assert contents(catalog) == before
    ran = take(models(A, named(B, "x", "y")), options=["--reassign", "-o", "tsv"])
    assert (ran.code, ran.out) == (0, "reassigned\tx\tb\ta\ncreated\ty\tb\t\n")


@pytest.mark.parametrize("name", ["7", "a" * 250])
def test_a_name_that_only_the_server_allows_is_taken(run, take, name):
    assert take(models(named(A, name))).code == 0
    assert run("resolve", name).out == "a\n"
    assert run("verify").code == 0
    assert run("delete", name).code == 0


def test_an_alias_that_the_answer_lacks_stays(run, take):
    assert take(models(named(A, "x"))).code == 0
    assert take(models(A), stats(a=[])).err == ""
    ran = take(models(A, B), stats(b=[]), options=["--prune"])
    assert (ran.code, ran.err.count("warning: ")) == (0, 1)
    assert ran.err.endswith(": kept, as its model still exists\n")
    assert ran.err.startswith("warning: the alias 'x' of 'a' is not in ")
    assert run("resolve", "x").out == "a\n"
    assert take("[models.a]\n[models.b]", options=["--prune"]).err == ""


def test_deployments_of_a_model_that_goes_are_neither_written_nor_told_of(run, take, catalog):
    assert take(models(A, B), stats(a=[("d", "started", 1)], b=[("e", "started", 1)])).code == 0
    ran = take(models(A), stats(a=[("d", "started", 1)]), options=["--prune", "-o", "json"])
    assert [(one["result"], one["part"], one["name"]) for one in ran.json["facts"]] == [
        ("same", "model", "a"),
        ("same", "deployments", "a"),
        ("removed", "model", "b"),
    ]
    assert [path.name for path in (catalog / "models").iterdir()] == ["a.toml"]
    ran = take(models(A), stats(a=[], b=[("e", "started", 1)]), options=["--prune"])
    assert "has stats of 'b', a model that the catalog does not have: skipped\n" in ran.err


def test_prune_removes_what_each_answer_lacks(run, take):
    pipelines = {"p": {"processors": [{"inference": {"model_id": "x"}}]}, "q": {"processors": []}}
    assert (
        take(
            models(named(A, "x"), named(B, "y")), stats(a=[("d", "started", 1)], b=[("e", "started", 1)]), pipelines
        ).code
        == 0
    )
    ran = take(stats(b=[("e", "started", 1)]), options=["--prune"])
    assert facts(run) == {"a": [], "b": [("e", "started", 1)]}
    assert "removed  deployments  a" in ran.out
    ran = take({"q": {"processors": []}}, options=["--prune"])
    assert "removed  pipeline  p" in ran.out
    ran = take(models(B), options=["--prune", "-o", "tsv"])
    assert ran.out == "deleted\tx\t\ta\n"
    assert facts(run) == {"b": [("e", "started", 1)]}
    assert run("verify").code == 0


def test_an_empty_answer_prunes_everything_and_an_answer_without_pipelines_does_too(run, take, sample):
    assert take({"trained_model_configs": [], "count": 0}, {}, options=["--prune", "-q"]).code == 0
    assert run("list", "-o", "json").json == {"aliases": []}
    assert facts(run) == {}
    assert "pipelines]" in (sample / "pipelines.toml").read_text()


def test_a_page_is_a_warning_and_refuses_prune(run, take, catalog):
    ran = take(models(A, count=3))
    assert ran.code == 0
    assert "has 1 of 3 models: only one page\n" in ran.err
    before = contents(catalog)
    for answer, told in ((models(A, count=3), "1 of 3 models"), (stats(a=[], count=2), "stats of 1 of 2 models")):
        ran = take(answer, options=["--prune"])
        assert ran.code == 3
        assert ran.err.endswith(f"has {told}: only one page, and --prune needs the whole answer\n")
    assert contents(catalog) == before
    assert take(models(A, count=2), models(B, count=2), options=["--prune"]).code == 0


def test_nulls_are_dropped_and_said_once(run, take):
    ran = take(
        models({**A, "description": None, "tags": ["x", None], "deep": {"er": [{"est": None}]}, "lists": [[None], []]})
    )
    assert ran.code == 0
    (warning,) = [line for line in ran.err.splitlines() if "null" in line]
    assert warning.endswith(
        "keys whose value is null (description, est, lists, tags): they are left out, as TOML has no null"
    )
    model = run("models", "a", "-o", "json").json["models"][0]
    assert (model["tags"], model["deep"], "description" in model) == (["x"], {"er": [{}]}, False)


def test_a_model_with_the_name_of_an_alias_is_refused(run, take, catalog):
    assert take(models(named(A, "b"))).code == 0
    before = contents(catalog)
    ran = take(models(B))
    assert (ran.code, contents(catalog)) == (3, before)
    assert "'b' would be both an alias and the id of a model" in ran.err
    ran = take(models(named({"model_id": "c"}, "d", "e"), {"model_id": "d"}))
    assert (ran.code, [line.split()[:2] for line in ran.out.splitlines()[1:3]]) == (
        3,
        [["refused", "d"], ["not", "created"]],
    )


def test_an_imported_alias_may_dangle_but_is_told(run, take):
    ran = take('[aliases]\nx = "gone"')
    assert ran.code == 0
    assert "the alias 'x' names 'gone', a model that the catalog does not have" in ran.err


def test_what_changes_is_listed_and_the_rest_counted(run, take):
    assert take(models(A, B)).code == 0
    ran = take(models({**A, "tags": ["t"]}, B, {"model_id": "c"}))
    assert (
        ran.out == "PART    NEW  CHANGED  SAME\nmodels    1        1     1\n\nRESULT   PART   NAME\nchanged  model  a\n"
    )
    told = take(models(A, B), options=["-o", "json"]).json["facts"]
    assert told == [
        {"result": "changed", "part": "model", "name": "a"},
        {"result": "same", "part": "model", "name": "b"},
    ]


def test_an_import_fits_a_screen_and_json_has_the_rest(run, take):
    many = models(*({"model_id": f"m{i:03}"} for i in range(50)))
    assert take(many).out == "PART    NEW\nmodels   50\n"
    changed = models(*({"model_id": f"m{i:03}", "tags": ["t"]} for i in range(50)))
    lines = take(changed, options=["-n"]).out.splitlines()
    assert lines[4].split() == ["would", "change", "model", "m000"]
    assert lines[-3:] == ["and 30 more: -o json", "", "dry run: nothing was written"]
    ran = take(changed, options=["-o", "json"])
    assert len(ran.json["facts"]) == 50
    assert ran.json["counts"]["models"] == {"new": 0, "changed": 50, "removed": 0, "same": 0}


def test_an_import_names_the_aliases_that_move_and_counts_the_new(run, take):
    assert take('[aliases]\nx = "a"\ny = "a"\n[models.a]\n[models.b]').out.splitlines() == [
        "PART     NEW",
        "models     2",
        "aliases    2",
    ]
    lines = take('[aliases]\nx = "b"\ny = "a"\nz = "b"', options=["-r"]).out.splitlines()
    assert lines == [
        "PART     NEW  CHANGED  SAME",
        "aliases    1        1     1",
        "",
        "RESULT      ALIAS  MODEL  WAS",
        "reassigned  x      b      a",
    ]


def test_a_dry_run_of_an_import_writes_nothing(run, catalog):
    ran = run("import", SAMPLE / "models.json", "--dry-run")
    assert ran.out.endswith("dry run: 6 to create\n")
    assert not catalog.exists()


def test_a_deployment_keeps_the_keys_of_newer_versions(run, take):
    text = '[[models.a.deployments]]\ndeployment_id = "d"\nstate = "started"\nallocation_count = 1\ntarget_allocation_count = 2\npriority = "low"\n'
    assert take(text).code == 0
    assert text in run("export").out
    assert run("models", "-o", "json").json["models"][0]["deployments"][0]["priority"] == "low"
    assert take('[[models.b.deployments]]\ndeployment_id = "d"').code == 0
    assert "deployment: d unknown\n" in run("show", "b").out


def test_a_deployment_that_tells_no_state_has_an_unknown_one(run, take):
    answer = stats(a=[("x", "started", 1)])
    del answer["trained_model_stats"][0]["deployment_stats"]["state"]
    assert take(models(named(A, "x-a")), answer).code == 0
    assert run("list").out.splitlines()[1].endswith("  1/1")


WHOLE = {
    "description": None,
    "processors": [
        {"inference": {"model_id": "m", "if": 'ctx.x == "é"'}},
        {"set": {"field": "a.b", "value": [1, None]}},
    ],
    "on_failure": [{"drop": {}}],
    "_meta": {"nested": [[{"a": 1.5}]]},
}


def test_a_pipeline_is_kept_whole(run, take, tmp_path, seed):
    """What an answer said comes back from an export, whichever way it went: nulls, nested lists and all."""
    assert take({"p": WHOLE}).err == ""
    exported = run("export").out
    document = tomllib.loads(exported)
    assert document["pipelines"] == {"p": ["m"]}
    assert json.loads(document["bodies"]["p"]) == WHOLE
    file = tmp_path / "exported.toml"
    file.write_text(exported)
    for command in ("import", "apply"):
        assert run(command, file, "--catalog", tmp_path / command).code == 0
        assert run("export", "--catalog", tmp_path / command).out == exported
    take('[pipelines]\np = ["m"]')
    assert run("export").out == exported
    assert take({"p": {"processors": []}}).code == 0
    assert json.loads(tomllib.loads(run("export").out)["bodies"]["p"]) == {"processors": []}
    take('[pipelines]\np = ["other"]')
    assert "bodies" not in tomllib.loads(run("export").out)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('[bodies]\np = "3"', "has bodies.p that is not a JSON object"),
        ('[bodies]\np = "{"', "has bodies.p that is not valid JSON"),
        ("[bodies]\np = 3", "has bodies.p that is not a string"),
        (
            '[pipelines]\np = []\n[bodies]\np = \'{"processors": [{"inference": {"model_id": "m"}}]}\'',
            "has pipelines.p that differs from what bodies.p uses (m)",
        ),
    ],
)
def test_a_body_that_cannot_be_read(take, text, fault):
    ran = take(text)
    assert (ran.code, fault in ran.err) == (2, True)


def test_a_pipeline_names_models(run, take):
    processors = [{"foreach": {"processor": {"inference": {"model_id": "m"}}}}]
    document = {"p": {"processors": processors, "on_failure": [{"inference": {"model_id": "own"}}]}}
    assert take(models({"model_id": "m"}, {"model_id": "n"}), document).code == 0
    found = {model["model_id"]: model["pipelines"] for model in run("models", "-o", "json").json["models"]}
    assert found == {"m": ["p"], "n": []}


# --- delete and forget ---


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("delete", "x"), 0),
        (("delete", "x", "--model", "b"), 5),
        (("delete", "used"), 5),
        (("delete", "nope"), 4),
        (("delete", "nope", "--missing-ok"), 0),
        (("forget", "a"), 5),
        (("forget", "a", "--force"), 0),
        (("forget", "d"), 0),
        (("forget", "../../etc/passwd"), 4),
        (("forget", "used", "--missing-ok"), 0),
    ],
)
def test_deleting_and_forgetting(run, take, catalog, words, code):
    pipelines = {"p": {"processors": [{"inference": {"model_id": "used"}}, {"inference": {"model_id": "b"}}]}}
    entries = [named(A, "x", "used"), B, {"model_id": "c", "model_type": "pytorch"}, named({"model_id": "d"}, "y", "z")]
    assert take(models(*entries), stats(c=[("c", "started", 1)]), pipelines).code == 0
    before = contents(catalog)
    ran = run(*words)
    assert ran.code == code
    assert (contents(catalog) == before) == (code != 0 or "--missing-ok" in words)
    assert run("verify").code == 0
    if words == ("forget", "d"):
        assert run("resolve", "y").code == 4
        assert not (catalog / "models" / "d.toml").exists()


@pytest.mark.parametrize(
    ("model_id", "reason"),
    [
        ("b", "the model 'b' is used by the ingest pipeline 'p'"),
        ("a", "the alias 'used' of 'a' is used by the ingest pipeline 'p'"),
        ("c", "the model 'c' is deployed"),
    ],
)
def test_the_first_condition_that_keeps_a_model_is_told(run, take, model_id, reason):
    pipelines = {"p": {"processors": [{"inference": {"model_id": "used"}}, {"inference": {"model_id": "b"}}]}}
    deployed = [("d", "failed", 0)]
    assert (
        take(models(named(A, "used"), B, {"model_id": "c"}), stats(a=deployed, b=deployed, c=deployed), pipelines).code
        == 0
    )
    error, hint = run("forget", model_id).err.splitlines()
    assert error == f"error: {reason}"
    assert hint.endswith(f"mlalias forget {model_id} --force")


@pytest.mark.parametrize("text", ["", "# only a comment\n"])
def test_an_empty_document_is_no_answer(run, take, catalog, text):
    ran = take(text)
    assert ran.code == 2
    assert ran.err.endswith(" is empty\n")
    assert not catalog.exists()


def test_a_declaration_and_stats_of_the_same_models_go_together(run, take):
    declaration = '[models.a]\nmodel_type = "pytorch"\n[models.b]\n[[models.b.deployments]]\ndeployment_id = "d"'
    assert take(declaration, stats(a=[("x", "started", 1)])).code == 0
    assert facts(run)["a"] == [("x", "started", 1)]
    assert take(stats(a=[("y", "started", 1)]), declaration).code == 0
    assert facts(run)["a"] == [("y", "started", 1)]
    assert take(declaration, stats(b=[("x", "started", 1)])).code == 2


def test_all_pipelines_that_keep_an_alias_are_named(run, seed):
    seed('[aliases]\nx = "m"\n[models.m]\n[pipelines]\nq = ["x"]\np = ["m", "x"]\nr = []')
    ran = run("delete", "x")
    assert ran.err.splitlines()[0] == "error: the alias 'x' is used by the ingest pipelines 'p', 'q'"
    assert "mlalias import pipelines.json --prune" in ran.err


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("delete", "m"), "see what removing the model means: mlalias forget m --dry-run"),
        (("forget", "x"), "see the model that it names: mlalias show m"),
        (("delete", "x", "--model", "n"), "to delete it anyway: mlalias delete x --model m"),
        (("forget", "nn"), "see what there is: mlalias models"),
        (("rollback", "x", "--to", "9"), "see the revisions: mlalias history x"),
        (("put", "n", "y", "--if-current", "m"), "create it: mlalias put n y"),
        (("put", "n", "x", "--if-current", "n"), "see who moved it: mlalias history x"),
    ],
)
def test_the_way_out_of_a_conflict_works(run, seed, words, hint):
    seed('[aliases]\nx = "m"\n[models.m]\n[models.n]')
    assert run(*words, "-o", "json").json["error"]["hint"] == hint
    assert run(*hint.partition(": mlalias ")[2].split()).code == 0


@pytest.mark.parametrize("name", ["m", "nope"])
def test_what_cannot_be_deleted_as_there_is_no_such_alias_has_elasticsearchs_type(run, seed, name):
    seed('[aliases]\nx = "m"\n[models.m]')
    assert run("delete", name, "-o", "json").json["error"]["type"] == "status_exception"
