"""Every test has a temporary home and its own catalog, and no network except the loopback interface."""

import shutil
import socket

import hints
import pytest
from harness import Result, build_sample, fence

from mlalias.cli import main
from mlalias.output import shapes

pytest_plugins = ["node_fixtures"]


def pytest_addoption(parser):
    parser.addoption("--update-cases", action="store_true", help="write what the program does now into tests/cases")


@pytest.fixture(autouse=True)
def _fence(monkeypatch, tmp_path):
    fence(monkeypatch, tmp_path)


@pytest.fixture(autouse=True, scope="session")
def _loopback_only():
    connect = socket.socket.connect

    def guarded(self, address):
        host = address[0] if isinstance(address, tuple) else "localhost"
        if host not in ("127.0.0.1", "::1", "localhost"):
            raise AssertionError(f"a test reaches out to {address}")
        return connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded)
        yield


@pytest.fixture(autouse=True)
def hinted_after(monkeypatch):
    """The command line that is running; every hint that any test prints is checked against it."""
    command_line, words, printed = shapes.command_line, [], set()

    def noted(*arguments):
        text = command_line(*arguments)
        printed.add(hints.Printed(hints.words_of(text), tuple(words)))
        return text

    monkeypatch.setattr(shapes, "command_line", noted)
    yield words
    for each in printed:
        hints.check(each)


@pytest.fixture
def run(capsys, hinted_after):
    """Run a command as `main` does: `run("put", "m", "a")`; `screens` replaces the screens of the test."""

    def run(*words, screens=None):
        capsys.readouterr()
        hinted_after[:] = map(str, words)
        code = main(list(hinted_after), screens)
        return Result(code, *capsys.readouterr())

    return run


@pytest.fixture
def catalog(tmp_path):
    """The directory of the catalog, which does not exist until something is written."""
    return tmp_path / "catalog"


@pytest.fixture(scope="session")
def pristine(tmp_path_factory):
    """The sample's catalog, to be copied, not changed."""
    return build_sample(tmp_path_factory.mktemp("sample") / "catalog")


@pytest.fixture
def sample(catalog, pristine):
    """A catalog with the sample's 12 models, six aliases and three pipelines."""
    shutil.copytree(pristine, catalog)
    return catalog


@pytest.fixture
def seed(run, tmp_path):
    """Import a declaration: `seed('[aliases]...')`."""

    def seed(text, *options):
        path = tmp_path / "seed.toml"
        path.write_text(text)
        result = run("import", path, *options)
        assert result.code == 0, result.err
        return result

    return seed
