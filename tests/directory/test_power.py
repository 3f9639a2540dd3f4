"""A power cut at any instant of a write leaves a catalog that is whole; after exit 0 it is the new one."""

import shutil

import pytest
from disk import Disk, store
from scenarios import NAMES
from tracer import NEEDED, Tracer

# The directory of the catalog is synced for `models`, for `pipelines.toml` and for the draft: where all three are new,
# the last alone would do. Each is needed by itself, as "a first model", "facts alone" and "put" show.
COVERED = {"a first import": 2}


def trees(scenario, calls, without=None):
    """Every tree that a power cut may leave, and whether the command had ended; `without` is a call left out."""
    disk = Disk(scenario.start, scenario.root)
    seen = {}
    for number, call in enumerate(calls):
        if call is not without:
            disk.play(call)
        ended = number == len(calls) - 1
        for tree in disk.trees():
            seen.setdefault((ended, frozenset(tree.items())), tree)
    return [(tree, ended) for (ended, _), tree in seen.items()]


def fault(scenario, tree, ended):
    """What is wrong with a tree, None if nothing is."""
    shutil.rmtree(scenario.root)
    scenario.root.mkdir()
    store(tree, scenario.root)
    try:
        now = scenario.check()
    except AssertionError as failed:
        return str(failed) or "the catalog is not whole"
    return "the change is lost" if ended and now != scenario.after else None


def recorded(scenario, scratch):
    return [call for call in Tracer(scenario.root, scratch).record(scenario.words).calls if call.changes]


@NEEDED
@pytest.mark.parametrize("scenario", NAMES, indirect=True)
def test_a_power_cut_at_any_instant(scenario, tmp_path, report):
    found = trees(scenario, recorded(scenario, tmp_path / "scratch"))
    report("states after a power cut", len(found))
    assert [(tree.keys(), wrong) for tree, ended in found if (wrong := fault(scenario, tree, ended))] == []


@NEEDED
@pytest.mark.parametrize("scenario", NAMES, indirect=True)
def test_without_any_one_of_the_syncs_a_power_cut_does_harm(scenario, tmp_path, report):
    calls = recorded(scenario, tmp_path / "scratch")
    syncs = [call for call in calls if call.name == "fsync"]
    report("syncs left out, one at a time", len(syncs))
    harmless = []
    for sync in syncs:
        cut = reversed(trees(scenario, calls, without=sync))  # the last ones tell most often
        if not any(fault(scenario, *one) for one in cut):
            harmless.append(sync.path)
    assert harmless == [str(scenario.catalog)] * COVERED.get(scenario.name, 0)
