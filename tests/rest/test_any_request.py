"""Whatever is asked, the answer is one of Elasticsearch's: no 500, and every error in its shape."""

import json
from http.client import HTTPConnection
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlalias.cli.main import main
from mlalias.rest.routes import ROUTES

NAMES = st.sampled_from(
    ["sentiment", "elser", "sst-2-draft", "sst-2-next", "flight_delay_model", "flight-delay-slim-1612000000000",
     "none", "_all", "*", "f*", "a,b", "flights", "new", "v1", "..", ".", "con", "a/b", "%", "\x00", "é", "a" * 300],
) | st.text(max_size=8)  # fmt: skip
PATHS = st.sampled_from([*ROUTES, "/_ml", "/_cat/aliases", "/_ml/trained_models/{model_id}/_infer", "//", "*"])
METHODS = st.sampled_from(["GET", "PUT", "DELETE", "POST", "HEAD", "PATCH", "OPTIONS"])
PARAMETERS = st.dictionaries(
    st.sampled_from(
        ["reassign", "from", "filter_path", "error_trace", "size", "allow_no_match", "tags", "include", "exclude_generated", "force", "pretty",
         "deployment_id", "number_of_allocations", "summary", "timeout", "format", "other"]) | st.text(max_size=3),
    st.sampled_from(["", "true", "false", "0", "1", "-1", "99999999999", "definition", "sst-2-next"])
    | st.text(max_size=5), max_size=3,
)  # fmt: skip
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
KEYS = st.sampled_from(
    ["model_id", "model_type", "inference_config", "input", "field_names", "metadata", "model_aliases", "tags",
     "deployments", "definition", "processors", "inference", "foreach", "processor", "on_failure", "force"]
) | st.text(max_size=3)  # fmt: skip
DOCUMENTS = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=8,
)
MODELS = st.fixed_dictionaries(
    {},
    optional={
        "model_type": st.sampled_from(["pytorch", "tree_ensemble", "lang_ident"]) | DOCUMENTS,
        "inference_config": st.just({"ner": {}}) | DOCUMENTS,
        "input": st.fixed_dictionaries({"field_names": st.lists(st.text(max_size=3), max_size=3)}) | DOCUMENTS,
        "metadata": DOCUMENTS,
        "processors": st.lists(st.fixed_dictionaries({"inference": st.fixed_dictionaries({"model_id": NAMES})})),
    },
)
BODIES = st.none() | st.binary(max_size=20) | (MODELS | DOCUMENTS).map(lambda body: json.dumps(body).encode())
HEADERS = st.fixed_dictionaries(
    {"Content-Type": st.sampled_from(["application/json", "text/plain", "", "application/vnd.elasticsearch+json"])},
    optional={"Accept": st.sampled_from(["*/*", "application/json", "text/html", ";", "a/b;=;c=,"])},
) | st.just({"Content-Type": "application/json"})


@pytest.fixture(scope="module")
def connection(sample_server):
    sample_server.reset()
    found = HTTPConnection(sample_server.url.removeprefix("http://"), timeout=20)
    yield found
    found.close()
    assert main(["verify", "--catalog", str(sample_server.directory)]) == 0


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_request(connection, data):
    path = data.draw(PATHS)
    for name in ("{model_id}", "{model_alias}", "{id}"):
        if name in path:
            path = path.replace(name, quote(data.draw(NAMES), safe=""))
    query = urlencode(data.draw(PARAMETERS), errors="surrogatepass")
    method = data.draw(METHODS)
    connection.request(method, f"{path}?{query}" if query else path, data.draw(BODIES), data.draw(HEADERS))
    answer = connection.getresponse()
    body = answer.read()
    assert answer.getheader("X-elastic-product") == "Elasticsearch"
    assert answer.status < 500, body
    if method == "OPTIONS" and answer.status == OK:
        assert body == b""
    elif method != "HEAD":
        assert_shape(answer.status, json.loads(body))


OK = 200


def assert_shape(status, document):
    """An error is either a cause with its status, or a sentence about the path; a pipeline not found is neither."""
    if status == 200 or (status, document) == (404, {}):
        assert "error" not in document
    elif isinstance(document["error"], str):
        assert document.get("status") == (None if document["error"].startswith("nothing answers") else status)
    else:
        error = document["error"]
        assert document == {"error": error, "status": status}
        own = {key: value for key, value in error.items() if key not in ("root_cause", "caused_by")}
        assert own.keys() - {"property_name", "stack_trace"} == {"type", "reason"}
        assert error["root_cause"] in ([own], [error.get("caused_by")])
        assert error["type"].endswith("_exception")
        assert error["reason"]
