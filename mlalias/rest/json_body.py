"""Bodies of requests: JSON as Elasticsearch's parser takes it, which is more than the standard allows.

It reads comments, ignores what follows the object, and takes UTF-16 and UTF-32 as well. What is stricter here
than there is what a catalog cannot hold: 64 levels, and whole numbers of 64 bits.
"""

import json
import re
import zlib
from collections.abc import Mapping
from typing import Any, NoReturn

from mlalias.documents.codec import Document, checked
from mlalias.errors import InvalidDocument
from mlalias.rest.answers import Cause, HttpFailure, not_parsed

LARGEST = 16 * 1024 * 1024
_COMMENT = re.compile(r'("(?:[^"\\]|\\.)*")|/\*.*?\*/|//[^\n]*|#[^\n]*', re.DOTALL)
_BROKEN = "json_parse_exception"


class NotAnObject(HttpFailure):
    """A body that is JSON, or nothing at all, and no object."""

    def __init__(self, reason: str) -> None:
        super().__init__(400, "x_content_parse_exception", reason)


def read_body(data: bytes) -> Document:
    """Read the JSON object of a body, nulls included; raises HttpFailure."""
    text = _decoded(data)
    document = _parsed(text)
    if not isinstance(document, dict):
        raise NotAnObject("the body is not a JSON object")
    try:
        checked({"trained_model_configs": [document]}, "the body")  # as deep as it is in an answer, and in an export
    except InvalidDocument as error:
        raise not_parsed(error.reason) from None
    return document


def _decoded(data: bytes) -> str:
    try:
        return data.decode(json.detect_encoding(data)).removeprefix("\ufeff")
    except UnicodeDecodeError:
        raise _broken("the body is not UTF-8") from None


def _parsed(text: str) -> Any:
    """The first value of a text; comments are looked for only where it cannot be read otherwise."""
    try:
        return _first_value(text)
    except json.JSONDecodeError:
        plain = _COMMENT.sub(lambda found: found[1] or " ", text)
        try:
            return _first_value(plain)
        except json.JSONDecodeError as error:
            raise _fault(error) from None


def _first_value(text: str) -> Any:
    start = len(text) - len(text.lstrip())
    if start == len(text):
        raise NotAnObject("the body is empty")
    try:
        return _DECODER.raw_decode(text, start)[0]
    except RecursionError:
        raise not_parsed("the body is nested too deeply") from None
    except json.JSONDecodeError:
        raise
    except ValueError:
        raise _broken("the body holds a number that is too long") from None


def _fault(error: json.JSONDecodeError) -> HttpFailure:
    reason = f"the body is not valid JSON: {error.msg.lower()} (at line {error.lineno}, column {error.colno})"
    ended = error.pos >= len(error.doc.rstrip()) or error.msg.startswith("Unterminated string")
    if ended:
        return HttpFailure(400, "x_content_e_o_f_exception", reason, Cause("json_e_o_f_exception", reason))
    return _broken(reason)


def _broken(reason: str) -> HttpFailure:
    return not_parsed(reason, Cause(_BROKEN, reason))


def _unique(pairs: list[tuple[str, Any]]) -> Document:
    found: Document = {}
    for key, value in pairs:
        if key in found:
            raise _broken(f"the body has the key '{key}' twice in one object")
        found[key] = value
    return found


def _no_number(name: str) -> NoReturn:
    raise _broken(f"the body holds {name}, which is not a number")


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_number)


# --- compression ---

_WINDOWS: Mapping[str, int] = {"gzip": 31, "x-gzip": 31, "deflate": 15, "x-deflate": 15}


def decompressed(data: bytes, encoding: str) -> bytes:
    """A body as it was before it was compressed; an encoding that is not known is taken as none.

    Raises HttpFailure for a body that is broken, or that has more than LARGEST bytes.
    """
    window = _WINDOWS.get(encoding.strip().lower())
    if window is None or not data:
        return data
    reader = zlib.decompressobj(window)
    try:
        found = reader.decompress(data, LARGEST + 1)
    except zlib.error:
        raise HttpFailure(400, "illegal_argument_exception", f"the body is not {encoding}") from None
    if len(found) > LARGEST:
        raise too_large()
    if not reader.eof:
        raise HttpFailure(400, "illegal_argument_exception", f"the body, which is {encoding}, is cut off")
    return found


def too_large() -> HttpFailure:
    """The failure of a body that is larger than what is read here."""
    return HttpFailure(413, "content_too_long_exception", f"the body exceeds {LARGEST >> 20} MiB")
