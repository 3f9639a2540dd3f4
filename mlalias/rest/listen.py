"""Listening: the socket, the signals and the log of a server."""

import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from ipaddress import ip_address
from pathlib import Path
from queue import Full, Queue
from threading import Thread
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from mlalias.environment import LOCK_TIMEOUT, SERVE_API_KEY
from mlalias.errors import Hint, SystemRefused, WrongUsage
from mlalias.rest.app import App
from mlalias.stores.directory.store import DirectoryStore

PATIENCE = 30.0
GRACE = 3


def serve(catalog: Path, host: str, port: int, *, read_only: bool = False) -> None:
    """Serve a catalog until SIGTERM, its URL on stdout and a line for each request on stderr.

    Raises WrongUsage for a host that needs a key, SystemRefused for an address that cannot be had.
    """
    key = SERVE_API_KEY.read() or None
    timeout = LOCK_TIMEOUT.read()
    with listen(host, port, guarded=key is not None) as listener, _log() as log, _ended_by_sigterm():
        store = DirectoryStore(catalog)
        app = App(store, api_key=key, read_only=read_only, lock_timeout=timeout, patience=PATIENCE, log=log)
        _Server(_config(app, PATIENCE), lambda: _tell(url(listener))).run([listener])


@contextmanager
def background(app: App, patience: float = PATIENCE) -> Iterator[str]:
    """Serve an application in a thread, on a free port of the loopback interface; gives the URL."""
    with listen("127.0.0.1", 0) as listener:
        server = _Server(_config(app, patience))
        thread = Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        try:
            yield url(listener)
        finally:
            server.should_exit = True
            thread.join(GRACE * 2)


# --- the socket ---


def listen(host: str, port: int, *, guarded: bool = False) -> socket.socket:
    """Take an address; only a `guarded` server may take one that other machines reach."""
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
        return socket.create_server(address[:2], family=family)
    except OSError as error:
        hint = Hint("take a free port", ("serve", "--port", "0"))
        why = os.strerror(error.errno) if error.errno else str(error)
        raise SystemRefused(f"cannot listen on {host}, port {port}: {why.lower()}", hint) from None


def url(listener: socket.socket) -> str:
    """Where a socket listens."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


# --- the server ---


class _Server(uvicorn.Server):
    """Calls `on_ready` when it listens, and when signals are looked after."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None] = lambda: None) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen."""
        await super().startup(sockets)
        self._on_ready()


def _config(app: App, patience: float) -> uvicorn.Config:
    class Protocol(_Patient):
        seconds = patience

    return uvicorn.Config(
        app,
        http=Protocol,
        ws="none",
        loop="asyncio",
        lifespan="off",
        log_config=None,
        log_level="critical",  # the application keeps the log; what is left are requests that are no HTTP
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=60,  # `_Patient` closes what is idle
        timeout_graceful_shutdown=GRACE,
    )


class _Patient(H11Protocol):
    """Closes a connection on which no request arrives for `seconds`, even if its headers trickle in."""

    seconds = PATIENCE

    def connection_made(self, transport: Any) -> None:
        """Begin to watch; send answers at once, which asyncio sees to only for sockets that name their protocol."""
        super().connection_made(transport)
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._check_later()

    def connection_lost(self, exc: Exception | None) -> None:
        """Watch no longer."""
        self._next_check.cancel()
        super().connection_lost(exc)

    def _check_later(self) -> None:
        self._next_check = self.loop.call_later(self.seconds, self._check, self.cycle)

    def _check(self, seen: RequestResponseCycle | None) -> None:
        newest: RequestResponseCycle | None = self.cycle
        if self.transport.is_closing():
            self.transport.abort()
        elif newest is seen and (newest is None or newest.response_complete):
            self.transport.close()
        self._check_later()


# --- signals and streams ---


class _Ended(BaseException):
    """SIGTERM came."""


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """Let SIGTERM end what is within; uvicorn raises it once more after its own end."""

    def end(*_: object) -> None:
        raise _Ended

    before = signal.signal(signal.SIGTERM, end)
    try:
        with suppress(_Ended):
            yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _tell(address: str) -> None:
    sys.stdout.write(f"{address}\n")
    sys.stdout.flush()


@contextmanager
def _log() -> Iterator[Callable[[str], None]]:
    """Write lines to stderr from a thread of its own, as whoever does not read them must not stop the server."""
    lines: Queue[str] = Queue(1000)
    no_more = ""

    def write() -> None:
        for line in iter(lines.get, no_more):
            with suppress(OSError, ValueError):
                sys.stderr.write(line)
                sys.stderr.flush()

    def put(line: str) -> None:
        with suppress(Full):
            lines.put_nowait(line)

    thread = Thread(target=write, daemon=True)
    thread.start()
    try:
        yield put
    finally:
        put(no_more)
        thread.join(1)
