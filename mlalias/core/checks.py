"""What is known of whether a name answers: the figures of its deployments, and the documents that it was asked for."""

from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

from mlalias.core.answers import Trial
from mlalias.core.catalog import Model
from mlalias.core.health import Load, Verdict, of_model


class Check(NamedTuple):
    """An alias or a model id that was looked at; `trials` is None where it was not asked for documents."""

    name: str
    model: Model
    loads: tuple[Load, ...]
    trials: tuple[Trial, ...] | None = None

    @property
    def verdict(self) -> Verdict:
        """Whether it answers: by its answers where it was asked, else by its figures."""
        by_figures = of_model(self.model.model_type, self.loads)
        if self.trials is None:
            return by_figures
        missing = len(self.trials) - self.answered
        if missing:
            return Verdict("fail", f"{missing} of {len(self.trials)} documents not answered")
        if by_figures.level == "warn" and not self.asleep:
            return by_figures
        return Verdict("pass", "every document answered")

    @property
    def can_be_asked(self) -> bool:
        """Whether an answer is to be expected; a model without a deployment has none to give."""
        return of_model(self.model.model_type, self.loads).level != "fail"

    @property
    def asleep(self) -> bool:
        """Whether an allocation has to start before it can answer."""
        return bool(self.loads) and all(load.asleep for load in self.loads)

    @property
    def answered(self) -> int:
        """How many documents it answered."""
        return sum(trial.fault is None for trial in self.trials or ())

    @property
    def times(self) -> "Times | None":
        """How long its answers took; None without any."""
        return times([trial.milliseconds for trial in self.trials or () if trial.fault is None])


class Times(NamedTuple):
    """Times of requests in milliseconds."""

    median: float
    slowest: float


def times(milliseconds: Sequence[float]) -> Times | None:
    """The median and the largest of some times."""
    return Times(median(milliseconds), max(milliseconds)) if milliseconds else None
