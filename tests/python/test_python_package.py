"""What a user gets: an import that costs nothing, types, documentation that runs, a wheel that is whole."""

import doctest
import json
import re
import subprocess
import sys
import venv
from pathlib import Path

import pytest

import mlalias

ROOT = Path(__file__).parents[2]
DOCUMENTS = [
    path
    for path in (ROOT / "README.md", *sorted((ROOT / "mlalias" / "help").glob("*.md")))
    if "import mlalias\n" in path.read_text()
]
OURS = {"typer", "click", "rich", "pygments"}


def python(*words, **options):
    return subprocess.run([sys.executable, *words], capture_output=True, text=True, check=True, **options).stdout


# --- the import ---


def test_the_import_loads_one_module_and_takes_less_than_five_milliseconds():
    program = (
        "import sys, time; before = set(sys.modules); begun = time.perf_counter(); import mlalias; "
        "print(time.perf_counter() - begun, *sorted(set(sys.modules) - before))"
    )
    runs = [python("-c", program).split() for _ in range(5)]
    assert [modules for _, *modules in runs] == [["mlalias"]] * 5
    assert min(float(seconds) for seconds, *_ in runs) < 0.005


USE = """
import sys, mlalias
catalog = mlalias.open(sys.argv[1])
catalog.put("flight-delay-slim-1612000000000", "flight_delay_model", reassign=True)
catalog.apply({"aliases": {"late": "sst-2-next"}, "models": {"mine": {}}})
for refused in (
    lambda: catalog.resolve("elsr"),
    lambda: catalog.put("sst-2-draft", "sentiment", reassign=True),
    lambda: catalog.put("sst-2-next", "Sentiment"),
    lambda: catalog.rollback("elser"),
    lambda: catalog.apply({"aliases": {"Bad": "elser", "late": "nothing"}}),
):
    try:
        refused()
    except mlalias.Failure as failure:
        print(failure, *failure.hints)
catalog.delete("late"), catalog.aliases
print(*sys.modules, file=sys.stderr)
"""


@pytest.mark.parametrize("place", ["directory", "cluster"])
def test_no_use_of_a_catalog_loads_the_command_line_or_rich(sample, place):
    from contextlib import nullcontext

    from mlalias.rest.app import App
    from mlalias.rest.listen import background
    from mlalias.stores.directory.store import DirectoryStore

    served = background(App(DirectoryStore(sample))) if place == "cluster" else nullcontext(str(sample))
    with served as location:
        done = subprocess.run([sys.executable, "-c", USE, location], capture_output=True, text=True, check=True)
    assert "did you mean 'elser'?" in done.stdout
    loaded = set(done.stderr.split())
    assert "mlalias.advice" in loaded
    assert loaded.isdisjoint({*OURS, "mlalias.cli"})


# --- the documentation ---


def test_the_lines_of_the_docstring_run(sample):
    results = doctest.testmod(mlalias, optionflags=doctest.REPORT_NDIFF)
    assert results.attempted >= 7
    assert results.failed == 0


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_the_lines_of_a_document_run(sample, document, monkeypatch, tmp_path):
    """Every block of Python that imports mlalias, one after the other, on the sample."""
    monkeypatch.chdir(tmp_path)
    names = {}
    for block in re.findall(r"^```python\n(.*?)^```$", document.read_text(), re.MULTILINE | re.DOTALL):
        if "import mlalias\n" in block:
            exec(compile(block, document.name, "exec"), names)  # noqa: S102 - as a reader does


# --- the types ---

