"""Inputs as people have them: copied out of Kibana, written by PowerShell or data frame analytics, typed without quotes."""

import json
import os
import stat
import threading

import pytest
from harness import OLD, contents

CHURN = "customer-churn-monthly-retention-prediction-emea-region-1700000000000"
ENTRY = {"model_id": "m", "model_type": "tree_ensemble", "input": {"field_names": ["a"]}}
ANSWER = json.dumps({"count": 1, "trained_model_configs": [ENTRY]})


@pytest.fixture
def take(run, tmp_path):
    """Import text, bytes or an answer."""

    def take(document, *options, command="import"):
        path = tmp_path / "document"
        if isinstance(document, dict):
            document = json.dumps(document)
        path.write_bytes(document if isinstance(document, bytes) else document.encode())
        return run(command, path, *options)

    return take


def configs(*entries):
    return {"count": len(entries), "trained_model_configs": list(entries)}


# --- what is read as it is ---


@pytest.mark.parametrize(
    "document",
    [
        ANSWER.encode("utf-16"),
        b"\xfe\xff" + ANSWER.encode("utf-16-be"),
        ANSWER.encode("utf-32"),
        ANSWER.encode("utf-8-sig"),
        "#! Elasticsearch built-in security features are not enabled.\n" + ANSWER,
        "# GET _ml/trained_models\n  # 200 OK\n" + ANSWER + "\n# done\n",
        '# x = "m"\n[aliases]\n[models.m]\nmodel_type = "tree_ensemble"\n',
        "#! {\n[models.m]\n",
        "[models.m]\n".encode("utf-16"),
    ],
    ids=[
        "UTF-16",
        "UTF-16 big-endian",
        "UTF-32",
        "UTF-8 with its mark",
        "a warning",
        "requests",
        "TOML",
        "a brace in a comment of TOML",
        "TOML in UTF-16",
    ],
)
def test_what_is_clear_is_read(run, take, document):
    assert take(document).code == 0
    assert run("models", "-o", "tsv").out.split("\t")[0] == "m"


def test_a_fault_below_comment_lines_keeps_its_place(take):
    assert "(at line 3, column " in take("#! a warning\n{\n nope}").err


# --- what is recognised ---


@pytest.mark.parametrize(
    ("document", "fault"),
    [
        ('{"count":1,"trained_model_configs":[{"model_id":"q","description":"""line "one"\nline two"""}]}', 'has """, as Dev Tools shows long strings, which is not JSON: fetch the answer with curl'),
        ("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n" + ANSWER, "begins with the headers of an answer: run curl without -i"),
        ("GET _ml/trained_models\n" + ANSWER, "begins with a request: copy the answer alone"),
        ({"model_type": "tree_ensemble", "tags": ["fi"], "input": {"field_names": ["a"]}}, 'is one entry of an answer: put {"trained_model_configs": [...]} around it, and give it its "model_id"'),
        (ENTRY, 'is one entry of an answer: put {"trained_model_configs": [...]} around it'),
        ({"model_id": "m", "pipeline_count": 1, "deployment_stats": {}}, 'is one entry of an answer: put {"trained_model_stats": [...]} around it'),
        ({"description": "p", "processors": []}, 'is one entry of an answer: put {"NAME": ...} around it'),
        ([ENTRY], "is a list: pass the whole answer, with the braces around it"),
    ],
)  # fmt: skip
def test_what_is_recognised_is_refused_with_the_way_out(take, sample, document, fault):
    before = contents(sample)
    ran = take(json.dumps(document) if isinstance(document, list) else document)
    assert (ran.code, contents(sample)) == (2, before)
    assert ran.err.endswith(f" {fault}\n")


@pytest.mark.parametrize("command", ["import", "apply"])
@pytest.mark.parametrize(
    ("document", "line"),
    [
        ('[models.all-minilm-l6-v2.1]\nmodel_type = "pytorch"\ninput.field_names = ["text_field"]', '[models."all-minilm-l6-v2.1"]'),
        ('models.e5.small.model_type = "pytorch"', '[models."e5.small"]'),
        ("[models.a]\n[models.a.1]", '[models."a.1"]'),
        ("[models.a.1.5.2]\ntags = []", '[models."a.1.5.2"]'),
        ('[[models.bge-m3.2.deployments]]\ndeployment_id = "d"', '[models."bge-m3.2"]'),
        (f'[aliases]\nflight.delay = "{OLD}"', f'"flight.delay" = "{OLD}"'),
        ('[aliases.a.b]\nc = "m"', '"a.b.c" = "m"'),
        ('[pipelines]\nmy.reviews = ["m"]', '"my.reviews" = ["m"]'),
    ],
)  # fmt: skip
def test_a_name_with_dots_needs_quotes(take, sample, command, document, line):
    before = contents(sample)
    ran = take(document, command=command)
    assert (ran.code, contents(sample)) == (2, before)
    assert ran.err.endswith(f"needs quotes, as it has dots: write {line}\n")


