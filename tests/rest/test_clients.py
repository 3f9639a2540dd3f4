"""The examples that Elasticsearch's documentation gives for its clients, unchanged but for the address."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from elasticsearch import Elasticsearch
from harness import NEW, OLD

ALIAS = "flight_delay_model"


@pytest.fixture
def address(server):
    """A server on which the alias of the examples does not exist yet."""
    assert server.ask("DELETE", "/_ingest/pipeline/flights").status == 200
    assert server.ask("DELETE", f"/_ml/trained_models/{OLD}/model_aliases/{ALIAS}").status == 200
    return server.url


def run(*command, script="", **env):
    done = subprocess.run(
        command,
        input=script,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, **env},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def tool(name):
    """The program, or a skip that says that it is missing."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def test_python(server, address):
    client = Elasticsearch(address)
    resp = client.ml.put_trained_model_alias(
        model_id="flight-delay-prediction-1574775339910",
        model_alias="flight_delay_model",
    )
    assert resp["acknowledged"] is True
    assert server.aliases()[ALIAS] == OLD
    resp = client.ml.put_trained_model_alias(
        model_id="flight-delay-prediction-1580004349800",
        model_alias="flight_delay_model",
        reassign=True,
    )
    assert resp["acknowledged"] is True
    assert server.aliases()[ALIAS] == NEW
    client.close()


JAVASCRIPT = """
const { Client } = require("@elastic/elasticsearch");
const client = new Client({ node: process.env.ADDRESS });

async function run() {
  const created = await client.ml.putTrainedModelAlias({
    model_id: "flight-delay-prediction-1574775339910",
    model_alias: "flight_delay_model",
  });
  console.log(created);
  const response = await client.ml.putTrainedModelAlias({
    model_id: "flight-delay-prediction-1580004349800",
    model_alias: "flight_delay_model",
    reassign: "true",
  });
  console.log(response);
}

run().catch((error) => { console.error(error); process.exit(1); });
"""


def test_javascript(server, address):
    node, modules = tool("node"), os.environ.get("NODE_PATH", "")
    if not (Path(modules) / "@elastic" / "elasticsearch").is_dir():
        pytest.skip("@elastic/elasticsearch is not installed in NODE_PATH")
    said = run(node, "-", script=JAVASCRIPT, ADDRESS=address)
    assert said == "{ acknowledged: true }\n" * 2
    assert server.aliases()[ALIAS] == NEW


RUBY = """
require "elasticsearch"
client = Elasticsearch::Client.new(url: ENV["ADDRESS"])

if client.respond_to?(:ml)
  def client.put_alias(**given) = ml.put_trained_model_alias(**given).body
else # Debian's client has the transport of this API, but not its methods
  def client.put_alias(model_id:, model_alias:, **query)
    perform_request("PUT", "_ml/trained_models/#{model_id}/model_aliases/#{model_alias}", query).body
  end
end

response = client.put_alias(
  model_id: 'flight-delay-prediction-1574775339910',
  model_alias: 'flight_delay_model'
)
puts response
response = client.put_alias(
  model_id: 'flight-delay-prediction-1580004349800',
  model_alias: 'flight_delay_model',
  reassign: true
)
puts response
"""


def test_ruby(server, address):
    ruby = tool("ruby")
    if subprocess.run([ruby, "-e", 'require "elasticsearch"'], capture_output=True, check=False).returncode:
        pytest.skip("ruby-elasticsearch is not installed")
    said = run(ruby, "-", script=RUBY, ADDRESS=address)
    assert said.replace(" ", "") == '{"acknowledged"=>true}\n' * 2
    assert server.aliases()[ALIAS] == NEW


@pytest.mark.parametrize(
    ("line", "target"),
    [
        (f"PUT _ml/trained_models/{OLD}/model_aliases/{ALIAS}", OLD),
        (f"PUT _ml/trained_models/{NEW}/model_aliases/{ALIAS}?reassign=true", NEW),
    ],
)
def test_curl(server, address, line, target):
    method, path = line.split()
    said = run(tool("curl"), "-sS", "-X", method, f"{address}/{path}")
    assert said == '{"acknowledged":true}'
    assert server.aliases()[ALIAS] == target
