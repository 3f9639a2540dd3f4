"""Elasticsearch's answers and mlalias declarations, to and from values."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from mlalias.core.catalog import Catalog, Deployment, Model, Pipeline
from mlalias.documents.codec import (
    Document,
    checked,
    decode,
    invalid,
    is_json_list,
    parse_json,
    read_toml,
    without_nulls,
)
from mlalias.documents.pipelines import from_tables, pipeline, to_tables
from mlalias.documents.table import Table, valid_model_id

PARTS = ("aliases", "models", "deployments", "pipelines")
DECLARED = ("aliases", "models", "pipelines", "bodies")


class Facts(NamedTuple):
    """What one document, or several laid together, say.

    `parts` names what they are about, as an empty part is an answer, too; `counts` is how many models the server says
    there are, by part, 0 if it does not say.
    """

    sources: tuple[str, ...]
    parts: frozenset[str]
    aliases: Mapping[str, str] = {}
    models: Mapping[str, Model] = {}
    deployments: Mapping[str, tuple[Deployment, ...]] = {}
    pipelines: Mapping[str, Pipeline] = {}
    counts: Mapping[str, int] = {}
    notes: tuple[str, ...] = ()

    @property
    def source(self) -> str:
        """The subject of a sentence about these facts."""
        return ", ".join(self.sources)


def read(data: bytes, source: str) -> Facts:
    """Read an answer of Elasticsearch or a declaration, told apart by the first character; `source` names it in errors.

    Raises InvalidDocument.
    """
    text = decode(data, source)
    if text.lstrip()[:1] != "{":
        if is_json_list(text):
            invalid(source, "is a list; the whole answer is wanted, with the braces around it")
        return declaration(read_toml(text, source), source)
    return _answer(parse_json(text, source), source)


def merge(documents: Sequence[Facts]) -> Facts:
    """Lay documents together; raises InvalidDocument where two of them tell of the same thing."""
    merged: dict[str, dict[str, Any]] = {part: {} for part in PARTS}
    counts: dict[str, int] = {}
    teller: dict[tuple[str, str], str] = {}
    for facts in documents:
        for part, told in merged.items():
            found = getattr(facts, part)
            for name in sorted(found.keys() & told.keys()):
                invalid(facts.source, f"tells of '{name}' in its {part}, and so does {teller[part, name]}")
            teller |= {(part, name): facts.source for name in found}
            told.update(found)
        counts |= {part: max(count, counts.get(part, 0)) for part, count in facts.counts.items()}
    return Facts(
        tuple(facts.source for facts in documents),
        frozenset().union(*(facts.parts for facts in documents)),
        **merged,
        counts=counts,
        notes=tuple(note for facts in documents for note in facts.notes),
    )


# --- answers of Elasticsearch ---


def answer(document: Document, source: str) -> Facts:
    """Read an answer that is parsed already; raises InvalidDocument."""
    return _answer(checked(document, source), source)


def _answer(document: Document, source: str) -> Facts:  # noqa: RET503 - `invalid` raises
    plain, nulls = without_nulls(document)
    answer = Table(plain, source)
    left_out = (
        f"{source} has keys whose value is null ({', '.join(sorted(nulls))}): they are left out, as TOML has no null"
    )
    notes = (left_out,) if nulls else ()
    if "trained_model_configs" in document:
        return _models_answer(answer)._replace(notes=notes)
    if "trained_model_stats" in document:
        return _stats_answer(answer)._replace(notes=notes)
    if all(isinstance(value, dict) and "processors" in value for value in document.values()):
        return _pipelines_answer(document, source)
    if "error" in document:
        invalid(source, f"is an error that Elasticsearch answered ({_error_text(document)}), not facts")
    invalid(source, "is no answer to GET _ml/trained_models, _ml/trained_models/_stats or _ingest/pipeline")


def _error_text(document: Document) -> str:
    error = document["error"]
    parts = (error.get("type"), error.get("reason")) if isinstance(error, dict) else (error,)
    return ": ".join(str(part) for part in (document.get("status"), *parts) if part is not None)


def _models_answer(answer: Table) -> Facts:
    models: dict[str, Model] = {}
    aliases: dict[str, str] = {}
    for entry in answer.tables("trained_model_configs"):
        model_id = entry.model_id()
        if model_id in models:
            answer.invalid(f"has the model '{model_id}' twice")
        models[model_id] = model(model_id, entry)
        for alias in entry.table("metadata").texts("model_aliases"):
            if aliases.setdefault(alias, model_id) != model_id:
                answer.invalid(f"has the alias '{alias}' on two models, '{aliases[alias]}' and '{model_id}'")
    parts = frozenset({"models", "aliases"})
    return Facts(
        (answer.source,), parts, aliases=aliases, models=models, counts={"models": answer.number("count") or 0}
    )


def _stats_answer(answer: Table) -> Facts:
    found: dict[str, tuple[Deployment, ...]] = {}
    for entry in answer.tables("trained_model_stats"):
        model_id = entry.model_id()
        deployed = "deployment_stats" in entry.document
        more = (_deployment_of_stats(entry.table("deployment_stats")),) if deployed else ()
        found[model_id] = found.get(model_id, ()) + more
    parts = frozenset({"deployments"})
    return Facts((answer.source,), parts, deployments=found, counts={"deployments": answer.number("count") or 0})


def _deployment_of_stats(stats: Table) -> Deployment:
    """Keep what the rules look at; before deployments had ids of their own, they went by the model's."""
    state, status = stats.text("state") or "", stats.table("allocation_status")
    count = _unless_ended(state, status.number("allocation_count"))
    return Deployment(
        stats.text("deployment_id") or stats.model_id(),
        state,
        _on_nodes(stats) if count is None else count,
        _unless_ended(state, status.number("target_allocation_count")),
    )


