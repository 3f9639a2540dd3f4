"""The edits of ingest pipelines."""

from mlalias.core.catalog import Catalog, Pipeline
from mlalias.core.plan import Edit, Plan
from mlalias.errors import NotFound
from mlalias.names import matches


def put_pipeline(name: str, pipeline: Pipeline) -> Edit:
    """Add an ingest pipeline or replace it."""

    def edit(catalog: Catalog) -> Plan:
        if catalog.pipelines.get(name) == pipeline:
            return Plan(catalog)
        return Plan(catalog, pipelines={**catalog.pipelines, name: pipeline})

    return edit


def delete_pipelines(pattern: str) -> Edit:
    """Delete the ingest pipelines that match a name, which may contain `*`."""

    def edit(catalog: Catalog) -> Plan:
        gone = [name for name in catalog.pipelines if matches(pattern, name, wildcards="*")]
        if not gone:
            missing = NotFound(f"there is no ingest pipeline '{pattern}'")
            return Plan(catalog, errors=() if pattern == "*" else (missing,))
        kept = {name: pipeline for name, pipeline in catalog.pipelines.items() if name not in gone}
        return Plan(catalog, pipelines=kept)

    return edit
