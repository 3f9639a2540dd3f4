"""Which aliases, models and entries a name or a pattern stands for."""

import pytest
from values import catalog, history, model

from mlalias import names
from mlalias.core.catalog import Catalog
from mlalias.errors import NotFound, Several


@pytest.mark.parametrize(
    ("pattern", "name", "wildcards", "matching"),
    [
        ("a*", "ab", "*?[", True),
        ("a*", "ba", "*?[", False),
        ("a?", "ab", "*?[", True),
        ("a?", "a", "*?[", False),
        ("[ab]c", "bc", "*?[", True),
        ("[!ab]c", "bc", "*?[", False),
        ("A*", "ab", "*?[", False),
        ("a*", "ab", "*", True),
        ("a?", "ab", "*", False),
        ("a?", "a?", "*", True),
        ("[ab]", "a", "*", False),
        ("[ab]", "[ab]", "*", True),
        ("[a]?*", "[a]?b", "*", True),
    ],
)
def test_matches(pattern, name, wildcards, matching):
    assert names.matches(pattern, name, wildcards) is matching


# The models of the sample in short: d names t, which is not there.
SOME = catalog(
    {"elser": "elser-m", "flight_a": "f-old", "flight_b": "f-cls", "is-late": "f-cls", "lost": "gone"},
    ["elser-m", "f-old", "f-new", "f-cls", "spare"],
    pipelines={"by-alias": ["elser"], "by-id": ["f-cls"], "of-nothing": []},
)
NONE = "there is no model or alias 'none'"
NEITHER = "there is no model or alias 'neither'"


def found(find, *arguments):
    """What is found, or the sentences of what is not."""
    try:
        return find(*arguments)
    except NotFound as failure:
        return failure.reason
    except Several as failure:
        return [error.reason for error in failure.errors]


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        ((), ["elser", "flight_a", "flight_b", "is-late", "lost"]),
        (("elser",), ["elser"]),
        (("is-*",), ["is-late"]),
        (("*late",), ["is-late"]),
        (("f*",), ["flight_a", "flight_b", "is-late"]),  # the last by its model
        (("?lser",), ["elser"]),
        (("[el]*",), ["elser", "lost"]),
        (("f-cls",), ["flight_b", "is-late"]),
        (("f-old", "elser"), ["elser", "flight_a"]),
        (("elser", "e*", "elser"), ["elser"]),
        (("spare",), []),
        (("none*",), []),
        (("Elser*",), []),
        (("gone",), ["lost"]),
        (("none",), NONE),
        (("Elser",), "there is no model or alias 'Elser'"),
        (("elser", "none", "neither"), [NONE, NEITHER]),
    ],
)
def test_aliases(patterns, expected):
    assert found(names.aliases, SOME, patterns) == expected


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        ((), ["elser-m", "f-cls", "f-new", "f-old", "spare"]),
        (("flight_a",), ["f-old"]),
        (("spare", "elser"), ["elser-m", "spare"]),
        (("f-*",), ["f-cls", "f-new", "f-old"]),
        (("is-*",), ["f-cls"]),
        (("*_b", "is-*", "f-cls"), ["f-cls"]),
        (("l*",), []),
        (("none*",), []),
        (("none",), NONE),
        (("lost",), "the alias 'lost' names 'gone', a model that does not exist"),
        (("none", "spare", "neither"), [NONE, NEITHER]),
    ],
)
def test_models(patterns, expected):
    assert found(model_ids, SOME, patterns) == expected


def model_ids(catalog, patterns):
    return [one.model_id for one in names.models(catalog, patterns)]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("elser", "elser-m"),
        ("spare", "spare"),
        ("lost", "the alias 'lost' names 'gone', a model that does not exist"),
        ("gone", "there is no model or alias 'gone'"),
        ("none", NONE),
        ("e*", "there is no model or alias 'e*'"),
    ],
)
def test_resolve(name, expected):
    assert found(names.resolve, SOME, name) == expected
    model_or_reason = found(names.model, SOME, name)
    assert getattr(model_or_reason, "model_id", model_or_reason) == expected


@pytest.mark.parametrize(
    ("name", "kind", "rule", "context"),
    [("none", "model or alias", "not_found", (None, "none")), ("lost", "model", "dangling", ("lost", "gone"))],
)
def test_what_a_hint_is_looked_for_with(name, kind, rule, context):
    with pytest.raises(NotFound) as raised:
        names.resolve(SOME, name)
    failure = raised.value
    assert (failure.rule, failure.context.kind, failure.context.catalog) == (rule, kind, SOME)
    assert (failure.context.model_alias, failure.context.name) == context


