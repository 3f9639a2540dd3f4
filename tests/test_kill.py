"""A writer that dies at any of its steps leaves a catalog that is whole, all before or all after."""

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import NEW, OLD, contents

KILLER = Path(__file__).parent / "killer.py"

DECLARED = f"""
[aliases]
flight_delay_model = "{NEW}"
late = "{NEW}"
fresh = "brand-new"
[models.brand-new]
[models.brand-newer]
"""

COMMANDS = {
    "put": ("put", NEW, "flight_delay_model", "-r"),
    "delete": ("delete", "elser"),
    "apply": ("apply", "DECLARED"),
    "import": ("import", "DECLARED", "-r"),
    "rollback": ("rollback", "flight_delay_model"),
    "forget": ("forget", "flight-delayed-classification-1601405047985"),
}


def killed(nth, directory, command):
    """Run a command that dies just before its nth change; its exit code and standard error."""
    words = [sys.executable, str(KILLER), str(nth), str(directory), *command]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    return done.returncode, done.stderr


def state(run):
    """What the catalog says, as a person sees it."""
    told = run("list", "-o", "json").json["aliases"]
    return {record["model_alias"]: record["model_id"] for record in told}


@pytest.mark.parametrize("name", COMMANDS)
def test_killed_before_every_change_of_a_file(run, sample, tmp_path, name):
    declared = tmp_path / "declared.toml"
    declared.write_text(DECLARED)
    command = [str(declared) if word == "DECLARED" else word for word in COMMANDS[name]]
    if name == "rollback":
        assert run("put", NEW, "flight_delay_model", "-r").code == 0
    start = tmp_path / "start"
    shutil.copytree(sample, start)
    before = state(run)

    code, told = killed(0, sample, command)
    assert code == 0
    changes = int(told.rsplit("\n", 1)[1])
    assert changes >= 3
    after = state(run)
    assert after != before
    committed = []
    for nth in range(1, changes + 1):
        shutil.rmtree(sample)
        shutil.copytree(start, sample)
        assert killed(nth, sample, command)[0] == -signal.SIGKILL
        verified = run("verify", "-o", "json")
        assert (verified.code, verified.json["faults"]) == (0, []), nth
        now = state(run)
        assert now in (before, after), nth
        committed.append(now == after)
        assert run(*command).code == 0
        assert state(run) == after
        assert run("put", OLD, "another").code == 0
        assert not [path for path in contents(sample) if path.endswith(".tmp")]
        assert run("verify").code == 0
    assert committed == sorted(committed)  # from one instant on it is all after
