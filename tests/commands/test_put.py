"""What `put` makes of the rules: its exit code, what it says, and what `put --dry-run` explains.

The rules themselves, on both sides of every boundary, are tested in tests/core, and the edit in tests/edits.
"""

import json
import re
from math import ceil

import pytest
from harness import contents

from mlalias.core import rules

RULES = [rule.id for rule in rules.RULES]


def declared(old, new, alias="x"):
    """A declaration of the models `old-model` and `new-model`, with the alias on the old one."""
    lines = ["[aliases]", f'{alias} = "old-model"']
    for model_id, facts in (("old-model", old), ("new-model", new)):
        lines.append(f"[models.{model_id}]")
        lines += [
            f"{key} = {json.dumps(value)}" for key, value in facts.items() if key not in ("deployments", "inference")
        ]
        if "inference" in facts:
            lines.append(f"inference_config.{facts['inference']} = {{}}")
        if facts.get("deployments") == []:
            lines.append("deployments = []")
        for state, count in facts.get("deployments", ()):
            lines.append(f"[[models.{model_id}.deployments]]")
            lines.append(f'deployment_id = "d{len(lines)}"\nstate = "{state}"\nallocation_count = {count}')
    return "\n".join(lines)


def outcomes(ran):
    told = ran.json["rules"]
    assert [one["rule"] for one in told] == RULES
    return {one["rule"]: one["outcome"] for one in told}


@pytest.fixture
def move(run, seed, catalog):
    """What becomes of moving an alias from a model with some facts to one with others."""

    def move(old, new):
        seed(declared(old, new))
        before = contents(catalog)
        dry = run("put", "new-model", "x", "-r", "-n", "-o", "json")
        assert contents(catalog) == before
        done = run("put", "new-model", "x", "-r", "-o", "json")
        assert done.code == dry.code
        assert (contents(catalog) == before) == (done.code != 0)
        rule = None if done.code == 0 else done.json["error"]["rule"]
        return done.code, rule, outcomes(dry)

    return move


@pytest.mark.parametrize(
    ("alias", "fault"),
    [
        ("x" * 200, None),
        ("1a.b-c_d", None),
        ("x" * 201, "it is longer than 200 characters"),
        ("", "it is empty"),
        ("-v1", "it must begin with a letter or a digit"),
        ("a٣", "'٣' is not a lower-case letter, a digit, '.', '_' or '-'"),
    ],
    ids=lambda value: repr(value[:9]) if value else "valid",
)
def test_names(run, seed, alias, fault):
    seed("[models.m]")
    ran = run("put", "-o", "json", "--", "m", alias)
    assert ran.code == (3 if fault else 0)
    if fault:
        error = ran.json["error"]
        assert (error["rule"], error["type"]) == ("invalid_alias", "action_request_validation_exception")
        assert (error["reason"], ran.err) == (f"'{alias}' is not a valid alias: {fault}", "")
    assert run("list", "-o", "tsv").out.startswith("" if fault else f"{alias}\tm\t")


def test_both_faults_of_names_are_told_together(run, seed):
    seed("[models.v1]")
    ran = run("put", "v1", "v1", "-o", "json")
    assert [error["rule"] for error in ran.json["errors"]] == ["equal_names", "invalid_alias"]
    assert (ran.code, ran.json["status"], ran.err) == (3, 400, "")


@pytest.mark.parametrize(
    ("model_id", "options", "code", "rule"),
    [
        ("n", (), 3, "alias_taken"),
        ("n", ("-r",), 0, None),
        ("missing", ("-r",), 4, "model_missing"),
        ("m", ("--exist-ok",), 0, None),
        ("n", ("--if-current", "m"), 0, None),
        ("n", ("--if-current", "n"), 5, "if_current"),
    ],
)
def test_a_taken_alias(run, seed, model_id, options, code, rule):
    seed('[aliases]\nx = "m"\n[models.m]\n[models.n]')
    ran = run("put", model_id, "x", *options, "-o", "json")
    assert ran.code == code
    if code:
        assert (ran.json["error"]["rule"], ran.json["status"]) == (rule, {3: 400, 4: 404, 5: 409}[code])
        assert run("resolve", "x").out == "m\n"
    else:
        assert run("resolve", "x").out == f"{model_id}\n"


