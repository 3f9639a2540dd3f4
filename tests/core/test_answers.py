"""What models answered, as values: every inference type, and how two answers compare."""

import math

import pytest

from mlalias.core.answers import Comparison, Entity, Fault, Prediction, Trial, agreement, compare, prediction, trial
from mlalias.rest.inference_config import TYPES

RESULTS = [
    ("regression", {"predicted_value": 12.5}, Prediction("number", 12.5)),
    ("regression", {"predicted_value": 3}, Prediction("number", 3.0)),
    (
        "classification",
        {"predicted_value": "late", "prediction_probability": 0.75, "prediction_score": 0.5},
        Prediction("label", "late", 0.75),
    ),
    ("classification", {"predicted_value": True}, Prediction("label", "true")),
    ("classification", {"predicted_value": 1.0}, Prediction("label", "1.0")),
    (
        "text_classification",
        {"predicted_value": "POSITIVE", "prediction_probability": 0.9, "is_truncated": True},
        Prediction("label", "POSITIVE", 0.9, truncated=True),
    ),
    (
        "zero_shot_classification",
        {"predicted_value": "sports", "prediction_probability": 0.4, "top_classes": []},
        Prediction("label", "sports", 0.4),
    ),
    (
        "ner",
        {"predicted_value": "[Ada](PER)", "entities": [{"entity": "Ada", "class_name": "PER", "start_pos": 0}]},
        Prediction("entities", (Entity("Ada", "PER"),)),
    ),
    ("ner", {"predicted_value": "nobody", "entities": []}, Prediction("entities", ())),
    ("text_embedding", {"predicted_value": [0.5, -1, 2]}, Prediction("vector", (0.5, -1.0, 2.0))),
    ("text_expansion", {"predicted_value": {"cat": 1.5, "dog": 1}}, Prediction("tokens", {"cat": 1.5, "dog": 1.0})),
    (
        "fill_mask",
        {"predicted_value": "paris", "predicted_value_sequence": "paris it is", "prediction_probability": 0.6},
        Prediction("label", "paris", 0.6),
    ),
    (
        "question_answering",
        {"predicted_value": "in 1815", "start_offset": 3, "end_offset": 9, "prediction_probability": 0.8},
        Prediction("text", "in 1815", 0.8),
    ),
    ("text_similarity", {"predicted_value": -2.5}, Prediction("number", -2.5)),
    ("pass_through", {"predicted_value": [[[1, 2], [3, 4]]]}, Prediction("vector", (1.0, 2.0, 3.0, 4.0))),
    ("from_the_future", {"predicted_value": "a"}, Prediction("text", "a")),
    ("from_the_future", {"predicted_value": 1}, Prediction("number", 1.0)),
    ("from_the_future", {"predicted_value": [1]}, Prediction("vector", (1.0,))),
    ("from_the_future", {"predicted_value": {"a": 1}}, Prediction("tokens", {"a": 1.0})),
    ("", {"predicted_value": 1}, Prediction("number", 1.0)),
    # what no model of the type answers is no answer
    ("regression", {}, None),
    ("regression", {"predicted_value": None}, None),
    ("regression", {"predicted_value": "NaN"}, None),
    ("regression", {"predicted_value": True}, None),
    ("regression", {"predicted_value": math.inf}, None),
    ("classification", {"predicted_value": ["a"]}, None),
    ("text_embedding", {"predicted_value": []}, None),
    ("text_embedding", {"predicted_value": [1, "x"]}, None),
    ("text_expansion", {"predicted_value": {"cat": "x"}}, None),
    ("ner", {"predicted_value": "[Ada](PER)"}, None),
    ("ner", {"predicted_value": "x", "entities": ["Ada"]}, None),
    ("from_the_future", {"predicted_value": True}, None),
    ("from_the_future", {}, None),
]


@pytest.mark.parametrize(("inference_type", "result", "expected"), RESULTS)
def test_a_result_is_read_by_its_inference_type(inference_type, result, expected):
    assert prediction(inference_type, result) == expected


@pytest.mark.parametrize(
    ("config", "result", "expected"),
    [
        ({"regression": {}}, {"predicted_value": 1}, Trial(Prediction("number", 1.0), None, 5.0)),
        ({"regression": {"results_field": "delay"}}, {"delay": 1}, Trial(Prediction("number", 1.0), None, 5.0)),
        ({"ner": {}}, {"error": "too long"}, Trial(None, Fault("too long"), 5.0)),
        ({"regression": {}}, {"warning": "no field"}, Trial(None, Fault("no field"), 5.0)),
        (
            {"regression": {"results_field": "delay"}},
            {"predicted_value": 1},
            Trial(None, Fault("the answer has no readable 'delay'"), 5.0),
        ),
        ({}, {"predicted_value": "x"}, Trial(Prediction("text", "x"), None, 5.0)),
        ({"ner": None}, {}, Trial(None, Fault("the answer has no readable 'predicted_value'"), 5.0)),
    ],
)
def test_a_trial_has_a_prediction_or_a_fault(config, result, expected):
    assert trial(config, result, 5.0) == expected


def of(kind, value, **more):
    return Prediction(kind, value, **more)


