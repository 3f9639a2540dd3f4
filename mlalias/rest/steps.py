"""What a handler makes of a request: something to read in the catalog, or a change of it."""

from collections.abc import Callable
from typing import NamedTuple

from mlalias.core.catalog import Catalog
from mlalias.core.plan import Edit, Plan
from mlalias.core.rules import OWN
from mlalias.rest.answers import Answer, warning
from mlalias.rest.request import Call

Reading = Callable[[Catalog], Answer]


class Writing(NamedTuple):
    """A change, and the answer to be given once it is made."""

    edit: Edit
    answer: Callable[[Plan], Answer]


Handler = Callable[[Call], Reading | Writing]


def acknowledged(plan: Plan) -> Answer:
    """Say that it is done, with the warnings."""
    return done("acknowledged", plan)


def done(word: str, plan: Plan) -> Answer:
    """Say in a word that it is done, with the warnings that a server has."""
    return Answer({word: True}, headers=[warning(each.message) for each in plan.warnings if each.rule not in OWN])
