"""Every environment variable that mlalias reads, with its default and the error for a bad value."""

import os
from collections.abc import Callable, Mapping
from typing import Generic, NamedTuple, TypeVar

from mlalias.errors import WrongUsage

T = TypeVar("T")


class Variable(NamedTuple, Generic[T]):
    """An environment variable; empty counts as unset.

    `parse` raises ValueError for an invalid value; `wanted` describes a valid one, for the error message.
    """

    name: str
    help: str
    parse: Callable[[str], T]
    wanted: str = ""
    default: str = ""

    def read(self, environment: Mapping[str, str] | None = None) -> T:
        """The parsed value, or the parsed default if the variable is unset; raises WrongUsage."""
        value = (os.environ if environment is None else environment).get(self.name) or self.default
        try:
            return self.parse(value)
        except (ValueError, OverflowError, OSError):
            raise WrongUsage(f"{self.name} is '{value}', which is not {self.wanted}") from None


_DAY = 86_400  # seconds; far below what a socket's timeout can hold, so that nothing overflows


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 <= seconds <= _DAY:
        raise ValueError
    return seconds


def _positive(text: str) -> float:
    seconds = _seconds(text)
    if not seconds:
        raise ValueError
    return seconds


def _moment(text: str) -> str | None:
    """Seconds since 1970 as ISO 8601 in UTC."""
    if not text:
        return None
    import time

    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(float(text)))


def _flag(text: str) -> bool:
    return text not in ("", "0")


CATALOG = Variable("MLALIAS_CATALOG", "Where the catalog is: a directory, or an http(s):// URL.", str)
ACTOR = Variable("MLALIAS_ACTOR", "Who makes a change, for the history; the default is user@host.", str)
CLOCK = Variable(
    "SOURCE_DATE_EPOCH", "A fixed time for the history, in seconds since 1970.", _moment, "a time in seconds"
)
LOCK_TIMEOUT = Variable(
    "MLALIAS_LOCK_TIMEOUT",
    "How many seconds to wait for another writer.",
    _seconds,
    "a number of seconds from 0 to 86400",
    "10",
)
TIMEOUT = Variable(
    "MLALIAS_TIMEOUT",
    "How many seconds to wait for one answer of a cluster.",
    _positive,
    "a number of seconds above 0, and at most 86400",
    "30",
)


class Credentials(NamedTuple):
    """The variables for credentials that share a prefix."""

    key: Variable[str]
    user: Variable[str]
    password: Variable[str]


FAMILIES = (  # the ES_ names are those of eland, Elastic's Python client for machine learning
    Credentials(
        Variable("MLALIAS_API_KEY", "An API key for the cluster: encoded, or as id:api_key.", str),
        Variable("MLALIAS_USERNAME", "A user name for the cluster.", str),
        Variable("MLALIAS_PASSWORD", "The password for that user name.", str),
    ),
    Credentials(
        Variable("ES_API_KEY", "As MLALIAS_API_KEY, if that is not set.", str),
        Variable("ES_USERNAME", "As MLALIAS_USERNAME, if that is not set.", str),
        Variable("ES_PASSWORD", "As MLALIAS_PASSWORD, if that is not set.", str),
    ),
)
CA_CERTS = Variable("MLALIAS_CA_CERTS", "A file of certificates of the cluster's authority.", str)
CA_FINGERPRINT = Variable("MLALIAS_CA_FINGERPRINT", "The SHA-256 fingerprint of a certificate of the cluster.", str)
SERVE_API_KEY = Variable("MLALIAS_SERVE_API_KEY", "The API key that requests to `mlalias serve` must carry.", str)
NO_COLOR = Variable("NO_COLOR", "No colour, if it is set.", bool)
FORCE_COLOR = Variable("FORCE_COLOR", "Colour in a pipe, too, unless it is 0.", _flag)
TERM = Variable("TERM", "`dumb` means no colour.", str)
COLUMNS = Variable("COLUMNS", "The width of the terminal.", str)
