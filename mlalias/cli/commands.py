"""The commands: one short function each, which opens a store, asks it, and shows the answer."""

import sys
from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from mlalias import __version__
from mlalias.cli import completion
from mlalias.cli.options import (
    AliasPatterns,
    Files,
    MissingOk,
    ModelAlias,
    ModelId,
    Moving,
    Names,
    Patterns,
    Place,
    Reading,
    Waiting,
    Writing,
    shared,
)
from mlalias.errors import Hint, WrongUsage
from mlalias.output.page import Format, Page

if TYPE_CHECKING:
    from mlalias.core.plan import Request
    from mlalias.documents.facts import Facts


class ExportFormat(StrEnum):
    """What `export` prints."""

    toml = "toml"
    elasticsearch = "elasticsearch"


CHANGES = 6

app = typer.Typer(
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> Page | None:
    """Aliases of trained models, under Elasticsearch's rules: in a directory of TOML files, or on a live cluster.

    An alias is a logical name for one model; moving it swaps the model behind every pipeline that uses the name.
    """
    if version:
        return Page(f"mlalias {__version__}\n")
    return None if context.invoked_subcommand else Page(context.get_help() + "\n")


def _write(
    command: str, request: "Request", options: Writing, *, lists_unchanged: bool = True, check: bool = False
) -> Page:
    """Carry a request out, or in a dry run only think it through; `check` tells by the exit code if it would change."""
    from mlalias.core.plan import strictly
    from mlalias.output import changes as writes

    if isinstance(options, Moving) and options.strict:
        request = strictly(request)
    store = options.store()
    plan = request(store.read()) if options.dry_run else store.change(request, command, options.message)
    page = writes.page(
        plan,
        options.output,
        dry_run=options.dry_run,
        quiet=options.quiet,
        lists_unchanged=lists_unchanged,
        typed=options.typed(command),
    )
    return page._replace(code=CHANGES) if check and not (plan.errors or plan.empty) else page


@app.command("put")
@shared
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
) -> Page:
    """Make an alias name a model.

    \b
    Examples:
      mlalias put flight-delay-1580004349800 flight_delay_model
      mlalias put flight-delay-1580004349800 flight_delay_model --reassign
      mlalias put flight-delay-1580004349800 flight_delay_model -r --dry-run

    On a cluster, --if-current is looked at right before the change is sent; a change that somebody else makes
    between the two is not noticed.

    Exits with 3 if a rule refuses, 4 if there is no such model, 5 if --if-current does not hold.
    """
    from mlalias.edits.aliases import put

    request = put(model_id, model_alias, reassign=reassign, if_current=if_current, exist_ok=exist_ok)
    return _write("put", request, options)


@app.command("delete")
@shared
def _delete(
    model_alias: ModelAlias,
    options: Writing,
    model: Annotated[
        str | None,
        typer.Option(
            metavar="MODEL_ID",
            help="Delete it only if it names this model.",
            autocompletion=completion.models,
            show_default=False,
        ),
    ] = None,
    missing_ok: MissingOk = False,
) -> Page:
    """Delete an alias.

    \b
    Examples:
      mlalias delete flight_delay_model
      mlalias delete flight_delay_model --model flight-delay-1580004349800

    Exits with 4 if there is no such alias, 5 if it names another model or an ingest pipeline names it.
    """
    from mlalias.edits.aliases import delete

    return _write("delete", delete(model_alias, model, missing_ok=missing_ok), options)


@app.command("list")
@shared
def _list(options: Reading, pattern: Patterns = None) -> Page:
    """List aliases, with their models' types, fields and deployments.

    \b
    Examples:
      mlalias list
      mlalias list 'flight*' -o tsv
    """
    from mlalias import names as selection
    from mlalias.output import listings as render

    catalog = options.store(whole=False).read()
    return render.aliases(catalog, selection.aliases(catalog, pattern or []), options.output)


@app.command("models")
@shared
def _models(options: Reading, pattern: Patterns = None) -> Page:
    """List models, with their aliases.

    \b
    Examples:
      mlalias models
      mlalias models '*sst-2*' -o json
    """
    from mlalias import names as selection
    from mlalias.output import listings as render

    catalog = options.store(whole=options.output is Format.json).read()
    return render.models(catalog, selection.models(catalog, pattern or []), options.output)


@app.command("show")
@shared
def _show(name: Names, options: Reading) -> Page:
    """Show aliases and models in full.

    \b
    Examples:
      mlalias show sentiment
      mlalias show sst-2-next sst-2-draft -o json

    Exits with 4 if there is no such alias or model.
    """
    from mlalias import names as selection
    from mlalias.output import listings as render

    catalog = options.store().read()
    return render.shown(catalog, selection.names(catalog, name, selection.known), options.output)


