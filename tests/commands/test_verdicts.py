"""One move, judged in four places: by `put`, by its dry run, by `compare`, and over REST."""

import json
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlalias.edits.aliases import put
from mlalias.rest.routes import find as find_route
from mlalias.stores.directory.store import DirectoryStore

STATE = st.sampled_from([None, "starting", "started", "stopping", "failed"])
COUNT = st.none() | st.integers(0, 2)
deployments = st.none() | st.lists(st.tuples(STATE, COUNT), max_size=3)


def declared(model_id, found):
    """A model of which it is told how it is deployed, or nothing."""
    lines = [f"[models.{model_id}]", 'model_type = "pytorch"', "inference_config.ner = {}"]
    if found == []:
        lines.append("deployments = []")
    for index, (state, count) in enumerate(found or ()):
        lines += [f"[[models.{model_id}.deployments]]", f'deployment_id = "{model_id}-{index}"']
        lines += [f'state = "{state}"'] if state else []
        lines += [f"allocation_count = {count}"] if count is not None else []
    return "\n".join(lines) + "\n"


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(old=deployments, new=deployments)
def test_known_and_unknown_deployments_get_the_same_verdict_everywhere(run, old, new):
    with tempfile.TemporaryDirectory() as directory:
        catalog, text = Path(directory) / "catalog", Path(directory) / "seed.toml"
        text.write_text(declared("old", old) + declared("new", new) + '[aliases]\nx = "old"\n')
        assert run("import", text, "--catalog", catalog).code == 0
        compared = run("compare", "old", "new", "-o", "json", "--catalog", catalog).json
        dry = run("put", "new", "x", "-r", "-n", "-o", "json", "--catalog", catalog)
        outcomes = {rule["rule"]: rule["outcome"] for rule in dry.json["rules"]}
        assert {rule["rule"]: rule["outcome"] for rule in compared["rules"]}.items() <= outcomes.items()
        assert compared["movable"] == (dry.code == 0)
        strict = run("put", "new", "x", "-r", "-n", "--strict", "-o", "json", "--catalog", catalog)
        assert (strict.code == 0) == ("warn" not in outcomes.values() and dry.code == 0)

        plan = rest_plan(catalog)
        assert [error.rule for error in plan.errors] == [error["rule"] for error in dry.json.get("errors", [])]
        assert [caution.message for caution in plan.warnings] == [w["message"] for w in dry.json.get("warnings", [])]

        done = run("put", "new", "x", "-r", "-o", "json", "--catalog", catalog)
        assert (done.code, done.json.get("errors")) == (dry.code, dry.json.get("errors"))
        assert done.json.get("warnings") == dry.json.get("warnings")
