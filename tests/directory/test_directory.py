"""The catalog directory: first writers, readers beside a writer, and hands that edit, delete and restore files."""

import json
import os
import re
import shutil
import subprocess
import threading

import pytest
from fasteners import InterProcessLock
from harness import MLALIAS, NEW, OLD, PATH, SLIM, contents


def history(directory):
    return [json.loads(line) for line in (directory / "history.jsonl").read_text().splitlines()]


def test_sixteen_first_writers_make_one_catalog(run, catalog, tmp_path):
    declared = tmp_path / "seed.toml"
    declared.write_text("[models.m]\n")
    writers = []
    for i in range(16):
        path = tmp_path / f"{i}.toml"
        path.write_text(f'[aliases]\nfirst-{i}-x = "m"\n[models.m]\n')
        writers.append(subprocess.Popen([*MLALIAS, "apply", str(path), "-q"]))
    assert [writer.wait() for writer in writers] == [0] * 16
    assert len(run("list", "-o", "json").json["aliases"]) == 16
    assert run("verify").code == 0


def test_readers_beside_a_writer_always_see_a_whole_catalog(run, sample):
    done = threading.Event()
    seen = []

    def read():
        from mlalias.stores.directory.store import DirectoryStore

        while not done.is_set():
            seen.append(DirectoryStore(sample).read().aliases["flight_delay_model"])

    reader = threading.Thread(target=read)
    reader.start()
    for target in (NEW, SLIM, OLD) * 5:
        assert run("put", target, "flight_delay_model", "-r", "-q").code == 0
    done.set()
    reader.join()
    assert set(seen) <= {OLD, NEW, SLIM}
    assert len(seen) > 15


def test_readers_do_not_wait_for_the_lock(sample):
    with InterProcessLock(sample / ".lock"):
        done = subprocess.run([*MLALIAS, "resolve", "elser"], capture_output=True, text=True, check=False, timeout=20)
        dry = subprocess.run([*MLALIAS, "put", OLD, "x", "-n"], capture_output=True, text=True, check=False, timeout=20)
    assert (done.returncode, done.stdout) == (0, ".elser_model_2\n")
    assert dry.returncode == 0


# --- files that hands touched ---


@pytest.fixture
def moved(run, sample):
    """A catalog whose alias moved twice: at revision 3."""
    for target in (NEW, SLIM):
        assert run("put", target, "flight_delay_model", "-r").code == 0
    return sample


def mended(run, catalog, finding):
    """Paste a mend into a shell."""
    environment = os.environ | {"PATH": PATH}
    command = re.search(r"(cp .* && )?(printf|mlalias) .*", finding["mend"])[0]
    subprocess.run(["sh", "-c", command], env=environment, check=True, capture_output=True)


def test_a_deleted_table_never_costs_the_history(run, moved):
    aliases = run("list", "-o", "json").json
    (moved / "aliases.toml").unlink()
    before = contents(moved)
    for command in (
        ("list",),
        ("put", OLD, "x"),
        ("import", moved / "models" / "sst-2-next.toml"),
        ("resolve", "elser"),
    ):
        ran = run(*command)
        assert (ran.code, contents(moved)) == (7 if command[0] != "import" else 2, before)
    (fault,) = run("verify", "-o", "json").json["faults"]
    assert "is gone, but the history goes on to revision 3" in fault["message"]
    mended(run, moved, fault)
    assert run("verify").code == 0
    assert run("list", "-o", "json").json == aliases
    assert run("rollback", "flight_delay_model").code == 0


@pytest.mark.parametrize("torn", ["", '{"revision": 4'])
@pytest.mark.parametrize("back", [1, 2])
def test_a_restored_table_never_costs_the_history(run, sample, back, torn):
    tables = []
    for target in (NEW, SLIM):
        tables.append((sample / "aliases.toml").read_bytes())
        assert run("put", target, "flight_delay_model", "-r").code == 0
    (sample / "aliases.toml").write_bytes(tables[-back])
    with (sample / "history.jsonl").open("a") as history:
        history.write(torn)
    before = contents(sample)
    ran = run("put", OLD, "x")
    assert ran.code == 7
    assert "the history goes on to revision 3: it was deleted or restored" in ran.err
    assert contents(sample) == before
    assert run("list").code == 0  # a reader takes the table as it is
    (fault,) = run("verify", "-o", "json").json["faults"]
    mended(run, sample, fault)
    assert run("verify").code == 0
    assert run("resolve", "flight_delay_model").out == f"{SLIM}\n"


