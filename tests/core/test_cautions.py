"""The rules of our own: rows of two models on both sides of every boundary, and the words of each."""

import pytest
from values import model

from mlalias.core import rules
from mlalias.core.rules import Move, judge

ELSE = "only models that do the same are compared"


def of(model_id, inference, **settings):
    """A model with the settings that stand below its inference type."""
    return model(model_id, "pytorch", inference_config={inference: settings}, deployments=None)


def verdict(rule, inference, old, new):
    """What a rule says of two models; `inference` has their types, or the one type of both."""
    before, *after = inference.split()
    old, new = of("m", before, **old), of("n", *(after or [before]), **new)
    (outcome,) = judge(Move("x", "n", "m", old, new), tuple(each for each in rules.OWN_RULES if each.id == rule))
    return outcome.result, outcome.message


def test_they_are_rules_of_a_pair_that_no_server_has():
    assert all(rule.tags == {"pair", "own"} for rule in rules.OWN_RULES)
    assert rules.RULES[-4:] == rules.OWN_RULES
    assert {rule.id for rule in rules.OWN_RULES} == rules.OWN
    assert rules.OWN_RULES not in (rules.STATE_RULES, rules.NAME_RULES)


NO_SIZE = "skip", "only text_embedding models have an embedding size"


@pytest.mark.parametrize(
    ("inference", "old", "new", "expected"),
    [
        ("text_embedding", 384, 384, ("pass", "the vectors of both have 384 dimensions")),
        ("text_embedding", 384, 1024, ("warn", "a vector of 'n' has 1024 dimensions, and 'm' has 384: it does not fit what is indexed")),
        ("text_embedding", 384, 383, ("warn", "a vector of 'n' has 383 dimensions, and 'm' has 384: it does not fit what is indexed")),
        ("text_embedding", None, 384, ("skip", "not known: the embedding size of 'm'")),
        ("text_embedding", 384, None, ("skip", "not known: the embedding size of 'n'")),
        ("text_embedding", "384", True, ("skip", "not known: the embedding size of 'm' and 'n'")),
        ("text_expansion", 384, 1024, NO_SIZE),
        ("text_embedding text_expansion", 384, 1024, NO_SIZE),
    ],
)  # fmt: skip
def test_embedding_size_differs(inference, old, new, expected):
    sizes = ({} if size is None else {"embedding_size": size} for size in (old, new))
    assert verdict("embedding_size_differs", inference, *sizes) == expected


TEN = [f"l{n}" for n in range(10)]


@pytest.mark.parametrize(
    ("inference", "old", "new", "expected"),
    [
        ("text_classification", ["a", "b"], ["b", "a"], ("pass", "both have the same 2 labels")),
        ("ner", ["O", "B_PER"], ["O", "B_PER", "I_PER"], ("warn", "'n' has other labels than 'm': 1 gained (I_PER)")),
        ("text_classification", ["a", "b", "c"], ["a", "b"], ("warn", "'n' has other labels than 'm': 1 lost (c)")),
        ("text_classification", ["a", "b"], ["A", "b"], ("warn", "'n' has other labels than 'm': 1 lost (a), 1 gained (A)")),
        ("ner", TEN[:5], ["O"], ("warn", "'n' has other labels than 'm': 5 lost (l0, l1, l2, l3, l4), 1 gained (O)")),
        ("ner", TEN[:6], TEN[:1], ("warn", "'n' has other labels than 'm': 5 lost (l1, l2, l3, l4, l5)")),
        ("ner", TEN, ["l9"], ("warn", "'n' has other labels than 'm': 9 lost (l0, l1, l2, l3, l4 and 4 more)")),
        ("ner", None, ["O"], ("skip", "not known: the labels of 'm'")),
        ("ner", ["O"], [], ("skip", "not known: the labels of 'n'")),
        ("ner", "O", [1], ("skip", "not known: the labels of 'm' and 'n'")),
        ("classification", ["a"], ["b"], ("skip", "only models that do the same with labels are compared")),
        ("text_classification ner", ["a"], ["b"], ("skip", "only models that do the same with labels are compared")),
    ],
)  # fmt: skip
def test_labels_differ(inference, old, new, expected):
    labels = ({} if each is None else {"classification_labels": each} for each in (old, new))
    assert verdict("labels_differ", inference, *labels) == expected


