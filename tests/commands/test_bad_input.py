"""What bad input gets: an exit code, a sentence that names the place and the fault, and not a byte written."""

import json
import os
import shutil
import time

import pytest
from harness import OLD, contents

from mlalias.errors import os_text

# One fault of each kind; tests/core has all that a document can have.
DOCUMENTS = {
    "broken TOML": (b'[aliases]\nx = "m"\ny = \n', "is not valid TOML: invalid value (at line 3, column 5)"),
    "broken JSON": (b'{"a": \n nope}', "is not valid JSON: expecting value (at line 2, column 2)"),
    "not UTF-8": (b'[aliases]\nx = "\xff"', "is not UTF-8 (at line 2, byte 6)"),
    "nested 100,000 deep": (b'{"x": %s}' % (b"[" * 100_000 + b"]" * 100_000), "is nested more than 64 levels deep"),
    "a header of 20,000 parts": (b"[" + b".".join([b"a"] * 20_000) + b"]", "is nested more than 64 levels deep"),
    "a wrong value": (b"[models.m]\ntags = 'a'", "has models.m.tags that is not a list of strings"),
    "an error of Elasticsearch": (b'{"error": "no handler", "status": 400}', "is an error from Elasticsearch"),
    "an alias that no server allows": (
        b"[aliases]\n'../x' = 'm'",
        "has the alias '../x', a name that no server allows",
    ),
    "an alias on a path": (b"[aliases]\nx = '../m'", "has the alias 'x' on '../m', which is not a valid model id"),
}
JUDGED = {"an alias that no server allows", "an alias on a path"}  # which `apply` leaves to the rules


@pytest.mark.parametrize(
    ("command", "name"),
    [*(("import", name) for name in DOCUMENTS), *(("apply", name) for name in DOCUMENTS if name not in JUDGED)],
)
def test_a_bad_document(run, sample, tmp_path, command, name):
    content, fault = DOCUMENTS[name]
    path = tmp_path / "document"
    path.write_bytes(content)
    before = contents(sample)
    begun = time.monotonic()
    ran = run(command, path, "-o", "json")
    assert ran.code == 2
    assert ran.json["error"]["reason"].startswith(f"{path} ")
    assert f" {fault}" in ran.json["error"]["reason"]
    assert ran.err == ""
    assert contents(sample) == before
    assert time.monotonic() - begun < 2


def test_a_declared_name_is_judged_by_the_rules(run, sample, tmp_path):
    path = tmp_path / "document"
    path.write_text(f'[aliases]\n"../x" = "{OLD}"\ny = "../m"')
    ran = run("apply", path, "-o", "json")
    assert (ran.code, [error["rule"] for error in ran.json["errors"]]) == (3, ["invalid_alias", "model_missing"])


def test_inputs_that_are_no_files(run, sample, tmp_path):
    os.mkfifo(tmp_path / "fifo")
    for path, fault in (
        (tmp_path, "is a directory"),
        (tmp_path / "fifo", "is not a regular file"),
        (tmp_path / "none", "cannot be read: no such file"),
        ("a\0b", "cannot be read"),
    ):
        ran = run("import", path)
        assert ran.code == 2
        assert fault in ran.err


def test_a_huge_file_is_not_read(run, sample, tmp_path):
    with (tmp_path / "huge").open("wb") as file:
        file.truncate(200 * 1024 * 1024)
    ran = run("import", tmp_path / "huge")
    assert (ran.code, ran.err) == (2, f"error: {tmp_path / 'huge'} is larger than 128 MiB\n")


def test_the_same_alias_in_two_files_is_refused(run, sample, tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).write_text(f'[aliases]\nx = "{OLD}"')
    for command in ("apply", "import"):
        ran = run(command, tmp_path / "one", tmp_path / "two")
        assert ran.code == 2
        assert f"has 'x' in its aliases, and so does {tmp_path / 'one'}" in ran.err


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("MLALIAS_LOCK_TIMEOUT", "soon"),
        ("MLALIAS_LOCK_TIMEOUT", "-1"),
        ("MLALIAS_LOCK_TIMEOUT", "nan"),
        ("MLALIAS_LOCK_TIMEOUT", "86401"),
        ("SOURCE_DATE_EPOCH", "now"),
        ("SOURCE_DATE_EPOCH", "1e99"),
    ],
)
def test_a_bad_environment_is_wrong_usage_and_writes_nothing(run, sample, monkeypatch, variable, value):
    monkeypatch.setenv(variable, value)
    before = contents(sample)
    ran = run("put", OLD, "x")
    assert (ran.code, contents(sample)) == (2, before)
    assert f"{variable} is '{value}'" in ran.err


def test_a_catalog_that_is_a_file(run, tmp_path):
    (tmp_path / "file").write_text("")
    for words in (("list",), ("put", "m", "a"), ("path",), ("verify",)):
        ran = run(*words, "--catalog", tmp_path / "file")
        assert (ran.code, ran.err.splitlines()[0]) == (
            2,
            f"error: '{tmp_path / 'file'}' is a file, and a catalog is a directory",
        )


