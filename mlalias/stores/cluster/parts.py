"""What a cluster knows besides its models, each part requested when it is looked at.

Privileges: https://www.elastic.co/docs/deploy-manage/users-roles/cluster-or-deployment-auth/elasticsearch-privileges
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import TypeVar

from mlalias.core.catalog import Endpoint, Pipeline
from mlalias.core.lazy import Lazy
from mlalias.documents import sources
from mlalias.documents.codec import Document
from mlalias.documents.mappings import Fields
from mlalias.errors import NotFound, Unreachable
from mlalias.stores.cluster.answers import read
from mlalias.stores.cluster.connection import Connection

V = TypeVar("V")


def lazily(ask: Callable[[], Mapping[str, V]]) -> Lazy[V]:
    """A mapping that sends its request on first access; a failure is cached, and raised each time."""

    @cache
    def answer() -> Mapping[str, V] | Unreachable:
        try:
            return ask()
        except Unreachable as failure:
            return failure

    def known() -> Mapping[str, V]:
        values = answer()
        if isinstance(values, Unreachable):
            raise values
        return values

    return Lazy(lambda name: known().get(name), known)


def pipelines(connection: Connection) -> Mapping[str, Pipeline]:
    """The ingest pipelines of a cluster."""
    try:
        return read(connection, connection.get(("_ingest", "pipeline"), {}, "read_pipeline")).pipelines
    except NotFound:  # what a server without a single pipeline answers
        return {}


def endpoints(connection: Connection) -> Mapping[str, Endpoint]:
    """The inference endpoints of a cluster that run trained models."""
    try:
        document = connection.get(("_inference", "_all"), _ENDPOINTS, "monitor_inference")
    except NotFound:
        return {}
    return read(connection, {"endpoints": [], **document}).endpoints


def fields(connection: Connection) -> Mapping[str, Fields]:
    """The semantic_text fields of the indices that the key may see: a wildcard leaves the others out in silence."""
    try:
        document = connection.get(("_all", "_mapping"), _MAPPINGS, "view_index_metadata")
    except NotFound:
        return {}
    return read(connection, document).fields


def indices(connection: Connection) -> Mapping[str, tuple[str, ...]]:
    """The indices that the key may see and that have a pipeline, by pipeline."""
    path = "_all", "_settings", "index.default_pipeline,index.final_pipeline"
    try:
        return sources.of_settings(connection.get(path, _SETTINGS, "view_index_metadata"))
    except NotFound:
        return {}


def templates(connection: Connection) -> Mapping[str, tuple[str, ...]]:
    """The templates of every kind that give a pipeline to new indices, by pipeline."""
    return sources.of_templates(*(_template(connection, kind) for kind in _TEMPLATES))


def _template(connection: Connection, kind: str) -> Document:
    try:
        return connection.get((kind,), {"filter_path": _TEMPLATES[kind]}, "monitor")
    except NotFound:
        return {}


def counts(connection: Connection) -> Mapping[str, int]:
    """How many documents went through each pipeline since the nodes were started."""
    filter_path = {"filter_path": "nodes.*.ingest.pipelines.*.count"}
    try:
        return sources.of_counts(connection.get(("_nodes", "stats", "ingest"), filter_path, "monitor"))
    except NotFound as failure:
        raise Unreachable(failure.reason, status=failure.status) from None


NO_ROUTE = (400, 404, 405, 410)  # of servers that are older than endpoints, and of serverless for statistics of nodes
_SETTINGS = {"expand_wildcards": "all", "flat_settings": "true"}
_TEMPLATES = {
    "_index_template": "index_templates.name,index_templates.index_template.template.settings.index.*_pipeline",
    "_component_template": "component_templates.name,"
    "component_templates.component_template.template.settings.index.*_pipeline",
    "_template": "*.settings.index.*_pipeline",
}
_ENDPOINTS = {
    "filter_path": "endpoints.inference_id,endpoints.service,endpoints.service_settings.model_id,"
    "endpoints.service_settings.deployment_id"
}
# https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-indices-get-mapping: without `expand_wildcards`
# hidden and closed indices are missing.
_MAPPINGS = {
    "expand_wildcards": "all",
    "filter_path": "*.mappings.**.inference_id,*.mappings.**.search_inference_id",
}
