"""Names with dots that lack their quotes: TOML takes `[models.minilm-v2.1]` for a table in a table."""

import re

from mlalias.documents.codec import Document


def foreign_key(document: Document) -> str | None:
    """A key that holds another model, as a name with dots makes of it in TOML; keys of newer servers are not meant."""
    tables = (key for key, value in document.items() if isinstance(value, dict) and key not in _TABLES)
    return next((key for key in tables if not re.fullmatch(_KEY, key) or document[key].keys() & _OF_A_MODEL), None)


_KEY = r"[a-z][a-z0-9_]*"
_OF_A_MODEL = frozenset({"model_type", "input", "inference_config", "deployments"})
_TABLES = frozenset(
    {
        "input",
        "inference_config",
        "metadata",
        "default_field_map",
        "location",
        "model_package",
        "prefix_strings",
        "definition",
    }
)


def nested_names(document: Document) -> tuple[str, ...]:
    """The keys below a table that holds nothing but one more table, down to the one that holds a model."""
    (key, value), *more = document.items() or [("", None)]
    if more or not isinstance(value, dict) or key in _TABLES:
        return ()
    return (key, *nested_names(value))
