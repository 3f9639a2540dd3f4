"""The catalog from Python: what is public, what is refused, what is noticed."""

import os
import pickle
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from harness import MLALIAS

import mlalias

OLD, NEW = "flight-delay-prediction-1574775339910", "flight-delay-prediction-1580004349800"
SLIM = "flight-delay-slim-1612000000000"
PUBLIC = [
    "Busy",
    "Catalog",
    "Committed",
    "Conflict",
    "Damaged",
    "Failure",
    "InvalidDocument",
    "NotFound",
    "Refused",
    "Several",
    "SystemRefused",
    "Unreachable",
    "WrongUsage",
    "__version__",
    "open",
]
METHODS = ["aliases", "apply", "delete", "history", "put", "resolve", "rollback"]
FAILURES = [name for name in PUBLIC if name[0].isupper() and name != "Catalog"]


def test_every_public_name():
    assert mlalias.__all__ == PUBLIC
    assert dir(mlalias) == PUBLIC
    assert [name for name in dir(mlalias.Catalog) if not name.startswith("_")] == METHODS
    assert all(callable(getattr(mlalias, name)) for name in PUBLIC if name != "__version__")
    with pytest.raises(AttributeError, match="module 'mlalias' has no attribute 'import_facts'"):
        mlalias.import_facts  # noqa: B018 - asking for it is the point


@pytest.mark.parametrize("name", FAILURES)
def test_what_can_go_wrong_is_a_failure_with_an_exit_code(name):
    kind = getattr(mlalias, name)
    assert issubclass(kind, mlalias.Failure)
    assert 1 <= kind.exit_code <= 9
    assert kind.__doc__


@pytest.mark.parametrize("name", METHODS)
def test_what_is_raised_is_documented(name):
    text = getattr(mlalias.Catalog, name).__doc__
    assert text.splitlines()[0].endswith((".", "}`.", "leave alone."))
    if name != "aliases":
        assert "Raises " in text


# --- where a catalog is ---


def test_a_catalog_that_is_not_there_is_empty_and_the_first_change_makes_it(tmp_path):
    catalog = mlalias.open(tmp_path / "new" / "er")
    assert catalog.aliases == {}
    assert catalog.history() == []
    assert not (tmp_path / "new").exists()
    catalog.apply({"aliases": {"mine": "my-model"}, "models": {"my-model": {"model_type": "lang_ident"}}})
    assert catalog.resolve("mine") == "my-model"
    assert repr(catalog) == f"<mlalias.Catalog '{tmp_path}/new/er'>"


def test_the_default_is_the_variable_and_a_text_is_a_directory(sample, tmp_path, monkeypatch):
    assert mlalias.open().resolve("elser") == ".elser_model_2"
    monkeypatch.setenv("MLALIAS_CATALOG", "catalog")
    monkeypatch.chdir(tmp_path)
    catalogs = [mlalias.open(), mlalias.open("catalog"), mlalias.open(Path("catalog"))]
    monkeypatch.chdir("/")
    assert [each.resolve("elser") for each in catalogs] == [".elser_model_2"] * 3


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("", "the argument of mlalias.open is empty: give a directory or a URL"),
        ("ftp://host/x", "'ftp://host/x' is neither a directory nor an http:// or https:// URL"),
        (Path("http://host"), "'http:/host' is neither a directory nor an http:// or https:// URL"),
        (__file__, f"'{__file__}' is a file, and a catalog is a directory"),
        ("https://", "'https://' is not the address of a cluster"),
    ],
)
def test_a_location_that_is_none(location, reason):
    with pytest.raises(mlalias.WrongUsage) as failure:
        mlalias.open(location)
    assert failure.value.reason == str(failure.value) == reason
    assert failure.value.exit_code == 2


