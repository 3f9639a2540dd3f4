"""Finds the models that an expression of ids, aliases and wildcards in a path names."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from mlalias.core.catalog import Catalog, Deployment, Model
from mlalias.errors import NotFound
from mlalias.names import matches
from mlalias.rest.request import words


class Page(NamedTuple):
    """The number of models to skip, and the maximum number to return."""

    first: int
    size: int

    def of(self, ids: Sequence[str]) -> Sequence[str]:
        """The ids of this page."""
        return ids[self.first : self.first + self.size]


def models(catalog: Catalog, expression: str, *, tags: Sequence[str] = (), allow_no_match: bool = True) -> list[str]:
    """The ids of the models that an expression names, sorted; raises NotFound."""
    found: set[str] = set()
    missing = []
    for name in _asked(expression):
        named = {model_id for model_id in _named(catalog, name) if _tagged(catalog, model_id, tags)}
        found |= named
        if not named and not (allow_no_match and "*" in name):
            missing.append(name)
    _raise_missing(missing)
    return sorted(found)


class Matched(NamedTuple):
    """A model in a response of statistics, with all its deployments, or those that were requested by id."""

    model: Model
    deployments: tuple[Deployment, ...]


def deployed(catalog: Catalog, expression: str, page: Page, *, allow_no_match: bool) -> tuple[int, list[Matched]]:
    """The number of models that an expression names, by deployment id, too, and the models of a page."""
    whole: set[str] = set()
    parts: dict[str, list[Deployment]] = {}
    missing = []
    for name in _asked(expression):
        named = set(_named(catalog, name))
        running = _deployments(catalog, name) if name != "*" else []
        whole |= named
        for model_id, deployment in running:
            parts.setdefault(model_id, []).append(deployment)
        if not (named or running or (allow_no_match and "*" in name)):
            missing.append(name)
    _raise_missing(missing)
    ids = sorted(whole | parts.keys())
    known = [model for model in map(catalog.models.get, page.of(ids)) if model]
    return len(ids), [Matched(model, _sorted(_listed(model, whole, parts))) for model in known]


def _listed(model: Model, whole: set[str], parts: dict[str, list[Deployment]]) -> Iterable[Deployment]:
    return (model.deployments or ()) if model.model_id in whole else set_of(parts[model.model_id])


def set_of(deployments: Iterable[Deployment]) -> Iterable[Deployment]:
    """Deployments, each once."""
    return {deployment.deployment_id: deployment for deployment in deployments}.values()


def _sorted(deployments: Iterable[Deployment]) -> tuple[Deployment, ...]:
    return tuple(sorted(deployments, key=lambda deployment: deployment.deployment_id))


def _deployments(catalog: Catalog, name: str) -> list[tuple[str, Deployment]]:
    """The deployments whose ids a name or a pattern matches, with the ids of their models."""
    return [
        (model.model_id, deployment)
        for model in catalog.known_models()
        for deployment in model.deployments or ()
        if matches(name, deployment.deployment_id, wildcards="*")
    ]


def _asked(expression: str) -> Sequence[str]:
    names = words(expression)
    return ("*",) if names in ((), ("_all",)) else names


def _raise_missing(names: Sequence[str]) -> None:
    if names:
        raise NotFound(f"there is no model {', '.join(repr(name) for name in names)}")


def _named(catalog: Catalog, name: str) -> Iterable[str]:
    """The existing models that a name or a pattern matches, by id or by alias."""
    if name == "*":
        return catalog.models
    named: Iterable[str] = (catalog.target(name) or "",)
    if "*" in name:
        named = [target for alias, target in catalog.aliases.items() if matches(name, alias, wildcards="*")]
        named += [model_id for model_id in catalog.models if matches(name, model_id, wildcards="*")]
    return [model_id for model_id in named if model_id in catalog.models]


def _tagged(catalog: Catalog, model_id: str, tags: Sequence[str]) -> bool:
    """Whether a model has all of the tags; its file is not read if there are none."""
    found = catalog.models.get(model_id) if tags else None
    return not tags or (found is not None and set(tags) <= set(found.config.get("tags", ())))
