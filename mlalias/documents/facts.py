"""Reads and writes Elasticsearch's answers and mlalias declarations."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from mlalias.core.catalog import Catalog, Deployment, Endpoint, Model, Pipeline, is_server_alias
from mlalias.documents import endpoints, mappings
from mlalias.documents.codec import (
    Document,
    checked,
    decode,
    invalid,
    parse_json,
    read_toml,
    without_nulls,
)
from mlalias.documents.deployments import of_stats
from mlalias.documents.dots import foreign_key, nested_names
from mlalias.documents.mappings import Fields, fields_of
from mlalias.documents.models import aliases, new_model, to_model_document
from mlalias.documents.pipelines import from_tables, pipeline, to_tables
from mlalias.documents.recognised import refuse_answer, refuse_what_is_no_toml
from mlalias.documents.table import Table, readable_entries, valid_model_id
from mlalias.text import plural

_MOST_NAMED = 10

PARTS = ("aliases", "models", "deployments", "pipelines", "endpoints", "fields")
DECLARED = ("aliases", "models", "pipelines", "bodies", "endpoints", "fields")


class Facts(NamedTuple):
    """The content of one document, or of several that were merged.

    `parts` names the parts that are covered, even if empty. `counts` is the number of models that the server reports,
    by part, 0 if it does not. `left_out` lists what could not be read, and why.
    """

    sources: tuple[str, ...]
    parts: frozenset[str]
    aliases: Mapping[str, str] = {}
    models: Mapping[str, Model] = {}
    deployments: Mapping[str, tuple[Deployment, ...]] = {}
    pipelines: Mapping[str, Pipeline] = {}
    endpoints: Mapping[str, Endpoint] = {}
    fields: Mapping[str, Fields] = {}
    counts: Mapping[str, int] = {}
    notes: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()

    @property
    def warnings(self) -> tuple[str, ...]:
        """The warnings about the documents; if much was left out, only the first items are named."""
        named = tuple(f"{reason}: left out" for reason in self.left_out[:_MOST_NAMED])
        more = len(self.left_out) - _MOST_NAMED
        return (*self.notes, *named, *((f"{plural(more, 'more thing')} left out",) if more > 0 else ()))

    @property
    def source(self) -> str:
        """The subject of a sentence about these facts."""
        return ", ".join(self.sources)


def read(data: bytes, source: str) -> Facts:
    """Read an answer of Elasticsearch, which begins with `{`, or a declaration; `source` names it in errors.

    Lines that begin with `#`, which Dev Tools copies along with an answer, are skipped. Raises InvalidDocument.
    """
    text = decode(data, source)
    without_comments = re.sub(_COMMENT_LINE, "", text)
    if without_comments.lstrip()[:1] != "{":
        refuse_what_is_no_toml(text, source)
        return declaration(read_toml(text, source), source)
    return _answer(parse_json(without_comments, source), source)


_COMMENT_LINE = r"(?m)^[ \t]*#.*"


def merge(documents: Sequence[Facts]) -> Facts:
    """Merge documents; raises InvalidDocument if two of them have the same alias, model or pipeline."""
    merged: dict[str, dict[str, Any]] = {part: {} for part in PARTS}
    counts: dict[str, int] = {}
    origins: dict[tuple[str, str], str] = {}
    for facts in documents:
        for part, known in merged.items():
            added = getattr(facts, part)
            for name in sorted(added.keys() & known.keys()):
                invalid(facts.source, f"has '{name}' in its {part}, and so does {origins[part, name]}")
            origins |= {(part, name): facts.source for name in added}
            known.update(added)
        counts |= {part: max(count, counts.get(part, 0)) for part, count in facts.counts.items()}
    return Facts(
        tuple(facts.source for facts in documents),
        frozenset().union(*(facts.parts for facts in documents)),
        **merged,
        counts=counts,
        notes=tuple(note for facts in documents for note in facts.notes),
        left_out=tuple(reason for facts in documents for reason in facts.left_out),
    )


# --- answers of Elasticsearch ---


def answer(document: Document, source: str) -> Facts:
    """Read an answer of a cluster, whose names are not checked; raises InvalidDocument."""
    return _answer(checked(document, source), source, any_name=True)


def parsed(document: Document, source: str) -> Facts:
    """Read an answer or a declaration that is already parsed; its keys decide which it is. Raises InvalidDocument."""
    if _ANSWERS & document.keys() or isinstance(document.get("endpoints"), list):
        return answer(document, source)
    if _holds(document, "processors") or _holds(document, "mappings"):
        return answer(document, source)
    plain, nulls = without_nulls(checked(document, source))
    return declaration(plain, source)._replace(notes=_left_out(nulls, source))


_ANSWERS = {"trained_model_configs", "trained_model_stats", "error"}  # and a list of endpoints


def _holds(document: Document, key: str) -> bool:
    """Whether it has entries by name, all with a key."""
    return bool(document) and all(isinstance(entry, dict) and key in entry for entry in document.values())


def _answer(document: Document, source: str, *, any_name: bool = False) -> Facts:  # noqa: RET503 - `invalid` raises
    if _holds(document, "mappings"):
        return _mappings_answer(document, source)
    plain, nulls = without_nulls(document)
    answer = Table(plain, source)
    notes = _left_out(nulls, source)
    if "trained_model_configs" in document:
        facts = _models_answer(answer, any_name=any_name)
        return facts._replace(notes=(*notes, *facts.notes))
    if "trained_model_stats" in document:
        facts = _stats_answer(answer, any_name=any_name)
        return facts._replace(notes=(*notes, *facts.notes))
    if not document or _holds(document, "processors"):
        return _pipelines_answer(document, source)
    if isinstance(document.get("endpoints"), list):
        return _endpoints_answer(answer)
    refuse_answer(document, source)


def _left_out(nulls: frozenset[str], source: str) -> tuple[str, ...]:
    names = ", ".join(sorted(nulls))
    return (f"{source} has keys whose value is null ({names}): they are left out, as TOML has no null",) * bool(nulls)


def _models_answer(answer: Table, *, any_name: bool) -> Facts:
    models: dict[str, Model] = {}
    aliases: dict[str, str] = {}

    def read_entry(entry: Table) -> tuple[Model, tuple[str, ...]]:
        model = new_model(entry.model_id(any_name=any_name), entry)
        return model, entry.table("metadata").texts("model_aliases")

    entries, faults = readable_entries(answer, "trained_model_configs", read_entry)
    invalid_aliases: list[str] = []
    for model, named in entries:
        model_id = model.model_id
        if model_id in models:
            answer.invalid(f"has the model '{model_id}' twice")
        models[model_id] = model
        for alias in named:
            if not (any_name or is_server_alias(alias)):
                invalid_aliases.append(f"{answer.source} has the alias '{alias}', a name that no server allows")
            elif aliases.setdefault(alias, model_id) != model_id:
                answer.invalid(f"has the alias '{alias}' on two models, '{aliases[alias]}' and '{model_id}'")
    parts = frozenset({"models", "aliases"})
    counts = {"models": (answer.number("count") or 0) - len(faults)}
    left_out = (*faults, *invalid_aliases)
    return Facts((answer.source,), parts, aliases=aliases, models=models, counts=counts, left_out=left_out)


def _stats_answer(answer: Table, *, any_name: bool) -> Facts:
    deployments: dict[str, tuple[Deployment, ...]] = {}

    def read_entry(entry: Table) -> tuple[str, tuple[Deployment, ...]]:
        stats = entry.table("deployment_stats")
        deployed = (of_stats(stats),) if "deployment_stats" in entry.document else ()
        return entry.model_id(any_name=any_name), deployed

    entries, faults = readable_entries(answer, "trained_model_stats", read_entry)
    for model_id, more in entries:
        deployments[model_id] = deployments.get(model_id, ()) + more
    counts = {"deployments": (answer.number("count") or 0) - len(faults)}
    parts = frozenset({"deployments"})
    return Facts((answer.source,), parts, deployments=deployments, counts=counts, left_out=faults)


def _pipelines_answer(document: Document, source: str) -> Facts:
    """Read pipelines; nulls in them are kept."""
    pipelines = {name: pipeline(body) for name, body in document.items()}
    return Facts((source,), frozenset({"pipelines"}), pipelines=pipelines)


def _endpoints_answer(answer: Table) -> Facts:
    """Endpoints that run trained models; those of other services are passed over."""
    entries, faults = readable_entries(answer, "endpoints", endpoints.from_entry)
    found: dict[str, Endpoint] = {}
    for inference_id, endpoint in entries:
        if endpoint is not None and found.setdefault(inference_id, endpoint) is not endpoint:
            answer.invalid(f"has the endpoint '{inference_id}' twice")
    return Facts((answer.source,), frozenset({"endpoints"}), endpoints=found, left_out=faults)


def _mappings_answer(document: Document, source: str) -> Facts:
    """The semantic_text fields of every index, of most of which there are none."""
    found = {index: fields_of(body["mappings"]) for index, body in document.items()}
    return Facts((source,), frozenset({"fields"}), fields=found)


# --- declarations ---


def declaration(document: Document, source: str) -> Facts:
    """Read aliases, models and pipelines; names of aliases are not checked here. Raises InvalidDocument."""
    table = Table(document, source)
    for key in sorted(document.keys() - {*DECLARED, "format", "revision"}):
        table.invalid(f"has the key '{key}', which no declaration has (it has {', '.join(DECLARED)})")
    if document.get("format", 1) != 1:
        table.invalid(f"has format {document['format']}; this version of mlalias reads format 1")
    models = {model_id: _declared_model(model_id, body) for model_id, body in table.each("models")}
    deployed = [model_id for model_id, body in table.each("models") if "deployments" in body.document]
    parts = {"pipelines" if key == "bodies" else key for key in document.keys() & DECLARED}
    return Facts(
        (source,),
        frozenset(parts),
        aliases=aliases(table),
        models={model_id: model.deployed_as(None) for model_id, model in models.items()},
        deployments={model_id: models[model_id].deployments or () for model_id in deployed},
        pipelines=from_tables(table),
        endpoints=endpoints.from_tables(table),
        fields=mappings.from_tables(table),
    )


def _declared_model(model_id: str, body: Table) -> Model:
    foreign = foreign_key(body.document)
    if foreign:
        name = ".".join((model_id, foreign, *nested_names(body.document[foreign])))
        body.invalid(f'has a model whose name needs quotes, as it has dots: write [models."{name}"]')
    return new_model(valid_model_id(model_id, body), body)


# --- writing ---


def to_declaration(catalog: Catalog) -> Document:
    """The whole catalog except its history, in the form that `declaration` reads."""
    document: Document = {
        "aliases": dict(sorted(catalog.aliases.items())),
        "models": {model.model_id: to_model_document(model) for model in catalog.known_models()},
        **to_tables(catalog.pipelines),
        **endpoints.to_tables(catalog.known("endpoints") or {}),
        **mappings.to_tables(catalog.known("fields") or {}),
    }
    of_others = () if catalog.live else tuple(part for part in PARTS[-2:] if getattr(catalog, part) is not None)
    empty = {"aliases", *of_others} | ({"pipelines"} if catalog.pipelines_known else set())
    return {key: table for key, table in document.items() if table or key in empty}


def to_config(model: Model, aliases_of: Sequence[str]) -> Document:
    """A model in the form of an entry of `GET _ml/trained_models`, with its aliases in `metadata`."""
    config = {"model_id": model.model_id, **model.config}
    if aliases_of:
        config["metadata"] = {**model.config.get("metadata", {}), "model_aliases": list(aliases_of)}
    return config


def to_answer(catalog: Catalog) -> Document:
    """The body of `GET _ml/trained_models`."""
    named = catalog.aliases_by_model()
    configs = [to_config(model, named.get(model.model_id, ())) for model in catalog.known_models()]
    return {"count": len(configs), "trained_model_configs": configs}
