"""The address of a cluster, and the credentials, certificates and timeout from the environment."""

import re
from base64 import b64decode, b64encode
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Any, NamedTuple

from elastic_transport import NodeConfig
from elastic_transport.client_utils import url_to_node_config

from mlalias.environment import CA_CERTS, CA_FINGERPRINT, FAMILIES, TIMEOUT, Credentials
from mlalias.errors import Hint, WrongUsage

_FINGERPRINT = re.compile(r"[0-9a-fA-F]{64}")
_HOST = re.compile(r"[\w.:-]+")
_KEY = re.compile(r"[!-~]+")
_SHORTEST_SECRET = 6  # masking anything shorter would make holes in ordinary words
NO_LOGIN = Hint("put a key in MLALIAS_API_KEY, or a name and a password in MLALIAS_USERNAME and MLALIAS_PASSWORD")


class Access(NamedTuple):
    """How to reach a cluster.

    `options` are the client's options; `origin` names the variables that the credentials come from.
    """

    url: str
    options: Mapping[str, Any]
    origin: str | None
    secrets: tuple[str, ...]

    def __repr__(self) -> str:
        return f"Access({self.url!r})"

    @property
    def timeout(self) -> float:
        """How many seconds to wait for one answer."""
        seconds: float = self.options["request_timeout"]
        return seconds

    def scrubbed(self, text: str) -> str:
        """The text without the credentials, in case a server or a proxy repeats them."""
        for secret in self.secrets:
            text = text.replace(secret, "***")
        return text


def access(address: str) -> Access:
    """Everything that is needed to connect to a cluster; raises WrongUsage."""
    node = _node(address)
    login, origin = _login()
    if login and node.scheme == "http" and not _is_loopback(node.host):
        raise WrongUsage(
            f"{origin} would be sent to {address} unencrypted",
            Hint(f"use https:{address.partition(':')[2]}, or unset {origin}"),
        )
    trust = _trust() if node.scheme == "https" else {}
    options = {"hosts": [node], "request_timeout": TIMEOUT.read(), **login, **trust}
    return Access(address.rstrip("/"), options, origin, _secrets(*login.values()))


def _node(address: str) -> NodeConfig:
    """The address in the client's form; raises WrongUsage, also if the host is not a valid name."""
    try:
        node = url_to_node_config(address, use_default_ports_for_scheme=True)
        if _HOST.fullmatch(node.host) and node.host.encode("idna") and node.port:
            return node
    except ValueError:
        pass
    raise WrongUsage(f"'{address}' is not the address of a cluster", Hint("it looks like https://es.example:9200"))


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


# --- credentials ---


def _login() -> tuple[dict[str, str], str | None]:
    """The credentials, and the names of their variables: MLALIAS_*, else ES_*, which eland reads too."""
    for family in FAMILIES:
        key, user, password = (variable.read() for variable in family)
        if key:
            return {"api_key": _api_key(key.strip(), family.key.name)}, family.key.name
        if user and password:
            return {"basic_auth": _basic(family, user, password)}, f"{family.user.name} and {family.password.name}"
        if user or password:
            there, missing = (family.user, family.password) if user else (family.password, family.user)
            raise WrongUsage(f"{there.name} is set, and {missing.name} is not", NO_LOGIN)
    return {}, None


def _api_key(key: str, name: str) -> str:
    """An API key as it is sent in the header; it is given in that form, `encoded`, or as `id:api_key`."""
    if not _KEY.fullmatch(key):
        raise WrongUsage(f"{name} holds characters that no API key has", NO_LOGIN)
    return _encoded(key) if ":" in key else key


def _basic(family: Credentials, user: str, password: str) -> str:
    """A name and a password as sent in the header, in UTF-8: https://www.rfc-editor.org/rfc/rfc7617#section-2."""
    if ":" in user:
        raise WrongUsage(f"{family.user.name} holds a colon, which ends a user name in an HTTP header")
    for variable, text in ((family.user, user), (family.password, password)):
        if any(ord(character) < ord(" ") or character == "\x7f" for character in text):
            raise WrongUsage(f"{variable.name} holds a control character, such as a line end")
        if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
            raise WrongUsage(f"{variable.name} is not UTF-8")
    return _encoded(f"{user}:{password}")


def _encoded(text: str) -> str:
    """Encode credentials for the header; the client can do so itself, but only for ASCII."""
    return b64encode(text.encode()).decode()


def _secrets(encoded: str = "") -> tuple[str, ...]:
    """The texts that must not be printed: the value of the header, its decoded form, and the secret part of that."""
    try:
        decoded = b64decode(encoded, validate=True).decode()
    except ValueError:
        decoded = ""
    parts = (encoded, decoded, decoded.partition(":")[2])
    return tuple(part for part in parts if len(part) >= _SHORTEST_SECRET)


# --- certificates ---


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
    """Check a file of certificates, which the client would read only when it connects; raises WrongUsage."""
    import ssl

    if not Path(file).is_file():
        raise WrongUsage(f"MLALIAS_CA_CERTS is '{file}', and there is no such file")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(file)
    except OSError:
        raise WrongUsage(f"MLALIAS_CA_CERTS is '{file}', which is not a file of certificates") from None
    return file
