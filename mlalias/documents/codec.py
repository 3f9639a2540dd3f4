"""Reads and writes TOML and JSON text; a document holds only values that both formats can express."""

import codecs
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NoReturn

from mlalias.errors import InvalidDocument
from mlalias.text import LARGEST

Document = dict[str, Any]

DEEPEST = 64
_EXPORT_ADDS = 2  # levels of an exported catalog above a model: the document, and its table of models
_INTEGERS = range(-(2**63), 2**63)
# Patterns as text: `re` compiles each when it is first used, and most commands use none.
_NOT_ASCII = r"[^\n\x20-\x7e]"
_SURROGATE = "[\ud800-\udfff]"
_UNSAFE = r"[\t\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0001-\U000e007f]"


def invalid(source: str, fault: str) -> NoReturn:
    """Raise InvalidDocument; `source` is the subject of the sentence, and `fault` the rest of it."""
    raise InvalidDocument(f"{source} {fault}")


_MARKS = (  # UTF-32 first, as its little-endian mark begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)


def decode(data: bytes, source: str) -> str:
    """Decode UTF-8, or UTF-16 or UTF-32 with a byte order mark (Windows PowerShell's `>` writes UTF-16).

    Raises InvalidDocument.
    """
    encoding = next((encoding for mark, encoding in _MARKS if data.startswith(mark)), None)
    try:
        return data.decode(encoding or "utf-8-sig")
    except UnicodeDecodeError as error:
        if encoding:
            invalid(source, f"begins with the byte order mark of {encoding}, but is not valid {encoding}")
        before = data[: error.start]
        line, column = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
        invalid(source, f"is not UTF-8 (at line {line}, byte {column})")


def read_toml(text: str, source: str) -> Document:
    """Read TOML; raises InvalidDocument, which says where the error is."""
    import tomli

    try:
        document = tomli.loads(text)
    except tomli.TOMLDecodeError as error:
        invalid(source, f"is not valid TOML: {_lowered(str(error))}")
    except RecursionError:
        _too_deep(source)
    except ValueError:
        invalid(source, "holds a number that is too long")
    _check(document, source)
    return document


def parse_json(text: str, source: str) -> Document:
    """Read a JSON object, nulls included; raises InvalidDocument."""
    if text.lstrip()[:1] != "{":
        invalid(source, "is not a JSON object")
    document: Document = parse_json_value(text, source)
    return document


def parse_json_value(text: str, source: str) -> Any:
    """Read any JSON, nulls included; raises InvalidDocument."""
    import json

    def unique(pairs: list[tuple[str, Any]]) -> Document:
        result = dict(pairs)
        if len(result) < len(pairs):
            invalid(source, f"has the key '{_first_repeated(key for key, _ in pairs)}' twice in one object")
        return result

    def constant(name: str) -> NoReturn:
        invalid(source, f"holds {name}, which is not a number")

    try:
        document = json.loads(text, object_pairs_hook=unique, parse_constant=constant)
    except json.JSONDecodeError as error:
        if '"""' in text:
            invalid(source, 'has """, as Dev Tools shows long strings, which is not JSON: fetch the answer with curl')
        invalid(source, f"is not valid JSON: {_lowered(error.msg)} (at line {error.lineno}, column {error.colno})")
    except RecursionError:
        _too_deep(source)
    except ValueError:
        invalid(source, "holds a number that is too long")
    _check(document, source)
    return document


def without_nulls(document: Document) -> tuple[Document, frozenset[str]]:
    """The document without nulls, which TOML does not have, and the keys that had them."""
    nulls: set[str] = set()
    return _without_nulls(document, "", nulls), frozenset(nulls)


def _first_repeated(keys: Iterable[str]) -> str:
    seen: set[str] = set()
    return next(key for key in keys if key in seen or seen.add(key))  # type: ignore[func-returns-value]


def is_json_list(text: str) -> bool:
    """Whether a text is a JSON list; TOML may begin with the same bracket."""
    import json

    if not text.lstrip().startswith("["):
        return False
    try:
        return isinstance(json.loads(text), list)
    except (ValueError, RecursionError):
        return False


def checked(document: Document, source: str) -> Document:
    """The document, which is already parsed; raises InvalidDocument if it cannot be stored."""
    _check(document, source)
    return document


def check_model(document: Document, source: str) -> None:
    """Raise InvalidDocument if the model's file, or an export of the catalog, could not be read again."""
    _check(document, source, DEEPEST - _EXPORT_ADDS)
    if _least_size(document) > LARGEST:
        invalid(source, f"has nested lists that make a file of more than {LARGEST >> 20} MiB")


def _least_size(value: Any, indent: int = 0) -> int:
    """A lower bound for the size of a value in TOML, where each item of a list has its own line, indented by depth."""
    if isinstance(value, dict):
        return sum(len(key) + _least_size(item, indent) for key, item in value.items())
    if isinstance(value, list):
        return sum(indent + _INDENT + _least_size(item, indent + _INDENT) for item in value)
    return len(value) if isinstance(value, str) else 1


_INDENT = 4


def plain(value: Any, depth: int = 0) -> Any:
    """The value in the types that a parser returns: dicts for mappings, lists for tuples, no subclasses.

    Raises TypeError for types that a document cannot hold. Values nested too deeply for a document are not converted.
    """
    if depth > DEEPEST or value is None or isinstance(value, bool) or hasattr(value, "isoformat"):
        return value
    if isinstance(value, Mapping):
        return {_key(key): plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item, depth + 1) for item in value]
    for kind, convert in _SCALARS.items():
        if isinstance(value, kind):
            return convert(value)
    raise TypeError(f"a document cannot hold a value of type {type(value).__name__}")


