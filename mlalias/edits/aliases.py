"""The edits of single aliases: put, delete, rollback."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Literal

from mlalias.core.catalog import Catalog, Change
from mlalias.core.history import about, newest, standing
from mlalias.core.plan import Caution, Context, Edit, Plan
from mlalias.core.rules import NAME_RULES, RULES, Move, Outcome, judge, refusals
from mlalias.errors import Conflict, Failure, NotFound, Refused
from mlalias.text import listed

if TYPE_CHECKING:  # a put looks at no users
    from mlalias.core.users import User


def look_up(
    catalog: Catalog,
    model_alias: str,
    model_id: str,
    *,
    reassign: bool,
    if_current: str | None = None,
    existed: bool = False,
) -> Move:
    """Look up the alias and both models of a move, each only once, as on a cluster each lookup is a request."""
    target = catalog.aliases.get(model_alias)
    return Move(
        model_alias,
        model_id,
        target,
        old=catalog.models.get(target) if target else None,
        new=catalog.models.get(model_id),
        reassign=reassign,
        if_current=if_current,
        alias_is_model_id=model_alias in catalog.models,
        existed=existed or target is not None,
    )


Unguarded = Literal["ignore", "warn", "refuse"]


# --- put ---


def put(
    model_id: str,
    model_alias: str,
    *,
    reassign: bool = False,
    if_current: str | None = None,
    exist_ok: bool = False,
) -> Edit:
    """Point an alias at a model; an existing alias is moved with `reassign`, or if it names `if_current` now."""

    def edit(catalog: Catalog) -> Plan:
        move = look_up(catalog, model_alias, model_id, reassign=reassign, if_current=if_current)
        outcomes = judge(move)
        valid_names = not any(outcome.result == "fail" for outcome in outcomes if outcome.rule in NAME_RULES)
        if valid_names and exist_ok and move.target == model_id and move.new:
            unchanged = Change(model_alias, model_id, model_id)
            return Plan(catalog, (unchanged,), outcomes={model_alias: _settled(outcomes)})
        if valid_names and if_current is not None and move.target != if_current:
            return _not_as_expected(catalog, move, outcomes, if_current)
        return judged(catalog, move, outcomes)._replace(if_current=if_current)

    return edit


def judged(catalog: Catalog, move: Move, outcomes: tuple[Outcome, ...]) -> Plan:
    """The plan for one move, from the outcomes of the rules."""
    context = Context(catalog, move.model_alias, move, outcomes)
    errors = tuple(_refusal(outcome, context) for outcome in refusals(outcomes))
    warnings = () if errors else _warnings(move, outcomes)
    asked = (Change(move.model_alias, move.model_id, move.target),)
    return Plan(
        catalog,
        changes=() if errors else asked,
        refused=asked if errors else (),
        outcomes={move.model_alias: outcomes},
        warnings=warnings,
        errors=errors,
    )


def _warnings(move: Move, outcomes: Sequence[Outcome]) -> tuple[Caution, ...]:
    """The warnings of the rules; if two rules give the same message, because they lack the same fact, the first."""
    warned = {outcome.message: outcome for outcome in reversed(outcomes) if outcome.result == "warn"}
    return tuple(
        Caution(
            message,
            outcome.rule.id,
            move.model_alias,
            overlap=move.overlap if "fields" in outcome.rule.tags else None,
        )
        for message, outcome in reversed(warned.items())
    )


def _settled(outcomes: Sequence[Outcome]) -> tuple[Outcome, ...]:
    """The outcomes of the name rules, with the others skipped."""
    of_names = tuple(outcome for outcome in outcomes if outcome.rule in NAME_RULES)
    others = (rule for rule in RULES if rule not in NAME_RULES)
    return (*of_names, *(Outcome(rule, "skip", "the alias already names the model") for rule in others))


def _refusal(outcome: Outcome, context: Context) -> Failure:
    rule = outcome.rule
    kind = NotFound if rule.status == NotFound.status else Refused
    return kind(outcome.message, rule=rule.id, type=rule.type, status=rule.status, context=context)


def _not_as_expected(catalog: Catalog, move: Move, outcomes: tuple[Outcome, ...], expected: str) -> Plan:
    asked = Change(move.model_alias, move.model_id, move.target)
    conflict = not_current(catalog, asked, expected)
    shown = tuple(
        outcome._replace(result="fail", message=conflict.reason) if outcome.rule.id == "alias_taken" else outcome
        for outcome in outcomes
    )
    return Plan(catalog, refused=(asked,), outcomes={move.model_alias: shown}, errors=(conflict,))


def not_current(catalog: Catalog, change: Change, expected: str) -> Conflict:
    """The failure of `--if-current`: the alias does not name the expected model."""
    alias, target = change.model_alias, change.previous_model_id
    if target is None:
        reason = f"the alias '{alias}' does not exist, so it does not name '{expected}'"
    else:
        reason = f"the alias '{alias}' names '{target}', not '{expected}'"
    move = Move(alias, change.model_id or "", target)
    return Conflict(reason, rule="if_current", context=Context(catalog, alias, move))


# --- delete ---


def delete(
    model_alias: str, model_id: str | None = None, *, missing_ok: bool = False, unguarded: Unguarded = "ignore"
) -> Edit:
    """Delete an alias; with a `model_id`, only if it names that model.

    Who uses the alias without that Elasticsearch guards it is `unguarded`: ignored, as a server does, warned of, or a
    reason to refuse.
    The order of the checks is that of DeleteTrainedModelAliasAction:
    https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-ml-delete-trained-model-alias
    """

    def edit(catalog: Catalog) -> Plan:
        target = catalog.aliases.get(model_alias)
        if target is None:
            return Plan(catalog) if missing_ok else Plan(catalog, errors=(_nothing_to_delete(catalog, model_alias),))
        asked = (Change(model_alias, None, target),)
        if model_id not in (None, target):
            other = f"the alias '{model_alias}' names '{target}', not '{model_id}'"
            conflict = Conflict(other, rule="names_another_model", context=Context(catalog, model_alias))
            return Plan(catalog, refused=asked, errors=(conflict,))
        errors = in_use(catalog, model_alias)
        if errors:
            return Plan(catalog, refused=asked, errors=errors)
        used = () if unguarded == "ignore" else used_unguarded(catalog, [model_alias])
        if unguarded == "refuse" and any(caution.rule == "in_use" for caution in used):
            context = Context(catalog, model_alias)
            conflicts = (Conflict(each.message, rule="in_use", context=context) for each in used if each.rule)
            return Plan(catalog, refused=asked, errors=tuple(conflicts))
        return Plan(catalog, asked, warnings=(*_pipelines_unknown(catalog, model_alias), *used))

    return edit


def used_unguarded(catalog: Catalog, aliases: Sequence[str]) -> tuple[Caution, ...]:
    """The warnings of what uses aliases without that Elasticsearch guards them, and of what a key may not see."""
    from mlalias.core.users import Users

    users = Users(catalog)
    lacking = users.unknown if catalog.live else {}
    used = ((alias, users.not_guarded(alias)) for alias in aliases)
    return (
        *(Caution(_used_by(alias, found), "in_use", alias) for alias, found in used if found),
        *(Caution(f"{part} are not known: {why}") for part, why in lacking.items() if part != "pipelines"),
    )


def _used_by(model_alias: str, users: "Sequence[User]") -> str:
    """The sentence about the users that Elasticsearch does not guard."""
    named = list(dict.fromkeys(user.title for user in users))
    return f"the alias '{model_alias}' is used by {listed(named)}, which Elasticsearch does not guard"


def in_use(catalog: Catalog, model_alias: str) -> tuple[Conflict, ...]:
    """The failure if ingest pipelines use an alias, so that it cannot be deleted; empty if none do."""
    used = catalog.pipelines_naming(model_alias)
    if not used:
        return ()
    reason = f"the alias '{model_alias}' is used by {listed_pipelines(used)}"
    return (Conflict(reason, rule="in_use", context=Context(catalog, model_alias)),)


def _pipelines_unknown(catalog: Catalog, model_alias: str) -> tuple[Caution, ...]:
    """The warning if it is unknown whether pipelines use an alias; a cluster refuses the deletion if they do."""
    if catalog.pipelines_naming(model_alias) is not None:
        return ()
    text = f"whether an ingest pipeline uses the alias '{model_alias}' is not known: {catalog.lacks_pipelines}"
    return (Caution(text, rule="pipelines_unknown", model_alias=model_alias),)


def _nothing_to_delete(catalog: Catalog, name: str) -> NotFound:
    """The failure for an alias that does not exist, with the error type of Elasticsearch's answer to a DELETE."""
    from mlalias.names import not_found

    missing = not_found(catalog, name, "alias")
    return NotFound(missing.reason, rule=missing.rule, type="status_exception", context=missing.context)


