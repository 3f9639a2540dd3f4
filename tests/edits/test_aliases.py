"""The edits of one alias: put, delete, rollback, from catalog to plan."""

import pytest
from values import catalog, deployment, history, model, moves, reasons, rules_of, using, warnings

from mlalias.core.catalog import Catalog, Change, Endpoint, Pipeline
from mlalias.core.lazy import Lazy
from mlalias.core.rules import NAME_RULES, RULES, Move, Outcome, Rule
from mlalias.documents.pipelines import pipeline
from mlalias.edits.aliases import delete, judged, look_up, not_current, put, rollback
from mlalias.errors import Conflict, NotFound, Refused

SOME = catalog({"x": "m", "lost": "gone", "7": "m"}, ["m", "n"])


def outcomes(plan, alias):
    return {outcome.rule.id: outcome.result for outcome in plan.outcomes[alias]}


# --- look_up ---


def test_both_ends_of_a_move_are_looked_up():
    move = look_up(SOME, "x", "n", reassign=True, if_current="m")
    assert move == ("x", "n", "m", model("m"), model("n"), True, "m", False, True)
    assert look_up(SOME, "n", "none", reassign=False) == ("n", "none", None, None, None, False, None, True, False)
    assert look_up(SOME, "lost", "m", reassign=False)[2:5] == ("gone", None, model("m"))


def test_only_what_is_named_is_looked_up():
    """On a cluster each look is a request."""
    looked = []
    models = Lazy(looked.append, tuple)
    look_up(Catalog({"x": "m"}, models), "y", "n", reassign=False)
    assert looked == ["n", "y"]


@pytest.mark.parametrize(("alias", "existed"), [("8", False), ("9", True), ("x", True), ("fresh", False)])
def test_an_alias_that_is_there_existed(alias, existed):
    now = catalog({"x": "m", "9": "m"}, ["m"], history=history("8=m", "8="))
    assert look_up(now, alias, "m", reassign=False).existed is existed


# --- put ---


@pytest.mark.parametrize(
    ("model_id", "alias", "options", "rules"),
    [
        ("m", "y", {}, []),
        ("m", "y", {"reassign": True}, []),
        ("m", "y", {"exist_ok": True}, []),
        ("m", "y", {"if_current": "m"}, ["if_current"]),
        ("m", "x", {}, ["alias_taken"]),
        ("n", "x", {}, ["alias_taken"]),
        ("none", "x", {}, ["alias_taken"]),
        ("m", "x", {"reassign": True}, []),
        ("n", "x", {"reassign": True}, []),
        ("none", "x", {"reassign": True}, ["model_missing"]),
        ("m", "x", {"exist_ok": True}, []),
        ("n", "x", {"exist_ok": True}, ["alias_taken"]),
        ("n", "x", {"exist_ok": True, "reassign": True}, []),
        ("n", "x", {"if_current": "m"}, []),
        ("m", "x", {"if_current": "m"}, []),
        ("n", "x", {"if_current": "n"}, ["if_current"]),
        ("m", "x", {"if_current": "n"}, ["if_current"]),
        ("n", "x", {"if_current": "n", "reassign": True}, ["if_current"]),
        ("m", "x", {"if_current": "n", "exist_ok": True}, []),
        ("none", "x", {"if_current": "m"}, ["model_missing"]),
        ("none", "x", {"if_current": "n"}, ["if_current"]),
        ("none", "y", {}, ["model_missing"]),
        ("m", "n", {}, ["alias_is_model_id"]),
        ("m", "n", {"reassign": True}, ["alias_is_model_id"]),
        ("none", "n", {}, ["alias_is_model_id"]),
        ("m", "m", {}, ["equal_names"]),
        ("v1", "v1", {}, ["equal_names", "invalid_alias"]),
        ("none", "v1", {"if_current": "n"}, ["invalid_alias"]),
        ("m", "7", {"exist_ok": True}, []),
        ("n", "7", {"reassign": True}, []),
        ("n", "8", {}, ["invalid_alias"]),
        ("m", "lost", {"reassign": True}, []),
        ("m", "lost", {"if_current": "gone"}, []),
        ("gone", "lost", {"exist_ok": True}, ["alias_taken"]),
    ],
)
def test_put(model_id, alias, options, rules):
    plan = put(model_id, alias, **options)(SOME)
    asked = Change(alias, model_id, SOME.aliases.get(alias))
    assert rules_of(plan) == rules
    assert (plan.changes, plan.refused) == (((), (asked,)) if rules else ((asked,), ()))
    assert plan.before is SOME
    assert plan.empty is bool(rules or asked.result == "unchanged")
    assert [outcome.rule for outcome in plan.outcomes[alias]] == list(RULES)


