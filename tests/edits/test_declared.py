"""The edit of many aliases at once: apply, from what files declare to a plan."""

import pytest
from values import catalog, deployment, document, model, moves, reasons, rules_of, using, warnings

from mlalias.core.catalog import Change, Pipeline
from mlalias.core.rules import RULES
from mlalias.edits.declared import aliases_only, apply
from mlalias.errors import NotFound, Refused

SOME = catalog({"a": "m", "b": "n", "lost": "gone"}, ["m", "n", "o"], pipelines={"p": ["b"]})


def planned(before, aliases=None, *, prune=False, only=(), allow_empty=False, **parts):
    facts = document(aliases=aliases, **parts)
    return apply(facts, prune=prune, only=only, allow_empty=allow_empty)(before)


def facts_of(plan):
    return [tuple(fact) for fact in plan.facts]


# --- aliases ---


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ({}, {}),
        ({"a": "m"}, {}),
        ({"a": "n", "b": "m"}, {"a": "n", "b": "m"}),
        ({"z": "m", "c": "n", "a": "o"}, {"a": "o", "c": "n", "z": "m"}),
        ({"lost": "m"}, {"lost": "m"}),
    ],
)
def test_aliases_are_pointed_where_the_file_says(declared, expected):
    plan = planned(SOME, declared)
    assert (moves(plan), plan.errors, plan.warnings) == (expected, (), ())
    assert [change.model_alias for change in plan.changes] == sorted(declared)
    assert plan.before is SOME
    assert (plan.models, plan.pipelines, plan.facts) == ({}, None, ())


def test_every_refused_alias_is_reported():
    plan = planned(SOME, {"v1": "m", "x": "none", "m": "n", "good": "n"})
    assert rules_of(plan) == ["alias_is_model_id", "invalid_alias", "model_missing"]
    assert [error.context.model_alias for error in plan.errors] == ["m", "v1", "x"]
    assert all(error.context.catalog == SOME for error in plan.errors)
    assert plan.changes == (Change("good", "n", None),)
    assert plan.refused == (Change("m", "n", None), Change("v1", "m", None), Change("x", "none", None))
    assert {alias: len(outcomes) for alias, outcomes in plan.outcomes.items()} == dict.fromkeys(
        ["good", "m", "v1", "x"], len(RULES)
    )


def test_a_move_that_warns():
    before = catalog({"a": "m"}, [model("m", fields="a b c"), model("n", fields="a")])
    plan = planned(before, {"a": "n"})
    assert (moves(plan), warnings(plan)) == (
        {"a": "n"},
        ["'n' shares only 1 of 3 input fields with 'm', which 'a' named (2 needed)"],
    )


def test_an_alias_that_names_its_model_already_is_not_judged():
    idle = model("m", "pytorch", deployments=[deployment("d"), deployment("e", running=0)])
    plan = planned(catalog({"a": "m", "7": "m"}, [idle]), {"a": "m", "7": "m"})
    assert (plan.changes, plan.outcomes, plan.errors) == ((Change("7", "m", "m"), Change("a", "m", "m")), {}, ())


def test_a_dangling_alias_that_stays_is_warned_of():
    plan = planned(SOME, {"lost": "gone"})
    assert plan.changes == (Change("lost", "gone", "gone"),)
    (warning,) = plan.warnings
    assert warning.message == "the alias 'lost' names 'gone', a model that the catalog does not have"
    assert (warning.rule, warning.model_alias, warning.overlap) == ("dangling", "lost", None)


# --- prune and only ---


@pytest.mark.parametrize(
    ("declared", "options", "expected"),
    [
        ({"b": "n"}, {"prune": True}, {"a": None, "lost": None}),
        ({"b": "n", "c": "m"}, {"prune": True}, {"a": None, "c": "m", "lost": None}),
        ({"b": "n"}, {"prune": True, "only": ["l*"], "allow_empty": True}, {"lost": None}),
        ({"c": "m"}, {"prune": True, "only": ["a", "c"]}, {"a": None, "c": "m"}),
        ({"c": "m", "d": "m", "e": "m"}, {"only": ["d"]}, {"d": "m"}),
        ({"c": "m", "d": "m", "e": "m"}, {"only": ["c*", "[de]"]}, {"c": "m", "d": "m", "e": "m"}),
        ({"c": "none"}, {"only": ["d*"]}, {}),
        ({}, {"prune": True, "only": ["z*"]}, {}),
        ({}, {"prune": True, "only": ["a"], "allow_empty": True}, {"a": None}),
    ],
)
def test_prune_deletes_what_is_looked_at_and_not_declared(declared, options, expected):
    plan = planned(SOME, declared, **options)
    assert (moves(plan), plan.errors) == (expected, ())