@app.command("resolve")
@shared
def _resolve(name: Names, options: Reading) -> Page:
    """Print the model id that each name stands for, one a line.

    \b
    Examples:
      mlalias resolve sentiment
      model=$(mlalias resolve sentiment)

    Exits with 4, and prints none, if one of the names stands for no model.
    """
    from mlalias.names import names, resolve

    found = names(options.store(whole=False).read(), name, resolve)
    if options.output is not Format.json:
        return Page("".join(f"{model_id}\n" for model_id in found))
    from mlalias.documents.codec import to_json

    resolved = [{"name": one, "model_id": model_id} for one, model_id in zip(name, found, strict=True)]
    return Page(to_json({"resolved": resolved}))


_NAME = "An alias or a model id."


@app.command("compare")
@shared
def _compare(
    old: Annotated[str, typer.Argument(metavar="OLD", help=_NAME, autocompletion=completion.names, show_default=False)],
    new: Annotated[str, typer.Argument(metavar="NEW", help=_NAME, autocompletion=completion.names, show_default=False)],
    options: Reading,
) -> Page:
    """Compare two models: fields, and whether an alias could move.

    The input fields that the two share, and what each rule says of moving an alias from the first to the second.

    \b
    Examples:
      mlalias compare flight_delay_model flight-delay-1580004349800
      mlalias compare sst-2-next sst-2-draft -o json

    Exits with 0 whatever the answer, and with 4 if there is no such alias or model.
    """
    from mlalias import names as selection
    from mlalias.output import listings as render

    catalog = options.store(whole=False).read()
    before, after = selection.names(catalog, [old, new], selection.model)
    return render.comparison(before, after, options.output)


@app.command("apply")
@shared
def _apply(
    file: Files,
    options: Waiting,
    prune: Annotated[bool, typer.Option("--prune", help="Delete aliases that no file declares.")] = False,
    only: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PATTERN",
            help="Look at these aliases only; may be given more than once.",
            autocompletion=completion.aliases,
            show_default=False,
        ),
    ] = None,
    allow_empty: Annotated[bool, typer.Option("--allow-empty", help="Let --prune delete every alias.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit with 6 if there are changes.")] = False,
) -> Page:
    """Make aliases what files declare, all or nothing.

    A target that is written in a file is the consent to move the alias there. Models of the files are added if they
    are missing.

    A cluster has no transaction: creates are sent first, then moves, then deletes, up to the first error; the same
    command again makes the rest. Models of the files are ignored there.

    \b
    Examples:
      mlalias apply aliases.toml --dry-run
      mlalias apply aliases.toml --prune --only 'flight*'
      mlalias apply aliases.toml --check

    Exits with 3 if a rule refuses, 4 if there is no such model, 5 if a pipeline names an alias to delete.
    """
    from mlalias.edits.declared import aliases_only, apply

    facts, ignored = _read(file), ""
    if options.location().is_url:
        facts, ignored = aliases_only(facts)
    request = apply(facts, prune=prune, only=only or [], allow_empty=allow_empty)
    options.dry_run = options.dry_run or check
    page = _write("apply", request, options, lists_unchanged=False, check=check)
    return page if options.quiet else page._replace(talk=ignored + page.talk)


@app.command("rollback")
@shared
def _rollback(
    model_alias: ModelAlias,
    options: Moving,
    to: Annotated[
        int | None,
        typer.Option(metavar="REVISION", help="Go back to what it named at this revision.", show_default=False),
    ] = None,
    delete: Annotated[bool, typer.Option("--delete", help="Undo a creation, too: delete the alias.")] = False,
) -> Page:
    """Undo the last change of an alias, through the rules.

    Once more, and it undoes the change before that one.

    \b
    Examples:
      mlalias rollback flight_delay_model
      mlalias rollback flight_delay_model --to 7

    Exits with 3 if a rule refuses, 4 if the model is gone, 5 if the catalog was edited by hand or nothing is left.
    """
    from mlalias.edits.aliases import rollback

    options.local("rollback", "move it back yourself", "put", "MODEL_ID", model_alias, "--reassign")
    return _write("rollback", rollback(model_alias, to=to, deletes=delete), options)


@app.command("import")
@shared
def _import(
    file: Files,
    options: Writing,
    reassign: Annotated[
        bool, typer.Option("--reassign", "-r", help="Take aliases that name another model here.")
    ] = False,
    prune: Annotated[
        bool, typer.Option("--prune", help="Also remove models, deployments and pipelines that the answers lack.")
    ] = False,
) -> Page:
    """Take over facts: Elasticsearch's answers, or TOML.

    The rules are not asked. The answers are those to GET _ml/trained_models, _ml/trained_models/_stats and
    _ingest/pipeline; each replaces its own part of the catalog.

    \b
    Examples:
      curl -s "$ES/_ml/trained_models?size=10000" | mlalias import -
      mlalias import models.json stats.json pipelines.json --prune

    Exits with 5 if an alias names another model here, and --reassign is not given.
    """
    from mlalias.edits.imported import take

    options.local(
        "import", "bring the facts of a cluster home: mlalias export --catalog URL | mlalias import - --catalog DIR"
    )
    return _write("import", take(_read(file), reassign=reassign, prune=prune), options, lists_unchanged=False)


