"""Elasticsearch's routes over a store: from a request on the network to an answer, whatever goes wrong."""

import asyncio
import json
import traceback
from collections.abc import Callable
from contextlib import asynccontextmanager
from hmac import compare_digest
from time import monotonic
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from mlalias.errors import Busy, Failure, SystemRefused, as_one, os_text
from mlalias.rest import http as protocol
from mlalias.rest import routes
from mlalias.rest.http import Answer, Given, HttpFailure
from mlalias.stores import Store
from mlalias.text import visible

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.types import Receive, Scope, Send

LARGEST = 16 * 1024 * 1024


class App:
    """The routes as an ASGI application.

    With an `api_key` every request must carry it. `lock_timeout` is how many seconds a change waits for others,
    `patience` how many a request may take to arrive; `log` is given one line for each request.
    """

    def __init__(
        self,
        store: Store,
        *,
        api_key: str | None = None,
        read_only: bool = False,
        lock_timeout: float = 10,
        patience: float = 30,
        log: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._store = store
        self._api_key = api_key
        self._read_only = read_only
        self._lock_timeout = lock_timeout
        self._patience = patience
        self._log = log
        self._turn = asyncio.Lock()

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
        self._log(f'{client} "{request.method} {visible(_target(request))}" {response.status_code} {spent:.1f} ms\n')

    async def _respond(self, request: Request) -> Response:
        """An answer for every request; a bug's traceback goes to the log."""
        media_type, indent = protocol.JSON, None
        try:
            media_type = protocol.answered_type(request.headers.get("accept", "*/*"))
            parameters = dict(parse_qsl(_query(request), keep_blank_values=True))
            indent = 2 if Given({}, parameters, b"").flag("pretty") else None
            answer = await self._answer(request, parameters)
        except Failure as failure:
            answer = protocol.failed(failure)
        except OSError as error:
            answer = protocol.failed(SystemRefused(os_text(error)))
        except ClientDisconnect:
            raise
        except Exception:  # noqa: BLE001 - a bug in one answer must not end the others
            self._log(traceback.format_exc())
            answer = protocol.failed(Failure("this is a bug in mlalias; its log says more"))
        return _response(answer, media_type, indent)

    async def _answer(self, request: Request, parameters: dict[str, str]) -> Answer:
        self._admit(request)
        path = _path(request)
        found = routes.find([unquote(segment) for segment in path.split("/")[1:]])
        if found is None:
            return protocol.unknown_path(request.method, visible(path))
        methods, names = found
        handler = methods.get("GET" if request.method == "HEAD" else request.method)
        if handler is None:
            allowed = sorted({*methods, "HEAD"} if "GET" in methods else methods)
            return protocol.wrong_method(request.method, visible(path), allowed)
        if self._read_only and request.method not in ("GET", "HEAD"):
            raise HttpFailure(403, "cluster_block_exception", "the catalog is served read-only")
        body = await self._body(request)
        given = Given(names, parameters, body)
        step = await run_in_threadpool(handler, given) if body else handler(given)
        if isinstance(step, routes.Writing):
            return await self._change(step)
        return await run_in_threadpool(lambda: step(self._store.read()))

    def _admit(self, request: Request) -> None:
        """Raise HttpFailure for a request without the key."""
        if self._api_key is None:
            return
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if not compare_digest(key.strip().encode(), self._api_key.encode()) or scheme.lower() != "apikey":
            raise HttpFailure(401, "security_exception", "the request does not carry the API key of this server")

    async def _body(self, request: Request) -> bytes:
        """Read the body; raises HttpFailure if it is too large, too slow, or of a type that is not JSON."""
        body = bytearray()
        try:
            async with asyncio.timeout(self._patience):
                async for chunk in request.stream():
                    body += chunk
                    if len(body) > LARGEST:
                        raise HttpFailure(413, "content_too_long_exception", f"the body exceeds {LARGEST >> 20} MiB")
        except TimeoutError:
            raise HttpFailure(408, "timeout_exception", f"the body did not arrive in {self._patience:g} s") from None
        if body:
            protocol.check_content_type(request.headers.get("content-type", ""))
        return bytes(body)

    async def _change(self, step: routes.Writing) -> Answer:
        async with self._turns():
            receipt = await run_in_threadpool(self._store.change, step.edit, "serve")
        if receipt.errors:
            raise as_one(receipt.errors)
        return step.answer(receipt.plan)

    @asynccontextmanager
    async def _turns(self) -> "AsyncIterator[None]":
        """One change after the other, so that those who wait take no thread from the readers; raises Busy."""
        try:
            async with asyncio.timeout(self._lock_timeout):
                await self._turn.acquire()
        except TimeoutError:
            raise Busy(f"other changes have kept this one waiting for {self._lock_timeout:g} seconds") from None
        try:
            yield
        finally:
            self._turn.release()


_HEADERS = {401: {"WWW-Authenticate": "ApiKey"}, 408: {"Connection": "close"}, 413: {"Connection": "close"}}


def _response(answer: Answer, media_type: str, indent: int | None) -> Response:
    body = json.dumps(answer.body, indent=indent, default=lambda moment: moment.isoformat())
    response = Response(body + "\n", answer.status, _HEADERS.get(answer.status), media_type)
    for name, value in (*answer.headers, ("X-elastic-product", "Elasticsearch")):
        response.headers.append(name, value)
    return response


def _path(request: Request) -> str:
    """The path as it was sent, as an escaped slash is part of a name; a slash at its end makes no difference."""
    raw: bytes = request.scope["raw_path"]
    return "/" + raw.decode("latin-1").strip("/")


def _query(request: Request) -> str:
    """The query as it was sent; Starlette's URL of a request fails on odd Host headers."""
    query: bytes = request.scope["query_string"]
    return query.decode("latin-1")


def _target(request: Request) -> str:
    raw: bytes = request.scope["raw_path"]
    query = _query(request)
    return raw.decode("latin-1") + (f"?{query}" if query else "")
