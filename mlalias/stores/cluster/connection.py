"""Sends requests to a cluster through the official client, and turns its errors into ours."""

import re
import ssl
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple, NoReturn
from urllib.parse import quote, unquote

import elastic_transport
import elasticsearch
import urllib3

from mlalias.errors import Conflict, Failure, Hint, NotFound, Refused, Unreachable
from mlalias.stores.cluster.access import NO_LOGIN, Access

# Servers of version 8 and 9 both speak 8, whatever the version of the client.
_TYPE = "application/vnd.elasticsearch+json; compatible-with=8"
_ACCEPT = {"accept": _TYPE}
_CONTENT = {"content-type": _TYPE}  # a server refuses a request unless both headers give the same version
_PRODUCT = "x-elastic-product"
_OF_STATUS: Mapping[int, type[Failure]] = {400: Refused, 404: NotFound, 409: Conflict}
_UNAUTHORIZED, _FORBIDDEN, _REQUEST_TIMEOUT, _SERVER_FAULT = 401, 403, 408, 500
_BUSY = (429, 502, 503, 504)
_PAUSES = (0.2, 0.4, 0.8, 1.6)  # seconds before a read is sent again
_LONGEST_REASON = 1000
_WARNING = re.compile(r'299 [^" ]+ "((?:[^"\\]|\\.)*)"')
PRIVILEGE_MISSING = "privilege_missing"


Path = Sequence[str]
Parameters = Mapping[str, str | int]
Response = elastic_transport.ApiResponse[Any]


class Request(NamedTuple):
    """A request to a server."""

    method: str
    path: Path
    parameters: Parameters = MappingProxyType({})
    body: Any = None


class Answer(NamedTuple):
    """The status and the unchanged body of an answer, which may be an error."""

    status: int
    document: dict[str, Any]
    error: "Details"


class Reply(NamedTuple):
    """The body of a successful answer, and the texts of its warnings."""

    document: dict[str, Any]
    warnings: tuple[str, ...]


