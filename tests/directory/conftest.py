"""A write to be killed, failed or cut off from power, and a figure to be shown."""

import pytest
from scenarios import Scenario


@pytest.fixture
def scenario(request, run, tmp_path, pristine, monkeypatch):
    """A scenario by its name, given by indirect parametrization."""
    (tmp_path / "elsewhere").mkdir()
    made = Scenario(request.param, run, tmp_path / "disk", pristine, tmp_path / "elsewhere")
    monkeypatch.setenv("MLALIAS_CATALOG", str(made.catalog))
    made.measure()
    return made


@pytest.fixture
def report(request, capsys):
    """Tell a figure of a sweep on the terminal: `report("points", 12)`."""

    def report(what, figure):
        if request.node.get_closest_marker("sweep"):
            with capsys.disabled():
                print(f"\n{request.node.callspec.id if hasattr(request.node, 'callspec') else ''}: {what}: {figure}")

    return report
