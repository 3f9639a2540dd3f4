"""Arguments of calls from Python: a type that the signature does not say is a TypeError, before anything is done."""

from collections.abc import Iterable
from types import UnionType


def check(kind: type | UnionType, **arguments: object) -> None:
    """Raise TypeError for an argument that is not of a kind; a bool is no number."""
    for name, value in arguments.items():
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            wanted = kind.__name__ if isinstance(kind, type) else kind
            raise TypeError(f"{name} must be {wanted}, not {type(value).__name__}")


def texts(name: str, given: Iterable[str]) -> tuple[str, ...]:
    """Several strings; raises TypeError for one alone, which would be taken letter by letter, and for others."""
    if isinstance(given, str):
        raise TypeError(f"{name} must be several str, not one")
    several = tuple(given)
    for text in several:
        check(str, **{name: text})
    return several
