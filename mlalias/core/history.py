"""History entries: how they are stored as JSON lines, and questions about them."""

from collections.abc import Iterable, Sequence
from typing import Any

from mlalias.core.catalog import Change, Entry


def to_line(entry: Entry) -> str:
    """One line of ASCII JSON, including the newline."""
    import json

    return json.dumps(to_record(entry)) + "\n"


def to_record(entry: Entry) -> dict[str, Any]:
    """An entry as a JSON object; `undoes` is present only in rollbacks, `state` only if it is not `done`."""
    record = entry._asdict() | {"changes": [change._asdict() for change in entry.changes]}
    if not entry.undoes:
        del record["undoes"]
    if entry.state == "done":
        del record["state"]
    return record


def from_line(line: str | bytes) -> Entry:
    """Read one line; raises ValueError if it is not an entry."""
    import json

    try:
        return from_record(json.loads(line))
    except RecursionError as error:
        raise ValueError from error


def from_record(record: Any) -> Entry:
    """Read an entry from a JSON object; raises ValueError if it is not one."""
    try:
        return Entry(
            _number(record["revision"]),
            _text(record["time"]),
            _text(record["actor"]),
            _text(record["command"]),
            _optional(record["message"]),
            tuple(_change(change) for change in record["changes"]),
            tuple(_number(revision) for revision in record.get("undoes", ())),
            _text(record.get("state", "done")),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError from error


def _change(record: Any) -> Change:
    model_id, previous = _optional(record["model_id"]), _optional(record["previous_model_id"])
    return Change(_text(record["model_alias"]), model_id, previous)


def replay(entries: Iterable[Entry]) -> dict[str, str]:
    """The aliases that result from applying all entries, which are given oldest first."""
    aliases: dict[str, str] = {}
    for change in (change for entry in entries for change in entry.changes):
        if change.model_id is None:
            aliases.pop(change.model_alias, None)
        else:
            aliases[change.model_alias] = change.model_id
    return aliases


def about(entries: Sequence[Entry], model_alias: str) -> list[tuple[Entry, Change]]:
    """The changes to one alias, newest first, each with its entry."""
    return [
        (entry, change) for entry in reversed(entries) for change in entry.changes if change.model_alias == model_alias
    ]


def newest(entries: Sequence[Entry], aliases: Iterable[str]) -> tuple[Entry, Change] | None:
    """The newest change to any of the aliases, with its entry; None if there is none."""
    wanted = set(aliases)
    if not wanted:  # on a cluster, iterating sends requests
        return None
    changes = ((entry, change) for entry in reversed(entries) for change in entry.changes)
    return next(((entry, change) for entry, change in changes if change.model_alias in wanted), None)


def standing(entries: Sequence[Entry], model_alias: str) -> list[tuple[Entry, Change]]:
    """The changes to one alias that can still be undone, newest first.

    A rollback is skipped, and so are the changes that it undid. If a later rollback undid the rollback itself, the
    changes that it had undone count again.
    """
    undone: set[int] = set()
    remaining = []
    for entry, change in about(entries, model_alias):
        if entry.revision in undone:
            continue
        if entry.undoes:
            undone.update(entry.undoes)
        else:
            remaining.append((entry, change))
    return remaining


def _number(value: Any) -> int:
    if type(value) is not int:
        raise TypeError
    return value


def _text(value: Any) -> str:
    if type(value) is not str:
        raise TypeError
    return value


def _optional(value: Any) -> str | None:
    return None if value is None else _text(value)
