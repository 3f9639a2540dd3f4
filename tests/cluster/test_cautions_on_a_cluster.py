"""The rules of our own on a cluster, whose server does not know them."""

import pytest
from cluster_support import Front, elasticsearch

EMBEDDERS = """
[aliases]
embed = "small"
[models.small]
inference_config.text_embedding.embedding_size = 384
[models.large]
inference_config.text_embedding.embedding_size = 1024
"""
DIFFERS = "a vector of 'large' has 1024 dimensions, and 'small' has 384: it does not fit what is indexed"


@pytest.fixture
def front(seed, catalog):
    seed(EMBEDDERS)
    return Front(elasticsearch(catalog))


def test_they_warn_beside_what_the_server_says(front, run):
    with front.listening() as url:
        moved = run("put", "large", "embed", "-r", "-o", "json", "--catalog", url)
    assert [(each["rule"], each["message"]) for each in moved.json["warnings"]] == [("embedding_size_differs", DIFFERS)]


def test_strict_keeps_the_move_from_being_sent(front, run):
    with front.listening() as url:
        refused = run("put", "large", "embed", "-r", "--strict", "-o", "json", "--catalog", url)
    assert (refused.code, refused.json["error"]["rule"]) == (3, "embedding_size_differs")
    assert front.writes == []
