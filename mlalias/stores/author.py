"""The author and the time of a change, for the history."""

import time

from mlalias.environment import ACTOR, CLOCK


def now() -> str:
    """SOURCE_DATE_EPOCH, else the current time, as ISO 8601 in UTC; raises WrongUsage for an invalid variable."""
    return CLOCK.read() or time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def actor() -> str:
    """MLALIAS_ACTOR, else user@host."""
    return ACTOR.read() or _user_at_host()


def _user_at_host() -> str:
    from getpass import getuser
    from platform import node

    try:
        user = getuser()
    except (KeyError, OSError, ImportError):  # the user id has no name, as in many containers
        user = "unknown"
    return f"{user}@{node()}"
