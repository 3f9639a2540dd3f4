"""Where the documents of an ingest pipeline come from, as far as a cluster says.

An index sends its documents through its default and its final pipeline, a template gives these to new indices, and a
pipeline calls others: https://www.elastic.co/docs/manage-data/ingest/transform-enrich/ingest-pipelines
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from mlalias.core.catalog import Catalog
from mlalias.core.users import processors


class Reach(NamedTuple):
    """What sends documents through one pipeline, directly or by way of the pipelines that call it.

    `documents` is how many went through it since the last restart of each node, so that 0 does not mean that it is
    unused. What is None is unknown.
    """

    pipeline: str
    called_by: tuple[str, ...]
    indices: tuple[str, ...] | None
    templates: tuple[str, ...] | None
    documents: int | None


def reach(catalog: Catalog, names: Iterable[str]) -> tuple[Reach, ...]:
    """The reach of some pipelines, sorted by name; the cluster is asked only if there are any."""
    wanted = sorted(set(names))
    callers = _callers(catalog) if wanted else {}
    return tuple(_of(catalog, name, callers) for name in wanted)


def _of(catalog: Catalog, name: str, callers: Mapping[str, set[str]]) -> Reach:
    ways = _ways(name, callers)
    counts = catalog.known("counts")
    return Reach(
        name,
        tuple(sorted(ways - {name})),
        _through(catalog.known("indices"), ways),
        _through(catalog.known("templates"), ways),
        None if counts is None else counts.get(name, 0),
    )


def _through(senders: Mapping[str, tuple[str, ...]] | None, pipelines: Iterable[str]) -> tuple[str, ...] | None:
    """All that send documents through one of the pipelines."""
    if senders is None:
        return None
    return tuple(sorted({sender for pipeline in pipelines for sender in senders.get(pipeline, ())}))


def _ways(name: str, callers: Mapping[str, set[str]]) -> set[str]:
    """A pipeline, and all that call it, at whatever distance."""
    ways, left = {name}, [name]
    while left:
        more = callers.get(left.pop(), set()) - ways
        ways |= more
        left += more
    return ways


def _callers(catalog: Catalog) -> dict[str, set[str]]:
    """Which pipelines call a pipeline, by the one that is called; a name from a template cannot be known."""
    callers: dict[str, set[str]] = {}
    for name, pipeline in (catalog.known("pipelines") or {}).items():
        for processor in processors(pipeline.body or {}):
            called = processor.options.get("name")
            if processor.kind == "pipeline" and isinstance(called, str) and "{{" not in called:
                callers.setdefault(called, set()).add(name)
    return callers
