"""What a move changes for those who use its results: warned of by rules of our own."""

import re

import pytest

EMBEDDERS = """
[aliases]
embed = "small"
[models.small]
model_type = "tree_ensemble"
inference_config.text_embedding = { embedding_size = 384, tokenization.bert.max_sequence_length = 512 }
[models.large]
model_type = "tree_ensemble"
inference_config.text_embedding = { embedding_size = 1024, tokenization.bert.max_sequence_length = 512 }
"""
DIFFERS = "a vector of 'large' has 1024 dimensions, and 'small' has 384: it does not fit what is indexed"
ANEW = "hint: reindex what was indexed with 'small': it does not match what 'large' gives\n"


@pytest.fixture
def embedders(seed, catalog):
    seed(EMBEDDERS)
    return catalog


def test_a_move_to_another_embedding_size_warns(run, embedders):
    moved = run("put", "large", "embed", "-r")
    assert moved.code == 0
    assert moved.err.startswith(f"warning: {DIFFERS}\n{ANEW}hint: to undo: ")


def test_strict_refuses_it(run, embedders):
    refused = run("put", "large", "embed", "-r", "--strict", "-o", "json")
    assert (refused.code, refused.json["error"]["rule"]) == (3, "embedding_size_differs")
    assert refused.json["error"]["reason"] == f"{DIFFERS}, and --strict treats warnings as errors"
    assert run("resolve", "embed").out == "small\n"


@pytest.mark.parametrize(("options", "says"), [([], True), (["-q"], False)])
def test_a_dry_run_says_so_beforehand(run, embedders, options, says):
    dry = run("put", "large", "embed", "-r", "-n", *options)
    assert (re.search("same embedding size +warn +a vector of 'large'", dry.out) is not None) is says
    assert (ANEW in dry.err) is says
    assert f"warning: {DIFFERS}\n" in dry.err
    (warning,) = run("put", "large", "embed", "-r", "-n", "-o", "json").json["warnings"]
    assert warning == {"rule": "embedding_size_differs", "message": DIFFERS, "model_alias": "embed", "overlap": None}


def test_a_comparison_says_so(run, embedders):
    outcomes = {rule["rule"]: rule for rule in run("compare", "embed", "large", "-o", "json").json["rules"]}
    assert outcomes["embedding_size_differs"]["message"] == DIFFERS
    assert outcomes["truncates_sooner"]["outcome"] == "pass"


def test_what_is_not_indexed_needs_no_indexing_anew(run, seed):
    seed('[aliases]\nx = "m"\n[models.m]\ninference_config.ner = {}\n[models.n]\ninference_config.ner = {}')
    assert run("put", "n", "x", "-r").err == "hint: to undo: mlalias rollback x\n"
