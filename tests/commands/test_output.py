"""What a person and a script see: formats, widths, colour, streams."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest
from harness import LATE, MLALIAS, NEW, OLD, SAMPLE, SLIM, SST
from terminal import on_terminal, plain


def test_a_result_in_every_format(run, sample):
    words = ("put", NEW, "flight_delay_model", "-r")
    assert run(*words, "-n", "-o", "tsv").out == f"reassigned\tflight_delay_model\t{NEW}\t{OLD}\n"
    dry = run(*words, "-n", "-o", "json").json
    change = {"result": "reassigned", "model_alias": "flight_delay_model", "model_id": NEW, "previous_model_id": OLD}
    assert {key: value for key, value in dry.items() if key != "rules"} == {
        "acknowledged": True,
        "dry_run": True,
        "revision": None,
        "changes": [change],
        "warnings": [],
        "left_behind": [],
        "users_unknown": {},
        "following": [
            {
                "kind": "pipeline",
                "name": "flights",
                "via": "flight_delay_model",
                "guarded": True,
                "place": "processors[0].inference",
                "model_alias": "flight_delay_model",
                "reach": {
                    "pipeline": "flights",
                    "called_by": [],
                    "indices": None,
                    "templates": None,
                    "documents": None,
                },
            }
        ],
    }
    assert {rule["outcome"] for rule in dry["rules"]} == {"pass", "skip"}
    done = run(*words, "-o", "json").json
    assert done == {
        "acknowledged": True,
        "dry_run": False,
        "revision": 2,
        "changes": [change],
        "warnings": [],
        "undo": "mlalias rollback flight_delay_model",
        "left_behind": [],
        "users_unknown": {},
    }
    assert run("put", NEW, "flight_delay_model", "-r").out.splitlines() == [
        "RESULT     ALIAS               MODEL                                  WAS",
        f"unchanged  flight_delay_model  {NEW}  {NEW}",
    ]


def test_records_of_lists(run, sample):
    first = run("list", "-o", "json").json["aliases"][0]
    assert first == {
        "model_alias": "elser",
        "model_id": ".elser_model_2",
        "model_type": "pytorch",
        "inference_type": "text_expansion",
        "field_count": 1,
        "deployments": [
            {
                "deployment_id": ".elser_model_2",
                "state": "started",
                "allocation_count": 1,
                "target_allocation_count": 1,
                "cache_size": "255mb",
                "priority": "normal",
                "queue_capacity": 1024,
                "start_time": 1763967000000,
                "threads_per_allocation": 1,
            }
        ],
        "dangling": False,
    }
    model = run("models", LATE, "-o", "json").json["models"][0]
    assert model["model_aliases"] == ["flight_delayed", "is-flight-late"]
    assert (model["deployments"], model["pipelines"], model["version"]) == ([], [], "8.19.4")
    entry = run("history", "-o", "json").json["history"][0]
    assert (entry["revision"], entry["actor"], entry["command"], entry["time"]) == (
        1,
        "ada@lab",
        "import",
        "2026-11-24T10:04:11Z",
    )
    assert len(entry["changes"]) == 6


def test_a_catalog_that_is_not_there_says_so_and_json_is_an_empty_list(run, catalog):
    nothing = f"there is no catalog in '{catalog}'\n"
    assert run("list") == (0, "", f"{nothing}no aliases\n")
    assert run("list", "-o", "tsv") == (0, "", nothing)
    assert run("list", "-o", "json").json == {"aliases": []}
    assert run("models", "-o", "json").json == {"models": []}
    assert run("history", "-o", "json").json == {"history": []}
    assert run("verify", "-o", "json").json["error"]["reason"] == nothing.strip()
    assert run("export", "--format", "elasticsearch").json == {"count": 0, "trained_model_configs": []}


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("put",), 2),
        (("nonsense",), 2),
        (("list", "--nonsense"), 2),
        (("put", "m", "a"), 4),
        (("put", "m", "v1"), 3),
        (("resolve", "a"), 4),
        (("import", "/nowhere"), 2),
        (("history", "a"), 4),
        (("put", "m", "a", "--if-current", "x"), 5),
    ],
)
@pytest.mark.parametrize("option", [("-o", "json"), ("-ojson",), ("--output", "json"), ("--output=json",)])
def test_json_is_one_document_on_failure_too(run, words, code, option):
    ran = run(*words, *option)
    assert ran.code == code
    assert set(ran.json) >= {"error", "errors", "status"}
    assert ran.json["error"] == ran.json["errors"][0]
    assert set(ran.json["error"]) == {"type", "reason", "rule", "hint", "model_alias"}
    assert ran.json["error"]["rule"]
    assert "error: " not in ran.err
    assert "hint: " not in ran.err


@pytest.mark.parametrize("message", [("-mfoo",), ("-mno",), ("-m", "o"), ("-qmo",), ("--message=-o",)])
def test_the_text_of_a_message_is_not_taken_for_an_output_format(run, sample, message):
    ran = run("delete", "elser", "--bogus", "-o", "json", *message)
    assert (ran.code, ran.json["status"]) == (2, 400)


def test_quiet_leaves_warnings_and_errors(run, sample):
    assert run("put", NEW, "flight_delay_model", "-r", "-q") == (0, "", "")
    ran = run("put", SLIM, "flight_delay_model", "-r", "-q")
    assert (ran.code, ran.out) == (0, "")
    assert ran.err.startswith("warning: ")
    assert "hint: " not in ran.err
    ran = run("put", "nope", "x", "-q")
    assert ran == (4, "", "error: there is no model 'nope' for the alias 'x'\n")


def test_patterns_and_exact_names(run, sample):
    def listed(*words):
        return [record["model_alias"] for record in run("list", *words, "-o", "json").json["aliases"]]

    assert listed("flight*") == ["flight_delay_model", "flight_delayed", "is-flight-late"]
    assert listed("sentiment", "elser") == ["elser", "sentiment"]
    assert listed(LATE) == ["flight_delayed", "is-flight-late"]
    assert listed("nothing*") == []
    assert listed(NEW) == []
    ran = run("list", "sentimen", "nothing-like-it")
    assert ran.code == 4
    assert ran.err.splitlines()[:2] == [
        "error: there is no model or alias 'sentimen'",
        "error: there is no model or alias 'nothing-like-it'",
    ]
    assert [record["model_id"] for record in run("models", "sentiment", "*sst-2-d*", "-o", "json").json["models"]] == [
        SST,
        "sst-2-draft",
    ]


def test_resolve_prints_all_or_nothing(run, sample):
    assert run("resolve", "elser", OLD) == (0, f".elser_model_2\n{OLD}\n", "")
    ran = run("resolve", "elser", "nope", "never")
    assert (ran.code, ran.out, ran.err.count("error: ")) == (4, "", 2)


@pytest.mark.parametrize("name", ["list", "models"])
def test_a_narrow_terminal_leaves_out_columns_and_says_how_to_see_them(sample, name):
    wide, middle, narrow = (plain(on_terminal(name, columns=columns)) for columns in (200, 80, 40))
    assert "DEPLOYMENT" in wide.splitlines()[0]
    assert "left out" not in wide
    assert max(map(len, middle.splitlines())) <= 80
    assert re.search(r" left out: .*\(to see all: -o json, or \d+ columns\)$", " ".join(middle.split()))
    assert f"model:      {SST}\n" in narrow
    for text in (wide, middle, narrow):
        assert all(name in text for name in (OLD, LATE, SST))


def test_history_on_a_narrow_terminal_is_told_whole_in_blocks(run, sample):
    assert run("put", NEW, "flight_delay_model", "-r", "-m", "retrained").code == 0
    lines = [f"changes:  flight_delay_model -> {NEW}", "command:  put", "by:       ada@lab", "message:  retrained"]
    narrow = plain(on_terminal("history"))
    assert all(line in narrow.splitlines() for line in lines)
    assert "left out" not in narrow
    wide = plain(on_terminal("history", columns=160))
    assert wide.splitlines()[1].split() == [
        "2", "flight_delay_model", "->", NEW, "2026-11-24", "10:04", "put", "ada@lab", "retrained",
    ]  # fmt: skip


@pytest.mark.parametrize("columns", [50, 60, 80, 110, 200])
def test_the_change_table_never_cuts_an_identifier(sample, columns):
    text = plain(on_terminal("put", NEW, "flight_delay_model", "-r", "-n", columns=columns))
    assert NEW in text
    assert OLD in text
    assert "would move" in text


def test_a_terminal_has_colour_and_a_pipe_has_not(run, sample):
    coloured = on_terminal("list")
    assert "\x1b[1m" in coloured
    for environment in ({"NO_COLOR": "1"}, {"TERM": "dumb"}, {"NO_COLOR": "1", "FORCE_COLOR": "1"}):
        assert "\x1b" not in on_terminal("list", **environment)
    assert "\x1b" not in run("list").out
    ran = on_terminal("put", "nope", "x")
    assert "\x1b[31merror:\x1b[0m there is no model" in ran


def test_colour_is_for_what_became_of_a_thing_and_not_for_a_name_that_reads_so(run, seed, catalog, monkeypatch):
    seed(
        '[aliases]\nnew = "m"\nfail = "gone"\n[models.m]\n[models.n]\ninference_config.ner = {}\nmodel_type = "pytorch"'
    )
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.delenv("NO_COLOR", raising=False)
    told = [line.split(maxsplit=1) for line in run("list").out.splitlines()[1:]]
    assert told[0] == ["fail", "\x1b[31mgone (dangling)\x1b[0m"]
    assert told[1][0] == "new"
    assert "\x1b[32mcreated\x1b[0m  removed  m" in run("put", "m", "removed").out
    (catalog.parent / "d.toml").write_text('[aliases]\nnew = "n"\ncreated = "m"')
    lines = run("apply", catalog.parent / "d.toml").out.splitlines()
    assert re.fullmatch(r"\x1b\[2mnot created\x1b\[0m  created +m", lines[1])
    assert lines[2].startswith("\x1b[31mrefused    \x1b[0m  new ")


def test_force_colour_reaches_a_pipe(run, sample, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[1m" in run("list").out
    assert "\x1b" not in run("resolve", "elser").out + run("list", "-o", "tsv").out + run("list", "-o", "json").out


def test_times_are_local_on_a_terminal_and_utc_elsewhere(run, sample):
    assert "2026-11-24 11:04" in plain(on_terminal("history", TZ="Europe/Berlin", columns=160))
    assert "2026-11-24T10:04:11Z" in run("history").out
    assert "2026-11-24T10:04:11Z" in run("history", "-o", "tsv").out


HOSTILE = "[red]x[/red] [/old] \x1b[31m\x9b\u202e\u200b\t\n\r\\ :smile: é 漢"


def test_hostile_text_is_shown_and_does_nothing(run, seed, sample):
    seed("[models.hostile]\nmodel_type = " + json.dumps(HOSTILE) + "\ndescription = " + json.dumps(HOSTILE))
    assert run("put", "hostile", "h", "-m", HOSTILE).code == 0
    for words in (
        ("list",),
        ("models",),
        ("show", "h"),
        ("show", "hostile"),
        ("history",),
        ("history", "h"),
        ("compare", "h", OLD),
    ):
        for text in (run(*words).out, run(*words, "-o", "tsv").out, plain(on_terminal(*words, columns=300))):
            assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e\u200b]", text), words
        assert run(*words, "-o", "json").out.isascii()
    assert (
        "[red]x[/red] [/old] \\x1b[31m\\x9b\\u202e\\u200b\\t\\n\\r\\\\ :smile: é 漢"
        in run("list", "h", "-o", "tsv").out
    )
    assert "[red]x[/red] [/old] \\x1b[31m\\x9b\\u202e\\u200b\\t\\n\\r\\ :smile: é 漢" in run("list", "h").out
    exported = run("export", "hostile").out
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\u200b]", exported)


# --- streams ---


def piped(*words, stdout, **more):
    return subprocess.run([*MLALIAS, *words], stdout=stdout, stderr=subprocess.PIPE, text=True, check=False, **more)


def test_a_full_disk_behind_stdout_says_that_the_change_is_in_place(run, sample):
    with open("/dev/full", "w") as full:
        done = piped("put", NEW, "flight_delay_model", "-r", stdout=full)
        listed = piped("list", stdout=full)
    assert done.returncode == 1
    assert "error: the change is in place, but cannot write the result: no space left on device" in done.stderr
    assert run("resolve", "flight_delay_model").out == f"{NEW}\n"
    assert (listed.returncode, listed.stderr) == (1, "error: cannot write the result: no space left on device\n")


@pytest.mark.parametrize(
    "words", [("list",), ("--help",), ("put", NEW, "flight_delay_model", "-r"), ("list", "-o", "json")]
)
def test_a_closed_pipe_is_141_and_silent(sample, words):
    reader, writer = os.pipe()
    os.close(reader)
    done = piped(*words, stdout=writer)
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, "")


def test_a_closed_stdout_is_told(sample):
    done = subprocess.run(
        ["sh", "-c", '"$0" -m mlalias list >&-', sys.executable], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (1, "error: cannot write the result: standard output is closed\n")


def test_a_failure_to_print_an_error_keeps_its_exit_code(sample):
    with open("/dev/full", "w") as full:
        done = subprocess.run([*MLALIAS, "resolve", "nope"], stderr=full, check=False)
        document = piped("resolve", "nope", "-o", "json", stdout=full)
    assert done.returncode == 4
    assert (document.returncode, document.stderr.count("error: ")) == (4, 1)  # the document could not be printed
    reader, writer = os.pipe()
    os.close(reader)
    closed = piped("resolve", "nope", "-o", "json", stdout=writer)
    os.close(writer)
    assert closed.returncode == 4


def test_options_before_the_command_are_told_to_come_after_it(run, catalog):
    ran = run("--catalog", catalog, "list")
    assert ran.err == f"error: --catalog comes after the command\nhint: like this: mlalias list --catalog {catalog}\n"


def test_an_ascii_stdout_spells_out_what_it_lacks(sample, run, seed):
    seed('[models.m]\ndescription = "é"\ninput.field_names = ["a"]')
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    assert "\\xe9" in piped("show", "m", stdout=subprocess.PIPE, env=environment).stdout
    assert "####" in piped("compare", "m", "m", stdout=subprocess.PIPE, env=environment).stdout


def test_version_path_and_bare_call(run, catalog):
    from mlalias import __version__

    assert run("--version") == (0, f"mlalias {__version__}\n", "")
    assert run("path") == (0, f"{catalog}\n", "")
    assert run("path", "--catalog", "elsewhere").out == "elsewhere\n"
    bare = run()
    assert bare.code == 0
    assert bare.out == run("--help").out


def test_the_default_catalog_is_in_the_users_data_directory(run, monkeypatch, tmp_path):
    monkeypatch.delenv("MLALIAS_CATALOG")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert run("path").out == f"{tmp_path}/data/mlalias\n"


def test_hints_keep_the_catalog_that_was_given(run, sample, monkeypatch):
    monkeypatch.delenv("MLALIAS_CATALOG")
    ran = run("put", NEW, "flight_delay_model", "--catalog", sample)
    assert ran.err.splitlines()[1].endswith(f"mlalias put {NEW} flight_delay_model --reassign --catalog {sample}")


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (("lst",), "did you mean 'list'? mlalias list"),
        (("list", "--otput", "json"), "--output"),
        (("list", "-o", "jsn"), "json"),
        (("export", "--format", "yaml"), "--format takes toml or elasticsearch, not 'yaml'"),
        (("resolve", "sentimnt"), "did you mean 'sentiment'?"),
        (("history", "sentimnt"), "did you mean 'sentiment'?"),
        (("delete", "sentimnt"), "did you mean 'sentiment'?"),
        (("forget", "sst-2-nex"), "did you mean 'sst-2-next'?"),
        (("forget", "sentiment"), f"mlalias show {SST}"),
        (("delete", OLD), f"mlalias forget {OLD}"),
    ],
)
def test_a_typo_is_answered_with_what_was_meant(run, sample, words, meant):
    assert meant in run(*words).err


def test_an_empty_catalog_option_is_not_the_users_own_catalog(run, catalog):
    ran = run("list", "--catalog", "")
    assert (ran.code, ran.err) == (2, "error: --catalog is empty: give a directory or a URL\n")
    assert run("list", "--catalog", "~nobody-of-that-name/x").code == 2


def test_a_closed_stdin_is_told(sample):
    done = subprocess.run(
        ["sh", "-c", '"$0" -m mlalias import - <&-', sys.executable], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (2, "error: standard input is closed\n")


def test_facts_that_were_written_are_told_to_be_in_place(run, seed, tmp_path):
    (tmp_path / "d.toml").write_text("[models.m]")
    with open("/dev/full", "w") as full:
        done = piped("import", str(tmp_path / "d.toml"), stdout=full)
    assert "the change is in place, but cannot write the result" in done.stderr
    assert run("resolve", "m").code == 0


@pytest.mark.parametrize("words", [("lst",), ("put",)])
def test_the_hint_of_a_usage_error_can_be_pasted(run, words, catalog):
    ran = run(*words, "--catalog", catalog)
    hint = ran.err.splitlines()[-1].split(" mlalias ")[1].split()
    assert run(*hint).code == 0


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-16"])
def test_an_export_is_toml_in_any_encoding_of_stdout(run, seed, tmp_path, encoding):
    seed('[models.m]\ndescription = "é 漢字 \U0001f600"')
    environment = os.environ | {"PYTHONIOENCODING": encoding}
    done = subprocess.run([*MLALIAS, "export"], env=environment, capture_output=True, check=True)
    (tmp_path / "export.toml").write_text(done.stdout.decode(encoding))
    assert run("import", tmp_path / "export.toml", "-o", "json").json["facts"][0]["result"] == "same"


@pytest.mark.parametrize("columns", [40, 50, 80])
@pytest.mark.parametrize(
    "words", [("put", "sst-2-draft", "sentiment", "-r", "-n"), ("compare", "flight_delay_model", NEW)]
)
def test_rules_are_readable_on_a_narrow_terminal(sample, columns, words):
    text = plain(on_terminal(*words, columns=columns))
    assert "enough fields are kept" in text
    assert ("left out: the messages" in text) == (columns < 60)
    longest = max((line for line in text.splitlines() if not line.startswith("    mlalias")), key=len)
    assert len(longest) <= columns or len(max(longest.split(), key=len)) > columns // 2, longest


SLOW = """
import time
from mlalias.progress import progress
with progress("writing models") as advance:
    for done in range(1, 4):
        time.sleep(0.6)
        advance(done, 3)
