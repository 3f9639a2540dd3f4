"""Response bodies, errors and warnings in Elasticsearch's shapes, and JSON as Elasticsearch formats it.

https://www.elastic.co/docs/reference/elasticsearch/rest-apis/common-options
"""

import json
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from mlalias.errors import Failure

VERSION = "9.2.0"  # clients of versions 8 and 9 accept it, and the rules are those of 9
BUILD = "0" * 40


class Cause(NamedTuple):
    """The cause of a failure; with `root`, Elasticsearch reports it as the root cause instead of the failure."""

    type: str
    reason: str
    root: bool = False


class HttpFailure(Failure):
    """A request that cannot be carried out, with the status, the error type and, if there is one, the cause.

    `at` is the key of the body that is wrong, if Elasticsearch reports it as `property_name`.
    """

    def __init__(
        self,
        status: int,
        type: str,  # noqa: A002 - the JSON key
        reason: str,
        cause: Cause | None = None,
        at: str | None = None,
    ) -> None:
        super().__init__(reason, type=type, status=status)
        self.cause = cause
        self.at = at


class PlainFailure(Failure):
    """A failure for which Elasticsearch's response is a sentence instead of an object."""

    def __init__(self, status: int, reason: str, *, shows_status: bool = True, allow: Sequence[str] = ()) -> None:
        super().__init__(reason, status=status)
        self.shows_status = shows_status
        self.allow = allow


def not_parsed(reason: str, cause: Cause | None = None) -> HttpFailure:
    """The failure of a body that a parser refuses."""
    return HttpFailure(400, "x_content_parse_exception", reason, cause)


def invalid_request(reason: str) -> HttpFailure:
    """The failure of a well-formed request that asks for something impossible."""
    return HttpFailure(400, "action_request_validation_exception", reason)


class Answer(NamedTuple):
    """A body, sent as JSON (None is an empty body), with its status and additional headers."""

    body: Any
    status: int = 200
    headers: Sequence[tuple[str, str]] = ()


def failed(failure: Failure, *, trace: bool = False) -> Answer:
    """A failure in Elasticsearch's shape; several failures become one sentence. `trace` adds a `stack_trace`."""
    if isinstance(failure, PlainFailure):
        body = {"error": failure.reason} | ({"status": failure.status} if failure.shows_status else {})
        return Answer(body, failure.status, [("Allow", ",".join(failure.allow))] if failure.allow else ())
    cause = getattr(failure, "cause", None)
    root = cause if cause and cause.root else failure
    error = {"root_cause": [_error(root, trace)], **_error(failure, trace)}
    if cause:
        error["caused_by"] = _error(cause, trace)
    return Answer({"error": error, "status": failure.status}, failure.status)


def _error(fault: Failure | Cause, trace: bool) -> dict[str, Any]:
    described = {"type": fault.type, "reason": fault.reason}
    at = getattr(fault, "at", None)
    if at:
        described["property_name"] = at
    return described | {"stack_trace": f"{fault.type}: {fault.reason}"} if trace else described


# --- warnings ---


def warning(text: str) -> tuple[str, str]:
    """The header for a warning."""
    return "Warning", f'299 Elasticsearch-{VERSION}-{BUILD} "{"".join(map(_in_header, text))}"'


def _in_header(character: str) -> str:
    """A character of a header: Latin-1 is kept, except control characters and the percent sign; the rest is escaped."""
    if character in '"\\':
        return "\\" + character
    if character == "\t" or "\x80" <= character <= "\xff" or (" " <= character <= "~" and character != "%"):
        return character
    return "".join(f"%{byte:02X}" for byte in character.encode())


# --- JSON ---

_EMPTY = re.compile(r'"(?:[^"\\]|\\.)*"|\[\]|\{\}')
_BEYOND = re.compile("[\U00010000-\U0010ffff]")


def to_text(document: Any, *, pretty: bool = False) -> str:
    """JSON as Elasticsearch writes it: UTF-8 unescaped, except for characters beyond the basic plane."""
    if pretty:
        text = json.dumps(document, indent=2, separators=(",", " : "), ensure_ascii=False, default=_moment)
        text = _EMPTY.sub(lambda found: {"[]": "[ ]", "{}": "{ }"}.get(found[0], found[0]), text) + "\n"
    else:
        text = json.dumps(document, separators=(",", ":"), ensure_ascii=False, default=_moment)
    return text if text.isascii() else _BEYOND.sub(_as_surrogates, text)


def _moment(value: Any) -> str:
    """A date of TOML."""
    text: str = value.isoformat()
    return text


def _as_surrogates(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be")
    return f"\\u{units[:2].hex().upper()}\\u{units[2:].hex().upper()}"
