"""A cluster that holds the sample, and the same sample in a directory."""

import shutil

import pytest
from cluster_support import Cluster, Front, complete, elasticsearch


@pytest.fixture(scope="session")
def pristine(pristine, tmp_path_factory):
    """The sample, with what a server fills in: a cluster and a directory of it say the same."""
    directory = tmp_path_factory.mktemp("completed") / "catalog"
    shutil.copytree(pristine, directory)
    complete(directory)
    return directory


@pytest.fixture
def cluster(sample):
    """A cluster of the sample; put another server over the same directory here to try it."""
    front = Front(elasticsearch(sample))
    with front.listening() as url:
        yield Cluster(url, front, sample)


@pytest.fixture(params=["directory", "cluster"])
def place(request):
    """One catalog as a directory, one as a cluster."""
    if request.param == "cluster":
        return request.getfixturevalue("cluster").url
    return str(request.getfixturevalue("sample"))


@pytest.fixture
def declared(tmp_path):
    """Write a declaration: `declared(alias="model")` gives its path."""

    def write(**aliases):
        path = tmp_path / "declared.toml"
        path.write_text("[aliases]\n" + "".join(f'{alias} = "{target}"\n' for alias, target in aliases.items()))
        return path

    return write
