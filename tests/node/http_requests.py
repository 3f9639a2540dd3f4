"""The requests that are sent to a real node and to `serve`, and the expected differences between their responses."""

import gzip
import json
import zlib
from collections.abc import Mapping
from typing import Any, NamedTuple

JSON = {"Content-Type": "application/json"}
GOOD = {"processors": []}


class Row(NamedTuple):
    """A request to the node, and to `serve`, where its path may differ; and what differs in the responses, and why."""

    name: str
    method: str
    target: str
    body: Any = None
    headers: Mapping[str, str] = {}
    serve: str = ""
    differs: tuple[str, ...] = ()
    because: str = ""


PIPELINE = "/_ingest/pipeline/one"
HEALTH, MODELS = "/_cluster/health", "/_ml/trained_models"
SEARCH = "/_search"
VENDOR = "application/vnd.elasticsearch+json"


def _accept(value):
    return {"Accept": value}


def _type(value):
    return {"Content-Type": value}


# fmt: off
# (a row is a line)
ROWS = [
    # --- paths and methods ---
    Row("get", "GET", PIPELINE),
    Row("put", "PUT", PIPELINE, GOOD),
    Row("not there", "GET", "/_ingest/pipeline/none"),
    Row("delete what is not there", "DELETE", "/_ingest/pipeline/none"),
    Row("unknown path", "GET", "/_nothing/of/this/kind"),
    Row("unknown path, POST", "POST", "/_nothing/of/this/kind", GOOD),
    Row("slash at the end", "GET", PIPELINE + "/"),
    Row("two slashes", "GET", "/_ingest//pipeline/one"),
    Row("wrong method", "POST", PIPELINE, GOOD),
    Row("wrong method without a body", "POST", PIPELINE),
    Row("wrong method, GET only", "POST", HEALTH, serve=f"{MODELS}/_stats"),
    Row("PATCH", "PATCH", PIPELINE, GOOD),
    Row("unknown method", "BREW", PIPELINE),
    Row("unknown method on an unknown path", "BREW", "/_nothing/of/this/kind"),
    Row("HEAD", "HEAD", PIPELINE),
    Row("OPTIONS", "OPTIONS", PIPELINE),
    Row("OPTIONS of an unknown path", "OPTIONS", "/_nothing/of/this/kind"),
    Row("bad escape in the path", "GET", "/_ingest/pipeline/%zz"),
    Row("bad escape in the query", "GET", PIPELINE + "?pretty=%zz"),
    Row("an escaped slash", "GET", "/_ingest/pipeline/a%2Fb"),
    Row("a plus", "GET", "/_ingest/pipeline/a+b"),
    # --- parameters ---
    Row("unknown parameter", "GET", PIPELINE + "?bogus=1"),
    Row("two unknown parameters", "GET", PIPELINE + "?bogus=1&other=2"),
    Row("misspelt parameter", "GET", PIPELINE + "?sumary=true"),
    Row("unknown parameter of a change", "PUT", PIPELINE + "?bogus=1", GOOD),
    Row("a part of the path as parameter", "GET", PIPELINE + "?id=two"),
    Row("flag", "GET", PIPELINE + "?summary=true"),
    Row("empty flag", "GET", PIPELINE + "?summary"),
    Row("blank flag", "GET", PIPELINE + "?summary=%20"),
    Row("bad flag", "GET", PIPELINE + "?summary=yes"),
    Row("flag in capitals", "GET", PIPELINE + "?summary=TRUE"),
    Row("flag twice, the last good", "GET", PIPELINE + "?summary=yes&summary=true"),
    Row("semicolon between parameters", "GET", PIPELINE + "?summary=true;pretty=yes"),
    Row("pretty", "GET", PIPELINE + "?pretty"),
    Row("pretty=false", "GET", PIPELINE + "?pretty=false"),
    Row("bad pretty", "GET", PIPELINE + "?pretty=yes"),
    Row("human", "GET", PIPELINE + "?human"),
    Row("bad human", "GET", PIPELINE + "?human=yes"),
    Row("error_trace", "GET", PIPELINE + "?error_trace&bogus=1"),
    Row("bad error_trace", "GET", PIPELINE + "?error_trace=yes"),
    Row("time", "GET", PIPELINE + "?master_timeout=10s"),
    Row("time without unit", "GET", PIPELINE + "?master_timeout=10"),
    Row("time that is none", "GET", PIPELINE + "?master_timeout=abc"),
    Row("negative time", "GET", PIPELINE + "?master_timeout=-5s"),
    Row("fraction of a time", "GET", PIPELINE + "?master_timeout=1.5s"),
    Row("endless time", "GET", PIPELINE + "?master_timeout=-1"),
    Row("empty time", "GET", PIPELINE + "?master_timeout="),
    Row("number", "GET", SEARCH + "?size=abc", serve=MODELS + "?size=abc"),
    Row("empty number", "GET", SEARCH + "?size=", serve=MODELS + "?size="),
    Row("fraction", "GET", SEARCH + "?size=1.5", serve=MODELS + "?size=1.5"),
    Row("huge number", "GET", SEARCH + "?size=99999999999", serve=MODELS + "?size=99999999999"),
    Row("number with a plus", "GET", SEARCH + "?size=%2B5", serve=MODELS + "?size=%2B5"),
    Row("if_version", "PUT", PIPELINE + "?if_version=7", GOOD),
    Row("bad if_version", "PUT", PIPELINE + "?if_version=abc", GOOD),
    # --- media types of answers ---
    Row("Accept: json", "GET", PIPELINE, headers=_accept("application/json")),
    Row("Accept with a charset", "GET", PIPELINE, headers=_accept("application/json; charset=UTF-8")),
    Row("Accept: anything", "GET", PIPELINE, headers=_accept("*/*")),
    Row("Accept: application/*", "GET", PIPELINE, headers=_accept("application/*")),
    Row("Accept: html", "GET", PIPELINE, headers=_accept("text/html")),
    Row("Accept: a browser's", "GET", PIPELINE, headers=_accept("text/html,application/xml;q=0.9,*/*;q=0.8")),
    Row("Accept: two types", "GET", PIPELINE, headers=_accept("text/html, application/json")),
    Row("Accept: nonsense", "GET", PIPELINE, headers=_accept("nonsense")),
    Row("Accept: empty", "GET", PIPELINE, headers=_accept("")),
    Row("Accept: text/plain", "GET", PIPELINE, headers=_accept("text/plain")),
    Row("Accept: yaml", "GET", PIPELINE, headers=_accept("application/yaml"), differs=("status", "media type", "keys", "error", "layout"), because="serve speaks no YAML"),
    Row("Accept: cbor", "GET", PIPELINE, headers=_accept("application/cbor"), differs=("status", "media type", "keys", "error", "layout"), because="serve speaks no CBOR"),
    Row("Accept: smile", "GET", PIPELINE, headers=_accept("application/smile"), differs=("status", "media type", "keys", "error", "layout"), because="serve speaks no Smile"),
    Row("Accept: generation 9", "GET", PIPELINE, headers=_accept(f"{VENDOR}; compatible-with=9")),
    Row("Accept: generation 8", "GET", PIPELINE, headers=_accept(f"{VENDOR};compatible-with=8")),
    Row("Accept: generation 7", "GET", PIPELINE, headers=_accept(f"{VENDOR}; compatible-with=7")),
    Row("Accept: generation 10", "GET", PIPELINE, headers=_accept(f"{VENDOR}; compatible-with=10")),
    Row("Accept: generation x", "GET", PIPELINE, headers=_accept(f"{VENDOR}; compatible-with=x"), differs=("status", "media type", "headers", "date", "keys", "error", "layout"), because="the node ends the connection without an answer"),
    Row("Accept: no generation", "GET", PIPELINE, headers=_accept(VENDOR)),
    Row("Accept: in capitals", "GET", PIPELINE, headers=_accept(f"{VENDOR.upper()}; Compatible-With=8")),
    Row("Accept: generation 7 of an unknown path", "GET", "/_nothing/of/this/kind", headers=_accept(f"{VENDOR}; compatible-with=7")),
    Row("error in generation 8", "GET", PIPELINE + "?bogus=1", headers=_accept(f"{VENDOR}; compatible-with=8")),
    Row("format=json", "GET", PIPELINE + "?format=json"),
    Row("format=JSON", "GET", PIPELINE + "?format=JSON"),
    Row("format=yaml", "GET", PIPELINE + "?format=yaml", differs=("status", "media type", "keys", "error", "layout"), because="serve speaks no YAML"),
    Row("format=yaml of an error", "GET", PIPELINE + "?format=yaml&bogus=1", differs=("media type", "keys", "error", "layout"), because="serve speaks no YAML"),
    Row("format=cbor", "GET", PIPELINE + "?format=cbor", differs=("status", "media type", "keys", "error", "layout"), because="serve speaks no CBOR"),
    Row("format=smile", "GET", PIPELINE + "?format=smile", differs=("status", "media type", "keys", "error", "layout"), because="serve speaks no Smile"),
    Row("format=bogus", "GET", PIPELINE + "?format=bogus"),
    Row("format before Accept", "GET", PIPELINE + "?format=json", headers=_accept("application/yaml")),
    Row("Content-Type of a request without a body", "GET", PIPELINE, headers=_type("application/yaml"), differs=("status", "media type", "keys", "error", "layout"), because="serve speaks no YAML"),
    Row("malformed Content-Type without a body", "GET", PIPELINE, headers=_type("nonsense")),
    # --- media types of bodies ---
    Row("body of no type", "PUT", PIPELINE, json.dumps(GOOD).encode()),
    Row("body of a form", "PUT", PIPELINE, json.dumps(GOOD).encode(), _type("application/x-www-form-urlencoded")),
    Row("body of text", "PUT", PIPELINE, json.dumps(GOOD).encode(), _type("text/plain")),
    Row("body of a malformed type", "PUT", PIPELINE, json.dumps(GOOD).encode(), _type("nonsense")),
    Row("body of x-ndjson", "PUT", PIPELINE, json.dumps(GOOD).encode(), _type("application/x-ndjson")),
    Row("body with a charset", "PUT", PIPELINE, json.dumps(GOOD).encode(), _type("application/json; charset=utf-8")),
    Row("body of generation 8 alone", "PUT", PIPELINE, json.dumps(GOOD).encode(), _type(f"{VENDOR}; compatible-with=8")),
    Row("body of generation 9 alone", "PUT", PIPELINE, json.dumps(GOOD).encode(), _type(f"{VENDOR}; compatible-with=9")),
    Row("answer of generation 8, body of none", "PUT", PIPELINE, json.dumps(GOOD).encode(), JSON | _accept(f"{VENDOR}; compatible-with=8")),
    Row("generation 8 in both", "PUT", PIPELINE, json.dumps(GOOD).encode(), _type(f"{VENDOR}; compatible-with=8") | _accept(f"{VENDOR}; compatible-with=8")),
    Row("generations that differ", "PUT", PIPELINE, json.dumps(GOOD).encode(), _type(f"{VENDOR}; compatible-with=8") | _accept(f"{VENDOR}; compatible-with=9")),
    Row("generation 7 in both", "PUT", PIPELINE, json.dumps(GOOD).encode(), _type(f"{VENDOR}; compatible-with=7") | _accept(f"{VENDOR}; compatible-with=7")),
    Row("body of yaml", "PUT", PIPELINE, b"processors: []\n", _type("application/yaml"), differs=("status", "media type", "keys", "error", "layout"), because="serve speaks no YAML"),
    # --- bodies ---
    Row("no body", "PUT", PIPELINE),
    Row("empty body", "PUT", PIPELINE, b"", JSON),
    Row("white space", "PUT", PIPELINE, b"  ", JSON),
    Row("broken JSON", "PUT", PIPELINE, b'{"processors": [}', JSON),
    Row("JSON cut off", "PUT", PIPELINE, b'{"processors": [', JSON),
    Row("no JSON", "PUT", PIPELINE, b"hello", JSON),
    Row("an array", "PUT", PIPELINE, b"[]", JSON),
    Row("a string", "PUT", PIPELINE, b'"a"', JSON),
    Row("null", "PUT", PIPELINE, b"null", JSON),
    Row("two documents", "PUT", PIPELINE, b'{"processors": []} {"a": 1}', JSON),
    Row("text behind the document", "PUT", PIPELINE, b'{"processors": []} hello', JSON),
    Row("duplicate keys", "PUT", PIPELINE, b'{"processors": [], "processors": []}', JSON),
    Row("duplicate keys within", "PUT", PIPELINE, b'{"processors": [], "_meta": {"a": 1, "a": 2}}', JSON),
    Row("NaN", "PUT", PIPELINE, b'{"processors": [], "version": NaN}', JSON),
    Row("comment", "PUT", PIPELINE, b'/* a */ {"processors": []}', JSON),
    Row("trailing comma", "PUT", PIPELINE, b'{"processors": [],}', JSON),
    Row("single quotes", "PUT", PIPELINE, b"{'processors': []}", JSON),
    Row("byte order mark", "PUT", PIPELINE, b'\xef\xbb\xbf{"processors": []}', JSON),
    Row("UTF-16", "PUT", PIPELINE, '{"processors": []}'.encode("utf-16"), JSON),
    Row("no UTF-8", "PUT", PIPELINE, b'{"processors": [], "description": "\xff"}', JSON),
    Row("control character", "PUT", PIPELINE, b'{"processors": [], "description": "a\x01b"}', JSON),
    Row("unknown key", "PUT", PIPELINE, {**GOOD, "bogus": 1}),
    Row("wrong type of a value", "PUT", PIPELINE, {"processors": 1}),
    Row("a key missing", "PUT", PIPELINE, {}),
    Row("a version that is no integer", "PUT", PIPELINE, {**GOOD, "version": "a"}),
    Row("unknown kind of processor", "PUT", PIPELINE, {"processors": [{"bogus": {}}]}, differs=("status", "keys", "error"), because="serve knows no processors, and takes any"),
    Row("depth 100", "PUT", PIPELINE, b'{"processors": [], "_meta": {"a": ' + b"[" * 100 + b"]" * 100 + b"}}", JSON, differs=("status", "keys", "error"), because="serve takes 64 levels, as a catalog does"),
    Row("depth 1,500", "PUT", PIPELINE, b'{"processors": [], "_meta": {"a": ' + b"[" * 1500 + b"]" * 1500 + b"}}", JSON, differs=("error",), because="serve takes 64 levels, as a catalog does"),
    Row("a long integer", "PUT", PIPELINE, b'{"processors": [], "_meta": {"a": ' + b"1" * 500 + b"}}", JSON, differs=("status", "keys", "error"), because="serve takes integers of 64 bits, as a catalog does"),
    Row("a body where none is taken", "DELETE", "/_ingest/pipeline/none", GOOD),
    Row("a body of GET where none is taken", "GET", PIPELINE, GOOD),
    Row("unknown parameter and broken JSON", "PUT", PIPELINE + "?bogus=1", b"{", JSON),
    Row("bad flag and unknown parameter", "GET", PIPELINE + "?summary=yes&bogus=1"),
    Row("bad pretty and wrong method", "POST", PIPELINE + "?pretty=yes", GOOD),
    Row("wrong method and body of no type", "POST", PIPELINE, b"{}"),
    Row("body in the URL", "PUT", PIPELINE + "?source=%7B%22processors%22:%5B%5D%7D&source_content_type=application/json"),
    Row("body in the URL without a type", "PUT", PIPELINE + "?source=%7B%22processors%22:%5B%5D%7D"),
    # --- compression ---
    Row("gzip", "PUT", PIPELINE, gzip.compress(json.dumps(GOOD).encode()), JSON | {"Content-Encoding": "gzip"}),
    Row("deflate", "PUT", PIPELINE, zlib.compress(json.dumps(GOOD).encode()), JSON | {"Content-Encoding": "deflate"}),
    Row("gzip that is none", "PUT", PIPELINE, json.dumps(GOOD).encode(), JSON | {"Content-Encoding": "gzip"}, differs=("status", "media type", "headers", "date", "keys", "error", "layout"), because="the node ends the connection without an answer"),
    Row("another encoding", "PUT", PIPELINE, json.dumps(GOOD).encode(), JSON | {"Content-Encoding": "br"}),
    Row("gzip wanted", "GET", PIPELINE, headers={"Accept-Encoding": "gzip"}),
    Row("gzip wanted of an error", "GET", PIPELINE + "?bogus=1", headers={"Accept-Encoding": "gzip"}),
    Row("gzip wanted of little", "GET", "/_ingest/pipeline/none", headers={"Accept-Encoding": "gzip"}),
    # --- filter_path ---
    Row("filter_path", "GET", PIPELINE + "?filter_path=one.processors"),
    Row("filter_path of a star", "GET", PIPELINE + "?filter_path=*.processors"),
    Row("filter_path of two stars", "GET", PIPELINE + "?filter_path=**.processors"),
    Row("filter_path that finds nothing", "GET", PIPELINE + "?filter_path=nothing"),
    Row("empty filter_path", "GET", PIPELINE + "?filter_path="),
    Row("filter_path in capitals", "GET", PIPELINE + "?filter_path=ONE"),
    Row("filter_path that takes away", "GET", PIPELINE + "?filter_path=-one.created_date_millis,-one.modified_date_millis"),
    Row("filter_path of both kinds", "GET", PIPELINE + "?filter_path=one,-one.processors", differs=("keys",), because="serve keeps no dates of pipelines, and so nothing is left"),
    Row("filter_path of an error", "GET", PIPELINE + "?filter_path=status&bogus=1"),
    Row("filter_path with pretty", "GET", PIPELINE + "?filter_path=nothing&pretty"),
    # --- headers ---
    Row("X-Opaque-Id", "GET", PIPELINE, headers={"X-Opaque-Id": "mine"}),
    Row("X-Opaque-Id of an error", "GET", PIPELINE + "?bogus=1", headers={"X-Opaque-Id": "mine"}),
    Row("X-Opaque-Id of an unknown path", "GET", "/_nothing/of/this/kind", headers={"X-Opaque-Id": "mine"}),
    Row("foreign Origin", "GET", PIPELINE, headers={"Origin": "http://evil.example"}, differs=("status", "keys", "error"), because="no web page may use serve"),
    Row("foreign Host", "GET", PIPELINE, headers={"Host": "evil.example"}, differs=("status", "keys", "error"), because="no web page may use serve, whatever name it has for this machine"),
    Row("credentials that nobody asked for", "GET", PIPELINE, headers={"Authorization": "ApiKey bm86bm8="}),
    Row("Expect", "PUT", PIPELINE, json.dumps(GOOD).encode(), JSON | {"Expect": "something"}, differs=("status", "media type", "headers", "keys", "layout"), because="uvicorn ignores what it does not know"),
    # --- limits ---
    Row("request line of 4,000 bytes", "GET", PIPELINE + "?filter_path=" + "a" * 3950),
    Row("request line of 5,000 bytes", "GET", PIPELINE + "?filter_path=" + "a" * 4950),
    Row("headers of 15,000 bytes", "GET", PIPELINE, headers={"X-Long": "a" * 15000}),
    Row("headers of 17,000 bytes", "GET", PIPELINE, headers={"X-Long": "a" * 17000}),
    Row("body of 2 MB", "PUT", PIPELINE, {**GOOD, "_meta": {"a": "a" * 2_000_000}}),
]
# fmt: on