@pytest.mark.parametrize(
    ("model_id", "alias", "expected", "reason"),
    [
        ("n", "x", "n", "the alias 'x' names 'm', not 'n'"),
        ("n", "y", "m", "the alias 'y' does not exist, so it does not name 'm'"),
    ],
)
def test_the_sentence_of_if_current(model_id, alias, expected, reason):
    plan = put(model_id, alias, if_current=expected)(SOME)
    (error,) = plan.errors
    assert (type(error), error.reason, error.rule) == (Conflict, reason, "if_current")
    assert (error.context.catalog, error.context.model_alias) == (SOME, alias)
    assert error.context.move[:3] == (alias, model_id, SOME.aliases.get(alias))
    shown = {outcome.rule.id: (outcome.result, outcome.message) for outcome in plan.outcomes[alias]}
    assert shown["alias_taken"] == ("fail", reason)
    assert [rule for rule, (result, _) in shown.items() if result == "fail"] == ["alias_taken"]


def test_only_a_move_that_was_judged_asks_a_cluster_to_compare():
    assert put("n", "x", if_current="m")(SOME).if_current == "m"
    assert put("none", "x", if_current="m")(SOME).if_current == "m"
    assert put("n", "x", reassign=True)(SOME).if_current is None


@pytest.mark.parametrize(
    ("words", "kind", "status", "error_type"),
    [
        (("none", "y"), NotFound, 404, "resource_not_found_exception"),
        (("n", "x"), Refused, 400, "status_exception"),
        (("m", "v1"), Refused, 400, "action_request_validation_exception"),
    ],
)
def test_a_refusal_has_elasticsearchs_status_and_type(words, kind, status, error_type):
    (error,) = put(*words)(SOME).errors
    assert (type(error), error.status, error.type) == (kind, status, error_type)
    assert (error.context.catalog, error.context.model_alias) == (SOME, words[1])
    assert (error.context.move.model_id, len(error.context.outcomes)) == (words[0], len(RULES))
    assert error.reason in [outcome.message for outcome in error.context.outcomes]


def test_the_status_and_type_are_those_of_the_rule():
    rule = Rule(lambda _: ("fail", "no"), "", frozenset(), status=418, type="teapot_exception")
    (error,) = judged(SOME, Move("y", "m"), (Outcome(rule, "fail", "no"),)).errors
    assert (type(error), error.status, error.type, error.reason) == (Refused, 418, "teapot_exception", "no")


def test_a_change_that_deletes_may_be_no_longer_current():
    conflict = not_current(SOME, Change("x", None, "m"), "n")
    assert conflict.context.move == Move("x", "", "m")


def test_exist_ok_judges_the_names_and_nothing_more():
    plan = put("m", "x", exist_ok=True)(catalog({"x": "m"}, [model("m", deployments=[deployment(running=0)])]))
    results = [(outcome.result, outcome.message) for outcome in plan.outcomes["x"]]
    assert [result for result, _ in results[:2]] == ["pass", "pass"]
    assert results[2:] == [("skip", "the alias already names the model")] * (len(RULES) - len(NAME_RULES))
    assert (plan.changes, plan.warnings) == ((Change("x", "m", "m"),), ())


def test_the_rules_hold_for_the_model_that_an_alias_names_already():
    half = model("m", "pytorch", deployments=[deployment("d"), deployment("e", running=0)])
    there = catalog({"x": "m"}, [half])
    assert rules_of(put("m", "x", reassign=True)(there)) == ["not_allocated"]
    assert rules_of(put("m", "x", exist_ok=True)(there)) == []


WIDE, SLIM = model("m", fields="a b c"), model("n", fields="a d")


