"""The routes as an ASGI application, which answers every request, even after an error."""

import asyncio
import gzip
import traceback
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from mlalias.core.plan import Receipt
from mlalias.errors import Busy, Failure, SystemRefused, as_one, os_text
from mlalias.rest import answers, media, routes
from mlalias.rest.access import Access
from mlalias.rest.answers import Answer, HttpFailure, PlainFailure
from mlalias.rest.filters import filtered
from mlalias.rest.json_body import LARGEST, decompressed, too_large
from mlalias.rest.request import Call, flag, parse_query, unescaped
from mlalias.rest.steps import Writing
from mlalias.stores import Store
from mlalias.text import visible

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

_LONGEST_LINE, _LONGEST_HEADERS = 4096, 16384
_COMPRESSION = 3  # the level of gzip, as on a server


class _Style(NamedTuple):
    """How an answer is written."""

    media_type: str = media.JSON
    pretty: bool = False
    trace: bool = False
    filter_path: str = ""


class _Asked(NamedTuple):
    """A request that has been read."""

    method: str
    path: list[str]
    parameters: Mapping[str, str]
    content: media.Media | None
    body: bytes

    def with_source(self) -> "_Asked":
        """The request with its body taken from the URL, if it is there; raises HttpFailure."""
        if self.body or "source" not in self.parameters:
            return self
        if "source_content_type" not in self.parameters:
            raise HttpFailure(400, "validation_exception", "the parameter 'source' needs a source_content_type")
        others = {name: value for name, value in self.parameters.items() if not name.startswith("source")}
        content = media.named("source_content_type", self.parameters["source_content_type"])
        return self._replace(parameters=others, content=content, body=self.parameters["source"].encode())


