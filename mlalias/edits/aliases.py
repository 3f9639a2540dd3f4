"""The requests about single aliases and models: put, delete, forget, rollback."""

from collections.abc import Iterable, Mapping, Sequence

from mlalias import advice
from mlalias.core.catalog import AliasChange, Catalog
from mlalias.core.history import about, newest, standing
from mlalias.core.plan import Caution, FactChange, Plan, Request
from mlalias.core.rules import NAME_RULES, RULES, Change, Outcome, judge, refusals
from mlalias.errors import Conflict, Failure, Hint, NotFound, Refused


def look_up(
    catalog: Catalog, model_alias: str, model_id: str, *, reassign: bool, if_current: str | None = None
) -> Change:
    """Find both ends of a change, each once."""
    target = catalog.aliases.get(model_alias)
    return Change(
        model_alias,
        model_id,
        target,
        old=catalog.models.get(target) if target else None,
        new=catalog.models.get(model_id),
        reassign=reassign,
        if_current=if_current,
        alias_is_model_id=model_alias in catalog.models,
    )


def put(
    model_id: str,
    model_alias: str,
    *,
    reassign: bool = False,
    if_current: str | None = None,
    exist_ok: bool = False,
) -> Request:
    """Make an alias name a model; that the alias names `if_current` now is consent to move it."""

    def request(catalog: Catalog) -> Plan:
        change = look_up(catalog, model_alias, model_id, reassign=reassign, if_current=if_current)
        outcomes = judge(change)
        names_hold = not any(o.result == "fail" for o in outcomes if o.rule in NAME_RULES)
        if names_hold and exist_ok and change.target == model_id and change.new:
            unchanged = AliasChange(model_alias, model_id, model_id)
            return Plan(catalog, (unchanged,), outcomes={model_alias: _settled(outcomes)})
        if names_hold and if_current is not None and change.target != if_current:
            return _not_as_expected(catalog, change, outcomes, if_current)
        return judged(catalog, change, outcomes)._replace(if_current=if_current)

    return request


def judged(
    catalog: Catalog, change: Change, outcomes: tuple[Outcome, ...], advise: advice.Advice = advice.hints
) -> Plan:
    """The plan for one change of which the rules have spoken; `advise` tells what to do next, if it is refused."""
    errors = tuple(_refusal(fault, advise(catalog, change, outcomes, fault)) for fault in refusals(outcomes))
    warnings = tuple(
        Caution(outcome.message, outcome.rule.id, change.model_alias, change.overlap)
        for outcome in outcomes
        if outcome.result == "warn" and not errors
    )
    asked = (AliasChange(change.model_alias, change.model_id, change.target),)
    return Plan(
        catalog,
        changes=() if errors else asked,
        refused=asked if errors else (),
        outcomes={change.model_alias: outcomes},
        warnings=warnings,
        errors=errors,
    )


def _settled(outcomes: Sequence[Outcome]) -> tuple[Outcome, ...]:
    """Leave all but the name rules unasked."""
    asked = len(NAME_RULES)
    unasked = (Outcome(rule, "skip", "the alias names the model already") for rule in RULES[asked:])
    return (*outcomes[:asked], *unasked)


def _refusal(fault: Outcome, hints: tuple[Hint, ...]) -> Failure:
    kind = NotFound if fault.rule.status == NotFound.status else Refused
    return kind(fault.message, *hints, rule=fault.rule.id, type=fault.rule.type, status=fault.rule.status)


def _not_as_expected(catalog: Catalog, change: Change, outcomes: tuple[Outcome, ...], expected: str) -> Plan:
    asked = AliasChange(change.model_alias, change.model_id, change.target)
    conflict = not_current(catalog, asked, expected)
    told = tuple(
        outcome._replace(result="fail", message=conflict.reason) if outcome.rule.id == "alias_taken" else outcome
        for outcome in outcomes
    )
    return Plan(catalog, outcomes={change.model_alias: told}, errors=(conflict,))


