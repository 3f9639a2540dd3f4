"""The body of `PUT _ml/trained_models/{model_id}`: what is refused, in a server's order, and what is kept.

https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-ml-put-trained-model
"""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from mlalias.core.catalog import Model, is_model_id, is_new_model_id
from mlalias.documents.codec import Document, without_nulls
from mlalias.errors import Refused
from mlalias.rest import fields, inference_config
from mlalias.rest.answers import HttpFailure, invalid_request, not_parsed
from mlalias.rest.fields import Field, Fields
from mlalias.rest.packages import PACKAGES

MODEL_TYPES = ("tree_ensemble", "lang_ident", "pytorch")
LICENSE_LEVELS = ("platinum", "enterprise", "basic", "gold", "standard", "trial", "missing")
DEFINITIONS = ("definition", "compressed_definition")
_TRAINED = ("tree", "ensemble", "lang_ident_neural_network")
_PACKAGE = ("packaged_model_id", "model_repository", "minimum_version", "size", "sha256", "vocabulary_file",
            "create_time", "description", "inference_config", "metadata", "model_type", "tags", "prefix_strings",
            "platform_architecture")  # fmt: skip


def _mapped_fields(value: Any, place: str) -> Document:
    return {key: fields.scalar(name, f"{place}.{key}") for key, name in fields.table(value, place).items()}


def _definition(value: Any, place: str) -> Document:
    trained = fields.table(fields.table(value, place).get("trained_model"), f"{place}.trained_model")
    if len(trained) != 1 or not trained.keys() <= set(_TRAINED):
        raise not_parsed(f"{place}.trained_model must be one of {', '.join(_TRAINED)}")
    return fields.table(value, place)


def _of(known: Fields) -> fields.Reader:
    return lambda value, place: fields.read(value, known, place)


_KEYS: Fields = {
    "model_id": Field(fields.text),
    "model_type": Field(fields.choice(*MODEL_TYPES, trimmed=True)),
    "description": Field(fields.text),
    "tags": Field(fields.texts),
    "metadata": Field(fields.table),
    "input": Field(_of({"field_names": Field(fields.texts)})),
    "inference_config": Field(inference_config.parse),
    "definition": Field(_definition),
    "compressed_definition": Field(fields.text),
    "default_field_map": Field(_mapped_fields),
    "prefix_strings": Field(_of({"ingest": Field(fields.text), "search": Field(fields.text)})),
    "platform_architecture": Field(fields.text),
    "model_size_bytes": Field(fields.integer),
    "estimated_heap_memory_usage_bytes": Field(fields.integer),
    "estimated_operations": Field(fields.integer),
    "license_level": Field(fields.text),
    "version": Field(fields.text),
    "created_by": Field(fields.text),
    "create_time": Field(fields.anything),
    "location": Field(_of({"index": Field(fields.table)})),
    "model_package": Field(_of({key: Field(fields.anything) for key in _PACKAGE})),
    "doc_type": Field(fields.text),
}
_NOT_KEPT = {"model_id", "doc_type", "estimated_heap_memory_usage_bytes", *DEFINITIONS}


def parse(model_id: str, body: Document, *, deferred: bool) -> Model:
    """The model in a body, without its definition, which is not unpacked if `deferred`. Raises HttpFailure."""
    found = fields.read(body, _KEYS, "the body")
    if set(DEFINITIONS) <= found.keys():
        raise not_parsed("the body has a definition and a compressed_definition")
    if found.get("model_id", model_id) != model_id:
        raise invalid_request(f"the body has another model_id: '{found['model_id']}'")
    steps = [partial(_build, found), partial(_validate, model_id, found, deferred=deferred)]
    for step in reversed(steps) if "model_id" in found else steps:
        step()
    _check_definition(found)
    kept = {key: value for key, value in found.items() if key not in _NOT_KEPT}
    default = inference_config.default_input(found.get("model_type"), found.get("inference_config"))
    if "input" not in kept and default is not None:
        kept["input"] = {"field_names": default}
    return Model(model_id, without_nulls(kept | PACKAGES.get(model_id, {}))[0])


def is_packaged(model_id: str) -> bool:
    """Whether an id is the id of a package."""
    return model_id.startswith(".")


