"""Completion in real shells: bash and fish through their completion interfaces, zsh on a pseudo-terminal."""

import os
import pty
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from harness import MLALIAS, OLD, PATH, TOP

COMPLETIONS = TOP / "completions"

BASH = """
source "$1"
COMP_LINE=$2 COMP_POINT=${#2}
read -ra COMP_WORDS <<< "$2"
[[ $2 == *" " ]] && COMP_WORDS+=("")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_mlalias mlalias
printf '%s\\n' "${COMPREPLY[@]}"
"""


def needs(shell):
    return pytest.param(
        shell, marks=pytest.mark.skipif(shutil.which(shell) is None, reason=f"{shell} is not installed")
    )


def bash(line, **environment):
    return _lines(["bash", "-c", BASH, "bash", COMPLETIONS / "mlalias.bash", line], environment)


def fish(line, **environment):
    program = f"source {COMPLETIONS}/mlalias.fish; complete -C (string unescape -- $argv[1])"
    return [found.split("\t")[0] for found in _lines(["fish", "--no-config", "-c", program, line], environment)]


def _lines(command, environment):
    done = subprocess.run(
        command, env=os.environ | {"PATH": PATH} | environment, capture_output=True, text=True, check=False, timeout=30
    )
    assert done.stderr == ""
    return [line for line in done.stdout.splitlines() if line]


def zsh(line, setup=None, **environment):
    """Type a line and Tab twice into an interactive zsh, and tell the words that it offers or has put in."""
    setup = [
        *(setup or [f"fpath=({COMPLETIONS} $fpath); autoload -Uz compinit; compinit -u -d $HOME/.zcompdump"]),
        "zstyle ':completion:*' list-prompt ''; zstyle ':completion:*' list-separator '#'; LISTMAX=1000; unsetopt beep; PS1='> '; PS2=''",
        "print -r -- re''ady",
    ]
    leader, follower = pty.openpty()
    more = {"PATH": PATH, "TERM": "dumb", "COLUMNS": "200", "LINES": "100", "ZDOTDIR": os.environ["HOME"]}
    Path(os.environ["HOME"]).mkdir(exist_ok=True)
    with subprocess.Popen(
        ["zsh", "-f", "-i"],
        stdin=follower,
        stdout=follower,
        stderr=follower,
        env=os.environ | more | environment,
        start_new_session=True,
    ) as shell:
        os.close(follower)
        os.write(leader, ("\n".join(setup) + "\n").encode())
        _read_until(leader, "\nready")
        os.write(leader, f"{line}\t\t\x15print -r -- do''ne\n".encode())
        screen = _read_until(leader, "\ndone")
        shell.kill()
    os.close(leader)
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]|\x07", "", screen)


def _read_until(leader, wanted):
    """Read a terminal until a text comes."""
    os.set_blocking(leader, False)
    screen, end = "", time.monotonic() + 20
    while wanted not in screen and time.monotonic() < end:
        try:
            screen += os.read(leader, 65536).decode(errors="replace").replace("\r", "\n")
        except (BlockingIOError, OSError):
            time.sleep(0.02)
    return screen


OFFERS = [
    ("mlalias rol", {"rollback"}, {"put"}),
    ("mlalias put sst", {"sst-2-draft", "sst-2-next"}, {"sentiment"}),
    ("mlalias put .", {".elser_model_2", ".multilingual-e5-small"}, {OLD}),
    ("mlalias put sst-2-next ", {"elser", "is-flight-late", "people-and-places"}, {"sst-2-next", OLD}),
    ("mlalias rollback ", {"elser", "flight_delay_model"}, {OLD}),
    ("mlalias show s", {"sentiment", "sst-2-next"}, {"elser"}),
    ("mlalias forget lang", {"lang_ident_model_1"}, {"elser"}),
    ("mlalias put --if-current sst-2-", {"sst-2-draft", "sst-2-next"}, {"elser"}),
    ("mlalias list -o ", {"table", "tsv", "json"}, {"elser"}),
    ("mlalias list --ou", {"--output"}, {"--catalog"}),
    ("mlalias resolve --catalog /nowhere e", set(), {"elser"}),
]


@pytest.mark.parametrize("shell", [needs("bash"), needs("fish")])
@pytest.mark.parametrize(("line", "offered", "not_offered"), OFFERS, ids=[line for line, _, _ in OFFERS])
def test_candidates(sample, shell, line, offered, not_offered):
    found = {"bash": bash, "fish": fish}[shell](line)
    assert offered <= set(found)
    assert not_offered.isdisjoint(found)


@pytest.mark.parametrize("shell", [needs("zsh")])
@pytest.mark.parametrize(("line", "offered", "not_offered"), OFFERS, ids=[line for line, _, _ in OFFERS])
def test_candidates_of_zsh(sample, shell, line, offered, not_offered):
    screen = zsh(line)
    words = set(screen.split())
    assert offered <= words
    assert not_offered.isdisjoint(words - set(line.split()))


