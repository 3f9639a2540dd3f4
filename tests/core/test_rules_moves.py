"""The rules but for those about deployments: rows of moves on both sides of every boundary, and the words of each.

In the order of `RULES`; `test_rules_deployments.py` has the two about deployments.
"""

import itertools

import pytest
from values import deployment, model

from mlalias.core import rules
from mlalias.core.rules import Move, compare, judge, refusals

ORDER = [
    "equal_names",
    "invalid_alias",
    "alias_taken",
    "alias_is_model_id",
    "model_missing",
    "inference_type_differs",
    "model_type_differs",
    "not_deployed",
    "not_allocated",
    "few_shared_fields",
    "embedding_size_differs",
    "labels_differ",
    "results_field_differs",
    "truncates_sooner",
]
M, N = model("m"), model("n")


def verdict(rule, move):
    """What one rule says: its result and its sentence."""
    (outcome,) = judge(move, tuple(one for one in rules.RULES if one.id == rule))
    return outcome.result, outcome.message


def moving(old, new, alias="x"):
    """A move from one model to another, with consent."""
    return Move(alias, new.model_id, old.model_id, old, new, reassign=True)


# --- the list of the rules ---


def test_the_order_of_the_rules():
    found = [rule.id for rule in rules.RULES]
    new = [rule for rule in found if rule not in ORDER]
    assert found == ORDER, (
        f"RULES has another order, or more rules ({', '.join(new)}), than ORDER in tests/core/test_rules_moves.py: "
        "write it there, and rows of moves for it; add a row to the README's table of rules; then write the cases that "
        "print every rule anew: python -m pytest tests/test_cases.py --update-cases"
    )


@pytest.mark.parametrize(
    ("tag", "group", "known"),
    [
        ("name", rules.NAME_RULES, "equal_names invalid_alias"),
        ("state", rules.STATE_RULES, "alias_taken alias_is_model_id model_missing inference_type_differs model_type_differs not_deployed not_allocated"),
        ("pair", rules.PAIR_RULES, "inference_type_differs model_type_differs not_deployed not_allocated few_shared_fields embedding_size_differs labels_differ results_field_differs truncates_sooner"),
        ("deployment", rules.DEPLOYMENT_RULES, "not_deployed not_allocated"),
    ],
)  # fmt: skip
def test_the_tags_of_the_rules_there_are_today(tag, group, known):
    assert rules.tagged(tag) == group
    assert [rule.id for rule in group if rule.id in ORDER] == known.split()


@pytest.mark.parametrize("rule", [rule for rule in rules.RULES if rule.id in ORDER], ids=lambda rule: rule.id)
def test_the_status_and_type_of_elasticsearch(rule):
    expected = {
        "equal_names": (400, "action_request_validation_exception"),
        "invalid_alias": (400, "action_request_validation_exception"),
        "model_missing": (404, "resource_not_found_exception"),
    }
    assert (rule.status, rule.type) == expected.get(rule.id, (400, "status_exception"))
    assert rule.source.startswith("https://github.com/elastic/elasticsearch/")
    if rule in rules.OWN_RULES:  # from which the facts are, not the rule
        return
    assert ("PutTrainedModelAliasAction.java" in rule.source, rule.source.endswith(".java")) == (True, True)
    assert ("/Transport" in rule.source) == (rule.id not in ("equal_names", "invalid_alias"))


def test_every_rule_judges_in_order():
    outcomes = judge(moving(M, N))
    assert [outcome.rule for outcome in outcomes] == list(rules.RULES)
    assert judge(moving(M, N), rules.NAME_RULES) == outcomes[:2]


# --- names ---


@pytest.mark.parametrize(
    ("alias", "expected"),
    [
        ("x", ("pass", "the alias and the model id differ")),
        ("M", ("pass", "the alias and the model id differ")),
        ("m", ("fail", "the alias and the model id are the same, 'm'")),
    ],
)
def test_equal_names(alias, expected):
    assert verdict("equal_names", Move(alias, "m")) == expected


STRANGE = "is not a lower-case letter, a digit, '.', '_' or '-'"


@pytest.mark.parametrize(
    ("alias", "fault"),
    [
        *((alias, None) for alias in ("a", "prod", "1a", "00a", "a.b-c_d", "a..b", "9.x", "x" * 200)),
        ("", "it is empty"),
        ("x" * 199 + "1", "it must end in a letter"),
        ("x" * 201, "it is longer than 200 characters"),
        ("V-" + "x" * 200, "it is longer than 200 characters"),
        ("-aB", f"'B' {STRANGE}"),
        ("a b", f"' ' {STRANGE}"),
        ("a/b", f"'/' {STRANGE}"),
        ("aé", f"'é' {STRANGE}"),
        ("a٣", f"'٣' {STRANGE}"),
        ("ａ", f"'ａ' {STRANGE}"),
        ("*", f"'*' {STRANGE}"),
        ("a\n", f"'\n' {STRANGE}"),
        ("_a1", "it must begin with a letter or a digit"),
        ("-a", "it must begin with a letter or a digit"),
        (".a", "it must begin with a letter or a digit"),
        ("_", "it must begin with a letter or a digit"),
        ("a.", "it must end in a letter"),
        ("a_", "it must end in a letter"),
        ("a_-1", "it must end in a letter"),
        ("7", "it must end in a letter"),
        ("v1", "it must end in a letter"),
    ],
    ids=lambda value: repr(value[:12]) if value else "valid",
)
def test_invalid_alias(alias, fault):
    expected = (
        ("fail", f"'{alias}' is not a valid alias: {fault}") if fault else ("pass", f"'{alias}' is a valid alias")
    )
    assert verdict("invalid_alias", Move(alias, "m")) == expected


