"""`mlalias serve` as a process: its streams and exit codes, and what it withstands."""

import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from harness import MLALIAS, build_sample
from serve_support import JSON, ask, process, served

from mlalias.cli.main import main
from mlalias.rest.json_body import LARGEST
from mlalias.stores.directory.lock import locked
from mlalias.stores.directory.store import DirectoryStore

PUT = "/_ml/trained_models/sst-2-draft/model_aliases"


@pytest.fixture
def catalog(tmp_path):
    return build_sample(tmp_path / "catalog")


@pytest.fixture(scope="module")
def impatient(tmp_path_factory):
    """A server that waits 0.2 seconds for a request."""
    with served(tmp_path_factory.mktemp("impatient"), patience=0.2) as found:
        yield found


def test_the_url_comes_first_the_log_goes_to_stderr_and_sigterm_ends_it_with_0(catalog):
    with process(catalog) as (running, url):
        assert url.startswith("http://127.0.0.1:")
        assert ask(url, "PUT", f"{PUT}/new?pretty=%1b").status == 400
        assert ask(url, "PUT", f"{PUT}/new").status == 200
        assert main(["resolve", "new", "--catalog", str(catalog)]) == 0
        running.send_signal(signal.SIGTERM)
        out, err = running.communicate(timeout=10)
    assert (running.returncode, out) == (0, "")
    first, second = err.splitlines()
    assert first.startswith(f'127.0.0.1 "PUT {PUT}/new?pretty=%1b" 400 ')
    assert second.startswith(f'127.0.0.1 "PUT {PUT}/new" 200 ')


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_a_change_that_has_begun_is_made_and_answered_before_the_end(catalog, name):
    """The change waits for the lock longer than a request is left at the end; the client is told what is so."""
    with process(catalog) as (running, url), ThreadPoolExecutor(1) as pool:
        with locked(catalog / ".lock", 1, lambda: None):
            reply = pool.submit(ask, url, "PUT", f"{PUT}/late")
            time.sleep(0.5)
            running.send_signal(getattr(signal, name))
            time.sleep(4)
        assert reply.result().json == {"acknowledged": True}
        assert running.wait(10) == 0
    assert main(["resolve", "late", "--catalog", str(catalog)]) == 0


def test_a_change_whose_turn_has_not_come_is_answered_503_at_the_end(catalog):
    with process(catalog) as (running, url), ThreadPoolExecutor(2) as pool:
        with locked(catalog / ".lock", 1, lambda: None):
            first = pool.submit(ask, url, "PUT", f"{PUT}/first")
            time.sleep(0.5)
            second = pool.submit(ask, url, "PUT", f"{PUT}/second")
            time.sleep(0.5)
            running.send_signal(signal.SIGTERM)
            assert second.result().status == 503
        assert first.result().status == 200
        assert running.wait(10) == 0
    aliases = DirectoryStore(catalog).read().aliases
    assert ("first" in aliases, "second" in aliases) == (True, False)


def test_a_client_that_reads_no_answers_does_not_grow_the_server(catalog):
    requests = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n" * 1000
    with process(catalog) as (running, url), socket.create_connection(("127.0.0.1", urlsplit(url).port)) as connection:
        ask(url, "GET", "/")
        before, begun = memory(running.pid), time.monotonic()
        connection.setblocking(False)
        while time.monotonic() - begun < 1:
            try:
                connection.send(requests)
            except BlockingIOError:
                time.sleep(0.01)
        assert memory(running.pid) - before < 20_000
        assert ask(url, "GET", "/").status == 200


def memory(pid):
    """The kilobytes of memory that a process has."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


def test_1100_connections_are_taken_although_the_soft_limit_is_lower(catalog):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 2400:
        pytest.skip("the hard limit of descriptors is too low")
    resource.setrlimit(resource.RLIMIT_NOFILE, (1024, hard))
    try:
        with process(catalog) as (_, url), ExitStack() as connections:
            resource.setrlimit(resource.RLIMIT_NOFILE, (2400, hard))
            for _ in range(1100):
                connections.enter_context(socket.create_connection(("127.0.0.1", urlsplit(url).port)))
            assert ask(url, "GET", "/").status == 200
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_descriptors_that_run_out_are_a_line_in_the_log(catalog, tmp_path):
    """A hard limit of 60 descriptors, and 100 connections."""
    limit = "import resource as r, runpy, sys; r.setrlimit(r.RLIMIT_NOFILE, (60, 60)); sys.argv[0] = 'mlalias'; "
    script = limit + "runpy.run_module('mlalias', run_name='__main__')"
    command = [sys.executable, "-c", script, "serve", "--port", "0", "--catalog", str(catalog)]
    with (
        (tmp_path / "log").open("w") as log,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True) as running,
    ):
        port = urlsplit(running.stdout.readline().strip()).port
        with ExitStack() as connections:
            for _ in range(100):
                connections.enter_context(socket.create_connection(("127.0.0.1", port)))
            time.sleep(2)
        time.sleep(1.5)  # the pause that asyncio makes before it takes connections again
        reply = ask(f"http://127.0.0.1:{port}", "GET", "/")
        running.kill()
    lines = [line for line in (tmp_path / "log").read_text().splitlines() if '"GET /" ' not in line]
    assert reply.status == 200
    assert 1 <= len(lines) <= 5
    assert all("all file descriptors are in use" in line for line in lines)


def test_a_key_is_stripped(catalog):
    """A file's last newline comes along with `$(printf ...)`, `docker secret` and the like."""
    with process(catalog, MLALIAS_SERVE_API_KEY=" an-id:sesame\n") as (_, url):
        assert ask(url, "GET", "/", headers={"Authorization": "ApiKey an-id:sesame"}).status == 200
        assert ask(url, "GET", "/").status == 401