def test_a_warning_comes_with_the_overlap():
    plan = put("n", "x", reassign=True)(catalog({"x": "m"}, [WIDE, SLIM]))
    (warning,) = plan.warnings
    assert (warning.rule, warning.model_alias) == ("few_shared_fields", "x")
    assert warning.message == "'n' shares only 1 of 3 input fields with 'm', which 'x' named (2 needed)"
    assert warning.overlap == (("a",), ("b", "c"), ("d",))
    assert moves(plan) == {"x": "n"}


def test_what_is_not_known_is_said_once_and_without_an_overlap():
    old, new = model("m", "pytorch", fields="a b c", deployments=None), model("n", "pytorch", deployments=None)
    plan = put("n", "x", reassign=True)(catalog({"x": "m"}, [old, new]))
    assert [(warning.rule, warning.overlap) for warning in plan.warnings] == [
        ("not_deployed", None),
        ("few_shared_fields", ((), ("a", "b", "c"), ())),
    ]


def test_what_is_refused_is_not_warned_of_too():
    plan = put("n", "x")(catalog({"x": "m"}, [WIDE, SLIM]))
    assert (rules_of(plan), plan.warnings) == (["alias_taken"], ())
    assert outcomes(plan, "x")["few_shared_fields"] == "warn"


# --- delete ---

USED = catalog({"x": "m", "used": "m"}, ["m", "n"], pipelines={"q": ["used"], "p": ["m", "used"], "r": ["n"]})


@pytest.mark.parametrize(
    ("words", "rules"),
    [
        (("x",), []),
        (("x", "m"), []),
        (("x", "n"), ["names_another_model"]),
        (("used",), ["in_use"]),
        (("used", "m"), ["in_use"]),
        (("used", "n"), ["names_another_model"]),
    ],
)
@pytest.mark.parametrize("missing_ok", [False, True])
def test_delete(words, rules, missing_ok):
    plan = delete(*words, missing_ok=missing_ok)(USED)
    asked = (Change(words[0], None, "m"),)
    assert rules_of(plan) == rules
    assert (plan.changes, plan.refused) == (((), asked) if rules else (asked, ()))
    assert {type(error) for error in plan.errors} <= {Conflict}
    assert all(error.context[:2] == (USED, words[0]) for error in plan.errors)
    assert plan.before is USED


@pytest.mark.parametrize("words", [("none",), ("none", "m"), ("UPPER/1",), ("n",)])
def test_delete_of_an_alias_that_is_not_there(words):
    plan = delete(*words)(USED)
    (error,) = plan.errors
    assert plan.before is USED
    reason = "'n' is a model, not an alias" if words == ("n",) else f"there is no alias '{words[0]}'"
    assert (type(error), error.reason, error.rule, error.type) == (NotFound, reason, "not_found", "status_exception")
    assert (error.context.name, error.context.kind) == (words[0], "alias")
    assert delete(*words, missing_ok=True)(USED) == plan._replace(errors=())


LATE = pipeline({"processors": [], "on_failure": [{"inference": {"model_id": "late"}}]})
ENDS = USED._replace(
    aliases={"x": "m", "used": "m", "late": "m", "both": "m", "ended": "m"},
    pipelines={**USED.pipelines, "late": LATE, "both": Pipeline(("both",))},
    endpoints={"e": Endpoint("ended"), "f": Endpoint("both")},
    fields={"i": {"t": ("e",)}},
)
LATE_USED = "the alias 'late' is used by the ingest pipeline 'late' (on_failure[0].inference), which Elasticsearch does not guard"
ENDED_USED = "the alias 'ended' is used by the inference endpoint 'e' (service_settings.model_id), the index 'i' (t), which Elasticsearch does not guard"
BOTH_USED = "the alias 'both' is used by the ingest pipeline 'both'"


