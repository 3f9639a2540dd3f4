"""A complete cluster for mlalias: a real node, with a proxy that adds what Elastic does not publish.

Elastic publishes neither the machine learning plugin nor the module that has `GET /`. So `/_ml/` and `/` are answered
by `mlalias serve`, and all other paths by the node. Ingest pipelines are also answered by `serve`, although the node
has their routes: as no processor is published, the node cannot store a pipeline that uses a model.

The node still checks the requests that `serve` answers. It first gets the request's headers, so that it checks media
types and credentials, and reports the state of its cluster (503 without a master). A node with security is also asked
whether the caller has the privilege for the route
(https://www.elastic.co/docs/deploy-manage/users-roles/cluster-or-deployment-auth/elasticsearch-privileges).
If the node refuses, the caller gets the node's response.

The proxy records requests, and injects a fault at a given request:

    with in_front(node, serve_url) as front:
        front.at(2, puts_document, lost_answer)   # the second such request is carried out, but its response is lost
"""

import json
import re
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from nodes import Node, Reply, ask

_PRODUCT = {"X-elastic-product": "Elasticsearch"}
_REFUSED = 400  # and above
_HOP_BY_HOP = {"connection", "content-length", "host", "keep-alive", "transfer-encoding"}


class Asked(NamedTuple):
    """A request as it was received; its header names are in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes | None

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def line(self) -> str:
        return f"{self.method} {self.target}"


Forward = Callable[[], Reply]
Fault = Callable[[Forward], Reply | None]  # None ends the connection without an answer


def lost_request(_: Forward) -> None:
    """The request never arrives."""


def lost_answer(forward: Forward) -> None:
    """The request is carried out, but its response is lost."""
    forward()


def late(seconds: float) -> Fault:
    """The request arrives late."""

    def fault(forward: Forward) -> Reply:
        time.sleep(seconds)
        return forward()

    return fault


def refused(status: int, type_: str, reason: str) -> Fault:
    """The request is not carried out, and gets an error in Elasticsearch's format."""
    return lambda _: error(status, type_, reason)


def before(act: Callable[[], Any]) -> Fault:
    """Something happens before the request, such as the death of a node or of the client."""

    def fault(forward: Forward) -> Reply:
        act()
        return forward()

    return fault


def after(act: Callable[[], Any]) -> Fault:
    """Something happens between the request and its response."""

    def fault(forward: Forward) -> Reply:
        answer = forward()
        act()
        return answer

    return fault


def error(status: int, type_: str, reason: str) -> Reply:
    """An error in Elasticsearch's format."""
    cause = {"type": type_, "reason": reason}
    body = json.dumps({"error": {"root_cause": [cause], **cause}, "status": status})
    return Reply(status, {**_PRODUCT, "Content-Type": "application/json"}, body.encode())


