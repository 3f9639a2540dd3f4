"""Models, their deployments, the aliases that name them, and the history: the values everything else works on."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple

_MODEL_ID = re.compile(r"[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?")
_ALIAS = re.compile(r"(?:[a-z0-9][a-z0-9._-]*)?[a-z]")
_SERVER_ALIAS = re.compile(r"[a-z0-9](?:[a-z0-9._-]*[a-z])?")
LONGEST_ALIAS = 200
_LONGEST_NEW_ID = 64  # MlStrings.ID_LENGTH_LIMIT
_LONGEST_ID = 200  # leaves room for the affixes of a file name, at most 255 bytes on common file systems


def is_new_model_id(text: str) -> bool:
    """Whether a model may be created with this id.

    https://github.com/elastic/elasticsearch/blob/main/x-pack/plugin/core/src/main/java/org/elasticsearch/xpack/core/ml/utils/MlStrings.java
    """
    return len(text) <= _LONGEST_NEW_ID and is_model_id(text)


def is_model_id(text: str) -> bool:
    """Whether an existing model may have this id, which is looser than what a request may create.

    Data frame analytics generates ids of up to 78 characters (job id, dash, milliseconds) and does not shorten them:
    https://github.com/elastic/kibana/issues/112938. Packaged models have ids such as `.elser_model_2_SNAPSHOT`.
    """
    bare = text[1:].removesuffix("_SNAPSHOT") if text.startswith(".") else text
    return len(text) <= _LONGEST_ID and _MODEL_ID.fullmatch(bare) is not None


def is_alias(text: str) -> bool:
    """Whether an alias may be created with this name; it must end in a letter."""
    return len(text) <= LONGEST_ALIAS and _ALIAS.fullmatch(text) is not None


def is_server_alias(text: str) -> bool:
    """Whether an existing alias may have this name: servers accept a single digit as a name, and any length."""
    return _SERVER_ALIAS.fullmatch(text) is not None


def is_pattern(text: str) -> bool:
    """Whether a text contains a wildcard; names never do."""
    return any(wildcard in text for wildcard in "*?[")


class Deployment(NamedTuple):
    """A deployment of a pytorch model; `more` keeps the keys that mlalias does not use.

    An unknown count is None and an unknown `state` is empty: Elasticsearch Serverless may leave them out.
    """

    deployment_id: str
    state: str
    allocation_count: int | None
    target_allocation_count: int | None
    more: Mapping[str, Any] = {}

    @property
    def running(self) -> bool | None:
        """Whether it has a running allocation and is not stopping; None if unknown."""
        if self.state == "stopping":
            return False
        return None if self.allocation_count is None else self.allocation_count > 0


class Model(NamedTuple):
    """What the catalog knows about a trained model.

    `config` is an entry of `GET _ml/trained_models` without `model_id` and `metadata.model_aliases`. `deployments` is
    None if unknown, which happens only for pytorch models: no other type can be deployed.
    """

    model_id: str
    config: Mapping[str, Any] = {}
    deployments: tuple[Deployment, ...] | None = ()

    @property
    def model_type(self) -> str | None:
        """`tree_ensemble`, `lang_ident`, `pytorch`, or a type that a newer server added; None if absent."""
        return self.config.get("model_type")

    @property
    def inference_type(self) -> str | None:
        """The only key of `inference_config`, such as `regression` or `ner`; None if there is no config."""
        return next(iter(self.config.get("inference_config", ())), None)

    def deployed_as(self, known: "Model | None") -> "Model":
        """This model with the deployments of its known state; they are unknown if its type has changed."""
        if self.model_type != "pytorch":
            return self._replace(deployments=())
        same = known is not None and known.model_type == self.model_type
        return self._replace(deployments=known.deployments if known and same else None)

    @property
    def field_names(self) -> Sequence[str]:
        """The input fields, in the order of the model's config."""
        names: Sequence[str] = self.config.get("input", {}).get("field_names", ())
        return names


class Pipeline(NamedTuple):
    """What the catalog knows about an ingest pipeline.

    `names` are the models, aliases and deployments that its inference processors use (`documents/pipelines.py` says
    which processors count). `body` is the pipeline as `GET _ingest/pipeline` returns it, None if only the names were
    declared.
    """

    names: tuple[str, ...]
    body: Mapping[str, Any] | None = None


class Endpoint(NamedTuple):
    """An inference endpoint that runs a trained model: its settings have a model, an alias or a deployment.

    The endpoint's own id is also the id of the deployment that it started, where it has no `deployment_id`.
    """

    model_id: str | None = None
    deployment_id: str | None = None


