"""A look at two models before an alias moves."""

import pytest
from harness import LATE, NEW, OLD, SLIM

from mlalias.core.rules import PAIR_RULES

COMPARED = ("inference_type_differs", "model_type_differs", "not_deployed", "not_allocated", "few_shared_fields")


@pytest.mark.parametrize(
    ("old", "new", "movable", "outcomes"),
    [
        (OLD, NEW, True, ["pass", "pass", "skip", "skip", "pass"]),
        ("flight_delay_model", SLIM, True, ["pass", "pass", "skip", "skip", "warn"]),
        (OLD, LATE, False, ["fail", "pass", "skip", "skip", "pass"]),
        ("lang_ident_model_1", LATE, False, ["pass", "fail", "skip", "skip", "warn"]),
        ("sentiment", "sst-2-next", True, ["pass"] * 5),
        ("sentiment", "sst-2-draft", False, ["pass", "pass", "fail", "skip", "pass"]),
        ("sst-2-next", "sentiment", True, ["pass"] * 5),
        ("sst-2-draft", "sentiment", True, ["pass"] * 5),
        ("sentiment", "sentiment", True, ["pass"] * 5),
    ],
)
def test_whether_an_alias_could_move(run, sample, old, new, movable, outcomes):
    ran = run("compare", old, new, "-o", "json")
    assert ran.code == 0
    assert ran.json["movable"] is movable
    told = {rule["rule"]: rule["outcome"] for rule in ran.json["rules"]}
    assert list(told) == [rule.id for rule in PAIR_RULES]
    assert [told[rule] for rule in COMPARED] == outcomes


def test_the_table(run, sample):
    lines = run("compare", OLD, NEW).out.splitlines()
    assert lines[:2] == [f"from: {OLD} (22 input fields)", f"to:   {NEW} (22 input fields)"]
    assert lines[3].split() == ["FIELDS", "COUNT", "NAMES"]
    assert lines[6:8] == ["lost        2  DistanceMiles, FlightNum", "gained      2  CarrierCode, OriginGate"]
    assert lines[9].endswith(" 91%")
    assert lines[9].count("\u2588") == 36
    assert lines[11].split() == ["RULE", "OUTCOME", "MESSAGE"]


def test_an_unknown_name_is_not_found(run, sample):
    assert run("compare", OLD, "nope").code == 4


def test_models_without_fields(run, seed):
    seed("[models.a]\n[models.b]")
    ran = run("compare", "a", "b")
    assert ran.code == 0
    assert "%" not in ran.out


def test_a_warning_of_a_comparison_names_no_alias(run, sample):
    told = run("compare", OLD, SLIM, "-o", "json").json["rules"][-1]
    assert told["message"] == f"'{SLIM}' shares only 3 of 22 input fields with '{OLD}' (11 needed)"
