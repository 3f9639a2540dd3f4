"""Hints: the commands to run next, after a failure or a change.

The edits only record the context of a failure (`Failure.context`). Similar names and the like are searched here, when
the command line prints hints or a Python program accesses `Failure.hints`.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from mlalias.core.catalog import Catalog, Change, is_alias
from mlalias.core.cautions import INDEXED
from mlalias.core.plan import Context, Plan, Receipt
from mlalias.core.rules import Move
from mlalias.errors import Failure, Hint
from mlalias.output.page import Invocation


def of(errors: Sequence[Failure], invocation: Invocation) -> Mapping[Failure, Sequence[Hint]]:
    """The hints for failures; `invocation` is how mlalias was called.

    Only the first failures get hints, and similar names are searched only for the first unknown name, as both can be
    slow.
    """
    advice: dict[Failure, Sequence[Hint]] = {}
    looked_up = False
    for error in errors[:_MOST_ADVISED]:
        unknown = error.rule in ("not_found", "model_missing")
        advice[error] = error.known_hints if unknown and looked_up else hints(error, invocation)
        looked_up = looked_up or unknown
    return advice


_MOST_ADVISED = 20


def hints(failure: Failure, invocation: Invocation) -> tuple[Hint, ...]:
    """The hints for one failure."""
    context = failure.context
    if context is None:
        return failure.known_hints
    advise = _BY_RULE.get(failure.rule or "")
    if advise is not None:
        return failure.known_hints + advise(context, invocation)
    if context.move is not None:
        return failure.known_hints + _after_a_rule(failure.rule or "", context, context.move, invocation)
    return failure.known_hints


def after(result: Plan | Receipt) -> tuple[Hint, ...]:
    """What to do after a change, or after the one that a dry run shows."""
    return tuple(hint for hint in (_index_anew(result), undo(result), _begin_a_history(result)) if hint)


def _index_anew(result: Plan | Receipt) -> Hint | None:
    """What a move means for what the old model has indexed; of several moves, for the first."""
    plan = result if isinstance(result, Plan) else result.plan
    moved = (change for change in result.moves if change.result == "reassigned" and not result.errors)
    change = next((change for change in moved if _indexes(plan.before, change.model_id or "")), None)
    if change is None:
        return None
    old, new = change.previous_model_id, change.model_id
    return Hint(f"reindex what was indexed with '{old}': it does not match what '{new}' gives")


def _indexes(catalog: Catalog, model_id: str) -> bool:
    """Whether a model's results are indexed, to be searched with the same model; False where that is not known."""
    try:
        model = catalog.models.get(model_id)
    except (Failure, OSError):
        return False
    return model is not None and model.inference_type in INDEXED


def undo(result: Plan | Receipt) -> Hint | None:
    """The hint to undo a change, or the first of several; None if nothing can be undone."""
    if isinstance(result, Plan) or result.errors or result.plan.forgotten:
        return None
    plan = result.plan
    undoable = [
        change
        for change in result.moves
        if (plan.undoes or change.result != "created") and _exists(plan.before, change.previous_model_id)
    ]
    if not undoable:
        return None
    hint = _undo(plan, undoable[0])
    return hint._replace(text="to undo it for one alias") if len(undoable) > 1 else hint


def _begin_a_history(result: Plan | Receipt) -> Hint | None:
    """The hint to create a history, after a change on a cluster that keeps none."""
    if isinstance(result, Plan) or result.errors or not result.moves:
        return None
    catalog = result.plan.before
    keeps_none = catalog.live and catalog.history_known and catalog.revision is None
    return Hint("to keep a history on this cluster, and have rollback", ("init",)) if keeps_none else None


def _undo(plan: Plan, change: Change) -> Hint:
    revision = plan.before.revision
    if plan.undoes:
        deletes = ("--delete",) if change.result == "created" else ()
        return Hint("to undo", ("rollback", change.model_alias, "--to", str(revision), *deletes))
    if revision is not None:
        return Hint("to undo", ("rollback", change.model_alias))
    reassign = ("--reassign",) if change.model_id else ()
    return Hint("to undo", ("put", change.previous_model_id or "", change.model_alias, *reassign))


def _exists(catalog: Catalog, model_id: str | None) -> bool:
    """Whether there is a model to go back to; False if it cannot be read, as a missing hint is better than an error."""
    try:
        return model_id is None or model_id in catalog.models
    except (Failure, OSError):
        return False


# --- refused by a rule ---


def _after_a_rule(rule: str, context: Context, move: Move, invocation: Invocation) -> tuple[Hint, ...]:
    catalog = context.catalog
    if invocation.command == "rollback" and rule == "model_missing":  # its id is from the history, so not mistyped
        return _IMPORT_AGAIN, Hint("see what else the alias has named", ("history", move.model_alias))
    swapped = _swapped(catalog, move)
    if swapped:
        return (swapped,)
    if rule in ("equal_names", "invalid_alias", "alias_is_model_id"):
        return _another_alias(catalog, move)
    return (_another_model(rule, context, move, invocation),)


