"""Rules of our own about two models: what the users of an alias get differently after a move.

No server asks them, so they only ever warn. What a model's configuration does not say is not known, and skips the rule:
a server writes out what counts here, so its absence means an answer that was cut or a model declared by hand. The
fields and their defaults are those of the classes in
https://github.com/elastic/elasticsearch/tree/main/x-pack/plugin/core/src/main/java/org/elasticsearch/xpack/core/ml/inference/trainedmodel
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

from mlalias.core.catalog import Model
from mlalias.core.overlap import overlap
from mlalias.text import listed

Verdict = tuple[Literal["pass", "warn", "skip"], str]

_LABELS = {
    "text_classification": "classification_labels",
    "ner": "classification_labels",
    "zero_shot_classification": "labels",
}
_WRITTEN_OUT = ("regression", "classification")  # whose results_field stands in every answer
_TEXT = (
    "fill_mask",
    "ner",
    "pass_through",
    "question_answering",
    "text_classification",
    "text_embedding",
    "text_expansion",
    "text_similarity",
    "zero_shot_classification",
)
INDEXED = ("text_embedding", "text_expansion")  # whose results are indexed, and searched with the same model


def embedding_size_differs(old: Model, new: Model) -> Verdict:
    """The vectors of both models have the same number of dimensions."""
    if not _both(old, new, ("text_embedding",)):
        return "skip", "only text_embedding models have an embedding size"
    before, after = _count(old, "embedding_size"), _count(new, "embedding_size")
    if before is None or after is None:
        return _unknown("the embedding size", (old, before), (new, after))
    if before != after:
        sizes = f"has {after} dimensions, and '{old.model_id}' has {before}"
        return "warn", f"a vector of '{new.model_id}' {sizes}: it does not fit what is indexed"
    return "pass", f"the vectors of both have {after} dimensions"


def labels_differ(old: Model, new: Model) -> Verdict:
    """Both models give the same labels, in whatever order."""
    key = _LABELS.get(old.inference_type or "")
    if key is None or old.inference_type != new.inference_type:
        return "skip", "only models that do the same with labels are compared"
    before, after = _texts(old, key), _texts(new, key)
    if before is None or after is None:
        return _unknown("the labels", (old, before), (new, after))
    labels = overlap(before, after)
    parts = [
        f"{len(each)} {word} ({listed(each)})"
        for word, each in (("lost", labels.lost), ("gained", labels.gained))
        if each
    ]
    if parts:
        return "warn", f"'{new.model_id}' has other labels than '{old.model_id}': {', '.join(parts)}"
    return "pass", f"both have the same {len(labels.shared)} labels"


def results_field_differs(old: Model, new: Model) -> Verdict:
    """Both models write their result to a field of the same name."""
    if old.inference_type is None or old.inference_type != new.inference_type:
        return "skip", "only models that do the same are compared"
    before, after = _results_field(old), _results_field(new)
    if before is None or after is None:
        return _unknown("the results_field", (old, before), (new, after))
    if before != after:
        return "warn", f"'{new.model_id}' writes its result to '{after}', and '{old.model_id}' to '{before}'"
    return "pass", f"both write their result to '{after}'"


def truncates_sooner(old: Model, new: Model) -> Verdict:
    """The new model takes texts of as many tokens as the old one."""
    if not _both(old, new, _TEXT):
        return "skip", "only models of text have a tokenizer"
    before, after = _tokens(old), _tokens(new)
    if before is None or after is None:
        return _unknown("the max_sequence_length", (old, before), (new, after))
    if after.span >= 0:
        return "pass", f"'{new.model_id}' takes a long text in parts of {after.limit} tokens"
    if after.limit < before.limit:
        longer = "refused" if after.truncate == "none" else "cut"
        limits = f"takes {after.limit} tokens of a text, and '{old.model_id}' takes {before.limit}"
        return "warn", f"'{new.model_id}' {limits}: longer texts are {longer}"
    return "pass", f"'{new.model_id}' takes {after.limit} tokens of a text ({before.limit} needed)"


# --- what a configuration says; None where it does not ---


class _Tokens(NamedTuple):
    """How many tokens of a text a model takes; with a `span` above -1 a longer text is taken in overlapping parts."""

    limit: int
    truncate: str
    span: int


def _settings(model: Model) -> Mapping[str, Any]:
    """What stands below the inference type, if it is a table."""
    return _table(model.config.get("inference_config", {}).get(model.inference_type))


def _count(model: Model, key: str) -> int | None:
    value = _settings(model).get(key)
    return value if type(value) is int else None


def _texts(model: Model, key: str) -> Sequence[str] | None:
    value = _settings(model).get(key)
    texts = isinstance(value, (list, tuple)) and all(isinstance(item, str) for item in value)
    return value if texts and value else None


def _results_field(model: Model) -> str | None:
    """The results_field; a model of text that has none writes to `predicted_value`."""
    default = "predicted_value" if model.inference_type in _TEXT else None
    value = _settings(model).get("results_field", default)
    return value if isinstance(value, str) else None


def _tokens(model: Model) -> _Tokens | None:
    """The limits of the one tokenizer of a model."""
    tokenization = _table(_settings(model).get("tokenization"))
    tokenizer = _table(next(iter(tokenization.values()), None))
    limit, span = tokenizer.get("max_sequence_length"), tokenizer.get("span", -1)
    if type(limit) is not int or type(span) is not int:
        return None
    return _Tokens(limit, str(tokenizer.get("truncate", "first")), span)


def _table(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _both(old: Model, new: Model, types: Sequence[str]) -> bool:
    return old.inference_type in types and new.inference_type in types


def _unknown(what: str, *values: tuple[Model, object]) -> Verdict:
    lacking = " and ".join(f"'{model.model_id}'" for model, value in values if value is None)
    return "skip", f"not known: {what} of {lacking}"
