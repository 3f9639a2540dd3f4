"""Draws the README's picture of a session: `python tests/picture.py` writes .github/session.svg."""

import os
import pty
import subprocess
import sys
import tempfile
from io import StringIO
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

TOP = Path(__file__).parent.parent
PICTURE = TOP / ".github" / "session.svg"
WIDTH = 140
COMMANDS = [
    "list",
    "put flight-delay-slim-1612000000000 flight_delay_model --reassign",
    "put sst-2-draft sentiment --reassign",
]


def played():
    """The commands and their output on a terminal, in colour."""
    with tempfile.TemporaryDirectory() as directory:
        environment = {
            "MLALIAS_CATALOG": f"{directory}/catalog",
            "PATH": os.environ["PATH"],
            "TERM": "xterm",
            "COLUMNS": str(WIDTH),
            "PYTHONIOENCODING": "utf-8",
        }
        sample = [f"tests/sample/{name}.json" for name in ("models", "stats", "pipelines")]
        on_terminal(["import", *sample], environment)
        for command in COMMANDS:
            yield f"\x1b[32m$\x1b[0m \x1b[1mmlalias {command}\x1b[0m\n{on_terminal(command.split(), environment)}"


def on_terminal(words, environment):
    """What a command prints on a terminal."""
    leader, follower = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "mlalias", *words], cwd=TOP, env=environment, stdout=follower, stderr=follower
    ):
        os.close(follower)
        printed = b""
        while chunk := _read(leader):
            printed += chunk
    os.close(leader)
    return printed.decode().replace("\r\n", "\n")


def _read(leader):
    try:
        return os.read(leader, 65536)
    except OSError:  # Linux's way to say that the other end is closed
        return b""


def svg():
    """The session as a picture."""
    console = Console(record=True, file=StringIO(), width=WIDTH, force_terminal=True, color_system="truecolor")
    for text in played():
        console.print(Text.from_ansi(text))
    return console.export_svg(title="mlalias", theme=MONOKAI, unique_id="session")


if __name__ == "__main__":
    PICTURE.write_text(svg())
