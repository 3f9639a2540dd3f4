"""The models that Elastic publishes as packages: a PUT names a package, which fills in the rest.

https://www.elastic.co/docs/explore-analyze/machine-learning/nlp/ml-nlp-elser
"""

from collections.abc import Mapping
from typing import Any

from mlalias.documents.codec import Document

_ELSER_SIZE = 438123914
_LINUX = "linux-x86_64"


def _package(name: str, config: Mapping[str, Any], *, size: int = 0, **more: Any) -> Document:
    """What a package fills in; sizes and tags that are not published are left out."""
    package: Document = {"packaged_model_id": name, "minimum_version": "11.0.0"}
    package["model_repository"] = "https://ml-models.elastic.co"
    if size:
        package["size"] = size
    return {"model_type": "pytorch", "inference_config": config, "model_package": package, **more}


def _variants(name: str, config: Mapping[str, Any], *, size: int = 0, **more: Any) -> dict[str, Document]:
    """A model for all platforms, and its variant for Linux on x86."""
    optimized = f"{name}_{_LINUX}"
    return {
        f".{name}": _package(name, config, size=size, **more),
        f".{optimized}": _package(optimized, config, size=size, platform_architecture=_LINUX, **more),
    }


_EMBEDDING = {"text_embedding": {"embedding_size": 384, "tokenization": {"xlm_roberta": {"max_sequence_length": 512}}}}

PACKAGES: Mapping[str, Document] = {
    **_variants("elser_model_2", {"text_expansion": {}}, size=_ELSER_SIZE, tags=["elastic"]),
    **_variants("multilingual-e5-small", _EMBEDDING, prefix_strings={"ingest": "passage: ", "search": "query: "}),
    ".rerank-v1": _package("rerank-v1", {"text_similarity": {"tokenization": {"deberta_v2": {}}}}),
}
