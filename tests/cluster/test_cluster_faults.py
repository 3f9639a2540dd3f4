"""What a cluster that fails, refuses or is none gets: a sentence, a hint, an exit code, and never a secret."""

import subprocess
import sys
import threading
import time
import traceback
from base64 import b64encode

import pytest
from cluster_support import PRODUCT, Front, Told, answering, elasticsearch, error, good
from harness import MLALIAS, SLIM

from mlalias.stores.cluster.access import access

KEY = "c2VjcmV0LWlkOnNlY3JldC1rZXk="
SECURITY = "security_exception"
READ = ["resolve", "sentiment"]
PUT = ["put", SLIM, "slim"]
DENIED = "action [cluster:admin/xpack/ml/x] is unauthorized for API key id [a], this action is granted by [manage_ml]"
HTML = {"Content-Type": "text/html"}
NOW = PRODUCT | {"Retry-After": "0"}


def _unlicensed():
    """As Elasticsearch marks it, beside the type that a missing privilege has, too."""
    told = error(403, SECURITY, "current license is non-compliant for [ml]")
    told.body["error"]["license.expired.feature"] = "ml"
    return told


@pytest.mark.parametrize(
    ("told", "status", "text", "hint"),
    [
        (
            error(401, SECURITY, "missing credentials"),
            401,
            "asks for credentials, and none are given",
            "MLALIAS_API_KEY",
        ),
        (error(403, SECURITY, DENIED), 403, "PRIVILEGE is missing (403)", '{"cluster": ["PRIVILEGE"]}'),
        (_unlicensed(), 403, "does not allow it (403: current license is non-compliant", None),
        (error(403, "cluster_block_exception", "read only"), 403, "does not allow it (403: read only)", None),
        (Told(b"<h1>Forbidden</h1>", 403, HTML), 403, "does not allow it (403)", None),
        (error(429, "es_rejected_execution_exception", "queue is full", NOW), 429, "(429: queue is full)", "try again"),
        (error(503, "master_not_discovered_exception", "no master", NOW), 503, "(503: no master)", "try again"),
        (Told(b"<h1>Bad gateway</h1>", 502, HTML | NOW), 502, "is busy or not ready (502)", "try again"),
        (error(500, "null_pointer_exception", "oops"), 500, "answers 500: oops", None),
        (Told(b"<h1>Not here</h1>", 404, HTML), 404, "answers 404, but not as Elasticsearch does", "curl -i"),
        (Told(b"", 301, {"Location": "https://elsewhere.example"}), 301, "answers 301, but not as", "curl -i"),
        (Told(b"<h1>Hello</h1>", 200, HTML), None, "is not Elasticsearch", "curl -i"),
        (Told(b"<h1>Hello</h1>", 200, HTML | PRODUCT), None, "is not Elasticsearch", "curl -i"),
        (Told({"acknowledged": True}, 200), None, "is not Elasticsearch", "curl -i"),
        (Told(b"{", 200, PRODUCT), None, "did not answer in JSON", "curl -i"),
        (Told(b"PK", 200, {"Content-Type": "application/zip"}), None, "did not answer in JSON", "curl -i"),
        (Told({"count": 1}, close=3, headers=PRODUCT), None, "closed the connection before its answer", "curl -i"),
        (Told(close=-1), None, "closed the connection before its answer was complete", "curl -i"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
@pytest.mark.parametrize("words", [READ, PUT], ids=["read", "write"])
def test_a_fault_is_one_sentence_and_exit_code_9(words, told, status, text, hint, sample, run):
    behind = elasticsearch(sample)

    def answer(asked):
        return told if words is READ or asked.method == "PUT" else behind(asked)

    with answering(answer) as cluster:
        done = run(*words, "-o", "json", "--catalog", cluster.url)
    assert done.code == 9, done.err
    failure = done.json["error"]
    privilege = "monitor_ml" if words is READ else "manage_ml"
    assert text.replace("PRIVILEGE", privilege) in failure["reason"]
    assert failure["reason"].startswith(cluster.url)
    assert hint is None or hint.replace("PRIVILEGE", privilege) in failure["hint"]
    assert done.json["status"] == (status or 503)
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    ("told", "code"),
    [
        (error(400, "illegal_argument_exception", "no handler found"), 9),
        (good({"count": "many"}), 9),
        (good({"count": 1, "trained_model_configs": [{"model_id": 7}]}), 9),
        (good({"count": 1, "trained_model_configs": 7}), 9),
        (good([]), 9),
        (error(404, "resource_not_found_exception", "none"), 4),
    ],
)
def test_an_answer_that_makes_no_sense_is_the_clusters_fault(told, code, run):
    with answering(lambda asked: told if len(asked.parts) == 3 else good({"count": 0})) as cluster:
        done = run("resolve", "sentiment", "--catalog", cluster.url)
    assert done.code == code
    assert done.err.startswith("error: ")


@pytest.mark.parametrize("words", [READ, PUT], ids=["read", "write"])
@pytest.mark.parametrize("close", [None, 1], ids=["before its answer", "within its answer"])
def test_a_server_that_hangs_is_left_within_the_timeout(words, close, sample, run, monkeypatch):
    monkeypatch.setenv("MLALIAS_TIMEOUT", "0.3")
    hang = threading.Event()
    behind = elasticsearch(sample)

    def answer(asked):
        return Told(hang=hang, close=close) if words is READ or asked.method == "PUT" else behind(asked)

    with answering(answer) as cluster:
        start = time.monotonic()
        done = run(*words, "--catalog", cluster.url)
        took = time.monotonic() - start
        hang.set()
    assert done.code == 9
    assert took < 3
    assert f"{cluster.url} did not answer within 0.3 seconds" in done.err
    assert "MLALIAS_TIMEOUT=" in done.err
    assert ("whether it changed the alias 'slim' is unknown" in done.err) == (words is PUT)


def test_nobody_there(run):
    front = Front(lambda _: Told())
    with front.listening() as url:
        pass
    done = run("list", "--catalog", url)
    assert done.code == 9
    assert done.err.startswith(f"error: {url} cannot be reached: connection refused\n")


@pytest.mark.parametrize("host", ["a" * 64, "a..b", "x y", "%zz", "[fe80::1%eth0]"])
def test_a_host_that_is_none(host, run):
    done = run("list", "--catalog", f"http://{host}:9")
    assert done.code == 2
    assert "is not the address of a cluster" in done.err


# --- a busy cluster ---


@pytest.mark.parametrize("status", [429, 502, 503, 504])
@pytest.mark.parametrize("headers", [PRODUCT, NOW], ids=["own pauses", "Retry-After"])
def test_a_read_that_finds_the_cluster_busy_is_repeated(status, headers, sample, run):
    behind = elasticsearch(sample)
    busy = error(status, "es_rejected_execution_exception", "not now", headers)
    with answering(lambda asked: busy if len(cluster.front.asked) == 1 else behind(asked)) as cluster:
        start = time.monotonic()
        done = run(*READ, "--catalog", cluster.url)
        took = time.monotonic() - start
    assert (done.code, done.err, len(cluster.front.asked)) == (0, "", 2)
    assert (took >= 0.2) == (headers is PRODUCT)


def test_a_read_is_repeated_for_a_few_seconds_only(run):
    busy = error(503, "master_not_discovered_exception", "no master")
    with answering(lambda _: busy) as cluster:
        start = time.monotonic()
        assert run(*READ, "--catalog", cluster.url).code == 9
        took = time.monotonic() - start
    assert len(cluster.front.asked) == 5
    assert 2.5 < took < 6


@pytest.mark.parametrize(
    ("words", "status", "headers", "asked"),
    [
        (READ, 503, PRODUCT | {"Retry-After": "120"}, 1),
        (READ, 500, PRODUCT, 1),
        (READ, 408, PRODUCT, 1),
        (PUT, 503, NOW, 3),
        (PUT, 429, NOW, 3),
    ],
)
def test_what_is_not_repeated(words, status, headers, asked, sample, run):
    """A change never is: it could move an alias that somebody else has moved meanwhile."""
    behind = elasticsearch(sample)
    busy = error(status, "some_exception", "not now", headers)
    with answering(lambda asked: busy if words is READ or asked.method == "PUT" else behind(asked)) as cluster:
        assert run(*words, "--catalog", cluster.url).code == 9
    assert len(cluster.front.asked) == asked


# --- credentials ---


def _basic(text):
    """What RFC 7617 makes of a user name and a password."""
    return f"Basic {b64encode(text.encode()).decode()}"


@pytest.mark.parametrize(
    ("environment", "header"),
    [
        ({}, None),
        ({"MLALIAS_API_KEY": KEY}, f"ApiKey {KEY}"),
        ({"MLALIAS_API_KEY": f" {KEY}\n"}, f"ApiKey {KEY}"),
        ({"MLALIAS_API_KEY": "secret-id:secret-key"}, f"ApiKey {KEY}"),
        ({"MLALIAS_USERNAME": "secret-id", "MLALIAS_PASSWORD": "secret-key"}, f"Basic {KEY}"),
        ({"ES_API_KEY": KEY}, f"ApiKey {KEY}"),
        ({"ES_USERNAME": "secret-id", "ES_PASSWORD": "secret-key"}, f"Basic {KEY}"),
        ({"ES_API_KEY": "b3RoZXI=", "MLALIAS_USERNAME": "secret-id", "MLALIAS_PASSWORD": "secret-key"}, f"Basic {KEY}"),
        ({"MLALIAS_API_KEY": KEY, "MLALIAS_USERNAME": "u", "MLALIAS_PASSWORD": "p"}, f"ApiKey {KEY}"),
        ({"MLALIAS_USERNAME": "zoë", "MLALIAS_PASSWORD": "пароль: 密码"}, _basic("zoë:пароль: 密码")),
        ({"MLALIAS_USERNAME": "zoë", "MLALIAS_PASSWORD": " x "}, _basic("zoë: x ")),
    ],
)
def test_credentials_come_from_the_environment(environment, header, cluster, run, monkeypatch):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert run("resolve", "sentiment", "--catalog", cluster.url).code == 0
    (asked,) = cluster.front.asked
    assert asked.headers.get("authorization") == header
    assert asked.headers["accept"] == "application/vnd.elasticsearch+json; compatible-with=8"


@pytest.mark.parametrize(
    ("environment", "address", "text"),
    [
        ({}, "https://elastic:changeme@es.example:9200", "has a user name, a password or a query in it"),
        ({}, "HTTPS://elastic:changeme@es.example:9200", "has a user name, a password or a query in it"),
        ({}, "https://es.example:9200/?key=changeme", "has a user name, a password or a query in it"),
        ({}, "https://", "is not the address of a cluster"),
        ({}, "https://es.example:99999", "is not the address of a cluster"),
        ({}, "http://[::1", "is not the address of a cluster"),
        ({"MLALIAS_USERNAME": "elastic"}, "https://es.example:9200", "MLALIAS_PASSWORD is not"),
        ({"ES_PASSWORD": "changeme"}, "https://es.example:9200", "ES_USERNAME is not"),
        ({"MLALIAS_API_KEY": "changeme\nX: y"}, "https://es.example:9200", "characters that no API key has"),
        (
            {"MLALIAS_API_KEY": "changeme"},
            "http://es.example:9200",
            "MLALIAS_API_KEY would be sent to http://es.example:9200 unencrypted",
        ),
        ({"ES_USERNAME": "u", "ES_PASSWORD": "changeme"}, "http://10.0.0.1:9200", "ES_PASSWORD would be sent to"),
        (
            {"MLALIAS_USERNAME": "u:v", "MLALIAS_PASSWORD": "changeme"},
            "https://es.example:9200",
            "MLALIAS_USERNAME holds a colon",
        ),
        (
            {"ES_USERNAME": "u", "ES_PASSWORD": "changeme\n"},
            "https://es.example:9200",
            "ES_PASSWORD holds a control character",
        ),
        (
            {"ES_USERNAME": "u\x7f", "ES_PASSWORD": "changeme"},
            "https://es.example:9200",
            "ES_USERNAME holds a control character",
        ),
        ({"ES_USERNAME": "u", "ES_PASSWORD": "changeme\udcff"}, "https://es.example:9200", "ES_PASSWORD is not UTF-8"),
        (
            {"MLALIAS_TIMEOUT": "0"},
            "https://es.example:9200",
            "MLALIAS_TIMEOUT is '0', which is not a number of seconds above 0",
        ),
        ({"MLALIAS_TIMEOUT": "86401"}, "https://es.example:9200", "at most 86400"),
        ({"MLALIAS_TIMEOUT": "1e99"}, "https://es.example:9200", "at most 86400"),
        ({"MLALIAS_TIMEOUT": "soon"}, "https://es.example:9200", "MLALIAS_TIMEOUT is 'soon'"),
        ({"MLALIAS_TIMEOUT": "nan"}, "https://es.example:9200", "MLALIAS_TIMEOUT is 'nan'"),
        ({"MLALIAS_CA_CERTS": "/nowhere.crt"}, "https://es.example:9200", "there is no such file"),
        ({"MLALIAS_CA_CERTS": __file__}, "https://es.example:9200", "which is not a file of certificates"),
        ({"MLALIAS_CA_FINGERPRINT": "ab:cd"}, "https://es.example:9200", "is not the SHA-256 fingerprint"),
    ],
)
@pytest.mark.parametrize("form", ["table", "json"])
def test_what_the_environment_or_the_address_gets_wrong_is_2(environment, address, text, form, run, monkeypatch):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    done = run("list", "-o", form, "--catalog", address)
    assert done.code == 2
    assert text in (done.json["error"]["reason"] if form == "json" else done.err)
    assert "changeme" not in done.out + done.err


ADDRESSES = [
    "https://elastic:changeme@es.example:9200",
    "https://es.example:9200/?api_key=changeme",
    "http:/elastic:changeme@es.example",
    "http:elastic:changeme@es.example",
    "http:/es.example?api_key=changeme",
    "https//elastic:changeme@es.example",
    "HTTPS:///elastic:p4s/s@changeme@es.example",
    "ftp://elastic:changeme@es.example",
    "htps://elastic:x changeme@es.example",
    "elastic:changeme@es.example:9200",
]


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize(
    "words",
    [["path"], ["put", "a"], ["list", "--nothing"], ["history"], ["export"], ["put", "a", "b"], ["list", "-ojson"]],
)
def test_an_address_with_a_password_is_never_printed(words, address, run, monkeypatch):
    """Mistyped ones too, wherever they stand: an option, the environment, in an argument's place."""
    done = [run(*words, "--catalog", address), run("path", address)]
    monkeypatch.setenv("MLALIAS_CATALOG", address)
    for each in [*done, run(*words)]:
        assert each.code == 2
        assert "changeme" not in each.out + each.err


def test_a_mistyped_address_is_shown_without_its_password(run):
    done = run("list", "--catalog", "http:/elastic:changeme@es.example")
    assert done.err == "error: 'http:/***@es.example' is neither a directory nor an http:// or https:// URL\n"


def test_a_directory_may_be_named_like_a_login(run, tmp_path):
    (tmp_path / "a:b@c").mkdir()
    assert run("put", "m", "a", "--catalog", tmp_path / "a:b@c").code == 4


def test_the_longest_timeout_can_be_waited_for(cluster, run, monkeypatch):
    monkeypatch.setenv("MLALIAS_TIMEOUT", "86400")
    assert run("resolve", "sentiment", "--catalog", cluster.url).code == 0


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ({"trained_model_configs": 3}, "has trained_model_configs that is not a list"),
        ({"trained_model_configs": [{"model_id": "m", "x": 2**64}]}, "holds a whole number of more than 64 bits"),
        ({"trained_model_configs": [{"model_id": "m", "tags": [3]}]}, "has trained_model_configs[0].tags that is not a list of strings"),
    ],
)  # fmt: skip
def test_an_answer_that_no_elasticsearch_gives_is_named(body, fault, run):
    with answering(lambda _: Told(body, 200, PRODUCT)) as cluster:
        done = run("list", "-o", "json", "--catalog", cluster.url)
    assert (done.code, done.json["error"]["reason"]) == (9, f"the answer of {cluster.url} {fault}")


