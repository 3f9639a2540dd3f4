"""Recognises documents that are neither an answer nor a declaration, and says how to correct them."""

import re
from typing import NoReturn

from mlalias.documents.codec import Document, invalid, is_json_list

_REQUEST_LINE = r"(GET|POST|PUT|DELETE|HEAD) \S"


def refuse_what_is_no_toml(text: str, source: str) -> None:
    """Raise InvalidDocument if a document that should be TOML is recognisably something else."""
    if "\0" in text[:2]:
        invalid(source, "looks like UTF-16 without its byte order mark: write it as UTF-8")
    if text.lstrip().startswith("HTTP/"):
        invalid(source, "begins with the headers of an answer: run curl without -i")
    if re.match(_REQUEST_LINE, text.lstrip()):
        invalid(source, "begins with a request: copy the answer alone")
    if is_json_list(text):
        invalid(source, "is a list: pass the whole answer, with the braces around it")


def refuse_answer(document: Document, source: str) -> NoReturn:
    """Raise InvalidDocument, which says what a JSON object is if it is none of the known answers."""
    if "error" in document:
        invalid(source, f"is an error from Elasticsearch ({_error_text(document)})")
    for keys, around in _ENTRIES:
        if keys & document.keys():
            missing = "" if "model_id" in document or "processors" in document else ', and give it its "model_id"'
            invalid(source, f"is one entry of an answer: put {around} around it{missing}")
    invalid(
        source, "is not an answer to GET _ml/trained_models, its _stats, _ingest/pipeline, _inference/_all or _mapping"
    )


_ENTRIES = (  # the keys that only an entry of each answer has, and what must be around the entry
    (frozenset({"processors"}), '{"NAME": ...}'),
    (frozenset({"deployment_stats", "pipeline_count", "model_size_stats"}), '{"trained_model_stats": [...]}'),
    (frozenset({"model_id", "model_type", "inference_config", "input"}), '{"trained_model_configs": [...]}'),
)


def _error_text(document: Document) -> str:
    error = document["error"]
    parts = (error.get("type"), error.get("reason")) if isinstance(error, dict) else (error,)
    return ": ".join(str(part) for part in (document.get("status"), *parts) if part is not None)
