"""Walking back: what is undone, what stands again, and when it is refused."""

import json

import pytest
from harness import NEW, OLD, SLIM, contents

from mlalias.core.rules import RULES


@pytest.fixture
def walk(run, seed):
    """Play commands on the alias `x` over models a, b, c, d, and tell what it names after each (`-` for nothing)."""
    seed("[models.a]\n[models.b]\n[models.c]\n[models.d]")

    def walk(text):
        named = []
        for word in text.split():
            verb, _, rest = word.partition(":")
            words = {
                "put": ("put", rest, "x", "-r"),
                "delete": ("delete", "x"),
                "back": ("rollback", "x", "--delete", *(("--to", rest) if rest else ())),
                "forget": ("forget", rest),
            }[verb]
            ran = run(*words)
            named.append(run("resolve", "x").out.strip() or "-" if ran.code == 0 else str(ran.code))
        return " ".join(named)

    return walk


# Revisions count from 1, as the seed has no aliases.
WALKS = [
    ("put:a put:b put:c back back back", "a b c b a -"),
    ("put:a put:b put:c back:1 back", "a b c a -"),
    ("put:a put:b back back:2 back", "a b a b a"),
    ("put:a put:b back:0", "a b -"),
    ("put:a put:b back:3", "a b 4"),
    ("put:a put:b back:-1", "a b 4"),
    ("put:a delete back back", "a - a -"),
    ("put:a put:b forget:a back", "a b b 4"),
]


@pytest.mark.parametrize(("text", "named"), WALKS, ids=[text for text, _ in WALKS])
def test_walking_back(walk, text, named):
    assert walk(text) == named


def test_undoing_a_creation_needs_delete(run, seed):
    seed("[models.a]")
    assert run("put", "a", "x").code == 0
    ran = run("rollback", "x")
    assert ran.code == 3
    assert "hint: to go back anyway: mlalias rollback x --delete" in ran.err
    assert run("rollback", "x", "--delete").code == 0
    assert run("resolve", "x").code == 4


def test_undoing_a_creation_obeys_the_rule_of_delete(run, seed):
    seed('[models.a]\n[pipelines]\np = ["x"]')
    assert run("put", "a", "x").code == 0
    assert run("rollback", "x", "--delete").code == 5


def test_one_alias_out_of_an_apply_of_many(run, seed, tmp_path):
    seed('[aliases]\nx = "a"\ny = "a"\n[models.a]\n[models.b]')
    (tmp_path / "d.toml").write_text('[aliases]\nx = "b"\ny = "b"')
    assert run("apply", tmp_path / "d.toml").code == 0
    assert run("rollback", "x").code == 0
    assert run("resolve", "x", "y").out == "a\nb\n"
    entry = run("history", "x", "-o", "json").json["history"][0]
    assert (entry["command"], entry["undoes"], [change["model_alias"] for change in entry["changes"]]) == (
        "rollback",
        [2],
        ["x"],
    )


def test_a_rollback_goes_through_the_rules(run, sample):
    assert run("put", "sst-2-next", "sentiment", "-r").code == 0
    model = sample / "models" / "distilbert-base-uncased-finetuned-sst-2-english.toml"
    known = model.read_text().split("[[deployments]]")[0].split("deployments = [")[0]
    model.write_text("deployments = []\n" + known)
    before = contents(sample)
    ran = run("rollback", "sentiment", "-o", "json")
    assert (ran.code, ran.json["error"]["rule"]) == (3, "not_deployed")
    assert contents(sample) == before


def test_a_rollback_warns_and_strict_refuses_it(run, sample):
    assert run("put", SLIM, "flight_delay_model", "-r", "-q").code == 0
    assert run("rollback", "flight_delay_model", "--strict").code == 3
    ran = run("rollback", "flight_delay_model", "-m", "too slim")
    assert ran.code == 0
    assert "shares only 3 of 7 input fields" in ran.err
    assert ran.err.endswith("hint: to undo: mlalias rollback flight_delay_model --to 2\n")
    assert run("rollback", "flight_delay_model", "--to", "2", "-q").code == 0
    assert run("resolve", "flight_delay_model").out == f"{SLIM}\n"