"""


def test_a_bar_shows_what_takes_over_a_second_on_a_terminal_only(run, sample):
    assert "writing models" in plain(on_terminal(program=["-c", SLOW]))
    done = subprocess.run([sys.executable, "-c", SLOW], capture_output=True, text=True, check=True)
    assert done.stdout + done.stderr == ""
    assert "writing models" not in on_terminal("import", SAMPLE / "models.json", "-q")


def test_reading_and_writing_many_models_tell_how_far_they_are(seed, catalog):
    from contextlib import contextmanager

    from mlalias.documents.facts import read
    from mlalias.edits.declared import apply
    from mlalias.stores.directory.store import DirectoryStore

    seed("\n".join(f"[models.m{i}]" for i in range(300)))
    told = {}

    @contextmanager
    def progress(label):
        yield lambda done, total: told.setdefault(label, []).append((done, total))

    lines = "".join(f'a{i}-x = "m{i}"\n' for i in range(300)) + "[models.new]\n[models.newer]"
    facts = read(f"[aliases]\n{lines}".encode(), "x")
    plan = DirectoryStore(catalog, progress=progress).change(
        apply(facts, prune=False, only=(), allow_empty=False), "apply"
    )
    assert len(plan.moves) == 300
    assert told["reading models"][-1] == (299, 300)
    assert told["writing models"][-1] == (2, 2)


def test_a_hint_repeats_what_keeps_the_command_safe(run, sample):
    ran = run("put", SLIM, "flight_delay_model", "--strict", "-m", "a reason")
    assert ran.err.splitlines()[-1].endswith(
        f"mlalias put {SLIM} flight_delay_model --reassign --message 'a reason' --strict"
    )
    assert "--strict" not in run("put", LATE, "flight_delay_model", "-r", "--strict").err


@pytest.mark.parametrize(
    "words",
    [
        ("list",),
        ("models",),
        ("history",),
        ("history", "h"),
        ("show", "h"),
        ("compare", "h", "sst-2-next"),
        ("put", "sst-2-draft", "sentiment", "-r", "-n"),
        ("delete", "elser", "-n"),
        ("verify",),
    ],
)
def test_a_table_is_the_same_with_and_without_colour(run, seed, sample, monkeypatch, words):
    seed("[models.hostile]\nmodel_type = " + json.dumps(HOSTILE) + "\ndescription = " + json.dumps(HOSTILE))
    assert run("put", "hostile", "h", "-m", HOSTILE).code == 0
    without = run(*words)
    monkeypatch.setenv("FORCE_COLOR", "1")
    coloured = run(*words)
    assert plain(coloured.out) == without.out
    assert "\x1b" in coloured.out or words == ("verify",)


def test_an_interrupted_command_is_130_and_says_what_was_written(sample):
    with subprocess.Popen(
        [*MLALIAS, "import", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as command:
        time.sleep(1.5)  # until it reads
        command.send_signal(signal.SIGINT)
        out, err = command.communicate(timeout=10)
    assert (command.returncode, out, err) == (130, b"", b"interrupted: nothing was written\n")