Part = Literal["pipelines", "endpoints", "fields", "indices", "templates", "counts"]
_LACKS = {
    "pipelines": ("no pipelines were imported", "the cluster privilege read_pipeline is missing"),
    "endpoints": (
        "no answer to GET _inference/_all was imported",
        "the cluster privilege monitor_inference is missing",
    ),
    "fields": ("no answer to GET _mapping was imported", "the index privilege view_index_metadata is missing"),
    "indices": ("only a cluster knows", "the index privilege view_index_metadata is missing"),
    "templates": ("only a cluster knows", "the cluster privilege monitor is missing"),
    "counts": ("only a cluster knows", "the cluster privilege monitor is missing"),
}


class Change(NamedTuple):
    """A change to one alias: a deletion if `model_id` is None, a creation if `previous_model_id` is None."""

    model_alias: str
    model_id: str | None
    previous_model_id: str | None

    @property
    def result(self) -> Literal["created", "reassigned", "unchanged", "deleted"]:
        """What the change does to the alias."""
        if self.model_id == self.previous_model_id:
            return "unchanged"
        if self.model_id is None:
            return "deleted"
        return "created" if self.previous_model_id is None else "reassigned"


class Entry(NamedTuple):
    """One committed change to one or more aliases; `undoes` lists the revisions that a rollback undid.

    On a cluster, where a change takes several requests, `state` is its progress: `begun` (and perhaps made), `done`,
    `stopped` by an error, or `seen`: its writer was lost, and a later writer saw that the change had been made.
    """

    revision: int
    time: str
    actor: str
    command: str
    message: str | None
    changes: tuple[Change, ...]
    undoes: tuple[int, ...] = ()
    state: str = "done"


class Catalog(NamedTuple):
    """Everything that a store knows; its mappings may be lazy, reading a file or asking a server on access.

    `aliases` maps each alias to the id of its model. `pipelines_known` is False until pipelines are first imported or
    declared, even an empty list of them. `revision` is None if the store keeps no history, or, while `history_known`
    is False, because nobody has checked whether it does. A `live` catalog belongs to a cluster. `endpoints` maps the id
    of an inference endpoint to what it runs, `fields` an index to its semantic_text fields, each with the endpoints
    that it uses; both are None until first imported or declared. `indices` and `templates` map a pipeline to the
    indices and templates that use it, `counts` to the number of its documents since the last restart; they are None
    for a directory.
    """

    aliases: Mapping[str, str]
    models: Mapping[str, Model]
    pipelines: Mapping[str, Pipeline] = {}
    history: Sequence[Entry] = ()
    revision: int | None = 0
    pipelines_known: bool = True
    history_known: bool = True
    live: bool = False
    endpoints: Mapping[str, Endpoint] | None = None
    fields: Mapping[str, Mapping[str, tuple[str, ...]]] | None = None
    indices: Mapping[str, tuple[str, ...]] | None = None
    templates: Mapping[str, tuple[str, ...]] | None = None
    counts: Mapping[str, int] | None = None

    @property
    def newest_revision(self) -> int:
        """The revision of the newest entry, also if `revision` was not read; 0 if there is no entry."""
        if self.revision is not None:
            return self.revision
        return next((entry.revision for entry in reversed(self.history)), 0)

    def target(self, name: str) -> str | None:
        """The model id that a name stands for, even if that model does not exist; None for an unknown name."""
        return self.aliases.get(name) or (name if name in self.models else None)

    def aliases_of(self, model_id: str) -> tuple[str, ...]:
        """The aliases of a model, sorted."""
        return tuple(sorted(alias for alias, target in self.aliases.items() if target == model_id))

    def aliases_by_model(self) -> dict[str, tuple[str, ...]]:
        """The aliases of every model that has any, sorted."""
        named: dict[str, list[str]] = {}
        for alias in sorted(self.aliases):
            named.setdefault(self.aliases[alias], []).append(alias)
        return {target: tuple(aliases) for target, aliases in named.items()}

    def pipelines_naming(self, *names: str) -> tuple[str, ...] | None:
        """The ingest pipelines that use any of the names, sorted; None if pipelines are not known."""
        return tuple(sorted(key for key, known in self.pipelines.items() if not set(known.names).isdisjoint(names)))

    def known(self, part: Part) -> Mapping[str, Any] | None:
        """What is known of a part, None where nothing is."""
        if part == "pipelines":
            return self.pipelines if self.pipelines_known else None
        known: Mapping[str, Any] | None = getattr(self, part)
        return known

    def lacks(self, part: Part) -> str:
        """Why a part is not known, where it is not, as a clause."""
        return _LACKS[part][self.live]

    @property
    def lacks_pipelines(self) -> str:
        """The reason why pipelines are not known, as a clause for a message."""
        return self.lacks("pipelines")

    def known_models(self) -> Iterator[Model]:
        """Every model, sorted by id; a model that is removed during the iteration is skipped."""
        for model_id in sorted(self.models):
            model = self.models.get(model_id)
            if model is not None:
                yield model
