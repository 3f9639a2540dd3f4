"""The semantic_text fields of indices, from the answer to `GET _mapping` and to and from TOML."""

from collections.abc import Iterator, Mapping
from typing import Any

from mlalias.documents.codec import Document
from mlalias.documents.table import Table, unless_dotted

Fields = Mapping[str, tuple[str, ...]]


def fields_of(mapping: Any) -> dict[str, tuple[str, ...]]:
    """The semantic_text fields of a mapping, by path, each with its endpoints: to index, and to search if another.

    A field that names none uses the server's default, and is passed over. An answer that was filtered to the endpoints
    has no types; a field that is called `inference_id` is no string there.
    """
    return dict(_within(mapping, ""))


def _within(mapping: Any, prefix: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The fields below `properties`, and below `fields`, where one value is indexed in several ways."""
    for key in ("properties", "fields"):
        children = mapping.get(key) if isinstance(mapping, dict) else None
        for name, child in children.items() if isinstance(children, dict) else ():
            path = f"{prefix}{name}"
            if isinstance(child, dict) and child.get("type", "semantic_text") == "semantic_text" and _endpoints(child):
                yield path, _endpoints(child)
            yield from _within(child, f"{path}.")


def _endpoints(field: Mapping[str, Any]) -> tuple[str, ...]:
    named = (field.get("inference_id"), field.get("search_inference_id"))
    return tuple(dict.fromkeys(each for each in named if isinstance(each, str)))


def from_tables(document: Table) -> dict[str, Fields]:
    """The `[fields]` of a TOML document, by index; raises InvalidDocument."""
    return {
        index: {path: unless_dotted(each, path).texts(path) for path in each.document}
        for index, each in document.each("fields")
    }


def to_tables(fields: Mapping[str, Fields]) -> Document:
    """The table that `from_tables` reads; an index without such a field is left out."""
    known = sorted(fields.items())
    return {"fields": {index: {path: list(each) for path, each in sorted(of.items())} for index, of in known if of}}
