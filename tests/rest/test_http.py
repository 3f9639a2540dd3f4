"""HTTP as Elasticsearch speaks it: media types, parameters, the order of faults, JSON in and out, compression, limits.

The verdicts are those of real servers, 8.19.21 and 9.5.3, on routes of the same kind.
"""

import gzip
import json
import zlib

import pytest
from serve_support import JSON, served

from mlalias.rest.access import Access

ILLEGAL, MEDIA, PARSE = "illegal_argument_exception", "media_type_header_exception", "x_content_parse_exception"
EOF_TYPE, TEXT = "x_content_e_o_f_exception", "a text"
ALIAS = "/_ml/trained_models/sst-2-draft/model_aliases/new"
MODEL, MODELS, STATS = "/_ml/trained_models/m", "/_ml/trained_models", "/_ml/trained_models/_stats"
PIPELINE, NOWHERE = "/_ingest/pipeline/p", "/_nothing/of/this/kind"
VENDOR = "application/vnd.elasticsearch+json; compatible-with="
GOOD, SENT = {"processors": []}, b'{"processors": []}'


def accept(value):
    return {"Accept": value}


def content(value):
    return {"Content-Type": value}


ROWS = [
    # --- parameters ---
    ("PUT", ALIAS, None, {}, 200, None), ("PUT", ALIAS + "?reassign", None, {}, 200, None),
    ("PUT", ALIAS + "?reassign=%20", None, {}, 200, None), ("PUT", ALIAS + "?reassign=false", None, {}, 200, None),
    ("PUT", ALIAS + "?reassign=True", None, {}, 400, ILLEGAL), ("PUT", ALIAS + "?reassign=1", None, {}, 400, ILLEGAL),
    ("PUT", ALIAS + "?reassign=1&reassign=true", None, {}, 200, None), ("PUT", ALIAS + "?reassign=true;pretty=true", None, {}, 200, None),
    ("PUT", ALIAS + "?other=1", None, {}, 400, ILLEGAL), ("PUT", ALIAS + "?model_id=x&model_alias=y", None, {}, 200, None),
    ("PUT", ALIAS + "?human&error_trace&format=json&filter_path=acknowledged", None, {}, 200, None),
    ("PUT", ALIAS + "?pretty=no", None, {}, 400, ILLEGAL), ("PUT", ALIAS + "?human=no", None, {}, 400, ILLEGAL),
    ("PUT", ALIAS + "?error_trace=no", None, {}, 400, TEXT), ("PUT", ALIAS + "?format=bogus", None, {}, 200, None),
    ("DELETE", ALIAS + "?reassign=true", None, {}, 400, ILLEGAL), ("PUT", ALIAS, b"{}", JSON, 400, ILLEGAL),
    ("DELETE", ALIAS, b"{}", JSON, 400, ILLEGAL), ("GET", "/", b"{}", JSON, 400, ILLEGAL),
    ("PUT", ALIAS.replace("new", "%FF"), None, {}, 400, "action_request_validation_exception"),
    ("PUT", ALIAS.replace("new", "%zz"), None, {}, 400, ILLEGAL), ("GET", MODELS + "?size=%zz", None, {}, 400, "bad_parameter_exception"),
    ("GET", MODELS + "?size=+5", None, {}, 400, ILLEGAL), ("GET", MODELS + "?size=%2B5", None, {}, 200, None),
    ("GET", MODELS + "?size=1.5", None, {}, 400, ILLEGAL), ("GET", MODELS + "?size=", None, {}, 400, ILLEGAL),
    ("DELETE", MODELS + "/sst-2-draft?timeout=10", None, {}, 400, ILLEGAL), ("DELETE", MODELS + "/sst-2-draft?timeout=1.5s", None, {}, 400, ILLEGAL),
    ("DELETE", MODELS + "/sst-2-draft?timeout=-1", None, {}, 200, None), ("DELETE", MODELS + "/sst-2-draft?timeout=10s", None, {}, 200, None),
    ("DELETE", MODELS + "/sst-2-draft?timeout=-5s", None, {}, 400, ILLEGAL), ("GET", PIPELINE + "?master_timeout=", None, {}, 400, ILLEGAL),
    ("PUT", PIPELINE + "?source=%7B%7D", None, {}, 400, "validation_exception"),
    ("PUT", PIPELINE + "?source=%7B%22processors%22:%5B%5D%7D&source_content_type=application/json", None, {}, 200, None),
    # --- which fault is told first ---
    ("POST", ALIAS + "?pretty=no", None, {}, 400, ILLEGAL), ("POST", NOWHERE, SENT, content("nonsense"), 400, MEDIA),
    ("GET", NOWHERE, None, accept(VENDOR + "7"), 400, MEDIA), ("POST", STATS, SENT, {}, 405, TEXT),
    ("PUT", PIPELINE + "?bogus=1", b"{", JSON, 400, ILLEGAL), ("PUT", MODEL + "?bogus=1", b"{", JSON, 400, EOF_TYPE), ("PUT", ALIAS + "?other=1&reassign=x", None, {}, 400, ILLEGAL),
    # --- media types of answers ---
    ("GET", "/", None, accept("application/json; a=b"), 200, None), ("GET", "/", None, accept("application/*"), 200, None),
    ("GET", "/", None, accept("text/html"), 200, None), ("GET", "/", None, accept(""), 400, MEDIA),
    ("GET", "/", None, accept("nonsense"), 400, MEDIA), ("GET", "/", None, accept(VENDOR + "10"), 400, MEDIA),
    ("GET", "/", None, accept("application/cbor"), 400, ILLEGAL), ("GET", "/?format=smile", None, {}, 400, ILLEGAL),
    ("GET", "/?format=json", None, accept("application/yaml"), 200, None), ("GET", "/", None, content("nonsense"), 400, MEDIA),
    # --- media types of bodies ---
    ("PUT", PIPELINE, SENT, {}, 406, TEXT), ("PUT", PIPELINE, SENT, content("text/plain"), 406, TEXT),
    ("PUT", PIPELINE, SENT, content("application/x-ndjson"), 200, None), ("PUT", PIPELINE, SENT, content("application/json; charset=utf-8"), 200, None),
    ("PUT", PIPELINE, SENT, content(VENDOR + "9"), 400, MEDIA), ("PUT", PIPELINE, SENT, JSON | accept(VENDOR + "9"), 400, MEDIA),
    ("PUT", PIPELINE, SENT, content(VENDOR + "9") | accept(VENDOR + "9"), 200, None), ("PUT", PIPELINE, SENT, content(VENDOR + "8") | accept(VENDOR + "8"), 200, None),
    ("PUT", PIPELINE, SENT, content(VENDOR + "8") | accept(VENDOR + "9"), 400, MEDIA), ("PUT", PIPELINE, SENT, content(VENDOR + "7") | accept(VENDOR + "7"), 400, MEDIA),
    ("PUT", PIPELINE, b"processors: []", content("application/yaml"), 400, ILLEGAL),
    # --- JSON ---
    ("PUT", PIPELINE, None, {}, 400, "parse_exception"), ("PUT", PIPELINE, b"  ", JSON, 400, "parse_exception"), ("PUT", PIPELINE, b"[]", JSON, 400, "parse_exception"), ("PUT", MODEL, b"  ", JSON, 400, PARSE), ("PUT", MODEL, b"[]", JSON, 400, PARSE),
    ("PUT", PIPELINE, b'{"processors": [}', JSON, 400, PARSE), ("PUT", PIPELINE, b'{"processors": [', JSON, 400, EOF_TYPE),
    ("PUT", PIPELINE, b'{"processors": "', JSON, 400, EOF_TYPE), ("PUT", PIPELINE, b"hello", JSON, 400, PARSE),
    ("PUT", PIPELINE, b'{"processors": [], "_meta": {"a": 1, "a": 2}}', JSON, 400, PARSE), ("PUT", PIPELINE, b'{"processors": [], "version": NaN}', JSON, 400, PARSE),
    ("PUT", PIPELINE, b'{"processors": [], "description": "\xff"}', JSON, 400, PARSE), ("PUT", PIPELINE, SENT + b" hello", JSON, 200, None),
    ("PUT", PIPELINE, b"/* a // b */ " + SENT + b" # c", JSON, 200, None), ("PUT", PIPELINE, b'{"processors": [], "description": "/* a */ # b"} // c', JSON, 200, None),
    ("PUT", PIPELINE, b"\xef\xbb\xbf" + SENT, JSON, 200, None), ("PUT", PIPELINE, SENT.decode().encode("utf-16"), JSON, 200, None),
    ("PUT", PIPELINE, b'{"processors": [], "_meta": ' + b'{"a": ' * 61 + b"1" + b"}" * 62, JSON, 200, None),
    ("PUT", PIPELINE, b'{"processors": [], "_meta": ' + b'{"a": ' * 62 + b"1" + b"}" * 63, JSON, 400, PARSE),
    ("PUT", PIPELINE, b'{"a": ' * 5000, JSON, 400, PARSE),
    # --- compression, limits ---
    ("PUT", PIPELINE, gzip.compress(SENT, mtime=0), JSON | {"Content-Encoding": "gzip"}, 200, None), ("PUT", PIPELINE, zlib.compress(SENT), JSON | {"Content-Encoding": "deflate"}, 200, None),
    ("PUT", PIPELINE, SENT, JSON | {"Content-Encoding": "br"}, 200, None), ("PUT", PIPELINE, SENT, JSON | {"Content-Encoding": "gzip"}, 400, ILLEGAL),
    ("PUT", PIPELINE, gzip.compress(SENT, mtime=0)[:-9], JSON | {"Content-Encoding": "gzip"}, 400, ILLEGAL),
    ("PUT", PIPELINE, gzip.compress(b" " * (16 << 20) + SENT, mtime=0), JSON | {"Content-Encoding": "gzip"}, 413, "content_too_long_exception"),
    ("GET", "/?filter_path=" + "a" * 4060, None, {}, 200, None), ("GET", "/?filter_path=" + "a" * 4090, None, {}, 400, "too_long_http_line_exception"),
    ("GET", "/", None, {"X-Long": "a" * 16000}, 200, None), ("GET", "/", None, {"X-Long": "a" * 16400}, 400, "too_long_http_header_exception"),
    # --- paths and methods ---
    ("GET", NOWHERE, None, {}, 400, TEXT), ("GET", "/none", None, {}, 404, "index_not_found_exception"), ("PUT", "/none", None, {}, 400, TEXT),
    ("BREW", NOWHERE, None, {}, 405, TEXT), ("HEAD", "/", None, {}, 200, None), ("GET", "/_ml/trained_models/", None, {}, 200, None),
    ("GET", "/_ml//trained_models", None, {}, 400, TEXT),
]  # fmt: skip


