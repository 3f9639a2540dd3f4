"""How the input fields of two models compare."""

from collections.abc import Iterable
from typing import NamedTuple


class Overlap(NamedTuple):
    """The input fields of an old and a new model, each part in the order of the model that has it."""

    shared: tuple[str, ...]
    lost: tuple[str, ...]
    gained: tuple[str, ...]

    @property
    def old_count(self) -> int:
        """How many fields the old model takes."""
        return len(self.shared) + len(self.lost)

    @property
    def needed(self) -> int:
        """How many shared fields keep a move free of a warning: half of the old ones, rounded up."""
        return (self.old_count + 1) // 2

    @property
    def few(self) -> bool:
        """Whether too few are shared. What only the new model takes does not count."""
        return len(self.shared) < self.needed


def overlap(old: Iterable[str], new: Iterable[str]) -> Overlap:
    """Compare two models' field names, exactly as they are spelled; a name listed twice counts once."""
    before, after = dict.fromkeys(old), dict.fromkeys(new)
    return Overlap(
        shared=tuple(name for name in before if name in after),
        lost=tuple(name for name in before if name not in after),
        gained=tuple(name for name in after if name not in before),
    )