def test_a_zero_shot_model_has_labels_of_its_own_beside_those_of_entailment():
    old = {"classification_labels": ["entailment", "neutral", "contradiction"], "labels": ["bug", "praise"]}
    new = {**old, "labels": ["bug"]}
    assert verdict("labels_differ", "zero_shot_classification", old, old)[0] == "pass"
    expected = "warn", "'n' has other labels than 'm': 1 lost (praise)"
    assert verdict("labels_differ", "zero_shot_classification", old, new) == expected


@pytest.mark.parametrize(
    ("inference", "old", "new", "expected"),
    [
        ("regression", "a", "a", ("pass", "both write their result to 'a'")),
        ("regression", "a", "b", ("warn", "'n' writes its result to 'b', and 'm' to 'a'")),
        ("regression", None, "b", ("skip", "not known: the results_field of 'm'")),
        ("classification", "a", None, ("skip", "not known: the results_field of 'n'")),
        ("ner", None, None, ("pass", "both write their result to 'predicted_value'")),
        ("ner", "predicted_value", None, ("pass", "both write their result to 'predicted_value'")),
        ("ner", None, "tags", ("warn", "'n' writes its result to 'tags', and 'm' to 'predicted_value'")),
        ("ner", 7, "tags", ("skip", "not known: the results_field of 'm'")),
        ("learning_to_rank", None, None, ("skip", "not known: the results_field of 'm' and 'n'")),
        ("regression classification", "a", "b", ("skip", ELSE)),
    ],
)
def test_results_field_differs(inference, old, new, expected):
    fields = ({} if field is None else {"results_field": field} for field in (old, new))
    assert verdict("results_field_differs", inference, *fields) == expected


def tokenizer(limit, **more):
    return {"tokenization": {"bert": {"max_sequence_length": limit, **more}}}


NOT_TEXT = "skip", "only models of text have a tokenizer"


@pytest.mark.parametrize(
    ("inference", "old", "new", "expected"),
    [
        ("ner", tokenizer(512), tokenizer(512), ("pass", "'n' takes 512 tokens of a text (512 needed)")),
        ("ner", tokenizer(511), tokenizer(512), ("pass", "'n' takes 512 tokens of a text (511 needed)")),
        ("ner", tokenizer(512), tokenizer(511), ("warn", "'n' takes 511 tokens of a text, and 'm' takes 512: longer texts are cut")),
        ("ner", tokenizer(512), tokenizer(256, truncate="second"), ("warn", "'n' takes 256 tokens of a text, and 'm' takes 512: longer texts are cut")),
        ("ner", tokenizer(512), tokenizer(256, truncate="none", span=-1), ("warn", "'n' takes 256 tokens of a text, and 'm' takes 512: longer texts are refused")),
        ("text_expansion", tokenizer(512), tokenizer(256, truncate="none", span=0), ("pass", "'n' takes a long text in parts of 256 tokens")),
        ("ner", tokenizer(512), {"tokenization": {"roberta": {"max_sequence_length": 256}}}, ("warn", "'n' takes 256 tokens of a text, and 'm' takes 512: longer texts are cut")),
        ("ner", {}, tokenizer(256), ("skip", "not known: the max_sequence_length of 'm'")),
        ("ner", tokenizer(512), {"tokenization": {}}, ("skip", "not known: the max_sequence_length of 'n'")),
        ("ner", tokenizer("512"), {"tokenization": []}, ("skip", "not known: the max_sequence_length of 'm' and 'n'")),
        ("ner", {"tokenization": {"bert": 1}}, tokenizer(1, span="x"), ("skip", "not known: the max_sequence_length of 'm' and 'n'")),
        ("regression", tokenizer(512), tokenizer(256), NOT_TEXT),
        ("ner next_year", tokenizer(512), tokenizer(256), NOT_TEXT),
    ],
)  # fmt: skip
def test_truncates_sooner(inference, old, new, expected):
    assert verdict("truncates_sooner", inference, old, new) == expected


@pytest.mark.parametrize("config", [{}, {"inference_config": {"ner": 7}}, {"inference_config": {"ner": []}}])
def test_models_that_say_nothing_get_no_caution(config):
    move = Move("x", "n", "m", model("m", **config), model("n", **config))
    assert "warn" not in {outcome.result for outcome in judge(move, rules.OWN_RULES)}


def test_without_two_models_they_are_skipped():
    outcomes = judge(Move("x", "n", None, None, of("n", "ner")), rules.OWN_RULES)
    assert {(outcome.result, outcome.message) for outcome in outcomes} == {("skip", "the alias is new")}
