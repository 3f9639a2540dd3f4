"""Threads and processes that change one catalog from Python at once: nothing is lost."""

import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

import mlalias

OLD, NEW = "flight-delay-prediction-1574775339910", "flight-delay-prediction-1580004349800"

WRITER = """
import sys, threading, mlalias
catalog, name, target = mlalias.open(), sys.argv[1], sys.argv[2]
failures = []

def put(thread):
    try:
        for n in range(3):
            catalog.put(target, f"{name}-{thread}-{n}-x")
            assert catalog.resolve(f"{name}-{thread}-{n}-x") == target
    except BaseException as failure:
        failures.append(failure)
        raise

threads = [threading.Thread(target=put, args=[thread]) for thread in range(3)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
sys.exit(len(failures))
"""


def test_threads_of_several_processes_lose_nothing(run, sample, monkeypatch):
    monkeypatch.setenv("MLALIAS_LOCK_TIMEOUT", "60")
    catalog = mlalias.open()
    before = len(catalog.aliases)
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, f"w{n}", OLD]) for n in range(4)]
    while any(writer.poll() is None for writer in writers):
        now = catalog.aliases
        assert len(now) >= before
        assert set(now.values()) <= {OLD, *mlalias.open().aliases.values()}
        time.sleep(0.01)
    assert [writer.returncode for writer in writers] == [0] * 4
    assert len(catalog.aliases) == 6 + 4 * 3 * 3
    assert [entry.revision for entry in catalog.history()] == list(range(4 * 3 * 3 + 1, 0, -1))
    assert run("verify").code == 0


def test_threads_share_one_catalog_that_somebody_else_moves(sample):
    catalog, end = mlalias.open(), threading.Event()

    def read():
        seen = set()
        while not end.is_set():
            seen.add((catalog.resolve("flight_delay_model"), catalog.aliases["flight_delay_model"]))
        return {target for pair in seen for target in pair}

    with ThreadPoolExecutor(4) as pool:
        readers = [pool.submit(read) for _ in range(4)]
        for n in range(20):
            mlalias.open().put((NEW, OLD)[n % 2], "flight_delay_model", reassign=True)
        end.set()
    assert {target for reader in readers for target in reader.result()} == {OLD, NEW}


def test_one_of_many_consents_holds(sample):
    catalog = mlalias.open()

    def move(n):
        try:
            return catalog.put(NEW, "flight_delay_model", if_current=OLD, message=str(n))
        except mlalias.Conflict:
            return None

    with ThreadPoolExecutor(8) as pool:
        receipts = [receipt for receipt in pool.map(move, range(8)) if receipt]
    assert len(receipts) == 1
    assert receipts[0].revision == catalog.history("flight_delay_model", limit=1)[0].revision


GIVEN_UP = """
import gc, os, subprocess, sys, threading, mlalias
from pathlib import Path
from mlalias.stores.directory.lock import locked

lock = Path(os.environ["MLALIAS_CATALOG"]) / ".lock"
hold = "import sys; from pathlib import Path; from mlalias.stores.directory.lock import locked\\n" \\
       "with locked(Path(sys.argv[1]), 0, print): print(flush=True); sys.stdin.read()"
tried = [sys.executable, "-c", hold, str(lock)]
holder = subprocess.Popen(tried, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
holder.stdout.readline()
try:
    mlalias.open().put(sys.argv[1], "late")
except mlalias.Busy as failure:
    kept = failure  # and with it the frames in which the lock was tried
holder.communicate()
with locked(lock, 5, print):
    del kept
    gc.collect()
    sys.exit(subprocess.run(tried, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL).returncode == 0)
"""


def test_a_lock_that_was_given_up_takes_no_later_one_with_it(sample, monkeypatch):
    monkeypatch.setenv("MLALIAS_LOCK_TIMEOUT", "0")
    mlalias.open().put(OLD, "early")
    assert subprocess.run([sys.executable, "-c", GIVEN_UP, OLD], check=False).returncode == 0


FORKED = """
import os, sys, threading, mlalias
from pathlib import Path
from mlalias.stores.directory.lock import locked

catalog, held, end = mlalias.open(), threading.Event(), threading.Event()

def hold():
    with locked(Path(os.environ["MLALIAS_CATALOG"]) / ".lock", 5, print):
        held.set()
        end.wait()

thread = threading.Thread(target=hold)
thread.start()
held.wait()
child = os.fork()
if not child:
    try:
        catalog.put(sys.argv[1], "late")
        os._exit(0)
    finally:
        os._exit(1)
end.set()
thread.join()
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system cannot fork")
def test_a_child_does_not_wait_for_a_thread_of_its_parent(sample):
    mlalias.open().put(OLD, "early")
    assert subprocess.run([sys.executable, "-W", "ignore", "-c", FORKED, OLD], check=False).returncode == 0
    assert "late" in mlalias.open().aliases
