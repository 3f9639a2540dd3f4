"""One move, judged in four places: by `put`, by its dry run, by `compare`, and over REST."""

import json
import shutil

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlalias.cli.main import main

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


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(old=deployments, new=deployments)
def test_known_and_unknown_deployments_get_the_same_verdict_everywhere(capsys, sample_server, tmp_path, old, new):
    def run(*words):
        capsys.readouterr()
        code = main([*words, "-o", "json", "--catalog", str(sample_server.directory)])
        return code, json.loads(capsys.readouterr().out)

    def reset():
        shutil.rmtree(sample_server.directory, ignore_errors=True)
        assert run("import", str(text))[0] == 0

    text = tmp_path / "seed.toml"
    text.write_text(declared("old", old) + declared("new", new) + '[aliases]\nx = "old"\n')
    reset()
    put = ("put", "new", "x", "--reassign")
    compared = run("compare", "old", "new")[1]
    code, dry = run(*put, "--dry-run")
    outcomes = {rule["rule"]: rule["outcome"] for rule in dry["rules"]}
    assert {rule["rule"]: rule["outcome"] for rule in compared["rules"]}.items() <= outcomes.items()
    assert compared["movable"] == (code == 0)
    strict, _ = run(*put, "--dry-run", "--strict")
    assert (strict == 0) == (code == 0 and "warn" not in outcomes.values())

    put_code, done = run(*put)
    assert (put_code, done.get("warnings")) == (code, dry.get("warnings"))
    assert [error["reason"] for error in done.get("errors", [])] == [error["reason"] for error in dry.get("errors", [])]

    reset()
    answer = sample_server.ask("PUT", "/_ml/trained_models/new/model_aliases/x?reassign=true")
    assert answer.status == (200 if code == 0 else 400)
    assert ("warning" in answer.headers) == (code == 0 and bool(dry["warnings"]))
    if code:
        assert json.loads(answer.body)["error"]["reason"] == dry["error"]["reason"]