def not_current(catalog: Catalog, change: AliasChange, expected: str) -> Conflict:
    """The alias names another model than the one that was expected."""
    alias, target, model_id = change.model_alias, change.previous_model_id, change.model_id or ""
    if target is not None:
        hint = Hint("see what it is", ("show", alias)) if catalog.live else Hint("see who moved it", ("history", alias))
        return Conflict(f"the alias '{alias}' names '{target}', not '{expected}'", hint)
    known = model_id in catalog.models
    hint = Hint("create it", ("put", model_id, alias)) if known else Hint("see what there is", ("models",))
    return Conflict(f"the alias '{alias}' does not exist, and so does not name '{expected}'", hint)


def delete(model_alias: str, model_id: str | None = None, *, missing_ok: bool = False) -> Request:
    """Delete an alias, if it names `model_id` where that is given."""

    def request(catalog: Catalog) -> Plan:
        target = catalog.aliases.get(model_alias)
        if target is None:
            return Plan(catalog) if missing_ok else Plan(catalog, errors=(_nothing_to_delete(catalog, model_alias),))
        if model_id not in (None, target):
            hint = Hint("delete it all the same", ("delete", model_alias, "--model", target))
            named = f"the alias '{model_alias}' names '{target}', not '{model_id}'"
            return Plan(catalog, errors=(Conflict(named, hint),))
        errors = deletable(catalog, model_alias)
        asked = (AliasChange(model_alias, None, target),)
        return Plan(catalog, () if errors else asked, refused=asked if errors else (), errors=errors)

    return request


def deletable(catalog: Catalog, model_alias: str) -> tuple[Conflict, ...]:
    """What keeps an alias from being deleted: ingest pipelines that name it."""
    used = catalog.pipelines_naming(model_alias)
    if not used:
        return ()
    hint = Hint("see all who name it", ("show", model_alias)) if catalog.live else _PIPELINE_HINT
    return (Conflict(f"the alias '{model_alias}' is named by {_pipelines(used)}", hint),)


def _nothing_to_delete(catalog: Catalog, name: str) -> NotFound:
    missing = advice.not_found(catalog, name, "alias")
    hints = missing.hints
    if name in catalog.models:
        hints = () if catalog.live else (Hint("remove a model", ("forget", name)),)
    return NotFound(missing.reason, *hints, type="status_exception")


def _pipelines(names: Sequence[str]) -> str:
    listed = ", ".join(f"'{name}'" for name in names)
    return f"the ingest pipeline{'s' if len(names) > 1 else ''} {listed}"


_PIPELINE_HINT = Hint(
    "once no pipeline names it, take over the answer to GET _ingest/pipeline",
    ("import", "pipelines.json", "--prune"),
)


def forget(model_id: str, *, force: bool, missing_ok: bool = False) -> Request:
    """Remove a model and its aliases, under Elasticsearch's conditions; `force` passes over all but its existence."""

    def request(catalog: Catalog) -> Plan:
        model = catalog.models.get(model_id)
        if model is None:
            return Plan(catalog) if missing_ok else Plan(catalog, errors=(_no_model(catalog, model_id),))
        aliases = catalog.aliases_of(model_id)
        errors = () if force else _still_used(catalog, model_id, aliases, deployed=bool(model.deployments))
        if errors:
            return Plan(catalog, errors=errors)
        changes = tuple(AliasChange(alias, None, model_id) for alias in aliases)
        return Plan(catalog, changes, forgotten=(model_id,), facts=(FactChange("removed", "model", model_id),))

    return request


def _no_model(catalog: Catalog, name: str) -> NotFound:
    if name not in catalog.aliases:
        return advice.not_found(catalog, name, "model")
    target = catalog.aliases[name]
    return NotFound(f"'{name}' is an alias, not a model", Hint("the model that it names", ("forget", target)))


def _still_used(catalog: Catalog, model_id: str, aliases: Sequence[str], *, deployed: bool) -> tuple[Conflict, ...]:
    """The first of the conditions, in Elasticsearch's order, that keeps a model."""
    hint = Hint("remove it all the same", ("forget", model_id, "--force"))
    of_model = catalog.pipelines_naming(model_id)
    if of_model:
        return (Conflict(f"the model '{model_id}' is named by {_pipelines(of_model)}", hint),)
    for alias in aliases:
        of_alias = catalog.pipelines_naming(alias)
        if of_alias:
            return (Conflict(f"the alias '{alias}' of '{model_id}' is named by {_pipelines(of_alias)}", hint),)
    if deployed:
        return (Conflict(f"the model '{model_id}' is deployed", hint),)
    return ()


