"""The users of a model or an alias, as `show` and changes print them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mlalias.core.catalog import Catalog, Change, Part
from mlalias.core.plan import Plan, Receipt
from mlalias.core.reach import reach
from mlalias.core.users import PARTS, User, Users, guard_stumbles_on, templates
from mlalias.errors import Failure
from mlalias.output import tables
from mlalias.output.page import Screen
from mlalias.text import listed, plural, visible

Record = dict[str, Any]
_MOST_NAMED = 5


# --- show ---


def added(catalog: Catalog, records: Sequence[Record]) -> list[Record]:
    """Records of aliases and models with their users, and with the reasons why some users are unknown, by part."""
    users = Users(catalog)
    return [_with_users(catalog, users, record) for record in records]


def _with_users(catalog: Catalog, users: Users, record: Record) -> Record:
    used = users.of(*_names(record))
    reached = reach(catalog, (user.name for user in used if user.kind == "pipeline"))
    unknown = users.unknown | (_reach_unknown(catalog) if reached and catalog.live else {})
    return {**record, "users": _records(used), "reach": [each._asdict() for each in reached], "users_unknown": unknown}


def _reach_unknown(catalog: Catalog) -> dict[str, str]:
    """Why a part of the reach of pipelines is not known on a cluster, by part."""
    parts: tuple[Part, ...] = ("indices", "templates", "counts")
    return {part: catalog.lacks(part) for part in parts if catalog.known(part) is None}


def _names(record: Record) -> Iterator[str]:
    """The names of an alias or a model: its id, its aliases, its deployments."""
    if "model_alias" in record:
        yield record["model_alias"]
        return
    yield record["model_id"]
    yield from record["model_aliases"]
    yield from (each["deployment_id"] for each in record["deployments"] or ())


def _records(users: Sequence[User]) -> list[Record]:
    return [user._asdict() for user in users]


def pairs(record: Record) -> Iterator[tuple[str, str]]:
    """The lines for users other than the pipelines that Elasticsearch guards; only pytorch models have endpoints."""
    unguarded = [user for user in record["users"] if user["kind"] == "pipeline" and not user["guarded"]]
    if unguarded:
        yield "not guarded", ", ".join(f"{user['name']} ({user['place']})" for user in unguarded)
    for each in record["reach"]:
        text = _reach_text(each, record["users_unknown"])
        if text:
            yield "documents", f"{each['pipeline']}: {text}"
    for kind, part, title in (("endpoint", "endpoints", "endpoints"), ("field", "fields", "semantic_text")):
        found = list(dict.fromkeys(_text(user) for user in record["users"] if user["kind"] == kind))
        if found or _may_have_endpoints(record):
            why = record["users_unknown"].get(part)
            yield title, f"not known: {why}" if why else ", ".join(found) or "none"


def _reach_text(reached: Record, unknown: Record) -> str:
    """Where the documents of a pipeline come from, and how many; empty where only a cluster would know."""
    indices, templates, called_by = reached["indices"], reached["templates"], reached["called_by"]
    senders = [*(indices or ()), *(f"{name} (template)" for name in templates or ())]
    parts = [f"from {listed(senders)}"] if senders else []
    parts += [f"called by {listed(called_by)}"] if called_by else []
    parts += [f"{reached['documents']:,} since the last restart"] if reached["documents"] is not None else []
    lacking: dict[str, list[str]] = {}
    for part in ("indices", "templates"):
        if part in unknown:
            lacking.setdefault(unknown[part], []).append(part)
    return "; ".join((*parts, *(f"{' and '.join(each)} not known: {why}" for why, each in lacking.items())))


def _text(user: Record) -> str:
    return user["name"] if user["kind"] == "endpoint" else f"{user['name']} ({user['place']}, through {user['via']})"


def _may_have_endpoints(record: Record) -> bool:
    model: Record = (record["model"] if "model_alias" in record else record) or {}
    return model.get("model_type") == "pytorch"


def notes(catalog: Catalog) -> str:
    """Notes about pipelines whose model is unknown, and about those that prevent every alias from being deleted."""
    lines = [
        f"the ingest pipeline '{name}' ({place}) keeps Elasticsearch from deleting any alias"
        for name, place in guard_stumbles_on(catalog)
    ]
    lines += [
        f"the ingest pipeline '{name}' takes its model from a template ({use.place}), so which cannot be known: "
        f"{use.model_id}"
        for name, use in templates(catalog)
    ]
    more = [f"{plural(len(lines) - _MOST_NAMED, 'more such pipeline')}"] if len(lines) > _MOST_NAMED else []
    return "".join(f"{visible(line)}\n" for line in (*lines[:_MOST_NAMED], *more))


# --- a change ---


def left_behind(result: Plan | Receipt) -> tuple[list[Record], Mapping[Part, str]]:
    """The users that stay with the old model when an alias moves, and why a part of them is unknown.

    A cluster is asked for them only in a dry run. After a change, users that cannot be read are not an error: they are
    unknown.
    """
    plan = result if isinstance(result, Plan) else result.plan
    moved = [change for change in result.moves if change.result == "reassigned"]
    if result.errors or not moved:
        return [], {}
    if plan.before.live and isinstance(result, Receipt):
        return [], dict.fromkeys(PARTS, "a cluster is asked only in a dry run")
    try:
        users = Users(plan.before)
    except (Failure, OSError) as failure:
        if isinstance(result, Plan):
            raise
        return [], dict.fromkeys(PARTS, str(failure))
    return [{**user._asdict(), **_move(change)} for change in moved for user in _left(users, change)], users.unknown


def following(plan: Plan) -> list[Record]:
    """The pipelines that follow the aliases that would move, each with where its documents come from."""
    moved = [change.model_alias for change in plan.moves if change.result == "reassigned"]
    if plan.errors or not moved or plan.before.known("pipelines") is None:
        return []
    users = Users(plan.before)
    used = [(alias, user) for alias in moved for user in users.of(alias) if user.kind == "pipeline"]
    reached = {each.pipeline: each._asdict() for each in reach(plan.before, (user.name for _, user in used))}
    return [{**user._asdict(), "model_alias": alias, "reach": reached[user.name]} for alias, user in used]


def _left(users: Users, change: Change) -> tuple[User, ...]:
    return users.left_behind(change.model_alias, change.previous_model_id or "")


def _move(change: Change) -> Record:
    return {"model_alias": change.model_alias, "model_id": change.previous_model_id}


def of_move(result: Plan | Receipt) -> Record:
    """What JSON has about the users of the aliases that move."""
    staying, unknown = left_behind(result)
    record: Record = {"left_behind": staying, "users_unknown": unknown}
    return record | ({"following": following(result)} if isinstance(result, Plan) else {})


def move_notes(result: Plan | Receipt, screen: Screen) -> str:
    """A line for each of the first users that follow, in a dry run, and of those that stay behind."""
    records = following(result) if isinstance(result, Plan) else []
    lines = [_following_line(record) for record in records[:_MOST_NAMED]]
    more = len(records) - _MOST_NAMED
    lines += [f"{more} more follow (listed by -o json)"] if more > 0 else []
    return "".join(tables.note("note", "cyan", line, screen) for line in (*lines, *_staying_lines(result)))


def _following_line(record: Record) -> str:
    text = _reach_text(record["reach"], {})
    return f"{_title(record)} follows '{record['model_alias']}'" + (f": {text}" if text else "")


def _staying_lines(result: Plan | Receipt) -> list[str]:
    """A line for each of the first users that stay with the old model, and for each part that is unknown."""
    records, unknown = left_behind(result)
    lines = [_line(record) for record in records[:_MOST_NAMED]]
    more = len(records) - _MOST_NAMED
    lines += [f"{more} more stay behind (listed by -o json)"] if more > 0 else []
    if isinstance(result, Plan) and result.before.live:
        lines += [f"whether {part} stay behind is not known: {why}" for part, why in unknown.items()]
    return lines


def _line(record: Record) -> str:
    return f"{_title(record)} stays with '{record['model_id']}'"


def _title(record: Record) -> str:
    return User(*(record[key] for key in User._fields)).title