def _id(row):
    """A name that a terminal can show."""
    method, path, body, *_, status, kind = row
    return f"{method} {path[:60]} {str(body)[:60] if not isinstance(body, bytes) else len(body)} {status} {kind}"


@pytest.mark.parametrize(("method", "path", "body", "headers", "status", "kind"), ROWS, ids=map(_id, ROWS))
def test_a_request_is_judged(server, method, path, body, headers, status, kind):
    reply = server.ask(method, path, body, headers)
    error = reply.json.get("error") if method != "HEAD" else None
    found = TEXT if isinstance(error, str) else error and error["type"]
    assert (reply.status, found) == (status, kind), reply.body
    assert reply.headers["x-elastic-product"] == "Elasticsearch"
    assert {"date", "server"} & reply.headers.keys() == set()


@pytest.mark.parametrize(
    ("body", "cause"),
    [(b'{"a": [}', "json_parse_exception"), (b'{"a": [', "json_e_o_f_exception"), (b"[]", None)],
)
def test_broken_json_has_its_cause(server, body, cause):
    error = server.ask("PUT", MODEL, body, JSON).json["error"]
    assert error.get("caused_by", {}).get("type") == cause
    assert error["root_cause"] == [{"type": error["type"], "reason": error["reason"]}]


def test_a_number_that_is_none_has_its_cause(server):
    error = server.ask("GET", f"{MODELS}?from=x").json["error"]
    assert error["caused_by"] == {"type": "number_format_exception", "reason": "'x' is not a number"}