@pytest.mark.parametrize(
    ("alias", "options", "code"),
    [
        ("y", (), 0),
        ("y", ("--if-current", "m"), 5),
        ("n", ("-r",), 3),
    ],
)
def test_a_free_alias(run, seed, alias, options, code):
    seed('[aliases]\nx = "m"\n[models.m]\n[models.n]')
    assert run("put", "m", alias, *options).code == code


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("n", "x", "--if-current", "n"), "the alias 'x' names 'm', not 'n'"),
        (("m", "8", "--exist-ok"), "'8' is not a valid alias: it must end in a letter"),
        (("gone", "lost", "--exist-ok"), "the alias 'lost' already names the model 'gone', which is gone"),
    ],
)
def test_the_first_fault_of_a_put_is_said(run, seed, words, told):
    seed('[aliases]\n7 = "m"\nx = "m"\nlost = "gone"\n[models.m]\n[models.n]')
    assert run("put", *words).err.splitlines()[0] == f"error: {told}"


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ({"inference": "ner"}, {"inference": "ner"}, None),
        ({"inference": "ner"}, {}, None),
        ({"inference": "ner"}, {"inference": "regression"}, "inference_type_differs"),
        ({"model_type": "lang_ident"}, {"model_type": "lang_ident"}, None),
        ({"model_type": "lang_ident"}, {}, "model_type_differs"),
    ],
)
def test_types(move, old, new, rule):
    code, refused, told = move(old, new)
    assert (code, refused) == ((3, rule) if rule else (0, None))
    assert rule is None or told[rule] == "fail"


UP, IDLE = ("started", 1), ("starting", 0)


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ([], [], None),
        ([IDLE], [], "not_deployed"),
        ([IDLE], [IDLE], None),
        ([UP, IDLE], [UP, IDLE], "not_allocated"),
        ([UP, IDLE], [UP, UP], None),
    ],
)
def test_deployments(move, old, new, rule):
    code, refused, told = move(*({"model_type": "pytorch", "deployments": some} for some in (old, new)))
    assert (code, refused) == ((3, rule) if rule else (0, None))
    assert told["not_deployed"] == ("fail" if rule == "not_deployed" else "pass")


def test_deployments_that_are_not_known_are_a_warning_and_strict_refuses(run, seed, catalog):
    seed(declared({"model_type": "pytorch"}, {"model_type": "pytorch"}))
    before = contents(catalog)
    told = outcomes(run("put", "new-model", "x", "-r", "-n", "-o", "json"))
    assert (told["not_deployed"], told["not_allocated"]) == ("warn", "warn")
    strict = run("put", "new-model", "x", "-r", "--strict", "-o", "json")
    assert (strict.code, strict.json["error"]["rule"], len(strict.json["errors"])) == (3, "not_deployed", 1)
    assert contents(catalog) == before
    moved = run("put", "new-model", "x", "-r")
    unknown = "whether 'old-model' and 'new-model' are deployed is not known: import GET _ml/trained_models/_stats"
    assert (moved.code, moved.err.splitlines()[0]) == (0, f"warning: {unknown}")
    assert moved.err.count("warning:") == 1


@pytest.mark.parametrize(("old", "shared"), [(4, 2), (4, 1), (0, 0)])
@pytest.mark.parametrize("gained", [0, 3])
def test_shared_fields(run, seed, old, shared, gained):
    before = [f"f{i}" for i in range(old)]
    after = before[old - shared :] + [f"g{i}" for i in range(gained)]
    seed(
        "\n".join(
            [
                '[aliases]\nx = "old"',
                *(
                    f"[models.{name}]\ninput.field_names = {fields}"
                    for name, fields in (("old", before), ("new", after))
                ),
            ]
        )
    )
    warns = shared < ceil(old / 2)
    dry = run("put", "new", "x", "-r", "-n", "-o", "json")
    assert outcomes(dry)["few_shared_fields"] == ("warn" if warns else "pass")
    strict = run("put", "new", "x", "-r", "--strict")
    assert strict.code == (3 if warns else 0)
    if warns:
        (warning,) = run("put", "new", "x", "-r", "-o", "json").json["warnings"]
        assert warning["overlap"] == {
            "shared": before[old - shared :],
            "lost": before[: old - shared],
            "gained": after[shared:],
            "needed": ceil(old / 2),
        }