# --- building: faults that are reported alone ---


def _build(found: Document) -> None:
    """Raise HttpFailure for the first fault that a server reports without looking further."""
    if (
        "input" not in found
        and inference_config.default_input(found.get("model_type"), found.get("inference_config")) is None
    ):
        raise _illegal("the body has no input, and there is none by default")
    for key in ("model_size_bytes", "estimated_operations"):
        if found.get(key, 0) < 0:
            raise _illegal(f"{key} is {found[key]}, and cannot be below 0")
    if found.get("license_level", "platinum").lower() not in LICENSE_LEVELS:
        raise _illegal(f"license_level is '{found['license_level']}', which is not known")


def _illegal(reason: str) -> HttpFailure:
    return HttpFailure(400, "illegal_argument_exception", reason)


# --- validation: all faults together ---


def _validate(model_id: str, found: Document, *, deferred: bool) -> None:
    packaged = is_packaged(model_id)
    faults = [*_id_faults(model_id), *_tag_faults(model_id, found), *_generated_faults(found)]
    faults += _package_faults(found) if packaged else _own_faults(found)
    if deferred and "compressed_definition" in found and not found.get("model_size_bytes"):
        faults.append("model_size_bytes is needed with defer_definition_decompression and a compressed_definition")
    if faults:
        raise invalid_request("; ".join(faults))
    if packaged and model_id not in PACKAGES:
        raise Refused(f"there is no packaged model '{model_id}' here (there are {', '.join(sorted(PACKAGES))})")


def _id_faults(model_id: str) -> Iterator[str]:
    if not is_new_model_id(model_id):
        yield f"'{model_id}' is not a valid model id"


def _tag_faults(model_id: str, found: Document) -> Iterator[str]:
    for tag in found.get("tags", ()):
        if not is_model_id(tag) or tag.startswith("."):
            yield f"'{tag}' is not a valid tag"
        if tag == model_id:
            yield f"the tag '{tag}' is the model's own id"


_GENERATED = ("version", "created_by", "create_time", "license_level", "location", "model_package")


def _generated_faults(found: Document) -> Iterator[str]:
    yield from (f"the server sets {key}" for key in _GENERATED if key in found)
    metadata = found.get("metadata", {})
    for key in ("model_aliases", "total_feature_importance"):
        if metadata.get(key) is not None:
            yield f"the server sets metadata.{key}"


_OF_PACKAGE = ("description", *DEFINITIONS, "model_type", "metadata", "inference_config")


def _package_faults(found: Document) -> Iterator[str]:
    yield from (f"the package sets {key}" for key in _OF_PACKAGE if key in found)
    yield from (f"the package sets {key}" for key in ("model_size_bytes", "tags") if found.get(key))


def _own_faults(found: Document) -> Iterator[str]:
    if not {"model_type", *DEFINITIONS} & found.keys():
        yield "the body has neither a definition nor a model_type"
    if "inference_config" not in found:
        yield "the body has no inference_config"
    names = found.get("input", {}).get("field_names", ())
    ranks = "learning_to_rank" in found.get("inference_config", {})
    if ranks and names:
        yield "a model of learning_to_rank has no input.field_names"
    if "input" in found and not (ranks or names):
        yield "input.field_names is empty"
    if not all(all(part for part in name.split(".")) for name in names if "." in name):
        yield "input.field_names has a name with an empty part between dots"


# --- the definition, which is checked and not kept ---


def _check_definition(found: Mapping[str, Any]) -> None:
    """Refuse a definition whose type differs from that of the model or of its inference_config."""
    trained = found.get("definition", {}).get("trained_model", {})
    for name, body in trained.items():
        kind = "lang_ident" if name == "lang_ident_neural_network" else "tree_ensemble"
        if found.get("model_type", kind) != kind:
            raise Refused(f"model_type is '{found['model_type']}', and the definition is of a {kind}")
        target = body.get("target_type", "regression") if isinstance(body, dict) else "regression"
        task = "classification" if kind == "lang_ident" else str(target).lower()
        fitting = {task} | ({"learning_to_rank"} if task == "regression" else set())
        if not fitting & found["inference_config"].keys():
            raise Refused(f"the definition is of {task}, and the inference_config is not")
