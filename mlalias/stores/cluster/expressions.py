"""The expressions by which models are asked for: names or patterns, with commas between them."""

from collections.abc import Iterator, Sequence

_ALPHANUMERIC = "0123456789abcdefghijklmnopqrstuvwxyz"
_LONGEST = 3000  # of the 4,096 bytes that a request's first line may have


def narrowed(patterns: Sequence[str]) -> list[Sequence[str]]:
    """Patterns that together match what the given ones do: half of them each, or with one more character.

    The model whose id is a pattern's stem is the first that matches it, and so was listed already.
    """
    if not patterns:
        patterns = [f"{character}*" for character in f".{_ALPHANUMERIC}"]
    elif len(patterns) == 1:
        stem = patterns[0].removesuffix("*")
        patterns = [f"{stem}{character}*" for character in f"._-{_ALPHANUMERIC}"]
    middle = len(patterns) // 2
    return [patterns[:middle], patterns[middle:]]


def within_a_line(names: Sequence[str]) -> Iterator[Sequence[str]]:
    """Names in parts that the first line of a request can hold."""
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
