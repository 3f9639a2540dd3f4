"""Command lines with their expected output, one folder each.

    before.toml   the initial catalog, which is imported, and then changed by the commands in `given`, if that exists;
                  without it, the sample, or an empty catalog if the folder is called `empty-...`
    command       a line for the shell, from the top of the project
    columns       the width of the terminal; without it, standard output is a pipe
    color         exists if the terminal has colours
    stdout, stderr, exit
    changed       the files of the catalog that differ: the names of new and deleted files, and the changed lines of the
                  others; without it, the command must change nothing

`pytest tests/test_cases.py --update-cases` writes the current output; review the diff before you commit it.
"""

import difflib
import shlex
import shutil

import pytest
from harness import TESTS, TOP, contents
from terminal import plain

from mlalias.output.page import Screen, Screens

FILES = {"before.toml", "given", "command", "stdout", "stderr", "exit", "changed", "columns", "color"}
CASES = sorted(path for path in (TESTS / "cases").iterdir() if path.is_dir())


def text(path, default=""):
    return path.read_text() if path.exists() else default


def files(catalog):
    """The lines of every file of a catalog except the lock."""
    found = contents(catalog) if catalog.exists() else {}
    return {name: data.decode().splitlines() for name, data in found.items() if name != ".lock"}


def changed(before, after):
    """The difference between two catalogs, as a case stores it."""
    lines = []
    for name in sorted(before.keys() | after.keys()):
        if name in before and name in after:
            difference = list(difflib.unified_diff(before[name], after[name], n=0, lineterm=""))[2:]
            lines += [name] * bool(difference) + [line for line in difference if not line.startswith("@@")]
        else:
            lines.append(f"{name} {'is new' if name in after else 'is gone'}")
    return "".join(f"{line}\n" for line in lines)


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
def test_case(request, run, prepared, catalog):
    before = files(catalog)
    command = text(prepared / "command")
    program, *words = shlex.split(command)
    assert program == "mlalias"
    columns = text(prepared / "columns")
    screen = Screen(int(columns) if columns else None, color=(prepared / "color").exists(), blocks=True)
    ran = run(*words, screens=Screens(screen, screen))
    found = {
        "stdout": ran.out,
        "stderr": ran.err,
        "exit": f"{ran.code}\n",
        "changed": changed(before, files(catalog)),
    }
    if request.config.getoption("--update-cases"):
        for name, content in found.items():
            (prepared / name).write_text(content) if content else (prepared / name).unlink(missing_ok=True)
    assert found == {name: text(prepared / name) for name in found}, (
        f"{command.strip()}: if this is how it shall be, write the cases anew: "
        "python -m pytest tests/test_cases.py --update-cases"
    )


@pytest.mark.parametrize("case", [case for case in CASES if (case / "columns").exists()], ids=lambda case: case.name)
def test_what_a_case_shows_fits_its_terminal(case):
    """Only commands, which have a separate line, and names may be longer: they are never wrapped."""
    columns = int(text(case / "columns"))
    for line in plain(text(case / "stdout") + text(case / "stderr")).splitlines():
        name = max(line.split(), key=len, default="")
        assert len(line) <= columns or line.startswith("    mlalias ") or len(name) > columns // 2, line


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_every_file_of_a_case_is_used(case):
    more = {path.name for path in case.iterdir()} - FILES
    assert not [name for name in more if name not in text(case / "command")]
