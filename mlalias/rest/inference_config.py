"""`inference_config`: a table of fields for each type of inference, with what a server checks and fills in.

https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-ml-put-trained-model
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from mlalias.documents.codec import Document
from mlalias.rest import fields
from mlalias.rest.answers import Cause, not_parsed
from mlalias.rest.fields import Field, Fields

# --- tokenization ---

_TOKENIZATION: Fields = {
    "do_lower_case": Field(fields.boolean, default=False),
    "with_special_tokens": Field(fields.boolean, default=True),
    "max_sequence_length": Field(fields.above_zero, default=512),
    "truncate": Field(fields.choice("first", "second", "none", "balanced"), default="first"),
    "span": Field(fields.integer, default=-1),
}
_PREFIX_SPACE: Fields = {**_TOKENIZATION, "add_prefix_space": Field(fields.boolean, default=False)}
_SPECIAL_TOKENS = {"unk": "<unk>", "pad": "<pad>", "bos": "<s>", "eos": "</s>", "mask": "<mask>"}
_TOKENS: Fields = {f"{name}_token": Field(fields.text, default=token) for name, token in _SPECIAL_TOKENS.items()}


class _Tokenizer(NamedTuple):
    """The fields of a tokenizer, the token for a masked word, and whether it can lower-case text."""

    fields: Fields
    mask_token: str
    lowers: bool = True


TOKENIZERS: Mapping[str, _Tokenizer] = {
    "bert": _Tokenizer(_TOKENIZATION, "[MASK]"),
    "bert_ja": _Tokenizer(_TOKENIZATION, "[MASK]"),
    "mpnet": _Tokenizer(_TOKENIZATION, "<mask>"),
    "roberta": _Tokenizer(_PREFIX_SPACE, "<mask>", lowers=False),
    "xlm_roberta": _Tokenizer(_TOKENIZATION, "<mask>", lowers=False),
    "deberta_v2": _Tokenizer(_TOKENIZATION, "[MASK]"),
    "byte_level_bpe": _Tokenizer({**_PREFIX_SPACE, **_TOKENS}, "<mask>", lowers=False),
}


def _tokenization(value: Any, place: str) -> Document:
    name, options = _single(value, TOKENIZERS, place, "tokenizer")
    place = f"{place}.{name}"
    found = fields.read(options, TOKENIZERS[name].fields, place)
    if found.get("do_lower_case") and not TOKENIZERS[name].lowers:
        raise not_parsed(f"{place}.do_lower_case cannot be true for {name}")
    whole = fields.filled(found, TOKENIZERS[name].fields)
    if not -1 <= whole["span"] <= whole["max_sequence_length"]:
        raise not_parsed(f"{place}.span is {whole['span']}, and can be -1, or 0 to {whole['max_sequence_length']}")
    if whole["span"] != -1 and whole["truncate"] != "none":
        raise not_parsed(f"{place}.span needs truncate to be 'none'")
    return {name: found}


def _unspanned(value: Any, place: str) -> Document:
    """The tokenization of a type that cannot split a long text into windows."""
    found = _tokenization(value, place)
    if any(options.get("span", -1) != -1 for options in found.values()):
        raise not_parsed(f"{place} has a span, which this type of inference does not take")
    return found


# --- labels ---

_IOB = re.compile(r"O|[BI][-_].+")
_ENTAILMENT = ["contradiction", "entailment", "neutral"]


def _labels(accepts: Callable[[list[str]], bool], rule: str) -> Field:
    """A field of labels that are checked by a rule."""

    def read_labels(value: Any, place: str) -> list[str]:
        found = fields.texts(value, place)
        if not accepts(found):
            reason = f"{place} must be {rule}"
            raise not_parsed(reason, Cause("status_exception", reason, root=True))
        return found

    return Field(read_labels)


_TWO_OR_MORE = _labels(lambda labels: len(labels) > 1, "two labels or more")
_AT_LEAST_ONE = _labels(bool, "one label or more")
_OF_ENTITIES = _labels(
    lambda labels: not labels or ("O" in labels and all(map(_IOB.fullmatch, labels))), "labels in IOB form, with 'O'"
)
_OF_ENTAILMENT = _labels(
    lambda labels: sorted(map(str.lower, labels)) == _ENTAILMENT, "entailment, neutral and contradiction"
)

# --- the types ---

_VOCABULARY = {"index": ".ml-inference-native-000002"}
_RESULTS_FIELD: Fields = {"results_field": Field(fields.text)}
_SHOWN_RESULTS_FIELD: Fields = {"results_field": Field(fields.text, default="predicted_value")}
_IMPORTANCE: Fields = {"num_top_feature_importance_values": Field(fields.not_negative, default=0)}
_WITH_SPAN: Fields = {
    "vocabulary": Field(fields.refused("is the server's own, and cannot be put"), default=_VOCABULARY),
    "tokenization": Field(_tokenization, default={"bert": {}}),
    **_RESULTS_FIELD,
}
_NLP: Fields = {**_WITH_SPAN, "tokenization": Field(_unspanned, default={"bert": {}})}


def _top_classes(default: int) -> Fields:
    return {"num_top_classes": Field(fields.integer, default=default)}


TYPES: Mapping[str, Fields] = {
    "regression": {**_SHOWN_RESULTS_FIELD, **_IMPORTANCE},
    "classification": {
        **_SHOWN_RESULTS_FIELD,
        **_IMPORTANCE,
        **_top_classes(0),
        "top_classes_results_field": Field(fields.text, default="top_classes"),
        "prediction_field_type": Field(fields.choice("string", "number", "boolean", trimmed=True), default="string"),
    },
    "learning_to_rank": {
        **_IMPORTANCE,
        "feature_extractors": Field(fields.tables),
        "default_params": Field(fields.table),
    },
    "ner": {**_NLP, "classification_labels": _OF_ENTITIES},
    "pass_through": _NLP,
    "fill_mask": {**_NLP, **_top_classes(5), "mask_token": Field(fields.text)},
    "text_classification": {**_WITH_SPAN, **_top_classes(0), "classification_labels": _TWO_OR_MORE},
    "text_embedding": {**_NLP, "embedding_size": Field(fields.above_zero)},
    "text_expansion": _WITH_SPAN,
    "text_similarity": {
        **_WITH_SPAN,
        "span_score_combination_function": Field(fields.choice("max", "mean"), default="max"),
    },
    "question_answering": {**_WITH_SPAN, **_top_classes(0), "max_answer_length": Field(fields.above_zero, default=15)},
    "zero_shot_classification": {
        **_NLP,
        "classification_labels": _OF_ENTAILMENT,
        "multi_label": Field(fields.boolean, default=False),
        "hypothesis_template": Field(fields.text, default="This example is {}."),
        "labels": _AT_LEAST_ONE,
    },
}
_REQUIRED = {"text_classification": "classification_labels", "zero_shot_classification": "classification_labels"}


def parse(value: Any, place: str) -> Document:
    """An inference_config as it was sent; raises HttpFailure if a server refuses it."""
    kind, options = _single(value, TYPES, place, "type of inference")
    place = f"{place}.{kind}"
    found = fields.read(options, TYPES[kind], place)
    if kind in _REQUIRED and _REQUIRED[kind] not in found:
        reason = f"{place} has no {_REQUIRED[kind]}"
        raise not_parsed(reason, Cause("status_exception", reason, root=True))
    if kind == "fill_mask" and found.get("mask_token", mask_token(found)) != mask_token(found):
        raise not_parsed(f"{place}.mask_token is not the tokenizer's own, '{mask_token(found)}'")
    return {kind: found}


def with_defaults(config: Mapping[str, Any]) -> Document:
    """An inference_config as a server shows it; an unknown type is left as it is."""
    return {kind: _filled(kind, options) for kind, options in config.items()}


def _filled(kind: str, options: Any) -> Any:
    if kind not in TYPES or not isinstance(options, Mapping):
        return options
    found = fields.filled(options, TYPES[kind])
    if "tokenization" in TYPES[kind]:
        if kind == "fill_mask":
            found.setdefault("mask_token", mask_token(found))
        found["tokenization"] = {
            name: fields.filled(tokens, TOKENIZERS[name].fields) if name in TOKENIZERS else tokens
            for name, tokens in found["tokenization"].items()
        }
    return found


def mask_token(options: Mapping[str, Any]) -> str:
    """The tokenizer's token for a masked word."""
    for name, tokens in options.get("tokenization", {"bert": {}}).items():
        if name in TOKENIZERS:
            return str(tokens.get("mask_token", TOKENIZERS[name].mask_token))
    return ""


def _single(value: Any, known: Mapping[str, Any], place: str, what: str) -> tuple[str, Any]:
    """The name of the only object in an object, and that object."""
    document = fields.table(value, place)
    if len(document) != 1:
        raise not_parsed(f"{place} must have exactly one {what}")
    ((name, options),) = document.items()
    if name not in known:
        reason = f"{place} has the {what} '{name}', which is not known"
        raise not_parsed(reason, Cause("named_object_not_found_exception", reason, root=True))
    return name, fields.table(options, f"{place}.{name}")


def default_input(model_type: str | None, config: Mapping[str, Any] | None) -> list[str] | None:
    """The names of the input fields that a server fills in; None if it fills in none."""
    if config is None:
        return None
    if "learning_to_rank" in config:
        return []
    return ["input"] if model_type == "pytorch" else None
