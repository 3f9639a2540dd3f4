"""The command that serves a catalog over HTTP."""

from typing import Annotated

import typer

from mlalias.cli.app import command
from mlalias.cli.options import Local
from mlalias.errors import Hint, WrongUsage
from mlalias.output.page import Page


@command("serve", "Administer")
def _serve(
    options: Local,
    host: Annotated[
        str, typer.Option(metavar="HOST", help="Address to listen on; other machines need a key.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(metavar="PORT", min=0, max=65535, help="Port, Elasticsearch's own; 0 takes a free one.")
    ] = 9200,
    read_only: Annotated[bool, typer.Option("--read-only", help="Refuse every change.")] = False,
) -> Page:
    """Serve the catalog on Elasticsearch's REST routes.

    Official clients get the same rules there as on a cluster. The first line on stdout is the URL; stderr gets a line
    for each request. SIGTERM stops the server. If MLALIAS_SERVE_API_KEY is set, every request must carry that key; a
    --host that other machines can reach is refused without it.

    \b
    Examples:
      mlalias serve --port 0
      mlalias serve --read-only --catalog ./catalog
    """
    options.need_directory("use the cluster itself")
    try:
        from mlalias.rest.listen import serve
    except ModuleNotFoundError as error:
        hint = Hint("install it: pip install 'mlalias[serve]'")
        raise WrongUsage(f"`serve` needs the extra 'serve', and {error.name} is not installed", hint) from None
    serve(options.location().path, host, port, read_only=read_only)
    return Page()
