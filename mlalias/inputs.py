"""Reads files named on the command line, up to a size limit."""

import stat
import sys
from pathlib import Path

from mlalias.errors import Hint, InvalidDocument
from mlalias.text import LARGEST


def read_input(name: str) -> bytes:
    """The contents of a file, or of standard input for `-`; raises InvalidDocument."""
    if name != "-":
        return read_file(name)
    if sys.stdin is None:
        raise InvalidDocument("standard input is closed")
    return _within_bounds(sys.stdin.buffer.read(LARGEST + 1), "standard input")


def read_file(name: str) -> bytes:
    """The contents of a file; raises InvalidDocument if it cannot be read or is too large."""
    if not name:
        raise InvalidDocument("'' is not the name of a file")
    try:
        path = Path(name)
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise InvalidDocument(f"{name} is a directory")
        if not stat.S_ISREG(mode) and not name.startswith("/dev/"):
            raise InvalidDocument(f"{name} is not a regular file", Hint("to read a pipe, give - for standard input"))
        with path.open("rb") as file:
            return _within_bounds(file.read(LARGEST + 1), name)
    except (OSError, ValueError) as error:
        what = (error.strerror or "") if isinstance(error, OSError) else str(error)
        raise InvalidDocument(f"{name} cannot be read: {what.lower()}") from error


def _within_bounds(data: bytes, source: str) -> bytes:
    if len(data) > LARGEST:
        raise InvalidDocument(f"{source} is larger than {LARGEST >> 20} MiB")
    return data
