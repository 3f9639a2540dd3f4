"""Requests to a cluster through the official client, whose errors become ours."""

import re
import ssl
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, NoReturn
from urllib.parse import quote, unquote

import elastic_transport
import elasticsearch

from mlalias.errors import Conflict, Failure, Hint, NotFound, Refused, Unreachable
from mlalias.stores.cluster.access import NO_LOGIN, Access

# Servers of version 8 and 9 both speak 8, whatever the version of the client.
_TYPE = "application/vnd.elasticsearch+json; compatible-with=8"
_ACCEPT = {"accept": _TYPE}
_CONTENT = {"content-type": _TYPE}  # a server refuses two versions that differ, or one alone
_PRODUCT = "x-elastic-product"
_OF_STATUS: Mapping[int, type[Failure]] = {400: Refused, 404: NotFound, 409: Conflict}
_UNAUTHORIZED, _FORBIDDEN = 401, 403
_BUSY = (429, 502, 503, 504)
_SERVER_FAULT = 500  # from here on, what was asked for may have been done
_LONGEST_REASON = 1000
_WARNING = re.compile(r'299 [^" ]+ "((?:[^"\\]|\\.)*)"')


Path = Sequence[str]
Parameters = Mapping[str, str | int]


class Reply(NamedTuple):
    """A document, and the texts of the warnings that came with it."""

    document: dict[str, Any]
    warnings: tuple[str, ...]


class Answer(NamedTuple):
    """A status, and the document that came with it."""

    status: int
    document: dict[str, Any]

    @property
    def type(self) -> str | None:
        """The type of an error."""
        return _error_of(self.document)[0]

    @property
    def reason(self) -> str:
        """The reason of an error."""
        return _error_of(self.document)[1]


