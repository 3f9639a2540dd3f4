"""Who makes a change, and when: what every entry of a history begins with."""

import time

from mlalias.environment import ACTOR, CLOCK


def now() -> str:
    """The time of an entry, in UTC; raises WrongUsage for a clock that cannot be read."""
    return CLOCK.read() or time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def actor() -> str:
    """MLALIAS_ACTOR, else user@host."""
    return ACTOR.read() or _user_at_host()


def _user_at_host() -> str:
    from getpass import getuser
    from platform import node

    try:
        user = getuser()
    except (KeyError, OSError, ImportError):  # a user without a name, as in many containers
        user = "unknown"
    return f"{user}@{node()}"