# --- a wrong type ---


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (lambda _: mlalias.open(7), "location must be .*, not int"),
        (lambda _: mlalias.open(b"dir"), "location must be .*, not bytes"),
        (lambda c: c.resolve(None), "name must be str, not NoneType"),
        (lambda c: c.put(b"m", "a"), "model_id must be str, not bytes"),
        (lambda c: c.put("m", 1), "model_alias must be str, not int"),
        (lambda c: c.put("m", "a", reassign="false"), "reassign must be bool, not str"),
        (lambda c: c.put("m", "a", exist_ok=1), "exist_ok must be bool, not int"),
        (lambda c: c.put("m", "a", strict=None), "strict must be bool, not NoneType"),
        (lambda c: c.put("m", "a", if_current=True), r"if_current must be str \| None, not bool"),
        (lambda c: c.put("m", "a", message=5), r"message must be str \| None, not int"),
        (lambda c: c.delete(["a"]), "model_alias must be str, not list"),
        (lambda c: c.delete("a", model=Path("m")), r"model must be str \| None, not PosixPath"),
        (lambda c: c.rollback("a", to=True), r"to must be int \| None, not bool"),
        (lambda c: c.rollback("a", to="7"), r"to must be int \| None, not str"),
        (lambda c: c.rollback("a", delete="yes"), "delete must be bool, not str"),
        (lambda c: c.history(1), "model_alias must be str, not int"),
        (lambda c: c.history(limit=2.0), r"limit must be int \| None, not float"),
        (lambda c: c.apply({}, only="flight*"), "only must be several str, not one"),
        (lambda c: c.apply({}, only=[1]), "only must be str, not int"),
        (lambda c: c.apply("aliases.toml"), "the declaration must be a mapping or a path, not str"),
        (lambda c: c.apply([("aliases", {})]), "the declaration must be a mapping or a path, not list"),
        (lambda c: c.apply({"aliases": {1: "m"}}), "a document cannot have the key 1, which is not a str"),
        (lambda c: c.apply({"aliases": {"a": {"m"}}}), "a document cannot hold a value of type set"),
    ],
)
def test_a_wrong_type_is_a_type_error_and_changes_nothing(catalog, call, reason):
    with pytest.raises(TypeError, match=f"^{reason}$"):
        call(mlalias.open())
    assert not catalog.exists()


@pytest.mark.parametrize(
    ("declaration", "reason"),
    [
        ({"alias": {}}, "the declaration has the key 'alias', which no declaration has"),
        ({"aliases": "mine"}, "the declaration has aliases that is not a table"),
        ({"aliases": {"mine": 1}}, "the declaration has aliases.mine that is not a string"),
        ({"models": {"../x": {}}}, "the declaration has '../x', which is not a valid model id"),
        ({"models": {"m": {"x": float("nan")}}}, "the declaration holds a number that is not finite"),
        ({"models": {"m": {"x": 2**64}}}, "the declaration holds a whole number of more than 64 bits"),
        ({"models": {"m": {"x": "\ud800"}}}, "the declaration holds half of a surrogate pair"),
        ({"error": {"type": "x"}, "status": 403}, "the declaration is an error from Elasticsearch"),
        (Path("no/such.toml"), "no/such.toml cannot be read: no such file or directory"),
        (Path("-"), "- cannot be read: no such file or directory"),
    ],
)
def test_a_declaration_that_is_none_is_an_invalid_document(catalog, declaration, reason):
    with pytest.raises(mlalias.InvalidDocument, match=f"^{re.escape(reason)}"):
        mlalias.open().apply(declaration)
    assert not catalog.exists()


def test_a_declaration_that_holds_itself_is_too_deep(catalog):
    declaration = {"models": {"m": {}}}
    declaration["models"]["m"]["again"] = declaration
    with pytest.raises(mlalias.InvalidDocument, match="nested more than 64 levels deep"):
        mlalias.open().apply(declaration)


def test_a_declaration_may_be_what_a_catalog_and_a_cluster_say(sample, tmp_path):
    import json
    import tomllib
    from types import MappingProxyType

    there, here = mlalias.open(sample), mlalias.open(tmp_path / "other")
    answer = json.loads((Path(__file__).parents[1] / "sample" / "models.json").read_text())
    assert len(here.apply(MappingProxyType(answer)).changes) == len(there.aliases)
    table = tomllib.loads((sample / "aliases.toml").read_text())
    assert {change.result for change in here.apply(table).changes} == {"unchanged"}
    fields = {"model_type": "tree_ensemble", "input": {"field_names": ("a", "b")}, "gone": None}
    (left_out,) = here.apply({"models": {"mine": fields}}).warnings
    assert left_out.message.startswith("the declaration has keys whose value is null (gone)")
    assert tomllib.loads((tmp_path / "other" / "models" / "mine.toml").read_text()) == {
        "model_type": "tree_ensemble",
        "input": {"field_names": ["a", "b"]},
    }


def test_patterns_may_be_any_iterable(sample):
    catalog = mlalias.open(sample)
    receipt = catalog.apply({}, prune=True, only=(name for name in ["is-*"]), allow_empty=True)
    assert [change.model_alias for change in receipt.changes] == ["is-flight-late"]
    assert len(catalog.aliases) == 5


# --- failures and warnings ---


