"""The rules for pointing an alias at a model: those of Elasticsearch, in the order in which it checks them, then ours.

The API is "create or update trained model aliases":
https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-ml-put-trained-model-alias

The id of a rule is the name of its function and says what is wrong. Its docstring is the rule itself, and its
`condition` the rule in a few words. To add a rule, write its function and add a line to `RULES`; the groups below it
are made from the tags.
"""

from collections.abc import Callable
from functools import wraps
from typing import Literal, NamedTuple

from mlalias.core import cautions
from mlalias.core.catalog import LONGEST_ALIAS, Model, is_alias, is_server_alias
from mlalias.core.overlap import Overlap, overlap

Result = Literal["pass", "fail", "warn", "skip"]
Verdict = tuple[Result, str]

_JAVA = "https://github.com/elastic/elasticsearch/blob/main/x-pack/plugin"
_REQUEST = f"{_JAVA}/core/src/main/java/org/elasticsearch/xpack/core/ml/action/PutTrainedModelAliasAction.java"
_MODEL = f"{_JAVA}/core/src/main/java/org/elasticsearch/xpack/core/ml/inference/trainedmodel"
_ACTION = f"{_JAVA}/ml/src/main/java/org/elasticsearch/xpack/ml/action/TransportPutTrainedModelAliasAction.java"


class Move(NamedTuple):
    """A request to point an alias at a model, with both ends looked up.

    `target` is the model id that the alias names now; `old` and `new` are the models, None if they do not exist.
    `reassign` allows an existing alias to be moved; `if_current` allows it only while the alias names that model.
    `existed` is True if the alias exists or has existed, so a server has accepted its name.
    If `model_alias` is empty, this is a comparison: whether any alias could move from `old` to `new`.
    """

    model_alias: str
    model_id: str
    target: str | None = None
    old: Model | None = None
    new: Model | None = None
    reassign: bool = False
    if_current: str | None = None
    alias_is_model_id: bool = False
    existed: bool = False

    @property
    def subject(self) -> str:
        """The subject of a sentence about the move."""
        return f"the alias '{self.model_alias}'" if self.model_alias else "an alias"

    @property
    def overlap(self) -> Overlap | None:
        """The overlap of the two models' input fields; None unless both models exist."""
        return overlap(self.old.field_names, self.new.field_names) if self.old and self.new else None


Tag = Literal["name", "state", "pair", "deployment", "fields", "own"]


class Rule(NamedTuple):
    """A check, and the status and error type that Elasticsearch answers if it fails.

    `condition` is the rule in a few words. The tags: `name` for the two rules about names, which are reported together
    and before all others; `state` for rules that depend on the catalog, and that a cluster checks itself; `pair` for
    rules that compare the old model with the new one; `deployment` for rules that pass once the new model is deployed;
    `fields` for rules whose warning comes with the overlap of the models' input fields; `own` for rules that no server
    has, and that only warn, so that none of them is a `state` rule. `source` is a link.
    """

    check: Callable[[Move], Verdict]
    condition: str
    tags: frozenset[Tag]
    source: str = _ACTION
    status: int = 400
    type: str = "status_exception"

    @property
    def id(self) -> str:
        """The name of the rule, which says what is wrong if it fails."""
        return self.check.__name__


class Outcome(NamedTuple):
    """The result of one rule for one move."""

    rule: Rule
    result: Result
    message: str


def equal_names(move: Move) -> Verdict:
    """The alias differs from the requested model id."""
    if move.model_alias == move.model_id:
        return "fail", f"the alias and the model id are the same, '{move.model_id}'"
    return "pass", "the alias and the model id differ"


def invalid_alias(move: Move) -> Verdict:
    """The alias has lower-case letters, digits, `.`, `_`, `-`; it begins with a letter or digit, ends in a letter."""
    alias = move.model_alias
    if is_alias(alias) or (move.existed and is_server_alias(alias)):
        return "pass", f"'{alias}' is a valid alias"
    return "fail", f"'{alias}' is not a valid alias: {_fault_of_name(alias)}"


def alias_taken(move: Move) -> Verdict:
    """The alias is free, or `reassign` is given; it counts as taken even when it already names the same model."""
    if move.target is None:
        return "pass", f"the alias '{move.model_alias}' is free"
    if move.reassign or move.if_current is not None:
        return "pass", f"the alias names '{move.target}', and may be moved"
    already = "already names" if move.target == move.model_id else "names"
    gone = "" if move.old else ", which is gone"
    return "fail", f"the alias '{move.model_alias}' {already} the model '{move.target}'{gone}"