@pytest.mark.parametrize(
    ("name", "kind", "reason"),
    [
        ("none", "alias", "there is no alias 'none'"),
        ("none", "model", "there is no model 'none'"),
        ("spare", "alias", "'spare' is a model, not an alias"),
        ("elser", "model", "there is no model 'elser'"),
    ],
)
def test_what_is_not_found(name, kind, reason):
    failure = names.not_found(SOME, name, kind)
    assert (failure.reason, failure.rule) == (reason, "not_found")
    assert (failure.context.name, failure.context.kind) == (name, kind)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (["spare", "elser"], ["spare", "elser-m"]),
        (["spare", "none"], NONE),
        (["none", "spare", "neither"], [NONE, NEITHER]),
        ([], []),
    ],
)
def test_each(wanted, expected):
    assert found(names.each, SOME, wanted, names.resolve) == expected


@pytest.mark.parametrize(
    ("name", "expected"), [("elser", "elser"), ("lost", "lost"), ("spare", "spare"), ("gone", "there is no model or alias 'gone'")]
)  # fmt: skip
def test_known(name, expected):
    assert found(names.known, SOME, name) == expected


@pytest.mark.parametrize(
    ("patterns", "aliases", "models", "pipelines"),
    [
        (("elser",), {"elser"}, {"elser-m"}, {"by-alias"}),
        (("lost",), {"lost"}, set(), set()),
        (("l*",), {"lost"}, set(), set()),
        (("lost", "f-cls"), {"lost", "flight_b", "is-late"}, {"f-cls"}, {"by-id"}),
        (("is-late",), {"is-late"}, {"f-cls"}, {"by-id"}),
        (("spare",), set(), {"spare"}, set()),
        (("z*",), set(), set(), set()),
    ],
)
def test_an_excerpt(patterns, aliases, models, pipelines):
    part = names.excerpt(SOME, patterns)
    assert (set(part.aliases), set(part.models), set(part.pipelines)) == (aliases, models, pipelines)
    assert all(SOME.aliases[name] == target for name, target in part.aliases.items())
    assert all(SOME.pipelines[name] == used for name, used in part.pipelines.items())


def test_an_excerpt_of_everything_and_of_what_is_not_there():
    assert names.excerpt(SOME, ()) is SOME
    assert found(names.excerpt, SOME, ("f-cls", "none")) == NONE


ENTRIES = history("elser=m flight=m", "flight=n", "gone=m", "gone=")


@pytest.mark.parametrize(
    ("patterns", "limit", "expected"),
    [
        ((), None, [(4, "gone"), (3, "gone"), (2, "flight"), (1, "elser flight")]),
        ((), 1, [(4, "gone")]),
        ((), 0, []),
        (("gone",), None, [(4, "gone"), (3, "gone")]),
        (("flight",), 1, [(2, "flight")]),
        (("f*",), None, [(2, "flight"), (1, "flight")]),
        (("?lser", "go*"), None, [(4, "gone"), (3, "gone"), (1, "elser")]),
        (("by-hand",), None, []),
        (("none*",), None, []),
        (("none",), None, "there is no alias 'none'"),
        (("n",), None, "'n' is a model, not an alias"),
        (("none", "gone", "neither"), None, ["there is no alias 'none'", "there is no alias 'neither'"]),
    ],
)
def test_the_history_of_aliases(patterns, limit, expected):
    now = catalog({"elser": "m", "flight": "n", "by-hand": "m"}, ["m", "n"], history=ENTRIES)
    assert found(changed, now, patterns, limit) == expected


def changed(catalog, patterns, limit):
    """The revisions, each with the aliases that are left of its changes."""
    entries = names.history(catalog, patterns, limit)
    return [(entry.revision, " ".join(change.model_alias for change in entry.changes)) for entry in entries]


class Vanishing(dict):
    """Models that another process forgets between two looks."""

    def __contains__(self, model_id):
        return True


@pytest.mark.parametrize("find", [names.model, names.known])
def test_a_model_that_vanishes_between_two_looks_is_not_found(find):
    assert found(find, Catalog({}, Vanishing()), "m") == "there is no model or alias 'm'"


def test_models_that_vanish_are_left_out():
    gone = Catalog({"x": "m"}, Vanishing(n=model("n")))
    assert [one.model_id for one in names.models(gone, ("m", "n"))] == ["n"]
    assert names.excerpt(gone, ("x",)).models == {}