@pytest.mark.parametrize(
    ("alias", "unguarded", "refused", "warned"),
    [
        ("late", "ignore", [], []),
        ("late", "warn", [], [LATE_USED]),
        ("late", "refuse", [LATE_USED], []),
        ("ended", "ignore", [], []),
        ("ended", "warn", [], [ENDED_USED]),
        ("ended", "refuse", [ENDED_USED], []),
        ("both", "ignore", [BOTH_USED], []),
        ("both", "warn", [BOTH_USED], []),
        ("both", "refuse", [BOTH_USED], []),
        ("x", "ignore", [], []),
        ("x", "warn", [], []),
        ("x", "refuse", [], []),
    ],
)
def test_who_is_not_guarded_is_ignored_warned_of_or_a_reason_to_refuse(alias, unguarded, refused, warned):
    plan = delete(alias, unguarded=unguarded)(ENDS)
    assert (reasons(plan), warnings(plan)) == (refused, warned)
    asked = (Change(alias, None, "m"),)
    assert (plan.changes, plan.refused) == (((), asked) if refused else (asked, ()))
    assert {error.rule for error in plan.errors} | {warning.rule for warning in plan.warnings} <= {"in_use"}


@pytest.mark.parametrize(("live", "said"), [(False, []), (True, ["endpoints", "fields"])])
@pytest.mark.parametrize("unguarded", ["warn", "refuse"])
def test_a_part_that_a_cluster_does_not_tell_is_no_reason_to_refuse(live, said, unguarded):
    unknown = USED._replace(endpoints=None, fields=None, live=live)
    plan = delete("x", unguarded=unguarded)(unknown)
    assert (plan.errors, [text.partition(" ")[0] for text in warnings(plan)]) == ((), said)
    assert warnings(delete("x")(unknown)) == []


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("x", "n"), "the alias 'x' names 'm', not 'n'"),
        (("used",), "the alias 'used' is used by the ingest pipelines 'p', 'q'"),
    ],
)
def test_what_delete_says(words, reason):
    assert reasons(delete(*words)(USED)) == [reason]
    one = USED._replace(pipelines=using({"p": ["used"]}))
    assert reasons(delete("used")(one)) == ["the alias 'used' is used by the ingest pipeline 'p'"]


# --- rollback ---


def back(entries, *, to=None, deletes=True, models="a b c d", pipelines=None, aliases=None):
    """The plan of a rollback of `x`, after some entries."""
    from mlalias.core.history import replay

    now = catalog(replay(entries) if aliases is None else aliases, models.split(), pipelines=pipelines, history=entries)
    return rollback("x", to=to, deletes=deletes)(now)


@pytest.mark.parametrize(
    ("texts", "undone", "to", "goal", "undoes"),
    [
        (("x=a",), {}, None, None, (1,)),
        (("x=a", "x=b"), {}, None, "a", (2,)),
        (("x=a", "x=b", "x=a"), {3: (2,)}, None, None, (1,)),
        (("x=a", "x=b", "x=c"), {}, None, "b", (3,)),
        (("x=a", "x=b", "x=a", "x=c"), {3: (2,)}, None, "a", (4,)),
        (("x=a", "x=b", "x=a", "x=b"), {3: (2,), 4: (3,)}, None, "a", (2,)),
        (("x=a", "x="), {}, None, "a", (2,)),
        (("x=a", "x=", "x=b"), {}, None, None, (3,)),
        (("x=a", "y=a", "x=b", "y=b"), {}, None, "a", (3,)),
        (("x=a", "x=b", "x=c"), {}, 0, None, (3, 2, 1)),
        (("x=a", "x=b", "x=c"), {}, 1, "a", (3, 2)),
        (("x=a", "x=b", "x=c"), {}, 2, "b", (3,)),
        (("x=a", "x=b", "x=c"), {}, 3, "c", ()),
        (("x=a", "y=a", "x=b"), {}, 2, "a", (3,)),
        (("x=a", "x="), {}, 0, None, (2, 1)),
        (("x=a", "x="), {}, 1, "a", (2,)),
        (("x=a", "x="), {}, 2, None, ()),
        (("x=a", "x=b", "x=c", "x=b", "x=a"), {4: (3,), 5: (2,)}, 3, "c", (5, 4)),
    ],
)
def test_where_a_rollback_goes(texts, undone, to, goal, undoes):
    plan = back(history(*texts, undoes=undone), to=to)
    assert (plan.errors, plan.undoes) == ((), undoes)
    assert plan.aliases.get("x") == goal


