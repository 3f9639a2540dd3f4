"""Facts that are taken over: import, from documents to a plan."""

import pytest
from values import catalog, deployment, document, model, moves, reasons, rules_of, using, warnings

from mlalias.core.catalog import Change, Pipeline
from mlalias.edits.imported import import_facts
from mlalias.errors import InvalidDocument, Refused

UP, IDLE = deployment("d"), deployment("e", running=0)
SOME = catalog(
    {"x": "m", "y": "n", "lost": "gone"},
    [model("m", "pytorch", deployments=[UP]), model("n", "pytorch"), model("o")],
    pipelines={"p": ["x"], "q": []},
)


def planned(before=SOME, *, reassign=False, prune=False, source="FILE", **parts):
    return import_facts(document(source, **parts), reassign=reassign, prune=prune)(before)


def facts_of(plan):
    return [tuple(fact) for fact in plan.facts]


# --- models and deployments ---


def test_configurations_leave_deployments_alone():
    plan = planned(models=[model("m", "pytorch", tags=["t"]), "new"])
    assert plan.models == {"m": model("m", "pytorch", tags=["t"], deployments=[UP]), "new": model("new")}
    assert facts_of(plan) == [("changed", "model", "m"), ("new", "model", "new")]
    assert plan.before is SOME


def test_stats_leave_configurations_alone():
    plan = planned(deployments={"n": (IDLE, UP), "m": (UP,), "o": ()})
    assert plan.models == {"n": model("n", "pytorch", deployments=[IDLE, UP])}
    assert facts_of(plan) == [("same", "deployments", "m"), ("new", "deployments", "n")]


@pytest.mark.parametrize(
    ("before", "after", "result"),
    [
        ((), (UP,), "new"),
        ((UP,), (IDLE,), "changed"),
        ((UP,), (UP,), "same"),
        ((UP,), (), "removed"),
        ((), (), None),
    ],
)
def test_what_becomes_of_deployments(before, after, result):
    old = catalog({}, [model("m", deployments=before)])
    plan = planned(old, deployments={"m": after})
    assert facts_of(plan) == ([(result, "deployments", "m")] if result else [])
    assert bool(plan.models) is (result not in ("same", None))


@pytest.mark.parametrize(
    ("before", "after", "result"),
    [(None, (UP,), "new"), (None, (), "changed"), (None, None, None), ((), None, None)],
)
def test_deployments_that_are_not_known(before, after, result):
    old = catalog({}, [model("m", "pytorch", deployments=before)])
    facts = {} if after is None else {"deployments": {"m": after}}
    plan = planned(old, models=[model("m", "pytorch")], **facts)
    assert [fact for fact in facts_of(plan) if fact[1] == "deployments"] == (
        [(result, "deployments", "m")] if result else []
    )
    assert plan.models == ({"m": model("m", "pytorch", deployments=after)} if result else {})


@pytest.mark.parametrize(
    ("models", "deployments", "said"),
    [
        (["a"], None, None),
        ([model("a", "pytorch")], None, "whether 'a' is deployed is not known"),
        ([model("b", "pytorch"), "c", model("a", "pytorch")], None, "whether 'a' and 1 other model are deployed is not known"),
        ([model("b", "pytorch"), model("a", "pytorch"), model("c", "pytorch")], None, "whether 'a' and 2 other models are deployed is not known"),
        ([model("b", "pytorch"), model("a", "pytorch")], {"a": ()}, "whether 'b' is deployed is not known"),
        ([model("a", "pytorch")], {"a": ()}, None),
        ([model("m", "pytorch"), model("n", "pytorch")], None, None),
    ],
)  # fmt: skip
def test_what_is_not_known_is_said_once(models, deployments, said):
    plan = planned(models=models, deployments=deployments)
    assert warnings(plan) == ([f"{said}: import GET _ml/trained_models/_stats"] if said else [])


def test_deployments_that_stats_take_away_are_named():
    before = catalog({}, [model("m", "pytorch", deployments=[UP, IDLE]), model("n", "pytorch", deployments=[UP])])
    assert warnings(planned(before, deployments={"n": (), "m": (IDLE,)})) == [
        "the deployment 'd' of 'm' is not in FILE: removed",
        "the deployment 'd' of 'n' is not in FILE: removed",
    ]
    assert warnings(planned(before, deployments={"m": (UP, IDLE)})) == []