def test_a_dry_run_explains_every_rule_and_writes_nothing(run, sample):
    before = contents(sample)
    ran = run("put", "sst-2-next", "sentiment", "-r", "--dry-run")
    assert [re.split("  +", line)[0] for line in ran.out.splitlines()[4 : len(RULES) + 4]] == [
        rule.condition for rule in rules.RULES
    ]
    assert ran.out.splitlines()[1].startswith("would move  sentiment")
    assert ran.out.endswith("\n\ndry run: 1 to move\n")
    assert contents(sample) == before


def test_a_refused_dry_run_explains_too_and_ends_as_the_real_one(run, sample):
    ran = run("put", "sst-2-draft", "sentiment", "-r", "--dry-run")
    assert ran.code == 3
    assert "new model is deployed      fail" in ran.out
    assert ran.out.endswith("\nnothing was written\n")
    assert ran.err.startswith("error: the alias 'sentiment' cannot move")


def test_a_dry_run_for_a_free_alias_has_nothing_to_hold_against_each_other(run, sample):
    told = outcomes(run("put", ".elser_model_2", "fresh", "-n", "-o", "json"))
    assert set(told.values()) == {"pass", "skip"}
    assert (told["model_missing"], told["model_type_differs"], told["few_shared_fields"]) == ("pass", "skip", "skip")


@pytest.mark.parametrize(("model_id", "alias"), [("nope", "nope"), ("sentiment-x", "v1"), ("m", "m")])
def test_the_legal_alias_of_a_hint_is_free(run, seed, model_id, alias):
    seed("[models.m]\n[models.nope-model]\n[models.v1-model]")
    hint = run("put", model_id, alias, "-o", "json").json["errors"][0]["hint"]
    proposed = hint.split()[-1]
    assert proposed not in (model_id, "m", "nope-model", "v1-model")
    assert run("put", "m", proposed).code == 0


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("brandnew", "slim-1"), "mlalias put slim-1 brandnew"),
        (("x", "slim-1"), "mlalias put slim-1 x --reassign"),
        (("x", "y"), "mlalias put m y --reassign"),
        (("x", "fresh"), "mlalias put m fresh"),
        (("slin-1", "x"), "mlalias put slim-1 x --reassign"),
    ],
)
def test_what_was_meant_is_recognised(run, seed, words, hint):
    seed('[aliases]\nx = "m"\ny = "m"\n[models.m]\n[models.slim-1]')
    told = run("put", *words, "-o", "json").json["error"]["hint"]
    assert told.endswith(hint)
    assert run(*hint.split()[1:]).code == 0


def test_a_dry_run_of_if_current_shows_what_fails(run, seed):
    seed('[aliases]\nx = "m"\n[models.m]\n[models.n]')
    ran = run("put", "n", "x", "--if-current", "n", "-n", "-o", "json")
    failed = [(one["rule"], one["message"]) for one in ran.json["rules"] if one["outcome"] == "fail"]
    assert (ran.code, failed) == (5, [("alias_taken", "the alias 'x' names 'm', not 'n'")])