def listed_pipelines(names: Sequence[str]) -> str:
    """The names of pipelines as part of a sentence."""
    listed = ", ".join(f"'{name}'" for name in names)
    return f"the ingest pipeline{'s' if len(names) > 1 else ''} {listed}"


# --- rollback ---


def rollback(model_alias: str, *, to: int | None, deletes: bool) -> Edit:
    """Undo the last change to an alias that is not undone yet, or all changes after revision `to`. The rules apply.

    `deletes` allows undoing a creation, under the conditions of `delete`.
    """

    def edit(catalog: Catalog) -> Plan:
        try:
            goal, undoes = _way_back(catalog, model_alias, to)
        except Failure as failure:
            return Plan(catalog, errors=(failure,))
        if goal is None:
            plan = _undo_creation(catalog, model_alias, to, deletes=deletes)
        else:
            move = look_up(catalog, model_alias, goal, reassign=True, existed=True)
            plan = judged(catalog, move, judge(move))
        return plan._replace(undoes=undoes)

    return edit


def _undo_creation(catalog: Catalog, model_alias: str, to: int | None, *, deletes: bool) -> Plan:
    target = catalog.aliases.get(model_alias)
    if target is None:
        return Plan(catalog, (Change(model_alias, None, None),))
    if not deletes:
        then = "before its last change" if to is None else f"at revision {to}"
        reason = f"the alias '{model_alias}' did not exist {then}: going back deletes it"
        refused = Refused(reason, rule="deletes", context=Context(catalog, model_alias))
        return Plan(catalog, refused=(Change(model_alias, None, target),), errors=(refused,))
    return delete(model_alias, unguarded="warn")(catalog)


