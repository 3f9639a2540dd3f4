"""Declared state: all or nothing, in one commit."""

import json
import os
import re
import stat
import subprocess

import pytest
from harness import LATE, NEW, OLD, PATH, SAMPLE, SLIM, SST, TESTS, contents

from mlalias.core.rules import RULES


@pytest.fixture
def apply(run, tmp_path):
    """Apply declarations, each from a file of its own."""

    def apply(*texts, options=()):
        paths = []
        for index, text in enumerate(texts):
            paths.append(tmp_path / f"{index}.toml")
            paths[-1].write_text(text)
        return run("apply", *paths, *options)

    return apply


def declared(**aliases):
    return "[aliases]\n" + "".join(f'{alias} = "{model}"\n' for alias, model in aliases.items())


def state(run):
    return {one["model_alias"]: one["model_id"] for one in run("list", "-o", "json").json["aliases"]}


def test_creates_and_moves_in_one_commit_and_nothing_the_second_time(run, apply, sample):
    text = declared(flight_delay_model=NEW, late=NEW, sentiment="sst-2-next", elser=".elser_model_2")
    ran = apply(text, options=["-m", "retrained"])
    assert ran.out == (
        "RESULT      ALIAS               MODEL                                  WAS\n"
        f"reassigned  flight_delay_model  {NEW}  {OLD}\n"
        f"created     late                {NEW}\n"
        f"reassigned  sentiment           sst-2-next                             {SST}\n"
        "\n1 alias unchanged\n"
    )
    assert ran.err == (
        f"warning: 'sst-2-next' has other labels than '{SST}': 1 gained (NEUTRAL)\n"
        "hint: to undo it for one alias: mlalias rollback flight_delay_model\n"
    )
    (entry, _) = run("history", "-o", "json").json["history"]
    assert (entry["command"], entry["message"], len(entry["changes"])) == ("apply", "retrained", 3)
    before = contents(sample)
    assert apply(text).out == "4 aliases unchanged\n"
    assert contents(sample) == before


def test_one_bad_alias_among_fifty_changes_none_and_is_named(run, apply, sample):
    before = contents(sample)
    ran = apply(declared(**{f"n{i}-x": OLD for i in range(49)}, sentiment="sst-2-draft"), options=["-o", "json"])
    assert ran.code == 3
    assert [error["rule"] for error in ran.json["errors"]] == ["not_deployed"]
    assert "'sentiment'" in ran.json["error"]["reason"]
    assert contents(sample) == before


def test_every_refused_alias_is_reported(run, apply, sample):
    text = declared(sentiment="sst-2-draft", flight_delay_model=LATE, v1=OLD, x="nope", good=OLD)
    ran = apply(text, options=["-o", "json"])
    rules = [error["rule"] for error in ran.json["errors"]]
    assert rules == ["inference_type_differs", "not_deployed", "invalid_alias", "model_missing"]
    assert ran.code == 3
    table = apply(text)
    assert [line.split()[0:2] for line in table.out.splitlines()[1:6]] == [
        ["refused", "flight_delay_model"],
        ["not", "created"],
        ["refused", "sentiment"],
        ["refused", "v1"],
        ["refused", "x"],
    ]
    assert table.err.count("error: ") == 4
    assert "good" not in state(run)


@pytest.mark.parametrize(("text", "code"), [(declared(x="no", y="way"), 4), (declared(x="no", v1="no"), 3)])
def test_the_exit_code_is_the_common_one_or_that_of_a_refusal(apply, sample, text, code):
    assert apply(text).code == code


def test_swaps_and_chains(run, apply, seed, catalog):
    seed(declared(a="m", b="n", c="o") + "[models.m]\n[models.n]\n[models.o]")
    assert apply(declared(a="n", b="m")).code == 0
    assert state(run) == {"a": "n", "b": "m", "c": "o"}
    assert apply(declared(a="m", b="o", c="n")).code == 0
    assert state(run) == {"a": "m", "b": "o", "c": "n"}


def test_models_of_the_file_are_added_and_aliases_may_name_them(run, apply):
    text = declared(x="m") + '[models.m]\nmodel_type = "pytorch"\n[pipelines]\np = ["x"]'
    ran = apply(text)
    assert ran.out.splitlines()[:3] == ["RESULT  PART      NAME", "new     model     m", "new     pipeline  p"]
    assert run("delete", "x").code == 5
    assert apply(text).out == "1 alias unchanged\n"


