"""What uses a model or an alias: ingest pipelines, inference endpoints, and fields of indices through endpoints.

Elasticsearch guards only some of these: it refuses to delete an alias or a model that its own extractor finds in use,
which looks neither into the `on_failure` of a pipeline, of `inference` and of `foreach`, nor at endpoints and fields.
https://github.com/elastic/elasticsearch/blob/main/x-pack/plugin/core/src/main/java/org/elasticsearch/xpack/core/ml/utils/InferenceProcessorInfoExtractor.java
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, NamedTuple

from mlalias.core.catalog import Catalog, Endpoint, Part, Pipeline


class User(NamedTuple):
    """A pipeline, an endpoint or an index, called `name`, that uses the name `via` at a `place` in it.

    It is `guarded` if Elasticsearch refuses to delete what it uses. The place is empty if only the names that a
    pipeline uses are known.
    """

    kind: Literal["pipeline", "endpoint", "field"]
    name: str
    via: str
    guarded: bool
    place: str

    @property
    def title(self) -> str:
        """What it is, with its name and the place, for a sentence."""
        kind = {"pipeline": "the ingest pipeline", "endpoint": "the inference endpoint", "field": "the index"}
        return f"{kind[self.kind]} '{self.name}'" + (f" ({self.place})" if self.place else "")


class Processor(NamedTuple):
    """A processor at a place of a pipeline, which is `guarded` where Elasticsearch's own extractor looks."""

    kind: str
    options: Mapping[str, Any]
    place: str
    guarded: bool


class Use(NamedTuple):
    """The `model_id` of an inference processor, as it was put."""

    model_id: Any
    place: str
    guarded: bool

    @property
    def name(self) -> str | None:
        """The name that is used; None if it is unknown, as for a template, or invalid."""
        text = self.model_id
        return text if isinstance(text, str) and "{{" not in text else None


# --- in one pipeline ---


def uses(body: Mapping[str, Any]) -> Iterator[Use]:
    """Every inference processor of a pipeline, at any depth."""
    for each in processors(body):
        if each.kind == "inference" and "model_id" in each.options:
            yield Use(each.options["model_id"], each.place, each.guarded)


def processors(body: Mapping[str, Any]) -> Iterator[Processor]:
    """Every processor of a pipeline, at any depth."""
    yield from _in_list(body.get("processors"), "processors", _LEVELS)
    yield from _in_list(body.get("on_failure"), "on_failure", 0)


_LEVELS = 11  # The extractor looks at the first level and at ten below it; `levels` are those that are left.


def _in_list(processors: Any, place: str, levels: int) -> Iterator[Processor]:
    for index, processor in enumerate(processors if isinstance(processors, list) else ()):
        yield from _in_element(processor, f"{place}[{index}]", levels)


def _in_element(processor: Any, place: str, levels: int) -> Iterator[Processor]:
    for kind, options in processor.items() if isinstance(processor, dict) else ():
        if isinstance(options, dict):
            yield from _in_processor(kind, options, f"{place}.{kind}", levels)


def _in_processor(kind: str, options: Mapping[str, Any], place: str, levels: int) -> Iterator[Processor]:
    yield Processor(kind, options, place, levels > 0)
    if kind == "foreach":
        yield from _in_element(options.get("processor"), f"{place}.processor", levels - 1)
    below = 0 if kind in ("inference", "foreach") else levels - 1
    yield from _in_list(options.get("on_failure"), f"{place}.on_failure", below)


def stumbles(body: Mapping[str, Any]) -> Iterator[str]:
    """The places at which the server's extractor fails, so that it refuses to delete any alias at all.

    They are an `on_failure` that is null, and a `model_id` that is neither a string nor null, where it looks.
    """
    yield from (use.place for use in uses(body) if use.guarded and not isinstance(use.model_id, str | None))
    yield from _nulls(body.get("processors"), "processors", _LEVELS)


def _nulls(processors: Any, place: str, levels: int) -> Iterator[str]:
    for index, processor in enumerate(processors if isinstance(processors, list) else ()):
        yield from _nulls_in_element(processor, f"{place}[{index}]", levels)