def _another_model(rule: str, context: Context, move: Move, invocation: Invocation) -> Hint:
    match rule:
        case "alias_taken" if move.new:
            return _the_move(context, move)
        case "alias_taken" | "model_missing":
            return _the_model(context.catalog, move)
        case "not_deployed" | "not_allocated":
            return _once_deployed(context.catalog, move, invocation)
        case _:
            old = move.target or move.model_alias
            return Hint("see how the two models differ", ("compare", old, move.model_id))


_IMPORT_AGAIN = Hint("import it again, from the answer to GET _ml/trained_models", ("import", "models.json"))
_IMPORT_FIRST = Hint(
    "the catalog has no models yet; import the answer to GET _ml/trained_models", ("import", "models.json")
)
_SEE_MODELS = Hint("see what there is", ("models",))
_SEE_ALIASES = Hint("see what there is", ("list",))


def _swapped(catalog: Catalog, move: Move) -> Hint | None:
    """The corrected command for `put ALIAS MODEL`; None if the arguments are not swapped."""
    alias, model_id = move.model_id, move.model_alias
    if model_id not in catalog.models or alias in catalog.models or not is_alias(alias):
        return None
    return Hint("the model comes first", ("put", model_id, alias, *_consent(move, alias in catalog.aliases)))


def _consent(move: Move, moves: bool) -> tuple[str, ...]:
    """The option that allows an alias to move: `--if-current` if it was given, else `--reassign`."""
    if move.if_current is not None:
        return "--if-current", move.if_current
    return ("--reassign",) if moves else ()


def _another_alias(catalog: Catalog, move: Move) -> tuple[Hint, ...]:
    meant = move.model_alias.lower()
    if meant in catalog.aliases and meant != move.model_alias and move.new:
        return (Hint(f"did you mean '{meant}'?", ("put", move.model_id, meant, *_consent(move, move.reassign))),)
    taken = {*catalog.aliases, *catalog.models, move.model_id}
    free = next((name for name in legal_aliases(move.model_alias) if name not in taken), None)
    if free is None:
        return ()
    return (Hint("a valid alias", ("put", move.model_id, free)) if move.new else Hint(f"a valid alias: {free}"),)


_TOO_SHORT = 2


def legal_aliases(text: str) -> Iterable[str]:
    """Valid aliases that are similar to a text."""
    plain = re.sub(r"[^a-z0-9._-]+", "-", text.lower()).strip("._-")[:180]
    stem = plain.rstrip("0123456789._-")
    return filter(is_alias, (stem if len(stem) > _TOO_SHORT else "", f"{plain}-model", f"{plain}-alias", "model"))


def _the_move(context: Context, move: Move) -> Hint:
    """The command that moves an existing alias, and what the move means for its input fields."""
    if move.target == move.model_id:
        return Hint(
            "nothing to do; --exist-ok makes this a success", ("put", move.model_id, move.model_alias, "--exist-ok")
        )
    refused = next((o for o in context.outcomes if o.result == "fail" and o.rule.id != "alias_taken"), None)
    if refused:
        return Hint(f"--reassign would be refused as well: {refused.message}")
    shares = ""
    if move.overlap and move.overlap.old_count:
        shares = f", which shares {len(move.overlap.shared)} of {move.overlap.old_count} input fields"
    return Hint(f"move it to '{move.model_id}'{shares}", ("put", move.model_id, move.model_alias, "--reassign"))


def _the_model(catalog: Catalog, move: Move) -> Hint:
    """The command with a model that exists, in place of one that does not."""
    rest = (move.model_alias, *_consent(move, move.target is not None))
    if move.model_id in catalog.aliases:
        named = catalog.aliases[move.model_id]
        return Hint(f"'{move.model_id}' is an alias; the model it names is '{named}'", ("put", named, *rest))
    if move.model_id == move.target and not catalog.live:
        return _IMPORT_AGAIN
    meant = similar(move.model_id, catalog.models)
    return Hint(f"did you mean '{meant}'?", ("put", meant, *rest)) if meant else _models(catalog)


def _once_deployed(catalog: Catalog, move: Move, invocation: Invocation) -> Hint:
    if catalog.live and ("--wait" in invocation.options or invocation.command == "rollback"):  # it has no --wait
        return Hint("see how it is deployed", ("show", move.model_id))
    if catalog.live:
        again = ("put", move.model_id, move.model_alias, "--reassign", "--wait", "300")
        return Hint("once its deployment is started, wait until it runs", again)
    stats = f"GET _ml/trained_models/{move.model_id}/_stats"
    return Hint(f"once its deployment runs, import the answer to {stats}", ("import", "stats.json"))


