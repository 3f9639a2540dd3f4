"""A double of a cluster whose models answer: `serve`'s own routes over a catalog directory, and `_infer` besides.

It does as TransportInternalInferModelAction does: no documents are 200 and an empty list whatever the name; an alias
stands for its model; of a pytorch model without a started allocation it is 409; one document that fails fails the
request. https://github.com/elastic/elasticsearch/blob/main/x-pack/plugin/ml/src/main/java/org/elasticsearch/xpack/ml/action/TransportInternalInferModelAction.java
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from cluster_support import Asked, Told, elasticsearch, error, good

from mlalias.stores.directory.store import DirectoryStore

Model = Callable[[dict[str, Any], str], Any]


def label(name: str, probability: float = 0.9) -> Model:
    """A model of text_classification that always says the same."""
    return lambda _, __: {"predicted_value": name, "prediction_probability": probability}


class Inferring:
    """What answers for a directory; `models` has a function for each model id, of a document and the name asked.

    It gives the result of one document, or a whole answer. `figures` has more keys of `deployment_stats`, by deployment
    id; a value of None takes a key away.
    """

    def __init__(
        self,
        directory: Path,
        models: Mapping[str, Model] | None = None,
        figures: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        self.directory = directory
        self.models = dict(models or {})
        self.figures = figures or {}
        self._behind = elasticsearch(directory)

    def __call__(self, asked: Asked) -> Told:
        if asked.path.endswith("/_infer"):
            return self._infer(asked)
        told = self._behind(asked)
        return self._with_figures(told) if asked.path.endswith("/_stats") else told

    def _infer(self, asked: Asked) -> Told:
        name = asked.parts[2]
        docs = json.loads(asked.body)["docs"]
        if not docs:
            return good({"inference_results": []})
        catalog = DirectoryStore(self.directory).read()
        model_id = catalog.aliases.get(name, name)
        model = catalog.models.get(model_id)
        if model is None:
            return error(404, "resource_not_found_exception", f"no model {name}")
        if model.model_type == "pytorch" and not model.deployments:
            return error(409, "status_exception", f"{model_id} is not deployed")
        results = [self.models.get(model_id, label("positive"))(doc, name) for doc in docs]
        whole = next((each for each in results if isinstance(each, Told)), None)
        return whole or good({"inference_results": results})

    def _with_figures(self, told: Told) -> Told:
        if told.status != 200 or not self.figures:
            return told
        body = json.loads(told.body)
        for entry in body["trained_model_stats"]:
            stats = entry.get("deployment_stats", {})
            stats |= self.figures.get(stats.get("deployment_id"), {})
            for key in [key for key, value in stats.items() if value is None]:
                del stats[key]
        return told._replace(body=body)


def node(**figures: Any) -> dict[str, Any]:
    """One node of a deployment, with its allocation started."""
    return {"routing_state": {"routing_state": "started"}, "number_of_allocations": 1, **figures}
