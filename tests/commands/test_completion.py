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
from harness import MLALIAS, NEW, OLD, PATH, TOP

COMPLETIONS = TOP / "mlalias" / "cli" / "completions"

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


ZSH = [
    f"fpath=({COMPLETIONS} $fpath); autoload -Uz compinit; compinit -u -d $HOME/.zcompdump",
    "zstyle ':completion:*' list-prompt ''; zstyle ':completion:*' list-separator '#'; LISTMAX=1000; unsetopt beep",
]


def zsh(line, setup=(), **environment):
    """The words that zsh offers, or has put in, when a line is typed, and Tab twice."""
    lines = [*(setup or ZSH[:1]), ZSH[1], "PS1='> '; PS2=''", "print -r -- re''ady"]
    return _typed(["zsh", "-f", "-i"], lines, f"{line}\t\t\x15print -r -- do''ne\n", environment)


def bash_typed(line, **environment):
    """The same in bash, which reads ~/.bashrc."""
    settings = ("completion-query-items 0", "page-completions off", "show-all-if-ambiguous on")
    lines = [*(f"bind 'set {setting}'" for setting in settings), "PS1='> '; PS2=''", "echo re''ady"]
    return _typed(["bash", "-i"], lines, f"{line}\t\t\x15echo do''ne\n", environment)


def _typed(shell, setup, keys, environment):
    """What a terminal shows of an interactive shell after the keys, which end with echoing `done`."""
    leader, follower = pty.openpty()
    more = {"PATH": PATH, "TERM": "dumb", "COLUMNS": "200", "LINES": "100", "ZDOTDIR": os.environ["HOME"]}
    Path(os.environ["HOME"]).mkdir(exist_ok=True)
    with subprocess.Popen(
        shell,
        stdin=follower,
        stdout=follower,
        stderr=follower,
        env=os.environ | more | environment,
        start_new_session=True,
    ) as process:
        os.close(follower)
        os.write(leader, ("\n".join(setup) + "\n").encode())
        _read_until(leader, "\nready")
        os.write(leader, keys.encode())
        screen = _read_until(leader, "\ndone")
        process.kill()
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
    ("mlalias help not_", {"not_deployed", "not_allocated"}, {"notes", "elser"}),
    ("mlalias help ser", {"serve"}, {"sentiment"}),
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


@pytest.fixture
def moved(sample, run):
    """The sample after two moves of one alias."""
    for model_id in (NEW, OLD):
        assert run("put", model_id, "flight_delay_model", "--reassign").code == 0


@pytest.mark.parametrize("shell", [needs("bash"), needs("fish")])
def test_revisions_of_the_alias_are_offered_after_to(moved, shell):
    complete = {"bash": bash, "fish": fish}[shell]
    assert complete("mlalias rollback flight_delay_model --to ") == ["3", "2", "1"]
    assert complete("mlalias rollback elser --to ") == ["1"]
    assert complete("mlalias rollback flight_delay_model --to 2") == ["2"]
    assert complete("mlalias rollback --to ") == []


def test_zsh_offers_revisions_with_what_the_alias_named(moved):
    if shutil.which("zsh") is None:
        pytest.skip("zsh is not installed")
    screen = zsh("mlalias rollback flight_delay_model --to ")
    assert re.search(rf"\n2 +# {NEW}", screen)


FILES = [
    ("mlalias apply decl", {"declared.toml", "declarations/"}),
    ("mlalias import decl", {"declared.toml", "declarations/"}),
    ("mlalias apply --prune decl", {"declared.toml", "declarations/"}),
    ("mlalias list --catalog decl", {"declarations/"}),
    ("mlalias show decl", set()),
    ("mlalias apply x.toml --only decl", set()),
    ("mlalias apply -m decl", set()),
    ("mlalias decl", set()),
    ("mlalias history --limit decl", set()),
]


@pytest.mark.parametrize("shell", [needs("bash"), needs("zsh"), needs("fish")])
@pytest.mark.parametrize(("line", "offered"), FILES, ids=[line for line, _ in FILES])
def test_file_names_stand_only_where_a_file_can(sample, tmp_path, monkeypatch, shell, line, offered):
    (tmp_path / "declared.toml").touch()
    (tmp_path / "declarations").mkdir()
    monkeypatch.chdir(tmp_path)
    home = tmp_path / "home"
    home.mkdir()
    (home / ".bashrc").write_text(f"source {COMPLETIONS}/mlalias.bash\n")
    screen = {"bash": bash_typed, "zsh": zsh, "fish": lambda line: " ".join(fish(line))}[shell](line)
    assert {word for word in screen.split() if word in ("declared.toml", "declarations/")} == offered


@pytest.mark.parametrize("shell", [needs("bash"), needs("zsh"), needs("fish")])
def test_installed_completion_works_in_a_new_shell(moved, shell, tmp_path):
    home = tmp_path / "home"
    home.mkdir(exist_ok=True)
    environment = {"HOME": str(home), "PATH": PATH}
    for _ in range(2):  # again changes nothing
        done = subprocess.run(
            [shell, "-c", "mlalias --install-completion; true"],
            env=os.environ | environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stderr == ""
        assert f"{shell} completion is installed in {home}/" in done.stdout
    startup = home / f".{shell}rc"
    assert not startup.exists() or startup.read_text().count("\n") == 1

    def offered(line):
        if shell == "bash":
            return bash_typed(line, **environment)
        if shell == "fish":
            return "\n".join(_lines(["fish", "-c", "complete -C $argv[1]", line], environment))
        return zsh(line, setup=["source ~/.zshrc"], **environment)

    assert {"flight_delay_model", "flight_delayed"} <= set(offered("mlalias rollback fl").split())
    assert {"1", "2", "3"} <= set(offered("mlalias rollback flight_delay_model --to ").split())


def test_the_script_is_shown(tmp_path):
    done = subprocess.run(
        ["bash", "-c", "mlalias --show-completion; :"],
        env=os.environ | {"PATH": PATH},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == (COMPLETIONS / "mlalias.bash").read_text()


def test_powershell_is_asked_for_its_profile(tmp_path, monkeypatch, capsys):
    """There is no PowerShell at hand: a program stands in for it that prints `$PROFILE`, as documented.

    https://learn.microsoft.com/en-us/powershell/module/microsoft.powershell.core/about/about_profiles
    """
    import shellingham

    from mlalias.cli.main import main

    profile = tmp_path / "it's here" / "Microsoft.PowerShell_profile.ps1"
    pwsh = tmp_path / "bin" / "pwsh"
    pwsh.parent.mkdir()
    pwsh.write_text(f'#!/bin/sh\necho "{profile}"\n')
    pwsh.chmod(0o755)
    monkeypatch.setattr(shellingham, "detect_shell", lambda: ("pwsh", str(pwsh)))
    assert main(["--install-completion"]) == 0
    place = profile.parent / "mlalias.completion.ps1"
    assert place.read_text() == (COMPLETIONS / "mlalias.ps1").read_text()
    assert profile.read_text() == f". '{str(place).replace(chr(39), chr(39) * 2)}'\n"


@pytest.mark.parametrize(("detected", "sentence"), [("tcsh", "no completion for the shell 'tcsh'"), (None, "no shell")])
def test_a_shell_without_a_script_is_told(run, monkeypatch, detected, sentence):
    import shellingham

    def detect():
        if detected is None:
            raise shellingham.ShellDetectionFailure
        return detected, f"/bin/{detected}"

    monkeypatch.setattr(shellingham, "detect_shell", detect)
    ran = run("--install-completion")
    assert ran.code == 2
    assert sentence in ran.err


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
