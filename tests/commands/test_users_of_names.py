"""Who uses a name: taken from answers, shown, named before and after a change, and asked about before a deletion."""

import json

import pytest
from harness import contents
from test_help import faults

MODELS = """
[aliases]
x = "old"
y = "old"
free = "old"
[models.old]
inference_config.regression = {}
[models.new]
inference_config.regression = {}
"""


def inference(name):
    return {"inference": {"model_id": name}}


PIPELINES = {
    "direct": {"processors": [inference("old")]},
    "follows": {"processors": [inference("y")]},
    "late": {"processors": [], "on_failure": [inference("x")]},
}
ENDPOINTS = {
    "endpoints": [
        {"inference_id": "ep", "service": "elasticsearch", "service_settings": {"model_id": "x"}},
        {"inference_id": "ep-old", "service": "elser", "service_settings": {"deployment_id": "old"}},
        {"inference_id": "far", "service": "openai", "service_settings": {"model_id": "x"}},
    ]
}
FIELD = {"type": "semantic_text", "inference_id": "ep"}
MAPPINGS = {
    "idx": {"mappings": {"properties": {"t": {"type": "text", "fields": {"s": FIELD}}}}},
    "plain": {"mappings": {"properties": {"t": {"type": "text"}}}},
}

LATE = "the ingest pipeline 'late' (on_failure[0].inference)"
EP = "the inference endpoint 'ep' (service_settings.model_id)"
IDX = "the index 'idx' (t.s)"
USED = f"the alias 'x' is used by {LATE}, {EP}, {IDX}, which Elasticsearch does not guard"


@pytest.fixture
def take(run, tmp_path):
    """Import documents, each from a file of its own."""

    def take(*documents, options=()):
        paths = []
        for index, document in enumerate(documents):
            paths.append(tmp_path / f"{index}.json")
            paths[-1].write_text(json.dumps(document))
        return run("import", *paths, *options)

    return take


@pytest.fixture
def models(seed, catalog):
    """Two models and three aliases, and nothing known of who uses them."""
    seed(MODELS)
    return catalog


@pytest.fixture
def used(models, take):
    """The same with pipelines, endpoints and fields."""
    assert take(PIPELINES, ENDPOINTS, MAPPINGS).code == 0
    return models


def parts(result):
    """What an import did, by part and name."""
    return {(fact["part"], fact["name"]): fact["result"] for fact in result.json["facts"]}


def lines(text, *keys):
    """The lines of a block that begin with one of the keys."""
    found = (line.partition(":") for line in text.splitlines())
    return {key: value.strip() for key, _, value in found if key in keys}


# --- import ---


def test_endpoints_and_mappings_are_imported(models, take):
    done = take(ENDPOINTS, MAPPINGS, options=["-o", "json"])
    new = {("endpoint", "ep"): "new", ("endpoint", "ep-old"): "new", ("fields", "idx"): "new"}
    assert (parts(done), done.json["warnings"]) == (new, [])
    assert done.json["counts"]["endpoints"] == {"new": 2, "changed": 0, "removed": 0, "same": 0}
    assert done.json["counts"]["fields"] == {"new": 1, "changed": 0, "removed": 0, "same": 0}
    before = contents(models)
    assert set(parts(take(ENDPOINTS, MAPPINGS, options=["-o", "json"])).values()) == {"same"}
    assert contents(models) == before


def test_what_an_answer_lacks_goes_with_prune_alone(used, take):
    fewer = {"endpoints": [ENDPOINTS["endpoints"][1] | {"service_settings": {"model_id": "new"}}]}
    kept = take(fewer, options=["-o", "json", "-n"])
    assert parts(kept) == {("endpoint", "ep-old"): "changed"}
    pruned = take(fewer, {"plain": MAPPINGS["plain"]}, options=["--prune", "-o", "json"])
    assert parts(pruned) == {
        ("endpoint", "ep"): "removed",
        ("endpoint", "ep-old"): "changed",
        ("fields", "idx"): "removed",
    }
    assert take(fewer, {"plain": MAPPINGS["plain"]}, options=["--prune"]).code == 0


def test_a_field_that_has_gone_goes_without_prune(used, take, run):
    done = take({"idx": {"mappings": {"properties": {}}}}, options=["-o", "json"])
    assert parts(done) == {("fields", "idx"): "removed"}
    assert [user["kind"] for user in run("show", "x", "-o", "json").json["aliases"][0]["users"]] == [
        "pipeline",
        "endpoint",
    ]


