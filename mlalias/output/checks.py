"""What `check` prints: the verdict first, then figures with their units."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from mlalias.core.checks import Check
from mlalias.core.health import answers
from mlalias.documents.codec import to_json
from mlalias.errors import Hint, Refused
from mlalias.output import checked, tables
from mlalias.output.answers import faults, results, side_by_side
from mlalias.output.listings import left_out
from mlalias.output.page import Format, Invocation, Page, Screen, Screens
from mlalias.output.shapes import Record
from mlalias.output.tables import Column, Drawn, Row

if TYPE_CHECKING:
    from mlalias.stores.cluster.rollout import Report

_SMALL = 10  # milliseconds, below which a tenth matters
_LEAST_SHARE = 0.001


def page(report: "Report", invocation: Invocation, screens: Screens, *, compared: bool, now: float) -> Page:
    """The checks of names; where two are `compared`, how their answers differ. `now` is in seconds since 1970.

    The exit code is 3 unless all can be taken to answer.
    """
    code = 0 if answers(check.verdict.level for check in report.checks) else Refused.exit_code
    if invocation.form is Format.json:
        return Page(_json(report, compared=compared, answering=code == 0), code=code)
    notes = "".join(tables.note("warning", "yellow", text, screens.err) for text in report.warnings)
    records = [checked.record(check) for check in report.checks]
    if invocation.form is Format.tsv:
        return Page(tables.tsv(row for record in records for row in _tsv_rows(record)), notes, code)
    lines = [line for record in records for line in _lines(record)]
    drawn = _table(lines, screens.out, now)
    parts = [drawn.text, _reasons(lines, screens.out), *_answers_of(report.checks, screens.out, compared=compared)]
    notes += left_out(drawn, screens.err)
    notes += "".join(tables.note("hint", "cyan", str(hint), screens.err) for hint in _hints(report.checks))
    return Page("\n".join(filter(None, parts)), notes, code)


def _json(report: "Report", *, compared: bool, answering: bool) -> str:
    comparison = checked.comparison(*report.checks) if compared and _all_asked(report.checks) else None
    records = [checked.record(check) for check in report.checks]
    warnings = list(report.warnings)
    return to_json({"answering": answering, "checks": records, "comparison": comparison, "warnings": warnings})


def _answers_of(checks: Sequence[Check], screen: Screen, *, compared: bool) -> list[str]:
    """What was not answered, and of the rest how two names' answers differ, or what one answered."""
    if compared and _all_asked(checks):
        first, second = checks
        return [faults(checks, screen), *side_by_side(first, second, screen)]
    return [faults(checks, screen), *results(checks, screen)]


def _all_asked(checks: Sequence[Check]) -> bool:
    return all(check.trials is not None for check in checks)


def _hints(checks: Sequence[Check]) -> list[Hint]:
    """How to deploy the first model that is not."""
    idle = [each.model.model_id for each in checks if each.model.model_type == "pytorch" and not each.loads]
    return [Hint(f"deploy it: POST _ml/trained_models/{idle[0]}/deployment/_start")] if idle else []


_FIGURES = (
    Column("verdict", kept=True),
    Column("name", kept=True),
    Column("answered", worth=9),
    Column("median", right=True, worth=6),
    Column("slowest", right=True, worth=3),
    Column("running", worth=7),
    Column("latency", right=True, worth=6),
    Column("requests", right=True, worth=4),
    Column("failed", right=True, worth=8),
    Column("errors", right=True, worth=5),
    Column("rejected", right=True, worth=5),
    Column("timed out", right=True, worth=5),
    Column("last asked", worth=2),
    Column("model"),
    Column("deployment", worth=1),
)


class _Line(NamedTuple):
    """What a row is made of: a name, and one deployment of it, or all together where the name was asked."""

    record: Record
    load: Record
    verdict: str
    reason: str


def _lines(record: Record) -> list[_Line]:
    loads = record["deployments"]
    if len(loads) > 1 and record["documents"] is None:
        return [_Line(record, load, load["verdict"], load["reason"]) for load in loads]
    return [_Line(record, _in_all(loads) if loads else {}, record["verdict"], record["reason"])]


def _in_all(loads: Sequence[Record]) -> Record:
    """The figures of several deployments as those of one; latencies have no sum, so the longest stands for all."""
    if len(loads) == 1:
        return loads[0]
    together: Record = {key: _largest(load[key] for load in loads) for key in _TIMES}
    together |= {key: _total(load[key] for load in loads) for key in _COUNTS}
    return together | {"deployment_id": f"{len(loads)} deployments"}


