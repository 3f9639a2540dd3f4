"""A write that meets a full or broken disk at any of its system calls says so, and leaves a catalog that is whole."""

import json

import pytest
from scenarios import COMMANDS
from tracer import NEEDED, Tracer

_NAMES = {"mkdir", "mkdirat", "rename", "renameat", "unlink", "unlinkat"}
_OPEN = _NAMES | {"openat"}

FAULTS = {  # the system's error, its words, and the calls that can fail with it
    "a full disk": (
        "ENOSPC",
        "no space left on device",
        lambda call: call.changes and not call.name.startswith(("unlink", "ftruncate")),
    ),
    "a broken disk": ("EIO", "input/output error", lambda _: True),
    "no descriptors": ("EMFILE", "too many open files", lambda call: call.name == "openat"),
    "a read-only disk": ("EROFS", "read-only file system", lambda call: call.changes and call.name in _OPEN),
    "a foreign directory": (
        "EACCES",
        "permission denied",
        lambda call: call.name in _OPEN | {"stat", "lstat", "newfstatat"},
    ),
}


def injections(calls, error):
    """For every call: failing once, and failing from then on with all that come after."""
    for index, call in enumerate(calls):
        yield (f"{call.name}:error={error}:when={call.nth}",)
        later = {}
        for one in calls[index:]:
            if one.thread == call.thread:
                later.setdefault(one.name, one.nth)
        yield tuple(f"{name}:error={error}:when={nth}+" for name, nth in later.items())


FAST = [("put", "a full disk"), ("put", "a read-only disk")]
ROWS = [
    pytest.param(name, fault, marks=[] if (name, fault) in FAST else pytest.mark.sweep, id=f"{name}, {fault}")
    for name in COMMANDS
    for fault in FAULTS
]


@NEEDED
@pytest.mark.parametrize(("scenario", "fault"), ROWS, indirect=["scenario"])
def test_a_fault_at_every_call(scenario, tmp_path, fault, report):
    tracer = Tracer(scenario.root, tmp_path / "scratch")
    words = [*scenario.words, "-o", "json"]
    error, said, fails = FAULTS[fault]
    calls = [call for call in tracer.record(words).calls if fails(call)]
    points = list(dict.fromkeys(injections(calls, error)))
    report("points failed at", len(points))
    found = []
    for point in points:
        scenario.reset()
        ran = tracer.inject(words, *point)
        try:
            judge(scenario, ran, said)
        except AssertionError as failed:
            found.append((point, str(failed), ran.code, ran.err))
    assert found == []


def judge(scenario, ran, said):
    """The promised exit code and sentence; the catalog is whole, and as the sentence says."""
    assert ran.code in (0, 1)
    told = json.loads(ran.out)
    now = scenario.check()
    if ran.code == 0:
        assert "error" not in ran.err
        assert now == scenario.after
        return
    assert ran.err == ""
    unseen = "file exists: "  # what the lock's library says of a directory that it could not look at, once
    assert said in told["error"]["reason"] or told["error"]["reason"].startswith(unseen)
    committed = told.get("committed", False)
    assert committed == told["error"]["reason"].startswith("the change is in place")
    if scenario.words[0] in ("apply", "import"):  # facts are replaced file by file, before the commit
        assert (now.history != scenario.before.history) == committed
    else:
        assert (now != scenario.before) == committed


# what the sweep found: the call, which of its name for the path, the error, and the sentence that is told now
FOUND = {
    "a lock that cannot be had": ("put", "fcntl", ".lock", 0, "ENOLCK", "'{}' cannot be locked: no locks available"),
    "a lock that cannot be opened": ("put", "openat", ".lock", 0, "EACCES", "permission denied: '{}'"),
    "a lock that cannot be freed": ("put", "fcntl", ".lock", -1, "EIO", None),
    "a directory that cannot be closed": ("put", "close", "", -1, "EIO", None),
    "a model is gone, and not synced": (
        "a model without aliases",
        "fsync",
        "models",
        -1,
        "EIO",
        "the change is in place, but input/output error",
    ),
}


@NEEDED
@pytest.mark.parametrize(
    ("scenario", "name", "path", "which", "error", "sentence"), FOUND.values(), ids=FOUND, indirect=["scenario"]
)
def test_what_the_sweep_found(scenario, tmp_path, name, path, which, error, sentence):
    tracer = Tracer(scenario.root, tmp_path / "scratch")
    words = [*scenario.words, "-o", "json"]
    about = str(scenario.catalog / path)
    calls = [call for call in tracer.record(words).calls if call.name == name and call.path == about]
    scenario.reset()
    ran = tracer.inject(words, f"{name}:error={error}:when={calls[which].nth}")
    assert ran.err == ""
    told = json.loads(ran.out)
    assert told["error"]["reason"] == sentence.format(about) if sentence else "error" not in told
    judge(scenario, ran, (sentence or "").format(about))
