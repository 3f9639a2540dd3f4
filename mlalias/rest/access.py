"""Who may ask: requests with the key of the server, or, where there is none, requests that no foreign page made."""

import base64
from collections.abc import Mapping
from hmac import compare_digest
from ipaddress import ip_address
from urllib.parse import urlsplit

from mlalias.rest.answers import HttpFailure

_SECURITY = "security_exception"


class Access:
    """Admits requests that carry a key or, without one, those that name this machine.

    A web page can send requests to any address of its reader's machine, and a name of its own can be made to lead there
    (DNS rebinding). Both show in the headers Origin and Host: https://fetch.spec.whatwg.org/#origin-header
    """

    def __init__(self, api_key: str | None = None, host: str = "") -> None:
        key = (api_key or "").encode()
        self._keys = (key, base64.b64encode(key)) if key else ()
        self._names = {"localhost", host.lower()} - {""}

    def check(self, headers: Mapping[str, str]) -> None:
        """Raise HttpFailure for a request that may not be made."""
        if self._keys:
            self._check_key(headers.get("authorization", ""))
            return
        host, origin = headers.get("host", ""), headers.get("origin")
        if host and not self._is_here(_name(f"//{host}"), any_address=True):
            raise HttpFailure(403, _SECURITY, f"the request is for '{host}', and this server is not known by that name")
        if origin is not None and not self._is_here(_name(origin), any_address=False):
            raise HttpFailure(403, _SECURITY, f"the request comes from a page of '{origin}'")

    def _check_key(self, authorization: str) -> None:
        """A key counts as it is and, as clients send a pair of id and key, encoded in base64."""
        scheme, _, sent = authorization.partition(" ")
        known = [compare_digest(sent.strip().encode(), key) for key in self._keys]
        if scheme.lower() != "apikey" or not any(known):
            raise HttpFailure(401, _SECURITY, "the request does not carry the API key of this server")

    def _is_here(self, name: str, *, any_address: bool) -> bool:
        """Whether a name is one of this server; its addresses are not known, so that `any_address` counts."""
        if name in self._names:
            return True
        try:
            address = ip_address(name.partition("%")[0])
        except ValueError:
            return False
        return any_address or address.is_loopback


def _name(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
