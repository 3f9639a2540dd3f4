"""Elasticsearch's routes: each makes of a request either something to read in the catalog, or a change of it."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from mlalias.core.catalog import Catalog
from mlalias.core.plan import Edit, Plan
from mlalias.documents.codec import without_nulls
from mlalias.edits import aliases, models
from mlalias.errors import Refused
from mlalias.rest import bodies
from mlalias.rest.http import Answer, Given, warning

Reading = Callable[[Catalog], Answer]


class Writing(NamedTuple):
    """A change, and the answer to be given once it is made."""

    edit: Edit
    answer: Callable[[Plan], Answer]


Handler = Callable[[Given], Reading | Writing]


def acknowledged(plan: Plan, *, as_word: str = "acknowledged") -> Answer:
    """Say that it is done, with the warnings."""
    return Answer({as_word: True}, headers=[warning(found.message) for found in plan.warnings])


def find(segments: Sequence[str]) -> tuple[Mapping[str, Handler], Mapping[str, str]] | None:
    """What answers at a path, by method, and the names in the path; None where there is nothing."""
    for path, methods in ROUTES.items():
        wanted = path.split("/")[1:]
        pairs = list(zip(wanted, segments, strict=False))
        if len(wanted) == len(segments) and all(want == got or (want[:1] == "{" and got) for want, got in pairs):
            return methods, {want[1:-1]: got for want, got in pairs if want[:1] == "{"}
    return None


def _root(given: Given) -> Reading:
    given.done()
    return lambda _: Answer(bodies.root())


# --- aliases ---


def _put_alias(given: Given) -> Writing:
    reassign = given.flag("reassign")
    given.done()
    edit = aliases.put(given.names["model_id"], given.names["model_alias"], reassign=reassign)
    return Writing(edit, acknowledged)


def _delete_alias(given: Given) -> Writing:
    given.done()
    return Writing(aliases.delete(given.names["model_alias"], given.names["model_id"]), acknowledged)


# --- models ---

_INCLUDES = frozenset(
    {"definition", "total_feature_importance", "feature_importance_baseline", "hyperparameters", "definition_status"}
)


def _get_models(given: Given) -> Reading:
    found, page = _finding(given, given.words("tags")), _page(given)
    hidden: tuple[str, ...] = bodies.GENERATED if given.flag("exclude_generated") else ()
    given.flag("decompress_definition")
    include = given.words("include")
    given.done()
    unknown = sorted(set(include) - _INCLUDES)
    if unknown:
        raise Refused(f"nothing named '{unknown[0]}' can be included (it can be {', '.join(sorted(_INCLUDES))})")
    if "definition" not in include:
        hidden += bodies.DEFINITION
    return lambda catalog: Answer(bodies.configs(catalog, found(catalog), *page, hidden))


def _get_stats(given: Given) -> Reading:
    found, page = _finding(given), _page(given)
    given.done()
    return lambda catalog: Answer(bodies.stats(catalog, found(catalog), *page))


def _finding(given: Given, tags: Sequence[str] = ()) -> Callable[[Catalog], Sequence[str]]:
    allow = given.flag("allow_no_match", default=True)
    return partial(bodies.find, expression=given.names.get("model_id", ""), tags=tags, allow_no_match=allow)


def _page(given: Given) -> tuple[int, int]:
    return given.count("from", 0), given.count("size", 100)


def _put_model(given: Given) -> Writing:
    model_id = given.names["model_id"]
    given.flag("defer_definition_decompression")
    given.flag("wait_for_completion")
    edit = models.put_model(model_id, without_nulls(given.document())[0])
    return Writing(edit, lambda plan: Answer({"model_id": model_id, **plan.models[model_id].config}))


def _delete_model(given: Given) -> Writing:
    force = given.flag("force")
    given.accept("timeout")
    given.done()
    return Writing(models.forget(given.names["model_id"], force=force), acknowledged)


# --- deployments ---


def _start(given: Given) -> Writing:
    name, allocations = given.names["model_id"], given.count("number_of_allocations", 1, least=1)
    deployment_id = given.text("deployment_id")
    given.accept("cache_size", "priority", "queue_capacity", "threads_per_allocation", "timeout", "wait_for")
    given.document(optional=True)

    def answer(plan: Plan) -> Answer:
        model_id = next(iter(plan.models))
        return Answer(bodies.started(deployment_id or model_id, model_id, allocations))

    return Writing(models.start(name, deployment_id, allocations), answer)


def _stop(given: Given) -> Writing:
    force = given.flag("force")
    given.accept("allow_no_match", "finish_pending_work", "timeout")
    force = given.document(optional=True).get("force", force) is True
    return Writing(models.stop(given.names["model_id"], force=force), partial(acknowledged, as_word="stopped"))


# --- ingest pipelines ---


def _get_pipelines(given: Given) -> Reading:
    summary = given.flag("summary")
    given.accept("master_timeout")
    given.done()

    def answer(catalog: Catalog) -> Answer:
        found = bodies.pipelines(catalog, given.names.get("id", ""), summary=summary)
        return Answer(found, 200 if found else 404)

    return answer


def _put_pipeline(given: Given) -> Writing:
    given.accept("master_timeout", "timeout")
    return Writing(models.put_pipeline(given.names["id"], given.document()), acknowledged)


def _delete_pipelines(given: Given) -> Writing:
    given.accept("master_timeout", "timeout")
    given.done()
    return Writing(models.delete_pipelines(given.names["id"]), acknowledged)


_MODEL = "/_ml/trained_models/{model_id}"
ROUTES: Mapping[str, Mapping[str, Handler]] = {
    "/": {"GET": _root},
    "/_ml/trained_models": {"GET": _get_models},
    "/_ml/trained_models/_stats": {"GET": _get_stats},
    _MODEL: {"GET": _get_models, "PUT": _put_model, "DELETE": _delete_model},
    f"{_MODEL}/_stats": {"GET": _get_stats},
    f"{_MODEL}/model_aliases/{{model_alias}}": {"PUT": _put_alias, "DELETE": _delete_alias},
    f"{_MODEL}/deployment/_start": {"POST": _start},
    f"{_MODEL}/deployment/_stop": {"POST": _stop},
    "/_ingest/pipeline": {"GET": _get_pipelines},
    "/_ingest/pipeline/{id}": {"GET": _get_pipelines, "PUT": _put_pipeline, "DELETE": _delete_pipelines},
}
