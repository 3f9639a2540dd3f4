"""The fixture `mlalias_server`, as a project uses it that has mlalias installed."""

import subprocess
import sys
import tomllib

import pytest
from elasticsearch import Elasticsearch
from harness import SAMPLE_FILES

import mlalias
from mlalias.cli.main import main

DECLARATION = """
[aliases]
mine = "my-model"

[models.my-model]
model_type = "tree_ensemble"
"""


def models(url):
    with Elasticsearch(url) as client:
        return {one["model_id"] for one in client.ml.get_trained_models()["trained_model_configs"]}


def test_a_fresh_catalog_is_empty(mlalias_server):
    assert mlalias_server.startswith("http://127.0.0.1:")
    assert models(mlalias_server) == set()


def test_answers_of_a_cluster_are_a_seed(mlalias_server):
    mlalias_server.seed(*SAMPLE_FILES)
    assert "sst-2-next" in models(mlalias_server)


@pytest.mark.parametrize("read", [str, tomllib.loads])
def test_a_declaration_is_a_seed(mlalias_server, read):
    mlalias_server.seed(read(DECLARATION))
    assert models(mlalias_server) == {"my-model"}


def test_an_answer_of_a_client_is_a_seed(mlalias_server):
    mlalias_server.seed(DECLARATION)
    with Elasticsearch(mlalias_server) as client:
        mlalias_server.seed(client.ml.get_trained_models())
    assert models(mlalias_server) == {"my-model"}


def test_a_path_is_a_seed_as_text_too(mlalias_server, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "#1 [a=b].toml"
    path.write_text(DECLARATION)
    mlalias_server.seed(str(SAMPLE_FILES[0]), path.name)
    assert {"my-model", "sst-2-next"} <= models(mlalias_server)


@pytest.mark.parametrize("text", ["{}", "aliases = {}", "[aliases]", "{" + " " * 300 + "}"])
def test_a_text_of_one_line_may_be_a_document(mlalias_server, text):
    mlalias_server.seed(text)


def test_what_a_catalog_says_is_a_seed(mlalias_server, tmp_path):
    mlalias_server.seed(DECLARATION)
    mlalias_server.seed(tomllib.loads((mlalias_server.catalog / "aliases.toml").read_text()))
    assert mlalias.open(mlalias_server.catalog).resolve("mine") == "my-model"


@pytest.mark.parametrize(
    ("seed", "reason"),
    [
        ("", "the seed is empty"),
        ("# none", "the seed is empty"),
        ("a = [", "the seed is not valid TOML"),
        ("{", "the seed is not valid JSON"),
        ("models.jsn", "models.jsn cannot be read: no such file or directory"),
        ({"alias": {}}, "the seed has the key 'alias', which no declaration has"),
        ({"error": {"type": "x"}}, "the seed is an error from Elasticsearch"),
        ("\ud800\n", "the seed is not UTF-8"),
        ("x" * 5000, "x cannot be read: file name too long"),
    ],
)
def test_a_seed_that_is_none_says_so(mlalias_server, seed, reason):
    with pytest.raises(mlalias.InvalidDocument, match=reason):
        mlalias_server.seed(seed)


@pytest.mark.parametrize("seed", [None, 7, b"x", ["models.json"]])
def test_a_seed_of_a_wrong_type_is_a_type_error(mlalias_server, seed):
    with pytest.raises(TypeError, match="the seed must be a mapping or a path"):
        mlalias_server.seed(seed)


def test_the_catalog_is_open_to_python(mlalias_server):
    mlalias_server.seed(*SAMPLE_FILES)
    mlalias.open(mlalias_server.catalog).put("sst-2-next", "sentiment", reassign=True)
    with Elasticsearch(mlalias_server) as client:
        (config,) = client.ml.get_trained_models(model_id="sentiment")["trained_model_configs"]
    assert config["model_id"] == "sst-2-next" == mlalias.open(mlalias_server).resolve("sentiment")


def test_the_command_line_sees_the_same_catalog(mlalias_server, capsys):
    mlalias_server.seed(DECLARATION)
    assert main(["resolve", "mine", "--catalog", str(mlalias_server.catalog)]) == 0
    assert capsys.readouterr().out == "my-model\n"


def test_nothing_is_imported_until_the_fixture_is_used():
    check = "import sys, mlalias.pytest_plugin; sys.exit(any(name.startswith(('mlalias.', 'starlette', 'uvicorn')) "
    check += "and name != 'mlalias.pytest_plugin' for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0


def test_pytest_knows_the_fixture(tmp_path):
    command = [sys.executable, "-m", "pytest", "--fixtures", "-v", "-p", "no:cacheprovider"]
    said = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path).stdout
    assert "mlalias_server -- " in said
    assert "mlalias.open(mlalias_server.catalog)" in said
