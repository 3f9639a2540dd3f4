"""Reads the answers of a cluster as facts."""

from mlalias.documents.codec import Document
from mlalias.documents.facts import Facts, answer
from mlalias.errors import InvalidDocument, Unreachable
from mlalias.stores.cluster.connection import Connection

_LISTS = "trained_model_configs", "trained_model_stats"


def read(connection: Connection, document: Document) -> Facts:
    """The facts in an answer; raises Unreachable if it cannot be from Elasticsearch.

    Entries with values that a document cannot hold, such as whole numbers of more than 64 bits, are left out.
    """
    source = f"the answer of {connection.url}"
    try:
        return answer(document, source)
    except InvalidDocument as error:
        readable, faults = _readable(document, source)
        if not readable:
            raise Unreachable(error.reason) from error
    return answer(readable, source)._replace(left_out=faults)


def _readable(document: Document, source: str) -> tuple[Document, tuple[str, ...]]:
    """An answer with only the entries that can be read, and what is wrong with the others."""
    key = next((key for key in _LISTS if isinstance(document.get(key), list)), None)
    parts = [{key: [entry]} for entry in document[key]] if key else [{name: document[name]} for name in document]
    readable: list[Document] = []
    faults: list[str] = []
    for part in parts:
        try:
            answer(part, source)
        except InvalidDocument as fault:
            faults.append(fault.reason)
        else:
            readable.append(part)
    if key and readable:
        return {key: [entry for part in readable for entry in part[key]]}, tuple(faults)
    return {name: part[name] for part in readable for name in part}, tuple(faults)
