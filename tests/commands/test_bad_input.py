"""What bad input gets: an exit code, a sentence that names the place and the fault, and not a byte written."""

import json
import os
import shutil
import time

import pytest
from harness import OLD, contents

from mlalias.errors import os_text

M = '{"trained_model_configs": [%s]}'
S = '{"trained_model_stats": [%s]}'

DOCUMENTS = {
    "broken TOML": ("[aliases\n", "is not valid TOML: "),
    "broken TOML has its place": ('[aliases]\nx = "m"\ny = \n', "(at line 3, column 5)"),
    "the same key twice": ('[aliases]\nx = "m"\nx = "n"\n', "is not valid TOML: cannot overwrite a value"),
    "broken JSON": ('{"a": \n nope}', "is not valid JSON: expecting value (at line 2, column 2)"),
    "cut-off JSON": ('{"trained_model_configs": [', "is not valid JSON"),
    "two documents": ("{} {}", "is not valid JSON: extra data"),
    "the same JSON key twice": ('{"p": {"processors": []}, "p": {"processors": []}}', "has the key 'p' twice in one object"),
    "another JSON key twice": ('{"p": 1, "q": 2, "q": 3}', "has the key 'q' twice in one object"),
    "TOML that is not UTF-8": (b'[aliases]\nx = "\xff"', "is not UTF-8 (at line 2, byte 6)"),
    "JSON that is not UTF-8": (b'{"a": "\xe9"}', "is not UTF-8"),
    "UTF-16": ("[aliases]".encode("utf-16"), "is not UTF-8"),
    "a zero byte": ("[aliases]\n\0", "is not valid TOML"),
    "a JSON list": ('[{"model_id": "m"}]', "is a list; the whole answer is wanted, with the braces around it"),
    "some other JSON": ('{"hits": 3}', "is no answer to GET _ml/trained_models"),
    "an error body": ('{"error": {"type": "security_exception", "reason": "no"}, "status": 403}', "is an error that Elasticsearch answered (403: security_exception: no), not facts"),
    "an error text": ('{"error": "no handler", "status": 400}', "is an error that Elasticsearch answered (400: no handler)"),
    "NaN": (M % '{"model_id": "m", "x": NaN}', "holds NaN, which is not a number"),
    "infinity": (M % '{"model_id": "m", "x": 1e999}', "holds a number that is not finite"),
    "TOML nan": ("[models.m]\nx = nan", "holds a number that is not finite"),
    "a huge whole number": (M % '{"model_id": "m", "x": 9223372036854775808}', "holds a whole number of more than 64 bits"),
    "a huge TOML number": ("[models.m]\nx = -9223372036854775809", "holds a whole number of more than 64 bits"),
    "5,000 digits": (M % ('{"model_id": "m", "x": %s}' % ("9" * 5000)), "holds a number that is too long"),
    "5,000 TOML digits": ("[models.m]\nx = " + "9" * 5000, "holds a number that is too long"),
    "half a surrogate pair": (M % '{"model_id": "m", "x": "\\ud800"}', "holds half of a surrogate pair"),
    "nested 70 deep": (M % ('{"model_id": "m", "x": %s}' % ("[" * 70 + "]" * 70)), "is nested more than 64 levels deep"),
    "nested 100,000 deep": ('{"x": %s}' % ("[" * 100_000 + "]" * 100_000), "is nested too deeply"),
    "TOML nested 500 deep": ("x = " + "[" * 500 + "]" * 500, "is nested too deeply"),
    "TOML tables 5,000 deep": ("x = " + "{a=" * 5000 + "1" + "}" * 5000, "is nested too deeply"),
    "a dotted key of 20,000 parts": (".".join(["a"] * 20_000) + " = 1", "is nested too deeply"),
    "a header of 20,000 parts": ("[" + ".".join(["a"] * 20_000) + "]", "is nested too deeply"),
    "an unknown key": ("[alias]\nx = 'm'", "has the key 'alias', which no declaration has"),
    "another format": ("format = 2\n[aliases]", "has format 2; this version of mlalias reads format 1"),
    "aliases that are no table": ("aliases = 3", "has aliases that is not a table"),
    "an alias on a number": ("[aliases]\nx = 3", "has aliases.x that is not a string"),
    "models that are no table": ("models = []", "has models that is not a table"),
    "a model that is no table": ("models.m = 3", "has models.m that is not a table"),
    "pipelines that are no lists": ("[pipelines]\np = 'm'", "has pipelines.p that is not a list of strings"),
    "field names that are a string": ('[models.m]\ninput.field_names = "a"', "has models.m.input.field_names that is not a list of strings"),
    "a field name that is a number": ("[models.m]\ninput.field_names = ['a', 1]", "has models.m.input.field_names that is not a list of strings"),
    "input that is a list": ("[models.m]\ninput = []", "has models.m.input that is not a table"),
    "two inference types": ("[models.m.inference_config]\nner = {}\nfill_mask = {}", "does not have exactly one inference type in models.m.inference_config"),
    "no inference type": ("[models.m]\ninference_config = {}", "does not have exactly one inference type"),
    "a model type that is a number": ("[models.m]\nmodel_type = 1", "has models.m.model_type that is not a string"),
    "tags that are a string": ("[models.m]\ntags = 'a'", "has models.m.tags that is not a list of strings"),
    "a description that is a list": ("[models.m]\ndescription = []", "has models.m.description that is not a string"),
    "metadata that is a list": ("[models.m]\nmetadata = []", "has models.m.metadata that is not a table"),
    "another model_id within": ("[models.m]\nmodel_id = 'n'", "has another model_id in models.m: 'n'"),
    "deployments that are a table": ("[models.m.deployments]", "has models.m.deployments that is not a list"),
    "a deployment that is a string": ("[models.m]\ndeployments = ['d']", "has models.m.deployments[0] that is not a table"),
    "a deployment without an id": ("[[models.m.deployments]]\nstate = 'started'", "has no deployment_id in models.m.deployments[0]"),
    "a negative count": ("[[models.m.deployments]]\ndeployment_id = 'd'\nallocation_count = -1", "has models.m.deployments[0].allocation_count that is not a count"),
    "a count that is true": ("[[models.m.deployments]]\ndeployment_id = 'd'\nallocation_count = true", "that is not a count"),
    "a count that is false": ("[[models.m.deployments]]\ndeployment_id = 'd'\nallocation_count = false", "that is not a count"),
    "a count that is a string": ("[[models.m.deployments]]\ndeployment_id = 'd'\nallocation_count = '1'", "that is not a whole number"),
    "a state that is a number": ("[[models.m.deployments]]\ndeployment_id = 'd'\nstate = 1", "has models.m.deployments[0].state that is not a string"),
    "configs that are a table": ('{"trained_model_configs": {}}', "has trained_model_configs that is not a list"),
    "a config that is a list": (M % "[]", "has trained_model_configs[0] that is not a table"),
    "a config without an id": (M % "{}", "has no trained_model_configs[0].model_id"),
    "an id that is a number": (M % '{"model_id": 3}', "has trained_model_configs[0].model_id that is not a string"),
    "an id that is a path": (M % '{"model_id": "../../etc/passwd"}', "has '../../etc/passwd', which is not a valid model id"),
    "an id of 65 characters": (M % ('{"model_id": "%s"}' % ("a" * 65)), "which is not a valid model id"),
    "an id in upper case": ("[models.Prod]", "has 'Prod', which is not a valid model id"),
    "a model twice": (M % '{"model_id": "m"}, {"model_id": "m"}', "has the model 'm' twice"),
    "an alias on two models": (M % '{"model_id": "m", "metadata": {"model_aliases": ["x"]}}, {"model_id": "n", "metadata": {"model_aliases": ["x"]}}', "has the alias 'x' on two models, 'm' and 'n'"),
    "aliases that are a string": (M % '{"model_id": "m", "metadata": {"model_aliases": "x"}}', "has trained_model_configs[0].metadata.model_aliases that is not a list of strings"),
    "an alias that no server allows": (M % '{"model_id": "m", "metadata": {"model_aliases": ["../x"]}}', "has the alias '../x', a name that no server allows"),
    "an alias on a path": ("[aliases]\nx = '../m'", "has the alias 'x' on '../m', which is not a valid model id"),
    "a count that is a word": ('{"count": "many", "trained_model_configs": []}', "has count that is not a whole number"),
    "stats without an id": (S % "{}", "has no trained_model_stats[0].model_id"),
    "stats of a path": (S % '{"model_id": "a/b"}', "has 'a/b', which is not a valid model id"),
    "deployment stats that are a list": (S % '{"model_id": "m", "deployment_stats": []}', "has trained_model_stats[0].deployment_stats that is not a table"),
    "an allocation status that is a string": (S % '{"model_id": "m", "deployment_stats": {"deployment_id": "d", "allocation_status": "x"}}', "has trained_model_stats[0].deployment_stats.allocation_status that is not a table"),
}  # fmt: skip


