"""Elasticsearch's typed Java clients of both generations, which throw where an answer lacks a required key."""

import os
import subprocess
from pathlib import Path

import pytest
from harness import TESTS
from serve_support import ask, served
from test_clients import tool

JAVA = TESTS / "rest" / "java"
HOME = os.environ.get("HOME", "")  # where Maven keeps what it fetched; read before the environment is fenced


@pytest.fixture
def empty(tmp_path):
    """A server of an empty catalog."""
    with served(tmp_path) as found:
        ask(found.url, "DELETE", "/_ingest/pipeline/*")
        for path in (found.directory / "models").iterdir():
            path.unlink()
        (found.directory / "aliases.toml").write_text("format = 1\nrevision = 0\n[aliases]\n")
        (found.directory / "history.jsonl").unlink()
        yield found


def run(*command):
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=300, env={**os.environ, "HOME": HOME}
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("generation", ["8", "9"])
def test_every_typed_call_is_understood(empty, tmp_path, generation):
    maven, java, compiler = tool("mvn"), tool("java"), tool("javac")
    listed = tmp_path / "classpath"
    goal = ["dependency:build-classpath", f"-Dmdep.outputFile={listed}", "-Dmdep.includeScope=runtime"]
    run(maven, "-q", "-B", "-f", str(JAVA / generation / "pom.xml"), *goal)
    classes = f"{tmp_path / 'classes'}:{listed.read_text()}"
    sources = (JAVA / "TypedCalls.java", JAVA / generation / "Connect.java")
    run(compiler, "-nowarn", "-cp", classes, "-d", str(Path(tmp_path, "classes")), *map(str, sources))
    said = run(java, "-XX:TieredStopAtLevel=1", "-cp", classes, "TypedCalls", empty.url).splitlines()
    passed, _, total = said[-1].split()
    assert (said[:-1], passed) == ([], total)
    assert int(total) > 50
