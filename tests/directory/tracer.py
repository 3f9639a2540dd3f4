"""Runs a command in a forked child under strace: recorded, killed, or with system calls that fail."""

import ctypes
import logging
import os
import re
import shutil
import subprocess
import sys
import traceback
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest

from mlalias.cli.main import main


def _usable():
    """Whether strace is there, and may trace: in some containers it may not."""
    if not shutil.which("strace"):
        return False
    return subprocess.run(["strace", "-o", os.devnull, "true"], capture_output=True, check=False).returncode == 0


NEEDED = pytest.mark.skipif(not _usable(), reason="needs strace (Debian: apt-get install strace)")

CHANGES = ("openat", "mkdir", "mkdirat", "rename", "renameat", "unlink", "unlinkat", "write", "ftruncate", "fsync")
OTHERS = ("read", "close", "stat", "lstat", "newfstatat", "fstat", "getdents64", "fcntl", "flock")
_ANY_TRACER = 0x59616D61  # PR_SET_PTRACER, with -1 for whoever asks

_WHOLE = re.compile(r"(\d+) +(\w+)\((.*)\) += (-?\d+|\?)")
_BEGUN = re.compile(r"(\d+) +(\w+\(.*) <unfinished \.\.\.>")
_ENDED = re.compile(r"(\d+) +<\.\.\. \w+ resumed>(.*)")
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
_DESCRIPTOR = re.compile(r"\d+<((?:\\x[0-9a-f]{2})*)>")


class Call(NamedTuple):
    """A system call: the `nth` of its name in its thread, as strace counts for an injection."""

    thread: str
    name: str
    arguments: str
    result: str
    nth: int = 0

    @property
    def texts(self):
        """Its strings: paths, or the data of a write."""
        return [_plain(text) for text in _TEXT.findall(self.arguments)]

    @property
    def path(self):
        """The file that it is about, the source of a rename."""
        named = [] if self.name in ("write", "read") else [text for text in self.texts if text]
        return os.fsdecode((named or [_plain(path) for path in _DESCRIPTOR.findall(self.arguments)])[0])

    @property
    def changes(self):
        """Whether it changes a file, or syncs it."""
        if self.name == "openat":
            return any(flag in self.arguments for flag in ("O_WRONLY", "O_RDWR", "O_CREAT"))
        return self.name in CHANGES


class Traced(NamedTuple):
    """How a traced command ended: `code` is negative for a signal."""

    code: int
    out: str
    err: str
    calls: list[Call]


def _plain(text):
    return bytes.fromhex(text.replace("\\x", ""))


class Tracer:
    """Traces what commands do below a directory; `scratch` is elsewhere."""

    def __init__(self, root, scratch):
        self.root = str(root)
        self.scratch = Path(scratch)
        self.scratch.mkdir()

    def record(self, words):
        """Run a command, and tell its system calls below the directory."""
        ran, pid = self._run(words, lambda _: [])
        self._paths = {call.path.replace(f".{pid}.tmp", ".PID.tmp") for call in ran.calls}
        return ran

    def inject(self, words, *injections):
        """Run a command that was recorded, with injections such as `fsync:error=EIO:when=2`."""

        def options(pid):
            for path in sorted(self._paths):
                yield from ("-P", path.replace(".PID.tmp", f".{pid}.tmp"))
            for injection in injections:
                yield from ("-e", f"inject={injection}")

        return self._run(words, options)[0]

    def _run(self, words, options):
        gate, opened = os.pipe()
        pid = os.fork()
        if pid == 0:
            self._child(gate, words)
        log = self.scratch / "log"
        traced = ",".join(f"?{name}" for name in (*CHANGES, *OTHERS))
        command = ["strace", "-f", "-y", "-xx", "-s", "9999999", "-o", str(log), "-e", f"trace={traced}"]
        with subprocess.Popen(
            [*command, *options(pid), "-p", str(pid)], stderr=subprocess.PIPE, text=True, close_fds=True
        ) as strace:
            attached = strace.stderr.readline()
            if "attached" in attached:
                os.write(opened, b"!")
            os.close(opened)
            os.close(gate)
            code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            assert "attached" in attached, attached
        calls = list(_numbered(call for call in parsed(log.read_text()) if self._inside(call)))
        out, err = ((self.scratch / name).read_text() for name in ("out", "err"))
        return Traced(code, out, err, calls), pid

    def _inside(self, call):
        return call.path == self.root or call.path.startswith(self.root + "/")

    def _child(self, gate, words):
        """Run the command once the gate is open; never returns."""
        code = 70
        try:
            ctypes.CDLL(None).prctl(_ANY_TRACER, ctypes.c_ulong(-1))
            for number, name in ((1, "out"), (2, "err")):
                os.dup2(os.open(self.scratch / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), number)
            sys.stdout, sys.stderr = (os.fdopen(number, "w", closefd=False) for number in (1, 2))
            logging.getLogger().handlers.clear()  # pytest's: without them a library's log goes to standard error
            if os.read(gate, 1):
                code = main([str(word) for word in words])
        except BaseException:  # noqa: BLE001 - a child never goes back into the test run
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)


def parsed(log):
    """The calls of a log; one that another thread interrupted is put together again."""
    begun = {}
    for line in log.splitlines():
        if found := _BEGUN.match(line):
            begun[found[1]] = found[2]
            continue
        ended = _ENDED.match(line)
        whole = f"{ended[1]} {begun.pop(ended[1])}{ended[2]}" if ended else line
        if (found := _WHOLE.match(whole)) and (_TEXT.search(found[3]) or _DESCRIPTOR.search(found[3])):
            yield Call(*found.groups())


def _numbered(calls):
    counts = Counter()
    for call in calls:
        counts[call.thread, call.name] += 1
        yield call._replace(nth=counts[call.thread, call.name])