JUDGED = {"an alias that no server allows", "an alias on a path"}  # which `apply` leaves to the rules


@pytest.mark.parametrize(
    ("command", "name"),
    [*(("import", name) for name in DOCUMENTS), *(("apply", name) for name in DOCUMENTS if name not in JUDGED)],
)
def test_a_bad_document(run, sample, tmp_path, command, name):
    content, fault = DOCUMENTS[name]
    path = tmp_path / "document"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
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
        assert f"tells of 'x' in its aliases, and so does {tmp_path / 'one'}" in ran.err


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("MLALIAS_LOCK_TIMEOUT", "soon"),
        ("MLALIAS_LOCK_TIMEOUT", "-1"),
        ("MLALIAS_LOCK_TIMEOUT", "nan"),
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
    assert (ran.code, ran.json["error"]) == (
        1,
        {
            "type": "io_exception",
            "reason": f"not a directory: '{sample / 'models'}'",
            "rule": "system",
            "hint": None,
            "model_alias": None,
        },
    )


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
        {"revision": True},
        {"time": None},
        {"actor": 3},
        {"command": ["put"]},
        {"message": 3},
        {"changes": None},
        {"changes": ["x"]},
        {"changes": [MOVE | {"model_alias": None}]},
        {"changes": [MOVE | {"model_id": 3}]},
        {"changes": [MOVE | {"previous_model_id": 3}]},
        {"undoes": ["1"]},
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
