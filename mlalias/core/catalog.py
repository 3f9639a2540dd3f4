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
    """One deployment of a pytorch model; `more` keeps the keys that this program does not look at."""

    deployment_id: str
    state: str
    allocation_count: int
    target_allocation_count: int
    more: Mapping[str, Any] = {}

    @property
    def running(self) -> bool:
        """Whether it can answer: it is not on its way out, and an allocation is up."""
        return self.state != "stopping" and self.allocation_count > 0


class Model(NamedTuple):
    """What is known of one trained model.

    `config` is an entry of `GET _ml/trained_models` without `model_id` and `metadata.model_aliases`.
    """

    model_id: str
    config: Mapping[str, Any] = {}
    deployments: tuple[Deployment, ...] = ()

    @property
    def model_type(self) -> str | None:
        """`tree_ensemble`, `lang_ident`, `pytorch`, or whatever a newer server says; may be absent."""
        return self.config.get("model_type")

    @property
    def inference_type(self) -> str | None:
        """The one key of `inference_config`, such as `regression` or `ner`."""
        return next(iter(self.config.get("inference_config", ())), None)

    @property
    def field_names(self) -> Sequence[str]:
        """The input fields, as the model lists them."""
        names: Sequence[str] = self.config.get("input", {}).get("field_names", ())
        return names


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

    `aliases` maps alias to target, `pipelines` an ingest pipeline to the names that its inference processors use;
    `revision` is None where the store keeps no history. A `live` catalog is a cluster's.
    """

    aliases: Mapping[str, str]
    models: Mapping[str, Model]
    pipelines: Mapping[str, Sequence[str]] = {}
    history: Sequence[Entry] = ()
    revision: int | None = 0
    live: bool = False

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

    def pipelines_naming(self, *names: str) -> tuple[str, ...]:
        """The ingest pipelines that use one of the names, sorted."""
        return tuple(sorted(key for key, used in self.pipelines.items() if not set(used).isdisjoint(names)))

    def known_models(self) -> Iterator[Model]:
        """Every model, in order of id; one that goes away meanwhile is left out."""
        for model_id in sorted(self.models):
            model = self.models.get(model_id)
            if model is not None:
                yield model
