"""Type checks for the arguments of the Python API, made before anything else happens."""

from collections.abc import Iterable
from types import UnionType


def check(kind: type | UnionType, **arguments: object) -> None:
    """Raise TypeError for an argument that is not of type `kind`; a bool does not count as an int."""
    for name, value in arguments.items():
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            wanted = kind.__name__ if isinstance(kind, type) else kind
            raise TypeError(f"{name} must be {wanted}, not {type(value).__name__}")


def texts(name: str, given: Iterable[str]) -> tuple[str, ...]:
    """The strings as a tuple; raises TypeError for a single str, which would be split into letters, and for others."""
    if isinstance(given, str):
        raise TypeError(f"{name} must be several str, not one")
    strings = tuple(given)
    for text in strings:
        check(str, **{name: text})
    return strings