def test_a_trace_is_shown_on_request(server):
    error = server.ask("PUT", ALIAS + "?other=1&error_trace=true").json["error"]
    assert error["stack_trace"] == error["root_cause"][0]["stack_trace"] == f"{error['type']}: {error['reason']}"


@pytest.mark.parametrize(
    ("path", "headers", "media_type"),
    [
        ("/", {}, "application/json"),
        ("/", accept("*/*"), "application/json"),
        ("/", accept("text/html,application/xml;q=0.9,*/*;q=0.8"), "application/json"),
        ("/", accept("application/json; Charset=UTF-8"), "application/json;charset=utf-8"),
        ("/", accept("text/html, " + VENDOR + "8"), "application/vnd.elasticsearch+json;compatible-with=8"),
        ("/", accept("application/vnd.elasticsearch+json"), "application/vnd.elasticsearch+json"),
        ("/?format=JSON", accept(VENDOR + "8"), "application/json"),
        ("/?bogus", accept(VENDOR + "8"), "application/vnd.elasticsearch+json;compatible-with=8"),
        ("/", content(VENDOR + "9"), "application/vnd.elasticsearch+json;compatible-with=9"),
    ],
)
def test_the_answer_is_of_the_type_that_was_asked_for(server, path, headers, media_type):
    assert server.ask("GET", path, headers=headers).headers["content-type"] == media_type


