"""Several nodes in one cluster, to be killed and started again: `with cluster(3) as three: ...`."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from installation import Installation, installation, once
from nodes import VERSIONS, Node


def _archive(installed: Installation, archive: Path) -> None:
    """Start and stop a node whose Java records the classes that it loads."""
    writing = Node(installed, {"discovery.type": "single-node"}, f"-XX:ArchiveClassesAtExit={archive}")
    try:
        writing.start()
    finally:
        writing.stop()


class Cluster:
    """Nodes of one cluster. Each node re-reads the addresses of the others from a file until it has joined."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self.nodes = tuple(nodes)

    @property
    def master(self) -> Node:
        """The current master node."""
        name = self._running[0].ask("GET", "/_cat/master?format=json&h=node").json[0]["node"]
        return next(node for node in self.nodes if node.name == name)

    @property
    def _running(self) -> list[Node]:
        return [node for node in self.nodes if node.is_running]

    def start(self, *nodes: Node) -> None:
        """Start some of the nodes, killed ones on their old data, and wait until all running nodes form one cluster."""
        for one in nodes:
            one.begin()
        for one in nodes:
            one.await_listening()
        running = self._running
        addresses = "".join(f"{one.transport}\n" for one in running)
        for one in running:
            (one.home / "config" / "unicast_hosts.txt").write_text(addresses)
        for one in running:
            one.await_health(f"wait_for_nodes={len(running)}")


@contextmanager
def cluster(size: int, version: str = VERSIONS[-1]) -> Iterator[Cluster]:
    """Some nodes in one cluster; raises as `node` does."""
    installed = installation(version)
    once(installed.archive, lambda archive: _archive(installed, archive))
    names = [f"node-{number}" for number in range(size)]
    settings = {
        "cluster.name": "tests",
        "cluster.initial_master_nodes": names,
        "discovery.seed_providers": "file",
        "discovery.find_peers_interval": "100ms",
        "discovery.initial_state_timeout": "0s",  # it listens before it has joined
    }
    with ExitStack() as stack:
        made = Cluster([Node(installed, settings | {"node.name": name}) for name in names])
        for one in made.nodes:
            stack.callback(one.stop)
        made.start(*made.nodes)
        yield made