_FAILURES = ("error_count", "rejected_execution_count", "timeout_count")
_TIMES = ("last_access", "average_inference_time_ms_last_minute")
_COUNTS = (
    "allocation_count",
    "target_allocation_count",
    "inference_count",
    *_FAILURES,
    "throughput_last_minute",
)


def _known(numbers: Iterable[float | None]) -> list[float]:
    return [number for number in numbers if number is not None]


def _largest(numbers: Iterable[float | None]) -> float | None:
    return max(_known(numbers), default=None)


def _total(numbers: Iterable[float | None]) -> float | None:
    known = _known(numbers)
    return sum(known) if known else None


def _table(lines: Sequence[_Line], screen: Screen, now: float) -> Drawn:
    rows = [_cells(line, screen, now) for line in lines]
    return tables.table(_FIGURES, [[cells.get(column.title, "") for column in _FIGURES] for cells in rows], screen)


def _cells(line: _Line, screen: Screen, now: float) -> Mapping[str, str]:
    """The cells of a row by title, as far as there is something to say."""
    record, load = line.record, line.load
    model_id, name = record["model_id"], record["name"]
    deployment = load.get("deployment_id", "")
    return {
        "verdict": line.verdict,
        "name": name,
        **(_answers(record["documents"], screen) if record["documents"] else {}),
        **(_figures(load, now) if load else {}),
        "model": "" if model_id == name else model_id,
        "deployment": "" if deployment in (model_id, name) else deployment,
    }


def _answers(documents: Record, screen: Screen) -> Mapping[str, str]:
    bar = tables.bar(documents["answered"] / documents["asked"], screen)
    return {
        "answered": f"{documents['answered']}/{documents['asked']} {bar}",
        "median": milliseconds(documents["median_ms"]),
        "slowest": milliseconds(documents["slowest_ms"]),
    }


def _figures(load: Record, now: float) -> Mapping[str, str]:
    rate = load["throughput_last_minute"]
    return {
        "running": _running(load),
        "latency": milliseconds(load["average_inference_time_ms_last_minute"]),
        "requests": "" if rate is None else f"{rate:,}/min",
        "failed": _failed(load),
        "errors": _count(load["error_count"]),
        "rejected": _count(load["rejected_execution_count"]),
        "timed out": _count(load["timeout_count"]),
        "last asked": "" if load["inference_count"] is None else _ago(load["last_access"], now),
    }


def _count(number: int) -> str:
    return f"{number:,}" if number else ""


def _running(load: Record) -> str:
    count, wanted = load["allocation_count"], load["target_allocation_count"]
    known = "?" if count is None else str(count)
    return known if wanted is None else f"{known}/{wanted}"


def _failed(load: Record) -> str:
    """The share of requests that failed, of those that were answered or failed."""
    failed = sum(load[key] for key in _FAILURES)
    share = failed / (failed + (load["inference_count"] or 0)) if failed else 0
    return f"{share:.1%}" if share >= _LEAST_SHARE else "<0.1%" if failed else "0%"


def milliseconds(number: float | None) -> str:
    """A time with its unit; nothing where it is not known."""
    if number is None:
        return ""
    return f"{number:.1f} ms" if number < _SMALL else f"{number:,.0f} ms"


_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def _ago(milliseconds: int | None, now: float) -> str:
    """How long ago a time was, in the largest unit that it fills; clocks of two machines may differ a little."""
    if milliseconds is None:
        return "never"
    seconds = int(now - milliseconds / 1000)
    size, unit = next((pair for pair in _UNITS if seconds >= pair[0]), (1, ""))
    return f"{seconds // size} {unit} ago" if unit else "now"


def _tsv_rows(record: Record) -> list[Row]:
    """A line for each deployment, its figures without units."""
    documents = record["documents"] or {}
    return [
        (
            *(record[key] or "" for key in ("verdict", "name", "model_id", "reason")),
            *(_cell(load.get(key)) for key in checked.FIGURES),
            *(_cell(documents.get(key)) for key in ("asked", "answered", "median_ms", "slowest_ms")),
        )
        for load in record["deployments"] or [{}]
    ]


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def _reasons(lines: Sequence[_Line], screen: Screen) -> str:
    """Why a verdict is not a pass, for each name, or each of its deployments."""
    names = [line.record["name"] for line in lines]
    pairs = [(_subject(line, names), f"{line.verdict}: {line.reason}") for line in lines if line.verdict != "pass"]
    return tables.block(pairs, screen)


def _subject(line: _Line, names: Sequence[str]) -> str:
    name: str = line.record["name"]
    return f"{name} ({line.load['deployment_id']})" if names.count(name) > 1 else name