def rollback(model_alias: str, *, to: int | None, deletes: bool) -> Request:
    """Undo the last change of an alias that is not undone yet, or all changes after revision `to`, through the rules.

    `deletes` allows the undoing of a creation, under the conditions of `delete`.
    """

    def request(catalog: Catalog) -> Plan:
        try:
            goal, undoes = _way_back(catalog, model_alias, to)
        except Failure as failure:
            return Plan(catalog, errors=(failure,))
        if goal is None:
            plan = _undo_creation(catalog, model_alias, to, deletes=deletes)
        else:
            change = look_up(catalog, model_alias, goal, reassign=True)
            plan = judged(catalog, change, judge(change), advice.on_the_way_back)
        return plan._replace(undoes=undoes)

    return request


def _undo_creation(catalog: Catalog, model_alias: str, to: int | None, *, deletes: bool) -> Plan:
    target = catalog.aliases.get(model_alias)
    if target is None:
        return Plan(catalog, (AliasChange(model_alias, None, None),))
    if not deletes:
        revision = () if to is None else ("--to", str(to))
        then = "before its last change" if to is None else f"at revision {to}"
        hint = Hint("go back all the same", ("rollback", model_alias, *revision, "--delete"))
        refused = Refused(f"the alias '{model_alias}' did not exist {then}: going back deletes it", hint)
        return Plan(catalog, errors=(refused,))
    return delete(model_alias)(catalog)


def _way_back(catalog: Catalog, model_alias: str, to: int | None) -> tuple[str | None, tuple[int, ...]]:
    """The model to go back to (None: no alias), and the revisions that this undoes; raises Conflict or NotFound."""
    _agree(catalog, model_alias)
    if to is not None:
        return _at_revision(catalog, model_alias, to)
    stands = standing(catalog.history, model_alias)
    if not stands:
        raise Conflict(
            f"no change of the alias '{model_alias}' is left to undo",
            Hint("see its changes", ("history", model_alias)),
        )
    entry, change = stands[0]
    return change.previous_model_id, (entry.revision,)


def _at_revision(catalog: Catalog, model_alias: str, to: int) -> tuple[str | None, tuple[int, ...]]:
    if not 0 <= to <= (catalog.revision or 0):
        raise NotFound(
            f"there is no revision {to}; the catalog is at revision {catalog.revision}",
            Hint("see the revisions", ("history", model_alias)),
        )
    later = [(entry, change) for entry, change in about(catalog.history, model_alias) if entry.revision > to]
    goal = later[-1][1].previous_model_id if later else catalog.aliases.get(model_alias)
    return goal, tuple(entry.revision for entry, _ in later)


def _agree(catalog: Catalog, model_alias: str) -> None:
    """Raise Conflict unless the history's last word on an alias is what the alias names now."""
    target = catalog.aliases.get(model_alias)
    found = newest(catalog.history, [model_alias])
    if found is None:
        if target is None:
            raise advice.not_found(catalog, model_alias, "alias")
        raise Conflict(f"the history knows no change of the alias '{model_alias}', which names '{target}'")
    entry, change = found
    if change.model_id != target:
        then = f"names '{change.model_id}'" if change.model_id else "is deleted"
        now = f"it names '{target}'" if target else "it does not exist"
        raise Conflict(
            f"the alias '{model_alias}' {then} after revision {entry.revision}, but in aliases.toml {now}",
            Hint("see what else disagrees", ("verify",)),
        )


def dangling(model_alias: str, target: str) -> Caution:
    """The alias is as it was asked to be, and yet of no use."""
    return Caution(f"the alias '{model_alias}' names '{target}', a model that the catalog does not know")


def homonyms(names: Iterable[str], aliases: Mapping[str, str]) -> tuple[Failure, ...]:
    """A name cannot be both, as nobody could tell which is meant; `aliases` are those that are there now."""
    return tuple(
        Conflict(
            f"'{name}' would be both an alias and the id of a model",
            *([Hint("delete the alias first", ("delete", name))] if name in aliases else []),
        )
        for name in sorted(names)
    )