def test_a_key_that_no_header_can_carry_is_refused(catalog, capsys, monkeypatch):
    monkeypatch.setenv("MLALIAS_SERVE_API_KEY", "schl\u00fcssel")
    assert main(["serve", "--port", "0", "--catalog", str(catalog)]) == 2
    assert "MLALIAS_SERVE_API_KEY has characters that no header can carry" in capsys.readouterr().err


def test_a_terminal_is_told_what_is_served_and_how_to_stop_it(catalog):
    controller, terminal = os.openpty()
    command = [*MLALIAS, "serve", "--port", "0", "--catalog", str(catalog)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=terminal, text=True) as running:
        assert running.stdout.readline().startswith("http://127.0.0.1:")
        time.sleep(0.2)
        running.terminate()
        assert running.wait(10) == 0
    os.close(terminal)
    assert f"serving the catalog '{catalog}'; press Ctrl-C to stop" in os.read(controller, 4096).decode().replace(
        "\r\n", ""
    )
    os.close(controller)


def test_ctrl_c_ends_it_with_130(catalog):
    with process(catalog) as (running, _):
        running.send_signal(signal.SIGINT)
        assert running.wait(10) == 130


def test_sigterm_ends_it_with_an_open_connection_and_a_half_sent_request(catalog):
    with process(catalog) as (running, url):
        half = socket.create_connection(("127.0.0.1", urlsplit(url).port))
        half.sendall(b"PUT / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n{")
        assert ask(url, "GET", "/").status == 200
        running.send_signal(signal.SIGTERM)
        assert running.wait(10) == 0
        half.close()


def test_a_log_that_nobody_reads_stops_nothing(catalog):
    with process(catalog, "--read-only") as (_, url):
        connection = HTTPConnection(urlsplit(url).netloc, timeout=10)
        for _ in range(60):  # three times what a pipe holds
            connection.request("GET", "/none/" + "x" * 3000)
            assert connection.getresponse().read()
        connection.close()


def test_a_taken_port_is_told(catalog, capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["serve", "--port", str(port), "--catalog", str(catalog)]) == 1
    told = capsys.readouterr().err
    assert f"error: cannot listen on 127.0.0.1, port {port}: address already in use\n" in told
    assert "hint: take a free port: mlalias serve --port 0" in told


@pytest.mark.parametrize("host", ["0.0.0.0", "::", ""])  # noqa: S104 - it is refused
def test_another_host_needs_a_key(catalog, capsys, host):
    assert main(["serve", "--host", host, "--port", "0", "--catalog", str(catalog)]) == 2
    told = capsys.readouterr().err
    assert "no key that requests must carry" in told
    assert "MLALIAS_SERVE_API_KEY" in told


def test_another_host_with_a_key(catalog):
    with process(catalog, "--host", "0.0.0.0", MLALIAS_SERVE_API_KEY="sesame") as (_, url):  # noqa: S104 - guarded
        here = f"http://127.0.0.1:{urlsplit(url).port}"
        assert ask(here, "GET", "/").status == 401
        assert ask(here, "GET", "/", headers={"Authorization": "ApiKey sesame"}).status == 200


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--host", "no.such.host.invalid"], "there is no host"),
        (["--port", "65536"], "65536"),
        (["--catalog", "http://localhost:9200"], "not on a cluster"),
    ],
)
def test_wrong_usage(catalog, capsys, options, said):
    assert main(["serve", "--catalog", str(catalog), *options]) == 2
    assert said in capsys.readouterr().err


def test_without_the_extra_it_says_how_to_install_it():
    script = "import sys; sys.modules['uvicorn'] = None; from mlalias.cli.main import main; sys.exit(main(['serve']))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == (
        "error: `serve` needs the extra 'serve', and uvicorn is not installed\n"
        "hint: install it: pip install 'mlalias[serve]'\n"
    )


def test_a_server_of_no_catalog_yet_makes_one_at_the_first_change(tmp_path):
    with process(tmp_path / "new") as (_, url):
        assert ask(url, "GET", "/_ml/trained_models").json == {"count": 0, "trained_model_configs": []}
        assert not (tmp_path / "new").exists()
        tree = {"model_type": "tree_ensemble", "input": {"field_names": ["a"]}, "inference_config": {"regression": {}}}
        assert ask(url, "PUT", "/_ml/trained_models/m", tree).status == 200
        assert ask(url, "PUT", "/_ml/trained_models/m/model_aliases/a").status == 200
    assert main(["resolve", "a", "--catalog", str(tmp_path / "new")]) == 0


