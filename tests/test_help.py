"""The manual is complete, is shown in every form it can be read in, and its snippets run."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import typer.main
from harness import NEW, OLD, PATH, SAMPLE_FILES, SLIM, TESTS, TOP
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from mlalias import environment, errors
from mlalias import help as manual
from mlalias.cli.commands import application
from mlalias.cli.main import CLOSED_PIPE, INTERRUPTED
from mlalias.cli.writing import CHANGES
from mlalias.core.rules import RULES
from mlalias.help.terminal import rendered

COMMANDS = typer.main.get_command(application()).commands


def subclasses(kind):
    return [kind, *(each for child in kind.__subclasses__() for each in subclasses(child))]


EXIT_CODES = sorted({0, CHANGES, INTERRUPTED, CLOSED_PIPE, *(kind.exit_code for kind in subclasses(errors.Failure))})


def variables(found):
    """Every variable in a module, including those in tuples."""
    for value in found:
        if isinstance(value, environment.Variable):
            yield value
        elif isinstance(value, tuple):
            yield from variables(value)


VARIABLES = list(variables(vars(environment).values()))


def blocks(topic, language):
    """The code blocks of a page in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", manual.page(topic), re.MULTILINE | re.DOTALL)


# --- what it contains ---


@pytest.mark.parametrize("topic", manual.TOPICS)
def test_a_page_is_plain_text_that_fits_a_terminal(run, topic):
    text = manual.page(topic)
    prose = re.sub(r"^```.*?^```$|^\|.*?$|^\[.*?$", "", text, flags=re.MULTILINE | re.DOTALL)
    assert text.isascii()
    assert text.startswith("# ")
    assert max(map(len, prose.splitlines())) <= 80
    assert topic in run("help").out
    assert f"](mlalias/help/{topic}.md)" in (TOP / "README.md").read_text()


def test_every_page_is_a_topic():
    assert sorted(manual.TOPICS) == sorted(path.stem for path in Path(manual.__file__).parent.glob("*.md"))


def test_the_page_of_rules_has_every_rule_in_order():
    listed = re.findall(r"^## (.*)$", manual.page("rules"), re.MULTILINE)
    assert listed == [rule.id for rule in RULES], "each rule is a section of mlalias/help/rules.md"


def test_the_page_of_exit_codes_has_every_code():
    listed = [int(code) for code in re.findall(r"^- `(\d+)`", manual.page("exit-codes"), re.MULTILINE)]
    assert listed == EXIT_CODES


@pytest.mark.parametrize("variable", VARIABLES, ids=[variable.name for variable in VARIABLES])
def test_the_page_of_variables_has_every_variable_and_its_default(variable):
    items = [" ".join(item.split()) for item in re.split(r"^(?=- |# )", manual.page("environment"), flags=re.MULTILINE)]
    listed = [item for item in items if f"`{variable.name}`" in item.partition(":")[0]]
    assert len(listed) == 1, f"{variable.name} must be in mlalias/help/environment.md"
    assert not variable.default or f"Default: {variable.default}." in listed[0]


def test_the_page_of_json_names_every_schema():
    assert all(f"`{name}`" in manual.page("json") for name in manual.schemas())


def test_the_man_page_has_every_command_option_rule_code_and_variable(run):
    page = run("help", "--man").out.replace("\\-", "-")
    options = {
        option for command in COMMANDS.values() for each in command.params for option in each.opts if "-" in option
    }
    arguments = {
        each.name.upper()
        for command in COMMANDS.values()
        for each in command.params
        if each.param_type_name == "argument"
    }
    sections = {f".SS {word}" for word in (*COMMANDS, *(rule.id for rule in RULES))}
    words = {f"\\fB{word}\\fR" for word in (*EXIT_CODES, *(variable.name for variable in VARIABLES))}
    assert {each for each in options | arguments if each not in page} == set()
    assert sections - set(page.splitlines()) == set(), "a rule needs its section in mlalias/help/rules.md"
    assert {word for word in words if word not in page} == set()


CHECKS = [
    (["man", "-l", "--warnings", "-Tutf8"], {"MANWIDTH": "80"}),
    (["groff", "-man", "-t", "-ww", "-rcR=1", "-Tutf8"], {}),  # one long page, as `man` shows it
    (["mandoc", "-T", "lint", "-W", "error"], {}),
]


