"""The routes: the handlers of each path, by method."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from mlalias.rest import aliases, deployments, models, pipelines
from mlalias.rest.answers import BUILD, VERSION, Answer
from mlalias.rest.request import Call
from mlalias.rest.steps import Handler, Reading


def root(call: Call) -> Reading:
    """The response to a client's first request, with which it identifies the server."""
    call.done()
    version = {
        "number": VERSION,
        "build_flavor": "default",
        "build_type": "mlalias",
        "build_hash": BUILD,
        "build_date": "2025-10-01T00:00:00.000000000Z",
        "build_snapshot": False,
        "lucene_version": "10.3.0",
        "minimum_wire_compatibility_version": "8.19.0",
        "minimum_index_compatibility_version": "8.0.0",
    }
    cluster = {"name": "mlalias", "cluster_name": "mlalias", "cluster_uuid": "mlalias"}
    return lambda _: Answer({**cluster, "version": version, "tagline": "You Know, for Search"})


_MODEL = "/_ml/trained_models/{model_id}"
ROUTES: Mapping[str, Mapping[str, Handler]] = {
    "/": {"GET": root, "HEAD": root},
    "/_ml/trained_models": {"GET": models.get},
    "/_ml/trained_models/_stats": {"GET": models.get_stats},
    _MODEL: {"GET": models.get, "PUT": models.put, "DELETE": models.delete},
    f"{_MODEL}/_stats": {"GET": models.get_stats},
    f"{_MODEL}/_infer": {"POST": models.infer},
    f"{_MODEL}/definition/{{part}}": {"PUT": models.put_definition_part},
    f"{_MODEL}/vocabulary": {"PUT": models.put_vocabulary},
    f"{_MODEL}/model_aliases/{{model_alias}}": {"PUT": aliases.put, "DELETE": aliases.delete},
    f"{_MODEL}/deployment/_start": {"POST": deployments.start},
    f"{_MODEL}/deployment/_stop": {"POST": deployments.stop},
    f"{_MODEL}/deployment/_update": {"POST": deployments.update},
    f"{_MODEL}/deployment/cache/_clear": {"POST": deployments.clear_cache},
    "/_ingest/pipeline": {"GET": pipelines.get},
    "/_ingest/pipeline/{id}": {"GET": pipelines.get, "PUT": pipelines.put, "DELETE": pipelines.delete},
}
QUICK = frozenset({"/", _MODEL})  # reads of these look at neither pipelines nor all models
METHODS = ("GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD")


class Route(NamedTuple):
    """The handlers of a path, by method, and the names in the path."""

    path: str
    methods: Mapping[str, Handler]
    names: Mapping[str, str]

    @property
    def allowed(self) -> list[str]:
        """The methods, in the order in which a server lists them."""
        return [method for method in METHODS if method in self.methods]


def find(segments: Sequence[str]) -> Route | None:
    """The route of a path, or None."""
    for path, methods in ROUTES.items():
        template = path.split("/")[1:]
        pairs = list(zip(template, segments, strict=False))
        if len(template) == len(segments) and all(part == got or (part[:1] == "{" and got) for part, got in pairs):
            return Route(path, methods, {part[1:-1]: got for part, got in pairs if part[:1] == "{"})
    return None