def test_json_is_laid_out_as_by_a_server(server):
    body = {"description": "é \U0001f600 []", "processors": [], "_meta": {"empty": {}}}
    assert server.ask("PUT", PIPELINE, body).body == b'{"acknowledged":true}'
    compact = '{"p":{"description":"é \\uD83D\\uDE00 []","processors":[],"_meta":{"empty":{}}}}'
    assert server.ask("GET", PIPELINE).body.decode() == compact
    pretty = server.ask("GET", PIPELINE + "?pretty").body.decode()
    assert pretty.startswith('{\n  "p" : {\n    "description" : "é \\uD83D\\uDE00 []",\n    "processors" : [ ],\n')
    assert pretty.endswith('"empty" : { }\n    }\n  }\n}\n')


@pytest.mark.parametrize(
    ("paths", "left"),
    [
        ("count", {"count": 1}), ("", ...), ("nothing", {}), ("COUNT", {}), ("co*,none", {"count": 1}),
        ("trained_model_configs.model_id", {"trained_model_configs": [{"model_id": "sst-2-draft"}]}),
        ("**.field_names", {"trained_model_configs": [{"input": {"field_names": ["text_field"]}}]}),
        ("*.input,-**.field_names", {}), ("-trained_model_configs", {"count": 1}),
        ("trained_model_configs.in*.field_names,count", {"count": 1, "trained_model_configs": [{"input": {"field_names": ["text_field"]}}]}),
        ("count,-count", {}), ("trained_model_configs.model_id.more", {}),
    ],
)  # fmt: skip
def test_filter_path(server, paths, left):
    reply = server.ask("GET", f"{MODELS}/sst-2-draft?filter_path={paths}")
    assert reply.status == 200
    assert reply.json == left if left is not ... else reply.json["count"] == 1


def test_a_dot_in_a_key_is_escaped_in_a_filter(server):
    assert server.ask("PUT", "/_ingest/pipeline/a.b", GOOD | {"version": 3}).status == 200
    assert server.ask("GET", "/_ingest/pipeline/a.b?filter_path=a%5C.b.version").json == {"a.b": {"version": 3}}
    assert server.ask("GET", "/_ingest/pipeline/a.b?filter_path=a.b.version").json == {}


def test_errors_are_never_filtered(server):
    assert "error" in server.ask("GET", f"{MODELS}/none?filter_path=count").json


@pytest.mark.parametrize(("path", "status"), [("/", 200), ("/?bogus", 400), ("/_ingest/pipeline/none", 404)])
def test_every_answer_is_compressed_on_request(server, path, status):
    packed = server.ask("GET", path, headers={"Accept-Encoding": "gzip"})
    assert (packed.status, packed.headers["content-encoding"]) == (status, "gzip")
    assert json.loads(gzip.decompress(packed.body)) == server.ask("GET", path).json


@pytest.mark.parametrize("path", ["/", "/?bogus", NOWHERE])
def test_an_opaque_id_comes_back(server, path):
    assert server.ask("GET", path, headers={"X-Opaque-Id": "mine"}).headers["x-opaque-id"] == "mine"
    assert "x-opaque-id" not in server.ask("GET", path).headers


