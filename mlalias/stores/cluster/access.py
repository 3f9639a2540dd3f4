"""How a cluster is reached: its address, and what the environment says of credentials, certificates and time."""

import re
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import SplitResult, urlsplit

from mlalias.environment import CA_CERTS, CA_FINGERPRINT, FAMILIES, TIMEOUT
from mlalias.errors import Hint, WrongUsage

_FINGERPRINT = re.compile(r"[0-9a-fA-F]{64}")
_HOST = re.compile(r"[\w.:-]+")
_KEY = re.compile(r"[!-~]+")
_SHORTEST_SECRET = 6
NO_LOGIN = Hint("put a key in MLALIAS_API_KEY, or a name and a password in MLALIAS_USERNAME and MLALIAS_PASSWORD")


class Access(NamedTuple):
    """How to reach a cluster: `options` are those of the client, `origin` the variables that the credentials are in."""

    url: str
    options: Mapping[str, Any]
    origin: str | None
    secrets: tuple[str, ...]

    def __repr__(self) -> str:
        return f"Access({self.url!r})"

    @property
    def timeout(self) -> float:
        """Seconds to wait for one answer."""
        seconds: float = self.options["request_timeout"]
        return seconds

    def scrubbed(self, text: str) -> str:
        """The text without the credentials, should a server or a proxy echo them."""
        for secret in self.secrets:
            text = text.replace(secret, "***")
        return text


def access(address: str) -> Access:
    """Put together what reaches a cluster; raises WrongUsage."""
    url = _parts(address)
    login, origin = _login()
    if login and url.scheme == "http" and not _is_loopback(url.hostname or ""):
        raise WrongUsage(
            f"{origin} would go to {address} for everybody on the way to read",
            Hint(f"use https://{url.netloc}, or unset {origin}"),
        )
    options = {**login, **(_trust() if url.scheme == "https" else {})}
    options |= {"hosts": _with_port(url), "request_timeout": TIMEOUT.read()}
    return Access(address.rstrip("/"), options, origin, _secrets(login))


def _parts(address: str) -> SplitResult:
    try:
        url = urlsplit(address)
        host = url.hostname or ""
        if _HOST.fullmatch(host) and host.encode("idna") and url.port != 0:
            return url
    except ValueError:
        pass
    raise WrongUsage(f"'{address}' is not the address of a cluster", Hint("it looks like https://es.example:9200"))


def _with_port(url: SplitResult) -> str:
    """The address as the client wants it: with a port, without a slash at its end."""
    port = url.port or (443 if url.scheme == "https" else 80)
    host = f"[{url.hostname}]" if ":" in (url.hostname or "") else url.hostname
    return f"{url.scheme}://{host}:{port}{url.path.rstrip('/')}"


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _login() -> tuple[dict[str, Any], str | None]:
    """The credentials, and the names of their variables: this program's own, else those that eland reads."""
    for family in FAMILIES:
        key, user, password = (variable.read() for variable in family)
        if key:
            return {"api_key": _api_key(key.strip(), family.key.name)}, family.key.name
        if user and password:
            return {"basic_auth": (user, password)}, f"{family.user.name} and {family.password.name}"
        if user or password:
            there, missing = (family.user, family.password) if user else (family.password, family.user)
            raise WrongUsage(f"{there.name} is set, and {missing.name} is not", NO_LOGIN)
    return {}, None


def _api_key(key: str, name: str) -> str | tuple[str, ...]:
    """A key as it is handed out, `encoded` or as `id:api_key`."""
    if not _KEY.fullmatch(key):
        raise WrongUsage(f"{name} holds characters that no API key has", NO_LOGIN)
    return tuple(key.split(":", 1)) if ":" in key else key


def _secrets(login: Mapping[str, Any]) -> tuple[str, ...]:
    """What must not be printed: the secret parts, and the header that is made of them."""
    from base64 import b64encode

    if not login:
        return ()
    (value,) = login.values()
    if isinstance(value, str):
        return (value,)
    whole = ":".join(value)
    found = (b64encode(whole.encode()).decode(), whole, value[1])
    return tuple(secret for secret in found if len(secret) >= _SHORTEST_SECRET)


def _trust() -> dict[str, str]:
    trust = {}
    file, fingerprint = CA_CERTS.read(), CA_FINGERPRINT.read()
    if file:
        trust["ca_certs"] = _certificates(file)
    if fingerprint:
        if not _FINGERPRINT.fullmatch(fingerprint.replace(":", "").strip()):
            raise WrongUsage(
                "MLALIAS_CA_FINGERPRINT is not the SHA-256 fingerprint of a certificate",
                Hint("see it with: openssl x509 -fingerprint -sha256 -noout -in ca.crt"),
            )
        trust["ssl_assert_fingerprint"] = fingerprint.strip()
    return trust


def _certificates(file: str) -> str:
    """A file of certificates; the client would look into it only once it is connected."""
    import ssl

    if not Path(file).is_file():
        raise WrongUsage(f"MLALIAS_CA_CERTS is '{file}', and there is no such file")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(file)
    except OSError:
        raise WrongUsage(f"MLALIAS_CA_CERTS is '{file}', which is not a file of certificates") from None
    return file
