"""Finds the aliases and models that names and patterns refer to."""

import re
from collections.abc import Callable, Iterable, Sequence
from fnmatch import translate
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from mlalias.core.catalog import Catalog, Change, Entry, Model, is_pattern
from mlalias.errors import Failure, NotFound, as_one

if TYPE_CHECKING:
    from mlalias.core.plan import Context

T = TypeVar("T")


class Matcher:
    """Matches a name against many patterns quickly.

    Exact names are in a set. Prefixes (`a*`) and suffixes (`*a`) are each tested with a single call. Any other pattern
    is tried only if the name contains a literal part of it. `wildcards` are the characters with a special meaning:
    pass "*" for Elasticsearch's patterns.
    """

    def __init__(self, patterns: Iterable[str], wildcards: str = "*?[") -> None:
        self._exact: set[str] = set()
        self._begins: list[str] = []
        self._ends: list[str] = []
        self._others: list[tuple[str, Callable[[str], object]]] = []
        for pattern in dict.fromkeys(patterns):
            self._add(re.sub(r"\*+", "*", pattern), wildcards)
        self._beginnings, self._endings = tuple(self._begins), tuple(self._ends)

    def __call__(self, name: str) -> bool:
        """Whether the name matches any of the patterns."""
        return (
            name in self._exact
            or name.startswith(self._beginnings)
            or name.endswith(self._endings)
            or any(part in name and match(name) for part, match in self._others)
        )

    def _add(self, pattern: str, wildcards: str) -> None:
        pieces = pattern.split("*")
        if any(wildcard in pattern for wildcard in wildcards if wildcard != "*"):
            literal = re.split(r"[*?[]", pattern, maxsplit=1)[0]
            self._others.append((literal, re.compile(translate(pattern)).match))
        elif len(pieces) == 1:
            self._exact.add(pattern)
        elif len(pieces) == 2 and "" in pieces:  # noqa: PLR2004 - one star, at an end
            (self._ends if pieces[0] == "" else self._begins).append(pieces[0] or pieces[1])
        else:
            self._others.append((max(pieces, key=len), partial(_in_order, pieces)))


def _in_order(pieces: Sequence[str], name: str) -> bool:
    """Whether a name starts with the first piece, ends with the last, and has the others in between, in order."""
    first, *middle, last = pieces
    if len(name) < len(first) + len(last) or not (name.startswith(first) and name.endswith(last)):
        return False
    at, end = len(first), len(name) - len(last)
    for piece in middle:
        at = name.find(piece, at, end)
        if at < 0:
            return False
        at += len(piece)
    return True


def matches(pattern: str, name: str, wildcards: str = "*?[") -> bool:
    """Whether a name matches a pattern; for many names or patterns, build one `Matcher` instead."""
    return Matcher([pattern], wildcards)(name)


def _context(catalog: Catalog, name: str, kind: str, model_alias: str | None = None) -> "Context":
    from mlalias.core.plan import Context  # imports the rules, which resolving a name does not need

    return Context(catalog, model_alias, name=name, kind=kind)


def not_found(catalog: Catalog, name: str, kind: str = "model or alias") -> NotFound:
    """The failure for a name that does not exist, or that is a model where an alias was expected."""
    is_model = kind == "alias" and name in catalog.models
    reason = f"'{name}' is a model, not an alias" if is_model else f"there is no {kind} '{name}'"
    return NotFound(reason, rule="not_found", context=_context(catalog, name, kind))


def aliases(catalog: Catalog, patterns: Sequence[str]) -> list[str]:
    """The aliases whose name or model id matches, or all if there are no patterns; raises NotFound."""
    if not patterns:
        return sorted(catalog.aliases)
    match = Matcher(patterns)
    matching = [name for name, target in sorted(catalog.aliases.items()) if match(name) or match(target)]
    matched = {*matching, *(catalog.aliases[name] for name in matching)}
    _check_exact(patterns, lambda name: name in matched or name in catalog.models, catalog)
    return matching


def models(catalog: Catalog, patterns: Sequence[str]) -> list[Model]:
    """The models whose id or alias matches, or all if there are no patterns; raises NotFound."""
    if not patterns:
        return list(catalog.known_models())
    exact = each(catalog, [name for name in dict.fromkeys(patterns) if not is_pattern(name)], resolve)
    wild = [pattern for pattern in patterns if is_pattern(pattern)]
    matching = _matching_models(catalog, Matcher(wild)) if wild else ()
    selected = (catalog.models.get(model_id) for model_id in sorted({*exact, *matching}))
    return [model for model in selected if model is not None]


