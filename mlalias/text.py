"""Text for people: visible characters, masked secrets, plurals, short lists; and the largest document to read."""

import re
from collections.abc import Sequence

_USERINFO = r"(?s)(?!\b[A-Za-z]:[/\\])(\w:/*)\S.*@"  # not the drive of C:\Users\me@example
_QUERY = r"(?i)(https?:[^\s?#]*[?#])\S+"
LARGEST = 128 * 1024 * 1024  # of one document, in bytes


def visible(text: str) -> str:
    """The text on one line; control, bidi and zero-width characters and lone surrogates are escaped."""
    if text.isprintable():
        return text
    from unicodedata import category

    return "".join(c if c.isprintable() or category(c) == "Zs" else _escaped(c) for c in text)


def _escaped(character: str) -> str:
    return {"\t": "\\t", "\n": "\\n", "\r": "\\r"}.get(character) or character.encode("unicode_escape").decode()


def masked(text: str) -> str:
    """The text with `***` in place of the credentials and the query of each URL in it, mistyped URLs included.

    >>> masked("http:/elastic:changeme@es.example")
    'http:/***@es.example'
    """
    return re.sub(_QUERY, r"\1***", re.sub(_USERINFO, r"\1***@", text))


def plural(count: int, noun: str, nouns: str | None = None) -> str:
    """A count with its noun: `1 alias`, `2 aliases`."""
    return f"{count:,} {noun if count == 1 else nouns or noun + 's'}"


def listed(names: Sequence[str], most: int = 5) -> str:
    """Names with commas, the first `most` of them, and how many more there are."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")
