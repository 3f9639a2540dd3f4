"""What an edit comes to, and what was done of it."""

from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple

from mlalias.core.catalog import Catalog, Change, Endpoint, Model, Pipeline
from mlalias.core.overlap import Overlap
from mlalias.core.rules import Move, Outcome
from mlalias.errors import Failure, Refused


class Caution(NamedTuple):
    """A warning: from a rule about a move, or about something else (then `rule` is None)."""

    message: str
    rule: str | None = None
    model_alias: str | None = None
    overlap: Overlap | None = None


class FactChange(NamedTuple):
    """What becomes of a model, of its deployments, of a pipeline, of an endpoint, or of the fields of an index."""

    result: Literal["new", "changed", "same", "removed"]
    part: Literal["model", "deployments", "pipeline", "endpoint", "fields"]
    name: str


class Context(NamedTuple):
    """What a failure was judged on, for whoever looks for what to type next.

    `name` is what was not found, and `kind` what was looked for: "model", "alias" or "model or alias".
    """

    catalog: Catalog
    model_alias: str | None = None
    move: Move | None = None
    outcomes: tuple[Outcome, ...] = ()
    name: str = ""
    kind: str = ""


class Plan(NamedTuple):
    """What an edit would do to a catalog, `before`.

    `changes` has every alias that was asked about, unchanged ones included, except the `refused` ones; `outcomes` has
    what the rules say, by alias; `models`, `forgotten`, `pipelines`, `endpoints` and `fields` are the facts to write
    (of the last three all there are, None to leave them alone). A plan with `errors` is refused: nothing of it is done.
    `undoes` has the revisions that a rollback takes back; `if_current` is the model that the alias must still name when
    a cluster is asked.
    """

    before: Catalog
    changes: tuple[Change, ...] = ()
    refused: tuple[Change, ...] = ()
    models: Mapping[str, Model] = {}
    forgotten: tuple[str, ...] = ()
    pipelines: Mapping[str, Pipeline] | None = None
    endpoints: Mapping[str, Endpoint] | None = None
    fields: Mapping[str, Mapping[str, tuple[str, ...]]] | None = None
    facts: tuple[FactChange, ...] = ()
    outcomes: Mapping[str, tuple[Outcome, ...]] = {}
    warnings: tuple[Caution, ...] = ()
    errors: tuple[Failure, ...] = ()
    undoes: tuple[int, ...] = ()
    if_current: str | None = None

    @property
    def moves(self) -> tuple[Change, ...]:
        """The changes that change something."""
        return tuple(change for change in self.changes if change.result != "unchanged")

    @property
    def aliases(self) -> dict[str, str]:
        """All aliases as they are afterwards, sorted."""
        after = dict(self.before.aliases)
        for change in self.moves:
            if change.model_id is None:
                del after[change.model_alias]
            else:
                after[change.model_alias] = change.model_id
        return dict(sorted(after.items()))

    @property
    def empty(self) -> bool:
        """Whether there is nothing to write."""
        others = (self.pipelines, self.endpoints, self.fields)
        return not (self.moves or self.models or self.forgotten) and all(part is None for part in others)


class Receipt(NamedTuple):
    """What a store did of a plan.

    `changes` were made, or found unchanged; with `errors` a directory did nothing, while a cluster, which has no
    transaction, stopped at the change that `failed`, and did not send those that are `unsent`. `revision` is that of
    the catalog afterwards, None where no history is kept.
    """

    plan: Plan
    changes: tuple[Change, ...]
    warnings: tuple[Caution, ...]
    errors: tuple[Failure, ...] = ()
    failed: Change | None = None
    unsent: tuple[Change, ...] = ()
    revision: int | None = None

    @classmethod
    def of(cls, plan: Plan, revision: int | None) -> "Receipt":
        """The receipt for a plan that was carried out as a whole, or refused as a whole."""
        return cls(plan, plan.changes, plan.warnings, plan.errors, revision=revision)

    @property
    def moves(self) -> tuple[Change, ...]:
        """The changes that changed something."""
        return tuple(change for change in self.changes if change.result != "unchanged")


Edit = Callable[[Catalog], Plan]


def strictly(edit: Edit) -> Edit:
    """Treat warnings as errors."""

    def strict(catalog: Catalog) -> Plan:
        plan = edit(catalog)
        if plan.errors:
            return plan
        errors = tuple(
            Refused(
                f"{warning.message}, and --strict treats warnings as errors",
                rule=warning.rule or "strict",
                context=Context(catalog, warning.model_alias),
            )
            for warning in plan.warnings
        )
        warned = {warning.model_alias for warning in plan.warnings}
        return plan._replace(
            changes=tuple(change for change in plan.changes if change.model_alias not in warned),
            refused=tuple(change for change in plan.changes if change.model_alias in warned),
            errors=errors,
        )

    return strict
