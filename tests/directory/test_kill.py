"""A writer that dies at any of its steps leaves a catalog that is whole, all before or all after."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from scenarios import COMMANDS, NAMES
from tracer import NEEDED, Tracer

KILLER = Path(__file__).parent / "killer.py"
AUDITED = [pytest.param(name, marks=[] if name == "put" else pytest.mark.sweep) for name in list(COMMANDS)[:6]]


def killed(nth, directory, words):
    """Run a command that dies just before its nth change; its exit code and standard error."""
    program = [sys.executable, str(KILLER), "KILL", str(nth), str(directory), *words]
    done = subprocess.run(program, capture_output=True, text=True, check=False, timeout=60)
    return done.returncode, done.stderr


def sweep(scenario, points, kill):
    """Kill a write at every point: from one instant on it is all after."""
    committed = []
    for point in points:
        scenario.reset()
        assert kill(point) == -signal.SIGKILL, point
        committed.append(scenario.check().aliases == scenario.after.aliases)
    assert committed == sorted(committed)


@pytest.mark.parametrize("scenario", AUDITED, indirect=True)
def test_killed_before_every_change_of_a_file(scenario):
    code, told = killed(0, scenario.root, scenario.words)
    assert code == 0
    changes = int(told.rsplit("\n", 1)[1])
    assert changes >= 3
    sweep(scenario, range(1, changes + 1), lambda nth: killed(nth, scenario.root, scenario.words)[0])


@NEEDED
@pytest.mark.parametrize("scenario", NAMES, indirect=True)
def test_killed_before_every_system_call_that_changes_or_syncs_a_file(scenario, tmp_path, report):
    tracer = Tracer(scenario.root, tmp_path / "scratch")
    calls = [call for call in tracer.record(scenario.words).calls if call.changes]
    points = list(dict.fromkeys(f"{call.name}:signal=KILL:when={call.nth}" for call in calls))
    report("points killed at", len(points))
    sweep(scenario, points, lambda point: tracer.inject(scenario.words, point).code)
