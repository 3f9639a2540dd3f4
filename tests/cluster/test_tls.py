"""TLS for real: a certificate made for the test, trusted by its authority's file and by fingerprint."""

import hashlib
import ssl

import pytest
import trustme
from cluster_support import Front, elasticsearch


def context(leaf):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    leaf.configure_cert(made)
    return made


def fingerprint(pem):
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem.bytes().decode())).hexdigest()


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture(scope="module")
def leaf(authority):
    return authority.issue_cert("127.0.0.1")


@pytest.fixture
def secure(sample, leaf):
    """The address of a cluster that speaks TLS."""
    with Front(elasticsearch(sample)).listening(context(leaf)) as url:
        yield url


def test_trusted_by_the_file_of_its_authority(secure, authority, run, monkeypatch, tmp_path):
    authority.cert_pem.write_to_path(tmp_path / "ca.crt")
    monkeypatch.setenv("MLALIAS_CA_CERTS", str(tmp_path / "ca.crt"))
    monkeypatch.setenv("MLALIAS_API_KEY", "a-key-of-no-use")
    done = run("put", "sst-2-next", "next", "--catalog", secure)
    assert done.code == 0, done.err
    assert run("resolve", "next", "--catalog", secure).out == "sst-2-next\n"


@pytest.mark.parametrize("spelled", [str, str.upper, lambda text: ":".join(text[i : i + 2] for i in range(0, 64, 2))])
def test_trusted_by_fingerprint(spelled, secure, leaf, run, monkeypatch):
    monkeypatch.setenv("MLALIAS_CA_FINGERPRINT", spelled(fingerprint(leaf.cert_chain_pems[0])))
    done = run("resolve", "sentiment", "--catalog", secure)
    assert done.code == 0, done.err


def test_refused_without(secure, run):
    done = run("resolve", "sentiment", "--catalog", secure)
    assert done.code == 9
    assert done.err.startswith(f"error: {secure} is not trusted: ")
    assert "certificate" in done.err
    assert "MLALIAS_CA_CERTS" in done.err


def test_refused_with_another_fingerprint(secure, run, monkeypatch):
    monkeypatch.setenv("MLALIAS_CA_FINGERPRINT", "ab" * 32)
    done = run("put", "sst-2-next", "next", "--catalog", secure)
    assert done.code == 9
    assert "no certificate matches MLALIAS_CA_FINGERPRINT" in done.err


def test_refused_with_another_authority_or_for_another_host(sample, authority, leaf, run, monkeypatch, tmp_path):
    trustme.CA().cert_pem.write_to_path(tmp_path / "other.crt")
    authority.cert_pem.write_to_path(tmp_path / "ca.crt")
    for file, served in (("other.crt", leaf), ("ca.crt", authority.issue_cert("es.example"))):
        monkeypatch.setenv("MLALIAS_CA_CERTS", str(tmp_path / file))
        with Front(elasticsearch(sample)).listening(context(served)) as url:
            done = run("resolve", "sentiment", "--catalog", url)
        assert done.code == 9
        assert "is not trusted: " in done.err


def test_plain_http_where_tls_is_spoken_and_the_reverse(secure, cluster, run):
    for url in (secure.replace("https", "http"), cluster.url.replace("http", "https")):
        done = run("resolve", "sentiment", "--catalog", url)
        assert done.code == 9
        assert done.err.startswith(f"error: {url} ")
