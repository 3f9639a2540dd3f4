"""The command line: `main(argv)` gives the exit code.

`main.py` is the only place that catches; `changing.py`, `reading.py`, `checking.py` and `serving.py` hold the commands,
a short function each that decides nothing; `writing.py` carries a change out for them. Knock at `main`.
"""

from mlalias.cli.main import main

__all__ = ["main"]