IMPORT_AGAIN = "import it again, from the answer to GET _ml/trained_models: mlalias import models.json"


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("put", "slin-1", "x", "--if-current", "m"), "did you mean 'slim-1'? mlalias put slim-1 x --if-current m"),
        (("put", "slin-1", "x", "-r"), "did you mean 'slim-1'? mlalias put slim-1 x --reassign"),
        (("put", "slin-1", "fresh"), "did you mean 'slim-1'? mlalias put slim-1 fresh"),
        (("put", "x", "slim-1", "--if-current", "m"), "the model comes first: mlalias put slim-1 x --if-current m"),
        (("put", "kinds", "x", "--if-current", "m"), "'kinds' is an alias; the model it names is 'm': mlalias put m x --if-current m"),
        (("put", "m", "X", "-r"), "did you mean 'x'? mlalias put m x --reassign"),
        (("put", "m", "X"), "did you mean 'x'? mlalias put m x"),
        (("put", "m", "Y.Z_1"), "a valid alias: mlalias put m y.z"),
        (("put", "none", "Fresh"), "a valid alias: fresh"),
        (("put", "none", "X"), "a valid alias: x-model"),
        (("put", "gone", "lost", "--exist-ok"), IMPORT_AGAIN),
        (("put", "gone", "lost", "-r"), IMPORT_AGAIN),
        (("put", "none", "new", "--if-current", "m"), "see what there is: mlalias models"),
        (("put", "zzz", "new"), "see what there is: mlalias models"),
        (("put", "m", "x"), "nothing to do; --exist-ok makes this a success: mlalias put m x --exist-ok"),
        (("put", "free", "x"), "move it to 'free': mlalias put free x --reassign"),
        (("put", "slim-1", "x"), "--reassign would be refused as well: the alias 'x' cannot move from 'm' (no type) to 'slim-1' (pytorch): their model types differ"),
        (("delete", "none"), "see what there is: mlalias list"),
        (("delete", "xx"), "see what there is: mlalias list"),
        (("delete", "bakc"), "did you mean 'back'? mlalias show back"),
        (("delete", "slin-1"), "see what there is: mlalias list"),
        (("forget", "none"), "see what there is: mlalias models"),
        (("forget", "bakc"), "see what there is: mlalias models"),
        (("rollback", "new"), "to go back anyway: mlalias rollback new --delete"),
        (("rollback", "new", "--to", "1"), "to go back anyway: mlalias rollback new --to 1 --delete"),
        (("rollback", "x", "--to", "99"), "see the revisions: mlalias history x"),
        (("rollback", "undone"), "see its changes: mlalias history undone"),
        (("rollback", "by-hand"), "see what else disagrees: mlalias verify"),
        (("forget", "slin-1"), "did you mean 'slim-1'? mlalias show slim-1"),
        (("rollback", "m"), "see its aliases: mlalias show m"),
        (("history", "m"), "see its aliases: mlalias show m"),
        (("rollback", "none"), "see what there is: mlalias list"),
        (("rollback", "back"), f"{IMPORT_AGAIN}; see what else the alias has named: mlalias history back"),
        (("rollback", "kinds"), "see how the two models differ: mlalias compare m slim-1"),
        (("show", "slin-1"), "did you mean 'slim-1'? mlalias show slim-1"),
    ],
)  # fmt: skip
def test_the_hint_is_what_to_type_next(run, seed, catalog, words, hint):
    seed("""[aliases]
x = "m"
lost = "gone"
back = "was"
kinds = "slim-1"
[models.m]
[models.free]
[models.slim-1]
[models.was]""")
    for alias in ("back", "kinds", "new", "undone", "by-hand"):
        assert run("put", "m", alias, "-r").code == 0
    assert run("rollback", "undone", "--delete").code == 0
    table = catalog / "aliases.toml"
    table.write_text(table.read_text().replace("by-hand", "by-foot"))
    (catalog / "models" / "was.toml").unlink()
    (catalog / "models" / "slim-1.toml").write_text('model_type = "pytorch"')
    ran = run(*words, "-o", "json")
    assert ran.code in (3, 4, 5)
    assert "; ".join(filter(None, [one["hint"] for one in ran.json["errors"]])) == hint


@pytest.mark.parametrize("words", [("show", "m"), ("resolve", "m"), ("put", "m", "x"), ("forget", "m")])
def test_an_empty_catalog_asks_for_models(run, words):
    told = run(*words, "-o", "json").json["error"]["hint"]
    assert (
        told == "the catalog has no models yet; import the answer to GET _ml/trained_models: mlalias import models.json"
    )
