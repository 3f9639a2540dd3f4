"""What a request comes to: the changes of aliases and facts that it asks for, and what the rules say of them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, NamedTuple

from mlalias.core.catalog import AliasChange, Catalog, Model
from mlalias.core.overlap import Overlap
from mlalias.core.rules import Outcome
from mlalias.errors import Failure, Refused


class Caution(NamedTuple):
    """A warning: of a rule about a move, or of something else worth knowing (then `rule` is None)."""

    message: str
    rule: str | None = None
    model_alias: str | None = None
    overlap: Overlap | None = None


class FactChange(NamedTuple):
    """What becomes of one model, of a model's deployments, or of one pipeline."""

    result: Literal["new", "changed", "same", "removed"]
    part: Literal["model", "deployments", "pipeline"]
    name: str


class Plan(NamedTuple):
    """A request, thought through.

    `changes` lists every alias that was asked about, unchanged ones included, but not the `refused` ones; `outcomes`
    has what the rules say, by alias; `models`, `forgotten` and `pipelines` are
    the facts to write (`pipelines` whole, None if they stay). With `errors` it is refused, and none of it is done.
    `revision` is set by the commit; it stays None in a dry run, and where a store keeps no history.
    `if_current` is the model that the alias must still name when the change is sent to a cluster. `left` is None
    unless a cluster stopped at an error: then `changes` are made, the `refused` one is not, and those left neither.
    """

    before: Catalog
    changes: tuple[AliasChange, ...] = ()
    refused: tuple[AliasChange, ...] = ()
    models: Mapping[str, Model] = {}
    forgotten: tuple[str, ...] = ()
    pipelines: Mapping[str, Sequence[str]] | None = None
    facts: tuple[FactChange, ...] = ()
    outcomes: Mapping[str, tuple[Outcome, ...]] = {}
    warnings: tuple[Caution, ...] = ()
    errors: tuple[Failure, ...] = ()
    undoes: tuple[int, ...] = ()
    revision: int | None = None
    if_current: str | None = None
    left: tuple[AliasChange, ...] | None = None

    @property
    def moves(self) -> tuple[AliasChange, ...]:
        """The changes that change something."""
        return tuple(change for change in self.changes if change.model_id != change.previous_model_id)

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
        return not (self.moves or self.models or self.forgotten or self.pipelines is not None)


Request = Callable[[Catalog], Plan]


def strictly(request: Request) -> Request:
    """Let every warning refuse."""

    def strict(catalog: Catalog) -> Plan:
        plan = request(catalog)
        if plan.errors:
            return plan
        errors = tuple(
            Refused(f"{warning.message}, and --strict lets no warning pass", rule=warning.rule)
            for warning in plan.warnings
        )
        warned = {warning.model_alias for warning in plan.warnings}
        return plan._replace(
            changes=tuple(change for change in plan.changes if change.model_alias not in warned),
            refused=tuple(change for change in plan.changes if change.model_alias in warned),
            errors=errors,
        )

    return strict
