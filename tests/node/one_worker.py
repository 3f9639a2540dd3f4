"""Runs all tests on real nodes in one of xdist's workers, so that a session starts each node once.

`--dist loadgroup` is meant for this, but has no effect with pytest 9.2: pytest-xdist 3.8 marks tests by an attribute
that pytest no longer has (https://github.com/pytest-dev/pytest-xdist/blob/v3.8.0/src/xdist/remote.py).
"""

from xdist.scheduler import LoadScopeScheduling


class OneWorkerForNodes(LoadScopeScheduling):
    """Distributes tests one by one, except those in files named `test_node*`, which stay together."""

    def _split_scope(self, nodeid: str) -> str:
        return "on nodes" if "/test_node" in nodeid else nodeid