def test_a_table_deleted_after_the_first_commit_keeps_its_history(run, sample):
    (sample / "aliases.toml").unlink()
    before = contents(sample)
    for words in (
        ("list",),
        ("put", OLD, "x", "-n"),
        ("put", OLD, "x"),
        ("export",),
        ("resolve", "elser"),
        ("verify",),
    ):
        assert run(*words).code == 7
    assert contents(sample) == before


@pytest.mark.parametrize("draft", [None, "format = 1\nrevi", "format = 1\nrevision = 7\n[aliases]\n"])
def test_only_a_whole_draft_of_the_next_table_tells_that_the_last_entry_was_never_committed(run, sample, draft):
    table = (sample / "aliases.toml").read_bytes()
    assert run("put", OLD, "x").code == 0
    (sample / "aliases.toml").write_bytes(table)
    if draft is not None:
        (sample / ".aliases.toml.99.tmp").write_text(draft)
    assert (run("verify").code, run("put", OLD, "x").code) == (7, 7)
    (sample / ".aliases.toml.99.tmp").write_text("format = 1\nrevision = 2\n[aliases]\n")
    assert (run("verify").code, run("put", OLD, "y").code) == (0, 0)
    assert [[one["model_alias"] for one in entry["changes"]] for entry in history(sample)[1:]] == [["y"]]


@pytest.mark.parametrize("length", [1, 2000, 8000, 8200, 16_300, 16_500, 40_000])
def test_the_last_line_of_the_history_is_found_whatever_its_length(run, sample, length):
    assert run("put", OLD, "x", "-m", "m" * length).code == 0
    assert run("put", OLD, "y", "-m", "m" * length).code == 0
    with (sample / "history.jsonl").open("a") as file:
        file.write('{"message": "' + "m" * length)
    assert run("put", OLD, "z").code == 0
    assert [entry["revision"] for entry in history(sample)] == [1, 2, 3, 4]
    assert run("verify").code == 0


def test_a_torn_line_is_a_note_and_goes_with_the_next_write(run, sample):
    with (sample / "history.jsonl").open("ab") as file:
        file.write(b'{"revision": 2, "tim')
    verified = run("verify", "-o", "json")
    assert (verified.code, [note["message"] for note in verified.json["notes"]]) == (
        0,
        ["the last line of the history is torn"],
    )
    assert run("put", OLD, "x").code == 0
    assert [entry["revision"] for entry in history(sample)] == [1, 2]


def test_a_lost_history_is_a_fault_that_names_its_mend(run, moved):
    (moved / "history.jsonl").write_text((moved / "history.jsonl").read_text().splitlines(keepends=True)[0])
    (fault,) = run("verify", "-o", "json").json["faults"]
    assert "later entries are lost" in fault["message"]
    assert run("put", OLD, "x").code == 0


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        ("", "has no format: it is empty or cut off"),
        ("format = 1\n", "has no revision"),
        ("format = 1\nrevision = 1\n", "has no table of aliases: it is cut off"),
        ("format = 1\nrevision = -1\n[aliases]", "has no revision"),
        ("format = 1\nrevision = true\n[aliases]", "has no revision"),
        ("format = 2\nrevision = 1\n[aliases]", "has format 2, and this version of mlalias reads format 1"),
        ('format = "1"\nrevision = 1\n[aliases]', "has format '1'"),
        ("format = 1\nrevision = 1\n[aliases", "is not valid TOML"),
        ("format = 1\nrevision = 1\naliases = 3", "that is not a table"),
        ("format = 1\nrevision = 1\n[aliases]\na = 3", "has aliases.a that is not a string"),
        ('format = 1\nrevision = 1\n[aliases]\n"../x" = "m"', "has the alias '../x', a name that no server allows"),
        ('format = 1\nrevision = 1\n[aliases]\na = "../x"', "on '../x', which is not a valid model id"),
        ("format = 1\nrevision = 1\n[aliases]\n\xff".encode("latin-1"), "is not UTF-8 (at line 4, byte 1)"),
    ],
)
def test_a_damaged_table_is_exit_7_for_every_command_and_left_alone(run, sample, table, reason):
    (sample / "aliases.toml").write_bytes(table if isinstance(table, bytes) else table.encode())
    before = contents(sample)
    for command in (
        ("list",), ("models",), ("resolve", "elser"), ("show", "elser"), ("history",), ("verify",), ("export",),
        ("put", OLD, "x"), ("delete", "elser"), ("forget", OLD), ("rollback", "elser"), ("compare", OLD, NEW),
    ):  # fmt: skip
        ran = run(*command)
        assert ran.code == 7, command
        assert reason in ran.err + ran.out
    assert contents(sample) == before


