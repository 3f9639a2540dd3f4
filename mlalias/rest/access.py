"""Which requests are admitted: those with the server's key or, if it has none, those not made by a foreign web page."""

import base64
from collections.abc import Mapping
from hmac import compare_digest
from ipaddress import ip_address
from urllib.parse import urlsplit

from mlalias.rest.answers import HttpFailure

_SECURITY = "security_exception"


class Access:
    """Admits requests with the key or, if there is no key, those whose Host and Origin name this machine.

    A web page can send requests to any address of the machine that shows it, and its own host name can be made to
    resolve to that machine (DNS rebinding). The headers Origin and Host reveal both:
    https://fetch.spec.whatwg.org/#origin-header
    """

    def __init__(self, api_key: str | None = None, host: str = "") -> None:
        key = (api_key or "").encode()
        self._keys = (key, base64.b64encode(key)) if key else ()
        self._names = {"localhost", host.lower()} - {""}

    def check(self, headers: Mapping[str, str]) -> None:
        """Raise HttpFailure for a request that is not admitted."""
        if self._keys:
            self._check_key(headers.get("authorization", ""))
            return
        host, origin = headers.get("host", ""), headers.get("origin")
        if host and not self._is_here(_name(f"//{host}"), any_address=True):
            raise HttpFailure(403, _SECURITY, f"the request is for '{host}', and this server is not known by that name")
        if origin is not None and not self._is_here(_name(origin), any_address=False):
            raise HttpFailure(403, _SECURITY, f"the request comes from a page of '{origin}'")

    def _check_key(self, authorization: str) -> None:
        """Whether a key matches, as it is or in base64: clients encode a pair of id and key."""
        scheme, _, sent = authorization.partition(" ")
        known = [compare_digest(sent.strip().encode(), key) for key in self._keys]
        if scheme.lower() != "apikey" or not any(known):
            raise HttpFailure(401, _SECURITY, "the request does not carry the API key of this server")

    def _is_here(self, name: str, *, any_address: bool) -> bool:
        """Whether a name is one of this server's; as its addresses are unknown, `any_address` is accepted."""
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
