"""A request as passed to its handler: the names in its path, its parameters and its body."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_to_bytes

from mlalias.documents.codec import Document
from mlalias.errors import WrongUsage
from mlalias.rest.answers import Cause, HttpFailure
from mlalias.rest.json_body import read_body

EVERYWHERE = frozenset({"pretty", "human", "format", "filter_path", "error_trace"})
_ILLEGAL = "illegal_argument_exception"
_BAD_ESCAPE = re.compile(r"%(?![0-9a-fA-F]{2})")
_TIME = re.compile(r"(?:\d+(?:nanos|micros|ms|s|m|h|d)|-1|0)")
_FRACTION = re.compile(r"\d*\.\d+(?:nanos|micros|ms|s|m|h|d)")
_INT = range(-(2**31), 2**31)


class Call:
    """The call of a route; its readers raise HttpFailure or WrongUsage.

    A handler reads all the parameters that it knows, and then calls `done` or reads the `document`. These refuse
    parameters that were not read, as they are unknown.
    """

    def __init__(self, names: Mapping[str, str], parameters: Mapping[str, str], body: bytes) -> None:
        self.names = names
        self._parameters = parameters
        self._unread = parameters.keys() - EVERYWHERE - names.keys()
        self._body = body

    @property
    def has_body(self) -> bool:
        """Whether there is a body, in the URL or after the headers."""
        return bool(self._body)

    def has(self, name: str) -> bool:
        """Whether a parameter is there."""
        return name in self._parameters

    def text(self, name: str, default: str = "") -> str:
        """A parameter as it is."""
        self._unread -= {name}
        return self._parameters.get(name, default)

    def words(self, name: str) -> tuple[str, ...]:
        """A list with commas."""
        return words(self.text(name))

    def flag(self, name: str, *, default: bool = False) -> bool:
        """A switch; without a value it is on."""
        return flag(name, self.text(name, str(default).lower()), default=default)

    def number(self, name: str, default: int) -> int:
        """A whole number of 32 bits."""
        value = self.text(name, str(default))
        sign, digits = re.fullmatch(r"([+-]?)(.*)", value, re.DOTALL).groups()  # type: ignore[union-attr] # it matches
        if digits.isascii() and digits.isdecimal() and len(digits) <= len(str(_INT.stop)):
            number = int(sign + digits)
            if number in _INT:
                return number
        reason = f"the parameter '{name}' is '{value}', which is not a number"
        raise HttpFailure(400, _ILLEGAL, reason, Cause("number_format_exception", f"'{value}' is not a number"))

    def times(self, *names: str) -> None:
        """Check times, which are not used here: a number with its unit, or -1 for no limit."""
        for name in names:
            if name in self._parameters:
                check_time(name, self.text(name))

    def done(self) -> None:
        """Refuse parameters that nothing has read, and a body."""
        self.refuse_unread()
        if self._body:
            raise WrongUsage("this request takes no body")

    def document(self, *, optional: bool = False) -> Document:
        """The body, a JSON object, with its nulls; empty if it is optional and absent."""
        if not self._body and not optional:
            raise HttpFailure(400, "parse_exception", "this request needs a body")
        found = read_body(self._body) if self._body else {}
        self.refuse_unread()
        return found

    def refuse_unread(self) -> None:
        """Refuse parameters that nothing has read."""
        if self._unread:
            named = ", ".join(f"'{name}'" for name in sorted(self._unread))
            raise WrongUsage(f"this request takes no parameter{'s' if len(self._unread) > 1 else ''} {named}")


def words(text: str) -> tuple[str, ...]:
    """The items between commas."""
    return tuple(filter(None, (word.strip() for word in text.split(","))))


def flag(name: str, value: str, *, default: bool = False) -> bool:
    """A switch; an empty value means true, a blank one the default."""
    if value and not value.strip():
        return default
    if value not in ("", "true", "false"):
        raise WrongUsage(f"the parameter '{name}' is '{value}', which is neither true nor false")
    return value != "false"


def check_time(name: str, value: Any) -> None:
    """Refuse a time without a unit, and a fraction, as a server's parser does."""
    if isinstance(value, str) and _TIME.fullmatch(value.strip().lower()):
        return
    reason = f"'{name}' is '{value}', and a time is a whole number with its unit, such as 30s"
    cause = Cause("number_format_exception", f"'{value}' is not a whole number") if _is_fraction(value) else None
    raise HttpFailure(400, _ILLEGAL, reason, cause)


def _is_fraction(value: Any) -> bool:
    return isinstance(value, str) and bool(_FRACTION.fullmatch(value.strip().lower()))


def parse_query(query: str) -> dict[str, str]:
    """The parameters of a URL, the last one of each name; raises HttpFailure."""
    try:
        pairs = [part.partition("=") for part in re.split("[&;]", query) if part]
        return {unescaped(name.replace("+", " ")): unescaped(value.replace("+", " ")) for name, _, value in pairs}
    except ValueError as error:
        raise HttpFailure(400, "bad_parameter_exception", str(error), Cause(_ILLEGAL, str(error))) from None


def unescaped(text: str) -> str:
    """The percent-decoded text; raises ValueError."""
    bad = _BAD_ESCAPE.search(text)
    if bad:
        raise ValueError(f"'{text[bad.start() : bad.start() + 3]}' is no escape")
    return unquote_to_bytes(text.encode("latin-1", "replace")).decode(errors="replace") if "%" in text else text