def test_where_table_and_history_disagree_it_refuses_and_names_both(run, sample):
    assert run("put", NEW, "flight_delay_model", "-r").code == 0
    table = sample / "aliases.toml"
    table.write_text(table.read_text().replace(NEW, SLIM))
    before = contents(sample)
    ran = run("rollback", "flight_delay_model")
    assert (ran.code, contents(sample)) == (5, before)
    assert f"names '{NEW}' after revision 2, but in aliases.toml it names '{SLIM}'" in ran.err
    assert ran.err.endswith("mlalias verify\n")
    table.write_text(table.read_text().replace("sentiment = ", "feeling = "))
    assert "it does not exist" in run("rollback", "sentiment").err
    assert "the history has no change to the alias 'feeling'" in run("rollback", "feeling").err


def test_a_dry_run_of_a_rollback_explains_the_rules(run, sample):
    assert run("put", NEW, "flight_delay_model", "-r").code == 0
    before = contents(sample)
    dry = run("rollback", "flight_delay_model", "-n", "-o", "json").json
    assert (dry["changes"][0]["model_id"], len(dry["rules"])) == (OLD, len(RULES))
    assert contents(sample) == before


def test_the_message_and_the_undone_revisions_are_kept(run, sample):
    assert run("put", NEW, "flight_delay_model", "-r", "-m", "try").code == 0
    assert run("rollback", "flight_delay_model", "-m", "worse").code == 0
    _, moved, last = map(json.loads, (sample / "history.jsonl").read_text().splitlines())
    assert (last["message"], last["undoes"]) == ("worse", [2])
    assert (moved["message"], "undoes" in moved) == ("try", False)
    rows = run("history", "flight_delay_model", "-o", "tsv").out.splitlines()
    assert [row.split("\t")[8] for row in rows] == ["worse", "try", ""]
    assert run("history", "--limit", "1", "-o", "json").json["history"][0]["revision"] == 3
    assert "+5 more" in run("history").out


def test_the_hints_of_a_rollback_do_what_they_say(run, seed):
    seed('[aliases]\nx = "a"\n[models.a]')
    assert run("delete", "x").code == 0
    ran = run("rollback", "x")
    assert ran.err == "hint: to undo: mlalias rollback x --to 2 --delete\n"
    assert run("rollback", "x", "--to", "2", "--delete").code == 0
    assert run("resolve", "x").code == 4
    assert run("rollback", "x", "--to", "1").code == 0
    ran = run("rollback", "x", "--to", "0")
    assert "mlalias rollback x --to 0 --delete" in ran.err


def test_nothing_left_to_undo_is_said_with_where_to_look(run, walk):
    walk("put:a back")
    error, hint = run("rollback", "x").err.splitlines()
    assert error == "error: the alias 'x' has no change left to undo"
    assert hint.endswith("mlalias history x")


def test_an_alias_that_the_history_deleted_and_the_table_has_is_a_conflict(run, walk, catalog):
    walk("put:a delete")
    table = catalog / "aliases.toml"
    table.write_text(table.read_text() + 'x = "b"\n')
    ran = run("rollback", "x")
    assert ran.code == 5
    assert "the alias 'x' is deleted after revision 2, but in aliases.toml it names 'b'" in ran.err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("x", "--to", "3"), 0, "unchanged x m m"),
        (("gone", "--to", "0"), 0, "unchanged gone"),
        (("new",), 3, "the alias 'new' did not exist before its last change: going back deletes it"),
        (("new", "--to", "1"), 3, "the alias 'new' did not exist at revision 1: going back deletes it"),
        (("gone", "--to", "9"), 4, "there is no revision 9; the catalog is at revision 5"),
        (("gone", "--to", "-1"), 4, "there is no revision -1; the catalog is at revision 5"),
        (("by-hand",), 5, "the alias 'by-hand' names 'm' after revision 5, but in aliases.toml it does not exist"),
        (("by-foot",), 5, "the history has no change to the alias 'by-foot', which names 'm'"),
    ],
)
def test_what_a_rollback_says(run, seed, catalog, words, code, said):
    seed('[aliases]\nx = "m"\n[models.m]')
    for command in (("put", "m", "new"), ("put", "m", "gone"), ("delete", "gone"), ("put", "m", "by-hand")):
        assert run(*command).code == 0
    table = catalog / "aliases.toml"
    table.write_text(table.read_text().replace("by-hand", "by-foot"))
    ran = run("rollback", *words)
    assert ran.code == code
    assert (ran.err.splitlines()[0] == f"error: {said}") if code else (ran.out.splitlines()[1].split() == said.split())
