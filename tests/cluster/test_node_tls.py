"""TLS as a real node speaks it.

A node alone has nothing to GET below `/_ml`: that it says so shows that the connection is trusted.
"""

import hashlib
import ssl
from datetime import UTC, datetime, timedelta

import pytest
import trustme
from nodes import PASSWORD, USER

pytestmark = pytest.mark.node


@pytest.fixture
def listing(secure_node, run, monkeypatch, tmp_path):
    """Run `list` on the node, trusting in an authority."""
    monkeypatch.setenv("MLALIAS_USERNAME", USER)
    monkeypatch.setenv("MLALIAS_PASSWORD", PASSWORD)

    def listing(authority=None):
        if authority:
            authority.cert_pem.write_to_path(tmp_path / "ca.crt")
            monkeypatch.setenv("MLALIAS_CA_CERTS", str(tmp_path / "ca.crt"))
        return run("list", "--catalog", secure_node.url)

    return listing


@pytest.fixture
def presents(secure_node):
    """Let the node present another certificate during a test."""
    yield secure_node.present
    secure_node.present(secure_node.authority.issue_cert("127.0.0.1", "localhost"))


def trusted(done):
    return " answers 405: " in done.err


def test_a_private_authority_is_trusted_by_its_file(secure_node, listing):
    done = listing(secure_node.authority)
    assert trusted(done), done.err


def test_a_certificate_is_trusted_by_its_fingerprint(secure_node, listing, monkeypatch):
    shown = (secure_node.home / "config" / "node.crt").read_text()
    digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(shown)).hexdigest()
    monkeypatch.setenv("MLALIAS_CA_FINGERPRINT", digest)
    assert trusted(listing())
    monkeypatch.setenv("MLALIAS_CA_FINGERPRINT", "ab" * 32)
    done = listing()
    assert done.code == 9
    assert "no certificate matches MLALIAS_CA_FINGERPRINT" in done.err


@pytest.mark.parametrize("authority", [None, trustme.CA()], ids=["none", "another"])
def test_a_private_authority_that_is_not_given(authority, secure_node, listing):
    done = listing(authority)
    assert done.code == 9
    assert done.err.startswith(f"error: {secure_node.url} is not trusted: ")
    assert "hint: name the file of its authority in MLALIAS_CA_CERTS" in done.err


def test_a_certificate_of_another_name(secure_node, listing, presents):
    presents(secure_node.authority.issue_cert("es.example"))
    done = listing(secure_node.authority)
    assert done.code == 9
    assert done.err.startswith(f"error: {secure_node.url} is not trusted: ")
    assert "127.0.0.1" in done.err.splitlines()[0].removeprefix(f"error: {secure_node.url}")


def test_a_certificate_that_has_expired(secure_node, listing, presents):
    presents(secure_node.authority.issue_cert("127.0.0.1", not_after=datetime.now(UTC) - timedelta(days=1)))
    done = listing(secure_node.authority)
    assert done.code == 9
    assert done.err.startswith(f"error: {secure_node.url} is not trusted: certificate has expired\n")


def test_plain_http_where_the_node_speaks_tls(secure_node, run):
    done = run("list", "--catalog", secure_node.url.replace("https", "http"))
    assert done.code == 9
    assert done.err.startswith(f"error: {secure_node.url.replace('https', 'http')} ")
