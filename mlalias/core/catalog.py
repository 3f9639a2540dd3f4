"""Models, their deployments, and the aliases that name them: the values everything else works on."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple

_MODEL_ID = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?")
_ALIAS = re.compile(r"(?:[a-z0-9][a-z0-9._-]*)?[a-z]")
_SERVER_ALIAS = re.compile(r"[a-z0-9](?:[a-z0-9._-]*[a-z])?")
LONGEST_ALIAS = 200


def is_model_id(text: str) -> bool:
    """Tell a valid model id, packaged ones (`.elser_model_2_SNAPSHOT`) included."""
    if text.startswith("."):
        text = text[1:].removesuffix("_SNAPSHOT")
    return _MODEL_ID.fullmatch(text) is not None


def is_alias(text: str) -> bool:
    """Tell a name that an alias may be given: it ends in a letter and is short enough to be a key."""
    return len(text) <= LONGEST_ALIAS and _ALIAS.fullmatch(text) is not None


def is_server_alias(text: str) -> bool:
    """Tell a name that an alias on a server can have: a lone digit slips through there, and no length is too long."""
    return _SERVER_ALIAS.fullmatch(text) is not None


def is_pattern(text: str) -> bool:
    """Tell a text with wildcards, which no name has."""
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
    """One committed change of aliases; `undoes` holds the revisions that a rollback took back."""

    revision: int
    time: str
    actor: str
    command: str
    message: str | None
    changes: tuple[Change, ...]
    undoes: tuple[int, ...] = ()


class Catalog(NamedTuple):
    """All that a store knows; its mappings may read a file or ask a server only when looked into.

    `aliases` maps alias to target; `revision` is None where the store keeps no history.
    """

    aliases: Mapping[str, str]
    models: Mapping[str, Model]
    pipelines: Mapping[str, Pipeline] = {}
    history: Sequence[Entry] = ()
    revision: int | None = 0

    @property
    def live(self) -> bool:
        """Whether it is a cluster's, which looks after its own facts and keeps no history."""
        return self.revision is None

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

    def pipelines_naming(self, *names: str) -> tuple[str, ...]:
        """The ingest pipelines that use one of the names, sorted."""
        return tuple(sorted(key for key, known in self.pipelines.items() if not set(known.names).isdisjoint(names)))

    def known_models(self) -> Iterator[Model]:
        """Every model, in order of id; one that goes away meanwhile is left out."""
        for model_id in sorted(self.models):
            model = self.models.get(model_id)
            if model is not None:
                yield model
