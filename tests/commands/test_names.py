"""Which aliases, models and entries a name or a pattern stands for."""

import tomllib

import pytest
from harness import LATE, NEW, OLD, SLIM, SST

from mlalias.core.catalog import Catalog
from mlalias.errors import NotFound
from mlalias.names import known, model

FLIGHTS = ["flight_delay_model", "flight_delayed", "is-flight-late"]
SST2 = [SST, "sst-2-draft", "sst-2-next"]


@pytest.mark.parametrize(
    ("patterns", "found"),
    [
        ((), ["elser", *FLIGHTS, "people-and-places", "sentiment"]),
        (("elser",), ["elser"]),
        (("is-*",), ["is-flight-late"]),
        (("*late",), ["is-flight-late"]),
        (("flight*",), FLIGHTS),  # the last by its model
        (("?lser",), ["elser"]),
        (("[ep]*",), ["elser", "people-and-places"]),
        (("*delayed-class*",), FLIGHTS[1:]),
        ((LATE,), FLIGHTS[1:]),
        ((OLD, "elser"), ["elser", "flight_delay_model"]),
        (("elser", "e*", "elser"), ["elser"]),
        (("sst-2-draft",), []),
        (("none*",), []),
        (("Elser*",), []),
        (("none",), "there is no model or alias 'none'"),
        (("X",), "there is no model or alias 'X'"),
        (("elser", "none", "neither"), "there is no model or alias 'none'|there is no model or alias 'neither'"),
    ],
)
def test_list(run, sample, patterns, found):
    ran = run("list", *patterns, "-o", "json")
    if isinstance(found, str):
        assert (ran.code, [error["reason"] for error in ran.json["errors"]]) == (4, found.split("|"))
    else:
        assert (ran.code, [one["model_alias"] for one in ran.json["aliases"]]) == (0, found)


@pytest.mark.parametrize(
    ("patterns", "found"),
    [
        (("sentiment",), [SST]),
        (("sst-2-draft", "elser"), [".elser_model_2", "sst-2-draft"]),
        (("*sst-2*",), SST2),
        (("sent*",), [SST, "sentence-transformers__msmarco-minilm-l-12-v3"]),
        (("is-*",), [LATE]),
        (("*_delayed", "is-*", LATE), [LATE]),
        (("flight-delay-*",), [OLD, NEW, SLIM]),
        (("none*",), []),
        (("none",), "there is no model or alias 'none'"),
    ],
)
def test_models(run, sample, patterns, found):
    ran = run("models", *patterns, "-o", "json")
    if isinstance(found, str):
        assert (ran.code, ran.json["error"]["reason"]) == (4, found)
    else:
        assert (ran.code, [one["model_id"] for one in ran.json["models"]]) == (0, found)


@pytest.mark.parametrize(
    ("patterns", "found"),
    [
        ((), [(4, ["gone"]), (3, ["gone"]), (2, ["flight_delay_model"]), (1, ["elser", "flight_delay_model"])]),
        (("gone",), [(4, ["gone"]), (3, ["gone"])]),
        (("flight*",), [(2, ["flight_delay_model"]), (1, ["flight_delay_model"])]),
        (("?lser", "go*"), [(4, ["gone"]), (3, ["gone"]), (1, ["elser"])]),
        (("by-hand",), []),
        (("none*",), []),
        (("none",), "there is no alias 'none'"),
        ((OLD,), f"'{OLD}' is a model, not an alias"),
    ],
)
def test_history(run, seed, catalog, patterns, found):
    seed(f'[aliases]\nelser = "m"\nflight_delay_model = "m"\n[models.m]\n[models.{OLD}]')
    for words in (("put", OLD, "flight_delay_model", "-r"), ("put", "m", "gone"), ("delete", "gone")):
        assert run(*words).code == 0
    with (catalog / "aliases.toml").open("a") as table:
        table.write('by-hand = "m"\n')
    ran = run("history", *patterns, "-o", "json")
    if isinstance(found, str):
        assert (ran.code, ran.json["error"]["reason"]) == (4, found)
        return
    told = [(one["revision"], [change["model_alias"] for change in one["changes"]]) for one in ran.json["history"]]
    assert (ran.code, told) == (0, found)


@pytest.mark.parametrize(
    ("patterns", "aliases", "ids", "pipelines"),
    [
        (("elser",), {"elser"}, {"elser-model"}, {"by-alias"}),
        (("lost",), {"lost"}, set(), set()),
        (("l*",), {"lost"}, set(), set()),
        (("lost", "m"), {"lost", "one", "two"}, {"m"}, {"by-id"}),
        (("one",), {"one"}, {"m"}, {"by-id"}),
        (("spare",), set(), {"spare"}, set()),
        (("z*",), set(), set(), set()),
    ],
)
def test_export(run, seed, patterns, aliases, ids, pipelines):
    seed("""
        [aliases]
        elser = "elser-model"
        lost = "gone"
        one = "m"
        two = "m"
        [models.m]
        [models.spare]
        [models.elser-model]
        [pipelines]
        by-alias = ["elser"]
        by-id = ["m"]
        of-nothing = []
    """)
    ran = run("export", *patterns)
    told = {part: set(names) for part, names in tomllib.loads(ran.out).items()}
    assert (ran.code, told.pop("aliases")) == (0, aliases)
    assert told == {part: names for part, names in (("models", ids), ("pipelines", pipelines)) if names}


def test_export_of_an_unknown_name(run, seed):
    seed("[models.m]")
    ran = run("export", "m", "none")
    assert (ran.code, ran.out, ran.err.splitlines()[0]) == (4, "", "error: there is no model or alias 'none'")


class Vanishing(dict):
    """Models that another process forgets between two looks."""

    def __contains__(self, model_id):
        return True


def test_a_model_that_vanishes_between_two_looks_is_not_found():
    for find in (model, known):
        with pytest.raises(NotFound, match="there is no model or alias 'm'"):
            find(Catalog({}, Vanishing()), "m")
