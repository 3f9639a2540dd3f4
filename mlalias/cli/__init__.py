"""The command line: `main(argv)` gives the exit code.

`main.py` is the only place that catches; `changing.py`, `reading.py` and `serving.py` hold the commands, a short
function each that decides nothing; `advice.py` finds what to type next. Knock at `main`.
"""

from mlalias.cli.main import main

__all__ = ["main"]
