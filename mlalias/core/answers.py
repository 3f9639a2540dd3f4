"""What a model answered to a document, as a value, and how the answers of two models compare.

The keys of a result, by inference type:
https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-ml-infer-trained-model
"""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from operator import mul
from typing import Any, Literal, NamedTuple

Kind = Literal["label", "number", "vector", "tokens", "entities", "text"]
_KINDS: Mapping[str, Kind] = {
    "regression": "number",
    "classification": "label",
    "text_classification": "label",
    "zero_shot_classification": "label",
    "ner": "entities",
    "text_embedding": "vector",
    "text_expansion": "tokens",
    "fill_mask": "label",
    "question_answering": "text",
    "text_similarity": "number",
    "pass_through": "vector",
    "learning_to_rank": "number",
}
_RESULTS_FIELD = "predicted_value"  # the default of `results_field`


class Entity(NamedTuple):
    """A part of a text, and the class that a model gave it."""

    entity: str
    class_name: str


class Prediction(NamedTuple):
    """What a model answered to one document.

    `value` is a str for a label and a text, a float for a number, a tuple of floats for a vector, a mapping from token
    to weight for tokens, a tuple of entities for entities. `probability` is from 0 to 1.
    """

    kind: Kind
    value: Any
    probability: float | None = None
    truncated: bool = False


class Fault(NamedTuple):
    """Why a document was not answered; `status` and `type` are the server's, None where there is no such answer."""

    reason: str
    status: int | None = None
    type: str | None = None


class Trial(NamedTuple):
    """One document that a model was asked for: its prediction or a fault, and how long it took."""

    prediction: Prediction | None
    fault: Fault | None
    milliseconds: float


def trial(config: Mapping[str, Any], result: Mapping[str, Any], milliseconds: float) -> Trial:
    """Read one of `inference_results`; `config` is the model's `inference_config`.

    The server puts an `error` or a `warning` in the place of a result.
    """
    for key in ("error", "warning"):
        if key in result:
            return Trial(None, Fault(str(result[key])), milliseconds)
    type_ = next(iter(config), "")
    options = config.get(type_)
    field = (options.get("results_field") if isinstance(options, Mapping) else None) or _RESULTS_FIELD
    answer = prediction(type_, result, field)
    fault = None if answer else Fault(f"the answer has no readable '{field}'")
    return Trial(answer, fault, milliseconds)


def prediction(inference_type: str, result: Mapping[str, Any], field: str = _RESULTS_FIELD) -> Prediction | None:
    """What a result says; None where it does not say it.

    Of an inference type that is not known, the value itself tells what kind it is.
    """
    given = result.get(field)
    kind = _KINDS.get(inference_type) or _kind_of(given)
    value = _READERS[kind](result if kind == "entities" else given) if kind else None
    if kind is None or value is None:
        return None
    return Prediction(kind, value, _number(result.get("prediction_probability")), result.get("is_truncated") is True)


def _kind_of(given: Any) -> Kind | None:
    if isinstance(given, str):
        return "text"
    if isinstance(given, Mapping):
        return "tokens"
    if isinstance(given, list):
        return "vector"
    return None if _number(given) is None else "number"


def _number(given: Any) -> float | None:
    """A finite number, and no boolean."""
    if isinstance(given, bool) or not isinstance(given, int | float):
        return None
    return float(given) if math.isfinite(given) else None


def _label(given: Any) -> str | None:
    """A label, which is a string, a number or a boolean by the model's `prediction_field_type`."""
    if isinstance(given, str):
        return given
    return json.dumps(given) if isinstance(given, bool | int | float) else None


def _text(given: Any) -> str | None:
    return given if isinstance(given, str) else None


def _vector(given: Any) -> tuple[float, ...] | None:
    """The numbers of a list, or of nested lists, in order."""
    if not isinstance(given, list):
        return None
    numbers: list[float] = []
    for item in given:
        inner = _vector(item) if isinstance(item, list) else _one(_number(item))
        if inner is None:
            return None
        numbers += inner
    return tuple(numbers) or None


def _one(number: float | None) -> tuple[float, ...] | None:
    return None if number is None else (number,)


