"""Every test runs in a temporary home, on a catalog of its own, with no network but the loopback."""

import json
import os
import shutil
import socket
from pathlib import Path
from typing import NamedTuple

import pytest

from mlalias.cli import main

pytest_plugins = ["node_fixtures"]

HERE = Path(__file__).parent
SAMPLE = HERE / "sample"
OLD, NEW = "flight-delay-prediction-1574775339910", "flight-delay-prediction-1580004349800"
SLIM = "flight-delay-slim-1612000000000"
CLASSIFIER = "flight-delayed-classification-1601405047985"
DISTILBERT = "distilbert-base-uncased-finetuned-sst-2-english"


def pytest_addoption(parser):
    parser.addoption("--update-cases", action="store_true", help="write what the program does now into tests/cases")


@pytest.fixture(autouse=True)
def _fence(monkeypatch, tmp_path):
    for name in list(os.environ):
        if name.startswith(("MLALIAS_", "ES_", "XDG_")) or name in (
            "NO_COLOR",
            "FORCE_COLOR",
            "COLUMNS",
            "SOURCE_DATE_EPOCH",
        ):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MLALIAS_CATALOG", str(tmp_path / "catalog"))
    monkeypatch.setenv("MLALIAS_ACTOR", "ada@lab")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1795514651")
    monkeypatch.setenv("TZ", "UTC")


@pytest.fixture(autouse=True)
def _loopback_only(monkeypatch):
    connect = socket.socket.connect

    def guarded(self, address):
        host = address[0] if isinstance(address, tuple) else "localhost"
        if host not in ("127.0.0.1", "::1", "localhost"):
            raise AssertionError(f"a test reaches out to {address}")
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


class Ran(NamedTuple):
    """What a command printed, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


@pytest.fixture
def run(capsys):
    """Run a command as `main` does: `run("put", "m", "a")`."""

    def run(*words):
        capsys.readouterr()
        code = main([str(word) for word in words])
        return Ran(code, *capsys.readouterr())

    return run


@pytest.fixture
def catalog(tmp_path):
    """The directory of the catalog, which is not there until something is written."""
    return tmp_path / "catalog"


@pytest.fixture(scope="session")
def _sample_once(tmp_path_factory):
    directory = tmp_path_factory.mktemp("sample") / "catalog"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLALIAS_ACTOR", "ada@lab")
        patch.setenv("SOURCE_DATE_EPOCH", "1795514651")
        files = [str(SAMPLE / name) for name in ("models.json", "stats.json", "pipelines.json")]
        assert main(["import", *files, "--catalog", str(directory), "-q"]) == 0
    return directory


@pytest.fixture
def sample(catalog, _sample_once):
    """A catalog with the sample's 12 models, six aliases and three pipelines."""
    shutil.copytree(_sample_once, catalog)
    return catalog


@pytest.fixture
def seed(run, tmp_path):
    """Import a declaration: `seed('[aliases]...')`."""

    def seed(text, *options):
        path = tmp_path / "seed.toml"
        path.write_text(text)
        ran = run("import", path, *options)
        assert ran.code == 0, ran.err
        return ran

    return seed


def contents(directory):
    """Every file below a directory, with its bytes."""
    return {
        str(path.relative_to(directory)): path.read_bytes() for path in sorted(directory.rglob("*")) if path.is_file()
    }
