"""What all tests share: paths, the names in the sample, the fence, and the result of a command.

    TOP, TESTS, SAMPLE, SAMPLE_FILES    paths: the project, its tests, the sample and its files
    OLD, NEW, SLIM, LATE, SST, ...      the ids of models in the sample, by what tests use them for
    MLALIAS, PATH                       the program as a subprocess, and a `PATH` on which shells find it
    Result                              the exit code of a command, and what it printed
    fence                               an environment without anything of the person who runs the tests
    build_sample                        a catalog of the sample, where the fixtures below do not reach
    contents                            the files below a directory, to compare a catalog before and after

The fixtures are in the `conftest.py` of each folder:

    all tests         `run` calls a command as `main` does; `catalog` is a path with nothing there; `sample` is a catalog
                      with the sample in it; `seed` imports a declaration; `pristine` is the sample, not to be changed
    tests/cluster     `cluster`, `place`, `declared`
    tests/directory   `scenario`, `report`
    tests/rest        `server`, `sample_server`

The tests in tests/core and tests/edits need none of them: they work on values (`values.py`).
"""

import json
import os
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from mlalias.cli.main import main

TESTS = Path(__file__).parent
TOP = TESTS.parent

# --- the sample: twelve models, six aliases, three pipelines, two endpoints, two indices ---

SAMPLE = TESTS / "sample"
SAMPLE_FILES = tuple(SAMPLE / f"{name}.json" for name in ("models", "stats", "pipelines", "endpoints", "mappings"))

# Regression: `flight_delay_model` names OLD, NEW takes its place, and SLIM has few of its fields.
OLD, NEW = "flight-delay-prediction-1574775339910", "flight-delay-prediction-1580004349800"
SLIM = "flight-delay-slim-1612000000000"
# Classification of flights: `flight_delayed` and `is-flight-late` name it.
LATE = "flight-delayed-classification-1601405047985"
# Classification of text, deployed: `sentiment` names it. `sst-2-next` is deployed too, `sst-2-draft` is not.
SST = "distilbert-base-uncased-finetuned-sst-2-english"

# --- the program ---

MLALIAS = (sys.executable, "-m", "mlalias")
PATH = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"


class Result(NamedTuple):
    """The exit code of a command, and what it printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output, parsed."""
        return json.loads(self.out)


# --- the fence ---

_SETTINGS = ("NO_COLOR", "FORCE_COLOR", "COLUMNS")
_FENCED = {"MLALIAS_ACTOR": "ada@lab", "SOURCE_DATE_EPOCH": "1795514651", "TZ": "UTC"}


def fence(patch, directory):
    """Remove the settings of the person who runs the tests; home and catalog are below a directory.

    The actor and the time are fixed. Processes that a test starts inherit all of it.
    """
    for name in list(os.environ):
        if name.startswith(("MLALIAS_", "ES_", "XDG_")) or name in _SETTINGS:
            patch.delenv(name)
    patch.setenv("HOME", str(directory / "home"))
    patch.setenv("MLALIAS_CATALOG", str(directory / "catalog"))
    for name, value in _FENCED.items():
        patch.setenv(name, value)


def build_sample(directory):
    """Make a catalog of the sample in a directory, and pass the directory on."""
    with pytest.MonkeyPatch.context() as patch:
        fence(patch, directory.parent)
        assert main(["import", *map(str, SAMPLE_FILES), "--catalog", str(directory), "-q"]) == 0
    return directory


def contents(directory):
    """Every file below a directory, with its bytes."""
    return {
        str(path.relative_to(directory)): path.read_bytes() for path in sorted(directory.rglob("*")) if path.is_file()
    }