class Connection:
    """A connection to one cluster. While it is busy, reads are repeated for a few seconds; a change is sent once."""

    def __init__(self, access: Access) -> None:
        self.access = access
        # The client issues a server's warnings as Python warnings of this module, too. A filter for one module is safe
        # in a process with threads, and `catch_warnings` around a request is not: it swaps the filters of all of them.
        warnings.filterwarnings("ignore", category=elasticsearch.ElasticsearchWarning, module=re.escape(__name__))
        self._client = elasticsearch.Elasticsearch(max_retries=0, retry_on_timeout=False, **access.options)

    @property
    def url(self) -> str:
        """The address."""
        return self.access.url

    def get(self, path: Path, parameters: Parameters, privilege: str = "monitor_ml") -> dict[str, Any]:
        """Read a resource, which requires the cluster privilege `privilege`; raises NotFound, Unreachable."""
        try:
            return self._reply(Request("GET", path, parameters), privilege, _PAUSES).document
        except Unreachable as failure:
            raise failure.but(failure.reason, certain=True) from None  # a GET changes nothing
        except (Refused, Conflict) as failure:
            raise self._unreachable(f"answers {failure.status}: {failure.reason}", failure.status) from None

    def send(self, method: str, path: Path, parameters: Parameters) -> Reply:
        """Send a change; raises Refused, NotFound, Conflict or Unreachable."""
        return self._reply(Request(method, path, parameters), "manage_ml")

    @property
    def timeout(self) -> float:
        """How many seconds one request may take."""
        return self.access.timeout

    def ask(self, request: Request, *, repeats: bool = False) -> Answer:
        """Send a request and return the answer, even an error; raises Unreachable if it is not Elasticsearch's.

        `repeats` sends the request again while the server is busy; use it only for requests that change nothing.
        """
        try:
            response = self._response(request, _PAUSES if repeats else ())
        except elasticsearch.ApiError as error:
            details = _details(error.body)
            known = details.type or _PRODUCT in error.meta.headers  # the 403 of a write block comes without the header
            if error.meta.status == _UNAUTHORIZED or not known:
                raise self._of_api(error, "") from None
            details = details._replace(reason=self.access.scrubbed(details.reason))
            return Answer(error.meta.status, error.body if isinstance(error.body, dict) else {}, details)
        return Answer(response.meta.status, response.body, Details())

    def denied(self, answer: Answer, privilege: str) -> Unreachable:
        """The failure that an answer of 403 stands for, to a request for which `privilege` is needed."""
        return self._not_allowed(answer.error, privilege)

    def _reply(self, request: Request, privilege: str, pauses: Sequence[float] = ()) -> Reply:
        try:
            response = self._response(request, pauses)
        except elasticsearch.ApiError as error:
            raise self._of_api(error, privilege) from None
        texts = _warnings_in(response.meta.headers.get("warning") or "")
        return Reply(response.body, tuple(self.access.scrubbed(text) for text in texts))

    def _response(self, request: Request, pauses: Sequence[float]) -> Response:
        """The answer of Elasticsearch; raises ApiError for a status of 400 or above, Unreachable if there is none."""
        try:
            response = self._repeat(request, pauses)
        except elasticsearch.UnsupportedProductError:
            self._no_elasticsearch()
        except elasticsearch.TransportError as error:
            raise self._of_transport(error) from None
        if not isinstance(response.body, dict) or _PRODUCT not in response.meta.headers:
            self._no_elasticsearch()
        return response

    def _repeat(self, request: Request, pauses: Sequence[float]) -> Response:
        """Send a request; while the server is busy, again after each of the pauses, or when its Retry-After says.

        The client can repeat requests itself, but does so without a pause after an answer, which does not help a busy
        server.
        """
        for pause in pauses:
            try:
                return self._perform(request)
            except elasticsearch.ApiError as error:
                seconds = _seconds_until_ready(error, pause)
                if error.meta.status not in _BUSY or seconds > sum(_PAUSES):
                    raise
                time.sleep(seconds)
        return self._perform(request)

    def _perform(self, request: Request) -> Response:
        target = "/" + "/".join(quote(part, safe=",*") for part in request.path)
        headers = _ACCEPT if request.body is None else _ACCEPT | _CONTENT
        return self._client.perform_request(
            request.method, target, params=request.parameters, headers=headers, body=request.body
        )

    # --- errors ---

    @property
    def _address(self) -> Hint:
        return Hint(f"check the address, and any proxy on the way: curl -i {self.url}")

    def _of_api(self, error: elasticsearch.ApiError, privilege: str) -> Failure:
        failure = self._of_status(error, privilege)
        return failure.but(failure.reason, certain=_is_refusal(error.meta.status))

    def _of_status(self, error: elasticsearch.ApiError, privilege: str) -> Failure:
        status, details = error.meta.status, _details(error.body)
        details = details._replace(reason=self.access.scrubbed(details.reason))
        if status == _UNAUTHORIZED:
            return self._not_let_in(details)
        if status == _FORBIDDEN:
            return self._not_allowed(details, privilege)
        if status in _BUSY:
            text = f"is busy or not ready ({status}{_after(details.reason)})"
            return self._unreachable(text, status, Hint("try again in a while"), type=details.type)
        if _PRODUCT not in error.meta.headers:
            self._no_elasticsearch(status)
        kind = _OF_STATUS.get(status)
        if kind is None:
            return self._unreachable(f"answers {status}{_after(details.reason)}", status, type=details.type)
        return kind(details.reason or f"{self.url} answers {status}", type=details.type, status=status)

    def _not_let_in(self, details: "Details") -> Unreachable:
        origin = self.access.origin
        text = f"does not accept {origin}" if origin else "asks for credentials, and none are given"
        verb = "are" if origin and " and " in origin else "is"
        hint = Hint(f"check that {origin} {verb} for this cluster") if origin else NO_LOGIN
        return self._unreachable(f"{text} (401)", 401, hint, type=details.type)

    def _not_allowed(self, details: "Details", privilege: str) -> Unreachable:
        if not details.lacks_privilege:
            return self._unreachable(f"does not allow it (403{_after(details.reason)})", 403, type=details.type)
        who = self.access.origin or "a request without credentials"
        text = f"does not let {who} do this: the cluster privilege {privilege} is missing (403)"
        hint = Hint(f'give its role or key the cluster privilege: {{"cluster": ["{privilege}"]}}')
        return self._unreachable(text, 403, hint, type=details.type, rule=PRIVILEGE_MISSING)

    def _of_transport(self, error: elasticsearch.TransportError) -> Unreachable:
        failure = self._without_answer(error)
        return failure if _never_sent(error) else _uncertain(failure)

    def _without_answer(self, error: elasticsearch.TransportError) -> Unreachable:
        if isinstance(error, elasticsearch.ConnectionTimeout):
            hint = Hint("wait longer with: MLALIAS_TIMEOUT=120")
            return self._unreachable(f"did not answer within {self.access.timeout:g} seconds", None, hint)
        cause = _cause(error)
        if isinstance(error, elasticsearch.SSLError) or isinstance(cause, ssl.SSLError):
            return self._of_tls(cause)
        if isinstance(error, elasticsearch.SerializationError):
            return self._unreachable("did not answer in JSON", None, self._address)
        if _never_sent(error):
            reason = cause.strerror if isinstance(cause, OSError) else None
            return self._unreachable(f"cannot be reached{_after((reason or '').lower())}", None, self._address)
        return self._unreachable("closed the connection before its answer was complete", None, self._address)

    def _of_tls(self, cause: BaseException) -> Unreachable:
        if "ingerprint" in str(cause):
            return self._unreachable("is not trusted: no certificate matches MLALIAS_CA_FINGERPRINT", None, _TRUST)
        reason = getattr(cause, "verify_message", None)
        if isinstance(cause, ssl.SSLError) and not reason:
            reason = (cause.reason or str(cause)).lower().replace("_", " ")
            return self._unreachable(f"cannot be reached over TLS: {reason}", None, self._address)
        return self._unreachable(f"is not trusted: {reason or cause}", None, _TRUST)

    def _unreachable(
        self,
        text: str,
        status: int | None = None,
        *hints: Hint,
        type: str | None = None,  # noqa: A002 - the JSON key
        rule: str | None = None,
    ) -> Unreachable:
        return Unreachable(f"{self.url} {text}", *hints, status=status, type=type, rule=rule)

    def _no_elasticsearch(self, status: int | None = None) -> NoReturn:
        what = f"answers {status}, but not as Elasticsearch does" if status else "is not Elasticsearch"
        raise _uncertain(self._unreachable(what, status, self._address))


