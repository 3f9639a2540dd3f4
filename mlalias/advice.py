"""What to type next when something is refused."""

import re
from collections.abc import Callable, Iterable, Sequence

from mlalias.core.catalog import AliasChange, Catalog, is_alias
from mlalias.core.rules import Change, Outcome
from mlalias.errors import Hint, NotFound

Advice = Callable[[Catalog, Change, Sequence[Outcome], Outcome], tuple[Hint, ...]]


def hints(catalog: Catalog, change: Change, outcomes: Sequence[Outcome], fault: Outcome) -> tuple[Hint, ...]:
    """The next commands after a rule refused a change; `outcomes` are those of all rules."""
    swapped = _swapped(catalog, change)
    if swapped:
        return (swapped,)
    match fault.rule.id:
        case "equal_names" | "invalid_alias" | "alias_is_model_id":
            return _another_alias(catalog, change)
        case "alias_taken" if change.new:
            return (_the_move(change, outcomes),)
        case "alias_taken" | "model_missing":
            return (_the_model(catalog, change),)
        case "not_deployed" | "not_allocated":
            return (_once_it_runs(catalog, change),)
        case _:
            old = change.target or change.model_alias
            return (Hint("see how the two models differ", ("compare", old, change.model_id)),)


def on_the_way_back(catalog: Catalog, change: Change, outcomes: Sequence[Outcome], fault: Outcome) -> tuple[Hint, ...]:
    """The next commands after a rollback was refused: nobody typed the model to which it goes back."""
    if fault.rule.id == "model_missing":
        return _IMPORT_AGAIN, Hint("see what else the alias has named", ("history", change.model_alias))
    return hints(catalog, change, outcomes, fault)


def silent(*_: object) -> tuple[Hint, ...]:
    """No advice, which costs a search, where there is enough already."""
    return ()


_IMPORT_AGAIN = Hint("import it again, from the answer to GET _ml/trained_models", ("import", "models.json"))
_IMPORT_FIRST = Hint(
    "the catalog has no models yet; take over the answer to GET _ml/trained_models", ("import", "models.json")
)


def _once_it_runs(catalog: Catalog, change: Change) -> Hint:
    if catalog.live:
        again = ("put", change.model_id, change.model_alias, "--reassign", "--wait", "300")
        return Hint("once its deployment is started, wait until it runs", again)
    stats = f"GET _ml/trained_models/{change.model_id}/_stats"
    return Hint(f"once its deployment runs, take over the answer to {stats}", ("import", "stats.json"))


def not_found(catalog: Catalog, name: str, kind: str = "model or alias") -> NotFound:
    """No such thing, and what may have been meant."""
    if kind == "alias" and name in catalog.models:
        return NotFound(f"'{name}' is a model, not an alias", Hint("see its aliases", ("show", name)))
    there_is = Hint("see what there is", ("list",)) if kind == "alias" else _models(catalog)
    return NotFound(f"there is no {kind} '{name}'", _meant(catalog, name, kind) or there_is)


def _models(catalog: Catalog) -> Hint:
    """Where to look for models; a catalog without any must first be given some."""
    return Hint("see what there is", ("models",)) if catalog.live or catalog.models else _IMPORT_FIRST


def undo(change: AliasChange, revision: int | None, *, rolled_back: bool) -> Hint:
    """How to take a move or a deletion back; `revision` is that of the catalog before it, None without a history."""
    if rolled_back:
        deletes = ("--delete",) if change.result == "created" else ()
        return Hint("to undo", ("rollback", change.model_alias, "--to", str(revision), *deletes))
    if revision is not None:
        return Hint("to undo", ("rollback", change.model_alias))
    reassign = ("--reassign",) if change.model_id else ()
    return Hint("to undo", ("put", change.previous_model_id or "", change.model_alias, *reassign))


def similar(name: str, names: Iterable[str]) -> str | None:
    """The name that was most likely meant."""
    from difflib import get_close_matches

    return next(iter(get_close_matches(name, names, 1, 0.7)), None)


def _meant(catalog: Catalog, name: str, kind: str) -> Hint | None:
    names = {*(catalog.aliases if "alias" in kind else ()), *(catalog.models if "model" in kind else ())}
    meant = similar(name, names)
    return Hint(f"did you mean '{meant}'?", ("show", meant)) if meant else None


def _swapped(catalog: Catalog, change: Change) -> Hint | None:
    """The right line for `put ALIAS MODEL`."""
    alias, model_id = change.model_id, change.model_alias
    if model_id not in catalog.models or alias in catalog.models or not is_alias(alias):
        return None
    return Hint("the model comes first", ("put", model_id, alias, *_consent(change, alias in catalog.aliases)))


def _consent(change: Change, moves: bool) -> tuple[str, ...]:
    """The option that lets an alias move, as narrow as it was given."""
    if change.if_current is not None:
        return "--if-current", change.if_current
    return ("--reassign",) if moves else ()


def _another_alias(catalog: Catalog, change: Change) -> tuple[Hint, ...]:
    meant = change.model_alias.lower()
    if meant in catalog.aliases and change.new:
        return (Hint(f"did you mean '{meant}'?", ("put", change.model_id, meant, *_consent(change, change.reassign))),)
    taken = {*catalog.aliases, *catalog.models, change.model_id}
    free = next((name for name in legal_aliases(change.model_alias) if name not in taken), None)
    if free is None:
        return ()
    return (Hint("a legal alias", ("put", change.model_id, free)) if change.new else Hint(f"a legal alias: {free}"),)


_TOO_SHORT = 2


def legal_aliases(text: str) -> Iterable[str]:
    """Valid aliases that are close to a text."""
    plain = re.sub(r"[^a-z0-9._-]+", "-", text.lower()).strip("._-")[:180]
    stem = plain.rstrip("0123456789._-")
    return filter(is_alias, (stem if len(stem) > _TOO_SHORT else "", f"{plain}-model", f"{plain}-alias", "model"))


def _the_move(change: Change, outcomes: Sequence[Outcome]) -> Hint:
    """What moving a taken alias would mean, with the line that moves it."""
    if change.target == change.model_id:
        return Hint(
            "nothing to do, and --exist-ok says so",
            ("put", change.model_id, change.model_alias, "--exist-ok"),
        )
    refused = next((o for o in outcomes if o.result == "fail" and o.rule.id != "alias_taken"), None)
    if refused:
        return Hint(f"--reassign would be refused as well: {refused.message}")
    shares = ""
    if change.overlap and change.overlap.old_count:
        shares = f", which shares {len(change.overlap.shared)} of {change.overlap.old_count} input fields"
    move = ("put", change.model_id, change.model_alias, "--reassign")
    return Hint(f"move it to '{change.model_id}'{shares}", move)


def _the_model(catalog: Catalog, change: Change) -> Hint:
    """What to put in the place of a model that does not exist."""
    rest = (change.model_alias, *_consent(change, change.target is not None))
    if change.model_id in catalog.aliases:
        named = catalog.aliases[change.model_id]
        return Hint(f"'{change.model_id}' is an alias; the model it names is '{named}'", ("put", named, *rest))
    if change.model_id == change.target and not catalog.live:
        return _IMPORT_AGAIN
    meant = similar(change.model_id, catalog.models)
    return Hint(f"did you mean '{meant}'?", ("put", meant, *rest)) if meant else _models(catalog)