@pytest.mark.parametrize(
    ("old", "new", "kept"),
    [
        (model("m", "pytorch", deployments=[UP]), model("m", "pytorch"), (UP,)),
        (model("m", "pytorch", deployments=None), model("m", "pytorch"), None),
        (model("m", "pytorch"), model("m", "pytorch"), ()),
        (model("m", "lang_ident"), model("m", "pytorch"), None),
        (model("m", "pytorch", deployments=[UP]), model("m", "lang_ident"), ()),
        (None, model("m", "pytorch"), None),
        (None, model("m"), ()),
    ],
)
def test_what_is_known_of_the_deployments_of_a_configuration(old, new, kept):
    plan = planned(catalog({}, [old] if old else []), models=[new])
    assert plan.models.get("m", old) == new._replace(deployments=kept)


def test_both_together():
    plan = planned(catalog(), models=["a"], deployments={"a": (UP,)})
    assert plan.models == {"a": model("a", deployments=[UP])}
    assert facts_of(plan) == [("new", "model", "a"), ("new", "deployments", "a")]


def test_what_is_the_same_is_not_written():
    plan = planned(models=[model("m", "pytorch"), model("n", "pytorch")], pipelines={"p": ("x",)}, aliases={"x": "m"})
    assert (plan.models, plan.pipelines, plan.empty) == ({}, None, True)
    assert facts_of(plan) == [("same", "model", "m"), ("same", "model", "n"), ("same", "pipeline", "p")]
    assert plan.changes == (Change("x", "m", "m"),)


def test_stats_of_an_unknown_model_are_skipped():
    plan = planned(deployments={"none": (UP,), "n": (UP,)})
    assert warnings(plan) == ["FILE has stats of 'none', a model that the catalog does not have: skipped"]
    assert list(plan.models) == ["n"]


# --- pipelines ---


@pytest.mark.parametrize(
    ("pipelines", "prune", "after", "facts"),
    [
        ({"p": ("x",)}, False, None, [("same", "pipeline", "p")]),
        ({"p": ("y",)}, False, {"p": ("y",), "q": ()}, [("changed", "pipeline", "p")]),
        ({"a": ("y",)}, False, {"a": ("y",), "p": ("x",), "q": ()}, [("new", "pipeline", "a")]),
        ({}, False, None, []),
        ({"q": ()}, True, {"q": ()}, [("removed", "pipeline", "p"), ("same", "pipeline", "q")]),
        ({}, True, {}, [("removed", "pipeline", "p"), ("removed", "pipeline", "q")]),
        (None, True, None, []),
    ],
)
def test_pipelines(pipelines, prune, after, facts):
    plan = planned(pipelines=pipelines, deployments={"m": (UP,)} if pipelines is None else None, prune=prune)
    assert plan.pipelines == (after if after is None else using(after))
    assert list(plan.pipelines or ()) == sorted(plan.pipelines or ())
    assert [fact for fact in facts_of(plan) if fact[1] == "pipeline"] == facts


@pytest.mark.parametrize(
    ("known", "said", "result", "after"),
    [
        (Pipeline(("x",), {"a": 1}), Pipeline(("x",)), "same", None),
        (Pipeline(("x",), {"a": 1}), Pipeline(("y",)), "changed", Pipeline(("y",))),
        (Pipeline(("x",), {"a": 1}), Pipeline(("x",), {"a": 2}), "changed", Pipeline(("x",), {"a": 2})),
        (Pipeline(("x",)), Pipeline(("x",), {"a": 2}), "changed", Pipeline(("x",), {"a": 2})),
    ],
)
def test_a_pipeline_keeps_its_body_while_it_uses_the_same_names(known, said, result, after):
    plan = planned(catalog(pipelines={"p": known}), pipelines={"p": said})
    assert facts_of(plan) == [(result, "pipeline", "p")]
    assert plan.pipelines == (after and {"p": after})


# --- aliases ---


