"""The scripts in `completions/`, and their installation for the shell that runs mlalias."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from shlex import quote
from typing import NamedTuple

from mlalias.errors import Hint, WrongUsage

SCRIPTS = Path(__file__).parent / "completions"


class Shell(NamedTuple):
    """A shell: how to ask it for its start-up file, and the path of its script, relative to that file's directory.

    `line` loads the script. It is added to the start-up file of a shell that does not find the script by itself.
    """

    script: str
    ask: tuple[str, ...]
    place: str
    line: Callable[[Path], str] | None = None


_POWERSHELL = Shell(
    "mlalias.ps1",
    ("-NoProfile", "-Command", "$PROFILE"),
    "mlalias.completion.ps1",
    lambda place: ". '{}'".format(str(place).replace("'", "''")),
)
SHELLS = {
    "bash": Shell(
        "mlalias.bash",
        ("--norc", "-c", 'printf "%s\\n" "$HOME/.bashrc"'),
        ".bash_completions/mlalias.sh",
        lambda place: f"source {quote(str(place))}",
    ),
    "zsh": Shell(
        "_mlalias",
        ("-c", 'print -r -- "${ZDOTDIR:-$HOME}/.zshrc"'),
        ".zfunc/_mlalias",
        lambda place: f"fpath+=({quote(str(place.parent))}); autoload -Uz compinit; compinit",
    ),
    "fish": Shell(
        "mlalias.fish", ("-c", 'printf "%s\\n" "$__fish_config_dir/config.fish"'), "completions/mlalias.fish"
    ),
    "powershell": _POWERSHELL,
    "pwsh": _POWERSHELL,
}


def script() -> str:
    """The script for the shell that runs mlalias; raises WrongUsage if it is not in `SHELLS`."""
    name, _ = _running()
    return (SCRIPTS / SHELLS[name].script).read_text("utf-8")


def install() -> str:
    """Install that script, and return a sentence with its path; raises WrongUsage."""
    name, program = _running()
    shell = SHELLS[name]
    startup = _startup_file(program, shell)
    place = startup.parent / shell.place
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(script(), "utf-8")
    if shell.line:
        _add_line(startup, shell.line(place))
    return f"{name} completion is installed in {place}; it works in every shell that you start from now on\n"


def _running() -> tuple[str, str]:
    """The name of the shell that runs mlalias, and its program."""
    import shellingham

    name, program = "", ""
    with suppress(shellingham.ShellDetectionFailure):
        name, program = shellingham.detect_shell()
    if name not in SHELLS:
        known = "bash, zsh, fish and PowerShell"
        reason = f"there is no completion for the shell '{name}'" if name else "no shell runs this command"
        raise WrongUsage(reason, Hint(f"run it in one of {known}; their scripts are in {SCRIPTS}"))
    return name, program


def _startup_file(program: str, shell: Shell) -> Path:
    """The start-up file. The shell is asked, because the variables that set its path may not be exported."""
    import subprocess

    lines = subprocess.run([program, *shell.ask], capture_output=True, text=True, check=False).stdout.splitlines()
    if not lines:
        raise WrongUsage(f"{program} does not say where its start-up file is")
    return Path(lines[-1])


def _add_line(file: Path, line: str) -> None:
    """Append a line to a file, unless it is there."""
    text = file.read_text("utf-8") if file.exists() else ""
    if line not in text.splitlines():
        unfinished = text and not text.endswith("\n")
        with file.open("a", encoding="utf-8") as stream:
            stream.write(f"\n{line}\n" if unfinished else f"{line}\n")
