"""Files of documents, the fields that models read, and the figures in stats."""

import json
import re

import pytest
from values import model

from mlalias.core.catalog import Deployment, Model
from mlalias.core.health import Load
from mlalias.documents.docs import MOST, Docs, check_fields, read
from mlalias.documents.stats import loads
from mlalias.errors import InvalidDocument


@pytest.mark.parametrize(
    ("text", "docs"),
    [
        ('{"a": 1}', [{"a": 1}]),
        ('{"a": 1}\n', [{"a": 1}]),
        ('{"a": 1}\r\n\n{"b": null}\n', [{"a": 1}, {"b": None}]),
        ('{\n  "a": {"b": 1}\n}\n', [{"a": {"b": 1}}]),
        ('[{"a": 1}, {"b": "x"}]', [{"a": 1}, {"b": "x"}]),
        ('\ufeff {"a": "\\u00e9"}', [{"a": "é"}]),
        ('{"docs": "a"}', [{"docs": "a"}]),
        ('{"docs": [{"a": 1}, {"b": 2}]}', [{"a": 1}, {"b": 2}]),
        ("\n".join(['{"a": 1}'] * MOST), [{"a": 1}] * MOST),
        ('{"docs": [1]}\n{"docs": [2]}', [{"docs": [1]}, {"docs": [2]}]),
    ],
)
def test_documents_stand_one_a_line_in_an_array_or_in_a_body(text, docs):
    assert read(text.encode(), "FILE") == Docs("FILE", tuple(docs))


def test_a_body_may_say_how_to_ask():
    body = {"docs": [{"text_field": "x"}], "inference_config": {"question_answering": {"question": "who?"}}}
    assert read(json.dumps(body, indent=2).encode(), "FILE").config == body["inference_config"]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "FILE has no documents"),
        ("\n\n", "FILE has no documents"),
        ("[]", "FILE has no documents"),
        ('{"docs": []}', "FILE has no documents"),
        ("\n".join(['{"a": 1}'] * (MOST + 1)), "FILE has 1,001 documents, and at most 1,000 can be asked for at once"),
        (json.dumps([{}] * 2000), "FILE has 2,000 documents"),
        ('{"a": 1}\n{"a": 2', "line 2 of FILE is not valid JSON: expecting ',' delimiter (at line 2, column 8)"),
        ('{"a": 1}\n"a"', "line 2 of FILE is not a JSON object"),
        ("text_field\nhello", "line 1 of FILE is not a JSON object"),
        ('{"a": 1, "a": 2}\n{}', "line 1 of FILE has the key 'a' twice"),
        ('{"a": NaN}\n{}', "line 1 of FILE holds NaN"),
        ('{"a": NaN}', "FILE holds NaN"),
        ('[{"a": 1}, 2]', "FILE has as document 2 what is not a JSON object"),
        ('[{"a": 1}, {}]', "FILE has an empty object as document 2"),
        ('[{"a": 1},\n]', "FILE is not valid JSON"),
        ('{"docs": [{"a": 1}], "inference_config": []}', "FILE has an inference_config that is not a JSON object"),
        ('{"a": ' * 2000, "line 1 of FILE is nested more than 64 levels deep"),
        ('{"a": ' * 99 + "1" + "}" * 99, "FILE is nested more than 64 levels deep"),
    ],
)
def test_what_is_no_document_is_refused_with_its_place(text, fault):
    with pytest.raises(InvalidDocument, match=re.escape(fault)):
        read(text.encode(), "FILE")


def test_text_that_is_not_utf_8_is_refused():
    with pytest.raises(InvalidDocument, match="FILE is not UTF-8"):
        read(b'{"a": "\xe9"}', "FILE")


# --- fields ---

TEXTS = model("m", "pytorch", "ner", fields="text_field")
FLIGHTS = model("m", "tree_ensemble", "regression", fields="a b.c d", default_field_map={"d.keyword": "d"})


@pytest.mark.parametrize(
    ("asked", "docs", "warnings"),
    [
        (TEXTS, [{"text_field": "x"}, {"text_field": "", "more": 1}], ()),
        (FLIGHTS, [{"a": 1, "b.c": 2, "d": 3}], ()),
        (FLIGHTS, [{"a": 1, "b": {"c": 2}, "d": 3}], ()),
        (FLIGHTS, [{"a": 1, "b": {"c": 2}, "d.keyword": 3}], ()),
        (
            FLIGHTS,
            [{"a": 1, "b": {"c": 2}, "d": 3}, {"a": 1}, {"a": None, "d": 3}],
            ("2 documents lack input fields of 'm', which count as missing values: 'a', 'b.c', 'd'",),
        ),
        (
            FLIGHTS,
            [{"a": 1, "b": 2, "d": 3}],
            ("1 document lacks input fields of 'm', which count as missing values: 'b.c'",),
        ),
        (model("m", "tree_ensemble"), [{"x": 1}], ()),
        (model("m", "pytorch"), [{"x": 1}], ()),
    ],
)
def test_documents_may_lack_some_fields_of_a_tree(asked, docs, warnings):
    assert check_fields(Docs("FILE", tuple(docs)), asked) == warnings


