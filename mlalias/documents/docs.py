"""Documents to ask a model for: a file of them, and whether they have the fields that the model reads."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from mlalias.core.catalog import Model
from mlalias.documents.codec import Document, decode, invalid, parse_json, parse_json_value
from mlalias.errors import Hint, InvalidDocument
from mlalias.text import plural

MOST = 1000
_MOST_NAMED = 5


class Docs(NamedTuple):
    """Documents, and the `inference_config` to ask with, where the file is the whole body of a request.

    `source` says where they come from: the name of a file, if it `is_file`.
    """

    source: str
    docs: tuple[Document, ...]
    config: Mapping[str, Any] | None = None
    is_file: bool = False


def read(data: bytes, source: str) -> Docs:
    """Read documents: one a line (NDJSON), a JSON array, one object, or the body of a request to `_infer`.

    The body has `docs`, and may have the `inference_config` that question_answering and text_similarity need:
    https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-ml-infer-trained-model
    Raises InvalidDocument, where there are none or too many as well.
    """
    text = decode(data, source)
    if text.lstrip()[:1] == "[":
        return _docs(parse_json_value(text, source), source)
    if not _is_one_object(text):
        return _docs(_lines(text, source), source)
    body = parse_json(text, source)
    if not isinstance(body.get("docs"), list):
        return _docs([body], source)
    return _docs(body["docs"], source)._replace(config=_config(body, source))


def _is_one_object(text: str) -> bool:
    """Whether one JSON object, on however many lines, is all of a text."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict)


def _lines(text: str, source: str) -> list[Document]:
    """The documents of NDJSON; a fault is named with its line."""
    lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    _check_count(len(lines), source)
    return [parse_json("\n" * (number - 1) + line, f"line {number} of {source}") for number, line in lines]


def _docs(documents: Sequence[Any], source: str) -> Docs:
    _check_count(len(documents), source)
    for number, document in enumerate(documents, 1):
        if not isinstance(document, dict):
            invalid(source, f"has as document {number} what is not a JSON object")
        if not document:
            invalid(source, f"has an empty object as document {number}")
    return Docs(source, tuple(documents))


def _check_count(count: int, source: str) -> None:
    if not count:
        raise InvalidDocument(f"{source} has no documents", Hint('one a line: {"text_field": "a text to classify"}'))
    if count > MOST:
        hint = Hint(f"take a part of it: head -n {MOST} FILE")
        raise InvalidDocument(f"{source} has {count:,} documents, and at most {MOST:,} can be asked for at once", hint)


def _config(body: Document, source: str) -> Mapping[str, Any] | None:
    config = body.get("inference_config")
    if config is not None and not isinstance(config, dict):
        invalid(source, "has an inference_config that is not a JSON object")
    return config


# --- the fields of a model ---


def check_fields(docs: Docs, model: Model) -> tuple[str, ...]:
    """What to warn of; raises InvalidDocument where a document has nothing for a model, or the file no question.

    A model of texts reads a string from its first field. Any other takes a missing field for a missing value, but
    needs one of them: `LocalModel` in Elasticsearch answers with a warning otherwise.
    https://github.com/elastic/elasticsearch/blob/main/x-pack/plugin/ml/src/main/java/org/elasticsearch/xpack/ml/inference/loadingservice/LocalModel.java
    """
    _check_config(docs, model)
    if not model.field_names:
        return ()
    if model.model_type == "pytorch":
        return _check_texts(docs, model, model.field_names[0])
    lacking = [_lacking(document, model) for document in docs.docs]
    for number, (document, names) in enumerate(zip(docs.docs, lacking, strict=True), 1):
        if len(names) == len(model.field_names):
            reads = f"none of the input fields of '{model.model_id}', such as {_named(model.field_names)}"
            raise InvalidDocument(f"document {number} of {docs.source} has {reads} (it has {_named(document)})")
    missing = sorted({name for names in lacking for name in names})
    if not missing:
        return ()
    some = plural(sum(bool(names) for names in lacking), "document lacks", "documents lack")
    return (f"{some} input fields of '{model.model_id}', which count as missing values: {_named(missing)}",)


_ASKED_WITH = {"question_answering": "question", "text_similarity": "text", "zero_shot_classification": "labels"}


def _check_config(docs: Docs, model: Model) -> None:
    """Some types need more than a document: a question, a text to compare with, or labels that can be the model's own.

    https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-ml-infer-trained-model
    """
    type_ = model.inference_type or ""
    key = _ASKED_WITH.get(type_)
    configs = [each.get(type_) for each in (docs.config, model.config.get("inference_config")) if each]
    if key is None or any(isinstance(each, Mapping) and each.get(key) for each in configs):
        return
    example = f'{{"docs": [...], "inference_config": {{"{type_}": {{"{key}": ...}}}}}}'
    raise InvalidDocument(
        f"'{model.model_id}' does {type_}, and {docs.source} has no '{key}' in an inference_config",
        Hint(f"give the body of a request to _infer: {example}"),
    )


def _check_texts(docs: Docs, model: Model, field: str) -> tuple[str, ...]:
    for number, document in enumerate(docs.docs, 1):
        if not isinstance(document.get(field), str):
            reads = f"no text in '{field}', the input field of '{model.model_id}'"
            has = f"{_kind(document[field])} there" if field in document else _named(document)
            raise InvalidDocument(f"document {number} of {docs.source} has {reads} (it has {has})")
    return ()


def _kind(value: Any) -> str:
    """What a value of JSON that is no string is."""
    kinds = {bool: "a boolean", int: "a number", float: "a number", list: "an array", dict: "an object"}
    return kinds.get(type(value), "null")


def _lacking(document: Document, model: Model) -> tuple[str, ...]:
    """The fields of a model that a document lacks: under their names, and under those that stand for them there."""
    given = model.config.get("default_field_map")
    others = given if isinstance(given, Mapping) else {}
    names = {target: [name for name, field in others.items() if field == target] for target in model.field_names}
    return tuple(field for field in names if not any(_has(document, name) for name in (field, *names[field])))


def _has(document: Document, name: str) -> bool:
    """Whether a document has a field, as one key or as a path into the objects in it."""
    if name in document:
        return document[name] is not None
    first, dot, rest = name.partition(".")
    inner = document.get(first)
    return bool(dot) and isinstance(inner, dict) and _has(inner, rest)


def _named(names: Iterable[str]) -> str:
    listed = list(names)
    more = len(listed) - _MOST_NAMED
    return ", ".join(f"'{name}'" for name in listed[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
