"""`filter_path`: the parts of an answer that are asked for.

https://www.elastic.co/docs/reference/elasticsearch/rest-apis/common-options#common-options-response-filtering
"""

import re
from collections.abc import Sequence
from typing import Any

from mlalias.names import matches

Path = tuple[str, ...]
_NOTHING = object()


def filtered(document: Any, expression: str) -> Any:
    """What the paths of an expression leave of a document; those that begin with `-` take away, and win."""
    paths = [text.strip() for text in expression.split(",") if text.strip()]
    taken = [_path(text[1:]) for text in paths if text.startswith("-")]
    wanted = [_path(text) for text in paths if not text.startswith("-")]
    found = _kept(document, wanted) if wanted else document
    found = _without(found, taken) if taken and found is not _NOTHING else found
    return {} if found is _NOTHING else found


def _path(text: str) -> Path:
    return tuple(part.replace("\\.", ".") for part in re.split(r"(?<!\\)\.", text))


def _after(paths: Sequence[Path], key: str) -> list[Path]:
    """What is left of the paths below a key; an empty one means that all of it is meant."""
    below: list[Path] = []
    for path in paths:
        first, *rest = path
        if first == "**":
            below += [path, *_after([tuple(rest)], key)] if rest else [()]
        elif matches(first, key, wildcards="*"):
            below.append(tuple(rest))
    return below


def _kept(value: Any, paths: Sequence[Path]) -> Any:
    """The part of a value that paths lead to, or _NOTHING."""
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
    """A value without the part that paths lead to; what then holds nothing goes, too."""
    if () in paths:
        return _NOTHING
    if isinstance(value, list) and value:
        items = [_without(item, paths) for item in value]
        return [item for item in items if item is not _NOTHING] or _NOTHING
    if isinstance(value, dict) and value:
        pairs = ((key, _without(item, _after(paths, key))) for key, item in value.items())
        return {key: item for key, item in pairs if item is not _NOTHING} or _NOTHING
    return value
