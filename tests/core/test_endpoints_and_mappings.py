"""Endpoints and fields: what the answers of a cluster are read as, and how TOML holds them."""

import json

import pytest
from values import catalog

from mlalias.core.catalog import Endpoint
from mlalias.documents import endpoints, facts, mappings
from mlalias.documents.codec import read_toml, to_toml
from mlalias.documents.mappings import fields_of
from mlalias.documents.table import Table
from mlalias.errors import InvalidDocument


def read(document):
    text = document if isinstance(document, str) else json.dumps(document)
    return facts.read(text.encode(), "FILE")


def refusal(document):
    with pytest.raises(InvalidDocument) as raised:
        read(document)
    return raised.value.reason


# --- answers to GET _inference/_all ---


def entry(inference_id="e", service="elasticsearch", **settings):
    return {
        "inference_id": inference_id,
        "task_type": "text_embedding",
        "service": service,
        "service_settings": settings,
    }


ENDPOINTS = {
    "a model": (entry(model_id="m", num_threads=1), Endpoint("m")),
    "an alias and a deployment": (entry(model_id="x", deployment_id="d", num_allocations=2), Endpoint("x", "d")),
    "a deployment alone": (entry(deployment_id="d", num_threads=1), Endpoint(None, "d")),
    "elser": (entry(service="elser", model_id=".elser_model_2"), Endpoint(".elser_model_2")),
    "elser before 8.13": (entry(service="elser", model_version=".elser_model_1", num_threads=1), Endpoint()),
    "no settings": ({"inference_id": "e", "service": "elasticsearch"}, Endpoint()),
    "adaptive allocations and what a newer server adds": (
        entry(model_id="m", adaptive_allocations={"enabled": True}, dimensions=384, new=[None]) | {"chunking_settings": {}},
        Endpoint("m"),
    ),
    "a null": (entry(model_id="m", deployment_id=None), Endpoint("m")),
    "an id that no model has": (entry(model_id="A/B"), Endpoint("A/B")),
}  # fmt: skip


@pytest.mark.parametrize("name", ENDPOINTS)
def test_an_endpoint(name):
    document, expected = ENDPOINTS[name]
    found = read({"endpoints": [document]})
    assert (found.endpoints, found.parts, found.left_out) == ({"e": expected}, {"endpoints"}, ())


@pytest.mark.parametrize("service", ["openai", "elastic", "hugging_face", "Elasticsearch", None])
def test_endpoints_of_other_services_are_passed_over(service):
    other = entry(service=service, model_id=3)
    found = read({"endpoints": [other, entry("f", model_id="m")]})
    assert (found.endpoints, found.left_out) == ({"f": Endpoint("m")}, ())
    assert read({"endpoints": [other]}).endpoints == {}


def test_no_endpoints_are_an_answer_too():
    found = read({"endpoints": []})
    assert (found.endpoints, found.parts) == ({}, {"endpoints"})


@pytest.mark.parametrize(
    ("odd", "fault"),
    [
        ({"service": "elasticsearch"}, "has no endpoints[0].inference_id"),
        (entry(3), "has endpoints[0].inference_id that is not a string"),
        (entry(service=3), "has endpoints[0].service that is not a string"),
        (entry(model_id=3), "has endpoints[0].service_settings.model_id that is not a string"),
        (entry(deployment_id=["d"]), "has endpoints[0].service_settings.deployment_id that is not a string"),
        (entry() | {"service_settings": []}, "has endpoints[0].service_settings that is not a table"),
        ("e", "has endpoints[0] that is not a table"),
    ],
)
def test_an_odd_endpoint_does_not_make_the_others_unreadable(odd, fault):
    assert refusal({"endpoints": [odd]}) == f"FILE {fault}"
    found = read({"endpoints": [odd, entry("f", model_id="m")]})
    assert (found.endpoints, found.left_out) == ({"f": Endpoint("m")}, (f"FILE {fault}",))


