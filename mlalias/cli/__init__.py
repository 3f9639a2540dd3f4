"""The command line: `main(argv)` gives the exit code.

`main.py` is the only place that catches; `changing.py`, `reading.py`, `checking.py` and `serving.py` hold the commands,
a short function each that decides nothing; `options.py` has the options that they share, and `writing.py` carries a
change out for them. `app.py` is the Typer application, and `commands.py` says which module has which command, as only
that module is imported. `usage.py` explains wrong command lines, `helping.py` has `help`, `completion.py` and
`shells.py` complete words. Start at `main`.
"""

from mlalias.cli.main import main

__all__ = ["main"]
