"""Ingest pipelines: the names that their inference processors use, and their form in TOML."""

from collections.abc import Mapping
from typing import Any

from mlalias.core.catalog import Pipeline
from mlalias.documents.codec import Document, parse_json
from mlalias.documents.table import Table, unless_dotted


def pipeline(body: Mapping[str, Any]) -> Pipeline:
    """A pipeline from its whole body, as Elasticsearch returns it."""
    from mlalias.core.users import uses  # most commands read no pipeline

    guarded = (use.model_id for use in uses(body) if use.guarded and isinstance(use.model_id, str))
    return Pipeline(tuple(dict.fromkeys(guarded)), body)


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
