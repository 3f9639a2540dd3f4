"""What is read of a cluster: all of it, however large it is, and as far as a key may see it."""

import json
import re
from fnmatch import fnmatchcase

import pytest
from cluster_fixtures import cluster, directory, fenced, run, sample_source
from cluster_support import PRODUCT, Told, answering, error, good

pytestmark = pytest.mark.usefixtures("fenced")

# --- more models than a server lists ---

WINDOW = 10_000


def _server(ids):
    """Models as a server lists them: no further than its search looks, as index.max_result_window says.

    https://www.elastic.co/docs/reference/elasticsearch/index-settings/index-modules#index-max-result-window
    """

    def answer(asked):
        if asked.parts[0] == "_ingest":
            return Told({}, 404, PRODUCT)
        patterns = asked.parts[2].split(",") if len(asked.parts) > 2 else ["*"]
        if asked.path.endswith("/_stats"):
            return good({"count": len(patterns), "trained_model_stats": [_stats(each) for each in patterns]})
        start, size = int(asked.parameters["from"]), int(asked.parameters["size"])
        if start + size > WINDOW:
            return error(400, "search_phase_execution_exception", "all shards failed")
        found = [model_id for model_id in ids if any(fnmatchcase(model_id, pattern) for pattern in patterns)]
        configs = [{"model_id": model_id, "model_type": "pytorch"} for model_id in found[start : start + size]]
        return good({"count": len(found), "trained_model_configs": configs})

    return answer


def _stats(model_id):
    deployment = {"deployment_id": model_id, "model_id": model_id, "state": "started"}
    return {"model_id": model_id, "deployment_stats": deployment | {"allocation_status": {"allocation_count": 1}}}


@pytest.mark.parametrize(
    "ids",
    [
        [f"m{number:05}" for number in range(WINDOW)],
        [f"{letter}{number:05}" for letter in "az" for number in range(WINDOW // 2 + 1)],
        ["ab", ".packaged", *(f"ab{tail}{number:05}" for tail in (".", "9") for number in range(WINDOW // 2 + 1))],
    ],
    ids=["as many as it lists", "more", "more of one beginning"],
)
def test_every_model_is_read_however_many_there_are(ids, run):
    ids.sort()
    with answering(_server(ids)) as cluster:
        done = run("models", "-o", "tsv", "--catalog", cluster.url)
    assert done.code == 0, done.err
    assert [line.split("\t")[0] for line in done.out.splitlines()] == ids
    assert {line.split("\t")[4] for line in done.out.splitlines()} == {"started 1/0"}
    assert all(len(asked.path) < 4096 - 500 for asked in cluster.front.asked)