def test_an_empty_answer_is_one_to_pipelines_and_takes_nothing_else_away(used, take, run):
    done = take({}, options=["--prune", "-o", "json"])
    assert set(parts(done)) == {("pipeline", name) for name in PIPELINES}
    assert [user["kind"] for user in run("show", "x", "-o", "json").json["aliases"][0]["users"]] == [
        "endpoint",
        "field",
    ]


def test_no_endpoints_and_no_fields_are_known_from_then_on(models, take, run):
    assert take({"endpoints": []}, {"plain": MAPPINGS["plain"]}).code == 0
    (alias,) = run("show", "x", "-o", "json").json["aliases"]
    assert (alias["users"], alias["users_unknown"]) == ([], {"pipelines": "no pipelines were imported"})


@pytest.mark.parametrize(("document", "name"), [(ENDPOINTS, "ep"), (MAPPINGS, "idx")])
def test_the_same_answer_twice_is_refused(document, name, models, take):
    before = contents(models)
    done = take(document, document)
    assert done.code == 2
    assert f"has '{name}' in its" in done.err
    assert contents(models) == before


def test_an_endpoint_twice_in_one_answer_is_refused(models, take):
    done = take({"endpoints": ENDPOINTS["endpoints"] * 2})
    assert (done.code, "has the endpoint 'ep' twice" in done.err) == (2, True)


def test_what_cannot_be_read_is_left_out_but_not_with_prune(models, take):
    odd = {"endpoints": [*ENDPOINTS["endpoints"], {"inference_id": 3}]}
    done = take(odd)
    assert done.code == 0
    assert "has endpoints[3].inference_id that is not a string: left out" in done.err
    assert take(odd, options=["--prune"]).code == 3


def test_10000_pipelines(models, take, run):
    many = {
        f"p{n}": {"processors": [{"set": {"field": "a", "value": n}}, inference(f"m{n % 100}")]} for n in range(10_000)
    }
    done = take(many | PIPELINES, options=["-o", "json"])
    assert done.json["counts"]["pipelines"]["new"] == 10_003
    assert run("delete", "x").code == 5


# --- show ---


def test_show_names_every_user(used, run):
    shown = run("show", "x")
    assert lines(shown.out, "pipelines", "not guarded", "endpoints", "semantic_text") == {
        "pipelines": "none",
        "not guarded": "late (on_failure[0].inference)",
        "endpoints": "ep",
        "semantic_text": "idx (t.s, through ep)",
    }
    assert shown.err == ""


def test_show_names_the_users_of_a_model_and_of_all_its_aliases(used, run):
    assert lines(run("show", "old").out, "pipelines", "not guarded", "endpoints", "semantic_text") == {
        "pipelines": "direct, follows",
        "not guarded": "late (on_failure[0].inference)",
        "endpoints": "ep, ep-old",
        "semantic_text": "idx (t.s, through ep)",
    }


def test_show_as_json(used, run):
    (alias,) = run("show", "x", "-o", "json").json["aliases"]
    assert alias["users"] == [
        {"kind": "pipeline", "name": "late", "via": "x", "guarded": False, "place": "on_failure[0].inference"},
        {"kind": "endpoint", "name": "ep", "via": "x", "guarded": False, "place": "service_settings.model_id"},
        {"kind": "field", "name": "idx", "via": "ep", "guarded": False, "place": "t.s"},
    ]
    assert alias["users_unknown"] == {}
    (model,) = run("show", "new", "-o", "json").json["models"]
    assert (model["users"], model["users_unknown"]) == ([], {})


def test_what_nobody_imported_is_not_known(models, seed, run):
    seed('[models.net]\nmodel_type = "pytorch"\n[aliases]\nn = "net"')
    assert lines(run("show", "n").out, "pipelines", "endpoints", "semantic_text") == {
        "pipelines": "not known: no pipelines were imported",
        "endpoints": "not known: no answer to GET _inference/_all was imported",
        "semantic_text": "not known: no answer to GET _mapping was imported",
    }
    assert lines(run("show", "x").out, "endpoints", "semantic_text") == {}  # no endpoint runs a model of trees
    (alias,) = run("show", "x", "-o", "json").json["aliases"]
    assert set(alias["users_unknown"]) == {"pipelines", "endpoints", "fields"}


