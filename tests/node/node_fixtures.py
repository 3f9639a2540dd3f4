"""Fixtures of the tests that run on real nodes. A session starts each node once, when it is first needed.

    pytestmark = pytest.mark.node

    def test_it(any_node): ...

With xdist, all these tests run in one worker, chosen by their file names: see `one_worker.py`.
"""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from clusters import Cluster, cluster
from installation import ENVIRONMENT, NotAvailableError
from nodes import SECURE_VERSION, VERSIONS, Node, node
from proxy import Front, in_front


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Run the tests on nodes in one worker."""
    if config.getvalue("dist") != "load":
        return None
    from one_worker import OneWorkerForNodes

    return OneWorkerForNodes(config, log)


@contextmanager
def wanted() -> Iterator[None]:
    """Skip the test if something is missing; with MLALIAS_TEST_NODE=1, fail."""
    try:
        yield
    except NotAvailableError as missing:
        if ENVIRONMENT.get("MLALIAS_TEST_NODE") == "1":
            raise
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def _nodes() -> Iterator[Callable[..., Node]]:
    """The nodes of the session, each started when it is first needed."""
    with ExitStack() as stack:

        @cache
        def running(version: str, *, secure: bool = False) -> Node:
            with wanted():
                return stack.enter_context(node(version, secure=secure))

        yield running


@pytest.fixture(params=VERSIONS)
def any_node(request: pytest.FixtureRequest, _nodes: Callable[..., Node]) -> Iterator[Node]:
    """A node of each version; what a test leaves on it is deleted."""
    running = _nodes(request.param)
    yield running
    running.wipe()


@pytest.fixture
def newest_node(_nodes: Callable[..., Node]) -> Iterator[Node]:
    """A node of the newest version; what a test leaves on it is deleted."""
    running = _nodes(VERSIONS[-1])
    yield running
    running.wipe()


@pytest.fixture
def secure_node(_nodes: Callable[..., Node]) -> Iterator[Node]:
    """A node with security and TLS; what a test leaves on it is deleted, except users and keys."""
    running = _nodes(SECURE_VERSION, secure=True)
    yield running
    running.wipe()


@pytest.fixture(scope="session")
def _three_nodes() -> Iterator[Cluster]:
    with ExitStack() as stack:
        with wanted():
            running = stack.enter_context(cluster(3))
        yield running


@pytest.fixture
def three_nodes(_three_nodes: Cluster) -> Cluster:
    """A cluster of three nodes. A test may kill some; they are restarted for the next test."""
    _three_nodes.start(*(node for node in _three_nodes.nodes if not node.is_running))
    _three_nodes.nodes[0].wipe()
    return _three_nodes


# --- `serve` in front of a node ---

SAMPLE = sorted((Path(__file__).parent.parent / "sample").glob("*.json"))


class Served(NamedTuple):
    """`mlalias serve`, its catalog, and the catalog's initial content."""

    url: str
    directory: Path
    pristine: Path

    def reset(self) -> None:
        """Reset the catalog to the sample."""
        shutil.rmtree(self.directory, ignore_errors=True)
        shutil.copytree(self.pristine, self.directory)


@pytest.fixture(scope="session")
def _served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    root = tmp_path_factory.mktemp("served")
    program = [sys.executable, "-m", "mlalias"]
    subprocess.run(
        [*program, "import", *SAMPLE, "--catalog", root / "pristine", "--quiet"], env=_environment(), check=True
    )
    command = [*program, "serve", "--port", "0", "--catalog", str(root / "catalog")]
    with subprocess.Popen(
        command, env=_environment(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as running:
        assert running.stdout
        try:
            yield Served(running.stdout.readline().strip(), root / "catalog", root / "pristine")
        finally:
            running.terminate()


def _environment() -> dict[str, str]:
    return {name: value for name, value in ENVIRONMENT.items() if not name.startswith(("MLALIAS_", "ES_"))}


@pytest.fixture
def served(_served: Served) -> Served:
    """A server of the sample, as `mlalias serve` starts it."""
    _served.reset()
    return _served


@pytest.fixture
def in_front_of(served: Served) -> Iterator[Callable[[Node], Front]]:
    """Put `serve`, with the sample, in front of a node, to make a complete cluster: `in_front_of(node).url`."""
    with ExitStack() as stack:
        yield lambda running: stack.enter_context(in_front(running, served.url))