@pytest.mark.parametrize("shell", [needs("bash"), needs("fish")])
def test_a_catalog_on_the_same_line_is_honoured(sample, tmp_path, shell):
    other = tmp_path / "other"
    shutil.copytree(sample, other)
    (other / "models" / "sst-2-elsewhere.toml").write_text("")
    complete = {"bash": bash, "fish": fish}[shell]
    for line in (f"mlalias put --catalog {other} sst", f"mlalias put --catalog={other} sst"):
        assert set(complete(line)) == {"sst-2-draft", "sst-2-next", "sst-2-elsewhere"}
    assert complete("mlalias put --catalog https://127.0.0.1:1 sst") == []


@pytest.mark.parametrize("shell", [needs("bash"), needs("fish"), needs("zsh")])
@pytest.mark.parametrize("where", ["table", "file"])
def test_nothing_in_a_catalog_runs_in_the_shell(sample, tmp_path, shell, where):
    hostile = [
        "$(touch pwned)",
        "`touch pwned`",
        "; touch pwned;",
        "a$(touch${IFS}pwned)",
        "'\"; touch pwned; \"'",
        "x\ny",
    ]
    if where == "table":
        table = sample / "aliases.toml"
        rows = "".join(
            f'"{name}" = "{OLD}"\n'
            for name in (name.replace("\\", "").replace('"', "").replace("\n", "") for name in hostile)
        )
        table.write_text(table.read_text() + rows)
    else:
        for name in hostile:
            (sample / "models" / f"{name}.toml").write_text("")
    complete = {"bash": bash, "fish": fish, "zsh": zsh}[shell]
    found = complete("mlalias show ")
    assert "touch" not in "".join(found)
    assert not list(tmp_path.rglob("pwned")) + list(Path.cwd().glob("pwned"))


@pytest.mark.parametrize("shell", [needs("bash"), needs("fish")])
@pytest.mark.parametrize("content", ["", "[[[", "format = 9"])
def test_a_damaged_catalog_is_silent(sample, shell, content):
    (sample / "aliases.toml").write_text(content)
    before = sorted(path.name for path in sample.iterdir())
    assert {"bash": bash, "fish": fish}[shell]("mlalias rollback e") == []
    assert sorted(path.name for path in sample.iterdir()) == before


@pytest.mark.parametrize("location", ["https://user:secret@es.example", "ftp://es.example", "/dev/null"])
def test_a_location_that_is_none_is_silent(monkeypatch, location):
    monkeypatch.setenv("MLALIAS_CATALOG", location)
    environment = os.environ | {
        "_MLALIAS_COMPLETE": "complete_bash",
        "COMP_WORDS": "mlalias resolve ",
        "COMP_CWORD": "2",
    }
    done = subprocess.run(MLALIAS, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "", "")


def test_the_lock_is_not_taken(sample):
    from fasteners import InterProcessLock

    with InterProcessLock(sample / ".lock"):
        assert bash("mlalias put sst-2-n") == ["sst-2-next"]


INSTALLED_BASH = """
source ~/.bashrc
COMP_WORDS=(mlalias rollback fl) COMP_CWORD=2 COMP_LINE="mlalias rollback fl" COMP_POINT=19
_mlalias_completion mlalias
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.mark.parametrize("shell", [needs("bash"), needs("zsh"), needs("fish")])
def test_install_completion_works_in_a_bare_shell(sample, shell, tmp_path):
    home = tmp_path / "home"
    home.mkdir(exist_ok=True)
    environment = {"HOME": str(home), "SHELL": shutil.which(shell)}
    done = subprocess.run(
        ["mlalias", "--install-completion", shell],
        env=os.environ | environment | {"PATH": PATH, "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert f"{shell} completion installed" in done.stdout
    if shell == "bash":
        found = _lines(["bash", "--norc", "-c", INSTALLED_BASH], environment)
    elif shell == "fish":
        found = [
            line.split("\t")[0] for line in _lines(["fish", "-c", 'complete -C "mlalias rollback fl"'], environment)
        ]
    else:
        # the first Tab of a new zsh only loads Typer's script; those of `completions/` answer at once
        found = zsh("mlalias rollback fl\t\t", setup=["source ~/.zshrc"], **environment).split()
    assert {"flight_delay_model", "flight_delayed"} <= set(found)


def test_completion_is_as_lean_as_resolve(sample):
    program = "import sys; from mlalias.cli.main import main; code = main([]); print(*sys.modules, file=sys.stderr)"
    environment = os.environ | {
        "_MLALIAS_COMPLETE": "complete_fish",
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
        "_TYPER_COMPLETE_ARGS": "mlalias put ",
    }
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert OLD in done.stdout
    assert {"rich", "fasteners", "elasticsearch", "mlalias.output.listings"}.isdisjoint(done.stderr.split())
