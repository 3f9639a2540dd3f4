"""Many writers and readers at once: nobody loses a change, sees half of one, or waits for long."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from harness import LATE, MLALIAS, NEW, OLD

KILLER = Path(__file__).parent / "killer.py"

WRITER = """
import sys, time
from mlalias.cli.main import main
name, rounds, longest = sys.argv[1], int(sys.argv[2]), 0
for n in range(rounds):
    begun = time.monotonic()
    assert main(["put", sys.argv[3], f"{name}-{n}-x", "-q"]) == 0
    longest = max(longest, time.monotonic() - begun)
print(longest)
"""

READER = """
import json, sys
from mlalias.stores.directory.store import DirectoryStore
from pathlib import Path
store, seen = DirectoryStore(Path(sys.argv[1])), set()
print(flush=True)
while not Path(sys.argv[2]).exists():
    catalog = store.read()
    seen.add((catalog.revision, len(catalog.aliases), len(catalog.history)))
print(json.dumps(sorted(seen)))
"""


def started(program, *words):
    return subprocess.Popen([sys.executable, "-c", program, *map(str, words)], stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize("rounds", [2, pytest.param(40, marks=pytest.mark.sweep)])
def test_sixteen_writers_and_three_readers(run, sample, tmp_path, rounds, report):
    readers = [started(READER, sample, tmp_path / "end") for _ in range(3)]
    for reader in readers:
        reader.stdout.readline()
    writers = [started(WRITER, f"w{i}", rounds, OLD) for i in range(16)]
    told = [writer.communicate(timeout=300)[0] for writer in writers]
    (tmp_path / "end").touch()
    seen = [tuple(one) for reader in readers for one in json.loads(reader.communicate(timeout=60)[0])]
    assert [process.returncode for process in writers + readers] == [0] * 19
    assert len(run("list", OLD, "-o", "json").json["aliases"]) == 16 * rounds + 1
    assert run("verify").code == 0
    assert len(seen) > 3
    assert {aliases - revision for revision, aliases, _ in seen} == {5}  # one alias for every revision
    assert all(revision == entries for revision, _, entries in seen)
    longest = max(map(float, told))
    report("longest wait of 16 writers, in seconds", round(longest, 2))
    assert longest < 10


def test_applies_of_the_same_aliases_are_each_all_or_nothing(run, sample, tmp_path):
    names = [f"shared-{i}-x" for i in range(10)]
    for target in (OLD, NEW):
        lines = [f'{name} = "{target}"' for name in names]
        (tmp_path / f"{target}.toml").write_text("\n".join(["[aliases]", *lines]))
    writers = [
        subprocess.Popen([*MLALIAS, "apply", str(tmp_path / f"{target}.toml"), "-q"]) for target in (OLD, NEW) * 3
    ]
    while any(writer.poll() is None for writer in writers):
        told = run("list", "shared-*", "-o", "json").json["aliases"]
        assert (len(told), len({record["model_id"] for record in told})) in ((0, 0), (10, 1))
    assert [writer.returncode for writer in writers] == [0] * 6
    assert run("verify").code == 0
    for entry in run("history", "-o", "json").json["history"][:-1]:
        assert len(entry["changes"]) == 10


@pytest.fixture
def stopped(sample):
    """A writer that is stopped just before its commit, with the lock in its hands."""
    words = ["delete", "elser", "-q"]
    program = [sys.executable, str(KILLER), "STOP", "3", str(sample), *words]
    process = subprocess.Popen(program)
    assert os.WIFSTOPPED(os.waitpid(process.pid, os.WUNTRACED)[1])
    assert [path for path in sample.iterdir() if path.suffix == ".tmp"]
    yield process
    if process.poll() is None:
        process.kill()
        process.wait()


def writer(timeout):
    environment = os.environ | {"MLALIAS_LOCK_TIMEOUT": timeout}
    return subprocess.Popen([*MLALIAS, "put", LATE, "late"], env=environment, stderr=subprocess.PIPE, text=True)


def test_a_stopped_holder_is_waited_for_and_told_of(run, stopped):
    begun = time.monotonic()
    waiting = writer("1.5")
    err = waiting.communicate(timeout=30)[1].splitlines()
    assert waiting.returncode == 8
    assert 1.5 <= time.monotonic() - begun < 8
    assert err[0] == "waiting for another process that is writing to the catalog ..."
    assert err[1].startswith("error: another process has been writing to ")
    assert run("list").code == 0
    verified = run("verify", "-o", "json")
    assert (verified.code, verified.json["faults"]) == (0, [])
    stopped.send_signal(signal.SIGCONT)
    assert stopped.wait(timeout=30) == 0
    assert run("put", LATE, "late").code == 0
    assert run("resolve", "elser").code == 4


def test_a_holder_that_is_killed_frees_those_who_wait(run, stopped):
    waiting = writer("30")
    assert waiting.stderr.readline() == "waiting for another process that is writing to the catalog ...\n"
    stopped.kill()
    assert waiting.communicate(timeout=30)[1] == ""
    assert waiting.returncode == 0
    assert run("resolve", "late", "elser").out == f"{LATE}\n.elser_model_2\n"
    verified = run("verify", "-o", "json")
    assert (verified.code, verified.json) == (0, {"faults": [], "notes": []})