def test_a_quoted_line_is_taken_as_it_is_pasted(run, take):
    assert take('[aliases]\n"flight.delay" = "all-minilm-l6-v2.1"\n[models."all-minilm-l6-v2.1"]').code == 0
    assert run("resolve", "flight.delay").out == "all-minilm-l6-v2.1\n"


@pytest.mark.parametrize(
    "key",
    [
        "input.field_names = ['a']",
        "inference_config.regression = {}",
        "metadata.a.b = 1",
        "next_year.a = 1",
        "location.index.name = 'x'",
    ],
)
def test_tables_that_a_model_has_are_taken(take, key):
    assert take(f"[models.m]\n{key}").code == 0


# --- names that exist ---


def test_an_id_of_data_frame_analytics_is_taken_listed_resolved_and_moved(run, take):
    long = {**ENTRY, "model_id": CHURN, "metadata": {"model_aliases": ["churn"]}}
    assert take(configs({**ENTRY, "model_id": "short"}, long)).code == 0
    assert run("resolve", "churn").out == f"{CHURN}\n"
    assert CHURN in run("list").out
    assert run("put", "short", "churn", "-r").code == 0
    assert run("rollback", "churn").code == 0
    assert (run("verify").code, run("forget", CHURN).code) == (0, 0)


@pytest.mark.parametrize("odd", ["../../etc/passwd", "Upper", "a" * 300, "", "-x"])
def test_an_odd_entry_is_left_out_and_named_and_alone_it_is_invalid(run, take, catalog, odd):
    ran = take(configs({**ENTRY, "model_id": odd}, ENTRY))
    assert (ran.code, ran.err) == (
        0,
        f"warning: {catalog.parent / 'document'} has '{odd}', which is not a valid model id: left out\n",
    )
    assert sorted(path.name for path in (catalog / "models").iterdir()) == ["m.toml"]
    before = contents(catalog)
    assert take(configs({**ENTRY, "model_id": odd})).code == 2
    assert take(configs({**ENTRY, "model_id": odd}, ENTRY), "--prune").code == 3
    assert contents(catalog) == before


@pytest.mark.parametrize(
    "entry",
    [
        3,
        {},
        {"model_id": 1},
        {"model_id": "n", "tags": "x"},
        {"model_id": "n", "inference_config": {}},
        {"model_id": "n", "1": {}},
    ],
)
def test_whatever_is_odd_about_an_entry_the_others_are_read(run, take, entry):
    ran = take(configs(entry, ENTRY))
    assert (ran.code, ran.err.count(": left out\n")) == (0, 1)
    assert run("models", "-o", "tsv").out.split("\t")[0] == "m"


def test_many_odd_entries_are_counted(take):
    ran = take(configs(*({"model_id": f"M{index}"} for index in range(30)), ENTRY))
    assert (ran.code, ran.err.count("warning: ")) == (0, 11)
    assert ran.err.endswith("warning: 20 more things left out\n")


def test_an_odd_alias_is_left_out_and_its_model_taken(run, take):
    ran = take(configs({**ENTRY, "metadata": {"model_aliases": ["../x", "fine"]}}))
    assert (ran.code, "has the alias '../x', a name that no server allows: left out\n" in ran.err) == (0, True)
    assert run("models", "-o", "json").json["models"][0]["model_aliases"] == ["fine"]


def seven(target):
    one, two = {**ENTRY, "model_id": "s-1"}, {**ENTRY, "model_id": "s-2"}
    named = {"s-1": one, "s-2": two}[target]
    named["metadata"] = {"model_aliases": ["7"]}
    return configs(one, two)


def test_an_alias_that_a_server_allowed_moves_and_goes_back_like_any_other(run, take):
    assert take(seven("s-1")).code == 0
    assert take(seven("s-2"), "--reassign").code == 0
    assert run("rollback", "7").code == 0
    assert run("put", "s-1", "7", "--reassign").code == 0
    assert take('[aliases]\n7 = "s-2"', command="apply").code == 0
    assert run("delete", "7").code == 0
    assert (run("rollback", "7").code, run("resolve", "7").out) == (0, "s-2\n")


def test_a_new_alias_of_that_kind_is_refused_with_another_name(run, seed):
    seed("[models.s-1]")
    ran = run("put", "s-1", "7")
    assert ran.code == 3
    assert ran.err.endswith("hint: a valid alias: mlalias put s-1 7-model\n")


# --- what is written can be read again ---


def nested(model_id, levels, inner):
    entry = f'"model_id":"{model_id}","metadata":{{"a":{"[" * levels}{inner}{"]" * levels}}}'
    return f'{{"trained_model_configs":[{{{entry}}}]}}'


@pytest.mark.parametrize("command", ["import", "apply"])
def test_what_would_be_too_large_to_be_read_is_refused(run, take, sample, command):
    before = contents(sample)
    ran = take(nested("brick", 58, ",".join("1" * 600_000)), command=command)
    assert (ran.code, contents(sample)) == (2, before)
    assert ran.err.endswith("has nested lists that make a file of more than 128 MiB\n")


