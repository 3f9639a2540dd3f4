"""Listening: the socket, the signals and the limits of a server."""

import asyncio
import errno
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from ipaddress import ip_address
from pathlib import Path
from threading import Thread
from time import monotonic
from typing import Any

import uvicorn

from mlalias.environment import LOCK_TIMEOUT, SERVE_API_KEY
from mlalias.errors import Failure, Hint, SystemRefused, WrongUsage
from mlalias.rest.access import Access
from mlalias.rest.app import App
from mlalias.rest.log import log_to_stderr
from mlalias.stores.directory.store import DirectoryStore

PATIENCE = 30.0
_GRACE = 3
_LONGEST_HEAD = 64 * 1024  # the parser's limit; the application refuses shorter heads, with Elasticsearch's messages
_MOST_CONNECTIONS = 4000
_SPARE_DESCRIPTORS = 64
_BACKLOG = 128


def serve(catalog: Path, host: str, port: int, *, read_only: bool = False) -> None:
    """Serve a catalog until SIGTERM or SIGHUP; prints its URL on stdout and a line for each request on stderr.

    Raises WrongUsage for a host that needs a key and for a key that no header can carry, SystemRefused for an address
    that cannot be had.
    """
    key = _key()
    timeout = LOCK_TIMEOUT.read()
    store = DirectoryStore(catalog)
    with listen(host, port, guarded=bool(key)) as listener, log_to_stderr() as log, _ended_by_sigterm():
        app = App(
            store, access=Access(key, host), read_only=read_only, lock_timeout=timeout, patience=PATIENCE, log=log
        )
        for line in _notes(store, catalog):
            log(line)
        server = _Server(_config(app), lambda: _print(url(listener)), log)
        with _ended_by_sighup(server):
            server.run([listener])


def _key() -> str:
    key = (SERVE_API_KEY.read() or "").strip()
    if not (key.isascii() and key.isprintable()):
        raise WrongUsage(f"{SERVE_API_KEY.name} has characters that no header can carry: printable ASCII is needed")
    return key


def _notes(store: DirectoryStore, catalog: Path) -> Iterator[str]:
    """The notes that are printed before the first request."""
    if sys.stderr.isatty():
        yield f"serving the catalog '{catalog}'; press Ctrl-C to stop"
    with suppress(Failure, OSError):
        unknown = sum(model.deployments is None for model in store.read().known_models())
        if unknown:
            models = "1 model is" if unknown == 1 else f"{unknown} models are"
            yield f"whether {models} deployed is not known: here, they count as not deployed"


def _print(address: str) -> None:
    sys.stdout.write(f"{address}\n")
    sys.stdout.flush()


@contextmanager
def background(app: App) -> Iterator[str]:
    """Serve an application in a thread, on a free port of the loopback interface; returns the URL."""
    with listen("127.0.0.1", 0) as listener:
        server = _Server(_config(app))
        thread = Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        try:
            yield url(listener)
        finally:
            server.should_exit = True
            thread.join(_GRACE * 2)


# --- the socket ---


def listen(host: str, port: int, *, guarded: bool = False) -> socket.socket:
    """Bind an address; one that other machines can reach needs a `guarded` server."""
    try:
        found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError):
        raise WrongUsage(f"there is no host '{host}'", Hint("serve on this machine only: leave --host out")) from None
    family, *_, address = found[0]
    if not (guarded or ip_address(str(address[0]).partition("%")[0]).is_loopback):
        raise WrongUsage(
            f"'{host}' can be reached from other machines, and there is no key that requests must carry",
            Hint(f"choose one first: export {SERVE_API_KEY.name}=$(openssl rand -hex 16)"),
        )
    try:
        listener = socket.create_server(address[:2], family=family, backlog=_BACKLOG)
    except OSError as error:
        hint = Hint("take a free port", ("serve", "--port", "0"))
        why = os.strerror(error.errno) if error.errno else str(error)
        raise SystemRefused(f"cannot listen on {host}, port {port}: {why.lower()}", hint) from None
    # asyncio sets TCP_NODELAY, to send at once, only on sockets that name their protocol
    return socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP, fileno=listener.detach())


def url(listener: socket.socket) -> str:
    """Where a socket listens."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


# --- the server ---


class _Server(uvicorn.Server):
    """Calls `on_ready` once it listens and the signal handlers are installed."""

    def __init__(
        self,
        config: uvicorn.Config,
        on_ready: Callable[[], None] = lambda: None,
        log: Callable[[str], None] = lambda _: None,
    ) -> None:
        super().__init__(config)
        self._on_ready = on_ready
        self._log = log
        self._last_complaint = 0.0

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start listening."""
        asyncio.get_running_loop().set_exception_handler(self._complain)
        await super().startup(sockets)
        self._on_ready()

    def _complain(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Log at most once a second that descriptors have run out: asyncio reports it for each waiting connection.

        https://github.com/python/cpython/issues/106749
        """
        error = context.get("exception")
        if not (isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.ENFILE)):
            loop.default_exception_handler(context)
        elif monotonic() - self._last_complaint >= 1:
            self._last_complaint = monotonic()
            self._log("no more connections can be taken for now: all file descriptors are in use")


def _config(app: App) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http="h11",
        ws="none",
        loop="asyncio",
        lifespan="off",
        log_config=None,
        log_level="critical",  # the application logs requests; the rest is input that is not HTTP
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        backlog=_BACKLOG,
        limit_concurrency=_connections(),
        h11_max_incomplete_event_size=_LONGEST_HEAD,
        timeout_keep_alive=60,
        timeout_graceful_shutdown=_GRACE,
    )


def _connections() -> int:
    """How many connections to serve at once; first raises the soft limit of descriptors as far as possible."""
    try:
        import resource
    except ModuleNotFoundError:  # on Windows there is no such limit
        return _MOST_CONNECTIONS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = _MOST_CONNECTIONS + _SPARE_DESCRIPTORS
    if soft != resource.RLIM_INFINITY and soft < needed:
        soft = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return (
        _MOST_CONNECTIONS if soft == resource.RLIM_INFINITY else max(soft // 2, min(needed, soft) - _SPARE_DESCRIPTORS)
    )


# --- signals ---


class _Ended(BaseException):
    """SIGTERM was received."""


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """Let SIGTERM end the block; uvicorn raises the signal again after it has shut down."""

    def end(*_: object) -> None:
        raise _Ended

    before = signal.signal(signal.SIGTERM, end)
    try:
        with suppress(_Ended):
            yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _ended_by_sighup(server: uvicorn.Server) -> Iterator[None]:
    """Let SIGHUP, sent when a terminal closes, stop the server as SIGTERM does; under `nohup` it stays ignored."""
    name = getattr(signal, "SIGHUP", None)  # Windows has none
    if name is None or signal.getsignal(name) is signal.SIG_IGN:
        yield
        return

    def stop(*_: object) -> None:
        server.should_exit = True

    before = signal.signal(name, stop)
    try:
        yield
    finally:
        signal.signal(name, before)