def test_prune_obeys_the_rule_of_delete():
    plan = planned(SOME, {"a": "m"}, prune=True)
    assert reasons(plan) == ["the alias 'b' is used by the ingest pipeline 'p'"]
    assert (plan.changes, plan.refused) == (
        (Change("a", "m", "m"), Change("lost", None, "gone")),
        (Change("b", None, "n"),),
    )


def test_a_declared_pipeline_keeps_its_aliases_from_being_pruned():
    plan = planned(SOME, {"b": "n"}, prune=True, pipelines={"q": ("a",), "p": ("b",)})
    assert reasons(plan) == ["the alias 'a' is used by the ingest pipeline 'q'"]


@pytest.mark.parametrize(
    ("declared", "only", "reason"),
    [
        ({}, [], "FILE declares no alias, and --prune would delete all aliases (3)"),
        ({"c": "m"}, ["a*"], "FILE declares no alias that matches 'a*', and --prune would delete all that match (1)"),
        (
            {},
            ["a", "l*"],
            "FILE declares no alias that matches 'a' or 'l*', and --prune would delete all that match (2)",
        ),
    ],
)
def test_pruning_everything_needs_consent(declared, only, reason):
    plan = planned(SOME, declared, prune=True, only=only)
    (error,) = plan.errors
    assert (type(error), error.rule, error.reason, error.context.catalog) == (Refused, "declares_nothing", reason, SOME)
    assert (plan.before, plan.changes, plan.refused) == (SOME, (), ())
    assert rules_of(planned(SOME, declared, prune=True, only=only, allow_empty=True)) in ([], ["in_use"])


def test_pruning_an_empty_catalog_is_no_danger():
    assert planned(catalog(), {}, prune=True) == planned(catalog(), {})


@pytest.mark.parametrize(
    ("only", "missing"),
    [(["a"], []), (["c"], []), (["none*"], []), (["lst"], ["lst"]), (["none", "a", "neither"], ["none", "neither"]), (["m"], ["m"])],
)  # fmt: skip
def test_an_exact_name_in_only_must_be_there(only, missing):
    plan = planned(SOME, {"c": "m"}, only=only)
    assert [error.context.name for error in plan.errors] == missing
    assert plan.before is SOME
    assert {type(error) for error in plan.errors} <= {NotFound}
    assert missing == [] or plan.changes == ()
    assert all(error.context.kind == "alias" for error in plan.errors)


# --- models and pipelines ---


def test_what_a_catalog_lacks_is_added_and_may_be_used():
    new = model("new", "pytorch")
    plan = planned(
        SOME,
        {"a": "new", "x": "z"},
        models=[new, "z"],
        deployments={"new": (deployment(),)},
        pipelines={"q": ("x",), "o": ()},
    )
    assert rules_of(plan) == ["model_type_differs"]
    assert plan.models == {"new": new._replace(deployments=(deployment(),)), "z": model("z")}
    assert plan.pipelines == using({"p": ["b"], "q": ["x"], "o": []})
    assert facts_of(plan) == [
        ("new", "model", "new"),
        ("new", "model", "z"),
        ("new", "pipeline", "o"),
        ("new", "pipeline", "q"),
    ]
    assert list(SOME.models) == ["m", "n", "o"]


def test_what_is_known_otherwise_stays_with_a_warning():
    plan = planned(SOME, {}, models=[model("n", "pytorch"), model("m", "pytorch"), "o"], pipelines={"p": ("a",)})
    assert warnings(plan) == [
        "the model 'm' differs from the one in FILE; it stays as it is",
        "the model 'n' differs from the one in FILE; it stays as it is",
        "the pipeline 'p' differs from the one in FILE; it stays as it is",
    ]
    assert (plan.models, plan.pipelines, plan.facts, plan.empty) == ({}, None, (), True)
    assert {(warning.rule, warning.model_alias) for warning in plan.warnings} == {(None, None)}


