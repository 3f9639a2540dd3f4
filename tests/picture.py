"""Draws the README's picture of a session: `python tests/picture.py` writes .github/session.svg."""

import contextlib
import tempfile
from io import StringIO
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text
from terminal import on_terminal

TOP = Path(__file__).parent.parent
PICTURE = TOP / ".github" / "session.svg"
COMMANDS = [
    "list",
    "put flight-delay-slim-1612000000000 flight_delay_model --reassign",
    "put sst-2-draft sentiment --reassign",
]


COLUMNS = 100


def played():
    """The commands and what a terminal shows of them."""
    with tempfile.TemporaryDirectory() as directory, contextlib.chdir(TOP):

        def run(*words):
            return on_terminal(*words, columns=COLUMNS, MLALIAS_CATALOG=f"{directory}/catalog", TERM="xterm-256color")

        run("import", *(f"tests/sample/{name}.json" for name in ("models", "stats", "pipelines")))
        for command in COMMANDS:
            yield f"\x1b[32m$\x1b[0m \x1b[1mmlalias {command}\x1b[0m\n{run(*command.split())}"


def svg():
    """The session as a picture."""
    console = Console(record=True, file=StringIO(), width=COLUMNS, force_terminal=True, color_system="truecolor")
    for text in played():
        console.print(Text.from_ansi(text))
    return console.export_svg(title="mlalias", theme=MONOKAI, unique_id="session")


if __name__ == "__main__":
    PICTURE.write_text(svg())