# --- state ---


@pytest.mark.parametrize(
    ("move", "expected"),
    [
        (Move("x", "n"), ("pass", "the alias 'x' is free")),
        (Move("x", "n", "m", M, N), ("fail", "the alias 'x' names the model 'm'")),
        (Move("x", "m", "m", M, M), ("fail", "the alias 'x' already names the model 'm'")),
        (Move("x", "n", "m", None, N), ("fail", "the alias 'x' names the model 'm', which is gone")),
        (Move("x", "m", "m"), ("fail", "the alias 'x' already names the model 'm', which is gone")),
        (Move("x", "n", "m", M, N, reassign=True), ("pass", "the alias names 'm', and may be moved")),
        (Move("x", "n", "m", M, N, if_current="m"), ("pass", "the alias names 'm', and may be moved")),
    ],
)
def test_alias_taken(move, expected):
    assert verdict("alias_taken", move) == expected


@pytest.mark.parametrize(
    ("is_model_id", "expected"),
    [
        (False, ("pass", "no model has the id 'x'")),
        (True, ("fail", "'x' is the id of a model and cannot be an alias")),
    ],
)
def test_alias_is_model_id(is_model_id, expected):
    assert verdict("alias_is_model_id", Move("x", "m", alias_is_model_id=is_model_id)) == expected


@pytest.mark.parametrize(
    ("new", "expected"),
    [(None, ("fail", "there is no model 'm' for the alias 'x'")), (M, ("pass", "the model 'm' exists"))],
)
def test_model_missing(new, expected):
    assert verdict("model_missing", Move("x", "m", new=new)) == expected


# --- pairs ---


PAIRS = [rule.id for rule in rules.PAIR_RULES]


@pytest.mark.parametrize(
    ("move", "why"),
    [
        (Move("x", "n", None, None, N), "the alias is new"),
        (Move("x", "n", "m", None, N), "the model 'm', which the alias names, is gone"),
        (Move("x", "n", "m", M, None), "there is no model 'n'"),
        (Move("x", "n", "m", None, None), "the model 'm', which the alias names, is gone"),
    ],
)
@pytest.mark.parametrize("rule", [rule for rule in PAIRS if rule in ORDER])
def test_rules_of_two_models_are_skipped_where_there_is_one(rule, move, why):
    assert verdict(rule, move) == ("skip", why)


INFERENCE = [None, "regression", "classification", "ner"]


@pytest.mark.parametrize(("old", "new"), list(itertools.product(INFERENCE, INFERENCE)))
def test_inference_type_differs(old, new):
    if not (old and new):
        expected = "skip", "one of the models has no inference_config"
    elif old == new:
        expected = "pass", f"both do {new}"
    else:
        sentence = f"the alias 'x' cannot move from 'm' ({old}) to 'n' ({new}): their inference types differ"
        expected = "fail", sentence
    assert verdict("inference_type_differs", moving(model("m", inference=old), model("n", inference=new))) == expected


TYPES = [None, "tree_ensemble", "lang_ident", "pytorch", "next_year"]


@pytest.mark.parametrize(("old", "new"), list(itertools.product(TYPES, TYPES)))
def test_model_type_differs(old, new):
    if old == new:
        expected = "pass", f"both are {new}" if new else "neither has a model type"
    else:
        types = f"'m' ({old or 'no type'}) to 'n' ({new or 'no type'})"
        expected = "fail", f"the alias 'x' cannot move from {types}: their model types differ"
    move = moving(model("m", old), model("n", new))
    assert verdict("model_type_differs", move) == expected
    if not old == new == "pytorch":
        assert {verdict(rule, move) for rule in ("not_deployed", "not_allocated")} == {
            ("skip", "only pytorch models are deployed")
        }


UP, IDLE = deployment("up"), deployment("idle", running=0)


