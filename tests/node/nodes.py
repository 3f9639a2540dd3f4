"""Real nodes of Elasticsearch: `with node("9.5.3") as elasticsearch: ...`. `clusters.py` has several in one cluster.

Documents, indices, aliases, settings, the cluster state and (with `secure`) authentication and privileges are real.
Machine learning and ingest are not in the published jars; `proxy.py` adds them.
"""

import base64
import hashlib
import json
import shutil
import ssl
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import trustme
from installation import ENVIRONMENT, Installation, installation

VERSIONS = ("8.19.21", "9.5.3")
# x-pack-template-resources and es-opensaml-security-api are not published for 9.5.
SECURE_VERSION = "8.19.21"
USER, PASSWORD = "admin", "of-the-tests"
_STARTING = 60  # seconds
_LAST_LINES = 20
_OPTIONS = ["-Xms256m", "-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dlog4j2.level=WARN"]
_SETTINGS = {
    "network.host": "127.0.0.1",
    "transport.port": 0,
    "node.portsfile": True,
    "cluster.routing.allocation.disk.threshold_enabled": False,
}


class Reply(NamedTuple):
    """A response as it was received."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class NodeFailedError(Exception):
    """A node that did not start, with the last lines of its log."""


class Node:
    """A process of Elasticsearch. Its home folder survives `kill`, and is deleted by `stop`."""

    def __init__(
        self, installed: Installation, settings: Mapping[str, Any], *options: str, secure: bool = False
    ) -> None:
        self._installed = installed
        self._options = options or (f"-XX:SharedArchiveFile={installed.archive}",) * installed.archive.exists()
        self._process: subprocess.Popen[bytes] | None = None
        self.home = Path(tempfile.mkdtemp(prefix="mlalias-node-"))
        self.log = self.home / "node.log"
        self.url = ""
        self.authority = trustme.CA() if secure else None
        self.name = settings.get("node.name")
        self._settings = {**_SETTINGS, **settings}
        for folder in ("config", "logs"):
            (self.home / folder).mkdir()
        (self.home / "modules").symlink_to(installed.modules)
        if self.authority:
            self._settings |= _security(self.home / "config", self.authority)

    # --- its life ---

    def start(self) -> None:
        """Start it and wait until it listens; after `kill`, it gets its old address again if that is free."""
        self.begin()
        self.await_listening()

    def begin(self) -> None:
        """Start it."""
        for ports in self.home.glob("logs/*.ports"):
            ports.unlink()
        old = f"{urlsplit(self.url).port}," if self.url else ""
        settings = self._settings | {"http.port": f"{old}0"}
        text = "".join(f"{key}: {json.dumps(value)}\n" for key, value in settings.items())
        (self.home / "config" / "elasticsearch.yml").write_text(text)
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [
                    self._installed.java,
                    *_OPTIONS,
                    *self._options,
                    "-cp",
                    self._installed.classes,
                    "Launcher",
                    self.home,
                ],
                env=ENVIRONMENT,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def await_listening(self) -> None:
        """Wait for its address; raises NodeFailedError."""
        self.url = f"{'https' if self.authority else 'http'}://{self._port('http')}"

    @property
    def transport(self) -> str:
        """Its address for other nodes."""
        return self._port("transport")

    def _port(self, kind: str) -> str:
        assert self._process
        file, end = self.home / "logs" / f"{kind}.ports", time.monotonic() + _STARTING
        while not file.exists():
            if self._process.poll() is not None or time.monotonic() > end:
                raise NodeFailedError(self.last_lines())
            time.sleep(0.02)
        return file.read_text().split()[0]

    def last_lines(self) -> str:
        """The end of its log."""
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return "\n".join(("the node did not start; its log ends with:", *lines[-_LAST_LINES:]))

    @property
    def pid(self) -> int:
        """Its process."""
        assert self._process
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether its process is running."""
        return self._process is not None and self._process.poll() is None

    def await_health(self, condition: str) -> None:
        """Wait for a condition of the cluster's health."""
        end = time.monotonic() + _STARTING
        while self.ask("GET", f"/_cluster/health?{condition}&timeout=5s").status != HTTPStatus.OK:
            if time.monotonic() > end:
                raise NodeFailedError(self.last_lines())

    def kill(self) -> None:
        """Kill it as a power cut would; its data are kept."""
        assert self._process
        self._process.kill()
        self._process.communicate()

    def stop(self) -> None:
        """Stop it and delete its home."""
        if self._process:
            self._process.communicate()  # closes its standard input
        shutil.rmtree(self.home, ignore_errors=True)

    # --- its answers ---

    def ask(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None, timeout: float = 30
    ) -> Reply:
        """Send a request unchanged, as the superuser if the node is secure; a body other than bytes is sent as JSON."""
        headers = dict(headers or {})
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            headers.setdefault("Content-Type", "application/json")
        if self.authority:
            headers.setdefault("Authorization", basic(USER, PASSWORD))
        return ask(self.url, method, path, body, headers, self.context, timeout)

    def wipe(self) -> None:
        """Delete what tests left: data streams, indices, templates and settings, except Elasticsearch's own."""
        self.ask("PUT", "/_cluster/settings", {"persistent": {"*": None}, "transient": {"*": None}})
        for path in ("_ingest/pipeline/*", "_data_stream/*", "_index_template/*", "_component_template/*"):
            self.ask("DELETE", f"/{path}")
        listed = self.ask("GET", "/_cat/indices?format=json&h=index&expand_wildcards=all").json
        for name in (entry["index"] for entry in listed):
            if not name.startswith(".security"):
                self.ask("DELETE", f"/{name}")

    @property
    def context(self) -> ssl.SSLContext | None:
        """An SSL context that trusts its authority."""
        if self.authority is None:
            return None
        context = ssl.create_default_context()
        self.authority.configure_trust(context)
        return context

    def present(self, leaf: trustme.LeafCert) -> None:
        """Use another certificate from now on."""
        _write_certificate(self.home / "config", leaf)
        wanted, end = leaf.cert_chain_pems[0].bytes().decode().split(), time.monotonic() + _STARTING
        address = urlsplit(self.url)
        while ssl.get_server_certificate((str(address.hostname), address.port or 0)).split() != wanted:
            if time.monotonic() > end:
                raise NodeFailedError(self.last_lines())
            time.sleep(0.05)


