"""The structure: layers, purity, and what a command imports."""

import ast
import subprocess
import sys
import tomllib

import pytest
from harness import MLALIAS, OLD, TOP

HEAVY = [
    "rich",
    "pydantic",
    "elasticsearch",
    "elastic_transport",
    "starlette",
    "uvicorn",
    "asyncio",
    "email",
    "http",
    "urllib.request",
]


def test_the_layers_and_the_purity_of_the_core_hold():
    program = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    done = subprocess.run(
        [sys.executable, "-c", program, "--no-cache"], cwd=TOP, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    assert "3 kept, 0 broken" in done.stdout


@pytest.mark.parametrize(
    "folder", sorted({path.parent for path in (TOP / "mlalias").rglob("*.py")} - {TOP / "mlalias"})
)
def test_the_docstring_of_a_folder_names_every_module_in_it(folder):
    guide = ast.get_docstring(ast.parse((folder / "__init__.py").read_text()))
    modules = {path.name for path in folder.glob("*.py")} - {"__init__.py"}
    missing = sorted(name for name in modules if f"`{name}`" not in guide)
    assert missing == [], f"say in the docstring of {folder.name}/__init__.py what they have"


def test_what_is_pure_is_what_is_mutated():
    tools = tomllib.loads((TOP / "pyproject.toml").read_text())["tool"]
    pure = {name.replace(".", "/") for name in tools["importlinter"]["contracts"][2]["source_modules"]}
    assert {path.removesuffix("/*").removesuffix(".py") for path in tools["mutmut"]["only_mutate"]} == pure


@pytest.mark.parametrize(
    ("words", "free_of"),
    [
        (
            ("resolve", "elser"),
            [
                *HEAVY,
                "fasteners",
                "tomli_w",
                "mlalias.output.listings",
                "mlalias.output.changes",
                "mlalias.edits.aliases",
            ],
        ),
        (("put", OLD, "flight_delay_model", "-r", "-o", "json"), HEAVY),
        (("put", OLD, "another", "-o", "json"), HEAVY),
        (("put", "nope", "another"), HEAVY),
        (("list", "-o", "tsv"), [*HEAVY, "fasteners", "tomli_w"]),
        (("list",), [*HEAVY, "fasteners", "tomli_w"]),
        (("put", OLD, "another"), HEAVY),
        (("--help",), [*HEAVY, "tomli", "fasteners", "mlalias.stores.directory.store", "mlalias.core.rules"]),
        (("path",), [*HEAVY, "tomli", "fasteners"]),
    ],
)
def test_what_a_command_does_not_import(sample, words, free_of):
    program = "import sys; from mlalias.cli.main import main; main(sys.argv[1:]); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", program, *words], capture_output=True, text=True, check=True)
    imported = set(done.stderr.splitlines()[-1].split())
    assert imported.isdisjoint(free_of), sorted(imported & set(free_of))


def test_python_m_mlalias_is_the_program(sample):
    done = subprocess.run([*MLALIAS, "resolve", "nope"], capture_output=True, check=False)
    assert done.returncode == 4