class Front:
    """The proxy, with the requests it received and the faults to inject."""

    def __init__(self, node: Node, serve_url: str) -> None:
        self.node = node  # another node of the same cluster can be put here at any time
        self.url = ""
        self.asked: list[Asked] = []
        self.failures: list[Exception] = []
        self._serve_url = serve_url
        self._faults: list[tuple[Callable[[Asked], bool], int, Fault]] = []
        self._counted: list[int] = []
        self._lock = threading.Lock()

    def at(self, nth: int, matches: Callable[[Asked], bool], fault: Fault) -> None:
        """Inject a fault at the nth matching request from now on, counted from 1."""
        with self._lock:
            self._faults.append((matches, nth, fault))
            self._counted.append(0)

    @property
    def lines(self) -> list[str]:
        """Every request's method and target."""
        return [asked.line for asked in self.asked]

    def answer(self, asked: Asked) -> Reply | None:
        """Answer a request; None means that the connection is closed."""

        def forward() -> Reply:
            return self._doubled(asked) if _privilege(asked) else self._to_node(asked)

        fault = self._fault(asked)
        try:
            return fault(forward) if fault else forward()
        except (ConnectionError, HTTPException):  # the node is not there, or died over it
            return None

    def _fault(self, asked: Asked) -> Fault | None:
        with self._lock:
            self.asked.append(asked)
            due = None
            for place, (matches, nth, fault) in enumerate(self._faults):
                if matches(asked):
                    self._counted[place] += 1
                    due = fault if self._counted[place] == nth else due
            return due

    def _to_node(self, asked: Asked) -> Reply:
        return ask(self.node.url, asked.method, asked.target, asked.body, asked.headers, self.node.context)

    def _doubled(self, asked: Asked) -> Reply:
        refusal = self._refusal(asked)
        if refusal:
            return refusal
        headers = {name: value for name, value in asked.headers.items() if name != "authorization"}
        return ask(self._serve_url, asked.method, asked.target, asked.body, headers)

    def _refusal(self, asked: Asked) -> Reply | None:
        """The node's refusal of a request, judged by its headers; None if it accepts it."""
        secure = self.node.authority is not None
        route = "/_security/_authenticate" if secure else "/_cluster/health?master_timeout=3s"
        shown = asked._replace(method="GET", body=None, target=route)
        answer = self._to_node(shown)
        if answer.status >= _REFUSED:
            return answer
        return self._missing_privilege(asked) if secure else None

    def _missing_privilege(self, asked: Asked) -> Reply | None:
        privilege = _privilege(asked)
        who = {"Authorization": asked.headers["authorization"]}
        question = {"cluster": [privilege]}
        held = self.node.ask("POST", "/_security/user/_has_privileges", question, who).json
        if held["has_all_requested"]:
            return None
        # Get the node's message about this caller, by asking for a privilege that no test grants.
        unlike = self.node.ask("POST", "/_cluster/voting_config_exclusions?node_names=none", headers=who)
        text = re.sub(r"action \[[^]]+\]", f"action [{_action(asked)}]", unlike.body.decode())
        text = re.sub(r"cluster privileges \[[^]]+\]", f"cluster privileges [{privilege},all]", text)
        return unlike._replace(body=text.encode(), headers={"Content-Type": unlike.headers["content-type"]})


def _privilege(asked: Asked) -> str | None:
    """The cluster privilege that a route of `serve` needs; None for a route of the node."""
    reads = asked.method in {"GET", "HEAD"}
    path = asked.path.rstrip("/")
    if not path:
        return "monitor"
    if path.startswith("/_ml/"):
        return "monitor_ml" if reads or path.endswith("/_infer") else "manage_ml"
    if path == "/_ingest/pipeline" or path.startswith("/_ingest/pipeline/"):
        return "read_pipeline" if reads else "manage_pipeline"
    return None


def _action(asked: Asked) -> str:
    """The name of an action, which is used only in the reason of a refusal."""
    kind = "monitor" if asked.method in {"GET", "HEAD"} else "admin"
    return f"cluster:{kind}/doubled{asked.path.replace('/_', '/')}"


# --- listening ---


@contextmanager
def in_front(node: Node, serve_url: str, tls: ssl.SSLContext | None = None) -> Iterator[Front]:
    """Listen in front of a node."""
    front = Front(node, serve_url)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _speaker(front))
    server.handle_error = lambda *_: None  # type: ignore[method-assign] # clients that go away are no error
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    front.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}"
    try:
        yield front
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    if front.failures:
        raise ExceptionGroup("the proxy itself failed", front.failures)


def _speaker(front: Front) -> type[BaseHTTPRequestHandler]:
    class Speaker(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 60

        def answer(self) -> None:
            length = self.headers.get("Content-Length")
            body = self.rfile.read(int(length)) if length else None
            headers = {name.lower(): value for name, value in self.headers.items()}
            headers = {name: value for name, value in headers.items() if name not in _HOP_BY_HOP}
            self.close_connection = True
            try:
                answer = front.answer(Asked(self.command, self.path, headers, body))
            except Exception as failure:
                front.failures.append(failure)
                raise
            if answer is None:
                return
            self.send_response_only(answer.status)
            for name, value in answer.headers.items():
                if name.lower() not in _HOP_BY_HOP:
                    self.send_header(name, value)
            self.send_header("Content-Length", answer.headers.get("content-length") or str(len(answer.body)))
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(answer.body)

        do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_OPTIONS = answer  # noqa: N815 - as http.server wants them

        def log_message(self, *_: Any) -> None:
            pass

    return Speaker