def test_a_known_model_that_differs_is_a_warning_and_stays(run, apply, sample):
    before = contents(sample)
    ran = apply(f'[models."{OLD}"]\nmodel_type = "pytorch"\n[pipelines]\nreviews = []')
    assert ran.code == 0
    assert re.sub(" in .*;", " in FILE;", ran.err).splitlines() == [
        f"warning: the model '{OLD}' differs from the one in FILE; it stays as it is",
        "warning: the pipeline 'reviews' differs from the one in FILE; it stays as it is",
    ]
    assert contents(sample) == before
    assert apply(f'[models."{OLD}"]\nmodel_type = "pytorch"', options=["--strict"]).code == 3


def test_a_declared_pipeline_keeps_its_aliases_from_being_pruned(run, apply, sample):
    text = declared(late=NEW) + '[pipelines]\nnew = ["elser"]'
    ran = apply(text, options=["--prune", "--only", "*l*", "--only", "elser", "-o", "json"])
    reasons = [error["reason"] for error in ran.json["errors"]]
    assert (ran.code, reasons[0]) == (5, "the alias 'elser' is used by the ingest pipeline 'new'")
    assert "new" not in run("export").out.split("[pipelines]")[1]


def test_a_declaration_in_json_drops_its_nulls_and_says_so(apply, sample):
    ran = apply('{"trained_model_configs": [{"model_id": "m", "tags": null}]}')
    assert (ran.code, ran.err.count("warning: ")) == (0, 1)
    assert ran.err.endswith(" has keys whose value is null (tags): they are left out, as TOML has no null\n")


def test_a_model_with_the_name_of_an_alias_is_refused_unless_that_goes(run, apply, sample):
    text = declared(fresh="elser") + "[models.elser]"
    unchanged = apply(declared(elser=".elser_model_2") + "[models.elser]")
    assert (unchanged.code, unchanged.err.splitlines()[0]) == (
        3,
        "error: 'elser' would be both an alias and the id of a model",
    )
    ran = apply(text)
    assert ran.code == 3
    assert "'elser' would be both an alias and the id of a model" in ran.err
    assert apply(text, options=["--prune", "--only", "[ef][rl]*s*"]).code == 0
    assert state(run)["fresh"] == "elser"
    assert run("verify").code == 0


def test_an_alias_with_the_name_of_a_model_of_the_file_is_refused(apply, sample):
    ran = apply(declared(fresh=OLD) + "[models.fresh]", options=["-o", "json"])
    assert [error["rule"] for error in ran.json["errors"]] == ["alias_is_model_id"]


def test_prune_deletes_what_no_file_declares(run, apply, sample):
    (sample / "pipelines.toml").unlink()
    ran = apply(declared(elser=".elser_model_2"), declared(late=NEW), options=["--prune"])
    assert ran.code == 0
    assert state(run) == {"elser": ".elser_model_2", "late": NEW}


def test_prune_obeys_the_rule_of_delete(run, apply, sample):
    before = contents(sample)
    ran = apply(declared(elser=".elser_model_2"), options=["--prune", "-o", "json"])
    assert ran.code == 5
    assert [error["reason"].split(" is used")[0] for error in ran.json["errors"]] == [
        "the alias 'flight_delay_model'",
        "the alias 'sentiment'",
    ]
    table = apply(declared(elser=".elser_model_2", late=NEW), options=["--prune"])
    assert [line.split()[:2] for line in table.out.splitlines()[1:6]] == [
        ["refused", "flight_delay_model"],
        ["not", "deleted"],
        ["not", "deleted"],
        ["not", "created"],
        ["not", "deleted"],
    ]
    assert contents(sample) == before


def test_refusals_of_several_kinds_have_the_exit_code_of_a_refusal(apply, sample):
    ran = apply(declared(elser=".elser_model_2", late="nope"), options=["--prune", "-o", "json"])
    assert (ran.code, [error["type"] for error in ran.json["errors"]][:2]) == (
        3,
        ["resource_not_found_exception", "status_exception"],
    )
    assert ran.json["status"] == 404
    assert (len(ran.json["errors"]), ran.err) == (3, "")


def test_only_bounds_what_is_looked_at(run, apply, sample):
    ran = apply(
        declared(flight_delayed=LATE, elser="nope"),
        options=["--prune", "--only", "*flight?late", "--allow-empty"],
    )
    assert ran.code == 0
    assert "is-flight-late" not in state(run)
    assert len(state(run)) == 5
    assert apply(declared(elser="nope"), options=["--only", "flight*"]).code == 0


