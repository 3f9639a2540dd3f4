"""The results of `verify`."""

from typing import NamedTuple

from mlalias.errors import Hint


class Finding(NamedTuple):
    """A problem, the file or document in which it is, and how to fix it."""

    path: str
    message: str
    fix: Hint


class Findings(NamedTuple):
    """The problems of a catalog: `faults` are damage, `notes` are not."""

    faults: tuple[Finding, ...]
    notes: tuple[Finding, ...]
