"""What entries say of an alias, and how they are written down."""

import json

import pytest
from values import history

from mlalias.core.catalog import Change, Entry
from mlalias.core.history import about, from_line, newest, replay, standing, to_line, to_record

ENTRY = {"revision": 1, "time": "2026-11-24T10:04:11Z", "actor": "ada", "command": "put", "message": None}
MOVE = {"model_alias": "x", "model_id": "m", "previous_model_id": None}
RECORD = {**ENTRY, "changes": [MOVE]}


@pytest.mark.parametrize(
    "entry",
    [
        Entry(1, "t", "ada", "put", None, (Change("x", "m", None),)),
        Entry(7, "t", "adä", "rollback", "why\n\u202e", (Change("x", None, "m"), Change("y", "n", "m")), (3, 5)),
        Entry(2, "t", "", "forget", "", ()),
    ],
)
def test_an_entry_is_one_line_of_ascii_that_reads_as_the_same(entry):
    line = to_line(entry)
    assert (line.isascii(), line.count("\n"), line[-1]) == (True, 1, "\n")
    assert from_line(line) == from_line(line.encode()) == entry


def test_what_is_undone_stands_only_where_there_is_something():
    (entry,) = history("x=m")
    assert to_record(entry) == {**ENTRY, "time": "now", "changes": [MOVE]}
    assert to_record(entry._replace(undoes=(1,)))["undoes"] == (1,)
    assert from_line(json.dumps(RECORD)).undoes == ()


@pytest.mark.parametrize(
    "wrong",
    [
        *({key: None} for key in ("revision", "time", "actor", "command", "changes")),
        {"revision": "1"},
        {"revision": True},
        {"revision": 1.0},
        {"time": 3},
        {"actor": 3},
        {"command": ["put"]},
        {"message": 3},
        {"changes": ["x"]},
        {"changes": 3},
        *({"changes": [MOVE | {key: 3}]} for key in MOVE),
        {"changes": [MOVE | {"model_alias": None}]},
        {"undoes": ["1"]},
        {"undoes": [True]},
        {"undoes": 1},
        {"undoes": None},
    ],
    ids=str,
)
def test_a_wrong_value_is_a_value_error(wrong):
    assert from_line(json.dumps(RECORD)).revision == 1
    with pytest.raises(ValueError):  # noqa: PT011 - that is all that is promised
        from_line(json.dumps(RECORD | wrong))


@pytest.mark.parametrize("key", [*ENTRY, "changes"])
def test_a_missing_key_is_a_value_error(key):
    with pytest.raises(ValueError):  # noqa: PT011
        from_line(json.dumps({name: value for name, value in RECORD.items() if name != key}))


@pytest.mark.parametrize("key", MOVE)
def test_a_missing_key_of_a_change_is_a_value_error(key):
    change = {name: value for name, value in MOVE.items() if name != key}
    with pytest.raises(ValueError):  # noqa: PT011
        from_line(json.dumps(RECORD | {"changes": [change]}))


@pytest.mark.parametrize("line", ["", "x", "null", "[]", "3", "{}", b"\xff", "[" * 100_000])
def test_a_line_that_is_no_entry_is_a_value_error(line):
    with pytest.raises(ValueError):  # noqa: PT011
        from_line(line)


@pytest.mark.parametrize(
    ("entries", "aliases"),
    [
        (history(), {}),
        (history("x=a y=b"), {"x": "a", "y": "b"}),
        (history("x=a y=b", "x=c"), {"x": "c", "y": "b"}),
        (history("x=a", "x="), {}),
        (history("x=a y=a", "y= x=b", "y=c"), {"x": "b", "y": "c"}),
        (history("x="), {}),
    ],
)
def test_the_aliases_as_the_entries_leave_them(entries, aliases):
    assert replay(entries) == aliases


def revisions(pairs):
    return [entry.revision for entry, _ in pairs]


def test_the_changes_of_an_alias_newest_first():
    entries = history("x=a y=a", "y=b", "x=b", "x=")
    assert [(entry.revision, change.model_id) for entry, change in about(entries, "x")] == [
        (4, None),
        (3, "b"),
        (1, "a"),
    ]
    assert revisions(about(entries, "y")) == [2, 1]
    assert about(entries, "none") == []


@pytest.mark.parametrize(
    ("aliases", "found"),
    [(["x"], (3, "x")), (["y"], (2, "y")), (["y", "x"], (3, "x")), (["z"], (1, "z")), (["none"], None), ([], None)],
)
def test_the_newest_change_of_any(aliases, found):
    entry_and_change = newest(history("x=a y=a z=a", "y=b", "x=b"), iter(aliases))
    assert (entry_and_change and (entry_and_change[0].revision, entry_and_change[1].model_alias)) == found


@pytest.mark.parametrize(
    ("texts", "undoes", "stands"),
    [
        ((), {}, []),
        (("x=a", "x=b", "x=c"), {}, [3, 2, 1]),
        (("x=a", "x=b", "x=a"), {3: (2,)}, [1]),
        (("x=a", "x=b", "x=c", "x=a"), {4: (3, 2)}, [1]),
        (("x=a", "x=b", "x=a", "x=c"), {3: (2,)}, [4, 1]),
        (("x=a", "x=b", "x=a", "x=b"), {3: (2,), 4: (3,)}, [2, 1]),
        (("x=a", "x=b", "x=a", "x="), {3: (2,), 4: (1,)}, []),
        (("x=a", "y=a", "x="), {3: (1,)}, []),
        (("x=a y=a", "x=b y=b", "x=a"), {3: (2,)}, [1]),
    ],
)
def test_what_can_still_be_undone(texts, undoes, stands):
    assert revisions(standing(history(*texts, undoes=undoes), "x")) == stands


def test_a_rollback_of_one_alias_leaves_the_others_of_its_entry():
    entries = history("x=a y=a", "x=b y=b", "x=a", undoes={3: (2,)})
    assert revisions(standing(entries, "y")) == [2, 1]
