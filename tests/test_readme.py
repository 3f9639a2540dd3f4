"""The README says what the program does: its sessions, its commands, its numbers."""

import re

import pytest
import typer.main
from harness import TESTS, TOP

from mlalias.cli.app import GROUPS
from mlalias.cli.main import app
from mlalias.core.rules import RULES

README = (TOP / "README.md").read_text()
SESSIONS = re.findall(r"^```console\n\$ (.*?)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
COMMANDS = typer.main.get_command(app).commands
PARAMETERS = [
    (name, parameter) for name, command in COMMANDS.items() for parameter in command.params if parameter.name != "help"
]


def text(path):
    return path.read_text() if path.exists() else ""


@pytest.mark.parametrize(("command", "printed"), SESSIONS, ids=[command for command, _ in SESSIONS])
def test_every_session_is_a_case(command, printed):
    cases = [path for path in (TESTS / "cases").iterdir() if text(path / "command") == f"{command}\n"]
    assert printed in [text(case / "stdout") + text(case / "stderr") for case in cases]


def test_there_are_sessions():
    assert len(SESSIONS) > 10


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_examples_and_stands_in_the_readme(name, run):
    first, *rest = COMMANDS[name].help.splitlines()
    assert first.endswith(".")
    assert len(first) <= 70
    assert f"  mlalias {name}" in "\n".join(rest) or f"$(mlalias {name}" in "\n".join(rest)
    assert re.search(rf"^\| `{name}\b", README, re.MULTILINE)
    shown = run(name, "--help")
    assert shown.code == 0
    assert max(map(len, shown.out.splitlines())) <= 80


@pytest.mark.parametrize(
    ("name", "parameter"), PARAMETERS, ids=[f"{name}-{parameter.name}" for name, parameter in PARAMETERS]
)
def test_every_parameter_has_help_and_stands_in_the_readme(name, parameter):
    assert parameter.help
    section = README.split("## Commands")[1].split("\n## ")[0]
    if parameter.param_type_name == "argument":
        row = next(line for line in section.splitlines() if line.startswith(f"| `{name}"))
        assert parameter.name.upper() in row
    else:
        assert all(option in section for option in parameter.opts)


@pytest.mark.parametrize("rule", RULES, ids=[rule.id for rule in RULES])
def test_every_rule_has_a_sentence_and_stands_in_the_readme(rule):
    assert rule.check.__doc__.endswith(".")
    assert f"| `{rule.id}` |" in README


def test_help_lists_every_command_in_its_group(run):
    shown = run("--help").out
    assert (run("-h").out, run().out) == (shown, shown)
    groups = re.findall(r"^(\w[\w ]+):\n((?:  \w+ +\S.*\n)+)", shown, re.MULTILINE)
    listed = {title: re.findall(r"^  (\w+)", rows, re.MULTILINE) for title, rows in groups}
    assert list(listed) == list(GROUPS)
    assert listed["Change aliases"] == ["put", "delete", "apply", "rollback"]
    assert sorted(name for names in listed.values() for name in names) == sorted(COMMANDS)
    assert max(map(len, shown.splitlines())) <= 80
    assert "..." not in shown.split("Change aliases:")[1]


@pytest.mark.parametrize("variable", ["MLALIAS_CATALOG", "MLALIAS_LOCK_TIMEOUT", "MLALIAS_ACTOR", "SOURCE_DATE_EPOCH"])
def test_every_variable_stands_in_the_readme(variable):
    assert f"`{variable}`" in README


def test_the_picture_is_what_the_program_prints():
    import picture

    assert picture.PICTURE.read_text() == picture.svg()
    assert "](.github/session.svg)" in README