# --- other failures ---


def _not_found(context: Context, invocation: Invocation) -> tuple[Hint, ...]:
    catalog, name, kind = context.catalog, context.name, context.kind
    if invocation.command == "delete" and name in catalog.models:
        return () if catalog.live else (Hint("see what removing the model means", ("forget", name, "--dry-run")),)
    if kind == "alias" and name in catalog.models:
        return (Hint("see its aliases", ("show", name)),)
    if kind == "model" and name in catalog.aliases:
        return (Hint("see the model that it names", ("show", catalog.aliases[name])),)
    return (_meant(catalog, name, kind) or (_SEE_ALIASES if kind == "alias" else _models(catalog)),)


def _models(catalog: Catalog) -> Hint:
    """The hint to list the models, or to import some if there are none."""
    return _SEE_MODELS if catalog.live or catalog.models else _IMPORT_FIRST


def similar(name: str, names: Iterable[str]) -> str | None:
    """The most similar name, None if none is similar; of thousands, only those with the same beginning are tried."""
    from difflib import get_close_matches

    length = len(name)
    near = [other for other in names if length * _LEAST_SHARE <= len(other) <= length / _LEAST_SHARE]
    if len(near) > _MOST_CANDIDATES:
        near = [other for other in near if other[:2] == name[:2]][:_MOST_CANDIDATES]
    return next(iter(get_close_matches(name, near, 1, _ALIKE)), None)


_ALIKE = 0.7
_LEAST_SHARE = _ALIKE / (2 - _ALIKE)  # shorter length / longer length; below this, the ratio cannot reach _ALIKE
_MOST_CANDIDATES = 3000


def _meant(catalog: Catalog, name: str, kind: str) -> Hint | None:
    names = {*(catalog.aliases if "alias" in kind else ()), *(catalog.models if "model" in kind else ())}
    meant = similar(name, names)
    return Hint(f"did you mean '{meant}'?", ("show", meant)) if meant else None


def _if_current(context: Context, _: Invocation) -> tuple[Hint, ...]:
    catalog, move = context.catalog, context.move
    if move is None:
        return ()
    if move.target is not None:
        see = Hint("see what it is", ("show", move.model_alias))
        return (see if catalog.revision is None else Hint("see who moved it", ("history", move.model_alias)),)
    known = move.model_id in catalog.models
    return (
        Hint("create it", ("put", move.model_id, move.model_alias))
        if known
        else Hint("see what there is", ("models",)),
    )


def _names_another_model(context: Context, _: Invocation) -> tuple[Hint, ...]:
    alias = context.model_alias or ""
    return (Hint("to delete it anyway", ("delete", alias, "--model", context.catalog.aliases[alias])),)


def _in_use(context: Context, invocation: Invocation) -> tuple[Hint, ...]:
    if invocation.command == "forget":
        return (Hint("to remove it anyway", ("forget", context.name, "--force")),)
    guarded = bool(context.catalog.pipelines_naming(context.model_alias or ""))
    if invocation.command == "delete" and not guarded:
        return (Hint("to delete it anyway", invocation.again("--force")),)
    if context.catalog.live or not guarded:
        return (Hint("see what uses it", ("show", context.model_alias or "")),)
    stats = "once no pipeline uses it, import the answer to GET _ingest/pipeline"
    return (Hint(stats, ("import", "pipelines.json", "--prune")),)


def _history_of(text: str) -> Callable[[Context, Invocation], tuple[Hint, ...]]:
    return lambda context, _: (Hint(text, ("history", context.model_alias or "")),)


def _homonym(context: Context, _: Invocation) -> tuple[Hint, ...]:
    name = context.model_alias or ""
    return (Hint("delete the alias first", ("delete", name)),) if name in context.catalog.aliases else ()


def _taken_in_import(context: Context, invocation: Invocation) -> tuple[Hint, ...]:
    """The hints for an existing alias; `import` checks no rules, so its failures have no move."""
    if context.move is None:
        return (Hint("import what the file says", invocation.again("--reassign")),)
    return _after_a_rule("alias_taken", context, context.move, invocation)


_BY_RULE: dict[str, Callable[[Context, Invocation], tuple[Hint, ...]]] = {
    "not_found": _not_found,
    "if_current": _if_current,
    "names_another_model": _names_another_model,
    "in_use": _in_use,
    "unreadable": _in_use,
    "nothing_to_undo": _history_of("see its changes"),
    "no_such_revision": _history_of("see the revisions"),
    "changed_by_hand": lambda _, __: (Hint("see what else disagrees", ("verify",)),),
    "deletes": lambda _, invocation: (Hint("to go back anyway", invocation.again("--delete")),),
    "declares_nothing": lambda _, __: (Hint("to delete all of them, add --allow-empty"),),
    "alias_and_model": _homonym,
    "alias_taken": _taken_in_import,
}