@pytest.mark.parametrize(
    ("texts", "undone", "to", "kind", "rule", "reason"),
    [
        ((), {}, None, NotFound, "not_found", "there is no alias 'x'"),
        (("x=a", "x="), {2: (1,)}, None, Refused, "nothing_to_undo", "the alias 'x' has no change left to undo"),
        (("x=a", "x=b"), {}, 3, NotFound, "no_such_revision", "there is no revision 3; the catalog is at revision 2"),
        (("x=a", "x=b"), {}, -1, NotFound, "no_such_revision", "there is no revision -1; the catalog is at revision 2"),
    ],
)
def test_where_there_is_no_way_back(texts, undone, to, kind, rule, reason):
    plan = back(history(*texts, undoes=undone), to=to)
    (error,) = plan.errors
    assert (type(error), error.rule, error.reason) == (kind, rule, reason)
    assert error.context.catalog is plan.before
    assert (error.context.model_alias or error.context.name) == "x"
    assert (plan.changes, plan.refused, plan.undoes) == ((), (), ())


@pytest.mark.parametrize(
    ("texts", "aliases", "rule", "reason"),
    [
        ((), {"x": "a"}, "not_in_history", "the history has no change to the alias 'x', which names 'a'"),
        (("x=a", "y=a"), {"x": "b"}, "changed_by_hand", "the alias 'x' names 'a' after revision 1, but in aliases.toml it names 'b'"),
        (("x=a",), {}, "changed_by_hand", "the alias 'x' names 'a' after revision 1, but in aliases.toml it does not exist"),
        (("x=a", "x="), {"x": "b"}, "changed_by_hand", "the alias 'x' is deleted after revision 2, but in aliases.toml it names 'b'"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("to", [None, 0])
def test_where_table_and_history_disagree(texts, aliases, rule, reason, to):
    plan = back(history(*texts), aliases=aliases, to=to)
    (error,) = plan.errors
    assert error.context.catalog is plan.before
    assert (type(error), error.rule, error.reason, error.context.model_alias) == (Conflict, rule, reason, "x")


def test_a_catalog_whose_revision_was_not_asked_for():
    """Its newest revision is that of its newest entry."""
    now = catalog({"x": "a"}, ["a"], history=history("x=a"))._replace(revision=None)
    assert rules_of(rollback("x", to=1, deletes=True)(now)) == []
    assert rules_of(rollback("x", to=2, deletes=True)(now)) == ["no_such_revision"]


@pytest.mark.parametrize(
    ("to", "reason"),
    [
        (None, "the alias 'x' did not exist before its last change: going back deletes it"),
        (0, "the alias 'x' did not exist at revision 0: going back deletes it"),
    ],
)
def test_undoing_a_creation_needs_consent(to, reason):
    plan = back(history("x=a"), to=to, deletes=False)
    (error,) = plan.errors
    assert (type(error), error.rule, error.reason) == (Refused, "deletes", reason)
    assert (error.context.catalog, error.context.model_alias) == (plan.before, "x")
    assert (plan.changes, plan.refused, plan.undoes) == ((), (Change("x", None, "a"),), (1,))
    assert moves(back(history("x=a"), to=to)) == {"x": None}


def test_undoing_a_creation_obeys_the_rule_of_delete():
    assert rules_of(back(history("x=a"), pipelines={"p": ["x"]})) == ["in_use"]


def test_going_back_to_where_there_is_no_alias_now_changes_nothing():
    plan = back(history("x=a", "x="), to=2, deletes=False)
    assert (plan.changes, plan.undoes, plan.empty) == ((Change("x", None, None),), (), True)


def test_a_name_that_only_a_server_allows_comes_back():
    now = catalog({}, ["m"], history=history("9=m", "9="))
    assert moves(rollback("9", to=None, deletes=False)(now)) == {"9": "m"}


def test_a_rollback_goes_through_the_rules():
    assert rules_of(back(history("x=a", "x=b"), models="b")) == ["model_missing"]
    plan = back(history("x=a", "x=b", "x=b"), to=2)
    assert plan.changes == (Change("x", "b", "b"),)
    assert [outcome.rule for outcome in plan.outcomes["x"]] == list(RULES)


def test_a_rollback_warns_as_a_move_does():
    entries = history("x=n", "x=m")
    plan = rollback("x", to=None, deletes=False)(catalog({"x": "m"}, [WIDE, SLIM], history=entries))
    assert warnings(plan) == ["'n' shares only 1 of 3 input fields with 'm', which 'x' named (2 needed)"]