def alias_is_model_id(move: Move) -> Verdict:
    """No model has the alias as its id."""
    if move.alias_is_model_id:
        return "fail", f"'{move.model_alias}' is the id of a model and cannot be an alias"
    return "pass", f"no model has the id '{move.model_alias}'"


def model_missing(move: Move) -> Verdict:
    """The requested model exists."""
    if move.new is None:
        return "fail", f"there is no model '{move.model_id}' for the alias '{move.model_alias}'"
    return "pass", f"the model '{move.model_id}' exists"


def _of_two_models(check: Callable[[Move, Model, Model], Verdict]) -> Callable[[Move], Verdict]:
    """Skip a rule unless both models exist."""

    @wraps(check)
    def skip_or_check(move: Move) -> Verdict:
        if move.target is None:
            return "skip", "the alias is new"
        if move.old is None:
            return "skip", f"the model '{move.target}', which the alias names, is gone"
        if move.new is None:
            return "skip", f"there is no model '{move.model_id}'"
        return check(move, move.old, move.new)

    return skip_or_check


@_of_two_models
def inference_type_differs(move: Move, old: Model, new: Model) -> Verdict:
    """The old and the new model have the same inference type, if both have an inference_config."""
    if old.inference_type is None or new.inference_type is None:
        return "skip", "one of the models has no inference_config"
    if old.inference_type != new.inference_type:
        return "fail", (
            f"{move.subject} cannot move from '{old.model_id}' ({old.inference_type}) "
            f"to '{new.model_id}' ({new.inference_type}): their inference types differ"
        )
    return "pass", f"both do {new.inference_type}"


@_of_two_models
def model_type_differs(move: Move, old: Model, new: Model) -> Verdict:
    """The old and the new model have the same model_type, or neither has one."""
    if old.model_type != new.model_type:
        return "fail", (
            f"{move.subject} cannot move from '{old.model_id}' ({old.model_type or 'no type'}) "
            f"to '{new.model_id}' ({new.model_type or 'no type'}): their model types differ"
        )
    return "pass", f"both are {new.model_type}" if new.model_type else "neither has a model type"


def _of_pytorch(check: Callable[[Move, Model, Model], Verdict]) -> Callable[[Move], Verdict]:
    """Skip a rule of two models unless both are pytorch models."""

    @_of_two_models
    @wraps(check)
    def skip_or_check(move: Move, old: Model, new: Model) -> Verdict:
        if not old.model_type == new.model_type == "pytorch":
            return "skip", "only pytorch models are deployed"
        return check(move, old, new)

    return skip_or_check


@_of_pytorch
def not_deployed(move: Move, old: Model, new: Model) -> Verdict:
    """If the old pytorch model has a deployment, in whatever state, the new one has one too."""
    if new.deployments:
        return "pass", f"'{new.model_id}' is deployed"
    if old.deployments == ():
        return "pass", f"'{old.model_id}' is not deployed"
    if old.deployments is None or new.deployments is None:
        return "warn", _not_known(old, new)
    return "fail", (
        f"{move.subject} cannot move from '{old.model_id}', which is deployed, to '{new.model_id}', which is not"
    )


@_of_pytorch
def not_allocated(move: Move, old: Model, new: Model) -> Verdict:
    """If a deployment of the old pytorch model has an allocation running, every deployment of the new one has."""
    old_runs, new_runs = _running(old), _running(new)
    if True not in old_runs and None not in old_runs:
        return "pass", f"no deployment of '{old.model_id}' has an allocation running"
    if not new_runs:
        return "skip", f"'{new.model_id}' has no deployment to look at"
    if None not in new_runs and False not in new_runs:
        return "pass", f"every deployment of '{new.model_id}' has an allocation running"
    if True not in old_runs or False not in new_runs:
        return "warn", _not_known(old, new)
    idle = next(deployment.deployment_id for deployment in new.deployments or () if deployment.running is False)
    return "fail", (
        f"{move.subject} cannot move from '{old.model_id}', which has allocations running, to "
        f"'{new.model_id}': its deployment '{idle}' has none"
    )


def _running(model: Model) -> tuple[bool | None, ...]:
    """Whether each deployment has an allocation running; a single None if the deployments are unknown."""
    return (None,) if model.deployments is None else tuple(deployment.running for deployment in model.deployments)


