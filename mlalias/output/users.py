"""Who uses a model or an alias, in what `show` and a change print."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mlalias.core.catalog import Catalog, Change, Part
from mlalias.core.plan import Plan, Receipt
from mlalias.core.users import PARTS, User, Users, guard_stumbles_on, templates
from mlalias.errors import Failure
from mlalias.output import tables
from mlalias.output.page import Screen
from mlalias.text import plural, visible

Record = dict[str, Any]
_MOST_NAMED = 5
_KINDS = {"pipeline": "the ingest pipeline", "endpoint": "the inference endpoint", "field": "the index"}


# --- show ---


def added(catalog: Catalog, records: Sequence[Record]) -> list[Record]:
    """Records of aliases and models with their users, and with what is not known of users, by part."""
    users = Users(catalog)
    return [{**each, "users": _records(users.of(*_names(each))), "users_unknown": users.unknown} for each in records]


def _names(record: Record) -> Iterator[str]:
    """What an alias goes by, or a model: its id, its aliases, its deployments."""
    if "model_alias" in record:
        yield record["model_alias"]
        return
    yield record["model_id"]
    yield from record["model_aliases"]
    yield from (each["deployment_id"] for each in record["deployments"] or ())


def _records(users: Sequence[User]) -> list[Record]:
    return [user._asdict() for user in users]


def pairs(record: Record) -> Iterator[tuple[str, str]]:
    """The lines of users beside the pipelines that Elasticsearch guards; only pytorch models run behind endpoints."""
    unguarded = [user for user in record["users"] if user["kind"] == "pipeline" and not user["guarded"]]
    if unguarded:
        yield "not guarded", ", ".join(f"{user['name']} ({user['place']})" for user in unguarded)
    for kind, part, title in (("endpoint", "endpoints", "endpoints"), ("field", "fields", "semantic_text")):
        found = list(dict.fromkeys(_text(user) for user in record["users"] if user["kind"] == kind))
        if found or _may_have_endpoints(record):
            why = record["users_unknown"].get(part)
            yield title, f"not known: {why}" if why else ", ".join(found) or "none"


def _text(user: Record) -> str:
    return user["name"] if user["kind"] == "endpoint" else f"{user['name']} ({user['place']}, through {user['via']})"


def _may_have_endpoints(record: Record) -> bool:
    model: Record = (record["model"] if "model_alias" in record else record) or {}
    return model.get("model_type") == "pytorch"


def notes(catalog: Catalog) -> str:
    """What cannot be known of pipelines, and which of them keep every alias from being deleted."""
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
    """Who does not follow the aliases that move, and why a part is not known; a cluster is asked in a dry run alone.

    A change that is made is not worth an error about its users: where they cannot be read, they are not known.
    """
    plan = result if isinstance(result, Plan) else result.plan
    moved = [change for change in result.moves if change.result == "reassigned"]
    if result.errors or not moved:
        return [], {}
    if plan.before.live and isinstance(result, Receipt):
        return [], dict.fromkeys(PARTS, "a cluster is asked for it in a dry run alone")
    try:
        users = Users(plan.before)
    except (Failure, OSError) as failure:
        if isinstance(result, Plan):
            raise
        return [], dict.fromkeys(PARTS, str(failure))
    return [{**user._asdict(), **_move(change)} for change in moved for user in _left(users, change)], users.unknown


def _left(users: Users, change: Change) -> tuple[User, ...]:
    return users.left_behind(change.model_alias, change.previous_model_id or "")


def _move(change: Change) -> Record:
    return {"model_alias": change.model_alias, "model_id": change.previous_model_id}


def left_behind_notes(result: Plan | Receipt, screen: Screen) -> str:
    """A line for each of the first users that stay with the old model, and for what a cluster does not tell of them."""
    records, unknown = left_behind(result)
    lines = [_line(record) for record in records[:_MOST_NAMED]]
    more = len(records) - _MOST_NAMED
    lines += [f"{more} more stay behind (listed by -o json)"] if more > 0 else []
    if isinstance(result, Plan) and result.before.live:
        lines += [f"whether {part} stay behind is not known: {why}" for part, why in unknown.items()]
    return "".join(tables.note("note", "cyan", line, screen) for line in lines)


def _line(record: Record) -> str:
    place = f" ({record['place']})" if record["place"] else ""
    return f"{_KINDS[record['kind']]} '{record['name']}'{place} stays with '{record['model_id']}'"
