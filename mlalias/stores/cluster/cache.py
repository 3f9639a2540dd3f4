"""A cache of the models, aliases and deployments of a cluster.

Names are requested one at a time; all models are requested if all are needed, or more than a few names.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

from mlalias.core.catalog import Catalog, Deployment, Model, Part, is_model_id, is_server_alias
from mlalias.core.lazy import Lazy
from mlalias.documents.deployments import STARTED_WITH
from mlalias.documents.facts import Facts
from mlalias.errors import NotFound, Unreachable
from mlalias.progress import Advance
from mlalias.stores.cluster import parts
from mlalias.stores.cluster.answers import read
from mlalias.stores.cluster.connection import PRIVILEGE_MISSING, Connection
from mlalias.stores.cluster.expressions import narrowed, within_a_line
from mlalias.stores.cluster.parts import lazily

PAGE = 1000
# `from` and `size` together are limited by index.max_result_window of the search behind the request:
# https://www.elastic.co/docs/reference/elasticsearch/index-settings/index-modules#index-max-result-window
_LISTED = 10_000
_MODELS = "_ml", "trained_models"
_MANY = 16
_JUDGED = {
    "filter_path": "count,trained_model_configs.model_id,trained_model_configs.model_type,"
    "trained_model_configs.inference_config,trained_model_configs.input.field_names,"
    "trained_model_configs.metadata.model_aliases"
}
STATS = "trained_model_stats"
_ON_NODES = ("nodes.routing_state", "nodes.number_of_allocations")
_OF_DEPLOYMENT = ("deployment_id", "model_id", "state", "allocation_status", *_ON_NODES, *STARTED_WITH)
_DEPLOYED = {
    "filter_path": f"count,{STATS}.model_id," + ",".join(f"{STATS}.deployment_stats.{key}" for key in _OF_DEPLOYMENT)
}


class Lookups:
    """The models and aliases of a cluster, requested on demand, each once.

    With `whole`, models have all their keys, otherwise only those that the rules and the lists use, which keeps
    answers small.
    """

    def __init__(
        self,
        connection: Connection,
        say: Callable[[str], None],
        progress: Callable[[str], AbstractContextManager[Advance]],
        *,
        whole: bool,
    ) -> None:
        self._connection = connection
        self._say = say
        self._progress = progress
        self._keys = {} if whole else _JUDGED
        self._asked: set[str] = set()
        self._complete = False
        self._models: dict[str, Model] = {}
        self._aliases: dict[str, str] = {}
        self._deployments: dict[str, tuple[Deployment, ...] | None] = {}

    def catalog(self) -> "LiveCatalog":
        """A catalog that sends requests when it is accessed."""
        models = Lazy(self.model, self.configs, lambda model_id: self.config(model_id) is not None)
        return LiveCatalog(
            Aliases(self),
            models,
            lazily(partial(parts.pipelines, self._connection)),
            revision=None,
            live=True,
            endpoints=lazily(partial(parts.endpoints, self._connection)),
            fields=lazily(partial(parts.fields, self._connection)),
            indices=lazily(partial(parts.indices, self._connection)),
            templates=lazily(partial(parts.templates, self._connection)),
            counts=lazily(partial(parts.counts, self._connection)),
        )

    def look_up(self, names: Sequence[str]) -> None:
        """Ask for several names at once; where one of them is missing, each is asked for when it is looked at."""
        for part in within_a_line([name for name in dict.fromkeys(names) if _is_name(name)], self._keys):
            try:
                facts, _ = self._page((*_MODELS, ",".join(part)), {**self._keys, "size": len(part)})
            except NotFound:
                continue
            self._asked.update(part)
            self._take(facts)

    # --- one name, or all ---

    def target(self, alias: str) -> str | None:
        """The model id that an alias names."""
        if alias not in self._aliases:
            self._ask(alias)
        return self._aliases.get(alias)

    def config(self, model_id: str) -> Model | None:
        """A model without its deployments."""
        if model_id not in self._models:
            self._ask(model_id)
        return self._models.get(model_id)

    def model(self, model_id: str) -> Model | None:
        """A model with its deployments."""
        model = self.config(model_id)
        return model and model._replace(deployments=self.deployments(model))

    def aliases(self) -> Mapping[str, str]:
        """Every alias."""
        self._ask_all()
        return self._aliases

    def configs(self) -> Mapping[str, Model]:
        """Every model, without deployments."""
        self._ask_all()
        return self._models

    def aliases_of(self, model_id: str) -> tuple[str, ...]:
        """The aliases of one model, sorted; they are part of its entry."""
        self.config(model_id)
        return tuple(sorted(alias for alias, target in self._aliases.items() if target == model_id))

    def deployments(self, model: Model) -> tuple[Deployment, ...] | None:
        """The deployments of a model; None if the server does not return them, or this key may not read them.

        Only pytorch models can have any; for others no request is sent.
        """
        if model.model_type != "pytorch":
            return ()
        if model.model_id not in self._deployments:
            self._ask_deployments(model.model_id)
        return self._deployments[model.model_id]

    # --- requests ---

    def _ask(self, name: str) -> None:
        """Look up one name; an invalid name is not requested, as it could be an expression that matches many."""
        if self._complete or name in self._asked or not _is_name(name):
            return
        if len(self._asked) >= _MANY:
            self._ask_all()
            return
        self._asked.add(name)
        try:
            facts, _ = self._page((*_MODELS, name), self._keys)
        except NotFound:
            return
        self._take(facts)

    def _ask_all(self) -> None:
        if self._complete:
            return
        self._models.clear()
        self._aliases.clear()
        with self._progress("reading models") as advance:
            for facts, total in self._pages():
                self._take(facts)
                advance(len(self._models), max(total, len(self._models)))
        self._complete = True

    def _pages(self, patterns: Sequence[str] = ()) -> Iterator[tuple[Facts, int]]:
        """The models that match one of the patterns, or all models, in pages, each with the number that match.

        If more match than the server lists, narrower patterns are requested, until it lists all matches of each.
        """
        path = (*_MODELS, ",".join(patterns)) if patterns else _MODELS
        start, total = 0, 1
        while start < total <= _LISTED:
            facts, total = self._page(path, {**self._keys, "from": start, "size": PAGE})
            yield facts, total
            start += PAGE
        if total > _LISTED:
            for narrower in narrowed(patterns):
                yield from self._pages(narrower)

    def _ask_deployments(self, model_id: str) -> None:
        """Request the deployments of one model, or of all models if all are known."""
        known = self._models if self._complete else (model_id,)
        wanted = [each for each in known if self._models[each].model_type == "pytorch"]
        with self._progress("reading deployments") as advance:
            for part in within_a_line(wanted, _DEPLOYED):
                self._deployments |= {**dict.fromkeys(part), **self._stats(part)}
                advance(len(self._deployments), len(wanted))

    def _stats(self, wanted: Sequence[str]) -> Mapping[str, tuple[Deployment, ...]]:
        """The deployments of some models, as far as the server returns them.

        If one of the models was deleted meanwhile, the whole request fails; then each half is requested on its own.
        """
        path = (*_MODELS, ",".join(wanted), "_stats")
        try:
            return self._page(path, {**_DEPLOYED, "size": len(wanted)})[0].deployments
        except NotFound:
            middle = len(wanted) // 2
            return {**self._stats(wanted[:middle]), **self._stats(wanted[middle:])} if middle else {}
        except Unreachable as failure:
            if failure.rule == PRIVILEGE_MISSING:
                return {}
            raise

    def _page(self, path: Sequence[str], parameters: Mapping[str, str | int]) -> tuple[Facts, int]:
        """The facts in the answer to one request, and the number of models that match, which may exceed the page."""
        document = self._connection.get(path, parameters)
        # filter_path removes empty lists from the answer.
        key = STATS if path[-1] == "_stats" else "trained_model_configs"
        facts = read(self._connection, {key: [], **document})
        for text in facts.warnings:
            self._say(f"warning: {text}")
        return facts, document.get("count", 0)

    def _take(self, facts: Facts) -> None:
        self._models |= facts.models
        self._aliases |= facts.aliases


def _is_name(text: str) -> bool:
    """Whether a model or an alias may have this name, which then is no expression for several."""
    return is_model_id(text) or is_server_alias(text)


class Aliases(Lazy[str]):
    """The aliases of a cluster: alias to target."""

    def __init__(self, lookups: Lookups) -> None:
        super().__init__(lookups.target, lookups.aliases)
        self.lookups = lookups


class LiveCatalog(Catalog):
    """A catalog of a cluster: finds a model's aliases without reading all, and allows for unreadable pipelines."""

    def aliases_of(self, model_id: str) -> tuple[str, ...]:
        """The aliases of a model, sorted."""
        if isinstance(self.aliases, Aliases):
            return self.aliases.lookups.aliases_of(model_id)
        return super().aliases_of(model_id)

    def pipelines_naming(self, *names: str) -> tuple[str, ...] | None:
        """The ingest pipelines that use any of the names, sorted; None if this key may not read pipelines."""
        try:
            return super().pipelines_naming(*names)
        except Unreachable as failure:
            if failure.rule == PRIVILEGE_MISSING:
                return None
            raise

    def known(self, part: Part) -> Mapping[str, Any] | None:
        """What is known of a part, None where the server does not say, or not to this key."""
        return None if self._why_not(part) else super().known(part)

    def lacks(self, part: Part) -> str:
        """The reason why a part is not known, as a clause for a message."""
        failure = self._why_not(part)
        if failure is None or failure.rule == PRIVILEGE_MISSING:
            return super().lacks(part)
        return failure.reason

    def _why_not(self, part: Part) -> Unreachable | None:
        """The failure if the server refuses to return a part; raises Unreachable if it does not answer."""
        try:
            len(getattr(self, part) or ())
        except Unreachable as failure:
            if failure.rule == PRIVILEGE_MISSING or failure.status in parts.NO_ROUTE:
                return failure
            raise
        return None
