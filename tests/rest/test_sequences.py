"""What code that deploys models does, with the official Python and JavaScript clients of generations 8 and 9.

`NODE_PATH` has `@elastic/elasticsearch` in generation 9, and generation 8 under the name `elasticsearch-8`;
`MLALIAS_PYTHON_CLIENT_8` is a directory with the Python client of generation 8. What is not there is skipped.
"""

import json
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from serve_support import environment
from test_clients import run, tool

PYTHON_8 = os.environ.get("MLALIAS_PYTHON_CLIENT_8", "")  # read before the environment is fenced

PYTHON = """
import json, os
from elasticsearch import ApiError, Elasticsearch
client = Elasticsearch(os.environ["ADDRESS"], max_retries=0)
ml, said = client.ml, []

def tried(act, **given):
    try:
        return act(**given).body
    except ApiError as error:
        return f"{error.status_code} {error.error}"

# under another id, stopped by the model's: it stays, and the alias may move only to what is deployed
ml.start_trained_model_deployment(model_id="sst-2-draft", deployment_id="draft-for-search")
said.append(tried(ml.stop_trained_model_deployment, model_id="sst-2-draft"))
said.append(tried(ml.put_trained_model_alias, model_id="sst-2-draft", model_alias="sentiment", reassign=True))
said.append(tried(ml.stop_trained_model_deployment, model_id="draft-for-search"))
said.append(tried(ml.put_trained_model_alias, model_id="sst-2-draft", model_alias="sst"))
said.append(tried(ml.put_trained_model_alias, model_id="sst-2-draft", model_alias="elser", reassign=True))

# ELSER: put, polled, put again, started, named
name = ".elser_model_2_linux-x86_64"
for _ in range(2):
    said.append(ml.put_trained_model(model_id=name, input={"field_names": ["text_field"]})["model_type"])
status = ml.get_trained_models(model_id=name, include="definition_status")
said.append(status["trained_model_configs"][0]["fully_defined"])
started = ml.start_trained_model_deployment(model_id=name, wait_for="started")
said.append(started["assignment"]["assignment_state"])
said.append(tried(ml.put_trained_model_alias, model_id=name, model_alias="linux-elser"))

# a start with a body, an update, the statistics
adaptive = {"enabled": True, "min_number_of_allocations": 2}
ml.start_trained_model_deployment(model_id="sst-2-draft", deployment_id="adaptive", adaptive_allocations=adaptive)
ml.update_trained_model_deployment(model_id="adaptive", adaptive_allocations={"enabled": False})
ml.update_trained_model_deployment(model_id="adaptive", number_of_allocations=3)
(entry,) = ml.get_trained_models_stats(model_id="adap*")["trained_model_stats"]
deployed = entry["deployment_stats"]
said.append([deployed["number_of_allocations"], deployed["adaptive_allocations"]["enabled"]])
print(json.dumps(said))
"""

JAVASCRIPT = """
const { Client } = require(process.env.CLIENT);
const client = new Client({ node: process.env.ADDRESS, maxRetries: 0 });
const ml = client.ml, said = [];

async function tried(promise) {
  try { return await promise; } catch (error) { return `${error.statusCode} ${error.body.error.type}`; }
}

async function run() {
  await ml.startTrainedModelDeployment({ model_id: "sst-2-draft", deployment_id: "draft-for-search" });
  said.push(await tried(ml.stopTrainedModelDeployment({ model_id: "sst-2-draft" })));
  said.push(await tried(ml.putTrainedModelAlias({ model_id: "sst-2-draft", model_alias: "sentiment", reassign: true })));
  said.push(await tried(ml.stopTrainedModelDeployment({ model_id: "draft-for-search" })));
  said.push(await tried(ml.putTrainedModelAlias({ model_id: "sst-2-draft", model_alias: "sst" })));
  said.push(await tried(ml.putTrainedModelAlias({ model_id: "sst-2-draft", model_alias: "elser", reassign: true })));

  const model_id = ".elser_model_2_linux-x86_64";
  for (let i = 0; i < 2; i++)
    said.push((await ml.putTrainedModel({ model_id, input: { field_names: ["text_field"] } })).model_type);
  const status = await ml.getTrainedModels({ model_id, include: "definition_status" });
  said.push(status.trained_model_configs[0].fully_defined);
  const started = await ml.startTrainedModelDeployment({ model_id, wait_for: "started" });
  said.push(started.assignment.assignment_state);
  said.push(await tried(ml.putTrainedModelAlias({ model_id, model_alias: "linux-elser" })));

  const adaptive_allocations = { enabled: true, min_number_of_allocations: 2 };
  await ml.startTrainedModelDeployment({ model_id: "sst-2-draft", deployment_id: "adaptive", adaptive_allocations });
  await ml.updateTrainedModelDeployment({ model_id: "adaptive", adaptive_allocations: { enabled: false } });
  await ml.updateTrainedModelDeployment({ model_id: "adaptive", number_of_allocations: 3 });
  const stats = await ml.getTrainedModelsStats({ model_id: "adap*" });
  const deployed = stats.trained_model_stats[0].deployment_stats;
  said.push([deployed.number_of_allocations, deployed.adaptive_allocations.enabled]);
  console.log(JSON.stringify(said));
}

run().catch((error) => { console.error(error); process.exit(1); });
"""

SAID = [
    {"stopped": True},
    {"acknowledged": True},
    {"stopped": True},
    {"acknowledged": True},
    "400 status_exception",
    "pytorch",
    "pytorch",
    True,
    "started",
    {"acknowledged": True},
    [3, False],
]


@pytest.mark.parametrize("generation", ["8", "9"])
def test_python(server, generation):
    clients = PYTHON_8 if generation == "8" else ""
    if generation == "8" and not Path(clients, "elasticsearch").is_dir():
        pytest.skip("the Python client of generation 8 is not in MLALIAS_PYTHON_CLIENT_8")
    if generation == "9" and version("elasticsearch") < "9":
        pytest.skip("the Python client that is installed is of generation 8")
    env = environment(PYTHONPATH=clients, ADDRESS=server.url)
    done = subprocess.run([sys.executable, "-c", PYTHON], capture_output=True, text=True, check=False, env=env)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == SAID


@pytest.mark.parametrize("package", ["elasticsearch-8", "@elastic/elasticsearch"])
def test_javascript(server, package):
    node = tool("node")
    if not Path(os.environ.get("NODE_PATH", ""), package).is_dir():
        pytest.skip(f"{package} is not installed in NODE_PATH")
    assert json.loads(run(node, "-", script=JAVASCRIPT, ADDRESS=server.url, CLIENT=package)) == SAID