ADA, BOB = Entity("Ada", "PER"), Entity("Bob", "PER")


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (of("label", "a", probability=0.9), of("label", "a", probability=0.6), Comparison(same=True)),
        (of("label", "a"), of("label", "b"), Comparison(same=False)),
        (of("text", "a"), of("text", "a"), Comparison(same=True)),
        (of("text", "a"), of("text", "A"), Comparison(same=False)),
        (of("number", 1.0), of("number", 1.0), Comparison(same=True, difference=0.0)),
        (of("number", 1.0), of("number", 1.0000001), Comparison(same=True, difference=pytest.approx(1e-7))),
        (of("number", 1.0), of("number", 1.00001), Comparison(same=False, difference=pytest.approx(1e-5))),
        (of("number", 3.0), of("number", 1.0), Comparison(same=False, difference=-2.0)),
        (of("vector", (1.0, 0.0)), of("vector", (1.0, 0.0)), Comparison(same=True, cosine=1.0)),
        (of("vector", (1.0, 0.0)), of("vector", (0.0, 2.0)), Comparison(same=False, cosine=0.0)),
        (of("vector", (1.0, 0.0)), of("vector", (-3.0, 0.0)), Comparison(same=False, cosine=-1.0)),
        (of("vector", (1.0,)), of("vector", (1.0, 0.0)), Comparison(same=False)),
        (of("vector", (0.0,)), of("vector", (0.0,)), Comparison(same=True)),
        (of("tokens", {"a": 1.0}), of("tokens", {"a": 1.0}), Comparison(same=True, cosine=1.0)),
        (of("tokens", {"a": 1.0}), of("tokens", {"b": 1.0}), Comparison(same=False, cosine=0.0)),
        (of("tokens", {}), of("tokens", {}), Comparison(same=True)),
        (of("entities", (ADA, BOB)), of("entities", (BOB, ADA)), Comparison(same=True)),
        (of("entities", (ADA,)), of("entities", (ADA, ADA)), Comparison(same=False)),
        (of("label", "1"), of("text", "1"), Comparison(same=False)),
        (of("label", "a"), None, Comparison(same=None)),
        (None, of("label", "a"), Comparison(same=None)),
        (None, None, Comparison(same=None)),
    ],
)
def test_two_answers_compare(first, second, expected):
    assert compare(first, second) == expected


PAIRS = [
    ("regression", {"predicted_value": 4}, {"predicted_value": 4.5}, Comparison(same=False, difference=0.5)),
    ("classification", {"predicted_value": 1}, {"predicted_value": 0}, Comparison(same=False)),
    ("text_classification", {"predicted_value": "good"}, {"predicted_value": "good"}, Comparison(same=True)),
    ("zero_shot_classification", {"predicted_value": "sport"}, {"predicted_value": "art"}, Comparison(same=False)),
    (
        "ner",
        {"predicted_value": "x", "entities": [{"entity": "Ada", "class_name": "PER"}]},
        {"predicted_value": "x", "entities": [{"entity": "Ada", "class_name": "ORG"}]},
        Comparison(same=False),
    ),
    (
        "text_embedding",
        {"predicted_value": [3, 4]},
        {"predicted_value": [4, 3]},
        Comparison(same=False, cosine=pytest.approx(0.96)),
    ),
    ("text_embedding", {"predicted_value": [3, 4]}, {"predicted_value": [3, 4, 0]}, Comparison(same=False)),
    (
        "text_expansion",
        {"predicted_value": {"cat": 3.0, "dog": 4.0}},
        {"predicted_value": {"cat": 4.0, "dog": 3.0}},
        Comparison(same=False, cosine=pytest.approx(0.96)),
    ),
    ("fill_mask", {"predicted_value": "paris"}, {"predicted_value": "london"}, Comparison(same=False)),
    ("question_answering", {"predicted_value": "in 1815"}, {"predicted_value": "in 1815"}, Comparison(same=True)),
    ("text_similarity", {"predicted_value": -2.5}, {"predicted_value": 1.5}, Comparison(same=False, difference=4.0)),
    (
        "pass_through",
        {"predicted_value": [[1], [0]]},
        {"predicted_value": [[0], [1]]},
        Comparison(same=False, cosine=0.0),
    ),
    ("learning_to_rank", {"predicted_value": 2}, {"predicted_value": 2}, Comparison(same=True, difference=0.0)),
]


@pytest.mark.parametrize(("inference_type", "first", "second", "expected"), PAIRS)
def test_two_results_compare_by_their_inference_type(inference_type, first, second, expected):
    one, other = (trial({inference_type: {}}, result, 1.0).prediction for result in (first, second))
    assert compare(one, other) == expected
    found = agreement([(one, other)])
    assert (found.both, found.same) == (1, int(expected.same))
    assert found.largest_difference == (None if expected.difference is None else abs(expected.difference))
    assert found.least_cosine == expected.cosine


def test_every_inference_type_has_a_row():
    """Every type that `serve` takes in an inference_config."""
    assert {inference_type for inference_type, *_ in PAIRS} == set(TYPES)


def test_comparisons_are_summed_up():
    one, two, ten = (of("number", value) for value in (1.0, 2.0, 10.0))
    found = agreement([(one, one), (one, two), (ten, one), (one, None), (None, one), (None, None)])
    assert found._asdict() == {
        "both": 3,
        "same": 1,
        "only_first": 1,
        "only_second": 1,
        "neither": 1,
        "mean_difference": pytest.approx(10 / 3),
        "largest_difference": 9.0,
        "mean_cosine": None,
        "least_cosine": None,
    }
    vectors = agreement([(of("vector", (1.0, 0.0)), of("vector", (0.0, 1.0)))] * 2)
    assert (vectors.mean_cosine, vectors.least_cosine, vectors.mean_difference) == (0.0, 0.0, None)
    assert agreement([]).both == 0
