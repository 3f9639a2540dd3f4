"""Elasticsearch's manners over HTTP: how a request is read, and how errors and warnings are told."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, NoReturn

from mlalias.documents.codec import Document, decode, parse_json
from mlalias.errors import Failure, WrongUsage

VERSION = "9.2.0"  # official clients of generations 8 and 9 talk to it, and the rules are those of this generation
BUILD = "0" * 40
EVERYWHERE = frozenset({"pretty", "human", "format", "filter_path", "error_trace"})
GENERATIONS = ("8", "9")
JSON = "application/json"
_VENDOR = "application/vnd.elasticsearch+json"
_LARGEST_NUMBER = 2**31 - 1


class HttpFailure(Failure):
    """What goes wrong between a request and the catalog."""

    def __init__(self, status: int, type: str, reason: str) -> None:  # noqa: A002 - the JSON key
        super().__init__(reason, type=type)
        self.status = status


class Answer(NamedTuple):
    """A body, which becomes JSON, with its status and further headers."""

    body: Document
    status: int = 200
    headers: Sequence[tuple[str, str]] = ()


class Given:
    """A request as it came: the names in its path, its parameters, its body; readers raise WrongUsage."""

    def __init__(self, names: Mapping[str, str], parameters: Mapping[str, str], body: bytes) -> None:
        self.names = names
        self._parameters = parameters
        self._unread = parameters.keys() - EVERYWHERE
        self._body = body

    def text(self, name: str, default: str = "") -> str:
        """A parameter as it is."""
        self._unread -= {name}
        return self._parameters.get(name, default)

    def accept(self, *names: str) -> None:
        """Take parameters that make no difference here."""
        self._unread -= set(names)

    def words(self, name: str) -> tuple[str, ...]:
        """A list with commas."""
        return words(self.text(name))

    def flag(self, name: str, *, default: bool = False) -> bool:
        """A switch; without a value it is on."""
        value = self.text(name, str(default).lower())
        if value not in ("", "true", "false"):
            raise WrongUsage(f"the parameter '{name}' is '{value}', which is neither true nor false")
        return value != "false"

    def count(self, name: str, default: int, *, least: int = 0) -> int:
        """A number."""
        value = self.text(name, str(default))
        digits = value.removeprefix("-")
        number = int(value) if digits.isdecimal() and digits.isascii() and len(digits) <= len("2147483647") else None
        if number is None or abs(number) > _LARGEST_NUMBER:
            raise WrongUsage(f"the parameter '{name}' is '{value}', which is not a number")
        if number < least:
            raise WrongUsage(f"the parameter '{name}' is {number}, which is less than {least}")
        return number

    def done(self) -> None:
        """Refuse a body, and parameters that nothing has read."""
        self._refuse_unread()
        if self._body:
            raise WrongUsage("this request takes no body")

    def document(self, *, optional: bool = False) -> Document:
        """The body, a JSON object, without its nulls; raises InvalidDocument."""
        self._refuse_unread()
        if not self._body:
            return {} if optional else self._no_body()
        return parse_json(decode(self._body, "the body"), "the body")

    def _refuse_unread(self) -> None:
        if self._unread:
            named = ", ".join(f"'{name}'" for name in sorted(self._unread))
            raise WrongUsage(f"this request takes no parameter{'s' if len(self._unread) > 1 else ''} {named}")

    def _no_body(self) -> NoReturn:
        raise WrongUsage("this request needs a body", type="parse_exception")


def words(text: str) -> tuple[str, ...]:
    """What stands between commas."""
    return tuple(filter(None, (word.strip() for word in text.split(","))))


# --- errors and warnings ---


def failed(failure: Failure) -> Answer:
    """A failure in Elasticsearch's shape; several are told in one sentence."""
    cause = {"type": failure.type, "reason": failure.reason}
    return Answer({"error": {"root_cause": [cause], **cause}, "status": failure.status}, failure.status)


def unknown_path(method: str, path: str) -> Answer:
    """There is nothing at this path."""
    return Answer({"error": f"nothing answers {method} {path}"}, 400)


def wrong_method(method: str, path: str, allowed: Sequence[str]) -> Answer:
    """There is something at this path, but not for this method."""
    body = {"error": f"{path} does not take {method}, but {', '.join(allowed)}", "status": 405}
    return Answer(body, 405, (("Allow", ", ".join(allowed)),))


def warning(text: str) -> tuple[str, str]:
    """The header that carries a warning."""
    return "Warning", f'299 Elasticsearch-{VERSION}-{BUILD} "{"".join(map(_in_header, text))}"'


def _in_header(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    if character.isascii() and character.isprintable() and character != "%":
        return character
    return "".join(f"%{byte:02X}" for byte in character.encode())


# --- media types ---


def answered_type(accept: str) -> str:
    """The media type to answer in; raises HttpFailure where no JSON is accepted."""
    ranges = [_media(part) for part in accept.split(",") if part.strip()]
    for media, generation in ranges:
        if media == _VENDOR:
            return f"{_VENDOR};compatible-with={_generation(generation, 'Accept')}"
    if ranges and not any(media in ("*/*", "application/*", JSON) for media, _ in ranges):
        raise HttpFailure(406, _MEDIA_FAULT, f"Accept is '{accept}', and the answer is {JSON}")
    return JSON


def check_content_type(content_type: str) -> None:
    """Raise HttpFailure unless a body of this type can be read."""
    media, generation = _media(content_type)
    if media == _VENDOR:
        _generation(generation, "Content-Type")
    elif media != JSON:
        raise HttpFailure(406, _MEDIA_FAULT, f"Content-Type is '{content_type}', and a body must be {JSON}")


_MEDIA_FAULT = "media_type_header_exception"


def _media(part: str) -> tuple[str, str | None]:
    """A media type, and the generation that it asks for."""
    media, *parameters = (word.strip().lower() for word in part.split(";"))
    pairs = dict(parameter.split("=", 1) for parameter in parameters if "=" in parameter)
    return media, pairs.get("compatible-with")


def _generation(found: str | None, header: str) -> str:
    if found is None:
        return GENERATIONS[-1]
    if found not in GENERATIONS:
        known = " and ".join(GENERATIONS)
        raise HttpFailure(400, _MEDIA_FAULT, f"{header} asks for generation {found}, and {known} are known here")
    return found
