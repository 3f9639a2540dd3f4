"""A served copy of the sample, and a plain HTTP client: what the tests of `serve` share."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from harness import MLALIAS, build_sample

from mlalias.rest.app import App
from mlalias.rest.listen import background
from mlalias.stores.directory.store import DirectoryStore

JSON = {"Content-Type": "application/json"}


class Reply(NamedTuple):
    """An answer as it came."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def type(self) -> str:
        return self.json["error"]["type"]


def ask(url: str, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Reply:
    """Send one request exactly as it is written; a body that is not bytes goes as JSON."""
    connection = HTTPConnection(urlsplit(url).netloc, timeout=20)
    if body is not None and not isinstance(body, bytes):
        body, headers = json.dumps(body), JSON | dict(headers or {})
    try:
        connection.request(method, path, body, dict(headers or {}))
        answer = connection.getresponse()
        return Reply(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
    finally:
        connection.close()


class Served:
    """A catalog that holds the sample, and its server."""

    def __init__(self, directory: Path, pristine: Path, url: str) -> None:
        self.directory = directory
        self.url = url
        self._pristine = pristine

    def reset(self) -> None:
        """Begin again with the sample."""
        shutil.rmtree(self.directory, ignore_errors=True)
        shutil.copytree(self._pristine, self.directory)

    def ask(self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Reply:
        return ask(self.url, method, path, body, headers)

    def aliases(self) -> dict[str, str]:
        return dict(DirectoryStore(self.directory).read().aliases)


@contextmanager
def served(root: Path, **options: Any) -> Iterator[Served]:
    """Serve a copy of the sample from a thread."""
    pristine, directory = build_sample(root / "pristine"), root / "catalog"
    app = App(DirectoryStore(directory), **options)
    with background(app) as url:
        found = Served(directory, pristine, url)
        found.reset()
        yield found


def environment(**more: str) -> dict[str, str]:
    """What a process of mlalias may know of this one."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MLALIAS_")}
    return kept | {"PYTHONUNBUFFERED": "1"} | more


@contextmanager
def process(catalog: Path, *options: str, **env: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run `mlalias serve` as a user does; gives the process and the URL that it printed."""
    command = [*MLALIAS, "serve", "--port", "0", "--catalog", str(catalog), *options]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(**env)
    ) as running:
        try:
            assert running.stdout is not None
            yield running, running.stdout.readline().strip()
        finally:
            running.kill()
