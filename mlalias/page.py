"""What a command prints."""

from enum import StrEnum
from typing import NamedTuple


class Format(StrEnum):
    """How a result is printed."""

    table = "table"
    tsv = "tsv"
    json = "json"


class Page(NamedTuple):
    """The result, the talk about it, and the exit code.

    `committed` tells that a change is in place, should printing fail.
    """

    text: str = ""
    talk: str = ""
    code: int = 0
    committed: bool = False