def test_an_endpoint_that_is_there_twice():
    assert refusal({"endpoints": [entry(model_id="m"), entry(model_id="n")]}) == "FILE has the endpoint 'e' twice"
    assert read({"endpoints": [entry(service="openai"), entry(service="openai")]}).endpoints == {}


# --- answers to GET _mapping ---


def semantic(*named, **more):
    return dict(zip(("inference_id", "search_inference_id"), named, strict=False), type="semantic_text", **more)


def properties(**fields):
    return {"properties": fields}


def untyped(field):
    return {key: value for key, value in field.items() if key != "type"}


MAPPINGS = {
    "empty": ({}, {}),
    "no semantic_text": (properties(a={"type": "text"}), {}),
    "one": (properties(a=semantic("e")), {"a": ("e",)}),
    "another to search": (properties(a=semantic("e", "f")), {"a": ("e", "f")}),
    "the same to search": (properties(a=semantic("e", "e")), {"a": ("e",)}),
    "to search alone": (properties(a={"type": "semantic_text", "search_inference_id": "f"}), {"a": ("f",)}),
    "the server's default": (properties(a=semantic()), {}),
    "in an object": (properties(a=properties(b=properties(c=semantic("e")))), {"a.b.c": ("e",)}),
    "in a nested one": (properties(a={"type": "nested", **properties(b=semantic("e"))}), {"a.b": ("e",)}),
    "in the fields of a text": (properties(a={"type": "text", "fields": {"s": semantic("e")}}), {"a.s": ("e",)}),
    "below a semantic_text": (properties(a=semantic("e", fields={"s": semantic("f")})), {"a": ("e",), "a.s": ("f",)}),
    "a name with dots": (properties(**{"a.b": semantic("e")}), {"a.b": ("e",)}),
    "filtered": (properties(a=untyped(semantic("e", "f"))), {"a": ("e", "f")}),
    "filtered in an object": (properties(a=properties(b=untyped(semantic("e")))), {"a.b": ("e",)}),
    "a field of another type with such a key": (properties(a={"type": "sparse", "inference_id": "e"}), {}),
    "fields with these names": (properties(inference_id={"type": "keyword"}, search_inference_id={"type": "text"}), {}),
    "a semantic_text with that name": (properties(inference_id=semantic("e")), {"inference_id": ("e",)}),
    "an object with a field of that name": (properties(a=properties(inference_id=semantic("e"))), {"a.inference_id": ("e",)}),
    "filtered, a field of that name": (properties(inference_id={"properties": {}}, a=untyped(semantic("e"))), {"a": ("e",)}),
    "a field named properties": (properties(properties=properties(fields=semantic("e"))), {"properties.fields": ("e",)}),
    "an endpoint that is no string": (properties(a={"type": "semantic_text", "inference_id": 3}), {}),
    "odd shapes": ({"properties": {"a": None, "b": [], "c": {"properties": 3, "fields": [semantic("e")]}}}, {}),
    "no object": ([], {}),
    "null": (None, {}),
    "a key of the mapping itself": ({"dynamic": "strict", "_meta": properties(a=semantic("e")), "runtime": {"r": semantic("e")}}, {}),
}  # fmt: skip


@pytest.mark.parametrize("name", MAPPINGS)
def test_a_mapping(name):
    mapping, expected = MAPPINGS[name]
    assert fields_of(mapping) == expected
    found = read({"i": {"mappings": mapping}, "other": {"mappings": {}}})
    assert (found.fields, found.parts) == ({"i": expected, "other": {}}, {"fields"})


def test_a_mapping_of_5000_fields():
    mapping = properties(**{f"f{n}": semantic(f"e{n}") if n % 100 == 0 else {"type": "text"} for n in range(5000)})
    assert len(fields_of(mapping)) == 50


def test_nulls_in_a_mapping_are_no_news():
    assert read({"i": {"mappings": {"_meta": {"by": None}}}}).notes == ()


