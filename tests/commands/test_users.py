"""Who uses a name, in a directory: imported, shown, named by moves and deletions, exported and declared again."""

import json

import pytest
from harness import NEW, SAMPLE, contents

E5, MINILM = ".multilingual-e5-small", "sentence-transformers__msmarco-minilm-l-12-v3"
NOBODY = "no answer to GET _inference/_all was imported"


@pytest.fixture
def take(run, tmp_path):
    """Import documents, each from a file of its own."""

    def take(*documents, options=()):
        paths = []
        for index, document in enumerate(documents):
            paths.append(tmp_path / f"answer{index}.json")
            paths[-1].write_text(document if isinstance(document, str) else json.dumps(document))
        return run("import", *paths, *options)

    return take


@pytest.fixture
def embed(run, sample):
    """An alias of the model that the sample's endpoint `faq-embed` runs."""
    assert run("put", E5, "embed").code == 0
    return sample


def endpoint(inference_id, model_id):
    settings = {"model_id": model_id}
    return {"inference_id": inference_id, "service": "elasticsearch", "service_settings": settings}


def users(run, name):
    (record,) = (run("show", name, "-o", "json").json[part] for part in ("aliases",))
    return [(user["kind"], user["name"]) for user in record[0]["users"]]


# --- what is imported ---


def test_an_answer_replaces_its_own_part_and_twice_is_the_same(run, take, catalog):
    first = take({"endpoints": [endpoint("e", "m"), endpoint("f", "m")]}, {"i": {"mappings": {}}})
    assert (first.code, first.out) == (0, "PART       NEW\nendpoints    2\n")
    before = contents(catalog)
    assert "endpoints     2" in take({"endpoints": [endpoint("e", "m"), endpoint("f", "m")]}).out
    assert contents(catalog) == before
    changed = take({"endpoints": [endpoint("e", "n")]})
    assert "changed  endpoint  e" in changed.out
    pruned = take({"endpoints": [endpoint("e", "n")]}, options=["--prune"])
    assert "removed  endpoint  f" in pruned.out


def test_an_answer_without_any_endpoint_says_that_there_are_none(run, take):
    assert take({"endpoints": []}).code == 0
    assert "endpoints = {}" in (exported := run("export").out) or "[endpoints]" in exported


def test_an_odd_endpoint_is_left_out_and_named(take):
    taken = take({"endpoints": [endpoint("e", "m"), {"service": "elasticsearch"}]})
    assert taken.code == 0
    assert "endpoints[1].inference_id" in taken.err


def test_10000_pipelines_are_imported_and_found(run, take):
    body = {"processors": [{"inference": {"model_id": "m"}}], "on_failure": [{"inference": {"model_id": "n"}}]}
    assert (
        take({f"p{number}": body for number in range(10_000)}, {"trained_model_configs": [{"model_id": "m"}]}).code == 0
    )
    assert len(run("show", "m", "-o", "json").json["models"][0]["pipelines"]) == 10_000


def test_what_was_imported_is_exported_and_declared_again(run, sample, tmp_path):
    exported = run("export").out
    assert '[endpoints.faq-embed]\nmodel_id = ".multilingual-e5-small"\n' in exported
    assert "[fields.faq]\nanswer = [\n" in exported
    (tmp_path / "declared.toml").write_text(exported)
    other = tmp_path / "other"
    for command in ("import", "apply"):
        assert run(command, tmp_path / "declared.toml", "--catalog", other).code == 0
        assert run("export", "--catalog", other).out == exported


def test_a_declared_endpoint_that_differs_stays_as_it_is(run, embed, tmp_path):
    path = tmp_path / "declared.toml"
    path.write_text('[endpoints.faq-embed]\nmodel_id = "another"\n[endpoints.new]\nmodel_id = "m"\n')
    declared = run("apply", path)
    assert "the endpoint 'faq-embed' differs from the one in " in declared.err
    assert "new     endpoint  new" in declared.out or "endpoints" in declared.out


@pytest.mark.parametrize("name", ["endpoints.toml", "fields.toml"])
def test_verify_names_a_damaged_file(run, embed, name):
    (embed / name).write_text("[[[")
    fault = run("verify")
    assert fault.code == 7
    assert name in fault.out


# --- what is shown ---