def test_templates_are_noted_as_not_known(models, take, run):
    take({"p": {"processors": [inference("{{m}}")]}, "q": {"processors": [], "on_failure": [inference("{{{m}}}")]}})
    for words in (["show", "x"], ["show", "old"], ["show", "x", "-o", "json"]):
        assert run(*words).err == (
            "the ingest pipeline 'p' takes its model from a template (processors[0].inference), "
            "so which cannot be known: {{m}}\n"
            "the ingest pipeline 'q' takes its model from a template (on_failure[0].inference), "
            "so which cannot be known: {{{m}}}\n"
        )


def test_a_pipeline_on_which_the_guard_stumbles_is_noted(models, take, run):
    take({"p": {"processors": [{"set": {"on_failure": None}}]}, "q": {"processors": [inference(3)]}})
    assert run("show", "free").err == (
        "the ingest pipeline 'p' (processors[0].set.on_failure) keeps Elasticsearch from deleting any alias\n"
        "the ingest pipeline 'q' (processors[0].inference) keeps Elasticsearch from deleting any alias\n"
    )


@pytest.mark.parametrize(
    ("number", "more"), [(4, ""), (5, "2 more such pipelines\n"), (1000, "997 more such pipelines\n")]
)
def test_of_many_such_pipelines_the_first_are_named(number, more, models, take, run):
    odd = {f"t{n:03}": {"processors": [inference("{{m}}")]} for n in range(number)}
    take(odd | {name: {"processors": [inference(3)]} for name in ("p", "q")[: 2 if more else 1]})
    notes = run("show", "x").err
    assert "'p' (processors[0].inference) keeps" in notes
    assert notes.endswith(more or "{{m}}\n")
    assert len(notes.splitlines()) == 5 + bool(more)


# --- delete ---


@pytest.mark.parametrize(
    ("options", "again"),
    [([], "--force"), (["-n"], "--force --dry-run"), (["--model", "old"], "--model old --force")],
)
def test_an_alias_with_users_that_are_not_guarded_is_not_deleted(options, again, used, run):
    before = contents(used)
    done = run("delete", "x", *options)
    assert done.code == 5
    assert done.err == f"error: {USED}\nhint: to delete it anyway: mlalias delete x {again}\n"
    assert contents(used) == before


def test_the_refusal_as_json(used, run):
    error = run("delete", "x", "-o", "json").json["error"]
    assert (error["reason"], error["rule"], error["hint"]) == (
        USED,
        "in_use",
        "to delete it anyway: mlalias delete x --force",
    )


def test_force_deletes_it_with_a_warning(used, run):
    done = run("delete", "x", "--force")
    assert (done.code, done.err.splitlines()[0]) == (0, f"warning: {USED}")
    assert run("resolve", "x").code == 4


def test_force_does_not_pass_over_what_elasticsearch_guards(used, run):
    plain, forced = run("delete", "y"), run("delete", "y", "--force")
    assert (plain.code, forced.code) == (5, 5)
    assert "the alias 'y' is used by the ingest pipeline 'follows'\n" in plain.err
    assert plain.err == forced.err
    assert "--force" not in forced.err


def test_an_alias_without_users_is_deleted(used, run):
    assert run("delete", "free").code == 0


def test_an_alias_of_which_nothing_is_known_is_deleted(models, run):
    done = run("delete", "free")
    assert (done.code, done.err) == (0, "hint: to undo: mlalias rollback free\n")


def test_of_many_users_the_first_are_named(models, take, run):
    for number, end in ((5, ""), (6, " and 1 more"), (9, " and 4 more")):
        take({f"p{n}": {"processors": [], "on_failure": [inference("x")]} for n in range(number)})
        refused = run("delete", "x").err
        assert refused.count("the ingest pipeline") == 5
        assert f"'p4' (on_failure[0].inference){end}, which Elasticsearch does not guard\n" in refused


def test_pruning_an_alias_with_such_users_warns(used, run, tmp_path):
    path = tmp_path / "declared.toml"
    path.write_text('[aliases]\ny = "old"\nfree = "old"\n')
    dry = run("apply", path, "--prune", "-n")
    assert (dry.code, f"warning: {USED}\n" in dry.err) == (0, True)
    strict = run("apply", path, "--prune", "--strict")
    assert (strict.code, strict.err.endswith("hint: see what uses it: mlalias show x\n")) == (3, True)
    assert run("apply", path, "--prune").code == 0
    assert run("apply", path, "--prune").err == ""


