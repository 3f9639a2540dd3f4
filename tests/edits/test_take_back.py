"""Taking a change back that was just made: under the rules, and only while it still stands."""

import pytest
from values import catalog, deployment, model, moves, rules_of

from mlalias.core.catalog import Change
from mlalias.edits.aliases import take_back

NEW = model("new", "pytorch", "ner", deployments=[deployment()])
OLD = model("old", "pytorch", "ner", deployments=[deployment()])
MOVED, CREATED = Change("a", "new", "old"), Change("a", "new", None)


@pytest.mark.parametrize(
    ("change", "aliases", "models", "goes", "rules"),
    [
        (MOVED, {"a": "new"}, [OLD, NEW], {"a": "old"}, []),
        (CREATED, {"a": "new"}, [NEW], {"a": None}, []),
        (MOVED, {"a": "other"}, [OLD, NEW, "other"], {}, ["if_current"]),
        (CREATED, {"a": "other"}, [NEW, "other"], {}, ["names_another_model"]),
        (MOVED, {}, [OLD, NEW], {}, ["if_current"]),
        (CREATED, {}, [NEW], {}, ["not_found"]),
        (MOVED, {"a": "new"}, [NEW], {}, ["model_missing"]),
        (MOVED, {"a": "new"}, [OLD._replace(deployments=()), NEW], {}, ["not_deployed"]),
    ],
)
def test_it_goes_back_only_from_where_the_change_went(change, aliases, models, goes, rules):
    plan = take_back(change, None)(catalog(aliases, models))
    assert (moves(plan), rules_of(plan), plan.undoes) == (goes, rules, ())


def test_a_history_is_told_what_is_undone():
    assert take_back(MOVED, 7)(catalog({"a": "new"}, [OLD, NEW])).undoes == (7,)
