"""A small Elasticsearch over a catalog directory, and fronts that misbehave: HTTP servers on free loopback ports."""

import json
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from fnmatch import fnmatchcase
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from mlalias.catalog import Catalog
from mlalias.cli import main
from mlalias.directory import DirectoryStore
from mlalias.documents import to_config
from mlalias.errors import Failure, NotFound
from mlalias.requests import delete, put

SAMPLE = Path(__file__).parent / "sample"
PRODUCT = {"X-elastic-product": "Elasticsearch"}


class Asked(NamedTuple):
    """One request."""

    method: str
    path: str
    parameters: Mapping[str, str]
    headers: Mapping[str, str]

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
    """A server that answers as it is told to, and keeps what it was asked and how much it sent."""

    def __init__(self, answering: Answering) -> None:
        self.answering = answering
        self.asked: list[Asked] = []
        self.sent = 0

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
            asked = Asked(self.command, url.path, parameters, dict(self.headers.items()))
            front.asked.append(asked)
            told = front.answering(asked)
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

        do_GET = do_PUT = do_DELETE = answer  # noqa: N815 - the names that http.server looks for

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


class Run(NamedTuple):
    """What a command left: its exit code, and what it printed."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


# --- a small Elasticsearch ---


def elasticsearch(directory: Path) -> Answering:
    """Answer for the models and aliases of a catalog directory, under the same rules."""
    store = DirectoryStore(directory)

    def answering(asked: Asked) -> Told:
        match asked.method, asked.parts:
            case "GET", ["_ml", "trained_models", *rest]:
                return _read(store.read(), rest, asked.parameters)
            case "GET", ["_ingest", "pipeline"]:
                return good({name: _pipeline(names) for name, names in store.read().pipelines.items()})
            case "PUT", ["_ml", "trained_models", model_id, "model_aliases", alias]:
                return _write(store, put(model_id, alias, reassign=asked.parameters.get("reassign") == "true"))
            case "DELETE", ["_ml", "trained_models", model_id, "model_aliases", alias]:
                return _write(store, delete(alias, model_id))
        return error(400, "illegal_argument_exception", f"no handler found for {asked.line}")

    return answering


def _read(catalog: Catalog, rest: list[str], parameters: Mapping[str, str]) -> Told:
    stats = rest[-1:] == ["_stats"]
    expressions = rest[0].split(",") if rest and rest != ["_stats"] else ["*"]
    try:
        ids = sorted({model_id for one in expressions for model_id in _matching(catalog, one)})
    except NotFound as failure:
        return error(404, failure.type, failure.reason)
    start, size = int(parameters.get("from", "0")), int(parameters.get("size", "100"))
    page = ids[start : start + size]
    if stats:
        entries = [entry for model_id in page for entry in _stats(catalog, model_id)]
    else:
        named = catalog.aliases_by_model()
        entries = [to_config(catalog.models[model_id], named.get(model_id, ())) for model_id in page]
    key = "trained_model_stats" if stats else "trained_model_configs"
    whole = {"count": len(ids), key: entries}
    paths = parameters.get("filter_path")
    return good(_filtered(whole, [path.split(".") for path in paths.split(",")]) if paths else whole)


def _matching(catalog: Catalog, expression: str) -> list[str]:
    if "*" in expression:
        return [model_id for model_id in catalog.models if fnmatchcase(model_id, expression)]
    target = catalog.target(expression)
    if target not in catalog.models:
        raise NotFound(f"no trained model '{expression}'")
    return [target]


def _stats(catalog: Catalog, model_id: str) -> list[dict[str, Any]]:
    found = [
        {
            "model_id": model_id,
            "deployment_stats": {
                "deployment_id": one.deployment_id,
                "model_id": model_id,
                "state": one.state,
                "nodes": [],
                "allocation_status": {
                    "allocation_count": one.allocation_count,
                    "target_allocation_count": one.target_allocation_count,
                },
            },
        }
        for one in catalog.models[model_id].deployments
    ]
    return found or [{"model_id": model_id, "pipeline_count": 0}]


def _pipeline(names: Any) -> dict[str, Any]:
    return {"processors": [{"inference": {"model_id": name}} for name in names]}


def _filtered(value: Any, paths: list[list[str]]) -> Any:
    """What `filter_path` leaves; objects and lists of which nothing is left go, too."""
    if isinstance(value, list):
        return [left for left in (_filtered(item, paths) for item in value) if left not in ({}, [])]
    if not isinstance(value, dict):
        return value
    found = {}
    for key, item in value.items():
        inner = [path[1:] for path in paths if path[0] == key]
        if any(not path for path in inner):
            found[key] = item
        elif inner and isinstance(item, dict | list):
            left = _filtered(item, inner)
            if left not in ({}, []):
                found[key] = left
    return found


def _write(store: DirectoryStore, request: Any) -> Told:
    plan = store.change(request, "put")
    if plan.errors:
        failure: Failure = plan.errors[0]
        return error(failure.status, failure.type, f"server: {failure.reason}")
    warnings = ", ".join(warning(one.message) for one in plan.warnings)
    return good({"acknowledged": True}, **({"Warning": warnings} if warnings else {}))


def warning(text: str) -> str:
    """A Warning header, with its text escaped as Elasticsearch does it."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'299 Elasticsearch-9.1.0-abcdef "{quote(escaped, safe=_PRINTABLE)}"'


_PRINTABLE = "".join(chr(code) for code in range(0x20, 0x7F) if chr(code) != "%")


# --- catalogs to put behind it ---


def build_sample(directory: Path) -> Path:
    """A catalog of the sample's models, deployments and pipelines."""
    files = [str(SAMPLE / f"{name}.json") for name in ("models", "stats", "pipelines")]
    assert main(["import", *files, "--catalog", str(directory), "-q"]) == 0
    return directory


def copied(directory: Path, to: Path) -> Path:
    shutil.copytree(directory, to)
    return to
