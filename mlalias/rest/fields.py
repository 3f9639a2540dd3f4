"""Readers for the values in a body, as lenient and as strict as Elasticsearch's; a table of them describes an object.

A reader takes a value and its path in the body, returns the value as a server stores it, and raises HttpFailure if a
server's parser refuses it. What is refused follows the published parsers of 9.5.3.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from mlalias.documents.codec import Document
from mlalias.rest.answers import Cause, not_parsed

Reader = Callable[[Any, str], Any]
_ABSENT: Any = object()


class Field(NamedTuple):
    """A key of an object: the reader of its value, and the default that a server fills in."""

    read: Reader
    default: Any = _ABSENT


Fields = Mapping[str, Field]


def read(document: Any, fields: Fields, place: str) -> Document:
    """An object with only the keys of a table; absent keys stay absent."""
    return {
        key: _field(key, fields, place).read(value, f"{place}.{key}") for key, value in table(document, place).items()
    }


def _field(key: str, fields: Fields, place: str) -> Field:
    if key not in fields:
        raise not_parsed(f"{place} has the key '{key}', which is not known")
    return fields[key]


def filled(document: Mapping[str, Any], fields: Fields) -> Document:
    """An object with the defaults of its table."""
    known = {key: field.default for key, field in fields.items() if field.default is not _ABSENT}
    return completed(document, known)


def completed(document: Mapping[str, Any], defaults: Mapping[str, Any]) -> Document:
    """A document, followed by the defaults of the keys that it lacks."""
    return {**document, **{key: value for key, value in defaults.items() if key not in document}}


# --- readers ---


def text(value: Any, place: str) -> str:
    """A string; no other type is converted."""
    if not isinstance(value, str):
        raise not_parsed(f"{place} is not a string")
    return value


def scalar(value: Any, place: str) -> str:
    """A string; numbers and booleans are converted to text."""
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str | int | float):
        raise not_parsed(f"{place} is not a string")
    return str(value)


def texts(value: Any, place: str) -> list[str]:
    """A list of strings; a single string becomes a list."""
    if isinstance(value, str):
        return [value]
    if not isinstance(value, list):
        raise not_parsed(f"{place} is not a list of strings")
    return [scalar(item, f"{place}[{index}]") for index, item in enumerate(value)]


def integer(value: Any, place: str) -> int:
    """A whole number; text is converted, and decimals are dropped."""
    try:
        number = float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else math.nan
    except (ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise not_parsed(f"{place} is not a number")
    return value if isinstance(value, int) else math.trunc(number)


def above_zero(value: Any, place: str) -> int:
    """A whole number of 1 or more."""
    number = integer(value, place)
    if number < 1:
        raise not_parsed(f"{place} is {number}, and must be above 0")
    return number


def not_negative(value: Any, place: str) -> int:
    """A whole number of 0 or more."""
    number = integer(value, place)
    if number < 0:
        raise not_parsed(f"{place} is {number}, and cannot be below 0")
    return number


def boolean(value: Any, place: str) -> bool:
    """True or false, or their names."""
    if isinstance(value, bool):
        return value
    if value not in ("true", "false"):
        raise not_parsed(f"{place} is neither true nor false")
    return bool(value == "true")


def table(value: Any, place: str) -> Document:
    """An object with any keys."""
    if not isinstance(value, dict):
        raise not_parsed(f"{place} is not an object")
    return value


def tables(value: Any, place: str) -> list[Document]:
    """A list of objects."""
    if not isinstance(value, list):
        raise not_parsed(f"{place} is not a list of objects")
    return [table(item, f"{place}[{index}]") for index, item in enumerate(value)]


def anything(value: Any, _place: str) -> Any:
    """A value that is checked later, or not at all."""
    return value


def choice(*words: str, trimmed: bool = False) -> Reader:
    """A reader of one of several words, in any case."""

    def read_choice(value: Any, place: str) -> str:
        found = text(value, place).lower()
        found = found.strip() if trimmed else found
        if found not in words:
            raise not_parsed(f"{place} is '{value}', and can be {', '.join(words)}")
        return found

    return read_choice


def refused(reason: str) -> Reader:
    """A reader for a value that a request may not set."""

    def refuse(_value: Any, place: str) -> Any:
        sentence = f"{place} {reason}"
        raise not_parsed(sentence, Cause("status_exception", sentence, root=True))

    return refuse