def test_an_answer_that_has_an_index_without_mappings_is_none():
    assert "is not an answer to" in refusal({"i": {"mappings": {}}, "j": {"aliases": {}}})


@pytest.mark.parametrize(
    "document", [{"endpoints": [entry(model_id="m")]}, {"i": {"mappings": properties(a=semantic("e"))}}]
)
def test_what_is_parsed_already_is_told_apart_as_well(document):
    assert facts.parsed(document, "it") == read(document)._replace(sources=("it",))


# --- several documents ---


def test_two_documents_may_not_tell_of_the_same_endpoint_or_index():
    one, other = read({"endpoints": [entry(model_id="m")]}), read({"i": {"mappings": {}}})
    merged = facts.merge([one, other])
    assert (merged.endpoints, merged.fields, merged.parts) == (one.endpoints, other.fields, {"endpoints", "fields"})
    for found, part, name in ((one, "endpoints", "e"), (other, "fields", "i")):
        with pytest.raises(InvalidDocument) as raised:
            facts.merge([found, found._replace(sources=("SECOND",))])
        assert raised.value.reason == f"SECOND has '{name}' in its {part}, and so does FILE"


# --- TOML ---

SOME = {"e": Endpoint("m"), "a b.c": Endpoint("x", "d"), "bare": Endpoint()}
FIELDS = {"i": {"a.b": ("e", "f"), "c": ("e",)}, ".ds-logs-2026.01.01-000001": {"d": ("e",)}}


def test_endpoints_in_toml():
    text = to_toml(endpoints.to_tables(SOME))
    assert endpoints.from_tables(Table(read_toml(text, "FILE"), "FILE")) == SOME
    assert endpoints.from_tables(Table({}, "FILE")) == {}


def test_fields_in_toml():
    text = to_toml(mappings.to_tables({**FIELDS, "without": {}}))
    assert mappings.from_tables(Table(read_toml(text, "FILE"), "FILE")) == FIELDS
    assert "without" not in text


def test_a_declaration_has_them():
    told = catalog()._replace(endpoints=SOME, fields=FIELDS)
    found = read(to_toml(facts.to_declaration(told)))
    assert (found.endpoints, found.fields) == (SOME, FIELDS)
    assert {"endpoints", "fields"} <= found.parts


@pytest.mark.parametrize(
    ("known", "live", "declared"), [({}, False, {"endpoints", "fields"}), (None, False, set()), ({}, True, set())]
)
def test_a_declaration_tells_that_there_are_none_unless_nobody_knows(known, live, declared):
    told = catalog()._replace(endpoints=known, fields=known, live=live)
    assert facts.to_declaration(told).keys() & {"endpoints", "fields"} == declared


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("endpoints = 3", "has endpoints that is not a table"),
        ("endpoints.e = 'm'", "has endpoints.e that is not a table"),
        ("endpoints.e.model_id = 3", "has endpoints.e.model_id that is not a string"),
        ("endpoints.e.deployment_id = []", "has endpoints.e.deployment_id that is not a string"),
        ("fields = []", "has fields that is not a table"),
        ("fields.i = ['a']", "has fields.i that is not a table"),
        ("fields.i.a = 'e'", "has fields.i.a that is not a list of strings"),
        ("fields.i.a = ['e', 3]", "has fields.i.a that is not a list of strings"),
        ("fields.i.a.b = ['e']", 'has a name that needs quotes, as it has dots: write "a.b" = ["e"]'),
        (
            "endpoints.a.b.model_id = 'm'",
            'has an endpoint whose name needs quotes, as it has dots: write [endpoints."a.b"]',
        ),
        (
            "endpoints.a.b.c.model_id = 'm'",
            'has an endpoint whose name needs quotes, as it has dots: write [endpoints."a.b.c"]',
        ),
        ("endpoints.a.model = 'm'", "has endpoints.a.model, which is not a key of an endpoint"),
    ],
)
def test_bad_toml(text, fault):
    assert refusal(text) == f"FILE {fault}"
