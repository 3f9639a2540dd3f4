"""The same scenario by the command line and from Python: the same files, refusals, hints and warnings."""

import shutil
import tomllib

import pytest

import mlalias

OLD, NEW = "flight-delay-prediction-1574775339910", "flight-delay-prediction-1580004349800"
SLIM = "flight-delay-slim-1612000000000"
DECLARED = f"""
[aliases]
flight_delay_model = "{NEW}"
fresh = "brand-new"

[models.brand-new]
model_type = "tree_ensemble"
input.field_names = ["Carrier", "Dest"]
inference_config.regression = {{}}

[pipelines]
arrivals = ["fresh"]
"""
REFUSED = """
[aliases]
sentiment = "sst-2-draft"
late = "no-such-model"
"Bad" = "sst-2-next"
"""
NOTHING = "[aliases]\n"

STEPS = [
    ("put", [NEW, "next-delay"], {}),
    ("put", [NEW, "next-delay"], {"exist_ok": True}),
    ("put", [NEW, "flight_delay_model"], {}),
    ("put", [NEW, "flight_delay_model"], {"reassign": True, "message": "retrained"}),
    ("put", [OLD, "flight_delay_model"], {"if_current": SLIM}),
    ("put", [OLD, "flight_delay_model"], {"if_current": NEW}),
    ("put", [SLIM, "flight_delay_model"], {"reassign": True, "strict": True}),
    ("put", [SLIM, "flight_delay_model"], {"reassign": True}),
    ("put", ["no-such-model", "another"], {}),
    ("put", ["sst-2-nxt", "another"], {"message": "why not"}),
    ("put", ["another", "sst-2-next"], {}),
    ("put", ["sst-2-next", "sentiment-2"], {}),
    ("put", ["sst-2-draft", "sentiment"], {"reassign": True}),
    ("put", ["", "\udcff[/red]"], {}),
    ("delete", ["sentiment"], {}),
    ("delete", ["elsr"], {}),
    ("delete", ["elsr"], {"missing_ok": True}),
    ("delete", ["elser"], {"model": OLD}),
    ("delete", ["elser"], {"model": ".elser_model_2", "message": "no more"}),
    ("apply", [DECLARED], {"message": "from a file"}),
    ("apply", [DECLARED], {}),
    ("apply", [DECLARED], {"prune": True, "only": ["f*", "is-*"]}),
    ("apply", [REFUSED], {}),
    ("apply", [NOTHING], {"prune": True}),
    ("apply", [NOTHING], {"prune": True, "only": ["n*"], "allow_empty": True}),
    ("rollback", ["flight_delay_model"], {}),
    ("rollback", ["flight_delay_model"], {"to": 2}),
    ("rollback", ["flight_delay_model"], {"to": 99}),
    ("rollback", ["next-delay"], {}),
    ("rollback", ["next-delay"], {}),
    ("rollback", ["next-delay"], {"delete": True, "message": "back"}),
    ("rollback", ["nothing-there"], {}),
]


@pytest.fixture
def twin(sample, tmp_path, monkeypatch):
    """A copy of the sample, and the catalog that Python opens there; the command line has the sample itself."""
    copy = shutil.copytree(sample, tmp_path / "twin")
    with monkeypatch.context() as patch:
        patch.setenv("MLALIAS_CATALOG", str(copy))
        return copy, mlalias.open()


def files(directory):
    return {path.name: path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def words(options):
    for name, value in options.items():
        option = "--" + name.replace("_", "-")
        for each in value if isinstance(value, list) else [value]:
            yield from [option] if each is True else [option, each]


def by_command(run, command, arguments, options):
    result = run(command, "-o", "json", *words(options), "--", *arguments).json
    if "error" in result:
        return [{key: error[key] for key in ("reason", "rule", "type", "hint")} for error in result["errors"]]
    return [result[key] for key in ("changes", "revision")] + [[w["message"] for w in result["warnings"]]]


def by_python(catalog, command, arguments, options):
    try:
        receipt = getattr(catalog, command)(*arguments, **options)
    except mlalias.Failure as failure:
        return [
            {
                "reason": error.reason,
                "rule": error.rule,
                "type": error.type,
                "hint": "; ".join(map(str, error.hints)) or None,
            }
            for error in failure.errors
        ]
    changes = [{"result": change.result, **change._asdict()} for change in receipt.changes]
    return [changes, receipt.revision, [warning.message for warning in receipt.warnings]]


@pytest.mark.parametrize("as_mapping", [True, False], ids=["mapping", "path"])
def test_each_step_is_the_same(run, sample, twin, tmp_path, as_mapping):
    directory, catalog = twin
    file = tmp_path / "declared.toml"
    for command, arguments, options in STEPS:
        shown, given, subject = arguments, arguments, ""
        if command == "apply":
            file.write_text(arguments[0])
            shown, given = [file], [tomllib.loads(arguments[0]) if as_mapping else file]
            subject = "the declaration" if as_mapping else str(file)
        expected = str(by_command(run, command, shown, options)).replace(str(file), subject)
        assert str(by_python(catalog, command, given, options)) == expected
        assert files(directory) == files(sample)
    assert catalog.history()[0].revision == len(catalog.history()) == 13


def test_looking_is_the_same(run, sample):
    catalog = mlalias.open(sample)
    catalog.put(NEW, "flight_delay_model", reassign=True, message="retrained")
    listed = run("list", "-o", "json").json["aliases"]
    assert list(catalog.aliases.items()) == [(each["model_alias"], each["model_id"]) for each in listed]
    for name in (*catalog.aliases, *run("models", "-o", "tsv").out.split()[:1]):
        assert f"{catalog.resolve(name)}\n" == run("resolve", name).out
    for patterns, limit in (((), None), (("flight*",), None), (("elser", "sentiment"), 1)):
        entries = [
            entry._asdict()
            | {"result": "done", "changes": [{"result": each.result, **each._asdict()} for each in entry.changes]}
            for entry in catalog.history(*patterns, limit=limit)
        ]
        shown = run("history", *patterns, *(["--limit", limit] if limit else []), "-o", "json").json["history"]
        assert [{key: entry[key] for key in shown[0]} for entry in entries] == shown
