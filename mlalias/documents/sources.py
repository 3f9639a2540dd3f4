"""What sends documents through ingest pipelines, from the answers of a cluster; what is odd in them is passed over."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

_KEYS = ("default_pipeline", "final_pipeline")
_NONE = ("", "_none")  # how an index says that it has no pipeline
# https://www.elastic.co/docs/manage-data/data-store/data-streams#backing-indices
_BACKING_INDEX = re.compile(r"\.ds-(.+)-\d{4}\.\d{2}\.\d{2}-\d{6,}")


def of_settings(answer: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Which indices and data streams send documents through a pipeline, by pipeline, from `GET _all/_settings`.

    The settings are flat: `index.default_pipeline` is one key. Of a data stream its backing indices have them.
    """
    pairs = []
    for index, body in answer.items():
        settings = _table(_table(body).get("settings"))
        stream = _BACKING_INDEX.fullmatch(index)
        pairs += [(settings.get(f"index.{key}"), stream[1] if stream else index) for key in _KEYS]
    return _grouped(pairs)


def of_templates(*answers: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Which templates give a pipeline to new indices, by pipeline.

    The answers are those to `GET _index_template`, `GET _component_template` and `GET _template`.
    """
    return _grouped([pair for answer in answers for pair in _of_templates(answer)])


def of_counts(answer: Mapping[str, Any]) -> dict[str, int]:
    """How many documents went through each pipeline on all nodes, from `GET _nodes/stats/ingest`."""
    counts: dict[str, int] = {}
    for node in _table(answer.get("nodes")).values():
        for name, figures in _table(_table(_table(node).get("ingest")).get("pipelines")).items():
            count = _table(figures).get("count")
            counts[name] = counts.get(name, 0) + (count if type(count) is int else 0)
    return counts


def _of_templates(answer: Mapping[str, Any]) -> Iterator[tuple[Any, str]]:
    for kind in ("index_template", "component_template"):
        listed = answer.get(f"{kind}s")
        for entry in listed if isinstance(listed, list) else ():
            template = _table(_table(_table(entry).get(kind)).get("template"))
            yield from _pairs(template, _table(entry).get("name"))
    for name, template in answer.items():
        yield from _pairs(_table(template), name)


def _pairs(template: Mapping[str, Any], name: Any) -> Iterator[tuple[Any, str]]:
    """The pipelines in the settings of a template, which are not flat."""
    settings = _table(_table(template.get("settings")).get("index"))
    return ((settings.get(key), name) for key in _KEYS if isinstance(name, str))


def _grouped(pairs: list[tuple[Any, str]]) -> dict[str, tuple[str, ...]]:
    senders: dict[str, set[str]] = {}
    for pipeline, sender in pairs:
        if isinstance(pipeline, str) and pipeline not in _NONE:
            senders.setdefault(pipeline, set()).add(sender)
    return {pipeline: tuple(sorted(named)) for pipeline, named in senders.items()}


def _table(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