def test_unknown_keys_and_comments_of_model_files_stay(run, sample):
    table = sample / "aliases.toml"
    table.write_text(table.read_text().replace("format = 1", 'format = 1\nteam = "search"'))
    model = sample / "models" / f"{NEW}.toml"
    model.write_text("# retrained by hand\n" + model.read_text())
    assert run("put", NEW, "flight_delay_model", "-r").code == 0
    assert 'team = "search"' in table.read_text()
    assert model.read_text().startswith("# retrained by hand\n")


def test_a_newer_format_asks_for_a_newer_version(run, sample):
    table = sample / "aliases.toml"
    table.write_text(table.read_text().replace("format = 1", "format = 2"))
    newer = "install the version of mlalias that wrote it, or a later one"
    assert run("list", "-o", "json").json["error"]["hint"] == newer
    (fault, *_) = run("verify", "-o", "json").json["faults"]
    assert fault["mend"] == newer


@pytest.mark.parametrize("name", ["aliases.toml", "history.jsonl", ".lock", f"models/{OLD}.toml"])
def test_a_symbolic_link_in_place_of_a_file_is_refused(run, sample, tmp_path, name):
    shutil.move(sample / name, tmp_path / "elsewhere")
    (sample / name).symlink_to(tmp_path / "elsewhere")
    ran = run("put", OLD, "x")
    hint = f"put a file in its place; only the whole catalog may be a link: ls -l {sample / name}"
    assert (ran.code, ran.err) == (7, f"error: '{sample / name}' is a symbolic link\nhint: {hint}\n")
    verified = run("verify", "-o", "json")
    assert verified.code == 7
    assert {
        "path": str(sample / name),
        "message": f"'{sample / name}' is a symbolic link",
        "fix": hint,
        "mend": hint,
    } in verified.json["faults"]


@pytest.mark.parametrize("name", ["aliases.toml", "history.jsonl", ".lock", f"models/{OLD}.toml"])
def test_a_pipe_in_place_of_a_file_is_refused_without_opening_it(run, sample, name):
    (sample / name).unlink()
    os.mkfifo(sample / name)
    ran = run("put", OLD, "x")
    assert ran.code == 7
    assert "is not a regular file" in ran.err


def test_the_catalog_directory_may_be_a_link(run, sample, tmp_path):
    (tmp_path / "link").symlink_to(sample)
    assert run("put", OLD, "x", "--catalog", tmp_path / "link").code == 0
    assert run("resolve", "x").out == f"{OLD}\n"


def test_the_first_write_makes_the_directory_for_the_user_alone(run, catalog, seed):
    seed("[models.m]")
    assert catalog.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    "command", [("list",), ("models",), ("history",), ("verify",), ("put", "m", "a"), ("forget", "m", "--missing-ok")]
)
def test_reading_and_refusing_make_no_directory(run, catalog, command):
    run(*command)
    assert not catalog.exists()


def test_files_that_are_no_models_are_not_read(run, sample):
    for name in ("README.md", "con.toml", "_x.toml", "UPPER.toml", ".toml", "v1.json"):
        (sample / "models" / name).write_text("[[[")
    assert len(run("models", "-o", "json").json["models"]) == 12
    verified = run("verify", "-o", "json").json
    assert (len(verified["faults"]), len(verified["notes"])) == (0, 6)


@pytest.mark.parametrize("model_id", ["con", "nul.tar", "com1", "lpt9.v1", "aux"])
def test_device_names_are_stored_with_a_leading_underscore(run, seed, catalog, model_id):
    seed(f'[models."{model_id}"]')
    assert [path.name for path in (catalog / "models").iterdir()] == [f"_{model_id}.toml"]
    assert run("resolve", model_id).out == f"{model_id}\n"


