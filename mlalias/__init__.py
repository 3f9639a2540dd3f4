"""Trained model aliases, under Elasticsearch's rules.

In Python, `mlalias.open` returns a catalog, in a directory or on a live cluster:

    >>> import mlalias
    >>> catalog = mlalias.open()  # or a directory, or a URL: what --catalog takes
    >>> catalog.resolve("flight_delay_model")
    'flight-delay-prediction-1574775339910'
    >>> receipt = catalog.put("flight-delay-prediction-1580004349800", "flight_delay_model", reassign=True)
    >>> receipt.changes[0].result
    'reassigned'
    >>> catalog.aliases["flight_delay_model"]
    'flight-delay-prediction-1580004349800'
    >>> try:
    ...     catalog.resolve("flight_delay_modle")
    ... except mlalias.NotFound as failure:
    ...     print(failure.reason, *failure.hints, sep="; ")
    there is no model or alias 'flight_delay_modle'; did you mean 'flight_delay_model'? mlalias show flight_delay_model

Every error is an `mlalias.Failure`, whose subclasses are the other classes listed here. Nothing else is public.
"""

__version__ = "0.1.0"

TYPE_CHECKING = False  # typing's own would cost more than all the rest of this import

if TYPE_CHECKING:
    from typing import Any

    from mlalias.api import Catalog, open  # noqa: A004 - as in gzip.open
    from mlalias.errors import (
        Busy,
        Committed,
        Conflict,
        Damaged,
        Failure,
        InvalidDocument,
        NotFound,
        Refused,
        Several,
        SystemRefused,
        Unreachable,
        WrongUsage,
    )

__all__ = [
    "Busy",
    "Catalog",
    "Committed",
    "Conflict",
    "Damaged",
    "Failure",
    "InvalidDocument",
    "NotFound",
    "Refused",
    "Several",
    "SystemRefused",
    "Unreachable",
    "WrongUsage",
    "__version__",
    "open",
]

if not TYPE_CHECKING:

    def __getattr__(name: str) -> "Any":
        """Import public names on first access, so that `import mlalias` is fast."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        home = import_module("mlalias.api" if name in ("Catalog", "open") else "mlalias.errors")
        globals()[name] = value = getattr(home, name)
        return value

    def __dir__() -> list[str]:
        return list(__all__)