def _matching_models(catalog: Catalog, match: Matcher) -> Iterable[str]:
    named = catalog.aliases_by_model()
    return (model_id for model_id in catalog.models if any(map(match, (model_id, *named.get(model_id, ())))))


def resolve(catalog: Catalog, name: str) -> str:
    """The id of the existing model that a name stands for; raises NotFound."""
    target = catalog.target(name)
    if target is None:
        raise not_found(catalog, name)
    if target not in catalog.models:
        context = _context(catalog, target, "model", model_alias=name)
        raise NotFound(
            f"the alias '{name}' names '{target}', a model that does not exist", rule="dangling", context=context
        )
    return target


def model(catalog: Catalog, name: str) -> Model:
    """The existing model that a name stands for; raises NotFound."""
    model = catalog.models.get(resolve(catalog, name))
    if model is None:  # it was removed since `resolve`
        raise not_found(catalog, name)
    return model


def each(catalog: Catalog, names: Sequence[str], find: Callable[[Catalog, str], T]) -> list[T]:
    """The result of `find` for each name, in order; raises one failure for all names that are not found."""
    results: list[T] = []
    missing: list[Failure] = []
    for name in names:
        try:
            results.append(find(catalog, name))
        except NotFound as failure:
            missing.append(failure)
    if missing:
        raise as_one(tuple(missing))
    return results


def known(catalog: Catalog, name: str) -> str:
    """The name itself, if it is an alias or a readable model; raises NotFound."""
    if name in catalog.aliases or catalog.models.get(name):
        return name
    raise not_found(catalog, name)


def excerpt(catalog: Catalog, patterns: Sequence[str]) -> Catalog:
    """The part of the catalog that matches: aliases with their models, models, and the pipelines that use them."""
    if not patterns:
        return catalog
    matching = {name: catalog.aliases[name] for name in aliases(catalog, patterns)}
    wanted = [name for name in patterns if name not in matching]
    chosen = {model.model_id: model for model in models(catalog, wanted)} if wanted else {}
    for target in matching.values():
        model = catalog.models.get(target)
        if model is not None:
            chosen[target] = model
    used = {name: catalog.pipelines[name] for name in catalog.pipelines_naming(*matching, *chosen) or ()}
    return catalog._replace(
        aliases=matching, models=chosen, pipelines=used, pipelines_known=bool(used), endpoints=None, fields=None
    )


def history(catalog: Catalog, patterns: Sequence[str], limit: int | None) -> list[Entry]:
    """The newest `limit` entries, newest first, reduced to the changes of matching aliases; raises NotFound.

    On a cluster, aliases that were changed without mlalias come first, in an entry whose state is `outside`.
    """
    entries: Iterable[Entry] = reversed(catalog.history)
    if patterns:
        entries = _about(catalog, list(entries), patterns)
    listed = list(islice((entry for entry in entries if entry.changes), limit))
    return (_changed_outside(catalog, listed) + listed)[:limit] if catalog.live else listed


def _about(catalog: Catalog, entries: Sequence[Entry], patterns: Sequence[str]) -> list[Entry]:
    """The entries, reduced to the changes of matching aliases."""
    known = {change.model_alias for entry in entries for change in entry.changes} | catalog.aliases.keys()
    _check_exact(patterns, known.__contains__, catalog, "alias")
    matching = set(filter(Matcher(patterns), known))
    return [
        entry._replace(changes=tuple(change for change in entry.changes if change.model_alias in matching))
        for entry in entries
    ]


def _changed_outside(catalog: Catalog, entries: Sequence[Entry]) -> list[Entry]:
    """An entry for the aliases that do not name what their last change says, except those of an unfinished change."""
    last: dict[str, str | None] = {}
    begun = {change.model_alias for entry in entries if entry.state == "begun" for change in entry.changes}
    for change in (change for entry in entries for change in entry.changes):
        last.setdefault(change.model_alias, change.model_id)
    changes = (Change(alias, catalog.aliases.get(alias), then) for alias, then in sorted(last.items()))
    outside = tuple(change for change in changes if change.result != "unchanged" and change.model_alias not in begun)
    return [Entry(0, "", "", "", "changed outside mlalias", outside, state="outside")] if outside else []


def _check_exact(
    patterns: Sequence[str], has: Callable[[str], bool], catalog: Catalog, kind: str = "model or alias"
) -> None:
    """Raise one failure for all patterns that are plain names and do not exist."""
    missing = [name for name in dict.fromkeys(patterns) if not (is_pattern(name) or has(name))]
    if missing:
        raise as_one(tuple(not_found(catalog, name, kind) for name in missing))