_TRUST = Hint("name the file of its authority in MLALIAS_CA_CERTS, or its fingerprint in MLALIAS_CA_FINGERPRINT")


class Details(NamedTuple):
    """The contents of an error's body; empty if it is not from Elasticsearch, such as the page of a proxy."""

    type: str | None = None
    reason: str = ""
    unlicensed: bool = False

    @property
    def lacks_privilege(self) -> bool:
        """Whether the key or user lacks a privilege; a licence, a block or a proxy can also be the cause of a 403."""
        return self.type == "security_exception" and not self.unlicensed


def _details(body: Any) -> Details:
    """Read an error's body. `LicenseUtils.newComplianceException` marks errors that are due to the licence.

    https://github.com/elastic/elasticsearch/blob/main/x-pack/plugin/core/src/main/java/org/elasticsearch/license/LicenseUtils.java
    """
    error = body.get("error") if isinstance(body, dict) else None
    if isinstance(error, dict):
        type_, reason = error.get("type"), str(error.get("reason") or "")
        return Details(type_ and str(type_), reason[:_LONGEST_REASON], "license.expired.feature" in error)
    return Details(reason=error[:_LONGEST_REASON]) if isinstance(error, str) else Details()


def _is_refusal(status: int) -> bool:
    """Whether the status means that nothing was done; after a timeout or a server error, the change may be in place."""
    return status < _SERVER_FAULT and status != _REQUEST_TIMEOUT


def _seconds_until_ready(error: elasticsearch.ApiError, otherwise: float) -> float:
    """The Retry-After header if it is in seconds: https://www.rfc-editor.org/rfc/rfc9110#name-retry-after."""
    seconds = str(error.meta.headers.get("retry-after") or "")
    return float(seconds) if seconds.isdecimal() else otherwise


def _uncertain(failure: Unreachable) -> Unreachable:
    """The failure, marked as one after which the change may have been made."""
    return failure.but(failure.reason, certain=False)


def _warnings_in(header: str) -> list[str]:
    """The texts in a Warning header, which may contain several of `299 Elasticsearch-9.1.0-abc "text"`."""
    return [unquote(re.sub(r"\\(.)", r"\1", text)) for text in _WARNING.findall(header)]


def _after(reason: str) -> str:
    return f": {reason}" if reason else ""


def _never_sent(error: BaseException) -> bool:
    """Whether no connection was made, so that the request cannot have been carried out."""
    never = urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError, ssl.SSLCertVerificationError
    return any(isinstance(each, never) for each in _chain(error))


def _cause(error: BaseException) -> BaseException:
    """The innermost OSError in a chain of exceptions, else the innermost exception."""
    chain = list(_chain(error))
    return next((each for each in reversed(chain) if isinstance(each, OSError)), chain[-1])


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An exception and those that caused it, innermost last."""
    seen = [error]
    yield error
    while (inner := seen[-1].__cause__ or seen[-1].__context__) is not None and inner not in seen:
        seen.append(inner)
        yield inner
