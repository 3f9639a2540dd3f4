"""The fixture `mlalias_server`, as a project uses it that has mlalias installed."""

import subprocess
import sys
import tomllib

import pytest
from elasticsearch import Elasticsearch
from harness import SAMPLE_FILES

from mlalias.cli.main import main
from mlalias.errors import InvalidDocument

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


def test_a_seed_that_is_none_says_so(mlalias_server):
    with pytest.raises(InvalidDocument, match="the seed is not valid TOML"):
        mlalias_server.seed("nonsense")


def test_the_command_line_sees_the_same_catalog(mlalias_server, capsys):
    mlalias_server.seed(DECLARATION)
    assert main(["resolve", "mine", "--catalog", str(mlalias_server.catalog)]) == 0
    assert capsys.readouterr().out == "my-model\n"


def test_nothing_is_imported_until_the_fixture_is_used():
    check = "import sys, mlalias.pytest_plugin; sys.exit(any(name.startswith(('mlalias.', 'starlette', 'uvicorn')) "
    check += "and name != 'mlalias.pytest_plugin' for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0


def test_pytest_knows_the_fixture(tmp_path):
    command = [sys.executable, "-m", "pytest", "--fixtures", "-q", "-p", "no:cacheprovider"]
    said = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path).stdout
    assert "mlalias_server -- " in said