@pytest.mark.parametrize(("check", "more"), CHECKS, ids=[check[0] for check, _ in CHECKS])
def test_the_man_page_is_good_roff(run, tmp_path, check, more):
    if shutil.which(check[0]) is None:
        pytest.skip(f"{check[0]} is not installed")
    page = tmp_path / "mlalias.1"
    page.write_text(run("help", "--man").out)
    done = subprocess.run([*check, page], env=os.environ | more, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert check[0] == "mandoc" or "not_deployed" in done.stdout


# --- how it is shown ---


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_a_command_is_what_its_option_prints(run, name):
    printed = run(name, "--help").out
    assert run("help", name).out == printed + (f"\n{manual.page(name)}" if name in manual.TOPICS else "")


def test_help_of_a_rule_is_its_section(run):
    shown = run("help", "few_shared_fields").out
    assert shown.startswith("## few_shared_fields\n")
    assert shown.endswith("refuses the move.\n")
    assert "#" not in run("help", "alias_taken").out[3:]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("rule", "rules"), ("exitcodes", "exit-codes"), ("rolback", "rollback"), ("not_deploy", "not_deployed")],
)
def test_a_typo_gets_one_suggestion(run, typed, meant):
    ran = run("help", typed)
    assert ran == (
        2,
        "",
        f"error: there is no command, topic or rule '{typed}'\nhint: did you mean '{meant}'? mlalias help {meant}\n",
    )
    assert run("help", meant).code == 0


@pytest.mark.parametrize("typed", ["", "../rules", "rules.md", "../../pyproject.toml", "qqqqqq", "common"])
def test_what_is_no_topic_is_refused(run, typed):
    assert run("help", typed).code == 2


def test_a_pipe_gets_the_page_as_it_is_and_imports_no_rich(tmp_path):
    program = "import sys; from mlalias.cli.main import main; main(sys.argv[1:]); print(*sys.modules, file=sys.stderr)"
    for topic in manual.TOPICS:
        if topic in COMMANDS:
            continue
        done = subprocess.run(
            [sys.executable, "-c", program, "help", topic], capture_output=True, text=True, check=True
        )
        assert done.stdout == manual.page(topic)
        assert {"rich", "markdown_it"}.isdisjoint(done.stderr.split())


@pytest.mark.parametrize("topic", manual.TOPICS)
@pytest.mark.parametrize("width", [50, 80, 120])
def test_a_terminal_gets_it_rendered(topic, width):
    text = rendered(manual.page(topic), width)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", text)
    code = [line for block in blocks(topic, ".*?") for line in block.splitlines()]
    indented = {f"  {line}".rstrip() for line in code}
    assert indented <= set(plain.splitlines())
    assert max(len(line) for line in plain.splitlines() if line not in indented and "https://" not in line) <= width
    if width == 50:  # too narrow for a table's longest paths in one piece
        return
    words = re.findall(r"\w+", re.sub(r"^```.*$", "", manual.page(topic), flags=re.MULTILINE))
    assert set(words) <= set(re.findall(r"\w+", plain))