def test_a_put_reads_two_model_files(run, sample):
    for path in (sample / "models").iterdir():
        if path.stem not in (OLD, NEW):
            path.write_text("[[[ damaged")
    assert run("put", NEW, "flight_delay_model", "-r").code == 0
    assert run("models").code == 7


def test_verify_finds_a_hand_that_edited_the_table(run, sample):
    table = sample / "aliases.toml"
    table.write_text(table.read_text().replace(OLD, NEW).replace("elser = ", "eiser = "))
    faults = run("verify", "-o", "json").json["faults"]
    assert [fault["message"].split(",")[0] for fault in faults] == [
        "the alias 'elser' does not exist",
        f"the alias 'flight_delay_model' names '{NEW}'",
    ]
    assert run("rollback", "flight_delay_model").code == 5
    for fault in faults:
        mended(run, sample, fault)
    assert run("resolve", "flight_delay_model", "elser").out == f"{OLD}\n.elser_model_2\n"
    assert run("rollback", "flight_delay_model", "-n").code == 0


def test_a_table_that_needs_one_line_mended_is_not_to_be_overwritten(run, sample):
    path = sample / "aliases.toml"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes() + "by-hand = 'é'\n".encode())
    (fault, *_) = run("verify", "-o", "json").json["faults"]
    assert fault["mend"].startswith("fix or delete ")


def test_verify_finds_dangling_aliases_and_names_that_are_both(run, sample):
    (sample / "models" / ".elser_model_2.toml").unlink()
    (sample / "models" / f"{OLD}.toml").unlink()
    (sample / "models" / "sentiment.toml").write_text("")
    (sample / "models" / "is-flight-late.toml").write_text("")
    found = {fault["message"]: fault["mend"] for fault in run("verify", "-o", "json").json["faults"]}
    assert found == {
        "the alias 'elser' names '.elser_model_2', a model that does not exist": "import the model, move the alias, or delete it: mlalias delete elser",
        f"the alias 'flight_delay_model' names '{OLD}', a model that does not exist": "import the model, or move the alias to one of these: mlalias models",
        "'sentiment' is both an alias and the id of a model": "once no pipeline uses it, delete the alias: mlalias delete sentiment",
        "'is-flight-late' is both an alias and the id of a model": "delete the alias: mlalias delete is-flight-late",
    }


def test_a_dangling_alias_is_marked_and_not_resolved(run, sample):
    (sample / "models" / ".elser_model_2.toml").unlink()
    assert run("list", "elser").out.splitlines()[1] == "elser  .elser_model_2 (dangling)"
    assert run("list", "elser", "-o", "tsv").out == "elser\t.elser_model_2\tdangling\t\t\t\n"
    assert run("list", "elser", "-o", "json").json["aliases"][0]["dangling"] is True
    ran = run("resolve", "elser", "sentiment")
    fault = "the alias 'elser' names '.elser_model_2', a model that does not exist"
    assert (ran.code, ran.out, ran.err) == (4, "", f"error: {fault}\n")
    assert run("show", "elser").code == 0


def test_a_mend_names_the_catalog_that_was_given(run, sample, monkeypatch):
    monkeypatch.delenv("MLALIAS_CATALOG")
    (sample / "models" / ".elser_model_2.toml").unlink()
    (fault,) = run("verify", "--catalog", sample, "-o", "json").json["faults"]
    assert fault["mend"].endswith(f": mlalias delete elser --catalog {sample}")


@pytest.mark.parametrize("model_id", ["pipelines", "aliases", "history", "models"])
def test_a_model_with_the_name_of_a_file_is_a_model(run, seed, model_id):
    seed(f'[models.{model_id}]\ndescription = "mine"\n[models.other]\n[pipelines]\np = ["x"]')
    assert run("models", model_id, "-o", "json").json["models"][0]["description"] == "mine"
    assert "p = [" in run("export").out
    assert run("verify").code == 0


def test_other_hidden_files_are_left_alone(run, sample):
    for name in (".notes.tmp", ".gitignore", ".x.toml.tmp"):
        (sample / name).write_text("mine")
    assert run("put", OLD, "x").code == 0
    assert {".notes.tmp", ".gitignore", ".x.toml.tmp"} <= set(contents(sample))