@pytest.mark.parametrize(("levels", "taken"), [(60, True), (61, False)])
def test_what_is_as_deep_as_can_be_is_exported_and_imported_again(run, take, tmp_path, levels, taken):
    ran = take(nested("deep", levels, "1"))
    assert (ran.code == 0) == taken
    for form in ("toml", "elasticsearch") if taken else ():
        other = tmp_path / form
        assert take(run("export", "--format", form).out, "--catalog", other).code == 0
        assert run("export", "--catalog", other).out == run("export").out


# --- files ---


@pytest.mark.parametrize(
    "words",
    [
        ("models",),
        ("list",),
        ("resolve", "prod"),
        ("forget", "mine"),
        ("forget", "mine", "--force"),
        ("put", "mine", "new"),
        ("verify",),
    ],
)
def test_a_link_in_the_place_of_models_is_refused(run, seed, catalog, tmp_path, words):
    seed('[models.ok]\n[aliases]\nprod = "ok"')
    elsewhere = tmp_path / "elsewhere"
    (catalog / "models").rename(elsewhere)
    (elsewhere / "mine.toml").write_text('description = "not yours"')
    (catalog / "models").symlink_to(elsewhere)
    before = contents(elsewhere)
    ran = run(*words)
    assert (ran.code, contents(elsewhere)) == (7, before)
    assert f"'{catalog / 'models'}' is a symbolic link" in ran.out + ran.err


def test_nothing_is_written_through_a_link_in_the_place_of_models(run, take, catalog, tmp_path):
    catalog.mkdir()
    (tmp_path / "elsewhere").mkdir()
    (catalog / "models").symlink_to(tmp_path / "elsewhere")
    assert take("[models.fresh]").code == 7
    assert contents(tmp_path / "elsewhere") == {}


@pytest.mark.parametrize("name", ["aliases.toml", "pipelines.toml", "history.jsonl", "models/ok.toml", ".lock"])
def test_verify_does_not_open_what_is_not_a_regular_file(run, seed, catalog, name):
    seed('[models.ok]\n[pipelines]\np = []\n[aliases]\nprod = "ok"')
    (catalog / name).unlink()
    os.mkfifo(catalog / name)
    verified = []
    thread = threading.Thread(target=lambda: verified.append(run("verify").code), daemon=True)
    thread.start()
    thread.join(10)
    assert verified == [7]


def test_the_mode_of_a_replaced_file_stays(run, seed, catalog):
    seed('[models.ok]\n[models.other]\n[pipelines]\np = []\n[aliases]\nprod = "ok"')
    names = ("aliases.toml", "pipelines.toml", "models/ok.toml")
    for name in names:
        (catalog / name).chmod(0o640)
    seed('[models.ok]\ndescription = "x"\n[pipelines]\np = ["x"]\n[aliases]\nprod = "other"', "--reassign")
    assert {stat.S_IMODE((catalog / name).stat().st_mode) for name in names} == {0o640}


def test_a_shared_directory_gets_a_sentence_that_says_what_to_do(run, seed, catalog, monkeypatch):
    seed("[models.ok]")
    catalog.chmod(0o2770)
    opened = os.open

    def of_somebody_else(path, *more, **options):
        if str(path).endswith(".tmp"):
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, *more, **options)

    monkeypatch.setattr(os, "open", of_somebody_else)
    ran = run("put", "ok", "prod")
    assert ran.code == 1
    assert ran.err.endswith(f"hint: let the group write, and set umask 002 for all who do: chmod -R g+rwX {catalog}\n")


# --- hints ---


@pytest.mark.parametrize(
    ("words", "right"),
    [
        (("get", "flight_delay_model"), "show flight_delay_model"),
        (("rm", "elser"), "delete --help"),  # what would write is not proposed to be pasted
        (("set", "m", "a", "--reassign"), "put --help"),
        (("diff", "a", "b"), "compare a b"),
        (("undo", "elser"), "rollback --help"),
        (("log",), "history"),
        (("ls", "a b*", "--catalog", "there"), "list 'a b*' --catalog there"),
    ],
)
def test_what_other_tools_call_a_command_is_understood(run, sample, words, right):
    ran = run(*words)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.splitlines()[1] == f"hint: did you mean '{right.split()[0]}'? mlalias {right}"


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (
            ("put", "flight-delay-prediction-1580004349800", "flight_delay_model"),
            "flight_delay_model --reassign --dry-run\n",
        ),
        (("put", "flight-delay-prediction-1580004349801", "new"), "new --dry-run\n"),
        (("delete", "elser", "--model", "m"), "delete elser --model .elser_model_2 --dry-run\n"),
        (("rollback", "elser"), "rollback elser --delete --dry-run\n"),
        (("forget", "sst-2-next"), "forget sst-2-next --force --dry-run\n"),
    ],
)
def test_the_hint_of_a_dry_run_keeps_it_dry(run, sample, words, hint):
    assert run(*words, "--dry-run").err.endswith(hint)


def test_what_was_meant_is_looked_up_once_among_few(run, seed):
    seed("[models]\n" + "".join(f'"model-{index:06}" = {{}}\n' for index in range(5000)))
    ran = run("resolve", *(f"modle-{index:06}" for index in range(50)))
    assert (ran.code, ran.err.count("did you mean"), ran.err.count("error: ")) == (4, 1, 50)
