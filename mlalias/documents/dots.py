"""Detects unquoted names with dots: to TOML, `[models.minilm-v2.1]` is a table in a table."""

import re

from mlalias.documents.codec import Document


def foreign_key(document: Document) -> str | None:
    """A key that comes from an unquoted model id with dots; None if there is none. Unknown keys are allowed."""
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
    """The keys of tables that each contain only one more table, down to the table of the model."""
    (key, value), *more = document.items() or [("", None)]
    if more or not isinstance(value, dict) or key in _TABLES:
        return ()
    return (key, *nested_names(value))
