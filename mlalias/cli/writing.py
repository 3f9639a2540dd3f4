"""How a change is carried out, and what is then said of it; the commands that change something share it."""

from typing import TYPE_CHECKING

from mlalias.cli.options import Moving, Writing
from mlalias.output.page import Format, Invocation, Page, Screens, View

if TYPE_CHECKING:
    from mlalias.core.plan import Edit, Plan, Receipt
    from mlalias.errors import Failure
    from mlalias.output.changes import Advice

CHANGES = 6  # the exit code of `apply --check` where there are changes


def write(
    edit: "Edit",
    options: Writing,
    *arguments: str,
    detail: str = "all",
    note: str = "",
) -> View:
    """Carry an edit out, or in a dry run only plan it; `detail` is a value of `output.changes.Detail`."""
    from mlalias.core.plan import Plan, strictly
    from mlalias.output import changes

    if isinstance(options, Moving) and options.strict:
        edit = strictly(edit)
    store = options.store()
    result = edit(store.read()) if options.dry_run else store.change(edit, options.command, options.message)
    invocation = options.invocation(*arguments)
    advice = advice_on(result, invocation)

    def view(screens: Screens) -> Page:
        page = changes.page(result, advice, invocation, screens, changes.Detail(detail))
        drifted = detail == "drift" and isinstance(result, Plan) and not (result.errors or result.empty)
        return page._replace(code=CHANGES if drifted else page.code, notes=note + page.notes)

    return view


def advice_on(result: "Plan | Receipt", invocation: Invocation, fault: "Failure | None" = None) -> "Advice":
    """The hints that will be printed; a `fault` that came after the result is all that they are about."""
    from mlalias.output.changes import Advice

    if invocation.quiet and invocation.form is not Format.json:
        return Advice()
    if not (result.errors or result.moves):
        return Advice()
    from mlalias import advice

    if fault is not None:
        return Advice(advice.of((fault,), invocation))
    return Advice(advice.of(result.errors, invocation), advice.after(result), advice.undo(result))
