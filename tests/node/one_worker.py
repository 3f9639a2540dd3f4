"""All tests on real nodes go to one of xdist's workers, so that a session has each node once.

`--dist loadgroup` is meant for this, and groups nothing with pytest 9.2: pytest-xdist 3.8 marks tests by an attribute
that pytest no longer has (https://github.com/pytest-dev/pytest-xdist/blob/v3.8.0/src/xdist/remote.py).
"""

from xdist.scheduler import LoadScopeScheduling


class OneWorkerForNodes(LoadScopeScheduling):
    """Tests are dealt out one by one, but for those in files named `test_node*`."""

    def _split_scope(self, nodeid: str) -> str:
        return "on nodes" if "/test_node" in nodeid else nodeid
