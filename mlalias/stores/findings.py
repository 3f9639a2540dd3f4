"""What `verify` finds."""

from typing import NamedTuple

from mlalias.errors import Hint


class Finding(NamedTuple):
    """Something wrong, the file or the document it is in, and what fixes it."""

    path: str
    message: str
    fix: Hint


class Findings(NamedTuple):
    """Faults make a catalog damaged, notes do not."""

    faults: tuple[Finding, ...]
    notes: tuple[Finding, ...]