def test_show_names_users_by_kind(run, embed):
    text = run("show", "embed").out
    assert "endpoints:" in text
    assert run("show", E5).out.count("faq-embed") == 2  # the endpoint, and the field that uses it
    assert users(run, "embed") == []
    shown = run("show", E5, "-o", "json").json["models"][0]
    assert [(user["kind"], user["name"], user["place"]) for user in shown["users"]] == [
        ("endpoint", "faq-embed", "service_settings.model_id"),
        ("field", "faq", "answer"),
    ]
    assert shown["users_unknown"] == {}


def test_what_nobody_has_imported_is_not_known(run, catalog):
    assert run("import", SAMPLE / "models.json", SAMPLE / "stats.json", "-q").code == 0
    assert f"endpoints:            not known: {NOBODY}\n" in run("show", "sentiment").out
    unknown = run("show", "sentiment", "-o", "json").json["aliases"][0]["users_unknown"]
    assert sorted(unknown) == ["endpoints", "fields", "pipelines"]


def test_notes_say_what_cannot_be_known_and_what_stops_deletions(run, take, sample):
    taken = take(
        {
            "which": {"processors": [{"inference": {"model_id": "{{model}}"}}]},
            "broken": {"processors": [{"set": {"on_failure": None}}]},
        }
    )
    assert taken.code == 0
    said = run("show", "sentiment").err
    assert "the ingest pipeline 'which' takes its model from a template (processors[0].inference)" in said
    assert "'broken' (processors[0].set.on_failure)" in said


# --- moves ---


@pytest.mark.parametrize("dry_run", [[], ["-n"]])
def test_a_move_names_who_stays_behind(dry_run, run, embed):
    moved = run("put", MINILM, "embed", "-r", *dry_run)
    assert moved.code == 0
    assert f"note: the inference endpoint 'faq-embed' (service_settings.model_id) stays with '{E5}'\n" in moved.err
    assert f"note: the index 'faq' (answer) stays with '{E5}'\n" in moved.err


def test_a_quiet_move_names_nobody(run, embed):
    assert run("put", MINILM, "embed", "-r", "-q").err == ""


def test_json_has_them(run, embed):
    left = run("put", MINILM, "embed", "-r", "-o", "json").json["left_behind"]
    assert [(each["kind"], each["name"], each["model_alias"], each["model_id"]) for each in left] == [
        ("endpoint", "faq-embed", "embed", E5),
        ("field", "faq", "embed", E5),
    ]


def test_a_new_alias_leaves_nobody_behind(run, embed):
    assert run("put", E5, "another", "-o", "json").json["left_behind"] == []


def test_many_who_stay_behind_are_counted(run, embed, take):
    assert take({"endpoints": [endpoint(f"e{number}", E5) for number in range(9)]}).code == 0
    said = run("put", MINILM, "embed", "-r", "-n").err
    assert said.count("note: ") == 6
    assert "more stay behind (listed by -o json)" in said


def test_a_dry_run_names_the_pipelines_that_follow(run, sample):
    said = run("put", NEW, "flight_delay_model", "-r", "-n").err
    assert "note: the ingest pipeline 'flights' (processors[0].inference) follows 'flight_delay_model'\n" in said


# --- deletions ---


def test_an_alias_that_an_endpoint_uses_is_deleted_by_force_alone(run, embed, take):
    assert take({"endpoints": [endpoint("by-alias", "embed")]}).code == 0
    before = contents(embed)
    refused = run("delete", "embed")
    assert refused.code == 5
    used = "the alias 'embed' is used by the inference endpoint 'by-alias' (service_settings.model_id)"
    assert refused.err.startswith(f"error: {used}")
    assert "hint: to delete it anyway: mlalias delete embed --force\n" in refused.err
    assert contents(embed) == before
    assert run("delete", "embed", "-n").code == 5
    deleted = run("delete", "embed", "--force")
    assert deleted.code == 0
    assert f"warning: {used}" in deleted.err


def test_force_does_not_help_where_elasticsearch_refuses(run, sample):
    assert run("delete", "sentiment", "--force").code == 5


def test_pruning_warns_of_what_elasticsearch_does_not_guard(run, embed, take, tmp_path):
    assert take({"endpoints": [endpoint("by-alias", "embed")]}).code == 0
    path = tmp_path / "declared.toml"
    listed = run("list", "-o", "json").json["aliases"]
    kept = {each["model_alias"]: each["model_id"] for each in listed if each["model_alias"] != "embed"}
    path.write_text("[aliases]\n" + "".join(f'{alias} = "{model}"\n' for alias, model in kept.items()))
    pruned = run("apply", path, "--prune")
    assert pruned.code == 0
    assert "warning: the alias 'embed' is used by the inference endpoint 'by-alias'" in pruned.err
