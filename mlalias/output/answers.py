"""What models answered, in tables: document by document, and of two models side by side."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mlalias.core.answers import Agreement, Prediction, agreement, compare
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


def side_by_side(pair: Sequence[Check], screen: Screen) -> list[str]:
    """How two names' answers compare, and side by side the answers that differ the most."""
    first, second = pair
    pairs = pairs_of(first, second)
    numbered = list(enumerate(pairs, 1))
    differing = [(number, each) for number, each in numbered if compare(*each).same is not True]
    differing.sort(key=lambda numbered: _likeness(*numbered[1]))
    rows: list[Row] = [
        (str(number), _shown(one), _shown(other), _difference(one, other))
        for number, (one, other) in differing[:_MOST_ROWS]
    ]
    titles = ("document", first.name, second.name, "difference")
    columns = [Column(title, kept=title != "difference", right=title == "document") for title in titles]
    if not any(row[-1] for row in rows):
        columns, rows = columns[:-1], [row[:-1] for row in rows]
    side_by_side = tables.table(columns, rows, screen).text + _and_more(len(differing), "document") if rows else ""
    return [_summary(first, second, agreement(pairs), pairs, screen), side_by_side]


def _likeness(one: Prediction | None, other: Prediction | None) -> float:
    """What to sort by: documents that only one answered come first, then those that differ the most."""
    found = compare(one, other)
    if found.same is None:
        return -1e308
    return -abs(found.difference) if found.difference is not None else (found.cosine or 0.0)


def _summary(
    first: Check,
    second: Check,
    found: Agreement,
    pairs: Sequence[tuple[Prediction | None, Prediction | None]],
    screen: Screen,
) -> str:
    share = (
        f"{found.same} of {found.both} {tables.bar(found.same / found.both, screen)}"
        if found.both
        else "nothing to compare"
    )
    lines = [("same answer", share)]
    if found.mean_difference is not None:
        lines.append(("difference", f"{found.mean_difference:.4g} on average, {found.largest_difference:.4g} at most"))
    if found.mean_cosine is not None:
        lines.append(("cosine", f"{found.mean_cosine:.3f} on average, {found.least_cosine:.3f} at least"))
    lines += [("dimensions", text) for text in _dimensions(pairs)]
    for name, count in ((first.name, found.only_first), (second.name, found.only_second)):
        lines += [("answered by one", f"{plural(count, 'document')} by '{name}' alone")] if count else []
    return tables.block(lines, screen)


def _dimensions(pairs: Sequence[tuple[Prediction | None, Prediction | None]]) -> list[str]:
    """The lengths of the two names' vectors, where there are any."""
    sides: list[Sequence[Prediction | None]] = [[one for one, _ in pairs], [other for _, other in pairs]]
    lengths = [sorted({len(each.value) for each in side if each and each.kind == "vector"}) for side in sides]
    if not all(lengths):
        return []
    one, other = (", ".join(f"{length:,}" for length in each) for each in lengths)
    return [one if one == other else f"{one} against {other}: vectors that cannot be compared"]


def _difference(one: Prediction | None, other: Prediction | None) -> str:
    found = compare(one, other)
    if found.difference is not None:
        return f"{found.difference:+.4g}"
    return "" if found.cosine is None else f"cosine {found.cosine:.3f}"


_LONGEST = 40


def _shown(found: Prediction | None) -> str:
    """An answer in a few words."""
    if found is None:
        return "not answered"
    text = _SHOWN[found.kind](found.value)
    sure = f" {found.probability * _PERCENT:.0f}%" if found.probability is not None else ""
    return f"{text}{sure}{' (text cut)' if found.truncated else ''}"


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
    "entities": lambda found: _short(", ".join(f"{each.entity} {each.class_name}" for each in found) or "none"),
}