def _not_known(*models: Model) -> str:
    """The message for unknown facts: whether the models are deployed, or else whether one of their deployments runs."""
    unknown = [f"'{model.model_id}'" for model in models if model.deployments is None]
    if unknown:
        are = "is" if len(unknown) == 1 else "are"
        return f"whether {' and '.join(unknown)} {are} deployed is not known: import GET _ml/trained_models/_stats"
    unclear = [(model, deployment) for model in models for deployment in model.deployments or ()]
    model, deployment = next(pair for pair in unclear if pair[1].running is None)
    return (
        f"whether the deployment '{deployment.deployment_id}' of '{model.model_id}' has an allocation running "
        "is not known: its stats do not say"
    )


@_of_two_models
def few_shared_fields(move: Move, old: Model, new: Model) -> Verdict:
    """The new model has at least half of the old one's input fields; else the move is made, with a warning."""
    fields = overlap(old.field_names, new.field_names)
    shares = f"{len(fields.shared)} of {fields.old_count} input fields"
    if fields.few:
        named = f", which '{move.model_alias}' named" if move.model_alias else ""
        return (
            "warn",
            f"'{new.model_id}' shares only {shares} with '{old.model_id}'{named} ({fields.needed} needed)",
        )
    return "pass", f"the models share {shares} ({fields.needed} needed)"


_VALIDATION = "action_request_validation_exception"
_MISSING = "resource_not_found_exception"


def _own(check: Callable[[Model, Model], Verdict], condition: str, source: str) -> Rule:
    """A rule that no server has, about nothing but the two models; its source is the class that has the setting."""
    of_move = _of_two_models(wraps(check)(lambda _, old, new: check(old, new)))
    return Rule(of_move, condition, frozenset({"pair", "own"}), source=f"{_MODEL}/{source}")


RULES = (
    Rule(equal_names, "alias and model id differ", frozenset({"name"}), source=_REQUEST, type=_VALIDATION),
    Rule(invalid_alias, "alias is valid", frozenset({"name"}), source=_REQUEST, type=_VALIDATION),
    Rule(alias_taken, "alias is free or may move", frozenset({"state"})),
    Rule(alias_is_model_id, "no model has that name", frozenset({"state"})),
    Rule(model_missing, "model exists", frozenset({"state"}), status=404, type=_MISSING),
    Rule(inference_type_differs, "same inference type", frozenset({"state", "pair"})),
    Rule(model_type_differs, "same model type", frozenset({"state", "pair"})),
    Rule(not_deployed, "new model is deployed", frozenset({"state", "pair", "deployment"})),
    Rule(not_allocated, "its deployments run", frozenset({"state", "pair", "deployment"})),
    Rule(few_shared_fields, "enough fields are kept", frozenset({"pair", "fields"})),
    _own(cautions.embedding_size_differs, "same embedding size", "TextEmbeddingConfig.java"),
    _own(cautions.labels_differ, "same labels", "TextClassificationConfig.java"),
    _own(cautions.results_field_differs, "same results field", "NlpConfig.java"),
    _own(cautions.truncates_sooner, "text length is kept", "Tokenization.java"),
)


def tagged(tag: Tag) -> tuple[Rule, ...]:
    """The rules with a tag, in order."""
    return tuple(rule for rule in RULES if tag in rule.tags)


NAME_RULES = tagged("name")
PAIR_RULES = tagged("pair")
STATE_RULES = tagged("state")
DEPLOYMENT_RULES = tagged("deployment")
OWN_RULES = tagged("own")
OWN = frozenset(rule.id for rule in OWN_RULES)


def judge(move: Move, rules: tuple[Rule, ...] = RULES) -> tuple[Outcome, ...]:
    """The outcomes of all rules for a move, in order."""
    return tuple(Outcome(rule, *rule.check(move)) for rule in rules)


def compare(old: Model, new: Model) -> tuple[Outcome, ...]:
    """The outcomes of moving any alias from one model to another."""
    return judge(Move("", new.model_id, old.model_id, old, new), PAIR_RULES)


def refusals(outcomes: tuple[Outcome, ...]) -> tuple[Outcome, ...]:
    """The failures to report: all those of name rules, which are reported together, or else the first one."""
    failed = tuple(outcome for outcome in outcomes if outcome.result == "fail")
    of_names = tuple(outcome for outcome in failed if outcome.rule in NAME_RULES)
    return of_names or failed[:1]


def _fault_of_name(alias: str) -> str:
    if not alias:
        return "it is empty"
    if len(alias) > LONGEST_ALIAS:
        return f"it is longer than {LONGEST_ALIAS} characters"
    illegal = next((c for c in alias if not ((c.isascii() and (c.islower() or c.isdigit())) or c in "._-")), None)
    if illegal is not None:
        return f"'{illegal}' is not a lower-case letter, a digit, '.', '_' or '-'"
    if alias[0] in "._-":
        return "it must begin with a letter or a digit"
    return "it must end in a letter"
