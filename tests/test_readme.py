"""The README matches the program: its session is run from the first command to the last."""

import os
import re
import subprocess

import pytest
import typer.main
from harness import PATH, TOP

from mlalias import help as manual
from mlalias.cli.app import GROUPS
from mlalias.cli.commands import application
from mlalias.core.rules import RULES

README = (TOP / "README.md").read_text()
FIRST, SECOND = re.findall(r"^```sh\n(.*)\n```$", README, re.MULTILINE)
CONSOLE = re.compile(r"(?<=^```console\n)(.*?)(?=^```$)", re.MULTILINE | re.DOTALL)
COMMANDS = typer.main.get_command(application()).commands
PARAMETERS = [
    (name, parameter) for name, command in COMMANDS.items() for parameter in command.params if parameter.name != "help"
]


def section(title):
    return README.split(f"\n## {title}\n")[1].split("\n## ")[0]


@pytest.fixture
def typed(tmp_path, monkeypatch):
    """What a line prints in a clone of the project, after the first command has made the catalog."""
    for name in ("tests", "mlalias"):
        (tmp_path / name).symlink_to(TOP / name)
    monkeypatch.chdir(tmp_path)

    def typed(line):
        return subprocess.run(
            ["bash", "-c", line],
            env=os.environ | {"PATH": PATH, "MLALIAS_CATALOG": ".demo"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        ).stdout

    return typed


def play(block, typed):
    """A block of the session with the current output of each of its lines."""
    lines = [line for line in block.splitlines() if line.startswith("$ ")]
    return "".join(f"{line}\n{typed(line[2:])}" for line in lines)


def test_the_session_goes_on_where_the_first_command_ends(request, typed):
    *_, import_, put = FIRST.split(" && ")
    assert "error" not in typed(f"{import_} && {put}")
    played = CONSOLE.sub(lambda block: play(block[0], typed), README)
    if request.config.getoption("--update-cases"):
        (TOP / "README.md").write_text(played)
        return
    assert played == README, "`pytest tests/test_readme.py --update-cases` writes what is printed now"


def test_both_commands_are_those_that_ci_runs():
    """`.ci/run` extracts them from the README by their beginning and end."""
    ci = (TOP / ".ci" / "run").read_text()
    patterns = re.findall(r"grep -E '(.*?)' README.md", ci)
    assert [re.findall(pattern, README, re.MULTILINE) for pattern in patterns] == [[FIRST], [SECOND]]


def test_it_is_one_page():
    assert len(README.splitlines()) <= 200
    assert len(CONSOLE.findall(README)) > 5


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_examples_and_stands_in_the_readme(name, run):
    first, *rest = COMMANDS[name].help.splitlines()
    assert first.endswith(".")
    assert len(first) <= 70
    examples = "\n".join(rest)
    assert f"  mlalias {name}" in examples or f"$(mlalias {name}" in examples, (
        f"give {name} an Examples block in its help"
    )
    listed = re.search(rf"^\| .*`{name}\b.* \| ", section("Commands"), re.MULTILINE)
    assert listed, f"add a row for {name} to README's table of commands"
    shown = run(name, "--help")
    assert shown.code == 0
    assert max(map(len, shown.out.splitlines())) <= 80


@pytest.mark.parametrize(
    ("name", "parameter"), PARAMETERS, ids=[f"{name}-{parameter.name}" for name, parameter in PARAMETERS]
)
def test_every_parameter_has_help(name, parameter):
    assert parameter.help


def test_every_rule_has_a_sentence_and_stands_in_the_readme():
    assert all(rule.check.__doc__.endswith(".") for rule in RULES)
    documented = re.findall(r"^\| `(\w+)` \| ", section("Rules"), re.MULTILINE)
    assert documented == [rule.id for rule in RULES], (
        "add a row for each rule to README's table, in order: | `rule_id` | ..."
    )


def test_the_exit_codes_are_those_of_the_manual():
    rows = re.findall(r"^\| ([\d, ]+) \|", section("Exit codes"), re.MULTILINE)
    documented = [code for row in rows for code in row.split(", ")]
    assert documented == re.findall(r"^- `(\d+)`", manual.page("exit-codes"), re.MULTILINE)


def test_the_privileges_are_those_of_the_manual():
    rows = re.findall(r"^\| .*$", section("On a cluster"), re.MULTILINE)
    of_manual = re.findall(r"^\| .*$", manual.page("cluster").partition("# History")[0], re.MULTILINE)
    assert rows == of_manual


def test_every_link_leads_to_a_file():
    links = re.findall(r"\]\((?!https?:)(.+?)\)", README)
    assert len(links) > len(manual.TOPICS)
    assert [link for link in links if not (TOP / link).is_file()] == []


def test_the_project_has_one_address():
    """PyPI does not support relative links: the README's get the address in `pyproject.toml`."""
    text = (TOP / "pyproject.toml").read_text() + manual.page("declaration")
    addresses = re.findall(r"https://(?:raw\.githubusercontent|github)\.com/([\w-]+/[\w-]+)", text)
    assert len(addresses) > 6
    assert len(set(addresses)) == 1


def test_help_lists_every_command_in_its_group(run):
    shown = run("--help").out
    assert (run("-h").out, run().out) == (shown, shown)
    groups = re.findall(r"^(\w[\w ]+):\n((?:  \w+ +\S.*\n)+)", shown, re.MULTILINE)
    listed = {title: re.findall(r"^  (\w+) ", rows, re.MULTILINE) for title, rows in groups}
    assert list(listed) == list(GROUPS)
    assert listed["Change aliases"] == ["put", "delete", "apply", "rollback"]
    assert sorted(name for names in listed.values() for name in names) == sorted(COMMANDS)
    assert max(map(len, shown.splitlines())) <= 80
    assert "..." not in shown.split("Change aliases:")[1]


def test_the_picture_is_what_the_program_prints():
    """Only the text is compared: each version of Rich draws the picture differently."""
    import html

    import picture

    drawn = re.findall(r"<text class=\"session-r[^>]*>([^<]*)</text>", picture.PICTURE.read_text())
    printed = re.sub(r"\x1b\[[0-9;]*m", "", "".join(picture.played()))
    assert re.sub(r"\s", "", html.unescape("".join(drawn))) == re.sub(r"\s", "", printed), "python tests/picture.py"
    assert f"]({picture.PICTURE.relative_to(TOP)})" in README
