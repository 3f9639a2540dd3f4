"""Fronts of Elasticsearch on free loopback ports: over a catalog directory, or misbehaving."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from mlalias.cli.main import main
from mlalias.core.catalog import Endpoint
from mlalias.rest.app import App
from mlalias.stores.directory.store import DirectoryStore

PRODUCT = {"X-elastic-product": "Elasticsearch"}


class Asked(NamedTuple):
    """One request."""

    method: str
    path: str
    parameters: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def parts(self) -> list[str]:
        return [unquote(part) for part in self.path.strip("/").split("/")]

    @property
    def line(self) -> str:
        return f"{self.method} {self.path}"


class Told(NamedTuple):
    """One answer.

    `close` ends the connection after so many bytes of the body, -1 before any; `hang` keeps the answer back, with
    `close` what follows.
    """

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = {}
    hang: threading.Event | None = None
    close: int | None = None


Answering = Callable[[Asked], Told]


class Front:
    """A server that answers as it is told to, and keeps what it was asked and how much it sent.

    It keeps no history, and answers the question for one as a cluster does that has no such index; how often it was
    asked is in `looks`. Histories are tested on real nodes.
    """

    def __init__(self, answering: Answering) -> None:
        self.answering = answering
        self.asked: list[Asked] = []
        self.looks = 0
        self.sent = 0

    def answer(self, asked: Asked) -> "Told":
        if asked.line == "GET /mlalias-history/_search":
            self.looks += 1
            return error(404, "index_not_found_exception", "no such index [mlalias-history]")
        self.asked.append(asked)
        return self.answering(asked)

    @contextmanager
    def listening(self, tls: Any = None) -> Iterator[str]:
        server = ThreadingHTTPServer(("127.0.0.1", 0), _speaker(self))
        server.handle_error = lambda *_: None  # type: ignore[method-assign] # clients that go away are no error
        if tls:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            server.server_close()
            thread.join()

    @property
    def lines(self) -> list[str]:
        return [asked.line for asked in self.asked]

    @property
    def writes(self) -> list[str]:
        return [line for line in self.lines if not line.startswith("GET")]


def _speaker(front: Front) -> type[BaseHTTPRequestHandler]:
    class Speaker(BaseHTTPRequestHandler):
        timeout = 10

        def answer(self) -> None:
            url = urlsplit(self.path)
            parameters = dict(parse_qsl(url.query, keep_blank_values=True))
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            asked = Asked(self.command, url.path, parameters, dict(self.headers.items()), body)
            told = front.answer(asked)
            if told.hang and told.close is None:
                told.hang.wait(10)
            if told.close == -1:
                self.close_connection = True
                return
            body = told.body if isinstance(told.body, bytes) else json.dumps(told.body).encode()
            self.send_response(told.status)
            kind = "application/vnd.elasticsearch+json; compatible-with=8"
            for name, value in ({"Content-Type": kind} | dict(told.headers)).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            front.sent += len(body)
            self.wfile.write(body[: told.close])
            if told.hang:
                told.hang.wait(10)

        do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815 - the names that http.server looks for

        def log_message(self, *_: Any) -> None:
            pass

    return Speaker


def error(status: int, kind: str, reason: str, headers: Mapping[str, str] = PRODUCT) -> Told:
    """An error as Elasticsearch answers it."""
    cause = {"type": kind, "reason": reason}
    return Told({"error": {"root_cause": [cause], **cause}, "status": status}, status, headers)


def good(body: Any, **headers: str) -> Told:
    return Told(body, headers=PRODUCT | headers)


class Cluster(NamedTuple):
    """A server, where it listens, and the directory behind it."""

    url: str
    front: Front
    directory: Path


@contextmanager
def answering(answers: Answering) -> Iterator[Cluster]:
    """A server that answers as told."""
    front = Front(answers)
    with front.listening() as url:
        yield Cluster(url, front, Path())


# --- Elasticsearch, as `serve` answers for it ---


def elasticsearch(directory: Path) -> Answering:
    """Answer for a catalog directory as `mlalias serve` does; a front in between keeps what was asked."""
    app = App(DirectoryStore(directory))
    return lambda asked: _users(directory, asked) or asyncio.run(_answered(app, asked))


def _users(directory: Path, asked: Asked) -> Told | None:
    """The endpoints and fields of a catalog directory, which `serve` does not tell, as a server filters them."""
    catalog = DirectoryStore(directory).read()
    if asked.line == "GET /_inference/_all" and catalog.endpoints is not None:
        return good(
            {"endpoints": [_endpoint(*each) for each in catalog.endpoints.items()]} if catalog.endpoints else {}
        )
    if asked.line == "GET /_all/_mapping" and catalog.fields is not None:
        return good({index: {"mappings": _mapping(fields)} for index, fields in catalog.fields.items()})
    return None


def _endpoint(inference_id: str, endpoint: Endpoint) -> Any:
    settings = {key: value for key, value in endpoint._asdict().items() if value is not None}
    return {"inference_id": inference_id, "service": "elasticsearch", "service_settings": settings}


def _mapping(fields: Mapping[str, tuple[str, ...]]) -> Any:
    mapping: dict[str, Any] = {}
    for path, endpoints in fields.items():
        field = mapping
        for part in path.split("."):
            field = field.setdefault("properties", {}).setdefault(part, {})
        field |= dict(zip(("inference_id", "search_inference_id"), endpoints, strict=False))
    return mapping


async def _answered(app: App, asked: Asked) -> Told:
    messages: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        messages.append(message)

    scope = {
        "type": "http",
        "method": asked.method,
        "path": unquote(asked.path),
        "raw_path": asked.path.encode(),
        "query_string": urlencode(asked.parameters).encode(),
        "headers": [
            (name.lower().encode(), value.encode()) for name, value in asked.headers.items() if name != "Content-Length"
        ],
    }
    await app(scope, receive, send)
    start, *bodies = messages
    headers = {name.decode().title(): value.decode() for name, value in start["headers"]}
    headers.pop("Content-Length", None)
    return Told(b"".join(message.get("body", b"") for message in bodies), start["status"], headers)


def warning(text: str) -> str:
    """A Warning header, with its text escaped as Elasticsearch does it."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'299 Elasticsearch-9.1.0-abcdef "{quote(escaped, safe=_PRINTABLE)}"'


_PRINTABLE = "".join(chr(code) for code in range(0x20, 0x7F) if chr(code) != "%")


# --- a directory that says what a cluster says ---


def complete(directory: Path) -> None:
    """Import what a server fills in by itself, so that a cluster and a copy of it say the same."""
    answered = elasticsearch(directory)
    for path, name in (("/_ml/trained_models", "models.json"), ("/_ml/trained_models/_stats", "stats.json")):
        (directory.parent / name).write_bytes(answered(Asked("GET", path, {}, {})).body)
        assert main(["import", str(directory.parent / name), "--catalog", str(directory), "-q"]) == 0


# --- rows of commands ---

COMMANDS = ("put", "delete", "list", "models", "show", "resolve", "compare")


def spelled(parameter: Any) -> str:
    """A command as the id of its row."""
    is_command = isinstance(parameter, list) and parameter and parameter[0] in COMMANDS
    return " ".join(parameter) if is_command else ""