@pytest.mark.parametrize(
    ("aliases", "reassign", "expected", "rules"),
    [
        ({"x": "m"}, False, {}, []),
        ({"new": "n"}, False, {"new": "n"}, []),
        ({"7": "n", "a" * 250: "n"}, False, {"7": "n", "a" * 250: "n"}, []),
        ({"x": "n", "new": "n"}, True, {"x": "n", "new": "n"}, []),
        ({"x": "n", "new": "n"}, False, {"new": "n"}, ["alias_taken"]),
        ({"y": "m", "x": "n"}, False, {}, ["alias_taken", "alias_taken"]),
        ({"lost": "m"}, True, {"lost": "m"}, []),
    ],
)
def test_aliases_are_taken_without_asking_the_rules(aliases, reassign, expected, rules):
    plan = planned(aliases=aliases, reassign=reassign)
    assert (moves(plan), rules_of(plan), plan.outcomes) == (expected, rules, {})
    assert {change.model_alias for change in plan.refused} == aliases.keys() - {
        change.model_alias for change in plan.changes
    }
    assert list(plan.changes) == sorted(plan.changes)


def test_without_a_word_nothing_is_reassigned_and_nothing_pruned():
    plan = import_facts(document(aliases={"x": "n"}, models=["n"]))(SOME)
    assert (rules_of(plan), plan.forgotten) == (["alias_taken"], ())


def test_the_conflict_of_an_alias_that_names_another_model():
    (error,) = planned(aliases={"x": "n"}).errors
    assert (type(error), error.reason) == (Refused, "the alias 'x' names 'm' here, and 'n' in FILE")
    assert (error.context.catalog, error.context.model_alias) == (SOME, "x")


@pytest.mark.parametrize(
    ("parts", "dangling"),
    [
        ({"aliases": {"new": "none"}}, ["new"]),
        ({"aliases": {"new": "a", "newer": "none"}, "models": ["a"]}, ["newer"]),
        ({"aliases": {"lost": "gone"}}, ["lost"]),
        ({"aliases": {"new": "o"}}, []),
        ({"aliases": {"new": "o"}, "models": ["m", "n"], "prune": True}, ["new"]),
        ({"models": []}, []),
    ],
)
def test_an_alias_may_dangle_but_is_told_of(parts, dangling):
    cautions = [warning for warning in planned(**parts).warnings if warning.rule == "dangling"]
    assert [warning.model_alias for warning in cautions] == dangling
    for warning in cautions:
        target = parts["aliases"][warning.model_alias]
        assert warning.message == (
            f"the alias '{warning.model_alias}' names '{target}', a model that the catalog does not have"
        )


@pytest.mark.parametrize(
    ("parts", "both"),
    [
        ({"models": ["x", "a"]}, ["x"]),
        ({"aliases": {"o": "n", "fine": "n"}}, ["o"]),
        ({"aliases": {"b": "a", "new": "a"}, "models": ["a", "b"]}, ["b"]),
        ({"models": ["y", "x"]}, ["x", "y"]),
        ({"models": ["m", "x"], "prune": True}, ["x"]),
        ({"models": ["n", "x"], "prune": True}, []),
        ({"aliases": {"o": "m"}, "models": ["m"], "prune": True}, []),
    ],
)
def test_a_name_is_an_alias_or_a_model(parts, both):
    plan = planned(**parts)
    assert reasons(plan) == [f"'{name}' would be both an alias and the id of a model" for name in both]
    assert {change.model_alias for change in plan.refused} == set(both) & set(parts.get("aliases", ()))
    assert not {change.model_alias for change in plan.changes} & set(both)
    assert [error.context[:2] for error in plan.errors] == [(SOME, name) for name in both]


# --- prune ---


def test_prune_removes_models_with_their_aliases():
    plan = planned(models=[model("n", "pytorch")], prune=True)
    assert (plan.forgotten, moves(plan)) == (("m", "o"), {"x": None})
    assert facts_of(plan) == [("same", "model", "n"), ("removed", "model", "m"), ("removed", "model", "o")]
    assert (plan.models, plan.warnings) == ({}, ())
    assert planned(models=[model("n", "pytorch")]).forgotten == ()


def test_an_alias_that_moves_away_from_a_model_that_goes():
    plan = planned(models=["n"], aliases={"x": "n"}, prune=True, reassign=True)
    assert (plan.changes, rules_of(plan)) == ((Change("x", "n", "m"),), [])


def test_prune_removes_deployments_that_are_not_told_of():
    before = catalog({}, [model("m", deployments=[UP]), model("n", deployments=[UP]), "o"])
    plan = planned(before, deployments={"n": (UP,)}, prune=True)
    assert plan.models == {"m": model("m")}
    assert facts_of(plan) == [("same", "deployments", "n"), ("removed", "deployments", "m")]
    assert planned(before, deployments={"n": (UP,)}).models == {}


