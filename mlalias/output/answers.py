"""What models answered, in tables: document by document, and of two models side by side."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mlalias.core.answers import Prediction, agreement, compare
from mlalias.core.checks import Check
from mlalias.output import tables
from mlalias.output.checked import pairs_of
from mlalias.output.page import Screen
from mlalias.output.tables import Column, Row
from mlalias.text import plural

_MOST_ROWS = 10
_PERCENT = 100
_FAULT = (Column("not answered", kept=True), Column("documents", kept=True), Column("reason", kept=True))


def faults(checks: Sequence[Check], screen: Screen) -> str:
    """The reasons why documents were not answered, each with the documents that it was given for."""
    numbers: dict[tuple[str, str], list[int]] = {}
    for each in checks:
        for number, trial in enumerate(each.trials or (), 1):
            if trial.fault:
                numbers.setdefault((each.name, trial.fault.reason), []).append(number)
    rows = [(name, _listed(of), reason) for (name, reason), of in list(numbers.items())[:_MOST_ROWS]]
    return tables.wrapped(_FAULT, rows, screen) + _and_more(len(numbers), "reason") if rows else ""


def _listed(numbers: Sequence[int]) -> str:
    more = len(numbers) - 3
    return ", ".join(map(str, numbers[:3])) + (f" +{more} more" if more > 0 else "")


def _and_more(count: int, noun: str) -> str:
    more = count - _MOST_ROWS
    return f"and {plural(more, f'more {noun}')} (all: -o json)\n" if more > 0 else ""


def results(checks: Sequence[Check], screen: Screen) -> list[str]:
    """What one name answered, document by document; of several, only the counts are shown."""
    if len(checks) != 1:
        return []
    answered = [
        (number, trial.prediction) for number, trial in enumerate(checks[0].trials or (), 1) if trial.prediction
    ]
    rows = [(str(number), _shown(prediction)) for number, prediction in answered[:_MOST_ROWS]]
    columns = (Column("document", kept=True, right=True), Column("answer", kept=True))
    return [tables.wrapped(columns, rows, screen) + _and_more(len(answered), "answer")] if rows else []


def side_by_side(first: Check, second: Check, screen: Screen) -> list[str]:
    """How two names' answers compare, and side by side the answers that differ the most."""
    pairs = pairs_of(first, second)
    return [_summary(first, second, pairs, screen), _differing(first, second, pairs, screen)]


Pairs = Sequence[tuple[Prediction | None, Prediction | None]]


def _differing(first: Check, second: Check, pairs: Pairs, screen: Screen) -> str:
    differing = [(number, each) for number, each in enumerate(pairs, 1) if compare(*each).same is not True]
    differing.sort(key=lambda numbered: _order(*numbered[1]))
    rows: list[Row] = [
        (str(number), *map(_shown, answers), _difference(*answers)) for number, answers in differing[:_MOST_ROWS]
    ]
    titles = ("document", first.name, second.name, "difference")
    columns = [Column(title, kept=title != "difference", right=title == "document") for title in titles]
    return tables.table(columns, rows, screen).text + _and_more(len(differing), "document") if rows else ""


def _order(first_answer: Prediction | None, second_answer: Prediction | None) -> tuple[bool, float]:
    """What to sort by: documents that only one name answered come first, then those that differ the most."""
    comparison = compare(first_answer, second_answer)
    likeness = comparison.cosine or 0.0 if comparison.difference is None else -abs(comparison.difference)
    return comparison.same is not None, likeness


def _summary(first: Check, second: Check, pairs: Pairs, screen: Screen) -> str:
    total = agreement(pairs)
    lines = [("same answer", _share(total.same, total.both, screen) if total.both else "nothing to compare")]
    if total.mean_difference is not None:
        lines.append(("difference", f"{total.mean_difference:.4g} on average, {total.largest_difference:.4g} at most"))
    if total.mean_cosine is not None:
        lines.append(("cosine", f"{total.mean_cosine:.3f} on average, {total.least_cosine:.3f} at least"))
    lines += [("dimensions", text) for text in _dimensions(pairs)]
    for name, count in ((first.name, total.only_first), (second.name, total.only_second)):
        lines += [("answered by one", f"{plural(count, 'document')} by '{name}' alone")] if count else []
    return tables.block(lines, screen)


def _share(part: int, whole: int, screen: Screen) -> str:
    return f"{part} of {whole} {tables.bar(part / whole, screen)}"


def _dimensions(pairs: Pairs) -> list[str]:
    """The lengths of the two names' vectors, where there are any."""
    sides = list(zip(*pairs, strict=True))
    lengths = [sorted({len(each.value) for each in side if each and each.kind == "vector"}) for side in sides]
    if not all(lengths):
        return []
    first, second = (", ".join(f"{length:,}" for length in each) for each in lengths)
    return [first if first == second else f"{first} against {second}: vectors that cannot be compared"]


def _difference(first_answer: Prediction | None, second_answer: Prediction | None) -> str:
    comparison = compare(first_answer, second_answer)
    if comparison.difference is not None:
        return f"{comparison.difference:+.4g}"
    return "" if comparison.cosine is None else f"cosine {comparison.cosine:.3f}"


_LONGEST = 40


def _shown(answer: Prediction | None) -> str:
    """An answer in a few words."""
    if answer is None:
        return "not answered"
    text = _SHOWN[answer.kind](answer.value)
    sure = f" {answer.probability * _PERCENT:.0f}%" if answer.probability is not None else ""
    return f"{text}{sure}{' (text cut)' if answer.truncated else ''}"


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def _shown_tokens(tokens: Mapping[str, float]) -> str:
    heaviest = sorted(tokens, key=lambda token: -tokens[token])[:3]
    return f"{plural(len(tokens), 'token')}: {', '.join(heaviest)}"


_SHOWN: Mapping[str, Callable[[Any], str]] = {
    "label": _short,
    "text": _short,
    "number": lambda number: f"{number:.6g}",
    "vector": lambda numbers: plural(len(numbers), "dimension"),
    "tokens": _shown_tokens,
    "entities": lambda entities: _short(", ".join(f"{each.entity} {each.class_name}" for each in entities) or "none"),
}