@pytest.mark.parametrize(
    ("deployments", "differs"),
    [(None, False), ({}, False), ({"m": (deployment(),)}, False), ({"m": ()}, True), ({"m": (deployment(running=0),)}, True)],
)  # fmt: skip
def test_deployments_that_a_file_does_not_tell_of_do_not_differ(deployments, differs):
    before = catalog({}, [model("m", "pytorch", deployments=[deployment()])])
    plan = planned(before, {}, models=[model("m", "pytorch")], deployments=deployments)
    assert bool(plan.warnings) is differs


@pytest.mark.parametrize(
    ("known", "declared", "differs"),
    [
        (Pipeline(("x",)), Pipeline(("x",)), False),
        (Pipeline(("x",)), Pipeline(("x", "y")), True),
        (Pipeline(("x",), {"a": 1}), Pipeline(("x",)), False),
        (Pipeline(("x",), {"a": 1}), Pipeline(("x",), {"a": 1}), False),
        (Pipeline(("x",), {"a": 1}), Pipeline(("x",), {"a": 2}), True),
        (Pipeline(("x",)), Pipeline(("x",), {"a": 2}), True),
    ],
)
def test_a_pipeline_of_which_only_the_names_are_written(known, declared, differs):
    plan = planned(catalog(pipelines={"p": known}), {}, pipelines={"p": declared})
    assert (bool(plan.warnings), plan.pipelines) == (differs, None)


def test_notes_and_stats_alone_are_told_of_first():
    plan = planned(SOME, {"lost": "gone"}, deployments={"m": ()}, notes=["a note"])
    assert warnings(plan) == [
        "a note",
        "the deployments in FILE are ignored: update them with `import`",
        "the alias 'lost' names 'gone', a model that the catalog does not have",
    ]
    assert warnings(planned(SOME, {}, models=["m"], deployments={"m": ()})) == []


@pytest.mark.parametrize(
    ("declared", "models", "options", "rules"),
    [
        ({}, ["a"], {}, ["alias_and_model"]),
        ({"a": "m"}, ["a"], {}, ["alias_and_model"]),
        ({"a": "n"}, ["a"], {}, ["alias_is_model_id"]),
        ({"c": "a"}, ["a"], {"prune": True, "only": ["[ac]"]}, []),
        ({"c": "a"}, ["a"], {}, ["alias_and_model"]),
        ({"new": "m"}, ["new"], {}, ["alias_is_model_id"]),
        ({}, ["lost", "a"], {}, ["alias_and_model", "alias_and_model"]),
    ],
)
def test_a_name_is_an_alias_or_a_model(declared, models, options, rules):
    plan = planned(SOME, declared, models=models, **options)
    assert rules_of(plan) == rules
    if set(rules) == {"alias_and_model"}:
        assert reasons(plan) == [f"'{name}' would be both an alias and the id of a model" for name in sorted(models)]
        assert [(type(error), error.context.model_alias) for error in plan.errors] == [
            (Refused, name) for name in sorted(models)
        ]
        assert all(error.context.catalog is SOME for error in plan.errors)


# --- for a cluster ---


@pytest.mark.parametrize(
    ("parts", "ignored"),
    [
        ({}, ""),
        ({"models": [], "pipelines": {}}, ""),
        ({"models": ["m"], "deployments": {"m": ()}}, "models"),
        ({"pipelines": {"p": ()}}, "pipelines"),
        ({"models": ["m"], "pipelines": {"p": ()}}, "models and pipelines"),
    ],
)
def test_a_cluster_looks_after_its_own_facts(parts, ignored):
    facts = document(aliases={"x": "m"}, **parts)
    left, line = aliases_only(facts)
    assert line == (f"the {ignored} in FILE are ignored: a cluster has its own\n" if ignored else "")
    assert (left.aliases, left.models, left.deployments, left.pipelines) == ({"x": "m"}, {}, {}, {})
    assert (left.parts, left.sources) == (facts.parts, facts.sources)