_SCALARS: Mapping[type, Callable[[Any], Any]] = {str: str.__str__, int: int, float: float}


def _key(key: object) -> str:
    if not isinstance(key, str):
        raise TypeError(f"a document cannot have the key {key!r}, which is not a str")
    return str.__str__(key)


def to_toml(document: Mapping[str, Any], *, ascii_only: bool = False) -> str:
    """Write TOML; control, bidi and zero-width characters, which occur only in strings, are escaped."""
    import tomli_w

    unsafe = _NOT_ASCII if ascii_only else _UNSAFE
    return re.sub(unsafe, lambda match: f"\\U{ord(match[0]):08x}", tomli_w.dumps(document))


def to_line(value: Any) -> str:
    """Write a string, or a list of strings, on one line of TOML."""
    import json

    return json.dumps(value)


def to_json(document: Any) -> str:
    """Write JSON in ASCII, which every terminal and encoding can show."""
    import json

    return json.dumps(document, indent=2, default=lambda moment: moment.isoformat()) + "\n"


def _lowered(text: str) -> str:
    return text[:1].lower() + text[1:]


def _too_deep(source: str, deepest: int = DEEPEST) -> NoReturn:
    """Raise InvalidDocument; the message is the same if a parser reached its own recursion limit first."""
    invalid(source, f"is nested more than {deepest} levels deep")


def _check(value: Any, source: str, deepest: int = DEEPEST, depth: int = 0) -> None:
    """Raise InvalidDocument for values that TOML, JSON or UTF-8 cannot hold, and for too deep nesting."""
    kind = type(value)
    if kind is str:
        if not value.isascii() and re.search(_SURROGATE, value):
            invalid(source, "holds half of a surrogate pair, which is not a character")
    elif kind is dict or kind is list:
        if depth >= deepest:
            _too_deep(source, deepest)
        for item in value:
            _check(item, source, deepest, depth + 1)
        if kind is dict:
            for item in value.values():
                _check(item, source, deepest, depth + 1)
    elif kind is float and value - value != 0:
        invalid(source, "holds a number that is not finite")
    elif kind is int and value not in _INTEGERS:
        invalid(source, "holds a whole number of more than 64 bits")


def _without_nulls(value: Any, key: str, nulls: set[str]) -> Any:
    if isinstance(value, dict):
        nulls.update(name for name, item in value.items() if item is None)
        return {name: _without_nulls(item, name, nulls) for name, item in value.items() if item is not None}
    if isinstance(value, list):
        if None in value:
            nulls.add(key)
        return [_without_nulls(item, key, nulls) for item in value if item is not None]
    return value
