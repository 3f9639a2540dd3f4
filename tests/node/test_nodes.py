"""The nodes themselves: they start, stop with the process that started them, and report errors."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import installation
import nodes
import pytest
from installation import NotAvailableError
from node_fixtures import wanted

pytestmark = pytest.mark.node

_ONE_NODE = """
import time
from nodes import node
with node("9.5.3") as running:
    print(running.pid, running.home, flush=True)
    time.sleep(60)
"""
_STARTING_NODE = """
import nodes
class Telling(nodes.Node):
    def begin(self):
        super().begin()
        print(self.pid, self.home, flush=True)
nodes.Node = Telling
with nodes.node("9.5.3"):
    pass
"""


def test_a_node_keeps_documents(any_node):
    assert any_node.ask("PUT", "/things/_doc/1?refresh=true", {"a": 1}).status == 201
    assert any_node.ask("GET", "/things/_search").json["hits"]["total"]["value"] == 1


def test_a_test_leaves_nothing_behind(any_node):
    assert any_node.ask("GET", "/_cat/indices?expand_wildcards=all").body == b""


def test_security_is_real(secure_node):
    assert secure_node.ask("GET", "/_cluster/health", headers={"Authorization": "ApiKey bm86bm8="}).status == 401
    assert secure_node.ask("GET", "/_security/_authenticate").json["username"] == nodes.USER


def test_a_run_that_is_killed_leaves_no_process_and_no_folder():
    with wanted():
        installation.installation("9.5.3")
    with _run(_ONE_NODE) as run:
        pid, home = run.stdout.readline().split()
        assert Path(home).exists()
        run.kill()
    _await_end(int(pid), Path(home))


def test_a_run_that_is_interrupted_while_a_node_starts_leaves_no_process_and_no_folder():
    with wanted():
        installation.installation("9.5.3")
    with _run(_STARTING_NODE) as run:
        pid, home = run.stdout.readline().split()
        assert Path(home).exists()
        run.send_signal(signal.SIGINT)
    _await_end(int(pid), Path(home))


def _run(code):
    env = installation.ENVIRONMENT | {"PYTHONPATH": str(Path(nodes.__file__).parent)}
    return subprocess.Popen(
        [sys.executable, "-c", code], env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )


def _await_end(pid, home):
    end = time.monotonic() + 10
    while (home.exists() or _lives(pid)) and time.monotonic() < end:
        time.sleep(0.05)
    assert not home.exists()
    assert not _lives(pid)


def _lives(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not (stat.exists() and stat.read_text().split()[2] == "Z")


def test_a_node_that_does_not_start_shows_the_end_of_its_log(tmp_path):
    with wanted():
        installed = installation.installation("9.5.3")
    broken = nodes.Node(installed, {"no.such.setting": 1})
    try:
        with pytest.raises(nodes.NodeFailedError, match=r"(?s)its log ends with:.*no\.such\.setting"):
            broken.start()
    finally:
        broken.stop()
    assert not broken.home.exists()


@pytest.mark.parametrize(
    ("release", "said"),
    [
        (None, "a JDK of version 17 or newer is needed, and this machine has none"),
        ("11.0.2", "a JDK of version 17 or newer is needed, and the newest of this machine is 11"),
    ],
)
def test_java_that_is_missing_or_too_old(release, said, monkeypatch, tmp_path):
    if release:
        (tmp_path / "bin").mkdir()
        (tmp_path / "bin" / "javac").touch()
        (tmp_path / "release").write_text(f'IMPLEMENTOR="x"\nJAVA_VERSION="{release}"\n')
    monkeypatch.setattr(installation, "_homes", lambda: {tmp_path})
    with pytest.raises(NotAvailableError, match=f"^{said}$"):
        installation.installation("8.19.21")


def test_maven_that_is_missing_or_fetches_nothing(monkeypatch, tmp_path):
    with wanted():
        installation.installation("8.19.21")  # its jars may be in the cache, without Maven
    if shutil.which("mvn") is None:
        pytest.skip("mvn is not installed")
    monkeypatch.setattr(installation, "CACHE", tmp_path)
    with pytest.raises(NotAvailableError, match=r"^Maven cannot fetch Elasticsearch 8\.0\.0-none: "):
        installation.installation("8.0.0-none")
    monkeypatch.setitem(installation.ENVIRONMENT, "PATH", str(tmp_path))
    with pytest.raises(NotAvailableError, match="is not on the PATH"):
        installation.installation("8.19.21")


@pytest.mark.parametrize(("value", "raised"), [("0", pytest.skip.Exception), ("1", NotAvailableError)])
def test_what_is_missing_skips_or_fails_as_the_environment_says(value, raised, monkeypatch):
    monkeypatch.setitem(installation.ENVIRONMENT, "MLALIAS_TEST_NODE", value)
    with pytest.raises(raised, match="no Java"), wanted():
        raise NotAvailableError("no Java")