def test_a_failure_tells_what_to_do_next_only_when_it_is_asked(sample, monkeypatch):
    from mlalias import advice

    searches = []
    search = advice.hints
    monkeypatch.setattr(advice, "hints", lambda *words: searches.append(words) or search(*words))
    with pytest.raises(mlalias.NotFound) as raised:
        mlalias.open(sample).resolve("elsr")
    failure = raised.value
    assert (failure.reason, failure.rule, failure.exit_code) == ("there is no model or alias 'elsr'", "not_found", 4)
    assert searches == []
    (hint,) = failure.hints
    assert str(hint) == f"did you mean 'elser'? mlalias show elser --catalog {sample}"
    assert hint.command == ("show", "elser", "--catalog", str(sample))
    assert len(searches) == 1


def test_a_hint_is_not_worth_an_error(sample):
    with pytest.raises(mlalias.NotFound) as raised:
        mlalias.open(sample).put("sst-2-nxt", "another")
    (sample / "models").rename(sample / "moved")
    (sample / "models").write_text("no directory")
    assert raised.value.hints == ()


def test_several_failures_are_one_with_all_of_them(sample):
    with pytest.raises(mlalias.Several) as raised:
        mlalias.open(sample).apply({"aliases": {"Bad": "elser", "late": "no-such-model"}})
    failure = raised.value
    assert [type(error).__name__ for error in failure.errors] == ["Refused", "NotFound"]
    assert failure.hints == tuple(dict.fromkeys(hint for error in failure.errors for hint in error.hints))
    assert len(failure.hints) > 1


@pytest.mark.parametrize(
    "call",
    [
        lambda catalog: catalog.resolve("elsr"),
        lambda catalog: catalog.put("sst-2-draft", "sentiment", reassign=True),
        lambda catalog: catalog.apply({"aliases": {"Bad": "elser", "late": "no-such-model"}}),
        lambda catalog: catalog.history(limit=0),
    ],
)
def test_a_failure_can_be_sent_to_another_process(sample, call):
    with pytest.raises(mlalias.Failure) as raised:
        call(mlalias.open(sample))
    failure, sent = raised.value, pickle.loads(pickle.dumps(raised.value))  # noqa: S301 - our own
    assert type(sent) is type(failure)
    assert (str(sent), sent.rule, sent.exit_code, sent.status) == (
        str(failure),
        failure.rule,
        failure.exit_code,
        failure.status,
    )
    assert sent.hints == failure.hints
    assert [str(error) for error in sent.errors] == [str(error) for error in failure.errors]


@pytest.mark.parametrize("given", [True, False])
def test_a_catalog_can_be_sent_to_another_process(sample, given):
    sent = pickle.loads(pickle.dumps(mlalias.open(sample) if given else mlalias.open()))  # noqa: S301 - our own
    assert sent.resolve("elser") == ".elser_model_2"


def test_a_warning_is_a_value_and_nothing_is_printed(sample, capfd):
    receipt = mlalias.open(sample).put(SLIM, "flight_delay_model", reassign=True)
    (warning,) = receipt.warnings
    assert (warning.rule, warning.model_alias) == ("few_shared_fields", "flight_delay_model")
    assert "shares only 3 of 22 input fields" in warning.message
    assert len(warning.overlap.lost) == 19
    assert receipt.changes[0].previous_model_id == OLD
    assert receipt.revision == 2
    assert capfd.readouterr() == ("", "")


