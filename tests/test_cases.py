"""Whole-tool cases, each a folder.

    before.toml   the catalog before, imported and then changed by the commands in `given`, if there is one;
                  without it the sample, or an empty catalog where the folder is called `empty-...`
    command       a line for the shell, from the top of the project
    columns       the width of the terminal that it runs on; without it, standard output is a pipe
    color         there if the terminal has colours
    stdout, stderr, exit
    after.toml    the catalog after, as `export` has it; without it the catalog is as before

`pytest tests/test_cases.py --update-cases` writes what the program does now; read the difference before you commit it.
"""

import shlex
import shutil

import pytest
from harness import TESTS, TOP
from terminal import plain

from mlalias.output.page import Screen, Screens

CASES = sorted(path for path in (TESTS / "cases").iterdir() if path.is_dir())


def text(path, default=""):
    return path.read_text() if path.exists() else default


@pytest.fixture
def prepared(request, run, catalog, pristine, monkeypatch):
    """The folder of a case, with its catalog in place."""
    case = request.param
    monkeypatch.chdir(TOP)
    if (case / "before.toml").exists():
        assert run("import", case / "before.toml", "-q").code == 0
    elif not case.name.startswith("empty-"):
        shutil.copytree(pristine, catalog)
    for line in text(case / "given").splitlines():
        assert run(*shlex.split(line)[1:], "-q").code == 0, line
    return case


@pytest.mark.parametrize("prepared", CASES, ids=[case.name for case in CASES], indirect=True)
def test_case(request, run, prepared):
    before = run("export").out
    program, *words = shlex.split(text(prepared / "command"))
    assert program == "mlalias"
    columns = text(prepared / "columns")
    screen = Screen(int(columns) if columns else None, color=(prepared / "color").exists(), blocks=True)
    ran = run(*words, screens=Screens(screen, screen))
    after = run("export").out
    found = {
        "stdout": ran.out,
        "stderr": ran.err,
        "exit": f"{ran.code}\n",
        "after.toml": "" if after == before else after,
    }
    if request.config.getoption("--update-cases"):
        for name, content in found.items():
            (prepared / name).write_text(content) if content else (prepared / name).unlink(missing_ok=True)
    assert found == {name: text(prepared / name) for name in found}


@pytest.mark.parametrize("case", [case for case in CASES if (case / "columns").exists()], ids=lambda case: case.name)
def test_what_a_case_shows_fits_its_terminal(case):
    """Only what is never broken may be longer: a command, which has a line of its own, and a name."""
    columns = int(text(case / "columns"))
    for line in plain(text(case / "stdout") + text(case / "stderr")).splitlines():
        name = max(line.split(), key=len, default="")
        assert len(line) <= columns or line.startswith("    mlalias ") or len(name) > columns // 2, line