def _nulls_in_element(processor: Any, place: str, levels: int) -> Iterator[str]:
    for kind, options in processor.items() if isinstance(processor, dict) else ():
        if not isinstance(options, dict) or kind == "inference" or levels == 0:
            continue
        if kind == "foreach":
            yield from _nulls_in_element(options.get("processor"), f"{place}.{kind}.processor", levels - 1)
        elif options.get("on_failure", ()) is None:
            yield f"{place}.{kind}.on_failure"
        else:
            yield from _nulls(options.get("on_failure"), f"{place}.{kind}.on_failure", levels - 1)


# --- in a catalog ---


class Users:
    """All users that a catalog knows, by what they use; `unknown` maps each part that is unknown to the reason."""

    def __init__(self, catalog: Catalog) -> None:
        self.unknown = {part: catalog.lacks(part) for part in PARTS if catalog.known(part) is None}
        self._by_name: dict[str, list[User]] = {}
        for user in _all(catalog):
            self._by_name.setdefault(user.via, []).append(user)

    def of(self, *names: str) -> tuple[User, ...]:
        """The users of one of the names, directly or through an inference endpoint, in order of kind and name."""
        direct = [user for name in dict.fromkeys(names) for user in self._by_name.get(name, ())]
        through = dict.fromkeys(user.name for user in direct if user.kind == "endpoint" and user.name not in names)
        indirect = [user for name in through for user in self._by_name.get(name, ())]
        return _sorted((*direct, *indirect))

    def not_guarded(self, model_alias: str) -> tuple[User, ...]:
        """The users of an alias for which Elasticsearch does not refuse to delete it."""
        return tuple(user for user in self.of(model_alias) if not user.guarded)

    def left_behind(self, model_alias: str, model_id: str) -> tuple[User, ...]:
        """The users that keep using a model after an alias has moved away from it.

        These are all that name the model by its id, and the endpoints that name the alias: the deployment of an
        endpoint runs the model that the alias named when it was started.
        """
        direct = self._by_name.get(model_alias, ())
        endpoints = [user for user in direct if user.kind == "endpoint"]
        indirect = (user for endpoint in endpoints for user in self._by_name.get(endpoint.name, ()))
        return _sorted((*self.of(model_id), *endpoints, *indirect))


PARTS: tuple[Part, ...] = ("pipelines", "endpoints", "fields")  # those that have users
_ORDER = ("pipeline", "endpoint", "field")


def templates(catalog: Catalog) -> Iterator[tuple[str, Use]]:
    """The pipelines that take a model id from a document, so that nobody can know which."""
    for name, pipeline in sorted((catalog.known("pipelines") or {}).items()):
        for use in uses(pipeline.body or {}):
            if isinstance(use.model_id, str) and use.name is None:
                yield name, use


def guard_stumbles_on(catalog: Catalog) -> Iterator[tuple[str, str]]:
    """The pipelines, and the places in them, that stop the deletion of every alias."""
    for name, pipeline in sorted((catalog.known("pipelines") or {}).items()):
        yield from ((name, place) for place in stumbles(pipeline.body or {}))


def _sorted(users: Iterable[User]) -> tuple[User, ...]:
    return tuple(sorted(dict.fromkeys(users), key=lambda user: (_ORDER.index(user.kind), user)))


def _all(catalog: Catalog) -> Iterator[User]:
    for name, pipeline in (catalog.known("pipelines") or {}).items():
        yield from _of_pipeline(name, pipeline)
    for name, endpoint in (catalog.known("endpoints") or {}).items():
        yield from _of_endpoint(name, endpoint)
    for index, fields in (catalog.known("fields") or {}).items():
        yield from (User("field", index, via, False, path) for path, named in fields.items() for via in named)


def _of_pipeline(name: str, pipeline: Pipeline) -> Iterator[User]:
    if pipeline.body is None:
        yield from (User("pipeline", name, via, True, "") for via in pipeline.names)
        return
    for use in uses(pipeline.body):
        if use.name is not None:
            yield User("pipeline", name, use.name, use.guarded, use.place)


def _of_endpoint(name: str, endpoint: Endpoint) -> Iterator[User]:
    for key, via in endpoint._asdict().items():
        if via is not None:
            yield User("endpoint", name, via, False, f"service_settings.{key}")