@pytest.mark.parametrize(
    ("text", "options", "what"),
    [
        ("", ["--prune"], "no alias, and --prune would delete all aliases (2)"),
        ("[aliases]\n", ["--prune"], "no alias, and --prune would delete all aliases (2)"),
        (
            declared(x=OLD),
            ["--prune", "--only", "team-*"],
            "no alias that matches 'team-*', and --prune would delete all that match (1)",
        ),
    ],
)
def test_an_empty_declaration_with_prune_is_refused(run, apply, seed, catalog, text, options, what):
    seed(f'[aliases]\nteam-a = "{OLD}"\nx = "{OLD}"\n[models."{OLD}"]')
    before = contents(catalog)
    ran = apply(text, options=options)
    assert (ran.code, contents(catalog)) == (3, before)
    assert ran.err.startswith("error: ")
    assert ran.err.endswith(f" declares {what}\nhint: to delete all of them, add --allow-empty\n")
    assert apply(text, options=[*options, "--allow-empty"]).code == 0
    assert "team-a" not in state(run)


def test_only_may_be_given_more_than_once(run, apply, sample):
    text = declared(elser="nope", late=NEW, sooner=NEW)
    assert apply(text, options=["--only", "l*", "--only", "sooner"]).code == 0
    assert {"late", "sooner", "elser"} <= set(state(run))
    ran = apply("", options=["--prune", "--only", "l*", "--only", "soon*"])
    assert ran.err.splitlines()[0].endswith(
        "declares no alias that matches 'l*' or 'soon*', and --prune would delete all that match (2)"
    )
    assert apply("", options=["--prune", "--only", "l*", "--only", "soon*", "--allow-empty"]).code == 0
    assert "elser" in state(run)
    ran = apply("", options=["--only", "none", "--only", "neither", "-o", "json"])
    assert [error["reason"] for error in ran.json["errors"]] == [
        "there is no alias 'none'",
        "there is no alias 'neither'",
    ]


def test_facts_that_a_file_does_not_tell_of_do_not_differ(run, apply, sample, tmp_path):
    answer = run("export", "--format", "elasticsearch").out
    assert apply(answer, options=["--strict"]).code == 0
    changed = json.loads(answer)
    changed["trained_model_configs"][0]["description"] = "another"
    assert apply(json.dumps(changed), options=["--strict"]).code == 3
    text = run("export").out
    assert apply(text, options=["--strict"]).code == 0
    ran = apply(text.replace('state = "starting"', 'state = "started"'))
    assert ran.err.endswith("; it stays as it is\n")


def test_stats_are_nothing_to_be_declared(apply, sample):
    ran = apply((SAMPLE / "stats.json").read_text())
    assert (ran.code, ran.out) == (0, "nothing to do\n")
    assert ran.err.startswith("warning: the deployments in ")
    assert ran.err.endswith(" are ignored: update them with `import`\n")


def test_an_exact_name_in_only_must_be_there(apply, sample):
    ran = apply(declared(late=NEW), options=["--only", "flight_dely_model"])
    assert ran.code == 4
    assert "did you mean 'flight_delay_model'?" in ran.err


def test_a_strict_refusal_shows_no_move_as_made(run, apply, sample):
    ran = apply(declared(flight_delay_model=SLIM, late=NEW), options=["--strict"])
    assert ran.code == 3
    assert f"refused      flight_delay_model  {SLIM}" in ran.out
    assert ran.out.endswith("\nnothing was written: 1 refused, 1 not done\n")
    assert ran.err.count("shares only 3 of 22 input fields") == 1
    assert "lost       19  " in ran.err


def test_a_strict_refusal_names_the_rule_and_leaves_other_aliases_out_of_it(run, apply, sample):
    text = declared(flight_delay_model=SLIM, late=NEW)
    assert [line.split()[:2] for line in apply(text, options=["--strict"]).out.splitlines()[1:3]] == [
        ["refused", "flight_delay_model"],
        ["not", "created"],
    ]
    ran = apply(text, options=["--strict", "-o", "json"])
    assert [error["rule"] for error in ran.json["errors"]] == ["few_shared_fields"]
    ran = apply(text + f'v1 = "{NEW}"', options=["--strict", "-o", "json"])
    assert [error["rule"] for error in ran.json["errors"]] == ["invalid_alias"]
    assert "late" not in state(run)


def test_check_tells_by_its_exit_code(run, apply, sample):
    before = contents(sample)
    assert apply(declared(elser=".elser_model_2"), options=["--check"]) == (0, "", "")
    ran = apply(declared(elser=".elser_model_2", late=NEW), options=["--check"])
    assert ran == (6, f"RESULT        ALIAS  MODEL\nwould create  late   {NEW}\n", "")
    assert apply(declared(v1=NEW), options=["--check"]).code == 3
    assert apply(declared(late=NEW), options=["--check", "-o", "json"]).json["dry_run"] is True
    assert contents(sample) == before


def test_a_move_that_warns_shows_the_overlap_and_strict_refuses_it(apply, sample):
    ran = apply(declared(flight_delay_model=SLIM), options=["--strict"])
    assert ran.code == 3
    ran = apply(declared(flight_delay_model=SLIM))
    assert ran.code == 0
    assert "lost       19  AvgTicketPrice" in ran.err