def ask(
    url: str,
    method: str,
    path: str,
    body: bytes | None,
    headers: Mapping[str, str],
    context: ssl.SSLContext | None = None,
    timeout: float = 30,
) -> Reply:
    """Send a request; the header names of the response are in lower case."""
    place = urlsplit(url).netloc
    connection = (
        HTTPSConnection(place, timeout=timeout, context=context) if context else HTTPConnection(place, timeout=timeout)
    )
    try:
        connection.request(method, path, body, dict(headers))
        answer = connection.getresponse()
        return Reply(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
    finally:
        connection.close()


def basic(user: str, password: str) -> str:
    """An Authorization header."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def _security(config: Path, authority: trustme.CA) -> dict[str, Any]:
    """The settings of a node with security; this writes its superuser and certificates into the folder."""
    authority.cert_pem.write_to_path(config / "ca.crt")
    _write_certificate(config, authority.issue_cert("127.0.0.1", "localhost"))
    hashed = base64.b64encode(hashlib.sha1(PASSWORD.encode()).digest()).decode()  # noqa: S324 - as the file has it
    (config / "users").write_text(f"{USER}:{{SHA}}{hashed}\n")
    (config / "users_roles").write_text(f"superuser:{USER}\n")
    return {
        "xpack.security.enabled": True,
        "xpack.security.http.ssl.enabled": True,
        "xpack.security.http.ssl.key": "node.key",
        "xpack.security.http.ssl.certificate": "node.crt",
        "resource.reload.interval.high": "100ms",  # how soon it notices another certificate
    }


def _write_certificate(config: Path, leaf: trustme.LeafCert) -> None:
    leaf.private_key_pem.write_to_path(config / "node.key")
    leaf.cert_chain_pems[0].write_to_path(config / "node.crt")


@contextmanager
def node(version: str, *, secure: bool = False) -> Iterator[Node]:
    """A node; raises NotAvailableError if Java or Maven is missing, NodeFailedError if it does not start."""
    made = Node(installation(version, secure=secure), {"discovery.type": "single-node"}, secure=secure)
    try:
        made.start()
        yield made
    finally:
        made.stop()
