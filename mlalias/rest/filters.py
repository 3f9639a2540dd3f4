"""`filter_path`: the parts of a response that the client asks for.

https://www.elastic.co/docs/reference/elasticsearch/rest-apis/common-options#common-options-response-filtering
"""

import re
from collections.abc import Sequence
from typing import Any

from mlalias.names import matches

Path = tuple[str, ...]
_NOTHING = object()


def filtered(document: Any, expression: str) -> Any:
    """The parts of a document that the paths select; paths that begin with `-` remove parts, and take precedence."""
    paths = [text.strip() for text in expression.split(",") if text.strip()]
    taken = [_path(text[1:]) for text in paths if text.startswith("-")]
    selected = [_path(text) for text in paths if not text.startswith("-")]
    found = _kept(document, selected) if selected else document
    found = _without(found, taken) if taken and found is not _NOTHING else found
    return {} if found is _NOTHING else found


def _path(text: str) -> Path:
    return tuple(part.replace("\\.", ".") for part in re.split(r"(?<!\\)\.", text))


def _after(paths: Sequence[Path], key: str) -> list[Path]:
    """The rest of the paths below a key; an empty path selects all of it."""
    below: list[Path] = []
    for path in paths:
        first, *rest = path
        if first == "**":
            below += [path, *_after([tuple(rest)], key)] if rest else [()]
        elif matches(first, key, wildcards="*"):
            below.append(tuple(rest))
    return below


def _kept(value: Any, paths: Sequence[Path]) -> Any:
    """The part of a value that the paths select, or _NOTHING."""
    if () in paths:
        return value
    if isinstance(value, list):
        items = [_kept(item, paths) for item in value]
        return [item for item in items if item is not _NOTHING] or _NOTHING
    if isinstance(value, dict):
        pairs = ((key, _kept(item, _after(paths, key))) for key, item in value.items())
        return {key: item for key, item in pairs if item is not _NOTHING} or _NOTHING
    return _NOTHING


def _without(value: Any, paths: Sequence[Path]) -> Any:
    """A value without the parts that the paths select; objects and lists left empty are removed, too."""
    if () in paths:
        return _NOTHING
    if isinstance(value, list) and value:
        items = [_without(item, paths) for item in value]
        return [item for item in items if item is not _NOTHING] or _NOTHING
    if isinstance(value, dict) and value:
        pairs = ((key, _without(item, _after(paths, key))) for key, item in value.items())
        return {key: item for key, item in pairs if item is not _NOTHING} or _NOTHING
    return value
