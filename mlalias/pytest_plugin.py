"""The pytest fixture `mlalias_server`: a new catalog, served on Elasticsearch's routes."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from mlalias.documents.facts import Facts

Source = os.PathLike[str] | str | Mapping[str, Any]


class ServerUrl(str):
    """The URL of a server, for clients.

    `catalog` is the directory of its catalog, as `mlalias.open` and `--catalog` take it.
    """

    __slots__ = ("catalog",)

    catalog: Path

    def seed(self, *sources: Source) -> None:
        """Import Elasticsearch's answers or declarations, as `mlalias import --reassign` does.

        A source is a path, or the document itself: TOML or JSON text, or a mapping such as an official client's answer.
        A string is taken as text if it is empty or has a line break; otherwise, as a path if that file exists or if it
        does not look like TOML or JSON.
        Raises `mlalias.Failure`, `mlalias.InvalidDocument` for a source that cannot be read.
        """
        from mlalias.api.catalog import change
        from mlalias.documents.facts import merge
        from mlalias.edits.imported import import_facts
        from mlalias.output.page import Invocation
        from mlalias.stores.directory.store import DirectoryStore

        facts = merge([_facts(source) for source in sources])
        change(DirectoryStore(self.catalog), import_facts(facts, reassign=True), Invocation("import"))


def _facts(source: Source) -> "Facts":
    from mlalias.api.catalog import facts_of
    from mlalias.documents.facts import read

    if not isinstance(source, str):
        return facts_of(source, "the seed")
    if _is_document(source):
        return read(source.encode(errors="surrogatepass"), "the seed")
    return facts_of(Path(source), "the seed")


def _is_document(text: str) -> bool:
    """Whether a string is a document, not a path: it is empty, has several lines, or has TOML or JSON characters."""
    if "\n" in text or not text:
        return True
    is_file = os.path.isfile(text)  # noqa: PTH113 - a Path raises OSError for a long document
    return not is_file and any(mark in text for mark in "={[#")


@pytest.fixture
def mlalias_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerUrl]:
    """The URL of a server with a new, empty catalog, for the official clients.

    Fill it with `mlalias_server.seed("models.json")`; `mlalias.open(mlalias_server.catalog)` is the same catalog in
    Python. Needs the extra `serve`.
    """
    from mlalias.rest.app import App
    from mlalias.rest.listen import background
    from mlalias.stores.directory.store import DirectoryStore

    catalog = tmp_path_factory.mktemp("mlalias")
    with background(App(DirectoryStore(catalog))) as address:
        url = ServerUrl(address)
        url.catalog = catalog
        yield url
