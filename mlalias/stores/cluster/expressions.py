"""Expressions that select models in a request: names or patterns, separated by commas."""

from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import quote

_ALPHANUMERIC = "0123456789abcdefghijklmnopqrstuvwxyz"
# `http.max_initial_line_length`, and the rest of that line: method, version and path, with that of a proxy before it
# https://www.elastic.co/docs/reference/elasticsearch/configuration-reference/networking-settings
_LINE, _AROUND = 4096, 256


def narrowed(patterns: Sequence[str]) -> list[Sequence[str]]:
    """Two lists of patterns that together match what the given ones do; a single pattern gets one more character.

    The model whose id is the stem of the pattern is not matched, but sorts first, so it was listed already.
    """
    if not patterns:
        patterns = [f"{character}*" for character in f".{_ALPHANUMERIC}"]
    elif len(patterns) == 1:
        stem = patterns[0].removesuffix("*")
        patterns = [f"{stem}{character}*" for character in f"._-{_ALPHANUMERIC}"]
    middle = len(patterns) // 2
    return [patterns[:middle], patterns[middle:]]


def within_a_line(names: Sequence[str], parameters: Mapping[str, str | int]) -> Iterator[Sequence[str]]:
    """The names, split so that each part fits into the first line of a request with these parameters."""
    room = _LINE - _AROUND - sum(len(f"&{key}={quote(str(value), safe=',*')}") for key, value in parameters.items())
    part: list[str] = []
    length = 0
    for name in names:
        if part and length + len(name) > room:
            yield part
            part, length = [], 0
        part.append(name)
        length += len(name) + 1
    if part:
        yield part
