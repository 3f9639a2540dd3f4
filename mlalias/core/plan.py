"""The plan that an edit makes, and the receipt for what a store has done of it."""

from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple

from mlalias.core.catalog import Catalog, Change, Endpoint, Model, Pipeline
from mlalias.core.overlap import Overlap
from mlalias.core.rules import Move, Outcome
from mlalias.errors import Failure, Refused


class Caution(NamedTuple):
    """A warning. `rule` is the id of the rule that raised it, None for warnings without a code."""

    message: str
    rule: str | None = None
    model_alias: str | None = None
    overlap: Overlap | None = None


class FactChange(NamedTuple):
    """What an edit does to a model, to its deployments, to a pipeline, an endpoint, or the fields of an index."""

    result: Literal["new", "changed", "same", "removed"]
    part: Literal["model", "deployments", "pipeline", "endpoint", "fields"]
    name: str


class Context(NamedTuple):
    """The state in which a failure arose, from which `mlalias.advice` derives its hints.

    `name` is the name that was not found, and `kind` what it was expected to be: "model", "alias" or "model or alias".
    """

    catalog: Catalog
    model_alias: str | None = None
    move: Move | None = None
    outcomes: tuple[Outcome, ...] = ()
    name: str = ""
    kind: str = ""


class Plan(NamedTuple):
    """What an edit would do to the catalog `before`.

    `changes` lists every requested alias that was not refused, unchanged ones included; `refused` lists the others.
    `outcomes` holds the verdicts of the rules, by alias. `models` are to be written, `forgotten` to be removed, and
    `pipelines`, `endpoints` and `fields`, unless None, replace all of their kind. If there are `errors`, none of it is
    carried out. `undoes` lists the revisions that a rollback undoes. `if_current` is the model that the alias must
    still name when a cluster is changed.
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
        """The changes that are not `unchanged`."""
        return tuple(change for change in self.changes if change.result != "unchanged")

    @property
    def aliases(self) -> dict[str, str]:
        """All aliases after the edit, sorted."""
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
    """What a store has done of a plan.

    `changes` were made, or were not needed. With `errors`, a directory is unchanged; a cluster, which has no
    transactions, failed at the change `failed` and did not get those in `unsent`. `revision` is the catalog's revision
    afterwards, None if no history is kept.
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
        """The receipt for a plan that was either carried out or refused as a whole."""
        return cls(plan, plan.changes, plan.warnings, plan.errors, revision=revision)

    @property
    def moves(self) -> tuple[Change, ...]:
        """The changes that are not `unchanged`."""
        return tuple(change for change in self.changes if change.result != "unchanged")


Edit = Callable[[Catalog], Plan]


def strictly(edit: Edit) -> Edit:
    """The same edit, refused if it has warnings: each becomes an error."""

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
