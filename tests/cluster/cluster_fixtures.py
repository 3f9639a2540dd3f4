"""Fixtures of the tests of a cluster: a fenced environment, the sample as a directory and as a cluster, a command."""

import os

import pytest
from cluster_support import Cluster, Front, Run, build_sample, copied, elasticsearch

from mlalias.cli.main import main


@pytest.fixture
def fenced(monkeypatch, tmp_path):
    """No catalog, credentials or home of whoever runs the tests."""
    for name in [*os.environ]:
        if name.startswith(("MLALIAS_", "ES_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NO_COLOR", "1")
    return monkeypatch


@pytest.fixture(scope="session")
def sample_source(tmp_path_factory):
    return build_sample(tmp_path_factory.mktemp("sample") / "catalog")


@pytest.fixture
def directory(sample_source, tmp_path):
    """A catalog directory of the sample, to be changed."""
    return copied(sample_source, tmp_path / "catalog")


@pytest.fixture
def cluster(directory):
    """A cluster of the sample; put another server over the same directory here to try it."""
    front = Front(elasticsearch(directory))
    with front.listening() as url:
        yield Cluster(url, front, directory)


@pytest.fixture
def run(capsys):
    """Run a command as a user does, and read what it prints."""

    def run(*words: str) -> Run:
        code = main([str(word) for word in words])
        return Run(code, *capsys.readouterr())

    return run


@pytest.fixture(params=["directory", "cluster"])
def place(request):
    """One catalog as a directory, one as a cluster."""
    found = request.getfixturevalue(request.param)
    return found.url if request.param == "cluster" else str(found)


@pytest.fixture
def declared(tmp_path):
    def write(**aliases):
        path = tmp_path / "declared.toml"
        path.write_text("[aliases]\n" + "".join(f'{alias} = "{target}"\n' for alias, target in aliases.items()))
        return path

    return write