def test_rolling_back_a_creation_warns_of_them(used, run, take):
    run("put", "old", "z")
    take({"z-user": {"processors": [], "on_failure": [inference("z")]}})
    done = run("rollback", "z", "--delete")
    assert done.code == 0, done.err
    assert "warning: the alias 'z' is used by the ingest pipeline 'z-user' (on_failure[0].inference)" in done.err


# --- a move ---

BEHIND = (
    "note: the ingest pipeline 'direct' (processors[0].inference) stays with 'old'\n"
    "note: the inference endpoint 'ep' (service_settings.model_id) stays with 'old'\n"
    "note: the inference endpoint 'ep-old' (service_settings.deployment_id) stays with 'old'\n"
    "note: the index 'idx' (t.s) stays with 'old'\n"
)


@pytest.mark.parametrize("options", [["-n"], []])
def test_a_move_names_who_is_left_behind(options, used, run):
    done = run("put", "new", "x", "-r", *options)
    assert done.code == 0
    assert BEHIND in done.err


@pytest.mark.parametrize("options", [["-n"], []])
def test_a_move_has_them_as_json(options, used, run):
    left = run("put", "new", "x", "-r", "-o", "json", *options).json["left_behind"]
    assert [(user["kind"], user["name"], user["via"], user["guarded"]) for user in left] == [
        ("pipeline", "direct", "old", True),
        ("endpoint", "ep", "x", False),
        ("endpoint", "ep-old", "old", False),
        ("field", "idx", "ep", False),
    ]
    assert {(user["model_alias"], user["model_id"]) for user in left} == {("x", "old")}


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["put", "new", "fresh"], 0),
        (["put", "old", "x", "-r"], 0),
        (["put", "old", "x", "--exist-ok"], 0),
        (["put", "new", "x"], 3),
        (["put", "new", "x", "-r", "-q"], 0),
        (["delete", "free"], 0),
    ],
)
def test_only_a_move_leaves_somebody_behind(words, code, used, run):
    done = run(*words)
    assert (done.code, "stays with" in done.err) == (code, False)


def test_an_alias_that_only_others_use_leaves_who_names_the_model_behind(used, run):
    left = run("put", "new", "y", "-r", "-n", "-o", "json").json["left_behind"]
    assert [user["name"] for user in left] == ["direct", "ep-old"]


@pytest.mark.parametrize(("number", "more"), [(5, ""), (6, "note: 1 more stay behind (listed by -o json)\n")])
def test_of_many_who_are_left_behind_the_first_are_named(number, more, models, take, run):
    take({f"p{n}": {"processors": [inference("old")]} for n in range(number)})
    err = run("put", "new", "x", "-r", "-n").err
    assert (err.count("stays with 'old'"), err.endswith(more)) == (5, True)
    assert len(run("put", "new", "x", "-r", "-n", "-o", "json").json["left_behind"]) == number


def test_a_move_of_several_names_each(used, run, tmp_path):
    path = tmp_path / "declared.toml"
    path.write_text('[aliases]\nx = "new"\nfree = "new"\n')
    left = run("apply", path, "-n", "-o", "json").json["left_behind"]
    assert [(user["model_alias"], user["name"]) for user in left] == [
        ("free", "direct"),
        ("free", "ep-old"),
        ("x", "direct"),
        ("x", "ep"),
        ("x", "ep-old"),
        ("x", "idx"),
    ]


def test_a_way_back_names_them_too(used, run):
    run("put", "new", "y", "-r")
    left = run("rollback", "y", "-n", "-o", "json").json["left_behind"]
    assert left == []
    run("rollback", "y")
    assert BEHIND.splitlines()[0] in run("put", "new", "y", "-r").err


@pytest.mark.parametrize("options", [["-n"], []])
def test_what_nobody_imported_is_not_known_to_leave_nobody_behind(options, models, take, run):
    """A person is not told so at each move; JSON says it."""
    take(ENDPOINTS)
    done = run("put", "new", "x", "-r", "-o", "json", *options).json
    assert [user["name"] for user in done["left_behind"]] == ["ep", "ep-old"]
    assert set(done["users_unknown"]) == {"pipelines", "fields"}
    assert "not known" not in run("put", "old", "x", "-r", *options).err


