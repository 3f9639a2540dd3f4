"""Media types: the type of a response, and the types that a body may have.

The rules were compared with those of real servers of 8.19 and 9.5.
"""

import re
from typing import NamedTuple

from mlalias.rest.answers import Cause, HttpFailure, PlainFailure

JSON = "application/json"
_VENDOR = "application/vnd.elasticsearch+"
_SUPPORTED = {"json", "yaml", "cbor", "smile"}
GENERATIONS = ("8", "9")
_TYPE = re.compile(r"[a-z0-9!#$&^_.+*-]+/[a-z0-9!#$&^_.+*-]+")


class Media(NamedTuple):
    """A media type in lower case, with its parameters as they were written."""

    name: str
    parameters: tuple[str, ...] = ()

    def __str__(self) -> str:
        """The type as a header has it."""
        return ";".join((self.name, *self.parameters))

    @property
    def format(self) -> str:
        """`json`, `yaml`, `cbor` or `smile`; empty for any other type."""
        kind = self.name.removeprefix(_VENDOR).removeprefix("application/")
        return kind if kind in _SUPPORTED and self.name != kind else ""

    @property
    def generation(self) -> str | None:
        """The version in `compatible-with`, for Elasticsearch's own types."""
        versions = [text.partition("=")[2] for text in self.parameters if text.startswith("compatible-with=")]
        return versions[-1] if versions and self.name.startswith(_VENDOR) else None


def parse(text: str) -> Media:
    """Read one media type; raises ValueError."""
    name, *parameters = (part.strip().lower() for part in text.split(";"))
    if not _TYPE.fullmatch(name) or not all("=" in part for part in parameters if part):
        raise ValueError(text)
    return Media(name, tuple(re.sub(r"\s*=\s*", "=", part) for part in parameters if part))


class Types(NamedTuple):
    """The headers: Accept, if it has a known type, and Content-Type, if it is there."""

    accept: Media | None
    content: Media | None

    def answered(self, format_parameter: str) -> str:
        """The media type of the response; raises HttpFailure for types that are not supported."""
        name = format_parameter.lower()
        media = Media(f"application/{name}") if name in _SUPPORTED else self.accept or self._sent() or Media(JSON)
        if media.format not in {"", "json"}:
            reason = f"answers are JSON here: {media.format} is not written"
            raise HttpFailure(400, "illegal_argument_exception", reason)
        return str(media) if media.format else JSON

    def _sent(self) -> Media | None:
        """The type of the body, with only the version of its parameters, for the response."""
        if self.content is None or not self.content.format:
            return None
        version = self.content.generation
        return Media(self.content.name, (f"compatible-with={version}",) if version else ())


def types(accept: str | None, content: str | None, *, has_body: bool) -> Types:
    """Read the two headers; raises HttpFailure if one is malformed, or if their versions differ."""
    found = Types(_accepted(accept), _content(content))
    asked = found.accept.generation if found.accept else None
    sent = found.content.generation if found.content and has_body else None
    for header, version in (("Accept", asked), ("Content-Type", sent)):
        if version is not None and version not in GENERATIONS:
            raise _unfit(f"{header} asks for generation {version}, and {' and '.join(GENERATIONS)} are known here")
    if has_body and asked != sent:
        raise _unfit(f"Accept asks for generation {asked or 'none'}, and Content-Type for {sent or 'none'}")
    return found


def _accepted(header: str | None) -> Media | None:
    """The first known type of Accept; None means any type."""
    for text in [] if header is None else header.split(","):
        media = named("Accept", text)
        if media.format:
            return media
    return None


def _content(header: str | None) -> Media | None:
    return None if header is None else named("Content-Type", header)


def named(header: str, text: str) -> Media:
    """The media type that a header gives; raises HttpFailure."""
    try:
        return parse(text)
    except ValueError:
        reason = f"the header {header} has '{text.strip()}', which is no media type"
        raise HttpFailure(400, _FAULT, reason, Cause("illegal_argument_exception", reason)) from None


_FAULT = "media_type_header_exception"


def _unfit(reason: str) -> HttpFailure:
    return HttpFailure(400, _FAULT, reason, Cause("status_exception", reason))


def check_body(content: Media | None) -> None:
    """Raise PlainFailure unless a body of this type can be read; only JSON can."""
    if content is None:
        raise PlainFailure(406, f"the body has no Content-Type; it must be {JSON}")
    if not (content.format or content.name == "application/x-ndjson"):
        raise PlainFailure(406, f"Content-Type is '{content}', and a body must be {JSON}")
    if content.format not in {"", "json"}:
        reason = f"bodies are JSON here: {content.format} is not read"
        raise HttpFailure(400, "illegal_argument_exception", reason)