@app.command("export")
@shared
def _export(
    options: Place,
    pattern: Patterns = None,
    form: Annotated[ExportFormat, typer.Option("--format", help="The form to print.")] = ExportFormat.toml,
) -> Page:
    """Print the catalog, for `apply` and `import` to read.

    \b
    Examples:
      mlalias export > catalog.toml
      mlalias export 'flight*' --format elasticsearch
    """
    from mlalias.documents.codec import to_json, to_toml
    from mlalias.documents.facts import to_answer, to_declaration
    from mlalias.names import excerpt

    catalog = excerpt(options.store().read(), pattern or [])
    if form is ExportFormat.elasticsearch:
        return Page(to_json(to_answer(catalog)))
    utf_8 = sys.stdout is None or (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    return Page(to_toml(to_declaration(catalog), ascii_only=not utf_8))


@app.command("forget")
@shared
def _forget(
    model_id: ModelId,
    options: Writing,
    force: Annotated[bool, typer.Option("--force", help="Even if it is deployed, or a pipeline names it.")] = False,
    missing_ok: MissingOk = False,
) -> Page:
    """Remove a model and its aliases from the catalog.

    \b
    Examples:
      mlalias forget sst-2-draft
      mlalias forget sst-2-next --force

    Exits with 4 if there is no such model, 5 if it is still in use.
    """
    from mlalias.edits.aliases import forget

    options.local("forget", "delete the model on the cluster: DELETE _ml/trained_models/MODEL_ID")
    return _write("forget", forget(model_id, force=force, missing_ok=missing_ok), options)


@app.command("history")
@shared
def _history(
    options: Reading,
    model_alias: AliasPatterns = None,
    limit: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="How many, at most.", show_default=False)
    ] = None,
) -> Page:
    """Show who moved what, when, from where and why; newest first.

    \b
    Examples:
      mlalias history --limit 10
      mlalias history flight_delay_model
    """
    from mlalias import names as selection
    from mlalias.output import listings as render

    options.local("history", "a cluster keeps no history; see what its aliases name now", "list")
    entries = selection.history(options.store().read(), model_alias or [], limit)
    return render.history(entries, options.output, by_alias=bool(model_alias))


@app.command("verify")
@shared
def _verify(options: Reading) -> Page:
    """Check the catalog: files, aliases, history.

    \b
    Examples:
      mlalias verify
      mlalias verify -o json

    Exits with 7 if there is a fault; what a writer that died left behind is only a note.
    """
    from mlalias.output import listings as render
    from mlalias.stores.directory.verify import verify

    options.local("verify", "the server looks after its own; see what there is", "list")
    return render.findings(verify(options.location().path), options.output, options.typed("verify"))


@app.command("path")
@shared
def _path(options: Place) -> Page:
    """Print where the catalog is.

    \b
    Examples:
      mlalias path
      ls "$(mlalias path)"
    """
    location = options.location()
    return Page(f"{location.text if location.is_url else location.path}\n")


@app.command("serve")
@shared
def _serve(
    options: Place,
    host: Annotated[
        str, typer.Option(metavar="HOST", help="Address to listen on; other machines need a key.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(metavar="PORT", min=0, max=65535, help="Port, Elasticsearch's own; 0 takes a free one.")
    ] = 9200,
    read_only: Annotated[bool, typer.Option("--read-only", help="Refuse every change.")] = False,
) -> Page:
    """Serve the catalog behind Elasticsearch's REST routes.

    Official clients find the same rules there as on a cluster. The URL is the first line on stdout, a line for each
    request goes to stderr, and SIGTERM ends it. With MLALIAS_SERVE_API_KEY set, every request must carry that key; a
    --host that other machines reach is refused without it.

    \b
    Examples:
      mlalias serve --port 0
      mlalias serve --read-only --catalog ./catalog
    """
    options.local("serve", "use the cluster itself")
    try:
        from mlalias.rest.listen import serve
    except ModuleNotFoundError as error:
        hint = Hint("install it: pip install 'mlalias[serve]'")
        raise WrongUsage(f"`serve` needs the extra 'serve', and {error.name} is not installed", hint) from None
    serve(options.location().path, host, port, read_only=read_only)
    return Page()


def _read(names: Sequence[str]) -> "Facts":
    """Read documents, and lay them together."""
    from mlalias.documents.facts import merge, read
    from mlalias.stores.directory.atomic import read_input

    if list(names).count("-") > 1:
        raise WrongUsage("- stands for standard input, and can be read only once")
    return merge([read(read_input(name), "standard input" if name == "-" else name) for name in names])