USER = '''
import logging
from collections.abc import Mapping
from pathlib import Path

import mlalias


def current(name: str, catalog: mlalias.Catalog | None = None) -> str:
    """The model behind a name, or what is known to work."""
    try:
        return (catalog or mlalias.open()).resolve(name)
    except mlalias.NotFound as failure:
        logging.warning("%s (%s)", failure.reason, failure.rule, extra={"hints": [str(hint) for hint in failure.hints]})
        return "lang_ident_model_1"


def roll_out(model_id: str, alias: str, was: str) -> int | None:
    receipt = mlalias.open(Path("catalog")).put(model_id, alias, if_current=was, message="weekly", strict=True)
    for warning in receipt.warnings:
        logging.warning(warning.message)
    return receipt.revision


def facts(catalog: mlalias.Catalog) -> tuple[Mapping[str, str], list[str], str, int]:
    times = [entry.time for entry in catalog.history("flight*", limit=3)]
    result = catalog.apply({"aliases": {"a": "m"}}, prune=True, only=["a*"]).changes[0].result
    error = mlalias.Conflict("no")
    catalog.apply(Path("aliases.toml"))
    return catalog.aliases, times, result, error.exit_code


mlalias.open().put(1, "a")  # type: ignore[arg-type]
mlalias.open().put("m", "a", reasign=True)  # type: ignore[call-arg]
mlalias.open().aliases["a"] = "m"  # type: ignore[index]
mlalias.import_facts  # type: ignore[attr-defined]
number: int = mlalias.open().resolve("a")  # type: ignore[assignment]
'''


def test_mypy_strict_accepts_a_users_lines_and_nothing_wrong(tmp_path):
    """Each wrong line carries the error that mypy must find there: strict reports one that it does not need."""
    (tmp_path / "user.py").write_text(USER)
    words = ["-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache"), "user.py"]
    done = subprocess.run([sys.executable, *words], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout == "Success: no issues found in 1 source file\n"


# --- the wheel ---

TEN_LINES = """
import mlalias
from pathlib import Path
catalog = mlalias.open("catalog")
catalog.apply({"aliases": {"mine": "one"}, "models": {"one": {}, "two": {}}})
catalog.put("two", "mine", reassign=True)
assert catalog.resolve("mine") == "two"
catalog.rollback("mine")
print(mlalias.__version__, catalog.aliases["mine"], Path(mlalias.__file__).parent.parent)
"""


@pytest.fixture(scope="session")
def wheel(tmp_path_factory):
    """The wheel, built without asking a network."""
    directory = tmp_path_factory.mktemp("wheel")
    python("-m", "hatchling", "build", "-t", "wheel", "-d", str(directory), cwd=ROOT)
    (path,) = directory.glob("*.whl")
    return path


def test_a_wheel_is_whole(wheel, tmp_path):
    """Installed beside nothing but what it depends on, of which this environment has everything."""
    target = tmp_path / "installed"
    python("-m", "pip", "install", "-q", "--no-deps", "--no-index", "--target", str(target), str(wheel))
    shipped = {path.relative_to(target) for path in target.rglob("*") if path.is_file()}
    ours = {path.relative_to(ROOT) for path in (ROOT / "mlalias").rglob("*") if path.is_file()}
    assert shipped >= {path for path in ours if path.suffix != ".pyc"}
    program = f"import sys; sys.path.insert(0, {str(target)!r})\n{TEN_LINES}"
    assert python("-c", program, cwd=tmp_path).split() == [mlalias.__version__, "one", str(target)]


@pytest.mark.sweep
def test_a_wheel_in_an_empty_environment(wheel, tmp_path):
    venv.create(tmp_path / "venv", with_pip=True)
    there = tmp_path / "venv" / "bin" / "python"
    subprocess.run([there, "-m", "pip", "install", "-q", str(wheel)], check=True)
    done = subprocess.run([there, "-c", TEN_LINES], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.split()[:2] == [mlalias.__version__, "one"]
    assert str(tmp_path / "venv") in done.stdout
    words = [tmp_path / "venv" / "bin" / "mlalias", "resolve", "mine", "--catalog", "catalog", "-o", "json"]
    shown = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert json.loads(shown)["resolved"] == [{"name": "mine", "model_id": "one"}]