def test_a_catalogs_own_table_is_a_declaration_that_changes_nothing(run, sample):
    before = contents(sample)
    assert run("apply", sample / "aliases.toml", "--prune").code == 0
    assert contents(sample) == before


def test_an_unchanged_alias_is_not_judged_and_a_dangling_one_is_warned_of(run, apply, sample):
    (sample / "models" / ".elser_model_2.toml").unlink()
    text = declared(elser=".elser_model_2", sentiment=SST)
    warning = "the alias 'elser' names '.elser_model_2', a model that the catalog does not have"
    for options in ((), ("--check",)):
        ran = apply(text, options=options)
        assert (ran.code, ran.err) == (0, f"warning: {warning}\n")
    ran = apply(text, options=["--strict"])
    assert (ran.code, ran.err) == (3, f"error: {warning}, and --strict treats warnings as errors\n")


def test_a_dry_run_explains_every_rule_of_every_alias(apply, sample):
    told = apply(declared(flight_delay_model=NEW, late=NEW), options=["-n", "-o", "json"]).json["rules"]
    assert [(one["model_alias"], one["rule"]) for one in told] == [
        (alias, rule.id) for alias in ("flight_delay_model", "late") for rule in RULES
    ]


def test_export_to_apply_on_an_empty_catalog_gives_the_same(run, sample, tmp_path, monkeypatch):
    exported = run("export").out
    monkeypatch.setenv("MLALIAS_CATALOG", str(tmp_path / "other"))
    (tmp_path / "export.toml").write_text(exported)
    assert run("apply", tmp_path / "export.toml").code == 0
    assert run("export").out == exported


def test_the_script_of_a_new_user(tmp_path):
    script = tmp_path / "ci.sh"
    script.write_text((TESTS / "ci.sh").read_text())
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    environment = os.environ | {"PATH": PATH}
    done = subprocess.run([script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "all is well"), done


def test_a_thousand_in_one_commit(run, tmp_path, catalog):
    models = [{"model_id": f"m{i:05}", "model_type": "tree_ensemble"} for i in range(1000)]
    (tmp_path / "answer.json").write_text(json.dumps({"trained_model_configs": models}))
    assert run("import", tmp_path / "answer.json", "-q").code == 0
    (tmp_path / "aliases.toml").write_text(declared(**{f"a{i}-x": f"m{i:05}" for i in range(1000)}))
    assert run("apply", tmp_path / "aliases.toml", "-q").code == 0
    assert len((catalog / "history.jsonl").read_text().splitlines()) == 1
    assert len(list((catalog / "models").iterdir())) == 1000
    assert run("verify").code == 0


def test_standard_input_is_read_once(run, sample):
    assert run("apply", "-", "-").code == 2


def test_nothing_to_do_is_said(run, apply, sample):
    assert apply("[aliases]").out == "nothing to do\n"
    assert run("delete", "nope", "--missing-ok").out == "nothing to do\n"


def test_the_hint_of_a_move_from_a_model_that_is_gone_is_left_out(run, sample):
    (sample / "models" / ".elser_model_2.toml").unlink()
    said = run("put", "sst-2-next", "elser", "-r").err
    assert "hint" not in said
    assert "note: the inference endpoint '.elser-2-elasticsearch' (service_settings.model_id) stays with " in said


def test_pruning_an_empty_catalog_is_no_danger(apply):
    assert apply("[aliases]", options=["--prune"]).code == 0


def test_nothing_to_do_makes_no_catalog(run, apply, catalog):
    assert apply("[aliases]").code == 0
    assert run("delete", "nope", "--missing-ok").code == 0
    assert not catalog.exists()


def test_the_table_is_sorted_and_so_are_the_aliases_of_a_model_in_one_that_is_not(run, seed, catalog):
    seed('[aliases]\nz = "m"\n[models.m]')
    assert run("put", "m", "a").code == 0
    table = catalog / "aliases.toml"
    text = table.read_text()
    assert text.index('a = "m"') < text.index('z = "m"')
    table.write_text(text.replace('a = "m"\nz = "m"', 'z = "m"\na = "m"'))
    assert run("models", "m", "-o", "json").json["models"][0]["model_aliases"] == ["a", "z"]
    assert run("show", "m", "-o", "json").json["models"][0]["model_aliases"] == ["a", "z"]


def test_advice_is_for_the_first_of_very_many_refusals(apply, sample):
    ran = apply(declared(**{f"a{i:03}-x": f"sst-2-nex-{i}" for i in range(100)}), options=["-o", "json"])
    hints = [error["hint"] for error in ran.json["errors"]]
    assert (ran.code, len(hints), sum(hint is not None for hint in hints)) == (4, 100, 1)