class Connection:
    """One cluster; nothing is asked twice, so that a request ends within the timeout."""

    def __init__(self, access: Access) -> None:
        self.access = access
        self._client = elasticsearch.Elasticsearch(max_retries=0, retry_on_timeout=False, **access.options)

    @property
    def url(self) -> str:
        """The address."""
        return self.access.url

    def get(self, path: Path, parameters: Parameters, privilege: str = "monitor_ml") -> dict[str, Any]:
        """Read something, for which `privilege` is needed; raises NotFound, Unreachable."""
        try:
            return self._request("GET", path, parameters, privilege).document
        except Unreachable as failure:
            raise failure.but(failure.reason, certain=True) from None  # nothing was asked to change
        except (Refused, Conflict) as failure:
            raise self._unreachable(f"answers {failure.status}: {failure.reason}", failure.status) from None

    def send(self, method: str, path: Path, parameters: Parameters) -> Reply:
        """Ask for a change; raises what the server says of it."""
        return self._request(method, path, parameters, "manage_ml")

    @property
    def timeout(self) -> float:
        """How many seconds one request may take."""
        return self.access.timeout

    def ask(self, method: str, path: Path, parameters: Parameters, body: Any = None) -> Answer:
        """Send a request whose errors the caller reads itself; raises Unreachable where there is no answer."""
        try:
            answer = self._perform(method, path, parameters, body)
        except elasticsearch.UnsupportedProductError:
            self._no_elasticsearch()
        except elasticsearch.ApiError as error:
            if error.meta.status == _UNAUTHORIZED or _PRODUCT not in error.meta.headers:
                raise self._of_api(error, "") from None
            return Answer(error.meta.status, error.body if isinstance(error.body, dict) else {})
        except elasticsearch.TransportError as error:
            raise self._of_transport(error) from None
        if not isinstance(answer.body, dict):
            self._no_elasticsearch()
        return Answer(answer.meta.status, answer.body)

    def _perform(self, method: str, path: Path, parameters: Parameters, body: Any = None) -> Any:
        target = "/" + "/".join(quote(part, safe=",*") for part in path)
        headers = _ACCEPT if body is None else _ACCEPT | _CONTENT
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", elastic_transport.TransportWarning)
            return self._client.perform_request(method, target, params=parameters, headers=headers, body=body)

    def _request(self, method: str, path: Path, parameters: Parameters, privilege: str) -> Reply:
        try:
            answer = self._perform(method, path, parameters)
        except elasticsearch.UnsupportedProductError:
            self._no_elasticsearch()
        except elasticsearch.ApiError as error:
            raise self._of_api(error, privilege) from None
        except elasticsearch.TransportError as error:
            raise self._of_transport(error) from None
        if not isinstance(answer.body, dict) or _PRODUCT not in answer.meta.headers:
            self._no_elasticsearch()
        texts = _warnings_in(answer.meta.headers.get("warning") or "")
        return Reply(answer.body, tuple(self.access.scrubbed(text) for text in texts))

    # --- errors ---

    @property
    def _address(self) -> Hint:
        return Hint(f"see that the address is right, and what stands in between: curl -i {self.url}")

    def _of_api(self, error: elasticsearch.ApiError, privilege: str) -> Failure:
        failure = self._of_status(error, privilege)
        return failure.but(failure.reason, certain=error.meta.status < _SERVER_FAULT)

    def _of_status(self, error: elasticsearch.ApiError, privilege: str) -> Failure:
        status, (type_, reason) = error.meta.status, _error_of(error.body)
        reason = self.access.scrubbed(reason)
        if status == _UNAUTHORIZED:
            return self._not_let_in(type_)
        if status == _FORBIDDEN:
            return self._not_allowed(type_, reason, privilege)
        if status in _BUSY:
            text = f"is busy or not ready ({status}{_after(reason)})"
            return self._unreachable(text, status, Hint("try again in a while"), type=type_)
        if _PRODUCT not in error.meta.headers:
            self._no_elasticsearch(status)
        kind = _OF_STATUS.get(status)
        if kind is None:
            return self._unreachable(f"answers {status}{_after(reason)}", status, type=type_)
        return kind(reason or f"{self.url} answers {status}", type=type_, status=status)

    def _not_let_in(self, type_: str | None) -> Unreachable:
        origin = self.access.origin
        text = f"does not accept {origin}" if origin else "asks for credentials, and none are given"
        hint = Hint(f"see that {origin} {'are' if ' and ' in origin else 'is'} of this cluster") if origin else NO_LOGIN
        return self._unreachable(f"{text} (401)", 401, hint, type=type_)

    def _not_allowed(self, type_: str | None, reason: str, privilege: str) -> Unreachable:
        if reason and "unauthorized" not in reason:
            return self._unreachable(f"does not allow it (403: {reason})", 403, type=type_)
        who = self.access.origin or "a request without credentials"
        hint = Hint(f'give its role or key the cluster privilege: {{"cluster": ["{privilege}"]}}')
        return self._unreachable(
            f"does not let {who} do this: the cluster privilege {privilege} is missing (403)", 403, hint, type=type_
        )

    def _of_transport(self, error: elasticsearch.TransportError) -> Unreachable:
        if isinstance(error, elasticsearch.ConnectionTimeout):
            hint = Hint("wait longer with: MLALIAS_TIMEOUT=120")
            return _uncertain(self._unreachable(f"did not answer within {self.access.timeout:g} seconds", None, hint))
        cause = _cause(error)
        if isinstance(error, elasticsearch.SSLError) or isinstance(cause, ssl.SSLError):
            return self._of_tls(cause)
        if isinstance(error, elasticsearch.SerializationError):
            return _uncertain(self._unreachable("answered what is not JSON", None, self._address))
        if isinstance(cause, OSError) and cause.strerror and not isinstance(cause, ConnectionResetError):
            return self._unreachable(f"cannot be reached: {cause.strerror.lower()}", None, self._address)
        return _uncertain(self._unreachable("closed the connection before its answer was whole", None, self._address))

    def _of_tls(self, cause: BaseException) -> Unreachable:
        if "ingerprint" in str(cause):
            return self._unreachable("is not trusted: no certificate has the MLALIAS_CA_FINGERPRINT", None, _TRUST)
        reason = getattr(cause, "verify_message", None)
        if isinstance(cause, ssl.SSLError) and not reason:
            reason = (cause.reason or str(cause)).lower().replace("_", " ")
            return self._unreachable(f"does not speak TLS as it should: {reason}", None, self._address)
        return self._unreachable(f"is not trusted: {reason or cause}", None, _TRUST)

    def _unreachable(
        self,
        text: str,
        status: int | None = None,
        *hints: Hint,
        type: str | None = None,  # noqa: A002 - the JSON key
    ) -> Unreachable:
        return Unreachable(f"{self.url} {text}", *hints, status=status, type=type)

    def _no_elasticsearch(self, status: int | None = None) -> NoReturn:
        what = f"answers {status}, and not as Elasticsearch does" if status else "is not Elasticsearch"
        raise _uncertain(self._unreachable(what, status, self._address))


_TRUST = Hint("name the file of its authority in MLALIAS_CA_CERTS, or its fingerprint in MLALIAS_CA_FINGERPRINT")


def _uncertain(failure: Unreachable) -> Unreachable:
    """Whoever failed may have done what was asked of it."""
    return failure.but(failure.reason, certain=False)


def _warnings_in(header: str) -> list[str]:
    """The texts of `299 Elasticsearch-9.1.0-abc "text"`, of which there may be several."""
    return [unquote(re.sub(r"\\(.)", r"\1", found)) for found in _WARNING.findall(header)]


def _error_of(body: Any) -> tuple[str | None, str]:
    """The type and the reason in an error's body; a proxy's page has neither."""
    error = body.get("error") if isinstance(body, dict) else None
    if isinstance(error, dict):
        return error.get("type") and str(error["type"]), str(error.get("reason") or "")[:_LONGEST_REASON]
    return None, error[:_LONGEST_REASON] if isinstance(error, str) else ""


def _after(reason: str) -> str:
    return f": {reason}" if reason else ""


def _cause(error: BaseException) -> BaseException:
    """What the system said at the bottom of a chain of exceptions, else the bottom itself."""
    chain = [error]
    while (inner := chain[-1].__cause__ or chain[-1].__context__) is not None and inner not in chain:
        chain.append(inner)
    return next((one for one in reversed(chain) if isinstance(one, OSError)), chain[-1])
