"""Several nodes in one cluster, to be killed and started again: `with cluster(3) as three: ...`."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from installation import Installation, installation, once
from nodes import VERSIONS, Node


def _archive(installed: Installation, archive: Path) -> None:
    """Start and end a node whose Java writes down the classes that it has loaded."""
    writing = Node(installed, {"discovery.type": "single-node"}, f"-XX:ArchiveClassesAtExit={archive}")
    try:
        writing.start()
    finally:
        writing.stop()


class Cluster:
    """Nodes of one cluster. Each reads from a file where the others are, again and again until it has joined."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self.nodes = tuple(nodes)

    @property
    def master(self) -> Node:
        """The node that the others follow now."""
        name = self._running[0].ask("GET", "/_cat/master?format=json&h=node").json[0]["node"]
        return next(one for one in self.nodes if one.name == name)

    @property
    def _running(self) -> list[Node]:
        return [one for one in self.nodes if one.is_running]

    def start(self, *nodes: Node) -> None:
        """Start some of them, also killed ones on their own data, and wait until all that run are one cluster."""
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
