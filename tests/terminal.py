"""Runs the program on a terminal of a given width, as people do."""

import os
import pty
import re
import subprocess
import sys


def on_terminal(*words, columns=80, program=("-m", "mlalias"), **environment):
    """What a command prints on a terminal of a given width, both streams together."""
    leader, follower = pty.openpty()
    environment = os.environ | {"TERM": "xterm-256color", "COLUMNS": str(columns)} | environment
    with subprocess.Popen(
        [sys.executable, *program, *map(str, words)], stdout=follower, stderr=follower, env=environment
    ) as process:
        os.close(follower)
        chunks = []
        while True:
            try:
                chunk = os.read(leader, 65536)
            except OSError:
                break
            if not chunk:
                break
            chunks.append(chunk)
    os.close(leader)
    assert process.returncode is not None
    return b"".join(chunks).decode().replace("\r\n", "\n")


def plain(text):
    """The text without its colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)