def test_deployments_of_a_model_that_goes_are_neither_written_nor_told_of():
    before = catalog({}, [model("m", deployments=[UP]), model("n", deployments=[UP])])
    plan = planned(before, models=["n"], deployments={"n": (UP,)}, prune=True)
    assert (plan.forgotten, plan.models, plan.warnings) == (("m",), {}, ())
    assert facts_of(plan) == [("same", "model", "n"), ("same", "deployments", "n"), ("removed", "model", "m")]
    plan = planned(before, models=["n"], deployments={"n": (UP,), "m": (UP,)}, prune=True)
    assert warnings(plan) == ["FILE has stats of 'm', a model that the catalog does not have: skipped"]
    plan = planned(before, models=[model("n", tags=["t"])], deployments={}, prune=True)
    assert plan.models == {"n": model("n", tags=["t"])}


def test_each_answer_prunes_only_what_it_is_about():
    assert planned(deployments={"m": (UP,)}, prune=True).empty
    assert planned(aliases={}, prune=True).empty


@pytest.mark.parametrize(
    ("parts", "kept"),
    [
        ({"aliases": {}, "models": ["m", "n", "o"]}, ["x", "y"]),
        ({"aliases": {"x": "m"}, "models": ["m", "n", "o"]}, ["y"]),
        ({"aliases": {"x": "m"}, "models": ["m", "o"]}, []),
        ({"models": ["m", "n", "o"]}, []),
        ({"aliases": {}}, []),
    ],
)
def test_an_alias_does_not_go_before_its_model(parts, kept):
    said = [
        f"the alias '{alias}' of '{SOME.aliases[alias]}' is not in FILE: kept, as its model still exists"
        for alias in kept
    ]
    assert warnings(planned(**parts, prune=True)) == said
    assert warnings(planned(**parts)) == []


# --- pages, notes, and what is not taken at all ---


@pytest.mark.parametrize(
    ("parts", "page"),
    [
        ({"models": ["a"], "counts": {"models": 3}}, "FILE has 1 of 3 models: only one page"),
        ({"deployments": {"n": ()}, "counts": {"deployments": 2}}, "FILE has stats of 1 of 2 models: only one page"),
        ({"models": ["a"], "counts": {"models": 1}}, None),
        ({"models": ["a"], "counts": {"models": 0}}, None),
    ],
)  # fmt: skip
def test_a_page_is_a_warning_and_refuses_prune(parts, page):
    assert warnings(planned(**parts)) == ([page] if page else [])
    plan = planned(**parts, prune=True)
    assert reasons(plan) == ([f"{page}, and --prune needs the whole answer"] if page else [])
    if page:
        assert ({type(error) for error in plan.errors}, plan.empty) == ({Refused}, True)


def test_pages_of_both_kinds():
    plan = planned(models=["a"], deployments={}, counts={"models": 2, "deployments": 1}, prune=True)
    assert len(plan.errors) == 2


def test_the_order_of_what_is_said():
    plan = planned(
        aliases={"new": "none"}, models=["m"], deployments={"zzz": ()}, counts={"models": 2}, notes=["a note"]
    )
    assert [message.split()[0:3] for message in warnings(plan)] == [
        ["a", "note"],
        ["FILE", "has", "1"],
        ["FILE", "has", "stats"],
        ["the", "alias", "'new'"],
    ]


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ({}, "FILE is empty"),
        ({"aliases": {"../x": "m"}}, "FILE has the alias '../x', a name that no server allows"),
        ({"aliases": {"x": "../m"}}, "FILE has the alias 'x' on '../m', which is not a valid model id"),
        ({"aliases": {"x": ""}}, "FILE has the alias 'x' on '', which is not a valid model id"),
    ],
)
def test_what_is_taken_into_no_catalog(parts, reason):
    plan = planned(**parts)
    assert (reasons(plan), [type(error) for error in plan.errors]) == ([reason], [InvalidDocument])
    assert (plan.before, plan.empty) == (SOME, True)


def test_every_invalid_name_is_reported():
    plan = planned(aliases={"b/": "m", "a/": "../n", "c": "m"})
    assert reasons(plan) == [
        "FILE has the alias 'a/', a name that no server allows",
        "FILE has the alias 'b/', a name that no server allows",
        "FILE has the alias 'a/' on '../n', which is not a valid model id",
    ]
