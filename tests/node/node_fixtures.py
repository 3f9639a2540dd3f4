"""Fixtures of the tests that run on real nodes, which a session starts once, when first asked for one.

    from node_fixtures import ON_NODES, any_node
    pytestmark = ON_NODES

With xdist, the mark puts all these tests on one worker (`--dist loadgroup`, in pyproject.toml), so that a session has
each node once. Distributed otherwise they work too, at the price of a set of nodes for every worker.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache

import pytest
from installation import ENVIRONMENT, NotAvailableError
from nodes import SECURE_VERSION, VERSIONS, Cluster, Node, cluster, node

ON_NODES = [pytest.mark.node, pytest.mark.xdist_group("node")]


@contextmanager
def wanted() -> Iterator[None]:
    """Skip the test where something is missing; with MLALIAS_TEST_NODE=1, fail."""
    try:
        yield
    except NotAvailableError as missing:
        if ENVIRONMENT.get("MLALIAS_TEST_NODE") == "1":
            raise
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def _nodes() -> Iterator[Callable[..., Node]]:
    """The nodes of the session, each started when first asked for."""
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
    """A node with security and TLS; what a test leaves on it is deleted, but for users and keys."""
    running = _nodes(SECURE_VERSION, secure=True)
    yield running
    running.wipe()


@pytest.fixture(scope="module")
def three_nodes() -> Iterator[Cluster]:
    """A cluster of three for the tests of one module, which may kill them."""
    with ExitStack() as stack:
        with wanted():
            running = stack.enter_context(cluster(3))
        yield running
