"""Which aliases and models are meant by names and patterns: the one matcher."""

from collections.abc import Callable, Iterable, Sequence
from fnmatch import fnmatchcase
from itertools import islice
from typing import TypeVar

from mlalias.core.catalog import Catalog, Change, Entry, Model, is_pattern
from mlalias.core.plan import Context
from mlalias.errors import Failure, NotFound, as_one

T = TypeVar("T")


def matches(pattern: str, name: str, wildcards: str = "*?[") -> bool:
    """Whether a name matches a pattern; Elasticsearch's patterns have `*` alone as `wildcards`."""
    for character in "[?":
        if character not in wildcards:
            pattern = pattern.replace(character, f"[{character}]")
    return fnmatchcase(name, pattern)


def not_found(catalog: Catalog, name: str, kind: str = "model or alias") -> NotFound:
    """The failure for a name that nothing has."""
    is_model = kind == "alias" and name in catalog.models
    reason = f"'{name}' is a model, not an alias" if is_model else f"there is no {kind} '{name}'"
    return NotFound(reason, rule="not_found", context=Context(catalog, name=name, kind=kind))


def aliases(catalog: Catalog, patterns: Sequence[str]) -> list[str]:
    """The aliases that match by name or by the id of their model, all without a pattern; raises NotFound."""
    names = sorted(catalog.aliases)
    if not patterns:
        return names

    def found_by(pattern: str) -> Iterable[str]:
        if is_pattern(pattern):
            return [name for name in names if _any_match(pattern, name, catalog.aliases[name])]
        found = [name for name in names if pattern in (name, catalog.aliases[name])]
        return found if found or pattern in catalog.models else [_missing(catalog, pattern)]

    return _union(patterns, found_by)


def models(catalog: Catalog, patterns: Sequence[str]) -> list[Model]:
    """The models that match by id or by one of their aliases, all without a pattern; raises NotFound."""
    if not patterns:
        return list(catalog.known_models())
    named = catalog.aliases_by_model()
    ids = sorted(catalog.models)

    def found_by(pattern: str) -> Iterable[str]:
        if is_pattern(pattern):
            return [model_id for model_id in ids if _any_match(pattern, model_id, *named.get(model_id, ()))]
        return [resolve(catalog, pattern)]

    found = (catalog.models.get(model_id) for model_id in _union(patterns, found_by))
    return [model for model in found if model is not None]


def resolve(catalog: Catalog, name: str) -> str:
    """The id of the existing model that a name stands for; raises NotFound."""
    target = catalog.target(name)
    if target is None:
        raise not_found(catalog, name)
    if target not in catalog.models:
        context = Context(catalog, name, name=target, kind="model")
        raise NotFound(
            f"the alias '{name}' names '{target}', a model that does not exist", rule="dangling", context=context
        )
    return target


def model(catalog: Catalog, name: str) -> Model:
    """The existing model that a name stands for; raises NotFound."""
    found = catalog.models.get(resolve(catalog, name))
    if found is None:  # it went away a moment ago
        raise not_found(catalog, name)
    return found


def each(catalog: Catalog, names: Sequence[str], find: Callable[[Catalog, str], T]) -> list[T]:
    """What `find` makes of each name, in order; raises all that is not found, together."""
    found: list[T] = []
    missing: list[Failure] = []
    for name in names:
        try:
            found.append(find(catalog, name))
        except NotFound as failure:
            missing.append(failure)
    if missing:
        raise as_one(tuple(missing))
    return found


def known(catalog: Catalog, name: str) -> str:
    """The name, if an alias or a model that can be read has it; raises NotFound."""
    if name in catalog.aliases or catalog.models.get(name):
        return name
    raise not_found(catalog, name)


def excerpt(catalog: Catalog, patterns: Sequence[str]) -> Catalog:
    """The matching aliases and models, the models that such aliases name, and the pipelines that use any of these."""
    if not patterns:
        return catalog
    matching = {name: catalog.aliases[name] for name in aliases(catalog, patterns)}
    wanted = [name for name in patterns if name not in matching]
    chosen = {model.model_id: model for model in models(catalog, wanted)} if wanted else {}
    for target in matching.values():
        model = catalog.models.get(target)
        if model is not None:
            chosen[target] = model
    used = {name: catalog.pipelines[name] for name in catalog.pipelines_naming(*matching, *chosen)}
    return catalog._replace(aliases=matching, models=chosen, pipelines=used)


def history(catalog: Catalog, patterns: Sequence[str], limit: int | None) -> list[Entry]:
    """The entries, newest first, with the changes of matching aliases only; raises NotFound.

    On a cluster, what was changed without mlalias comes first, as an entry whose state is `outside`.
    """
    entries: Iterable[Entry] = reversed(catalog.history)
    if patterns:
        entries = _about(catalog, list(entries), patterns)
    listed = list(islice((entry for entry in entries if entry.changes), limit))
    return (_changed_outside(catalog, listed) + listed)[:limit] if catalog.live else listed


def _about(catalog: Catalog, entries: Sequence[Entry], patterns: Sequence[str]) -> list[Entry]:
    known = sorted({change.model_alias for entry in entries for change in entry.changes} | catalog.aliases.keys())

    def found_by(pattern: str) -> Iterable[str]:
        if is_pattern(pattern):
            return [alias for alias in known if matches(pattern, alias)]
        return [pattern] if pattern in known else [_missing(catalog, pattern, "alias")]

    asked = set(_union(patterns, found_by))
    return [
        entry._replace(changes=tuple(change for change in entry.changes if change.model_alias in asked))
        for entry in entries
    ]


def _changed_outside(catalog: Catalog, entries: Sequence[Entry]) -> list[Entry]:
    """An entry for the aliases that are not what their last change says; what is only begun is not known yet."""
    last: dict[str, str | None] = {}
    begun = {change.model_alias for entry in entries if entry.state == "begun" for change in entry.changes}
    for change in (change for entry in entries for change in entry.changes):
        last.setdefault(change.model_alias, change.model_id)
    changes = (Change(alias, catalog.aliases.get(alias), then) for alias, then in sorted(last.items()))
    outside = tuple(change for change in changes if change.result != "unchanged" and change.model_alias not in begun)
    return [Entry(0, "", "", "", "changed outside mlalias", outside, state="outside")] if outside else []


def _any_match(pattern: str, *candidates: str) -> bool:
    return any(matches(pattern, candidate) for candidate in candidates)


def _missing(catalog: Catalog, name: str, kind: str = "model or alias") -> str:
    raise not_found(catalog, name, kind)


def _union(patterns: Sequence[str], found_by: Callable[[str], Iterable[str]]) -> list[str]:
    """Whatever one of the patterns matches, sorted; raises what none was found for, together."""
    found: set[str] = set()
    missing: list[Failure] = []
    for pattern in patterns:
        try:
            found.update(found_by(pattern))
        except NotFound as failure:
            missing.append(failure)
    if missing:
        raise as_one(tuple(missing))
    return sorted(found)