@pytest.mark.parametrize(
    ("old", "new", "deployed", "allocated"),
    [
        ([], [], ("pass", "'m' is not deployed"), ("pass", "no deployment of 'm' has an allocation running")),
        ([IDLE], [IDLE], ("pass", "'n' is deployed"), ("pass", "no deployment of 'm' has an allocation running")),
        ([IDLE], [], ("fail", "the alias 'x' cannot move from 'm', which is deployed, to 'n', which is not"), ("pass", "no deployment of 'm' has an allocation running")),
        ([UP], [], ("fail", "the alias 'x' cannot move from 'm', which is deployed, to 'n', which is not"), ("skip", "'n' has no deployment to look at")),
        ([UP], [UP, IDLE], ("pass", "'n' is deployed"), ("fail", "the alias 'x' cannot move from 'm', which has allocations running, to 'n': its deployment 'idle' has none")),
        ([UP, IDLE], [UP, UP], ("pass", "'n' is deployed"), ("pass", "every deployment of 'n' has an allocation running")),
    ],
)  # fmt: skip
def test_what_the_rules_about_deployments_say(old, new, deployed, allocated):
    move = moving(model("m", "pytorch", deployments=old), model("n", "pytorch", deployments=new))
    assert (verdict("not_deployed", move), verdict("not_allocated", move)) == (deployed, allocated)


@pytest.mark.parametrize("old", range(7))
@pytest.mark.parametrize("gained", [0, 3])
def test_few_shared_fields(old, gained):
    before = [f"f{i}" for i in range(old)]
    needed = (0, 1, 1, 2, 2, 3, 3)[old]
    for shared in range(old + 1):
        after = before[old - shared :] + [f"g{i}" for i in range(gained)]
        share = f"{shared} of {old} input fields"
        few = f"'n' shares only {share} with 'm', which 'x' named ({needed} needed)"
        enough = f"the models share {share} ({needed} needed)"
        move = moving(model("m", fields=" ".join(before)), model("n", fields=" ".join(after)))
        assert verdict("few_shared_fields", move) == (("warn", few) if shared < needed else ("pass", enough))


def test_models_without_fields_share_enough():
    assert verdict("few_shared_fields", moving(M, model("n", fields="a"))) == (
        "pass",
        "the models share 0 of 0 input fields (0 needed)",
    )


def test_fields_are_compared_as_they_are_spelled_and_counted_once():
    move = moving(model("m", fields="a a b"), model("n", fields="A b"))
    assert move.overlap == (("b",), ("a",), ("A",))
    assert verdict("few_shared_fields", move) == ("pass", "the models share 1 of 2 input fields (1 needed)")


def test_without_two_models_there_is_no_overlap():
    assert [Move("x", "n", "m", M, None).overlap, Move("x", "n", "m", None, N).overlap] == [None, None]


# --- all of them together ---


@pytest.mark.parametrize(
    ("move", "failed", "decisive"),
    [
        (moving(M, N), [], []),
        (Move("m", "m", alias_is_model_id=True), ["equal_names", "alias_is_model_id", "model_missing"], ["equal_names"]),
        (Move("v1", "v1", new=N), ["equal_names", "invalid_alias"], ["equal_names", "invalid_alias"]),
        (Move("v1", "n", "m", M), ["invalid_alias", "alias_taken", "model_missing"], ["invalid_alias"]),
        (Move("x", "n", "m", M), ["alias_taken", "model_missing"], ["alias_taken"]),
        (Move("x", "n", alias_is_model_id=True), ["alias_is_model_id", "model_missing"], ["alias_is_model_id"]),
        (moving(model("m", "pytorch", "ner"), model("n", "tree", "regression")),
         ["inference_type_differs", "model_type_differs"], ["inference_type_differs"]),
        (moving(model("m", "a", fields="f"), model("n", "b")), ["model_type_differs"], ["model_type_differs"]),
    ],
)  # fmt: skip
def test_the_outcomes_that_decide(move, failed, decisive):
    outcomes = judge(move)
    assert [outcome.rule.id for outcome in outcomes if outcome.result == "fail"] == failed
    assert [outcome.rule.id for outcome in refusals(outcomes)] == decisive


def test_a_comparison_is_of_any_alias():
    old, new = model("m", "pytorch", "ner", fields="a b c"), model("n", "tree", "regression", fields="a")
    outcomes = compare(old, new)
    assert [outcome.rule for outcome in outcomes] == list(rules.PAIR_RULES)
    told = {outcome.rule.id: outcome.message for outcome in outcomes}
    assert (
        told["inference_type_differs"]
        == "an alias cannot move from 'm' (ner) to 'n' (regression): their inference types differ"
    )
    assert (
        told["model_type_differs"] == "an alias cannot move from 'm' (pytorch) to 'n' (tree): their model types differ"
    )
    assert told["few_shared_fields"] == "'n' shares only 1 of 3 input fields with 'm' (2 needed)"


def test_a_model_may_be_compared_with_itself():
    one = model("m", "pytorch", "ner", fields="a", deployments=[deployment()])
    theirs = [outcome for outcome in compare(one, one) if outcome.rule not in rules.OWN_RULES]
    assert {outcome.result for outcome in theirs} == {"pass"}


def test_a_rule_that_no_server_has_is_never_left_to_the_server():
    assert [rule.id for rule in rules.RULES if {"own", "state"} <= rule.tags] == []


def test_one_warning_comes_with_the_overlap_of_fields():
    assert [rule.id for rule in rules.RULES if "fields" in rule.tags] == ["few_shared_fields"]
