"""Text that would move a cursor, turn a line around or be taken for markup is shown, and does nothing."""

import json
import os
import pty
import re
import sys

import pytest
from harness import OLD

from mlalias.cli.main import main

HOSTILE = "[red]x[/red] [/old] \x1b]0;t\x07\x1b[2J\x9b31m\u202e\u2066\u200b\u2028\r\n\t\\ :smile: {0} %s 漢é"
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_ACTIVE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")

Q = json.dumps(HOSTILE)
MODEL = f"""
model_type = {Q}
description = {Q}
created_by = {Q}
version = {Q}
tags = [{Q}]
input.field_names = [{Q}, "a"]
inference_config.{Q} = {{ {Q} = {Q} }}
metadata.{Q} = [{Q}, {{ {Q} = {Q} }}]
{Q} = {Q}
[[deployments]]
deployment_id = {Q}
state = {Q}
reason = {Q}
allocation_count = 1
target_allocation_count = 1
"""
PIPELINES = f"""
{Q} = {Q}
[pipelines]
{Q} = ["h", "hostile", {Q}]
"""
DECLARED = f"""
[aliases]
h = "hostile"
[models.hostile]
description = {json.dumps(HOSTILE + "2")}
[models.other]
input.field_names = [{Q}]
[pipelines]
{json.dumps(HOSTILE + "2")} = [{Q}]
"""


@pytest.fixture
def hostile(run, sample, tmp_path, monkeypatch):
    """A catalog in which every string that can be hostile is."""
    for model_id in ("hostile", "also-hostile"):
        (sample / "models" / f"{model_id}.toml").write_text(MODEL)
    (sample / "pipelines.toml").write_text(PIPELINES)
    monkeypatch.setenv("MLALIAS_ACTOR", HOSTILE)
    assert run("put", "hostile", "h", "-m", HOSTILE).code == 0
    assert run("put", "also-hostile", "h", "-r", "-m", HOSTILE).code == 0
    history = sample / "history.jsonl"
    history.write_text(history.read_text().replace('"command": "put"', f'"command": {Q}'))
    table = sample / "aliases.toml"
    table.write_text(table.read_text().replace("format = 1", f"format = 1\n{Q} = {Q}"))
    (sample / "models" / f"{HOSTILE.replace('/', '')}.toml").write_text("")
    (tmp_path / "declared.toml").write_text(DECLARED)
    (tmp_path / HOSTILE.replace("/", "")).write_text(HOSTILE)
    monkeypatch.chdir(tmp_path)
    return sample


COMMANDS = [
    ("list",), ("list", "h"), ("models",), ("models", "*hostile"), ("show", "h"), ("show", "hostile"),
    ("compare", "h", "hostile"), ("compare", "hostile", OLD), ("history",), ("history", "h"), ("verify",),
    ("export",), ("export", "--format", "elasticsearch"), ("resolve", "h"), ("resolve", HOSTILE), ("show", HOSTILE),
    ("put", "hostile", "h"), ("put", "hostile", "h", "-r", "-n"), ("put", OLD, "h", "-r"), ("put", HOSTILE, HOSTILE),
    ("put", "hostile", HOSTILE), ("put", HOSTILE, "new"), ("put", "hostile", "h", "--if-current", HOSTILE),
    ("put", "hostile", "h", "-r"), ("delete", "h"), ("delete", HOSTILE), ("delete", "h", "--model", HOSTILE),
    ("rollback", "h"), ("rollback", "h", "-n"), ("rollback", HOSTILE), ("forget", "hostile"), ("forget", HOSTILE),
    ("forget", "also-hostile", "--force"), ("apply", "declared.toml", "-n"), ("apply", "declared.toml"),
    ("import", "declared.toml", "-n"), ("import", "declared.toml", "-r"), ("import", HOSTILE),
    ("import", HOSTILE.replace("/", "")), ("apply", HOSTILE.replace("/", "")), ("list", HOSTILE), ("list", f"{HOSTILE}*"),
    ("history", HOSTILE), ("list", "--catalog", HOSTILE), (HOSTILE,),
    ("list", f"--{HOSTILE}"), ("list", "-o", HOSTILE), ("rollback", "h", "--to", HOSTILE), ("history", "--limit", HOSTILE),
]  # fmt: skip


WRITERS = ("put", "delete", "rollback", "forget", "apply", "import")


def on_terminal(words):
    """What a command prints on a terminal of 100 columns, both streams together."""
    pid, leader = pty.fork()
    if pid == 0:
        code = 70
        try:
            os.environ |= {"TERM": "xterm-256color", "COLUMNS": "100"}
            sys.stdout, sys.stderr = (os.fdopen(number, "w", closefd=False) for number in (1, 2))
            code = main(list(words))
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    chunks = []
    while True:
        try:
            chunk = os.read(leader, 65536)
        except OSError:  # the other end is closed
            break
        chunks.append(chunk)
    os.close(leader)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) < 10
    return b"".join(chunks).decode().replace("\r\n", "\n")


def dry(words):
    """The command, without the write if it is one."""
    return (*words, "-n") if words[0] in WRITERS and "-n" not in words else words


def judge(words, text):
    assert not _ACTIVE.findall(_COLOUR.sub("", text)), words
    assert "Traceback" not in text, words


def test_on_a_terminal(hostile):
    for words in COMMANDS:
        judge(words, on_terminal(dry(words)))


def test_in_a_pipe(run, hostile):
    for words in COMMANDS:
        ran = run(*dry(words))
        judge(words, ran.out + ran.err)
        assert not _COLOUR.findall(ran.out + ran.err), words


def test_writes(run, hostile):
    for words in COMMANDS:
        if words[0] in WRITERS:
            ran = run(*words)
            judge(words, ran.out + ran.err)
    assert run("verify").code == 0


@pytest.mark.parametrize("form", ["tsv", "json"])
def test_in_a_script(run, hostile, form):
    for words in COMMANDS:
        if words[0] not in ("export", "path", "import"):
            ran = run(*dry(words), "-o", form)
            judge(words, ran.out.replace("\t", "") + ran.err)
            assert form == "tsv" or json.loads(ran.out) is not None
