"""Inference endpoints, from the answer to `GET _inference/_all` and to and from TOML."""

from collections.abc import Mapping

from mlalias.core.catalog import Endpoint
from mlalias.documents.codec import Document
from mlalias.documents.dots import nested_names
from mlalias.documents.table import Table

_SERVICES = ("elasticsearch", "elser")  # those that run trained models of the cluster


def from_entry(entry: Table) -> tuple[str, Endpoint | None]:
    """An entry of an answer: its id, and None for a service that runs no trained model; raises InvalidDocument."""
    inference_id = entry.text("inference_id")
    if inference_id is None:
        entry.invalid(f"has no {entry.place('inference_id')}")
    if entry.text("service") not in _SERVICES:
        return inference_id, None
    return inference_id, _endpoint(entry.table("service_settings"))


def from_tables(document: Table) -> dict[str, Endpoint]:
    """The `[endpoints]` of a TOML document; raises InvalidDocument."""
    return {name: _endpoint(_unless_foreign(name, each)) for name, each in document.each("endpoints")}


def _unless_foreign(name: str, table: Table) -> Table:
    """The table; raises InvalidDocument for another key, such as the one that an unquoted name with dots makes."""
    foreign = next((key for key in table.document if key not in Endpoint._fields), None)
    if foreign is not None and isinstance(table.document[foreign], dict):
        dotted = ".".join((name, foreign, *nested_names(table.document[foreign])))
        table.invalid(f'has an endpoint whose name needs quotes, as it has dots: write [endpoints."{dotted}"]')
    if foreign is not None:
        table.invalid(f"has {table.place(foreign)}, which is not a key of an endpoint")
    return table


def to_tables(endpoints: Mapping[str, Endpoint]) -> Document:
    """The table that `from_tables` reads."""
    known = sorted(endpoints.items())
    return {"endpoints": {name: {k: v for k, v in each._asdict().items() if v is not None} for name, each in known}}


def _endpoint(settings: Table) -> Endpoint:
    return Endpoint(settings.text("model_id"), settings.text("deployment_id"))
