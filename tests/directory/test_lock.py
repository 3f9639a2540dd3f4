"""The lock, whatever becomes of its file."""

import subprocess
import sys
import threading
import time

import pytest
from harness import OLD

from mlalias.errors import Busy
from mlalias.stores.directory.lock import locked

WRITER = """
import sys
from mlalias.cli.main import main
for n in range(6):
    assert main(["put", sys.argv[2], f"{sys.argv[1]}-{n}-x", "-q"]) == 0
"""
HOLDER = """
import sys, time
from pathlib import Path
from mlalias.stores.directory.lock import locked
with locked(Path(sys.argv[1]), 10, lambda: None):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_no_change_is_lost_while_the_lock_file_is_removed_again_and_again(run, sample):
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, name, OLD]) for name in "abcd"]
    while any(writer.poll() is None for writer in writers):
        (sample / ".lock").unlink(missing_ok=True)
        time.sleep(0.002)
    assert [writer.returncode for writer in writers] == [0] * 4
    assert len([name for name in run("list", OLD, "-o", "tsv").out.splitlines() if "-x\t" in name]) == 24
    assert run("verify").code == 0


def test_a_lock_whose_file_was_removed_is_still_held(sample):
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(sample / ".lock")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout.readline() == b"held\n"
        (sample / ".lock").unlink()
        with pytest.raises(Busy), locked(sample / ".lock", 0.3, lambda: None):
            pass
        holder.stdin.close()
        holder.wait(10)
    with locked(sample / ".lock", 5, lambda: None):
        pass


def test_who_waited_for_a_file_that_was_removed_locks_the_one_that_is_there(sample):
    path, order = sample / ".lock", []

    def second():
        with locked(path, 10, lambda: None):
            order.append(path.exists())

    with locked(path, 10, lambda: None):
        thread = threading.Thread(target=second)
        thread.start()
        time.sleep(0.2)
        path.unlink()
    thread.join(10)
    assert order == [True]