@pytest.mark.parametrize(
    ("asked", "docs", "fault"),
    [
        (
            TEXTS,
            [{"text_field": "x"}, {"text": "x"}],
            "document 2 of FILE has no text in 'text_field', the input field of 'm' (it has 'text')",
        ),
        (TEXTS, [{"text_field": 1}], "the input field of 'm' (it has a number there)"),
        (TEXTS, [{"text_field": None}], "the input field of 'm' (it has null there)"),
        (TEXTS, [{"text_field": True}], "the input field of 'm' (it has a boolean there)"),
        (TEXTS, [{"text_field": ["x"]}], "the input field of 'm' (it has an array there)"),
        (TEXTS, [{"text_field": {"x": "y"}}], "the input field of 'm' (it has an object there)"),
        (
            FLIGHTS,
            [{"a": 1}, {"x": 1, "y": 2}],
            "document 2 of FILE has none of the input fields of 'm', such as 'a', 'b.c', 'd' (it has 'x', 'y')",
        ),
        (FLIGHTS, [{"A": 1}], "document 1 of FILE has none of the input fields"),
    ],
)
def test_a_document_without_anything_to_read_is_refused(asked, docs, fault):
    with pytest.raises(InvalidDocument, match=re.escape(fault)):
        check_fields(Docs("FILE", tuple(docs)), asked)


QUESTION = {"question_answering": {"question": "when?"}}


@pytest.mark.parametrize(
    ("type_", "own", "given", "missing"),
    [
        ("question_answering", {}, None, "question"),
        ("question_answering", {}, {"question_answering": {}}, "question"),
        ("question_answering", {}, {"question_answering": {"question": ""}}, "question"),
        ("question_answering", {}, {"text_similarity": {"text": "x"}}, "question"),
        ("question_answering", {}, QUESTION, None),
        ("text_similarity", {}, None, "text"),
        ("text_similarity", {}, {"text_similarity": {"text": "x"}}, None),
        ("zero_shot_classification", {}, None, "labels"),
        ("zero_shot_classification", {"labels": ["a"]}, None, None),
        ("zero_shot_classification", {}, {"zero_shot_classification": {"labels": ["a"]}}, None),
        ("ner", {}, None, None),
    ],
)
def test_some_inference_types_need_more_than_documents(type_, own, given, missing):
    asked = Model("m", {"model_type": "pytorch", "inference_config": {type_: own}})
    docs = Docs("FILE", ({"text_field": "x"},), given)
    if missing is None:
        assert check_fields(docs, asked) == ()
    else:
        with pytest.raises(InvalidDocument, match=f"FILE has no '{missing}' in an inference_config"):
            check_fields(docs, asked)


# --- stats ---


def stats(**keys):
    return {
        "trained_model_stats": [
            {"model_id": "m", "deployment_stats": {"deployment_id": "d", "state": "started"} | keys}
        ]
    }


RUNNING = {"allocation_count": 1, "target_allocation_count": 2}


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"allocation_status": RUNNING}, Load(Deployment("d", "started", 1, 2))),
        (
            {"allocation_status": RUNNING, "error_count": 1, "timeout_count": 2, "queue_capacity": 9, "reason": "why"},
            Load(Deployment("d", "started", 1, 2), "why", errors=1, timeouts=2, queue_capacity=9),
        ),
        (
            {
                "allocation_status": RUNNING,
                "nodes": [
                    {
                        "inference_count": 10,
                        "last_access": 5,
                        "average_inference_time_ms_last_minute": 10.0,
                        "throughput_last_minute": 3,
                        "number_of_pending_requests": 4,
                        "rejected_execution_count": 1,
                    },
                    {
                        "inference_count": 5,
                        "last_access": 7,
                        "average_inference_time_ms_last_minute": 50,
                        "throughput_last_minute": 1,
                        "number_of_pending_requests": 1,
                        "rejected_execution_count": 2,
                    },
                    {"routing_state": {"routing_state": "starting"}, "throughput_last_minute": 0},
                ],
            },
            Load(
                Deployment("d", "started", 1, 2),
                requests=15,
                rejections=3,
                last_access=7,
                milliseconds=20.0,
                last_minute=4,
                pending=4,
            ),
        ),
        (
            {
                "allocation_status": RUNNING,
                "nodes": [{"average_inference_time_ms_last_minute": 9, "throughput_last_minute": 0}],
            },
            Load(Deployment("d", "started", 1, 2), last_minute=0),
        ),
        (
            {"allocation_status": RUNNING, "adaptive_allocations": {"enabled": True, "min_number_of_allocations": 0}},
            Load(Deployment("d", "started", 1, 2), scales_to_zero=True),
        ),
        (
            {"allocation_status": RUNNING, "adaptive_allocations": {"enabled": True}},
            Load(Deployment("d", "started", 1, 2), scales_to_zero=True),
        ),
        (
            {"allocation_status": RUNNING, "adaptive_allocations": {"enabled": True, "min_number_of_allocations": 1}},
            Load(Deployment("d", "started", 1, 2)),
        ),
        (
            {"allocation_status": RUNNING, "adaptive_allocations": {"enabled": False, "min_number_of_allocations": 0}},
            Load(Deployment("d", "started", 1, 2)),
        ),
        ({"state": None}, Load(Deployment("d", "", None, None))),
    ],
)
def test_the_figures_of_a_deployment_are_summed_over_its_nodes(keys, expected):
    assert loads(stats(**keys), "FILE") == {"m": (expected,)}


def test_a_model_may_have_no_deployment_or_several():
    entries = [{"model_id": "a"}, *stats()["trained_model_stats"], *stats(deployment_id="e")["trained_model_stats"]]
    found = loads({"trained_model_stats": entries}, "FILE")
    assert {model_id: [each.deployment.deployment_id for each in of] for model_id, of in found.items()} == {
        "a": [],
        "m": ["d", "e"],
    }
    assert loads({}, "FILE") == {}
    with pytest.raises(InvalidDocument, match="error_count"):
        loads(stats(error_count="x"), "FILE")
