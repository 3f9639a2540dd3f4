"""The routes of ingest pipelines."""

from collections.abc import Iterator
from typing import Any

from mlalias.core.catalog import Catalog, Pipeline
from mlalias.documents.codec import Document
from mlalias.documents.pipelines import pipeline
from mlalias.edits import pipelines
from mlalias.errors import Conflict, WrongUsage
from mlalias.names import matches
from mlalias.rest.answers import Answer, HttpFailure
from mlalias.rest.json_body import NotAnObject
from mlalias.rest.request import Call, words
from mlalias.rest.steps import Reading, Writing, acknowledged


def get(call: Call) -> Reading:
    """Pipelines as they were put."""
    summary = call.flag("summary")
    call.times("master_timeout")
    call.done()
    patterns = words(call.names.get("id", "")) or ("*",)

    def answer(catalog: Catalog) -> Answer:
        named = [
            name
            for name in sorted(catalog.pipelines)
            if any(matches(pattern, name, wildcards="*") for pattern in patterns)
        ]
        found = {name: {} if summary else _whole(catalog.pipelines[name]) for name in named}
        return Answer(found, 200 if found else 404)

    return answer


def _whole(pipeline: Pipeline) -> Document:
    """The body as it was put, or, if unknown, an inference processor for each name."""
    if pipeline.body is not None:
        return dict(pipeline.body)
    return {"processors": [{"inference": {"model_id": name}} for name in pipeline.names]}


# --- putting ---

_KEYS = ("processors", "on_failure", "description", "version", "_meta", "deprecated", "field_access_pattern")


def put(call: Call) -> Writing:
    """Add a pipeline, or replace it."""
    call.times("master_timeout", "timeout")
    version = _if_version(call)
    call.refuse_unread()  # before the body, which a server parses later
    body = _document(call)
    _check(body)
    name = call.names["id"]
    edit = pipelines.put_pipeline(name, pipeline(body))

    def checked(catalog: Catalog) -> Any:
        if version is not None:
            _check_version(catalog, name, version)
        return edit(catalog)

    return Writing(checked, acknowledged)


def _if_version(call: Call) -> int | None:
    """The version that the pipeline must have; as on a server, the error for a bad number has no cause."""
    try:
        return call.number("if_version", 0) if call.has("if_version") else None
    except HttpFailure as failure:
        raise WrongUsage(failure.reason) from None


def _document(call: Call) -> Document:
    """The body; JSON that is not an object has a separate error here."""
    try:
        return call.document()
    except NotAnObject as failure:
        raise _fault(failure.reason, "processors") from None


def _check_version(catalog: Catalog, name: str, version: int) -> None:
    known = catalog.pipelines.get(name)
    present = (known.body or {}).get("version") if known else None
    if present != version:
        raise Conflict(
            f"the version of the pipeline '{name}' is {'not there' if present is None else present}, not {version}",
            type="illegal_argument_exception",
            status=400,
        )


def _check(body: Document) -> None:
    """Raise HttpFailure if the body is not a pipeline; types of processors are not checked."""
    if "processors" not in body:
        raise _fault("the body has no processors", "processors")
    unknown = sorted(body.keys() - set(_KEYS))
    if unknown:
        raise _fault(f"the body has the key '{unknown[0]}', which is not known")
    for key in ("processors", "on_failure"):
        _check_processors(body.get(key), key)
    version, description = body.get("version"), body.get("description")
    if version is not None and (isinstance(version, bool) or not isinstance(version, int)):
        raise _fault("version is not an integer", "version")
    if not isinstance(description, str | None):
        raise _fault("description is not a string", "description")


def _check_processors(processors: Any, place: str) -> None:
    if processors is None and place != "processors":
        return
    if not isinstance(processors, list) or not all(isinstance(one, dict) for one in processors):
        raise _fault(f"{place} is not a list of processors", place)
    for kind, options in _flat(processors):
        if kind == "inference" and isinstance(options, dict) and not isinstance(options.get("model_id"), str):
            raise _fault(f"{place} has an inference processor without a model_id", "model_id")


def _flat(processors: Any) -> Iterator[tuple[str, Any]]:
    """The processors in a list, with nested ones."""
    listed = processors if isinstance(processors, list) else ()
    for kind, options in (item for one in listed if isinstance(one, dict) for item in one.items()):
        yield kind, options
        if isinstance(options, dict):
            yield from _flat(options.get("on_failure"))
            yield from _flat([options.get("processor")] if kind == "foreach" else ())


def _fault(reason: str, at: str | None = None) -> HttpFailure:
    return HttpFailure(400, "parse_exception", reason, at=at)


def delete(call: Call) -> Writing:
    """Delete the pipelines that a name or a pattern matches."""
    call.times("master_timeout", "timeout")
    call.done()
    return Writing(pipelines.delete_pipelines(call.names["id"]), acknowledged)
