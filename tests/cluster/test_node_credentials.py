"""Credentials and privileges, checked by the security of a real node."""

import base64
import re
from pathlib import Path

import pytest
from nodes import PASSWORD, USER

pytestmark = pytest.mark.node

README = Path(__file__).parent.parent.parent / "README.md"
OLD, NEW = "flight-delay-prediction-1574775339910", "flight-delay-prediction-1580004349800"
NAMES = {"NAME": NEW, "MODEL_ID": NEW, "OLD": OLD, "NEW": NEW}


@pytest.fixture
def front(secure_node, in_front_of):
    return in_front_of(secure_node)


@pytest.fixture
def key(secure_node):
    """Create an API key with the given cluster privileges; returns the node's response."""

    def key(*privileges):
        body = {"name": "tests", "role_descriptors": {"tests": {"cluster": [*privileges]}}}
        return secure_node.ask("POST", "/_security/api_key?refresh=true", body).json

    return key


@pytest.fixture
def as_key(front, run, key, monkeypatch):
    """Run a command with a key that has the given cluster privileges."""

    def as_key(privileges, *words):
        monkeypatch.setenv("MLALIAS_API_KEY", key(*privileges)["encoded"])
        return run(*words, "--catalog", front.url)

    return as_key


# --- who is asking ---


def test_without_credentials(front, run):
    done = run("list", "--catalog", front.url)
    assert done.code == 9
    assert done.err.startswith(f"error: {front.url} asks for credentials, and none are given (401)\n")
    assert "MLALIAS_API_KEY" in done.err


def _invented(id_, secret):
    return base64.b64encode(f"{id_}:{secret}".encode()).decode()


@pytest.mark.parametrize(
    "key", [_invented("nobody", "nothing"), "nobody:nothing", "no-base64", "bm8tY29sb24="], ids=str
)
def test_a_key_that_the_cluster_does_not_know(key, front, run, monkeypatch):
    monkeypatch.setenv("MLALIAS_API_KEY", key)
    done = run("list", "--catalog", front.url)
    assert done.code == 9
    assert done.err.startswith(f"error: {front.url} does not accept MLALIAS_API_KEY (401)\n")


@pytest.mark.parametrize("form", ["{encoded}", "{id}:{api_key}"])
def test_a_key_in_both_its_forms(form, front, run, key, monkeypatch):
    monkeypatch.setenv("MLALIAS_API_KEY", form.format(**key("monitor_ml")))
    done = run("resolve", "flight_delay_model", "--catalog", front.url)
    assert done.code == 0, done.err


def test_a_key_that_is_revoked_while_it_is_used(front, run, key, secure_node, monkeypatch):
    made = key("monitor_ml")
    monkeypatch.setenv("MLALIAS_API_KEY", made["encoded"])
    assert run("list", "--catalog", front.url).code == 0
    assert secure_node.ask("DELETE", "/_security/api_key", {"ids": [made["id"]]}).status == 200
    done = run("list", "--catalog", front.url)
    assert done.code == 9
    assert done.err.startswith(f"error: {front.url} does not accept MLALIAS_API_KEY (401)\n")
    assert made["encoded"] not in done.err


@pytest.mark.parametrize("family", ["MLALIAS", "ES"])
def test_a_name_and_a_password(family, front, run, monkeypatch):
    monkeypatch.setenv(f"{family}_USERNAME", USER)
    monkeypatch.setenv(f"{family}_PASSWORD", PASSWORD)
    assert run("put", NEW, "flight_delay_model", "--reassign", "--catalog", front.url).code == 0
    monkeypatch.setenv(f"{family}_PASSWORD", "another")
    done = run("list", "--catalog", front.url)
    assert done.code == 9
    names = f"{family}_USERNAME and {family}_PASSWORD"
    assert done.err.startswith(f"error: {front.url} does not accept {names} (401)\n")


# --- what they may do ---

EVERYTHING = ("monitor_ml", "manage_ml", "read_pipeline")
HINT = 'hint: give its role or key the cluster privilege: {{"cluster": ["{}"]}}'


@pytest.mark.parametrize(
    ("held", "words", "missing"),
    [
        ([], ["list"], "monitor_ml"),
        (["read_pipeline"], ["models"], "monitor_ml"),
        (["monitor_ml"], ["put", NEW, "next"], "manage_ml"),
        (["monitor_ml", "read_pipeline"], ["delete", "flight_delay_model"], "manage_ml"),
    ],
    ids=str,
)
def test_a_privilege_that_is_missing_is_named(held, words, missing, as_key, front):
    done = as_key(held, *words)
    assert done.code == 9
    lacks = f"does not let MLALIAS_API_KEY do this: the cluster privilege {missing} is missing (403)"
    assert f"error: {front.url} {lacks}\n" in done.err
    assert HINT.format(missing) in done.err
    assert done.out == ""


def test_a_privilege_that_is_missing_in_json(as_key):
    refused = as_key(["monitor_ml"], "put", NEW, "next", "-o", "json").json
    assert (refused["error"]["type"], refused["status"]) == ("security_exception", 403)


def test_what_a_key_may_not_change_stays_as_it_is(as_key, front):
    before = as_key(EVERYTHING, "list", "-o", "json").json
    assert as_key(["monitor_ml"], "put", NEW, "flight_delay_model", "--reassign").code == 9
    assert as_key(EVERYTHING, "list", "-o", "json").json == before


# --- README's table of privileges ---


def _rows():
    """The commands and privileges of each row; words in capitals are placeholders for names in the sample."""
    text = README.read_text()
    table = text[text.index("| on a cluster | needs the cluster privileges |") :].split("\n\n")[0]
    rows = [[re.findall(r"`([^`]+)`", cell) for cell in row.strip("|").split("|")] for row in table.splitlines()[2:]]
    return [(command, privileges) for commands, privileges in rows for command in commands]


@pytest.fixture
def spelled(tmp_path):
    """A command of the README's table, as words."""
    (tmp_path / "aliases.toml").write_text(f'[aliases]\nflight_delay_model = "{NEW}"\n')

    def spelled(command):
        alias = (
            "is-flight-late" if command.startswith("delete") else "flight_delay_model"
        )  # no pipeline names the first
        names = {**NAMES, "MODEL_ALIAS": alias, "FILE": str(tmp_path / "aliases.toml")}
        return [names.get(word, word) for word in command.split()]

    return spelled


@pytest.mark.parametrize(("command", "privileges"), _rows(), ids=str)
def test_the_privileges_of_readme_are_enough_and_none_is_too_many(command, privileges, as_key, spelled):
    words = spelled(command)
    for privilege in privileges:
        less = ["monitor_ml"] if privilege == "manage_ml" else []  # which manage_ml includes
        lacking = as_key([*less, *(other for other in privileges if other != privilege)], *words)
        if privilege == "read_pipeline":  # without it, pipelines are unknown, and the rest works
            assert lacking.code == 0
            assert re.search('not known|left out|"pipelines": null', lacking.out + lacking.err), command
        else:
            assert lacking.code == 9, f"{command} does without {privilege}"
            assert privilege in lacking.out + lacking.err
    enough = as_key(privileges, *words)
    assert enough.code in {0, 6}, enough.err


def test_readme_names_every_command_that_works_on_a_cluster(run):
    commands = {"put", "delete", "list", "models", "show", "resolve", "compare", "apply", "export", "check"}
    assert {command.split()[0] for command, _ in _rows()} == commands
