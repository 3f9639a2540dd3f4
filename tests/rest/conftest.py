"""A server of the sample."""

import pytest
from serve_support import served


@pytest.fixture(scope="module")
def sample_server(tmp_path_factory):
    """One server for all tests of a module."""
    with served(tmp_path_factory.mktemp("served")) as found:
        yield found


@pytest.fixture
def server(sample_server):
    """The server, its catalog fresh from the sample."""
    sample_server.reset()
    return sample_server
