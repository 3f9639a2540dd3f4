"""The models of a cluster at work: the figures of their deployments, and what they answer to documents.

A document is one request, as one that fails would fail all of a request, and up to eight go at once. None is sent
twice. An empty list of documents is never sent: a server answers it with 200, whatever the name.
https://github.com/elastic/elasticsearch/blob/main/x-pack/plugin/ml/src/main/java/org/elasticsearch/xpack/ml/action/TransportInternalInferModelAction.java
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, NamedTuple, TypeVar

from mlalias.core.answers import Fault, Trial, trial
from mlalias.core.catalog import Model
from mlalias.core.health import Load
from mlalias.documents.codec import Document
from mlalias.documents.docs import Docs
from mlalias.documents.stats import loads
from mlalias.errors import InvalidDocument, Unreachable
from mlalias.names import each, resolve
from mlalias.progress import Advance
from mlalias.stores.cluster.cache import STATS, Lookups
from mlalias.stores.cluster.connection import Answer, Connection, Request
from mlalias.stores.cluster.expressions import within_a_line
from mlalias.stores.cluster.sending import Talk

T = TypeVar("T")
_MODELS = "_ml", "trained_models"
_AT_ONCE = 8
_PATIENCE = 120.0  # seconds; a server's own default of 10 is often too short for an allocation to start
_OK, _FORBIDDEN = 200, 403
_FIGURES = {  # all of a deployment but for what its nodes are
    "filter_path": f"{STATS}.model_id,{STATS}.deployment_stats,-{STATS}.deployment_stats.nodes.node",
}


class Subject(NamedTuple):
    """A name to ask under, and the model that it stands for; `asleep` is one that is scaled to zero."""

    name: str
    model: Model
    asleep: bool = False


class Inference:
    """What asks the models of a cluster, and says how they are doing."""

    def __init__(self, connection: Connection, talk: Talk) -> None:
        self._connection = connection
        self._talk = talk

    def models(self, names: Sequence[str]) -> list[Model]:
        """The models that names stand for, without deployments; raises NotFound, Unreachable."""
        lookups = Lookups(self._connection, self._talk.say, self._talk.progress, whole=True)
        lookups.look_up(names)
        models = (lookups.config(model_id) for model_id in each(lookups.catalog(), names, resolve))
        return [model for model in models if model is not None]

    def loads(self, model_ids: Iterable[str]) -> Mapping[str, tuple[Load, ...]]:
        """The figures of the deployments of models; raises NotFound, Unreachable."""
        figures: dict[str, tuple[Load, ...]] = {}
        for part in within_a_line(list(dict.fromkeys(model_ids)), _FIGURES):
            path = (*_MODELS, ",".join(part), "_stats")
            document = self._connection.get(path, {**_FIGURES, "size": len(part)})
            try:
                figures |= loads(document, f"the answer of {self._connection.url}")
            except InvalidDocument as error:
                raise Unreachable(error.reason) from error
        return figures

    def ask(self, subjects: Sequence[Subject], docs: Docs) -> list[tuple[Trial, ...]]:
        """What each subject answers to each document; raises Unreachable where nobody may ask, or there is no server.

        Subjects are asked side by side, so that each document finds all of them under the same load.
        """
        connections = [self._for(subject) for subject in subjects]
        jobs = [
            _job(connection, subject, document, docs.config)
            for document in docs.docs
            for connection, subject in zip(connections, subjects, strict=True)
        ]
        with self._talk.progress("asking for documents") as advance:
            trials = _at_once(jobs, advance)
        return [tuple(trials[index :: len(subjects)]) for index in range(len(subjects))]

    def _for(self, subject: Subject) -> Connection:
        """The connection itself, or one that waits until an allocation of the subject has started."""
        access = self._connection.access
        if not subject.asleep or access.timeout >= _PATIENCE:
            return self._connection
        self._talk.say(f"'{subject.name}' is scaled to zero: waiting up to {_PATIENCE:g} seconds for an allocation")
        return Connection(access._replace(options={**access.options, "request_timeout": _PATIENCE}))


def _job(
    connection: Connection, subject: Subject, document: Document, config: Mapping[str, Any] | None
) -> Callable[[], Trial]:
    """What asks for one document."""
    server_timeout = connection.timeout - min(1.0, connection.timeout / 10)  # so that the server's answer comes first
    request = Request(
        "POST",
        (*_MODELS, subject.name, "_infer"),
        {"timeout": f"{max(1, int(server_timeout * 1000))}ms"},
        {"docs": [document]} | ({"inference_config": config} if config is not None else {}),
    )

    def ask() -> Trial:
        start = time.perf_counter()
        try:
            answer: Answer | Unreachable = connection.ask(request)
        except Unreachable as failure:
            if failure.certain:  # nobody is let in, or nobody is there: for the other documents, too
                raise
            answer = failure
        milliseconds = (time.perf_counter() - start) * 1000
        if isinstance(answer, Unreachable):
            return Trial(None, Fault(answer.reason, answer.status if answer.type else None), milliseconds)
        return _trial(connection, subject.model, answer, milliseconds)

    return ask


def _trial(connection: Connection, model: Model, answer: Answer, milliseconds: float) -> Trial:
    if answer.status == _FORBIDDEN:
        raise connection.denied(answer, "monitor_ml")
    if answer.status != _OK:
        reason = answer.error.reason or f"the server answers {answer.status}"
        return Trial(None, Fault(reason, answer.status, answer.error.type), milliseconds)
    results = answer.document.get("inference_results")
    if not isinstance(results, list) or len(results) != 1 or not isinstance(results[0], dict):
        return Trial(None, Fault("the answer does not have one result", answer.status), milliseconds)
    return trial(model.config.get("inference_config", {}), results[0], milliseconds)


def _at_once(jobs: Sequence[Callable[[], T]], advance: Advance) -> list[T]:
    """Run jobs in a few threads, and give their results in order; the first that raises ends it.

    The threads are daemons: a process that is interrupted does not wait for the requests that are still under way.
    """
    todo: SimpleQueue[tuple[int, Callable[[], T]]] = SimpleQueue()
    done: SimpleQueue[tuple[int, T | BaseException]] = SimpleQueue()
    for pair in enumerate(jobs):
        todo.put(pair)
    for _ in range(min(_AT_ONCE, len(jobs))):
        Thread(target=_work, args=(todo, done), daemon=True).start()
    results: dict[int, T] = {}
    try:
        while len(results) < len(jobs):
            index, result = done.get()
            if isinstance(result, BaseException):
                raise result
            results[index] = result
            advance(len(results), len(jobs))
    finally:
        _drain(todo)
    return [results[index] for index in range(len(jobs))]


def _work(todo: "SimpleQueue[tuple[int, Callable[[], T]]]", done: "SimpleQueue[tuple[int, T | BaseException]]") -> None:
    while True:
        try:
            index, job = todo.get_nowait()
        except Empty:
            return
        try:
            done.put((index, job()))
        except BaseException as error:  # noqa: BLE001 - it is raised where the result is waited for
            done.put((index, error))


def _drain(queue: "SimpleQueue[Any]") -> None:
    while True:
        try:
            queue.get_nowait()
        except Empty:
            return
