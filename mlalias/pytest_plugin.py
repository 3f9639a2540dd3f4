"""The pytest fixture `mlalias_server`: a fresh catalog behind Elasticsearch's routes."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest


class ServerUrl(str):
    """The URL of a server, which also takes seeds; `catalog` is the directory behind it."""

    __slots__ = ("catalog",)

    catalog: Path

    def seed(self, *sources: "os.PathLike[str] | str | Mapping[str, Any]") -> None:
        """Take over facts: answers of Elasticsearch or declarations.

        A `Path` is a file; a string is the text of one, TOML or JSON; a mapping is what either would say, and so is
        the answer of an official client.
        Raises `mlalias.errors.Failure`.
        """
        from mlalias.documents.facts import merge, read
        from mlalias.edits.imported import import_facts
        from mlalias.errors import as_one
        from mlalias.stores.directory.store import DirectoryStore

        facts = merge([read(_bytes(source), _name(source)) for source in sources])
        receipt = DirectoryStore(self.catalog).change(import_facts(facts, reassign=True), "import")
        if receipt.errors:
            raise as_one(receipt.errors)


def _name(source: object) -> str:
    return os.fspath(source) if isinstance(source, os.PathLike) else "the seed"


def _bytes(source: "os.PathLike[str] | str | Mapping[str, Any]") -> bytes:
    from mlalias.documents.codec import to_json, to_toml
    from mlalias.documents.facts import DECLARED
    from mlalias.inputs import read_input

    if isinstance(source, os.PathLike):
        return read_input(os.fspath(source))
    if isinstance(source, str):
        return source.encode()
    document = dict(source)  # the answer of an official client is like a mapping, but none
    declares = document.keys() <= set(DECLARED)
    return (to_toml(document) if declares else to_json(document)).encode()


@pytest.fixture
def mlalias_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerUrl]:
    """The URL of a fresh, empty catalog behind Elasticsearch's REST routes, for the official clients.

    Seed it with `mlalias_server.seed(Path("models.json"))`. Needs the extra `serve`.
    """
    from mlalias.rest.app import App
    from mlalias.rest.listen import background
    from mlalias.stores.directory.store import DirectoryStore

    catalog = tmp_path_factory.mktemp("mlalias")
    with background(App(DirectoryStore(catalog))) as address:
        url = ServerUrl(address)
        url.catalog = catalog
        yield url
