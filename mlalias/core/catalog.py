"""Models, their deployments, and the aliases that name them: the values everything else works on."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple

_MODEL_ID = re.compile(r"[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?")
_ALIAS = re.compile(r"(?:[a-z0-9][a-z0-9._-]*)?[a-z]")
_SERVER_ALIAS = re.compile(r"[a-z0-9](?:[a-z0-9._-]*[a-z])?")
LONGEST_ALIAS = 200
_LONGEST_NEW_ID = 64  # MlStrings.ID_LENGTH_LIMIT
_LONGEST_ID = 200  # with what is put around it, still the name of a file on every system


def is_new_model_id(text: str) -> bool:
    """Whether a model may be created with this id.

    https://github.com/elastic/elasticsearch/blob/main/x-pack/plugin/core/src/main/java/org/elasticsearch/xpack/core/ml/utils/MlStrings.java
    """
    return len(text) <= _LONGEST_NEW_ID and is_model_id(text)


def is_model_id(text: str) -> bool:
    """Whether an existing model may have this id: also one that no REST request could have created.

    Data frame analytics makes ids of up to 78 characters (job id, dash, milliseconds), and does not cut them:
    https://github.com/elastic/kibana/issues/112938. The ids of packaged models are such as `.elser_model_2_SNAPSHOT`.
    """
    bare = text[1:].removesuffix("_SNAPSHOT") if text.startswith(".") else text
    return len(text) <= _LONGEST_ID and _MODEL_ID.fullmatch(bare) is not None


def is_alias(text: str) -> bool:
    """Whether an alias may be created with this name: it ends in a letter, and is short enough to be a key."""
    return len(text) <= LONGEST_ALIAS and _ALIAS.fullmatch(text) is not None


def is_server_alias(text: str) -> bool:
    """Whether an existing alias may have this name: a server allows a lone digit, and any length."""
    return _SERVER_ALIAS.fullmatch(text) is not None


def is_pattern(text: str) -> bool:
    """Whether a text has wildcards, which no name has."""
    return any(wildcard in text for wildcard in "*?[")


class Deployment(NamedTuple):
    """One deployment of a pytorch model; `more` keeps the keys that this program does not look at.

    A count is None where it is not known, and an unknown `state` is empty: Elasticsearch Serverless may leave them out.
    """

    deployment_id: str
    state: str
    allocation_count: int | None
    target_allocation_count: int | None
    more: Mapping[str, Any] = {}

    @property
    def running(self) -> bool | None:
        """Whether it has an allocation running and is not stopping; None where that is not known."""
        if self.state == "stopping":
            return False
        return None if self.allocation_count is None else self.allocation_count > 0


class Model(NamedTuple):
    """What is known of one trained model.

    `config` is an entry of `GET _ml/trained_models` without `model_id` and `metadata.model_aliases`. `deployments` is
    None where they are not known, which only a pytorch model's can be: no other model is deployed.
    """

    model_id: str
    config: Mapping[str, Any] = {}
    deployments: tuple[Deployment, ...] | None = ()

    @property
    def model_type(self) -> str | None:
        """`tree_ensemble`, `lang_ident`, `pytorch`, or whatever a newer server says; may be absent."""
        return self.config.get("model_type")

    @property
    def inference_type(self) -> str | None:
        """The one key of `inference_config`, such as `regression` or `ner`."""
        return next(iter(self.config.get("inference_config", ())), None)

    def deployed_as(self, known: "Model | None") -> "Model":
        """The model with the deployments that an earlier state of it had, as far as these say anything of it."""
        if self.model_type != "pytorch":
            return self._replace(deployments=())
        same = known is not None and known.model_type == self.model_type
        return self._replace(deployments=known.deployments if known and same else None)

    @property
    def field_names(self) -> Sequence[str]:
        """The input fields, as the model lists them."""
        names: Sequence[str] = self.config.get("input", {}).get("field_names", ())
        return names


class Pipeline(NamedTuple):
    """What is known of an ingest pipeline.

    `names` are the models, aliases and deployments that its inference processors use, where Elasticsearch looks for
    them; `body` is the pipeline as `GET _ingest/pipeline` answers it, None where only the names were declared.
    """

    names: tuple[str, ...]
    body: Mapping[str, Any] | None = None


class Endpoint(NamedTuple):
    """An inference endpoint that runs a trained model: its settings have a model, an alias or a deployment.

    The endpoint's own id is also the id of the deployment that it started, where it has no `deployment_id`.
    """

    model_id: str | None = None
    deployment_id: str | None = None


Part = Literal["pipelines", "endpoints", "fields"]
_LACKS = {
    "pipelines": ("no pipelines were imported", "the cluster privilege read_pipeline is missing"),
    "endpoints": (
        "no answer to GET _inference/_all was imported",
        "the cluster privilege monitor_inference is missing",
    ),
    "fields": ("no answer to GET _mapping was imported", "the index privilege view_index_metadata is missing"),
}


class Change(NamedTuple):
    """A change of one alias; no `model_id` means a deletion, no `previous_model_id` a creation."""

    model_alias: str
    model_id: str | None
    previous_model_id: str | None

    @property
    def result(self) -> Literal["created", "reassigned", "unchanged", "deleted"]:
        """What becomes of the alias."""
        if self.model_id == self.previous_model_id:
            return "unchanged"
        if self.model_id is None:
            return "deleted"
        return "created" if self.previous_model_id is None else "reassigned"


class Entry(NamedTuple):
    """One committed change of aliases; `undoes` holds the revisions that a rollback took back.

    On a cluster, where a change is several requests, `state` tells how far it is: `begun` (and perhaps made), `done`,
    `stopped` by an error, or `seen`: its writer was lost, and another one saw what was made.
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
    """All that a store knows; its mappings may read a file or ask a server only when looked into.

    `aliases` maps alias to target. `pipelines_known` is False while nobody has told of any pipelines. `revision` is
    None where the store keeps no history, or, if `history_known` is False, where nobody has looked whether it does. A
    `live` catalog is a cluster's. `endpoints` maps the id of an inference endpoint to what it runs, `fields` an index
    to its semantic_text fields, each with the endpoints that it uses; both are None while nobody has told of any.
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

    @property
    def newest_revision(self) -> int:
        """The revision of the newest entry, of a catalog whose revision was not asked for, too."""
        if self.revision is not None:
            return self.revision
        return next((entry.revision for entry in reversed(self.history)), 0)

    def target(self, name: str) -> str | None:
        """The model id that a name stands for, whether that model exists or not."""
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
        """The ingest pipelines that use one of the names, sorted; None where pipelines are not known."""
        return tuple(sorted(key for key, known in self.pipelines.items() if not set(known.names).isdisjoint(names)))

    def known(self, part: Part) -> Mapping[str, Any] | None:
        """What is known of a part, None where nothing is."""
        if part == "pipelines":
            return self.pipelines if self.pipelines_known else None
        return self.endpoints if part == "endpoints" else self.fields

    def lacks(self, part: Part) -> str:
        """Why a part is not known, where it is not, as a clause."""
        return _LACKS[part][self.live]

    @property
    def lacks_pipelines(self) -> str:
        """Why pipelines are not known, where they are not, as a clause."""
        return self.lacks("pipelines")

    def known_models(self) -> Iterator[Model]:
        """Every model, in order of id; one that goes away meanwhile is left out."""
        for model_id in sorted(self.models):
            model = self.models.get(model_id)
            if model is not None:
                yield model
