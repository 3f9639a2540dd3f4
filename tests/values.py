"""Short ways to write values, for the tests of pure code.

model("m", "pytorch", "ner", fields="a b", deployments=[...])    a model of a type, with an inference type
deployment("d", running=1)                                       a started deployment; `state` for another state
catalog({"x": "m"}, [model("m")], pipelines={"p": ["x"]})        a catalog; a model may be its id alone
using({"p": ["x"]})                                              pipelines by the names that they use
history("x=a y=a", "x=b", "x=")                                  entries, one for each text: what they set, or delete
document(aliases={"x": "m"}, models=["m"])                           the facts in a document, with only the given parts

rules_of(plan), reasons(plan), moves(plan)                       the result of a plan, as plain values
"""

from mlalias.core.catalog import Catalog, Change, Deployment, Entry, Model, Pipeline
from mlalias.core.history import replay
from mlalias.documents.facts import Facts


def model(model_id, kind=None, inference=None, *, fields=None, deployments=(), **config):
    """A model; `fields` are its input fields, separated by spaces; `deployments` are None if unknown."""
    if kind is not None:
        config["model_type"] = kind
    if inference is not None:
        config["inference_config"] = {inference: {}}
    if fields is not None:
        config["input"] = {"field_names": fields.split()}
    return Model(model_id, config, deployments if deployments is None else tuple(deployments))


def deployment(deployment_id="d", *, running=1, state="started", **more):
    """A deployment with one target allocation."""
    return Deployment(deployment_id, state, running, 1, more)


def by_id(models):
    """Models by their ids; a model may be given as just its id."""
    built = (entry if isinstance(entry, Model) else Model(entry) for entry in models)
    return {each.model_id: each for each in built}


def using(pipelines):
    """Pipelines by the names that they use; a pipeline may be a whole one."""
    return {name: one if isinstance(one, Pipeline) else Pipeline(tuple(one)) for name, one in pipelines.items()}


def catalog(aliases=None, models=(), *, pipelines=None, history=()):
    """A catalog; its revision is that of the newest entry."""
    revision = history[-1].revision if history else 0
    return Catalog(dict(aliases or {}), by_id(models), using(pipelines or {}), tuple(history), revision)


def history(*texts, undoes=None):
    """Entries with revisions from 1; `undoes` maps a revision to those that it undid."""
    entries = []
    for revision, text in enumerate(texts, 1):
        before = replay(entries)
        pairs = [word.partition("=")[::2] for word in text.split()]
        changes = tuple(Change(alias, target or None, before.get(alias)) for alias, target in pairs)
        entries.append(Entry(revision, "now", "ada", "put", None, changes, (undoes or {}).get(revision, ())))
    return tuple(entries)


def document(source="FILE", *, aliases=None, models=None, deployments=None, pipelines=None, counts=None, notes=()):
    """The facts in a document, with only the given parts."""
    given = {"aliases": aliases, "models": models, "deployments": deployments, "pipelines": pipelines}
    parts = {part: value for part, value in given.items() if value is not None}
    if models is not None:
        parts["models"] = by_id(models)
    if pipelines is not None:
        parts["pipelines"] = using(pipelines)
    return Facts((source,), frozenset(parts), **parts, counts=counts or {}, notes=tuple(notes))


def rules_of(plan):
    """The rules that refuse a plan."""
    return [error.rule for error in plan.errors]


def reasons(plan):
    """The messages of a plan's errors."""
    return [error.reason for error in plan.errors]


def warnings(plan):
    """The messages of a plan's warnings."""
    return [warning.message for warning in plan.warnings]


def moves(plan):
    """The new model of each alias that changes; None is a deletion."""
    return {change.model_alias: change.model_id for change in plan.moves}
