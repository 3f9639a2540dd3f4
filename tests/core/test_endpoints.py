"""Inference endpoints and semantic_text fields: from answers of several versions, and to and from TOML."""

import pytest

from mlalias.core.catalog import Endpoint
from mlalias.documents.codec import read_toml, to_toml
from mlalias.documents.endpoints import to_tables as endpoint_tables
from mlalias.documents.facts import answer, declaration
from mlalias.documents.mappings import fields_of
from mlalias.documents.mappings import to_tables as field_tables
from mlalias.errors import InvalidDocument


def entry(inference_id="e", service="elasticsearch", **settings):
    return {"inference_id": inference_id, "task_type": "x", "service": service, "service_settings": settings}


def read(*entries):
    return answer({"endpoints": [*entries]}, "FILE")


@pytest.mark.parametrize(
    ("given", "endpoints"),
    [
        ([], {}),
        ([entry(model_id="m", num_threads=1)], {"e": Endpoint("m")}),
        ([entry(model_id="m", deployment_id="d")], {"e": Endpoint("m", "d")}),
        ([entry(deployment_id="d")], {"e": Endpoint(None, "d")}),
        ([entry(service="elser", num_allocations=1)], {"e": Endpoint()}),
        ([entry(service="elser", model_id=".elser_model_2")], {"e": Endpoint(".elser_model_2")}),
        ([entry(service="openai", model_id="gpt-4o-mini")], {}),
        ([entry(service="custom"), entry("f", model_id="m")], {"f": Endpoint("m")}),
        ([{"inference_id": "e", "service": "elasticsearch"}], {"e": Endpoint()}),
        (
            [{"inference_id": "e", "service": "elasticsearch", "service_settings": {}, "new_key": [1]}],
            {"e": Endpoint()},
        ),
    ],
)
def test_endpoints_of_an_answer(given, endpoints):
    facts = read(*given)
    assert (facts.endpoints, facts.parts, facts.left_out) == (endpoints, frozenset({"endpoints"}), ())


@pytest.mark.parametrize(
    ("odd", "fault"),
    [
        ({"service": "elasticsearch"}, "FILE (at endpoints[0]) has no endpoints[0].inference_id"),
        (entry(7), "endpoints[0].inference_id"),
        ({**entry(), "service_settings": []}, "endpoints[0].service_settings"),
        (entry(model_id=7), "endpoints[0].service_settings.model_id"),
        ("e", "endpoints[0]"),
    ],
)
def test_an_odd_endpoint_is_left_out_and_named_and_alone_it_is_invalid(odd, fault):
    facts = read(entry("good", model_id="m"), odd)
    assert facts.endpoints == {"good": Endpoint("m")}
    assert len(facts.left_out) == 1
    with pytest.raises(InvalidDocument) as refused:
        read(odd)
    assert fault.split()[-1] in str(refused.value)


SEMANTIC = {"type": "semantic_text", "inference_id": "e"}


@pytest.mark.parametrize(
    ("mapping", "fields"),
    [
        ({}, {}),
        ({"properties": {"t": SEMANTIC}}, {"t": ("e",)}),
        ({"properties": {"t": {**SEMANTIC, "search_inference_id": "s"}}}, {"t": ("e", "s")}),
        ({"properties": {"t": {**SEMANTIC, "search_inference_id": "e"}}}, {"t": ("e",)}),
        ({"properties": {"t": {"type": "semantic_text"}}}, {}),
        ({"properties": {"t": {"type": "text"}}}, {}),
        ({"properties": {"o": {"properties": {"t": SEMANTIC}}}}, {"o.t": ("e",)}),
        ({"properties": {"n": {"type": "nested", "properties": {"t": SEMANTIC}}}}, {"n.t": ("e",)}),
        ({"properties": {"t": {"type": "text", "fields": {"s": SEMANTIC}}}}, {"t.s": ("e",)}),
        ({"properties": {"inference_id": {"type": "keyword"}}}, {}),
        ({"properties": {"o": {"properties": {"inference_id": {"type": "keyword"}, "t": SEMANTIC}}}}, {"o.t": ("e",)}),
        ({"properties": {"t": {"inference_id": "e"}}}, {"t": ("e",)}),
        ({"properties": {"t": {"type": "keyword", "inference_id": "e"}}}, {}),
        ({"properties": {"t": {**SEMANTIC, "inference_id": {"type": "text"}}}}, {}),
        ({"properties": []}, {}),
        ({"properties": {"t": None}}, {}),
        (None, {}),
    ],
)
def test_fields_of_a_mapping(mapping, fields):
    assert fields_of(mapping) == fields


def test_an_answer_has_every_index_and_a_large_mapping_is_read():
    large = {"properties": {f"f{number}": {"type": "text"} for number in range(5000)} | {"t": SEMANTIC}}
    facts = answer({"i": {"mappings": large}, "j": {"mappings": {}}}, "FILE")
    assert facts.fields == {"i": {"t": ("e",)}, "j": {}}
    assert facts.parts == frozenset({"fields"})


ENDPOINTS = {"e": Endpoint("m"), "with.dots": Endpoint("m", "d"), "bare": Endpoint()}
FIELDS = {"i": {"t": ("e",), "o.t": ("e", "s")}, "with.dots": {"t": ("with.dots",)}}


def test_toml_and_back():
    text = to_toml({**endpoint_tables(ENDPOINTS), **field_tables(FIELDS | {"none": {}})})
    facts = declaration(read_toml(text, "FILE"), "FILE")
    assert (facts.endpoints, facts.fields) == (ENDPOINTS, FIELDS)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[endpoints.e]\nmodel_id = 7", "endpoints.e.model_id that is not a string"),
        ("[endpoints]\ne = 'm'", "endpoints.e that is not a table"),
        ("[fields.i]\nt = 'e'", "fields.i.t that is not a list of strings"),
        ("[fields]\ni = 7", "fields.i that is not a table"),
        ("[fields.logs.app]\nt = ['e']", "needs quotes"),
        ("[fields.i]\no.t = ['e']", "needs quotes"),
        ("[endpoints.a.b]\nmodel_id = 'm'", 'write [endpoints."a.b"]'),
        ("[endpoints.a.b.c]\nmodel_id = 'm'", 'write [endpoints."a.b.c"]'),
        ("[endpoints.a]\nmodel = 'm'", "endpoints.a.model, which is not a key of an endpoint"),
    ],
)
def test_bad_toml(text, fault):
    with pytest.raises(InvalidDocument) as refused:
        declaration(read_toml(text, "FILE"), "FILE")
    assert fault in str(refused.value)