def _tokens(given: Any) -> Mapping[str, float] | None:
    if not isinstance(given, Mapping):
        return None
    weights = {token: _number(weight) for token, weight in given.items()}
    known = {token: weight for token, weight in weights.items() if weight is not None}
    return known if len(known) == len(weights) else None


def _entities(result: Any) -> tuple[Entity, ...] | None:
    """The entities of a result, in the order of the text; a text without any has an empty list."""
    listed = result.get("entities")
    if not isinstance(listed, list) or not all(isinstance(each, Mapping) for each in listed):
        return None
    return tuple(Entity(str(each.get("entity")), str(each.get("class_name"))) for each in listed)


_READERS = {
    "label": _label,
    "number": _number,
    "vector": _vector,
    "tokens": _tokens,
    "entities": _entities,
    "text": _text,
}


# --- two answers ---


class Comparison(NamedTuple):
    """How the answers to one document compare; `second` minus `first` is the `difference` of numbers.

    `same` is None where only one of the two answered, or neither. `cosine` is that of two vectors of the same length,
    or of the weights of tokens; 1 is the same direction.
    """

    same: bool | None
    difference: float | None = None
    cosine: float | None = None


def compare(first: Prediction | None, second: Prediction | None) -> Comparison:
    """Compare two answers; numbers that differ by less than a float of 32 bits can tell are the same."""
    if first is None or second is None:
        return Comparison(None)
    if first.kind != second.kind:
        return Comparison(same=False)
    match first.kind:
        case "number":
            return Comparison(_close(first.value, second.value), difference=second.value - first.value)
        case "vector" | "tokens":
            return _compare_vectors(*_aligned(first.value, second.value))
        case "entities":
            return Comparison(sorted(first.value) == sorted(second.value))
    return Comparison(first.value == second.value)


def _aligned(first: Any, second: Any) -> tuple[Sequence[float], Sequence[float]]:
    """Two vectors as they are; of tokens, the weights of all that one or the other has."""
    if not isinstance(first, Mapping):
        return first, second
    tokens = sorted({*first, *second})
    return [first.get(token, 0.0) for token in tokens], [second.get(token, 0.0) for token in tokens]


def _close(first: float, second: float) -> bool:
    return math.isclose(first, second, rel_tol=1e-6, abs_tol=1e-9)


def _compare_vectors(first: Sequence[float], second: Sequence[float]) -> Comparison:
    if len(first) != len(second):
        return Comparison(same=False)
    return Comparison(all(map(_close, first, second)), cosine=_cosine(first, second))


def _cosine(first: Sequence[float], second: Sequence[float]) -> float | None:
    """The cosine of the angle between two vectors; None where one of them has no direction."""
    lengths = math.hypot(*first) * math.hypot(*second)
    return sum(map(mul, first, second)) / lengths if lengths else None


class Agreement(NamedTuple):
    """How the answers of two models to the same documents compare.

    `same` counts the documents that both answered alike, of those that `both` answered. Differences are absolute.
    """

    both: int
    same: int
    only_first: int
    only_second: int
    neither: int
    mean_difference: float | None
    largest_difference: float | None
    mean_cosine: float | None
    least_cosine: float | None


def agreement(pairs: Iterable[tuple[Prediction | None, Prediction | None]]) -> Agreement:
    """Sum the comparisons of two models' answers up."""
    asked = list(pairs)
    comparisons = [compare(*pair) for pair in asked]
    differences = [abs(each.difference) for each in comparisons if each.difference is not None]
    cosines = [each.cosine for each in comparisons if each.cosine is not None]
    return Agreement(
        both=sum(each.same is not None for each in comparisons),
        same=sum(each.same is True for each in comparisons),
        only_first=sum(second is None and first is not None for first, second in asked),
        only_second=sum(first is None and second is not None for first, second in asked),
        neither=sum(first is None and second is None for first, second in asked),
        mean_difference=_mean(differences),
        largest_difference=max(differences, default=None),
        mean_cosine=_mean(cosines),
        least_cosine=min(cosines, default=None),
    )


def _mean(numbers: Sequence[float]) -> float | None:
    return math.fsum(numbers) / len(numbers) if numbers else None
