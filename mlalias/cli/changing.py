"""The commands that change a catalog: a short function each, which decides nothing."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from mlalias.cli import completion
from mlalias.cli.app import command
from mlalias.cli.options import (
    Changing,
    Files,
    LocalWriting,
    MissingOk,
    ModelAlias,
    ModelId,
    Moving,
    Reading,
    Waiting,
)
from mlalias.cli.writing import write
from mlalias.errors import WrongUsage
from mlalias.output.page import View
from mlalias.stores import open_store

if TYPE_CHECKING:
    from mlalias.documents.facts import Facts


@command("put", "Change aliases")
def _put(
    model_id: ModelId,
    model_alias: ModelAlias,
    options: Waiting,
    reassign: Annotated[bool, typer.Option("--reassign", "-r", help="Move the alias if it names a model.")] = False,
    if_current: Annotated[
        str | None,
        typer.Option(
            metavar="MODEL_ID",
            help="Move it only if it names this model now.",
            autocompletion=completion.models,
            show_default=False,
        ),
    ] = None,
    exist_ok: Annotated[bool, typer.Option("--exist-ok", help="Succeed if the alias names the model already.")] = False,
    check_with: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="On a cluster: move only if the model answers these documents.",
            autocompletion=completion.files,
            show_default=False,
        ),
    ] = None,
) -> View:
    """Point an alias at a model.

    \b
    Examples:
      mlalias put flight-delay-1580004349800 flight_delay_model
      mlalias put flight-delay-1580004349800 flight_delay_model --reassign
      mlalias put flight-delay-1580004349800 flight_delay_model -r --dry-run

    On a cluster, --if-current is checked right before the change is sent. If the cluster has a history, no other
    mlalias can make a change in between; changes made without mlalias are not noticed.

    With --check-with, the model must answer every document in the file before the move, and the alias must answer them
    after it. If the alias does not, the move is undone.

    Exits with 3 if a rule refuses or a check fails, 4 if there is no such model, 5 if --if-current does not match.
    """
    from mlalias.edits.aliases import put

    edit = put(model_id, model_alias, reassign=reassign, if_current=if_current, exist_ok=exist_ok)
    if check_with is not None:
        from mlalias.cli.checking import roll_out

        return roll_out(edit, options, check_with, model_id, model_alias)
    return write(edit, options, model_id, model_alias)


@command("delete", "Change aliases")
def _delete(
    model_alias: ModelAlias,
    options: Changing,
    model: Annotated[
        str | None,
        typer.Option(
            metavar="MODEL_ID",
            help="Delete it only if it names this model.",
            autocompletion=completion.models,
            show_default=False,
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Delete it despite uses that Elasticsearch does not check.")
    ] = False,
    missing_ok: MissingOk = False,
) -> View:
    """Delete an alias.

    \b
    Examples:
      mlalias delete flight_delay_model
      mlalias delete flight_delay_model --model flight-delay-1580004349800

    Exits with 4 if there is no such alias, 5 if it names another model or is in use. If an ingest pipeline uses the
    alias in a place that Elasticsearch protects, it is not deleted even with --force.
    """
    from mlalias.edits.aliases import delete

    edit = delete(model_alias, model, missing_ok=missing_ok, unguarded="warn" if force else "refuse")
    return write(edit, options, model_alias, *(("--model", model) if model else ()))


@command("apply", "Change aliases")
def _apply(
    file: Files,
    options: Waiting,
    prune: Annotated[bool, typer.Option("--prune", help="Delete aliases that no file declares.")] = False,
    only: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PATTERN",
            help="Ignore all other aliases; may be given more than once.",
            autocompletion=completion.aliases,
            show_default=False,
        ),
    ] = None,
    allow_empty: Annotated[bool, typer.Option("--allow-empty", help="Let --prune delete every alias.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit with 6 if there are changes.")] = False,
) -> View:
    """Point aliases at the models that files declare, all or nothing.

    No --reassign is needed: naming a model in a file allows the move. Models in the files are added if the catalog
    lacks them.

    On a cluster there is no transaction: new aliases are sent first, then moves, then deletions, up to the first error.
    Run the command again to make the rest. Models in the files are ignored there.

    \b
    Examples:
      mlalias apply aliases.toml --dry-run
      mlalias apply aliases.toml --prune --only 'flight*'
      mlalias apply aliases.toml --check

    Exits with 3 if a rule refuses, 4 if there is no such model, 5 if a pipeline uses an alias to delete.
    """
    from mlalias.edits.declared import aliases_only, apply

    facts, ignored = _read(file), ""
    if options.location().is_url:
        facts, ignored = aliases_only(facts)
    edit = apply(facts, prune=prune, only=only or [], allow_empty=allow_empty)
    options.dry_run = options.dry_run or check
    note = "" if options.quiet else ignored
    return write(edit, options, *file, detail="drift" if check else "changes", note=note)


@command("rollback", "Change aliases")
def _rollback(
    model_alias: ModelAlias,
    options: Moving,
    to: Annotated[
        int | None,
        typer.Option(
            metavar="REVISION",
            help="Go back to what it named at this revision.",
            autocompletion=completion.revisions,
            show_default=False,
        ),
    ] = None,
    delete: Annotated[bool, typer.Option("--delete", help="Undo even a creation: delete the alias.")] = False,
) -> View:
    """Undo the last change of an alias, if the rules allow it.

    Run it again to undo the change before that one.

    \b
    Examples:
      mlalias rollback flight_delay_model
      mlalias rollback flight_delay_model --to 7

    Exits with 3 if a rule refuses or nothing is left to undo, 4 if the model is gone, 5 if the catalog was edited by
    hand.
    """
    from mlalias.edits.aliases import rollback

    revision = () if to is None else ("--to", str(to))
    return write(rollback(model_alias, to=to, deletes=delete), options, model_alias, *revision)


@command("import", "Move catalogs")
def _import(
    file: Files,
    options: LocalWriting,
    reassign: Annotated[
        bool, typer.Option("--reassign", "-r", help="Move aliases that name another model here.")
    ] = False,
    prune: Annotated[
        bool, typer.Option("--prune", help="Also remove models, deployments and pipelines that the files lack.")
    ] = False,
) -> View:
    """Import facts from Elasticsearch's answers, or from TOML.

    The rules do not apply. The answers are those to GET _ml/trained_models, _ml/trained_models/_stats,
    _ingest/pipeline, _inference/_all and _mapping; each replaces its own part of the catalog.

    \b
    Examples:
      curl -s "$ES/_ml/trained_models?size=10000" | mlalias import -
      mlalias import models.json stats.json pipelines.json --prune

    Exits with 3 if an alias names another model here, and --reassign is not given.
    """
    from mlalias.edits.imported import import_facts

    options.need_directory("copy a cluster's facts: mlalias export --catalog URL | mlalias import - --catalog DIR")
    edit = import_facts(_read(file), reassign=reassign, prune=prune)
    return write(edit, options, *file, *(("--prune",) if prune else ()), detail="summary")


@command("forget", "Administer")
def _forget(
    model_id: ModelId,
    options: LocalWriting,
    force: Annotated[
        bool, typer.Option("--force", help="Remove it even if it is deployed or a pipeline uses it.")
    ] = False,
    missing_ok: MissingOk = False,
) -> View:
    """Remove a model and its aliases from the catalog.

    \b
    Examples:
      mlalias forget sst-2-draft
      mlalias forget sst-2-next --force

    Exits with 4 if there is no such model, 5 if it is still in use.
    """
    from mlalias.edits.models import forget

    options.need_directory("delete the model on the cluster: DELETE _ml/trained_models/MODEL_ID")
    return write(forget(model_id, force=force, missing_ok=missing_ok), options, model_id)


@command("init", "Administer")
def _init(options: Reading) -> View:
    """Create an empty catalog, or a history on a cluster.

    One user has to run this once on a cluster. After that, every mlalias records its changes there, and history,
    rollback and verify work as in a directory. The history is an index with the alias mlalias-history.

    \b
    Examples:
      mlalias init --catalog ./catalog
      mlalias init --catalog https://es.example:9200

    Exits with 0 even if it exists already, 5 if something else has its name.
    """
    from mlalias.output import changes

    location = options.location()
    created = open_store(location).init()
    return partial(changes.initialized, created, location.text, options.output, on_cluster=location.is_url)


def _read(names: Sequence[str]) -> "Facts":
    """Read documents and merge them."""
    from mlalias.documents.facts import merge, read
    from mlalias.inputs import read_input
    from mlalias.progress import progress

    if list(names).count("-") > 1:
        raise WrongUsage("- stands for standard input, and can be read only once")
    with progress("reading files"):
        return merge([read(read_input(name), "standard input" if name == "-" else name) for name in names])
