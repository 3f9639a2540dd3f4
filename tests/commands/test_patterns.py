"""Names and patterns as the commands take them; tests/core has what each of them stands for."""

import tomllib

import pytest
from harness import LATE, OLD, SST

FLIGHTS = ["flight_delay_model", "flight_delayed", "is-flight-late"]
SST2 = [SST, "sst-2-draft", "sst-2-next"]


@pytest.mark.parametrize(
    ("patterns", "found"),
    [
        (("flight*",), FLIGHTS),  # the last by its model
        (("[ep]*", LATE), ["elser", *FLIGHTS[1:], "people-and-places"]),
        (("none*",), []),
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
        (("sst-2-draft", "elser"), [".elser_model_2", "sst-2-draft"]),
        (("is-*",), [LATE]),
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
        (("?lser", "go*"), [(4, ["gone"]), (3, ["gone"]), (1, ["elser"])]),
        (("by-hand",), []),
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
        (("lost", "m"), {"lost", "one", "two"}, {"m"}, {"by-id"}),
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
