"""Expressions that select models in a request: names or patterns, separated by commas."""

from collections.abc import Iterator, Sequence

_ALPHANUMERIC = "0123456789abcdefghijklmnopqrstuvwxyz"
_LONGEST = 3000  # of the 4,096 bytes that the first line of a request may have


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


def within_a_line(names: Sequence[str]) -> Iterator[Sequence[str]]:
    """The names, split so that each part fits into the first line of a request."""
    part: list[str] = []
    length = 0
    for name in names:
        if part and length + len(name) > _LONGEST:
            yield part
            part, length = [], 0
        part.append(name)
        length += len(name) + 1
    if part:
        yield part