def _unless_ended(state: str, count: int | None) -> int | None:
    """A count of allocations; only a deployment that is starting or started has an `allocation_status` to say it.

    https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-ml-get-trained-models-stats
    """
    return 0 if count is None and state in ("stopping", "failed") else count


def _on_nodes(stats: Table) -> int | None:
    """How many allocations the nodes of a deployment have started; None where they do not say.

    Elasticsearch Serverless may leave `state` and `allocation_status` out: https://github.com/elastic/kibana/pull/180480
    """
    states = [(node.table("routing_state").text("routing_state"), node) for node in stats.tables("nodes")]
    counts = [_allocations_on(node) if state == "started" else 0 for state, node in states if state is not None]
    return sum(counts) if counts else None


def _allocations_on(node: Table) -> int:
    count = node.number("number_of_allocations")
    return 1 if count is None else count


def _pipelines_answer(document: Document, source: str) -> Facts:
    """Pipelines, which keep their nulls."""
    found = {name: pipeline(body) for name, body in document.items()}
    return Facts((source,), frozenset({"pipelines"}), pipelines=found)


# --- a model and its deployments ---


def model(model_id: str, table: Table) -> Model:
    """Build a model from its keys, `deployments` among them; raises InvalidDocument."""
    if table.document.get("model_id", model_id) != model_id:
        table.invalid(f"has another model_id{table.here}: '{table.document['model_id']}'")
    table.text("model_type")
    table.text("description")
    table.texts("tags")
    table.table("input").texts("field_names")
    if "inference_config" in table.document and len(table.table("inference_config").document) != 1:
        table.invalid(f"does not have exactly one inference type in {table.place('inference_config')}")
    config = {key: value for key, value in table.document.items() if key not in _NOT_CONFIG}
    metadata = {key: value for key, value in table.table("metadata").document.items() if key != "model_aliases"}
    if metadata:
        config["metadata"] = metadata
    if "deployments" in table.document:
        return Model(model_id, config, tuple(_deployment(entry) for entry in table.tables("deployments")))
    return Model(model_id, config).deployed_as(None)


_NOT_CONFIG = ("model_id", "deployments", "metadata")
_DEPLOYMENT_KEYS = ("deployment_id", "state", "allocation_count", "target_allocation_count")


def _deployment(table: Table) -> Deployment:
    deployment_id = table.text("deployment_id")
    if deployment_id is None:
        table.invalid(f"has no deployment_id in {table.where}")
    state = table.text("state") or ""
    return Deployment(
        deployment_id,
        state,
        _unless_ended(state, table.number("allocation_count")),
        _unless_ended(state, table.number("target_allocation_count")),
        {key: value for key, value in table.document.items() if key not in _DEPLOYMENT_KEYS},
    )


# --- declarations ---


def declaration(document: Document, source: str) -> Facts:
    """Read aliases, models and pipelines; a name that no alias can have is taken as it is, to be judged later."""
    table = Table(document, source)
    for key in sorted(document.keys() - {*DECLARED, "format", "revision"}):
        table.invalid(f"has the key '{key}', which no declaration has (it has {', '.join(DECLARED)})")
    if document.get("format", 1) != 1:
        table.invalid(f"has format {document['format']}; this version of mlalias reads format 1")
    models = {model_id: model(valid_model_id(model_id, table), body) for model_id, body in table.each("models")}
    deployed = [model_id for model_id, body in table.each("models") if "deployments" in body.document]
    parts = {"pipelines" if key == "bodies" else key for key in document.keys() & DECLARED}
    return Facts(
        (source,),
        frozenset(parts),
        aliases=aliases(table),
        models={model_id: found.deployed_as(None) for model_id, found in models.items()},
        deployments={model_id: models[model_id].deployments or () for model_id in deployed},
        pipelines=from_tables(table),
    )


def aliases(table: Table) -> dict[str, str]:
    """The `[aliases]` of a document."""
    table = table.table("aliases")
    return {alias: table.text(alias) or "" for alias in table.document}


# --- writing ---


def to_model_document(found: Model) -> Document:
    """A model's keys as its file and a declaration have them."""
    document = dict(found.config)
    if found.deployments or (found.deployments == () and found.model_type == "pytorch"):
        listed = (to_deployment(deployment) for deployment in found.deployments)
        document["deployments"] = [{k: value for k, value in keys.items() if value is not None} for keys in listed]
    return document


def to_deployment(deployment: Deployment) -> Document:
    """A deployment's keys, those of a newer version too."""
    document = deployment._asdict()
    more = document.pop("more")
    return document | dict(more)


def to_declaration(catalog: Catalog) -> Document:
    """Everything but the history, in the form that `declaration` reads."""
    document: Document = {
        "aliases": dict(sorted(catalog.aliases.items())),
        "models": {found.model_id: to_model_document(found) for found in catalog.known_models()},
        **to_tables(catalog.pipelines),
    }
    return {key: table for key, table in document.items() if table or key == "aliases"}


def to_config(found: Model, aliases_of: Sequence[str]) -> Document:
    """A model as an entry of `GET _ml/trained_models`, its aliases in `metadata`."""
    config = {"model_id": found.model_id, **found.config}
    if aliases_of:
        config["metadata"] = {**found.config.get("metadata", {}), "model_aliases": list(aliases_of)}
    return config


def to_answer(catalog: Catalog) -> Document:
    """The body of `GET _ml/trained_models`."""
    named = catalog.aliases_by_model()
    configs = [to_config(found, named.get(found.model_id, ())) for found in catalog.known_models()]
    return {"count": len(configs), "trained_model_configs": configs}