def test_colour_is_what_renders(run, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert run("help", "rules").out == rendered(manual.page("rules"), 80)


# --- schemas ---


def closed(schema):
    """The same schema with unknown keys refused; the published one allows them, so that keys can be added."""
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    more = {"additionalProperties": False} if "properties" in schema else {}
    return more | {key: closed(value) for key, value in schema.items()}


SCHEMAS = {name: json.loads(manual.schema(name)) for name in manual.schemas()}
REGISTRY = Registry().with_resources((name, Resource.from_contents(closed(schema))) for name, schema in SCHEMAS.items())


def faults(name, document):
    validator = Draft202012Validator(closed(SCHEMAS[name]), registry=REGISTRY)
    return [f"{each.json_path}: {each.message}" for each in validator.iter_errors(document)]


def schema_of(command, document):
    """The schema that a document of a command must match."""
    if "error" in document:
        return "failure.json"
    own = f"{command}.json"
    return own if own in SCHEMAS else "write.json"


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_is_one_and_is_printed(run, name):
    Draft202012Validator.check_schema(SCHEMAS[name])
    assert SCHEMAS[name]["$id"] == name
    assert run("help", name).json == SCHEMAS[name]


JSON = [path.parent for path in sorted(TESTS.glob("cases/*/command")) if "-o json" in path.read_text()]
CASES = [case for case in JSON if (case / "stdout").exists()]  # all but those with another wrong option


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_every_case_holds_to_its_schema(case):
    document = json.loads((case / "stdout").read_text())
    assert faults(schema_of((case / "command").read_text().split()[1], document), document) == []


LINES = [
    "put sst-2-next reviewer",
    f"put {SLIM} flight_delay_model --reassign",
    f"put {SLIM} flight_delay_model --reassign --dry-run",
    f"put {SLIM} flight_delay_model --reassign --strict --dry-run",
    "put nope another",
    "put sst-2-next Bad. --dry-run",
    "put",
    "delete elser",
    "delete sentiment",
    "list",
    "list nope",
    "models",
    "show elser sst-2-next",
    "show flight_delay_model",
    "resolve elser sst-2-next",
    "resolve nope nor-this",
    "compare elser sst-2-next",
    f"compare {OLD} {NEW}",
    "apply tests/cases/apply/declared.toml",
    "apply tests/cases/apply/declared.toml --dry-run",
    "apply tests/cases/apply-refused/declared.toml",
    "apply tests/cases/apply-refused/declared.toml --check",
    "rollback flight_delay_model",
    "rollback elser",
    "history",
    "history flight_delay_model",
    "import tests/sample/models.json tests/sample/stats.json tests/sample/pipelines.json --prune",
    "forget sst-2-draft",
    "forget sst-2-next",
    "verify",
    "init",
    "path",
]


@pytest.mark.parametrize("line", LINES)
def test_every_command_holds_to_its_schema(sample, run, monkeypatch, line):
    monkeypatch.chdir(TOP)
    assert run("put", NEW, "flight_delay_model", "--reassign").code == 0
    document = run(*line.split(), "-o", "json").json
    assert faults(schema_of(line.split()[0], document), document) == []


def test_damage_holds_to_its_schema(sample, run):
    (sample / "models" / "sst-2-next.toml").write_text("[[[")
    (sample / ".aliases.toml.1.tmp").touch()
    document = run("verify", "-o", "json").json
    assert document["faults"]
    assert faults("verify.json", document) == []


def test_every_schema_is_held_to_something():
    held = {schema_of(line.split()[0], {}) for line in LINES}
    elsewhere = {"check.json"}  # tests/cluster/test_check.py: it needs a cluster
    assert held | elsewhere | {"failure.json", "common.json"} == set(SCHEMAS)


# --- the snippets run unchanged ---


def bash(script, **more):
    """The output of a script, every line of which must succeed."""
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        env=os.environ | {"PATH": PATH} | more,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def without_installing(script):
    return "".join(line + "\n" for line in script.splitlines() if "pip install" not in line)


@pytest.fixture
def clone(tmp_path, monkeypatch):
    """A directory like a clone of the project, in which the snippets run."""
    top = tmp_path / "clone"
    top.mkdir()
    (top / "tests").symlink_to(TESTS)
    monkeypatch.chdir(top)
    return top


def test_the_job_of_github_actions_runs(clone, monkeypatch):
    (job,) = blocks("declaration", "yaml")
    (declaration,) = blocks("declaration", "toml")
    (clone / "aliases.toml").write_text(declaration)
    variables = dict(re.findall(r'^      ([A-Z_]+): "?(.*?)"?$', job, re.MULTILINE))
    steps = re.findall(r"^      - run: (.*)$", job, re.MULTILINE)
    assert len(steps) == 3
    bash(without_installing("\n".join(steps)), **variables)
    assert bash("mlalias resolve sentiment", **variables) == "sst-2-next\n"


def test_the_script_of_declarations_runs(sample, clone):
    (clone / "aliases.toml").write_text('[aliases]\nother = "sst-2-next"\n')
    (script,) = blocks("declaration", "sh")
    assert "not as declared" in bash(script, new=NEW)
    assert bash("mlalias resolve flight_delay_model") == f"{OLD}\n"


def test_the_snippet_of_json_runs(sample):
    (script,) = blocks("json", "sh")
    assert "flight_delay_model" in bash(script)


def test_the_snippets_of_a_cluster_run(sample, clone, run, mlalias_server):
    # The catalog at hand differs from the served one, so that taking its aliases needs consent.
    mlalias_server.seed(*SAMPLE_FILES)
    setup, _history, _rollout, round_trip, import_ = (  # the second and the third are played on a node
        without_installing(script).replace("https://es.example:9200", mlalias_server)
        for script in blocks("cluster", "sh")
    )
    assert "sst-2-next" in bash(setup)
    rows = [line.split("\t")[:2] for line in run("list", "-o", "tsv").out.splitlines()]
    declared = "".join(f'{alias} = "{model_id}"\n' for alias, model_id in rows if alias != "is-flight-late")
    (clone / "aliases.toml").write_text(f"[aliases]\n{declared}")
    shutil.copytree(sample, clone / "catalog")
    check = round_trip.splitlines()[-1]
    bash(round_trip.replace("import -", "import - --reassign").replace(check, f"{check} || test $? = 6"))
    if shutil.which("curl"):
        bash(import_.replace("import -", "import - --reassign"), ES=mlalias_server)


def test_the_fixture_of_pytest_runs(tmp_path):
    (program,) = blocks("serve", "python")
    (tmp_path / "test_rollout.py").write_text(program)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", tmp_path],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "1 passed" in done.stdout, done.stdout


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_server_in_ci_runs(clone, unused_port):
    script = blocks("serve", "sh")[1].replace("9200", str(unused_port))
    bash(script)
    assert bash("mlalias resolve draft --catalog ./catalog") == "sst-2-draft\n"


@pytest.fixture
def unused_port():
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]