def test_waiting_for_a_writer_is_silent_too(sample, capfd, monkeypatch):
    monkeypatch.setenv("MLALIAS_LOCK_TIMEOUT", "1.1")
    holder = (
        "import sys; from pathlib import Path; from mlalias.stores.directory.lock import locked\n"
        "with locked(Path(sys.argv[1]), 5, print): print(flush=True); sys.stdin.read()"
    )
    mlalias.open(sample).delete("nothing", missing_ok=True)
    command = [sys.executable, "-c", holder, str(sample / ".lock")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        with pytest.raises(mlalias.Busy, match="another process has been writing") as raised:
            mlalias.open(sample).put(NEW, "late")
        process.stdin.close()
    assert raised.value.exit_code == 8
    assert capfd.readouterr() == ("", "")
    assert (sample / ".lock").is_file()


def test_what_the_system_refuses_is_a_failure_with_its_cause(sample):
    below_a_file = mlalias.open(sample / "aliases.toml" / "catalog")
    with pytest.raises(mlalias.SystemRefused, match="not a directory") as raised:
        below_a_file.resolve("sst-2-next")
    assert isinstance(raised.value.__cause__, OSError)


def test_a_damaged_catalog_is_a_failure(sample):
    (sample / "aliases.toml").write_text("")
    with pytest.raises(mlalias.Damaged) as raised:
        mlalias.open(sample).resolve("elser")
    assert raised.value.exit_code == 7
    assert any("mlalias verify" in str(hint) for hint in raised.value.hints)


def test_a_bug_keeps_its_traceback(sample, monkeypatch):
    from mlalias.edits import aliases

    def broken(*_, **__):
        raise ZeroDivisionError

    monkeypatch.setattr(aliases, "judge", broken)
    with pytest.raises(ZeroDivisionError) as raised:
        mlalias.open(sample).put(NEW, "late")
    assert raised.traceback[-1].name == "broken"


# --- what is noticed ---


def test_the_aliases_are_those_of_the_moment_and_cannot_be_written_to(sample):
    catalog = mlalias.open(sample)
    before = catalog.aliases
    catalog.put(NEW, "late")
    assert "late" not in before
    assert catalog.aliases["late"] == NEW
    with pytest.raises(TypeError):
        before["late"] = OLD


def test_an_alias_of_a_model_that_is_gone_is_listed_and_not_resolved(sample):
    catalog = mlalias.open(sample)
    assert catalog.resolve("flight_delay_model") == OLD
    (sample / "models" / f"{OLD}.toml").unlink()
    assert catalog.aliases["flight_delay_model"] == OLD
    with pytest.raises(mlalias.NotFound) as raised:
        catalog.resolve("flight_delay_model")
    assert raised.value.rule == "dangling"


def test_a_change_of_another_process_is_noticed(sample):
    catalog = mlalias.open(sample)
    for target in (NEW, OLD, NEW):
        words = [*MLALIAS, "put", target, "flight_delay_model", "-r", "-q"]
        subprocess.run(words, check=True)
        assert catalog.resolve("flight_delay_model") == target


def settle(path):
    """Wait until the last change of a file is long enough ago for its stamp to be relied on."""
    while time.time() - path.stat().st_ctime < 2.1:
        time.sleep(0.05)


@pytest.mark.parametrize("settled", [False, True])
def test_a_change_by_hand_is_noticed_though_size_and_time_stay(sample, settled):
    table = sample / "aliases.toml"
    catalog = mlalias.open(sample)
    if settled:
        settle(table)
    assert catalog.resolve("elser") == ".elser_model_2"
    stat = table.stat()
    text = table.read_text()
    table.write_text(text.replace('sentiment = "distilbert', 'sentimemt = "distilbert'))
    os.utime(table, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert (table.stat().st_ino, table.stat().st_size) == (stat.st_ino, stat.st_size)
    assert "sentimemt" in catalog.aliases
    with pytest.raises(mlalias.NotFound):
        catalog.resolve("sentiment")


def test_a_hundred_changes_in_a_row_are_each_noticed(sample):
    catalog, other = mlalias.open(sample), mlalias.open(sample)
    for n in range(100):
        target = (NEW, OLD)[n % 2]
        other.put(target, "flight_delay_model", reassign=True)
        assert catalog.resolve("flight_delay_model") == target


def test_a_catalog_that_is_removed_or_put_back_is_noticed(sample, tmp_path):
    catalog = mlalias.open(sample)
    assert catalog.resolve("elser")
    sample.rename(tmp_path / "elsewhere")
    assert catalog.aliases == {}
    (tmp_path / "elsewhere").rename(sample)
    assert catalog.resolve("elser")


# --- what it costs ---


@pytest.fixture
def many(catalog):
    """10,000 models, each with an alias."""
    (catalog / "models").mkdir(parents=True)
    names = [f"model-{n:05}" for n in range(10_000)]
    for name in names:
        (catalog / "models" / f"{name}.toml").touch()
    lines = [f'alias-{n:05}-x = "{name}"' for n, name in enumerate(names)]
    (catalog / "aliases.toml").write_text("\n".join(["format = 1", "revision = 0", "", "[aliases]", *lines, ""]))
    return catalog


@pytest.mark.parametrize("settled", [False, True])
def test_resolving_among_10_000_models_takes_less_than_a_millisecond(many, settled):
    catalog = mlalias.open(many)
    if settled:
        settle(many / "aliases.toml")
    assert catalog.resolve("alias-09999-x") == "model-09999"
    spent = []
    for _ in range(50):
        begun = time.process_time()
        catalog.resolve("alias-09999-x")
        spent.append(time.process_time() - begun)
    assert sorted(spent)[len(spent) // 2] < 0.001


def test_the_table_is_not_read_again_until_it_changes(sample):
    catalog, opened = mlalias.open(sample), []
    settle(sample / "aliases.toml")
    catalog.resolve("elser")
    sys.addaudithook(
        lambda event, words: opened.append(words[0]) if event == "open" and isinstance(words[0], str) else None
    )
    for _ in range(10):
        catalog.resolve("elser")
    assert opened == []
    mlalias.open(sample).put(NEW, "late")
    opened.clear()
    catalog.resolve("late")
    assert [Path(name).name for name in opened] == ["aliases.toml"]