@pytest.mark.skipif(not os.path.exists("/proc/self"), reason="needs a directory in which nobody can make a file")
def test_what_the_system_refuses_is_told_with_its_path(run, tmp_path):
    (tmp_path / "seed.toml").write_text("[models.m]")
    odd = os.fsencode(tmp_path) + b"/caf\xe9"
    os.symlink("/proc/self", odd)
    for catalog, shown in (("/proc/self", "/proc/self"), (os.fsdecode(odd), f"{tmp_path}/caf\\xe9")):
        ran = run("import", tmp_path / "seed.toml", "--catalog", catalog)
        assert (ran.code, ran.err) == (1, f"error: no such file or directory: '{shown}/.lock'\n")


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (OSError(28, "No space left on device"), "no space left on device"),
        (OSError(28, "No space left on device", "A/b"), "no space left on device: 'A/b'"),
        (OSError(28, "No space left on device", b"A/\xe9"), "no space left on device: 'A/\\xe9'"),
        (OSError("Not writable"), "not writable"),
        (TimeoutError(), "timeouterror"),
    ],
)
def test_whatever_the_system_says_becomes_part_of_a_sentence(error, text):
    assert os_text(error) == text


def test_a_directory_that_is_a_file_is_told_with_its_path(run, sample):
    shutil.rmtree(sample / "models")
    (sample / "models").write_text("")
    ran = run("models", "-o", "json")
    assert (ran.code, ran.json["error"]["reason"]) == (7, f"'{sample / 'models'}' is not a directory")


@pytest.mark.parametrize("name", ["models/sst-2-next.toml", "pipelines.toml", "history.jsonl"])
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[[[\n",
        b"\xff\n",
        b'{"revision": 1}\n',
        b"pipelines = 3\nmodel_type = 3\n",
        b"null\n",
        b"[" * 100_000 + b"\n",
    ],
)
def test_a_damaged_file_is_a_fault_that_names_it(run, sample, name, content):
    (sample / name).write_bytes(content)
    verified = run("verify", "-o", "json")
    if (name, content) == ("models/sst-2-next.toml", b""):
        assert verified.code == 0  # a model of which nothing is known
        return
    assert verified.code == 7
    assert verified.json["faults"][0]["path"] == str(sample / name)
    reader = {"models/sst-2-next.toml": "models", "pipelines.toml": "export", "history.jsonl": "history"}[name]
    ran = run(reader)
    if content or name == "pipelines.toml":
        assert ran.code == 7
        assert str(sample / name) in ran.err


ENTRY = {"revision": 1, "time": "2026-11-24T10:04:11Z", "actor": "ada", "command": "put", "message": None}
MOVE = {"model_alias": "x", "model_id": "m", "previous_model_id": None}


@pytest.mark.parametrize(
    "wrong",
    [
        {"revision": "1"},
        {"changes": [MOVE | {"model_id": 3}]},
        {"undoes": 1},
    ],
    ids=str,
)
def test_an_entry_of_the_history_with_a_wrong_value_is_a_fault(run, seed, catalog, wrong):
    seed('[aliases]\nx = "m"\n[models.m]')
    path = catalog / "history.jsonl"
    path.write_text(json.dumps(ENTRY | {"changes": [MOVE]}) + "\n")
    assert run("verify").code == 0
    path.write_text(json.dumps(ENTRY | {"changes": [MOVE]} | wrong) + "\n")
    ran = run("history", "-o", "json")
    assert ran.code == 7
    assert str(path) in ran.json["error"]["reason"]


def test_the_mend_of_a_lost_table_is_what_the_history_leaves(run, seed, catalog):
    seed("[models.m]")
    for words in (("put", "m", "x"), ("put", "m", "z"), ("put", "m", "y"), ("delete", "x")):
        assert run(*words).code == 0
    (catalog / "aliases.toml").write_text("[[[")
    history = catalog / "history.jsonl"
    whole = history.read_text()
    for text in (whole, "".join(whole.splitlines(keepends=True)[1:])):
        history.write_text(text)
        ran = run("verify")
        assert (ran.code, "'y = \"m\"' 'z = \"m\"' >" in ran.out + ran.err, "'x = " in ran.out + ran.err) == (
            7,
            True,
            False,
        )


def test_json_of_every_error_has_the_status_of_its_exit_code(run, sample):
    statuses = {2: 400, 3: 400, 4: 404, 5: 409, 7: 500}
    for words, code in (
        (("put",), 2),
        (("put", OLD, "v1"), 3),
        (("put", "nope", "x"), 4),
        (("delete", "sentiment"), 5),
    ):
        ran = run(*words, "-o", "json")
        assert (ran.code, ran.json["status"]) == (code, statuses[code])
    (sample / "aliases.toml").write_text("")
    assert run("list", "-o", "json").json["status"] == 500


def test_a_clock_that_went_back_changes_nothing_but_the_time(run, sample, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")
    assert run("put", OLD, "x").code == 0
    assert [entry["time"] for entry in run("history", "-o", "json").json["history"]] == [
        "1970-01-01T00:00:00Z",
        "2026-11-24T10:04:11Z",
    ]
    assert run("rollback", "x", "--delete").code == 0
    assert json.loads((sample / "history.jsonl").read_text().splitlines()[-1])["undoes"] == [2]
