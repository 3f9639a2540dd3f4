"""The routes of aliases."""

from mlalias.edits import aliases
from mlalias.rest.request import Call
from mlalias.rest.steps import Writing, acknowledged


def put(call: Call) -> Writing:
    """Create an alias, or move it."""
    reassign = call.flag("reassign")
    call.done()
    edit = aliases.put(call.names["model_id"], call.names["model_alias"], reassign=reassign)
    return Writing(edit, acknowledged)


def delete(call: Call) -> Writing:
    """Delete an alias."""
    call.done()
    return Writing(aliases.delete(call.names["model_alias"], call.names["model_id"]), acknowledged)
