"""What a hint proposes can be pasted, and does what it says."""

import shlex
import shutil

import hints
import pytest
import typer.main
from harness import LATE, NEW, OLD, SAMPLE, SLIM, SST, contents

from mlalias.cli.commands import application
from mlalias.output.page import WRITERS


@pytest.fixture
def files(tmp_path, monkeypatch):
    """A directory with the answers that hints name."""
    for name in ("models", "stats", "pipelines"):
        shutil.copy(SAMPLE / f"{name}.json", tmp_path / f"{name}.json")
    monkeypatch.chdir(tmp_path)


def commands(text):
    """The commands in the hints of what was printed."""
    lines = [line.partition("mlalias ") for line in text.splitlines() if line.startswith("hint: ")]
    return [shlex.split(command) for _, _, command in lines if command]


READS = [
    (("put", LATE, "flight_delay_model", "-r"), "compare"),
    (("put", "nothing-alike", "x"), "models"),
    (("put", NEW, "flight_delay_model", "--if-current", SLIM), "history"),
    (("resolve", "sentimnt"), "show"),
    (("history", "sentimnt"), "show"),
    (("resolve", "nothing-alike"), "models"),
    (("delete", "nothing-alike"), "list"),
    (("delete", "sst-2-draft"), "forget"),
    (("forget", "sentiment"), "show"),
    (("forget", "sst-2-nex"), "show"),
    (("history", OLD), "show"),
    (("rollback", "sentiment", "--to", "9"), "history"),
    (("get", "sentiment"), "show"),
    (("ls",), "list"),
    (("log",), "history"),
    (("diff", "sentiment", "sst-2-next"), "compare"),
    (("rm", "sentiment"), "delete"),
    (("set", "m", "a"), "put"),
    (("undo", "sentiment"), "rollback"),
    (("lst",), "list"),
    (("list", "--outptu", "json"), "list"),
    (("-o", "json", "list"), "list"),
    (("history", "--limit", "0"), "history"),
    (("put", NEW, "flight_delay_model", "--reasign"), "put"),
    (("delete", "sentiment", "extra"), "delete"),
    (("put", NEW, "flight_delay_model", "-n"), "put"),
    (("forget", "sst-2-next", "-n"), "forget"),
]


@pytest.mark.parametrize(("words", "proposed"), READS, ids=[" ".join(words) for words, _ in READS])
def test_a_hint_that_looks_changes_nothing_and_works(run, sample, files, words, proposed):
    before = contents(sample)
    refused = run(*words)
    assert refused.code in (2, 3, 4, 5)
    (command,) = commands(refused.err or f"hint: {refused.json['error']['hint']}\n")
    assert command[0] == proposed
    assert run(*command).code == 0
    assert contents(sample) == before


WRITES = [
    (("put", NEW, "flight_delay_model"), {"flight_delay_model": NEW}),
    (("put", "flight_delay_model", NEW), {"flight_delay_model": NEW}),
    (("put", "sst-2-nxt", "sentiment", "-r"), {"sentiment": "sst-2-next"}),
    (("put", NEW, "Next Delay"), {"next-delay": NEW}),
    (("put", "sentiment", "mood"), {"mood": SST}),
    (("put", NEW, "fresh", "--if-current", OLD), {"fresh": NEW}),
    (("put", OLD, "flight_delay_model"), {}),
    (("delete", "is-flight-late", "--model", OLD), {"is-flight-late": None}),
    (("rollback", "elser"), {"elser": None}),
]


@pytest.mark.parametrize(("words", "changed"), WRITES, ids=[" ".join(words) for words, _ in WRITES])
def test_a_hint_that_changes_does_what_was_asked(run, sample, files, words, changed):
    def aliases():
        return {each["model_alias"]: each["model_id"] for each in run("list", "-o", "json").json["aliases"]}

    before = aliases()
    refused = run(*words)
    assert (refused.code != 0, aliases()) == (True, before)
    command = commands(refused.err)[0]
    assert command[0] == words[0]
    assert run(*command).code == 0
    after = {alias: target for alias, target in (before | changed).items() if target is not None}
    assert aliases() == after


@pytest.mark.parametrize(
    "words",
    [
        ("put", "sst-2-draft", "sentiment", "-r"),
        ("delete", "sentiment"),
    ],
    ids=" ".join,
)
def test_a_hint_to_import_names_a_file_that_works(run, sample, files, words):
    (command,) = commands(run(*words).err)
    assert command[0] == "import"
    assert run(*command).code == 0


@pytest.mark.parametrize(
    "words",
    [
        ("put", NEW, "flight_delay_model", "-r"),
        ("delete", "elser"),
        ("rollback", "flight_delay_model"),
    ],
    ids=" ".join,
)
def test_what_a_hint_calls_undo_undoes(run, sample, words):
    assert run("put", SLIM, "flight_delay_model", "-r").code == 0
    before = run("export").out
    done = run(*words)
    assert run("export").out != before
    (command,) = commands(done.err)
    assert run(*command).code == 0
    assert run("export").out == before
    assert shlex.split(run(*words, "-o", "json").json["undo"])[1:] == command or words[0] == "rollback"


def test_what_writes_is_known():
    found = typer.main.get_command(application()).commands
    assert {name for name in found if any(each.name == "dry_run" for each in found[name].params)} == WRITERS


@pytest.mark.parametrize(
    ("words", "after"),
    [
        (("put", "m", "a"), ("put", "m", "a")),
        (("put", "m", "a", "--reassign"), ("put", "m", "a", "--dry-run")),
        (("forget", "m"), ("delete", "m")),
        (("list", "--nonsense"), ("list",)),
    ],
)
def test_a_bad_hint_is_noticed(words, after):
    with pytest.raises((AssertionError, typer.TyperException)):
        hints.check(hints.Printed(words, after))