# --- trouble ---


def test_a_damaged_catalog_answers_500_and_a_mended_one_answers_again(server):
    table = server.directory / "aliases.toml"
    whole = table.read_bytes()
    table.write_bytes(b"")
    for method, path in [("GET", "/_ml/trained_models/x"), ("PUT", f"{PUT}/new")]:
        reply = server.ask(method, path)
        assert (reply.status, reply.type) == (500, "catalog_damaged_exception")
    assert server.ask("GET", "/").status == 500
    table.write_bytes(whole)
    assert server.ask("PUT", f"{PUT}/new").status == 200


def test_a_file_that_cannot_be_read_answers_500(server):
    (server.directory / "models" / "sst-2-draft.toml").unlink()
    (server.directory / "models" / "sst-2-draft.toml").mkdir()
    reply = server.ask("GET", "/_ml/trained_models/sst-2-draft")
    assert reply.status == 500
    assert reply.json["error"]["type"].endswith("_exception")


def test_a_busy_catalog_answers_503_while_reads_go_on(tmp_path, monkeypatch):
    monkeypatch.setenv("MLALIAS_LOCK_TIMEOUT", "0.4")
    with served(tmp_path, lock_timeout=0.4) as found, ThreadPoolExecutor(60) as pool:
        with locked(found.directory / ".lock", 1, lambda: None):
            waiting = [pool.submit(found.ask, "PUT", f"{PUT}/new-{index}x") for index in range(50)]
            begun = time.monotonic()
            assert found.ask("GET", "/_ml/trained_models/sentiment").status == 200
            assert time.monotonic() - begun < 0.4
            replies = [one.result() for one in waiting]
        assert {(reply.status, reply.type) for reply in replies} == {(503, "catalog_busy_exception")}
        assert found.ask("PUT", f"{PUT}/new").status == 200


def test_what_is_too_large_is_refused_and_the_server_goes_on(server):
    reply = server.ask("PUT", "/_ml/trained_models/m", b" " * (LARGEST + 1), JSON)
    assert (reply.status, reply.type) == (413, "content_too_long_exception")
    assert exchange(server, b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 30000).startswith((b"HTTP/1.1 4", b"reset"))
    assert server.ask("GET", "/").status == 200


@pytest.mark.parametrize("sent", [b"\r\n\r\n", b"nonsense\r\n\r\n", b"\x16\x03\x01\x02",
                                  b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n"])  # fmt: skip
def test_what_is_no_http_is_answered_or_closed(impatient, sent):
    assert exchange(impatient, sent)[:10] in (b"HTTP/1.1 4", b"", b"reset")
    assert impatient.ask("GET", "/").status == 200


def test_a_body_that_trickles_in_is_ended(impatient):
    sent = b"PUT /_ml/trained_models/m HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\n{"
    assert exchange(impatient, sent).startswith(b"HTTP/1.1 408")
    assert impatient.ask("GET", "/").status == 200


def exchange(found, sent):
    """Send bytes, and one more now and then, until the server ends the connection."""
    port = urlsplit(found.url).port
    received = b""
    with socket.create_connection(("127.0.0.1", port), timeout=0.1) as connection:
        begun = time.monotonic()
        try:
            connection.sendall(sent)
            while time.monotonic() - begun < 5:
                try:
                    more = connection.recv(65536)
                except TimeoutError:
                    connection.sendall(b"x")
                    continue
                if not more:
                    return received
                received += more
        except ConnectionError:
            return received or b"reset"
    raise AssertionError("the server keeps the connection")


# --- many at once ---


def test_of_200_puts_at_once_and_a_command_line_beside_them_none_is_lost(catalog):
    here = {f"cli-{index}-x": "sst-2-next" for index in range(8)}
    there = {f"http-{index}-x": "sst-2-draft" for index in range(200)}
    failed = []

    def write():
        for alias, model in here.items():
            command = [*MLALIAS, "put", model, alias, "-q", "--catalog", str(catalog)]
            failed.extend([alias] * subprocess.run(command, check=False).returncode)

    before = dict(DirectoryStore(catalog).read().aliases)
    with process(catalog) as (_, url), ThreadPoolExecutor(200) as pool:
        writer = threading.Thread(target=write)
        writer.start()
        replies = list(pool.map(lambda alias: ask(url, "PUT", f"{PUT}/{alias}").status, there))
        writer.join()
    assert (set(replies), failed) == ({200}, [])
    after = DirectoryStore(catalog).read()
    assert after.aliases == before | here | there
    assert [entry.revision for entry in after.history] == list(range(1, after.revision + 1))
    assert after.revision == 1 + len(here) + len(there)
    assert main(["verify", "--catalog", str(catalog)]) == 0


def test_threads_of_one_process_do_not_lose_one_another(catalog):
    def put(index):
        return main(["put", "sst-2-draft", f"thread-{index}-x", "--catalog", str(catalog), "-o", "json"])

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(put, range(40))) == {0}
    assert len([alias for alias in DirectoryStore(catalog).read().aliases if alias.startswith("thread-")]) == 40
