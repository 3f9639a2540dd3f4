"""The commands that read a catalog: a short function each."""

import sys
from enum import StrEnum
from functools import partial
from typing import Annotated

import typer

from mlalias.cli import completion
from mlalias.cli.app import command
from mlalias.cli.options import AliasPatterns, Names, Patterns, Place, Reading
from mlalias.errors import Refused
from mlalias.output.page import Format, Page, View
from mlalias.stores import open_store


class ExportFormat(StrEnum):
    """What `export` prints."""

    toml = "toml"
    elasticsearch = "elasticsearch"


@command("list", "Look")
def _list(options: Reading, pattern: Patterns = None) -> View | Page:
    """List aliases, with their models' types, fields and deployments.

    \b
    Examples:
      mlalias list
      mlalias list 'flight*' -o tsv
    """
    from mlalias import names
    from mlalias.output import listings

    catalog = options.store(whole=False).read()
    found = names.aliases(catalog, pattern or [])
    return partial(listings.aliases, catalog, found, options.output, patterns=pattern or [])


@command("models", "Look")
def _models(options: Reading, pattern: Patterns = None) -> View | Page:
    """List models, with their aliases.

    \b
    Examples:
      mlalias models
      mlalias models '*sst-2*' -o json
    """
    from mlalias import names
    from mlalias.output import listings

    catalog = options.store(whole=options.output is Format.json).read()
    found = names.models(catalog, pattern or [])
    return partial(listings.models, catalog, found, options.output, patterns=pattern or [])


@command("show", "Look")
def _show(name: Names, options: Reading) -> View | Page:
    """Show aliases and models in full.

    \b
    Examples:
      mlalias show sentiment
      mlalias show sst-2-next sst-2-draft -o json

    Exits with 4 if there is no such alias or model.
    """
    from mlalias import names
    from mlalias.output import listings

    catalog = options.store().read()
    return partial(listings.shown, catalog, names.each(catalog, name, names.known), options.output)


@command("resolve", "Look")
def _resolve(name: Names, options: Reading) -> View | Page:
    """Print the model id of each alias or model, one per line.

    \b
    Examples:
      mlalias resolve sentiment
      model=$(mlalias resolve sentiment)

    Exits with 4, and prints nothing, if any of the names has no model.
    """
    from mlalias.names import each, resolve

    found = each(options.store(whole=False).read(), name, resolve)
    if options.output is not Format.json:
        return Page("".join(f"{model_id}\n" for model_id in found))
    from mlalias.documents.codec import to_json

    resolved = [{"name": each_name, "model_id": model_id} for each_name, model_id in zip(name, found, strict=True)]
    return Page(to_json({"resolved": resolved}))


_NAME = "An alias or a model id."


@command("compare", "Look")
def _compare(
    old: Annotated[str, typer.Argument(metavar="OLD", help=_NAME, autocompletion=completion.names, show_default=False)],
    new: Annotated[str, typer.Argument(metavar="NEW", help=_NAME, autocompletion=completion.names, show_default=False)],
    options: Reading,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit with 3 if an alias could not move.")] = False,
) -> View | Page:
    """Show whether an alias could move from one model to another.

    This prints the outcome of each rule for such a move, and the input fields that the two models share.

    \b
    Examples:
      mlalias compare flight_delay_model flight-delay-1580004349800
      mlalias compare sentiment sst-2-next --exit-code && echo fits

    Exits with 4 if there is no such alias or model; without --exit-code, with 0 otherwise.
    """
    from mlalias import names
    from mlalias.output import listings

    catalog = options.store(whole=False).read()
    before, after = names.each(catalog, [old, new], names.model)
    code = Refused.exit_code if exit_code else 0
    return partial(listings.comparison, before, after, options.output, code=code)


@command("export", "Move catalogs")
def _export(
    options: Place,
    pattern: Patterns = None,
    form: Annotated[ExportFormat, typer.Option("--format", help="The form to print.")] = ExportFormat.toml,
) -> View | Page:
    """Print the catalog, for `apply` and `import` to read.

    \b
    Examples:
      mlalias export > catalog.toml
      mlalias export 'flight*' --format elasticsearch
    """
    from mlalias.core.users import PARTS
    from mlalias.documents.codec import to_json, to_toml
    from mlalias.documents.facts import to_answer, to_declaration
    from mlalias.names import excerpt

    whole = options.store().read()
    catalog = excerpt(whole, pattern or [])
    if form is ExportFormat.elasticsearch:
        return Page(to_json(to_answer(catalog)))
    lacking = [part for part in PARTS if whole.live and whole.known(part) is None]
    if "pipelines" in lacking:
        catalog = catalog._replace(pipelines={}, pipelines_known=False)
    notes = "".join(f"{part} are left out: {whole.lacks(part)}\n" for part in lacking)
    utf_8 = sys.stdout is None or (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    return Page(to_toml(to_declaration(catalog), ascii_only=not utf_8), notes)


@command("history", "Look")
def _history(
    options: Reading,
    model_alias: AliasPatterns = None,
    limit: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Show at most this many.", show_default=False)
    ] = None,
) -> View | Page:
    """Show who moved what, when, from where and why, newest first.

    \b
    Examples:
      mlalias history --limit 10
      mlalias history flight_delay_model
    """
    from mlalias import names
    from mlalias.output import listings

    entries = names.history(options.store().read(), model_alias or [], limit)
    return partial(listings.history, entries, options.output, by_alias=bool(model_alias))


@command("verify", "Administer")
def _verify(options: Reading) -> View | Page:
    """Check files, aliases and history, and print a fix for each fault.

    On a cluster, this compares the history with the aliases.

    \b
    Examples:
      mlalias verify
      mlalias verify -o json

    Exits with 7 if there is a fault. Files left behind by a writer that was killed are only a note.
    """
    from mlalias.output import listings

    return partial(listings.findings, open_store(options.location(), whole=False).verify(), options.invocation())


@command("path", "Administer")
def _path(options: Reading) -> View | Page:
    """Print where the catalog is.

    \b
    Examples:
      mlalias path
      ls "$(mlalias path)"
    """
    location = options.location()
    path = location.text if location.is_url else str(location.path)
    if options.output is not Format.json:
        return Page(f"{path}\n")
    from mlalias.documents.codec import to_json

    return Page(to_json({"path": path, "kind": "cluster" if location.is_url else "directory"}))
