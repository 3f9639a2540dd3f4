"""The comparison of two models' input fields."""

from collections.abc import Iterable
from typing import NamedTuple


class Overlap(NamedTuple):
    """The input fields that are kept, lost and gained by a move.

    `gained` is in the order of the new model, the others in that of the old one.
    """

    shared: tuple[str, ...]
    lost: tuple[str, ...]
    gained: tuple[str, ...]

    @property
    def old_count(self) -> int:
        """How many fields the old model takes."""
        return len(self.shared) + len(self.lost)

    @property
    def needed(self) -> int:
        """How many fields must be shared to avoid a warning: half of the old model's, rounded up."""
        return (self.old_count + 1) // 2

    @property
    def few(self) -> bool:
        """Whether too few fields are shared. Fields that only the new model takes do not matter."""
        return len(self.shared) < self.needed


def overlap(old: Iterable[str], new: Iterable[str]) -> Overlap:
    """Compare two models' field names exactly, case included; a repeated name counts once."""
    before, after = dict.fromkeys(old), dict.fromkeys(new)
    return Overlap(
        shared=tuple(name for name in before if name in after),
        lost=tuple(name for name in before if name not in after),
        gained=tuple(name for name in after if name not in before),
    )
