"""The command `check`, and a `put` that checks the model before the move and the alias after it."""

import time
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from mlalias.cli import completion
from mlalias.cli.app import command
from mlalias.cli.options import Names, Reading, Waiting
from mlalias.errors import Hint, WrongUsage
from mlalias.output.page import Page, View

if TYPE_CHECKING:
    from mlalias.core.plan import Edit
    from mlalias.documents.docs import Docs

_A_CLUSTER = Hint("name a cluster: --catalog https://es.example:9200")


@command("check", "Look")
def _check(
    name: Names,
    options: Reading,
    docs: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Send these documents to the models; - is standard input.",
            autocompletion=completion.files,
            show_default=False,
        ),
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Check this alias or model as well, and compare.",
            autocompletion=completion.names,
            show_default=False,
        ),
    ] = None,
) -> View | Page:
    """Check whether aliases and models on a cluster answer.

    Without --docs, this reads the statistics of their deployments. With --docs, it sends them documents, one per
    request, up to eight at a time. The documents are JSON objects: one per line, in an array, or in the body of a
    request to _infer.

    \b
    Examples:
      mlalias check sentiment
      mlalias check sentiment --docs reviews.ndjson
      mlalias check sentiment --against sst-2-next --docs reviews.ndjson

    The first document starts a deployment that is scaled to zero, and waits up to two minutes for it.

    Exits with 0 if all answer, 3 if one does not or that is unknown, 4 if there is no such alias or model.
    """
    from mlalias.output import checks
    from mlalias.stores.store import open_cluster

    options.location().need_cluster("`check`", _A_CLUSTER, Hint("see what this catalog knows", ("show", *name)))
    if against is not None and len(name) > 1:
        raise WrongUsage("--against compares two names, and more than one is given before it")
    names = list(dict.fromkeys((*name, *(() if against is None else (against,)))))
    documents = None if docs is None else _read(docs)
    inference = open_cluster(options.location()).inference()
    from mlalias.stores.cluster.rollout import check  # needs the client: `open_cluster` reports it if missing

    report = check(inference, names, documents)
    compared = against is not None and len(names) > 1
    return partial(checks.page, report, options.invocation(*name), compared=compared, now=time.time())


def roll_out(edit: "Edit", options: Waiting, file: str, *arguments: str) -> View:
    """Make a move only if the new model answers, and undo it if the alias does not answer afterwards."""
    from mlalias.cli.writing import advice_on
    from mlalias.output import rollouts
    from mlalias.stores.store import open_cluster

    location = options.location()
    location.need_cluster("--check-with", _A_CLUSTER, Hint("without it, the rules alone decide", ("put", *arguments)))
    documents = _read(file)
    store = open_cluster(location, quiet=options.quiet, wait=options.wait, keeps_history=not options.no_history)
    from mlalias.stores.cluster import rollout

    if options.dry_run:
        result = rollout.rehearse(store, edit, documents, strict=options.strict)
    else:
        result = rollout.roll_out(store, edit, documents, options.message, strict=options.strict)
    invocation = options.invocation(*arguments)
    return partial(rollouts.page, result, advice_on(result.result, invocation, result.fault), invocation)


def _read(name: str) -> "Docs":
    from mlalias.documents.docs import read
    from mlalias.inputs import read_input

    is_file = name != "-"
    return read(read_input(name), name if is_file else "standard input")._replace(is_file=is_file)
