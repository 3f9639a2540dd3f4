"""Ingest pipelines: the names that their inference processors use, and their form in TOML."""

from collections.abc import Iterator, Mapping
from typing import Any

from mlalias.core.catalog import Pipeline
from mlalias.documents.codec import Document, parse_json
from mlalias.documents.table import Table, unless_dotted


def pipeline(body: Mapping[str, Any]) -> Pipeline:
    """A pipeline from its whole body, as Elasticsearch returns it."""
    return Pipeline(tuple(dict.fromkeys(names_in(body.get("processors")))), body)


def names_in(processors: Any) -> Iterator[str]:
    """The models, aliases and deployments that inference processors use, in the places where Elasticsearch looks.

    These include `foreach`, and the `on_failure` of processors other than `inference` and `foreach`.
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
    """The pipelines of a TOML document: `[pipelines]` has the names that each uses, `[bodies]` their bodies, if known.

    Raises InvalidDocument, also if the two disagree.
    """
    names, bodies = document.table("pipelines"), document.table("bodies")
    pipelines = {name: Pipeline(unless_dotted(names, name).texts(name)) for name in names.document}
    for name in bodies.document:
        whole = pipeline(parse_json(bodies.text(name) or "", f"{document.source} has {bodies.place(name)} that"))
        if name in pipelines and pipelines[name].names != whole.names:
            listed = ", ".join(whole.names) or "nothing"
            document.invalid(f"has {names.place(name)} that differs from what {bodies.place(name)} uses ({listed})")
        pipelines[name] = whole
    return pipelines


def to_tables(pipelines: Mapping[str, Pipeline]) -> Document:
    """The tables that `from_tables` reads; a body is JSON in one string, as TOML has no null."""
    known = sorted(pipelines.items())
    return {
        "pipelines": {name: list(each.names) for name, each in known},
        "bodies": {name: _compact(each.body) for name, each in known if each.body is not None},
    }


def _compact(body: Mapping[str, Any]) -> str:
    import json

    return json.dumps(body, separators=(",", ":"), ensure_ascii=False)
