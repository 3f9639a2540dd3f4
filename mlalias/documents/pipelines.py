"""Ingest pipelines: what their inference processors name, and how TOML holds them."""

from collections.abc import Iterator, Mapping
from typing import Any

from mlalias.core.catalog import Pipeline
from mlalias.documents.codec import Document, parse_json
from mlalias.documents.table import Table, unless_dotted


def pipeline(body: Mapping[str, Any]) -> Pipeline:
    """A pipeline from its whole body, as Elasticsearch answers it."""
    return Pipeline(tuple(dict.fromkeys(names_in(body.get("processors")))), body)


def names_in(processors: Any) -> Iterator[str]:
    """The models, aliases and deployments that inference processors use, where Elasticsearch looks for them.

    It looks into `foreach`, and into the `on_failure` of processors other than `inference` and `foreach`.
    """
    listed = processors if isinstance(processors, list) else ()
    for kind, options in (item for processor in listed if isinstance(processor, dict) for item in processor.items()):
        if not isinstance(options, dict):
            continue
        if kind == "inference":
            if isinstance(options.get("model_id"), str):
                yield options["model_id"]
        elif kind == "foreach":
            yield from names_in([options.get("processor")])
        else:
            yield from names_in(options.get("on_failure"))


def from_tables(document: Table) -> dict[str, Pipeline]:
    """The pipelines of a TOML document: `[pipelines]` has the names that each uses, `[bodies]` the whole, if known.

    Raises InvalidDocument, also where the two disagree.
    """
    names, bodies = document.table("pipelines"), document.table("bodies")
    found = {name: Pipeline(unless_dotted(names, name).texts(name)) for name in names.document}
    for name in bodies.document:
        whole = pipeline(parse_json(bodies.text(name) or "", f"{document.source} has {bodies.place(name)} that"))
        if name in found and found[name].names != whole.names:
            listed = ", ".join(whole.names) or "nothing"
            document.invalid(f"has {names.place(name)} that differs from what {bodies.place(name)} uses ({listed})")
        found[name] = whole
    return found


def to_tables(pipelines: Mapping[str, Pipeline]) -> Document:
    """The tables that `from_tables` reads; a body is JSON in one string, as TOML has no null."""
    known = sorted(pipelines.items())
    return {
        "pipelines": {name: list(found.names) for name, found in known},
        "bodies": {name: _compact(found.body) for name, found in known if found.body is not None},
    }


def _compact(body: Mapping[str, Any]) -> str:
    import json

    return json.dumps(body, separators=(",", ":"), ensure_ascii=False)