@pytest.mark.parametrize(
    "words",
    [
        ["put", "new", "x", "-r", "-n"],
        ["put", "new", "x", "-r"],
        ["delete", "x", "--force"],
        ["rollback", "x", "--delete", "-n"],
    ],
)
def test_a_change_as_json_is_as_its_schema_says(words, used, run):
    assert faults("write.json", run(*words, "-o", "json").json) == []


def test_show_as_json_is_as_its_schema_says(used, run):
    assert faults("show.json", run("show", "x", "old", "-o", "json").json) == []


# --- export and declarations ---


@pytest.fixture
def exported(used, run, tmp_path):
    path = tmp_path / "exported.toml"
    path.write_text(run("export").out)
    return path


def users_of(run, *options):
    return run("show", "x", "-o", "json", *options).json["aliases"][0]["users"]


@pytest.mark.parametrize("command", ["apply", "import"])
def test_an_export_makes_the_same_users_elsewhere(command, exported, run, tmp_path):
    other = tmp_path / "other"
    assert run(command, exported, "--catalog", other).code == 0
    assert users_of(run, "--catalog", other) == users_of(run)
    assert run("export", "--catalog", other).out == exported.read_text()
    assert run("apply", exported, "--check", "--catalog", other).code == 0


def test_a_declaration_adds_what_is_not_known_and_keeps_what_is(used, run, tmp_path):
    path = tmp_path / "declared.toml"
    path.write_text(
        '[endpoints.ep]\nmodel_id = "other"\n[endpoints.more]\nmodel_id = "x"\n[fields.idx]\nt = ["more"]\n'
    )
    done = run("apply", path, "-o", "json")
    assert [warning["message"] for warning in done.json["warnings"]] == [
        f"the endpoint 'ep' differs from the one in {path}; it stays as it is",
        f"the fields of the index 'idx' differs from the one in {path}; it stays as it is",
    ]
    assert [user["name"] for user in users_of(run)] == ["late", "ep", "more", "idx"]


# --- damage ---


@pytest.mark.parametrize("name", ["endpoints", "fields"])
@pytest.mark.parametrize(
    "content", ["", "[", "endpoints = 3\nfields = 3\n", '[endpoints]\ne = "m"\n[fields.i]\na = "e"\n']
)
def test_verify_names_a_damaged_file_and_show_does_not_guess(name, content, used, run):
    (used / f"{name}.toml").write_text(content)
    verified = run("verify")
    assert verified.code == 7, verified.err
    assert f"{name}.toml" in verified.out + verified.err
    for words in (["show", "x"], ["delete", "x"], ["put", "new", "x", "-r", "-n"]):
        done = run(*words)
        assert (done.code, f"{name}.toml" in done.err) == (7, True), done.err


@pytest.mark.parametrize("name", ["endpoints", "fields"])
def test_a_damaged_file_of_users_does_not_keep_an_alias_from_moving(name, used, run):
    """What a change says of its users is not worth an error after it was made."""
    (used / f"{name}.toml").write_text("[")
    done = run("put", "new", "x", "-r")
    assert (done.code, "stays with" in done.err) == (0, False)
    assert run("resolve", "x").out == "new\n"


@pytest.mark.parametrize("name", ["endpoints", "fields"])
def test_who_is_left_behind_is_not_known_then(name, used, run):
    (used / f"{name}.toml").write_text("[")
    done = run("put", "new", "x", "-r", "-o", "json")
    assert (done.code, done.json["left_behind"]) == (0, [])
    assert set(done.json["users_unknown"]) == {"pipelines", "endpoints", "fields"}
    assert all(f"{name}.toml" in why for why in done.json["users_unknown"].values())


@pytest.mark.parametrize(("name", "document"), [("endpoints", ENDPOINTS), ("fields", MAPPINGS)])
def test_what_verify_proposes_repairs_it(name, document, used, run, take):
    before = contents(used)
    (used / f"{name}.toml").write_text("")
    assert take(document).code == 7
    (used / f"{name}.toml").unlink()
    assert take(document).code == 0
    assert contents(used) == before


def test_a_key_of_a_newer_version_stays(used, take):
    path = used / "endpoints.toml"
    path.write_text(path.read_text() + "\n[newer]\nkey = 1\n")
    assert take({"endpoints": [ENDPOINTS["endpoints"][0] | {"inference_id": "third"}]}).code == 0
    assert "[newer]\nkey = 1\n" in path.read_text()
    assert "third" in path.read_text()
