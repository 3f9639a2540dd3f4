"""What a cluster has told so far: asked for one name at a time, until that would cost more than asking for all."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cache
from typing import TYPE_CHECKING, Any

from mlalias.core.catalog import Catalog, Deployment, Model, is_model_id, is_server_alias
from mlalias.core.lazy import Lazy
from mlalias.documents.facts import Facts, answer
from mlalias.errors import InvalidDocument, NotFound, Unreachable
from mlalias.progress import Advance

if TYPE_CHECKING:
    from mlalias.stores.cluster.connection import Connection

PAGE = 1000
_MODELS = "_ml", "trained_models"
FORBIDDEN = 403
_MANY = 16
_LONGEST_EXPRESSION = 3000  # of the 4,096 bytes that a request's first line may have
_JUDGED = {
    "filter_path": "count,trained_model_configs.model_id,trained_model_configs.model_type,"
    "trained_model_configs.inference_config,trained_model_configs.input.field_names,"
    "trained_model_configs.metadata.model_aliases"
}
_DEPLOYED = {
    "filter_path": "count,trained_model_stats.model_id,trained_model_stats.deployment_stats.deployment_id,"
    "trained_model_stats.deployment_stats.model_id,trained_model_stats.deployment_stats.state,"
    "trained_model_stats.deployment_stats.allocation_status"
}


class Lookups:
    """A cluster's models and aliases as far as they are known; with `whole`, models have all their keys.

    Without it they have those that the rules and the lists look at, which keeps the answers small.
    """

    def __init__(
        self,
        connection: "Connection",
        progress: Callable[[str], AbstractContextManager[Advance]],
        *,
        whole: bool,
    ) -> None:
        self._connection = connection
        self._progress = progress
        self._keys = {} if whole else _JUDGED
        self._asked: set[str] = set()
        self._complete = False
        self._models: dict[str, Model] = {}
        self._aliases: dict[str, str] = {}
        self._deployments: dict[str, tuple[Deployment, ...]] = {}

    def catalog(self) -> "LiveCatalog":
        """A catalog that asks when it is looked into."""
        models = Lazy(self.model, self.configs, lambda model_id: self.config(model_id) is not None)
        return LiveCatalog(Aliases(self), models, pipelines(self._connection), revision=None, live=True)

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
        found = self.config(model_id)
        return found and found._replace(deployments=self.deployments(found))

    def aliases(self) -> Mapping[str, str]:
        """Every alias."""
        self._ask_all()
        return self._aliases

    def configs(self) -> Mapping[str, Model]:
        """Every model, without deployments."""
        self._ask_all()
        return self._models

    def aliases_of(self, model_id: str) -> tuple[str, ...]:
        """The aliases of one model, which its own entry lists."""
        self.config(model_id)
        return tuple(sorted(alias for alias, target in self._aliases.items() if target == model_id))

    def deployments(self, model: Model) -> tuple[Deployment, ...]:
        """The deployments of a model; only pytorch models have any, and only of them the cluster is asked."""
        if model.model_type != "pytorch":
            return ()
        if model.model_id not in self._deployments:
            self._ask_deployments(model.model_id)
        return self._deployments[model.model_id]

    # --- asking ---

    def _ask(self, name: str) -> None:
        """Look one name up; what cannot be a name is not asked for, as it could be an expression for many."""
        if self._complete or name in self._asked or not (is_model_id(name) or is_server_alias(name)):
            return
        if len(self._asked) >= _MANY:
            self._ask_all()
            return
        self._asked.add(name)
        try:
            self._take(self._facts((*_MODELS, name), self._keys))
        except NotFound:
            return

    def _ask_all(self) -> None:
        if self._complete:
            return
        self._models.clear()
        self._aliases.clear()
        for facts in self._pages(_MODELS, self._keys):
            self._take(facts)
        self._complete = True

    def _ask_deployments(self, model_id: str) -> None:
        """Ask for the deployments of one model; with all models known, of all at once."""
        known = self._models if self._complete else (model_id,)
        wanted = [one for one in known if self._models[one].model_type == "pytorch"]
        self._deployments |= dict.fromkeys(wanted, ())
        for facts in self._stats(wanted):
            self._deployments |= facts.deployments

    def _stats(self, wanted: Sequence[str]) -> Iterable[Facts]:
        """The stats of some models, in one request if it can hold their ids; one of them may have gone meanwhile."""
        expression = ",".join(wanted)
        if len(expression) <= _LONGEST_EXPRESSION:
            try:
                return [self._facts((*_MODELS, expression, "_stats"), {**_DEPLOYED, "size": len(wanted)})]
            except NotFound:
                if not self._complete:
                    return []
        return self._pages((*_MODELS, "_stats"), _DEPLOYED)

    def _pages(self, path: Sequence[str], parameters: Mapping[str, str]) -> Iterator[Facts]:
        start, total = 0, 1
        with self._progress("reading models") as advance:
            while start < total:
                facts = self._facts(path, {**parameters, "from": start, "size": PAGE})
                yield facts
                start += PAGE
                total = max(facts.counts.values(), default=0)
                advance(min(start, total), total)

    def _facts(self, path: Sequence[str], parameters: Mapping[str, str | int]) -> Facts:
        document = self._connection.get(path, parameters)
        # A filter takes an empty list away, too.
        key = "trained_model_stats" if path[-1] == "_stats" else "trained_model_configs"
        return understood(self._connection, {key: [], **document})

    def _take(self, facts: Facts) -> None:
        self._models |= facts.models
        self._aliases |= facts.aliases


def understood(connection: "Connection", document: dict[str, Any]) -> Facts:
    """What an answer tells; raises Unreachable where it is none of Elasticsearch's."""
    try:
        return answer(document, f"the answer of {connection.url}")
    except InvalidDocument as error:
        raise Unreachable(error.reason) from error


class Aliases(Lazy[str]):
    """The aliases of a cluster: alias to target."""

    def __init__(self, lookups: Lookups) -> None:
        super().__init__(lookups.target, lookups.aliases)
        self.lookups = lookups


class LiveCatalog(Catalog):
    """A catalog that knows one model's aliases without looking at all of them."""

    def aliases_of(self, model_id: str) -> tuple[str, ...]:
        """The aliases of a model, sorted."""
        if isinstance(self.aliases, Aliases):
            return self.aliases.lookups.aliases_of(model_id)
        return super().aliases_of(model_id)


def pipelines(connection: "Connection", *, optional: bool = False) -> Mapping[str, Sequence[str]]:
    """The ingest pipelines of a cluster, all asked for when one is.

    If they are `optional`, there are none where the cluster does not allow to read them.
    """

    @cache
    def asked() -> Mapping[str, Sequence[str]]:
        try:
            document = connection.get(("_ingest", "pipeline"), {"filter_path": "*.processors"}, "read_pipeline")
        except NotFound:  # what a server without a single pipeline answers
            return {}
        except Unreachable as failure:
            if optional and failure.status == FORBIDDEN:
                return {}
            raise
        return understood(connection, document).pipelines

    return Lazy(lambda name: asked().get(name), asked)
