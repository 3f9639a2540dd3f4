"""What a plan comes to, its receipt, and what --strict makes of warnings."""

import pytest
from values import catalog, model

from mlalias.core.catalog import Change
from mlalias.core.plan import Caution, Plan, Receipt, strictly
from mlalias.errors import Conflict, Refused

BEFORE = catalog({"old": "m", "x": "m", "same": "m"}, ["m", "n"])
KEPT, MOVED, MADE = Change("same", "m", "m"), Change("x", "n", "m"), Change("a", "n", None)
GONE, NEVER = Change("old", None, "m"), Change("none", None, None)


def test_the_aliases_afterwards_are_sorted():
    plan = Plan(BEFORE, (GONE, KEPT, MOVED, MADE, NEVER))
    assert plan.moves == (GONE, MOVED, MADE)
    assert list(plan.aliases.items()) == [("a", "n"), ("same", "m"), ("x", "n")]
    assert BEFORE.aliases == {"old": "m", "x": "m", "same": "m"}
    assert Plan(BEFORE).aliases == dict(sorted(BEFORE.aliases.items()))


@pytest.mark.parametrize(
    ("parts", "empty"),
    [
        ({}, True),
        ({"changes": (KEPT,)}, True),
        ({"changes": (MOVED,)}, False),
        ({"refused": (MOVED,)}, True),
        ({"models": {"m": model("m")}}, False),
        ({"forgotten": ("m",)}, False),
        ({"pipelines": {}}, False),
        ({"pipelines": {"p": ("x",)}}, False),
    ],
)
def test_a_plan_that_writes_nothing_is_empty(parts, empty):
    assert Plan(BEFORE, **parts).empty is empty


def test_the_receipt_of_a_plan_that_was_carried_out_or_refused():
    warning, error = Caution("w"), Conflict("no")
    plan = Plan(BEFORE, (KEPT, MOVED), warnings=(warning,))
    receipt = Receipt.of(plan, 7)
    assert receipt == (plan, (KEPT, MOVED), (warning,), (), None, (), 7)
    assert receipt.moves == (MOVED,)
    assert Receipt.of(Plan(BEFORE, errors=(error,)), None).errors == (error,)


FEW = Caution("few fields", "few_shared_fields", "x")
LOOSE = Caution("something else")
CHANGES = (KEPT, MOVED, MADE)


def strict(plan):
    return strictly(lambda before: plan._replace(before=before))(BEFORE)


def test_without_warnings_strict_changes_nothing():
    plan = Plan(BEFORE, CHANGES)
    assert strict(plan) == plan


def test_strict_makes_an_error_of_each_warning_and_refuses_its_alias():
    plan = strict(Plan(BEFORE, CHANGES, warnings=(FEW, LOOSE)))
    assert (plan.changes, plan.refused) == ((KEPT, MADE), (MOVED,))
    assert [(error.rule, error.reason) for error in plan.errors] == [
        ("few_shared_fields", "few fields, and --strict treats warnings as errors"),
        ("strict", "something else, and --strict treats warnings as errors"),
    ]
    assert {type(error) for error in plan.errors} == {Refused}
    assert [error.context.model_alias for error in plan.errors] == ["x", None]
    assert all(error.context.catalog is BEFORE for error in plan.errors)
    assert plan.warnings == (FEW, LOOSE)


def test_what_is_refused_already_stays_as_it_is():
    plan = Plan(BEFORE, refused=(MOVED,), warnings=(FEW,), errors=(Conflict("no"),))
    assert strict(plan) is not None
    assert strict(plan) == plan
