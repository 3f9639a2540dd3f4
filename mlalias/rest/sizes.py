"""Sizes in bytes, and how much memory a model takes.

https://www.elastic.co/docs/reference/elasticsearch/rest-apis/api-conventions#byte-units
"""

import re
from typing import Any

from mlalias.core.catalog import Model
from mlalias.rest.answers import Cause, not_parsed

_UNITS = {"pb": 1 << 50, "tb": 1 << 40, "gb": 1 << 30, "mb": 1 << 20, "kb": 1 << 10, "b": 1}
_SHORT = {unit[0]: size for unit, size in _UNITS.items()} | _UNITS
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]+)")


def normalized(value: Any, place: str) -> str:
    """A size with its unit, in the largest unit that divides it; raises HttpFailure."""
    text = str(value).strip().lower()
    found = _SIZE.fullmatch(text)
    if text == "0":
        return "0b"
    if found is None or found[2] not in _SHORT or ("." in found[1] and _SHORT[found[2]] == 1):
        reason = f"{place} is '{value}', and a size is a number with its unit, such as 10mb"
        raise not_parsed(reason, Cause("parse_exception", reason, root=True))
    return in_words(int(float(found[1]) * _SHORT[found[2]]))


def in_words(size: int) -> str:
    """A number of bytes in the largest unit that divides it."""
    unit = next(unit for unit, bytes_of in _UNITS.items() if (size % bytes_of == 0 and size >= bytes_of) or unit == "b")
    return f"{size // _UNITS[unit]}{unit}"


def of_model(model: Model) -> int:
    """The size of a model's definition in bytes; 0 if unknown."""
    package = model.config.get("model_package", {})
    size = model.config.get("model_size_bytes") or (package.get("size") if isinstance(package, dict) else 0)
    return size if isinstance(size, int) else 0


_ELSER = 2004 << 20  # what a server assumes for every ELSER model
_OVERHEAD = 240 << 20


def native_memory(model: Model) -> int:
    """The native memory in bytes that a deployment takes; 0 for trees, or if the size is unknown."""
    size = of_model(model)
    if model.model_type != "pytorch" or not size:
        return 0
    return _ELSER if model.model_id.startswith(".elser_model_") else _OVERHEAD + 2 * size
