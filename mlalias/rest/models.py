"""The routes of models."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from mlalias.core.catalog import Catalog, Model
from mlalias.core.plan import Edit
from mlalias.documents.codec import Document
from mlalias.documents.facts import to_config
from mlalias.edits import models
from mlalias.environment import CLOCK
from mlalias.errors import Refused, WrongUsage
from mlalias.rest import fields, find, inference_config, put_model, stats
from mlalias.rest.answers import Answer, HttpFailure, invalid_request
from mlalias.rest.fields import Field
from mlalias.rest.request import Call
from mlalias.rest.steps import Reading, Writing, acknowledged

# --- reading ---

_GENERATED = ("created_by", "version", "create_time", "model_size_bytes", "estimated_operations", "license_level")
_IN_METADATA = ("hyperparameters", "total_feature_importance", "feature_importance_baseline")
_INCLUDES = frozenset({"definition", "definition_status", *_IN_METADATA})


def get(call: Call) -> Reading:
    """The configurations of models."""
    expression, page, tags = call.names.get("model_id", ""), read_page(call), call.words("tags")
    allow_no_match = call.flag("allow_no_match", default=True)
    call.flag("decompress_definition")
    hidden = _GENERATED if call.flag("exclude_generated") else ()
    include = call.words("include")
    unknown = sorted(set(include) - _INCLUDES)
    if unknown:
        raise WrongUsage(f"nothing named '{unknown[0]}' can be included (it can be {', '.join(sorted(_INCLUDES))})")
    call.done()

    def answer(catalog: Catalog) -> Answer:
        ids = find.models(catalog, expression, tags=tags, allow_no_match=allow_no_match)
        _check_include(catalog, ids, include)
        aliases = catalog.aliases_by_model()
        found = [model for model in map(catalog.models.get, page.of(ids)) if model]
        configs = [_config(model, aliases.get(model.model_id, ()), include, hidden) for model in found]
        return Answer({"count": len(ids), "trained_model_configs": configs})

    return answer


def _check_include(catalog: Catalog, ids: Sequence[str], include: Sequence[str]) -> None:
    """Raise Refused for an `include` that is allowed for one model only, or for pytorch models only."""
    single = [name for name in ("definition", "definition_status") if name in include]
    if single and len(ids) > 1:
        raise Refused(f"{single[0]} can be included for one model at a time, and there are {len(ids)}")
    if "definition_status" in include and ids:
        model = catalog.models.get(ids[0])
        if model and model.model_type != "pytorch":
            raise Refused(f"'{ids[0]}' is not a pytorch model, and only those have a definition_status")


def _config(model: Model, aliases: Sequence[str], include: Sequence[str], hidden: Sequence[str] = ()) -> Document:
    """A configuration as a server shows it, with the defaults filled in."""
    config = to_config(shown(model), aliases)
    metadata = {
        key: value for key, value in config.get("metadata", {}).items() if key in include or key not in _IN_METADATA
    }
    config["metadata"] = metadata
    if not metadata:
        del config["metadata"]
    if "definition_status" in include:
        config["fully_defined"] = True  # clients poll until it is true; definitions are not kept here
    return {key: value for key, value in config.items() if key not in hidden and key not in put_model.DEFINITIONS}


def shown(model: Model) -> Model:
    """A model with the keys that a server always shows."""
    config = fields.completed(model.config, _ALWAYS)
    config["input"] = fields.completed(config["input"], _ALWAYS["input"])
    if "inference_config" in config:
        config["inference_config"] = inference_config.with_defaults(config["inference_config"])
    if "created_by" in config:
        config = fields.completed(config, _CREATED if model.model_type == "pytorch" else {"license_level": "platinum"})
    return model._replace(config=config)


_ALWAYS: Mapping[str, Any] = {"tags": [], "input": {"field_names": []}}
_CREATED = {"license_level": "platinum", "location": {"index": {"name": ".ml-inference-native-000002"}}}


def get_stats(call: Call) -> Reading:
    """How models are deployed and used."""
    expression, page = call.names.get("model_id", ""), read_page(call)
    allow_no_match = call.flag("allow_no_match", default=True)
    call.done()
    return lambda catalog: Answer(stats.answer(catalog, expression, page, allow_no_match=allow_no_match))


def read_page(call: Call) -> find.Page:
    """The parameters `from` and `size`."""
    page = find.Page(call.number("from", 0), call.number("size", 100))
    for name, number in (("from", page.first), ("size", page.size)):
        if number < 0:
            raise WrongUsage(f"the parameter '{name}' is {number}, and cannot be below 0")
    return page


# --- putting and deleting ---

_VERSION = "12.0.0"  # the version of machine learning configurations, not the server's


def put(call: Call) -> Writing:
    """Add a model."""
    model_id = call.names["model_id"]
    deferred = call.flag("defer_definition_decompression")
    call.flag("wait_for_completion")
    call.times("timeout")
    parsed = put_model.parse(model_id, call.document(), deferred=deferred)
    generated = {"created_by": "api_user", "version": _VERSION, "create_time": _create_time()}
    model = parsed._replace(config={**parsed.config, **generated})
    edit = models.put_model(model, overwrite=put_model.is_packaged(model_id))
    return Writing(edit, lambda plan: Answer(_config(plan.models[model_id], (), ())))


def _create_time() -> int:
    """The current time, or SOURCE_DATE_EPOCH, in milliseconds."""
    fixed = CLOCK.read()
    if not fixed:
        return stats.now()
    from calendar import timegm
    from time import strptime

    return timegm(strptime(fixed, "%Y-%m-%dT%H:%M:%SZ")) * 1000


def delete(call: Call) -> Writing:
    """Delete a model and its aliases."""
    force = call.flag("force")
    call.times("timeout")
    call.done()
    return Writing(models.forget(call.names["model_id"], force=force), acknowledged)


# --- the routes of an upload, which is checked and not kept ---

_PART = {
    "definition": Field(fields.text),
    "total_definition_length": Field(fields.integer),
    "total_parts": Field(fields.integer),
}


def put_definition_part(call: Call) -> Writing:
    """Accept a part of a definition; the last part gives the size of the model."""
    part = _part_number(call.names["part"])
    body = fields.read(call.document(), _PART, "the body")
    faults = [f"the body has no {key}" for key in _PART if key not in body]
    length, parts = body.get("total_definition_length", 1), body.get("total_parts", 1)
    faults += ["total_definition_length must be above 0"] if length < 1 else []
    faults += [f"total_parts is {parts}, and the part {part}"] if not part < parts else []
    if faults:
        raise invalid_request("; ".join(faults))
    _decoded(body["definition"])
    size = {"model_size_bytes": length} if part == parts - 1 else {}
    return Writing(_amend_pytorch(call.names["model_id"], size), acknowledged)


def _part_number(text: str) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise HttpFailure(400, "illegal_argument_exception", f"the part is '{text}', which is not a number")
    return int(text)


def _decoded(definition: str) -> bytes:
    try:
        return base64.b64decode(definition, validate=True)
    except binascii.Error:
        raise HttpFailure(400, "x_content_parse_exception", "the definition is not base64") from None


_VOCABULARY = {"vocabulary": Field(fields.texts), "merges": Field(fields.texts), "scores": Field(fields.anything)}


def put_vocabulary(call: Call) -> Writing:
    """Accept a vocabulary."""
    body = fields.read(call.document(), _VOCABULARY, "the body")
    if not body.get("vocabulary"):
        raise invalid_request("the body has no vocabulary, or an empty one")
    return Writing(_amend_pytorch(call.names["model_id"], {}), acknowledged)


def _amend_pytorch(model_id: str, keys: Mapping[str, Any]) -> Edit:
    return models.amend(model_id, partial(_uploaded, keys=keys))


def _uploaded(model: Model, keys: Mapping[str, Any]) -> Mapping[str, Any]:
    if model.model_type != "pytorch":
        raise Refused(f"'{model.model_id}' is not a pytorch model, and only those are uploaded in parts")
    return keys


def infer(_call: Call) -> Reading:
    """Refuse inference, as there are no definitions here."""
    raise HttpFailure(400, "illegal_argument_exception", "there is no inference here: mlalias keeps no definitions")