def test_unknown_keys_of_the_pipelines_file_stay(run, sample, seed):
    path = sample / "pipelines.toml"
    path.write_text('team = "search"\n' + path.read_text())
    seed('[pipelines]\nnew = ["elser"]')
    assert 'team = "search"' in path.read_text()


def test_models_that_are_no_directory_are_a_fault(run, sample):
    shutil.rmtree(sample / "models")
    (sample / "models").write_text("")
    verified = run("verify", "-o", "json")
    assert verified.code == 7
    assert verified.json["faults"][0]["path"] == str(sample / "models")
    assert run("models").code == 7


def test_a_bad_environment_is_told_before_facts_are_written(run, catalog, tmp_path, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "abc")
    (tmp_path / "d.toml").write_text('[aliases]\nx = "m"\n[models.m]')
    assert run("apply", tmp_path / "d.toml").code == 2
    assert not catalog.exists()


def test_a_catalog_that_went_on_while_it_was_read_is_whole(run, sample):
    from mlalias.stores.directory.store import DirectoryStore

    store = DirectoryStore(sample)
    catalog = store.read()
    assert run("put", NEW, "flight_delay_model", "-r").code == 0
    assert run("forget", "sst-2-draft").code == 0
    assert [entry.revision for entry in catalog.history] == [1]
    assert catalog.aliases["flight_delay_model"] == OLD
    assert "sst-2-draft" not in [model.model_id for model in catalog.known_models()]


def test_a_newer_catalog_is_to_be_left_alone(run, sample):
    table = sample / "aliases.toml"
    table.write_text(table.read_text().replace("format = 1", "format = 2"))
    (fault,) = run("verify", "-o", "json").json["faults"]
    assert fault["mend"] == "install the version of mlalias that wrote it, or a later one"


def test_a_bad_line_is_mended_by_hand_and_the_rest_kept(run, sample):
    table = sample / "aliases.toml"
    table.write_text(table.read_text() + 'Foo = "sst-2-next"\nhand = "sst-2-next"\n')
    faults = run("verify", "-o", "json").json["faults"]
    assert faults[0]["mend"] == f"fix or delete the line that is named in '{table}'"


def test_rebuilding_a_table_keeps_the_damaged_one(run, sample):
    (sample / "aliases.toml").write_text("format = ")
    (fault,) = run("verify", "-o", "json").json["faults"]
    mended(run, sample, fault)
    assert (sample / "aliases.toml.damaged").read_text() == "format = "
    assert run("verify").code == 0


def test_a_mend_is_not_folded_on_a_terminal(run, sample, monkeypatch):
    from test_output import on_terminal, plain

    (sample / "aliases.toml").unlink()
    (fault,) = run("verify", "-o", "json").json["faults"]
    assert fault["mend"] in plain(on_terminal("verify", columns=60))


def test_a_gap_in_the_history_is_a_fault_and_an_unknown_alias_a_note(run, moved):
    lines = (moved / "history.jsonl").read_text().splitlines(keepends=True)
    (moved / "history.jsonl").write_text(lines[0] + lines[2])
    (moved / "aliases.toml").write_text((moved / "aliases.toml").read_text() + 'hand = "sst-2-next"\n')
    found = run("verify", "-o", "json").json
    assert [fault["message"] for fault in found["faults"]] == ["revision 2 is not in the history"]
    assert [note["message"] for note in found["notes"]] == [
        "the history has no change to the alias 'hand': it was written by hand"
    ]


def test_a_line_that_was_committed_and_is_torn_is_not_cut(run, moved):
    history = moved / "history.jsonl"
    history.write_bytes(history.read_bytes()[:-5])
    before = contents(moved)
    assert run("put", OLD, "x").code == 7
    assert contents(moved) == before
    found = run("verify", "-o", "json").json
    assert "later entries are lost" in found["faults"][0]["message"]
    assert found["notes"] == []


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("ftp://x/y", "is neither a directory nor an http:// or https:// URL"),
        ("HTTP:/x", "is neither a directory nor an http:// or https:// URL"),
        ("link", "is a broken symbolic link"),
    ],
)
def test_locations_that_are_none(run, tmp_path, monkeypatch, location, reason):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link").symlink_to("/nowhere/at/all")
    ran = run("list", "--catalog", location)
    assert ran.code == 2
    assert reason in ran.err
