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


def test_the_verdict_comes_first_and_the_bar_before_the_table(run, sample):
    lines = run("compare", OLD, NEW).out.splitlines()
    assert lines[:3] == [
        "verdict: could move",
        f"from:    {OLD} (22 input fields)",
        f"to:      {NEW} (22 input fields)",
    ]
    assert lines[4] == "---" + "\u2588" * 34 + "+++" + "  90% of the old fields kept, 50% needed"
    assert lines[5].split() == ["FIELDS", "COUNT", "NAMES"]
    assert lines[8:10] == ["lost        2  DistanceMiles, FlightNum", "gained      2  CarrierCode, OriginGate"]
    assert lines[11].split() == ["CONDITION", "OUTCOME", "MESSAGE"]
    refused = run("compare", OLD, LATE).out.splitlines()
    assert refused[0] == "verdict: could not move"
    assert refused[1].startswith(f"because: an alias cannot move from '{OLD}' (regression)")
    warned = run("compare", OLD, SLIM).out.splitlines()
    assert warned[0] == "verdict: could move, with a warning"
    assert warned[1].startswith(f"because: '{SLIM}' shares only 3 of 22 input fields")


@pytest.mark.parametrize(
    ("shared", "old", "text"),
    [(0, 1, "0%"), (1, 2, "50%"), (124, 249, "49%"), (125, 249, "50%"), (248, 249, "99%"), (249, 249, "100%")],
)
def test_a_share_that_is_shown_as_half_is_half(run, seed, shared, old, text):
    names = [f"f{i}" for i in range(old)]
    seed(f"[models.a]\ninput.field_names = {names}\n[models.b]\ninput.field_names = {names[:shared]}")
    line = next(line for line in run("compare", "a", "b").out.splitlines() if "% of the old" in line)
    bar, _, share = line.partition("  ")
    assert share == f"{text} of the old fields kept, 50% needed"
    assert len(bar) == 40
    assert ("-" in bar, "\u2588" in bar, "+" in bar) == (shared < old, shared > 0, False)


@pytest.mark.parametrize(("new", "code"), [(NEW, 0), (SLIM, 0), (LATE, 3)])
@pytest.mark.parametrize("form", ["table", "tsv", "json"])
def test_the_exit_code_can_be_a_gate(run, sample, new, code, form):
    assert run("compare", OLD, new, "--exit-code", "-o", form).code == code
    assert run("compare", OLD, new, "-o", form).code == 0
    assert run("compare", OLD, "nope", "--exit-code", "-o", form).code == 4


def test_an_unknown_name_is_not_found(run, sample):
    assert run("compare", OLD, "nope").code == 4


def test_models_without_fields(run, seed):
    seed("[models.a]\n[models.b]")
    ran = run("compare", "a", "b")
    assert ran.code == 0
    assert "%" not in ran.out


def test_a_warning_of_a_comparison_names_no_alias(run, sample):
    told = {rule["rule"]: rule["message"] for rule in run("compare", OLD, SLIM, "-o", "json").json["rules"]}
    assert told["few_shared_fields"] == f"'{SLIM}' shares only 3 of 22 input fields with '{OLD}' (11 needed)"
