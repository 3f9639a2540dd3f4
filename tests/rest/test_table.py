"""Each row of the table, with plain HTTP and with the official Python client."""

import pytest
from elasticsearch import ApiError, Elasticsearch
from harness import contents
from table import ABSENT, TABLE

VENDOR = "application/vnd.elasticsearch+json; compatible-with=9"


def plainly(server, act):
    """Ask with nothing but HTTP."""
    reply = server.ask(act.method, act.path, act.body)
    return reply.status, reply.json


def by_client(server, act):
    """Ask with the official client, which fails for every answer that is an error."""
    headers = {"accept": VENDOR} | ({"content-type": VENDOR} if act.body is not None else {})
    with Elasticsearch(server.url, max_retries=0) as client:
        try:
            answer = client.perform_request(act.method, act.path, headers=headers, body=act.body)
        except ApiError as error:
            return error.status_code, error.body
        return answer.meta.status, answer.body


@pytest.mark.parametrize("ask", [plainly, by_client])
@pytest.mark.parametrize("row", [pytest.param(row, id=row.name) for row in TABLE])
def test_row(server, row, ask):
    for act in row.first:
        assert ask(server, act)[0] == 200, act
    before = contents(server.directory)
    status, document = ask(server, row.act)
    assert (status, document.get("error", {}).get("type")) == (row.status, row.type), document
    assert {path: value for path, value in row.keys.items() if not holds(document, path, value)} == {}, document
    if row.type:
        error = document["error"]
        assert document == {"error": error, "status": status}
        assert set(error) - {"caused_by", "property_name"} == {"root_cause", "type", "reason"}
        assert contents(server.directory) == before


def holds(document, path, value):
    """Whether a document has a value at a path."""
    found = at(document, path)
    if value is ...:
        return found is not ABSENT
    return found is ABSENT if value is ABSENT else found == value


def at(document, path):
    """What stands at a path; the keys of parts of it may have dots themselves."""
    if not path:
        return document
    if isinstance(document, list):
        index, _, rest = path.partition(".")
        return at(document[int(index)], rest) if int(index) < len(document) else ABSENT
    for key in document if isinstance(document, dict) else ():
        if path == key or path.startswith(f"{key}."):
            return at(document[key], path[len(key) + 1 :])
    return ABSENT


def test_the_table_names_its_sources_and_no_row_twice():
    assert len(TABLE) >= 150
    names = [(row.act, row.first) for row in TABLE]
    assert [name for name in names if names.count(name) > 1] == []
    assert all(row.source.startswith(("https://", "a difference: ")) for row in TABLE)