@pytest.mark.parametrize("login", ["key", "pair", "basic"])
@pytest.mark.parametrize("form", ["table", "json"])
@pytest.mark.parametrize("status", [400, 401, 403, 500])
def test_no_secret_is_printed_even_if_the_server_echoes_it(login, form, status, sample, run, monkeypatch):
    environment = {
        "key": {"MLALIAS_API_KEY": KEY},
        "pair": {"MLALIAS_API_KEY": "secret-id:secret-key"},
        "basic": {"MLALIAS_USERNAME": "secret-id", "MLALIAS_PASSWORD": "secret-key"},
    }
    for name, value in environment[login].items():
        monkeypatch.setenv(name, value)
    behind = elasticsearch(sample)
    echoed = KEY if login == "key" else f"{KEY} secret-id:secret-key secret-key"
    told = error(status, SECURITY, f"your header was {echoed}", PRODUCT | {"Warning": f'299 ES-1 "{KEY}"'})
    with answering(lambda asked: told if asked.method == "PUT" else behind(asked)) as cluster:
        done = run(*PUT, "-o", form, "--catalog", cluster.url)
    assert done.code in (3, 4, 5, 9)
    for secret in (KEY, "secret-key"):
        assert secret not in done.out + done.err


def test_no_secret_is_in_a_traceback_or_a_repr(monkeypatch):
    """A bug's traceback shows values that somebody put into a message; the values show no secret."""
    monkeypatch.setenv("MLALIAS_API_KEY", KEY)
    found = access("https://es.example:9200")
    assert KEY not in repr(found)
    assert KEY not in "".join(traceback.format_exception(RuntimeError(found)))


def test_without_the_client_the_sentence_names_the_install_command(tmp_path):
    code = (
        "import sys; sys.modules['elasticsearch'] = None; from mlalias.cli.main import main;"
        "sys.exit(main(['list', '--catalog', 'http://127.0.0.1:9']))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 2
    assert done.stderr == "error: a catalog on a cluster needs its client: pip install 'mlalias[cluster]'\n"


def test_a_directory_does_not_load_the_client(sample, tmp_path):
    code = (
        "import sys; from mlalias.cli.main import main;"
        f"main(['put', 'sst-2-next', 'next', '-o', 'json', '--catalog', {str(sample)!r}]);"
        "loaded = {'elasticsearch', 'elastic_transport', 'urllib3', 'rich', 'ssl'} & set(sys.modules);"
        "sys.exit(str(loaded) if loaded else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr


def test_a_real_process_says_nothing_but_the_sentence(tmp_path):
    """The client's own log messages do not reach standard error."""
    with answering(lambda _: error(503, "busy", "later", NOW)) as cluster:
        command = [*MLALIAS, "list", "--catalog", cluster.url]
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 9
    assert done.stdout == ""
    assert [line.split(":")[0] for line in done.stderr.splitlines()] == ["error", "hint"]