def _way_back(catalog: Catalog, model_alias: str, to: int | None) -> tuple[str | None, tuple[int, ...]]:
    """The model to go back to (None: no alias), and the revisions that this undoes.

    Raises Conflict, Refused or NotFound.
    """
    _check_agreement(catalog, model_alias)
    if to is not None:
        return _at_revision(catalog, model_alias, to)
    undoable = standing(catalog.history, model_alias)
    if not undoable:
        reason = f"the alias '{model_alias}' has no change left to undo"
        raise Refused(reason, rule="nothing_to_undo", context=Context(catalog, model_alias))
    entry, change = undoable[0]
    return change.previous_model_id, (entry.revision,)


def _at_revision(catalog: Catalog, model_alias: str, to: int) -> tuple[str | None, tuple[int, ...]]:
    newest = catalog.newest_revision
    if not 0 <= to <= newest:
        reason = f"there is no revision {to}; the catalog is at revision {newest}"
        raise NotFound(reason, rule="no_such_revision", context=Context(catalog, model_alias))
    later = [(entry, change) for entry, change in about(catalog.history, model_alias) if entry.revision > to]
    goal = later[-1][1].previous_model_id if later else catalog.aliases.get(model_alias)
    return goal, tuple(entry.revision for entry, _ in later)


def _check_agreement(catalog: Catalog, model_alias: str) -> None:
    """Raise Conflict unless the alias names what its last change in the history says."""
    target = catalog.aliases.get(model_alias)
    last = newest(catalog.history, [model_alias])
    context = Context(catalog, model_alias)
    if last is None:
        if target is None:
            from mlalias.names import not_found

            raise not_found(catalog, model_alias, "alias")
        reason = f"the history has no change to the alias '{model_alias}', which names '{target}'"
        raise Conflict(reason, rule="not_in_history", context=context)
    entry, change = last
    if change.model_id != target:
        then = f"names '{change.model_id}'" if change.model_id else "is deleted"
        now = f"it names '{target}'" if target else "it does not exist"
        here = "on the cluster" if catalog.live else "in aliases.toml"
        reason = f"the alias '{model_alias}' {then} after revision {entry.revision}, but {here} {now}"
        raise Conflict(reason, rule="changed_by_hand", context=context)


def take_back(change: Change, revision: int | None) -> Edit:
    """Undo a change that was just made, under the rules, while the alias still names what the change made it name.

    `revision` is the one that the change has in the history, None where none is kept.
    """
    alias, made, before = change.model_alias, change.model_id or "", change.previous_model_id
    edit = put(before, alias, if_current=made) if before else delete(alias, made)
    undoes = () if revision is None else (revision,)
    return lambda catalog: edit(catalog)._replace(undoes=undoes)


# --- shared with the edits of many aliases ---


def dangling(model_alias: str, target: str) -> Caution:
    """The warning that an alias names a model that does not exist."""
    return Caution(
        f"the alias '{model_alias}' names '{target}', a model that the catalog does not have",
        rule="dangling",
        model_alias=model_alias,
    )


def homonyms(names: Iterable[str], catalog: Catalog) -> tuple[Failure, ...]:
    """The failures for names that would be both an alias and a model id, and so ambiguous."""
    return tuple(
        Refused(
            f"'{name}' would be both an alias and the id of a model",
            rule="alias_and_model",
            context=Context(catalog, name),
        )
        for name in sorted(names)
    )