class App:
    """A store served on Elasticsearch's routes.

    `access` decides which requests are admitted. `lock_timeout` is the number of seconds that a change waits for
    others, `patience` the number of seconds that a body may take to arrive; `log` gets a line for each request.
    """

    def __init__(
        self,
        store: Store,
        *,
        access: Access | None = None,
        read_only: bool = False,
        lock_timeout: float = 10,
        patience: float = 30,
        log: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._store = store
        self._access = access or Access()
        self._read_only = read_only
        self._lock_timeout = lock_timeout
        self._patience = patience
        self._log = log
        # Changes have a single thread, so that those that wait do not occupy the threads of readers.
        self._changes = ThreadPoolExecutor(1, "mlalias-changes")

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Answer one request."""
        begun = monotonic()
        request = Request(scope, receive)
        try:
            response = await self._respond(request)
        except ClientDisconnect:
            return
        await response(scope, receive, send)
        spent = (monotonic() - begun) * 1000
        client = request.client.host if request.client else "-"
        self._log(f'{client} "{request.method} {visible(_target(request))}" {response.status_code} {spent:.1f} ms')

    async def _respond(self, request: Request) -> Response:
        """An answer for every request; a bug's traceback goes to the log."""
        style = _Style()
        try:
            _check_limits(request)
            self._access.check(request.headers)
            body = await self._body(request)
            parameters, types = _parameters(request), _types(request, has_body=bool(body))
            path = _path(request)
            style = _style(parameters, types)
            asked = _Asked(request.method, path, parameters, types.content, body).with_source()
            answer = await self._answer(asked)
        except Failure as failure:
            answer = answers.failed(failure, trace=style.trace)
        except OSError as error:
            answer = answers.failed(SystemRefused(os_text(error)))
        except ClientDisconnect:
            raise
        except Exception:  # noqa: BLE001 - a bug in one request must not stop the server
            self._log(traceback.format_exc())
            answer = answers.failed(Failure("this is a bug in mlalias; its log says more"))
        return _response(answer, style, request.headers)

    async def _answer(self, asked: "_Asked") -> Answer:
        method, path = asked.method, asked.path
        route = routes.find(path)
        if method == "OPTIONS":
            return Answer(None, headers=[("Allow", ",".join(route.allowed))] if route else ())
        if method not in routes.METHODS or (route and method not in route.methods):
            raise _wrong_method(method, path, route)
        if route is None:
            raise _unknown_path(method, path)
        if asked.body:
            media.check_body(asked.content)
        if self._read_only and method not in ("GET", "HEAD"):
            raise HttpFailure(403, "cluster_block_exception", "the catalog is served read-only")
        call, handler = Call(route.names, asked.parameters, asked.body), route.methods[method]
        step = await run_in_threadpool(handler, call) if asked.body else handler(call)
        if isinstance(step, Writing):
            receipt = await self._change(step)
            return step.answer(receipt.plan)
        if _is_quick(route):
            return step(self._store.read())
        return await run_in_threadpool(lambda: step(self._store.read()))

    async def _body(self, request: Request) -> bytes:
        """Read the body; raises HttpFailure if it is too large or too slow.

        Nothing is read if there is no body: reading makes uvicorn accept more data, and a client that does not read its
        responses could fill the memory with requests.
        """
        if request.headers.get("content-length", "0") == "0" and "transfer-encoding" not in request.headers:
            return b""
        body = bytearray()
        try:
            async with asyncio.timeout(self._patience):
                async for chunk in request.stream():
                    body += chunk
                    if len(body) > LARGEST:
                        raise too_large()
        except TimeoutError:
            raise HttpFailure(408, "timeout_exception", f"the body did not arrive in {self._patience:g} s") from None
        encoding = request.headers.get("content-encoding", "")
        return await run_in_threadpool(decompressed, bytes(body), encoding) if encoding else bytes(body)

    async def _change(self, step: Writing) -> Receipt:
        receipt = await self._finished(self._changes.submit(self._store.change, step.edit, "serve"))
        if receipt.errors:
            raise as_one(receipt.errors)
        return receipt

    async def _finished(self, change: "Future[Receipt]") -> Receipt:
        """The outcome of a change; raises Busy if it could not start in time.

        A server that is stopping cancels its requests after a while. A change that has started cannot be cancelled, so
        this waits for it, and the response is correct.
        """
        done = asyncio.wrap_future(change)
        reason = f"other changes have kept this one waiting for {self._lock_timeout:g} seconds"
        try:
            await asyncio.wait({done}, timeout=self._lock_timeout)
        except asyncio.CancelledError:
            reason = "the server is stopping, and this change has not been made"
        if not done.done() and change.cancel():
            raise Busy(reason)
        while not done.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait({done})
        return done.result()


# --- reading a request ---


def _is_quick(route: routes.Route) -> bool:
    """Whether a read looks at one model at most.

    It then takes 3 ms even with 10,000 aliases, and no thread: handing it to one takes longer than most such reads.
    """
    expression = route.names.get("model_id", "")
    return route.path in routes.QUICK and expression != "_all" and not {"*", ","} & set(expression)


def _check_limits(request: Request) -> None:
    """Refuse what is too long for a server's HTTP parser; 12 bytes of the line are spaces and the version."""
    if len(request.method) + len(_target(request)) + len("  HTTP/1.1\r\n") > _LONGEST_LINE + 2:
        raise HttpFailure(400, "too_long_http_line_exception", f"the request line exceeds {_LONGEST_LINE} bytes")
    sizes = (len(name) + len(value) + len(": \r\n") for name, value in request.scope["headers"])
    if sum(sizes) > _LONGEST_HEADERS:
        raise HttpFailure(400, "too_long_http_header_exception", f"the headers exceed {_LONGEST_HEADERS} bytes")


def _types(request: Request, *, has_body: bool) -> media.Types:
    headers = request.headers
    return media.types(headers.get("accept"), headers.get("content-type"), has_body=has_body)


def _path(request: Request) -> list[str]:
    """The parts of the path, split before decoding, as an escaped slash is part of a name; a final slash is ignored."""
    raw: bytes = request.scope["raw_path"]
    try:
        return [unescaped(part) for part in raw.decode("latin-1").strip("/").split("/")]
    except ValueError as error:
        raise HttpFailure(400, "illegal_argument_exception", f"the path cannot be read: {error}") from None


def _parameters(request: Request) -> dict[str, str]:
    return parse_query(_query(request))


def _style(parameters: Mapping[str, str], types: media.Types) -> _Style:
    """How the client wants the response; raises HttpFailure or PlainFailure for switches that are not booleans."""
    media_type = types.answered(parameters.get("format", ""))
    pretty = flag("pretty", parameters.get("pretty", "false"))
    flag("human", parameters.get("human", "false"))
    try:
        trace = flag("error_trace", parameters.get("error_trace", "false"))
    except Failure as failure:
        raise PlainFailure(400, failure.reason) from None
    return _Style(media_type, pretty, trace, parameters.get("filter_path", ""))


def _query(request: Request) -> str:
    """The query as it was sent; Starlette's `request.url` fails for unusual Host headers."""
    query: bytes = request.scope["query_string"]
    return query.decode("latin-1")


def _target(request: Request) -> str:
    raw: bytes = request.scope["raw_path"]
    query = _query(request)
    return raw.decode("latin-1") + (f"?{query}" if query else "")


# --- answers about paths ---


def _wrong_method(method: str, path: list[str], route: routes.Route | None) -> PlainFailure:
    allowed = route.allowed if route else []
    reason = f"/{visible('/'.join(path))} does not take {method}" + (f", but {', '.join(allowed)}" if allowed else "")
    return PlainFailure(405, reason, allow=allowed)


def _unknown_path(method: str, path: list[str]) -> Failure:
    """The failure for an unknown path; on a server, a path of one part names an index."""
    if len(path) == 1 and method in ("GET", "HEAD", "DELETE") and not path[0].startswith("_"):
        return HttpFailure(404, "index_not_found_exception", f"there is no index '{visible(path[0])}'")
    return PlainFailure(400, f"nothing answers {method} /{visible('/'.join(path))}", shows_status=False)


# --- writing an answer ---

_HEADERS = {401: [("WWW-Authenticate", "ApiKey")], 408: [("Connection", "close")], 413: [("Connection", "close")]}


def _response(answer: Answer, style: _Style, asked: Mapping[str, str]) -> Response:
    body, media_type = b"", "text/plain; charset=UTF-8"
    if answer.body is not None:
        failed = answer.status >= 400  # noqa: PLR2004 - errors, which are never filtered
        document = filtered(answer.body, style.filter_path) if style.filter_path and not failed else answer.body
        body, media_type = answers.to_text(document, pretty=style.pretty).encode(), style.media_type
    headers = [*answer.headers, *_HEADERS.get(answer.status, ()), ("X-elastic-product", "Elasticsearch")]
    if "gzip" in asked.get("accept-encoding", ""):
        body = gzip.compress(body, _COMPRESSION)
        headers.append(("content-encoding", "gzip"))
    if "x-opaque-id" in asked:
        headers.append(("X-Opaque-Id", asked["x-opaque-id"]))
    response = Response(body, answer.status, media_type=media_type)
    for name, value in headers:
        response.headers.append(name, value)
    return response