@pytest.mark.parametrize(
    ("method", "path", "status", "allow"),
    [
        ("POST", ALIAS, 405, "PUT,DELETE"), ("BREW", "/_ml/trained_models/x", 405, "GET,PUT,DELETE"),
        ("POST", "/", 405, "GET,HEAD"), ("HEAD", "/_ingest/pipeline", 405, "GET"),
        ("OPTIONS", "/_ml/trained_models/x", 200, "GET,PUT,DELETE"), ("OPTIONS", NOWHERE, 200, None),
    ],
)  # fmt: skip
def test_what_a_path_takes(server, method, path, status, allow):
    reply = server.ask(method, path)
    assert (reply.status, reply.headers.get("allow")) == (status, allow)
    if status == 405 and method != "HEAD":
        assert (list(reply.json), reply.json["status"]) == (["error", "status"], 405)
    elif method == "OPTIONS":
        assert (reply.body, reply.headers["content-type"]) == (b"", "text/plain; charset=UTF-8")


def test_an_unknown_path_is_told_in_a_plain_sentence(server):
    unknown = server.ask("PUT", NOWHERE)
    assert unknown.json == {"error": f"nothing answers PUT {NOWHERE}"}


def test_a_warning_is_a_header(server):
    slim = "flight-delay-slim-1612000000000"
    reply = server.ask("PUT", f"/_ml/trained_models/{slim}/model_aliases/flight_delay_model?reassign=true")
    assert reply.headers["warning"].startswith("299 Elasticsearch-9.")
    assert reply.headers["warning"].endswith("which 'flight_delay_model' named (11 needed)\"")


def test_a_warning_escapes_what_a_header_cannot_hold():
    from mlalias.rest.answers import warning

    assert warning('X "b" \\ 100% \t é\n 語')[1].endswith(' "X \\"b\\" \\\\ 100%25 \t é%0A %E8%AA%9E"')


# --- who may ask ---


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "localhost:9200"}, 200), ({"Host": "LOCALHOST"}, 200), ({"Host": "192.168.1.7:9200"}, 200),
        ({"Host": "[::1]:9200"}, 200), ({"Host": "pages.example:9200"}, 403), ({"Host": "localhost.pages.example"}, 403),
        ({"Host": "["}, 403), ({"Origin": "http://localhost:3000"}, 200), ({"Origin": "http://127.0.0.1"}, 200),
        ({"Origin": "https://pages.example"}, 403), ({"Origin": "null"}, 403), ({"Origin": "http://93.184.216.34"}, 403),
        ({"Origin": ""}, 403),
    ],
)  # fmt: skip
def test_no_page_and_no_rebound_name_reaches_a_server_without_a_key(server, headers, status):
    for method, path in (("GET", "/"), ("PUT", ALIAS), ("DELETE", "/_ml/trained_models/sst-2-draft")):
        reply = server.ask(method, path, headers=headers)
        assert reply.status == status
        assert status == 200 or reply.type == "security_exception"
    assert ("new" in server.aliases()) is False


def test_the_name_that_is_listened_on_is_no_foreign_one(tmp_path):
    with served(tmp_path, access=Access(host="Alpha.example")) as found:
        assert found.ask("GET", "/", headers={"Host": "alpha.example:9200"}).status == 200
        assert found.ask("GET", "/", headers={"Host": "beta.example"}).status == 403


def test_every_request_must_carry_the_key(tmp_path):
    with served(tmp_path, access=Access("an-id:sesame")) as found:
        wrong = ({}, {"Authorization": "ApiKey"}, {"Authorization": "ApiKey s"}, {"Authorization": "Basic an-id:sesame"},
                 {"Authorization": b"ApiKey s\xe9same".decode("latin-1")})  # fmt: skip
        for headers in wrong:
            for path in ("/", ALIAS, "/none"):
                reply = found.ask("PUT", path, headers=headers)
                assert (reply.status, reply.type) == (401, "security_exception")
                assert reply.headers["www-authenticate"] == "ApiKey"
        for right in ("ApiKey an-id:sesame", "apikey YW4taWQ6c2VzYW1l"):
            headers = {"Authorization": right, "Host": "pages.example", "Origin": "https://pages.example"}
            assert found.ask("GET", "/", headers=headers).status == 200


def test_read_only_refuses_every_change(tmp_path):
    with served(tmp_path, read_only=True) as found:
        for method, path in [("PUT", ALIAS), ("DELETE", "/_ml/trained_models/x"), ("DELETE", "/_ingest/pipeline/*")]:
            reply = found.ask(method, path)
            assert (reply.status, reply.type) == (403, "cluster_block_exception")
        assert found.ask("GET", "/_ml/trained_models").status == 200
        assert "new" not in found.aliases()
