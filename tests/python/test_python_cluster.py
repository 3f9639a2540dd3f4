"""A catalog from Python on a cluster: the same methods, over real HTTP and the official client."""

import pytest

import mlalias
from mlalias.rest.app import App
from mlalias.rest.listen import background
from mlalias.stores.directory.store import DirectoryStore

OLD, NEW = "flight-delay-prediction-1574775339910", "flight-delay-prediction-1580004349800"
SLIM = "flight-delay-slim-1612000000000"


@pytest.fixture
def cluster(sample):
    """The URL of a cluster of the sample."""
    with background(App(DirectoryStore(sample))) as url:
        yield url


def test_aliases_are_read_and_changed(cluster, sample, capfd):
    catalog, behind = mlalias.open(cluster), mlalias.open(sample)
    assert catalog.aliases == behind.aliases
    assert list(catalog.aliases) == sorted(behind.aliases)
    assert catalog.resolve("elser") == ".elser_model_2"
    assert catalog.resolve(SLIM) == SLIM
    receipt = catalog.put(NEW, "flight_delay_model", if_current=OLD)
    assert (receipt.changes[0].result, receipt.revision) == ("reassigned", None)
    assert behind.resolve("flight_delay_model") == catalog.resolve("flight_delay_model") == NEW
    behind.put(OLD, "flight_delay_model", reassign=True)
    assert catalog.resolve("flight_delay_model") == OLD
    assert catalog.delete("elser").changes[0].result == "deleted"
    assert "elser" not in behind.aliases
    assert repr(catalog) == f"<mlalias.Catalog '{cluster}'>"
    assert capfd.readouterr().out == ""


def test_warnings_are_values(cluster, capfd):
    catalog = mlalias.open(cluster)
    receipt = catalog.put(SLIM, "flight_delay_model", reassign=True, message="smaller")
    assert [warning.rule for warning in receipt.warnings] == ["no_history", "few_shared_fields"]
    declaration = {"aliases": {"late": NEW}, "models": {"mine": {}}}
    (ignored,) = catalog.apply(declaration).warnings
    assert ignored.message == "the models in the declaration are ignored: a cluster has its own"
    assert capfd.readouterr().out == ""


@pytest.mark.parametrize(
    ("call", "kind", "rule", "hint"),
    [
        (lambda c: c.resolve("elsr"), mlalias.NotFound, "not_found", "did you mean 'elser'? mlalias show elser"),
        (lambda c: c.put(NEW, "flight_delay_model"), mlalias.Refused, "alias_taken", f"mlalias put {NEW} flight_"),
        (lambda c: c.put(NEW, "elser", if_current=OLD), mlalias.Conflict, "if_current", "mlalias show elser"),
        (lambda c: c.history(), mlalias.NotFound, "no_history", "to keep one from now on: mlalias init"),
        (lambda c: c.rollback("elser"), mlalias.NotFound, "no_history", "to keep one from now on: mlalias init"),
    ],
)
def test_failures_are_those_of_the_command_line(cluster, call, kind, rule, hint):
    with pytest.raises(mlalias.Failure) as raised:
        call(mlalias.open(cluster))
    assert type(raised.value) is kind
    assert raised.value.rule == rule
    assert hint in str(raised.value.hints[0])
    assert str(raised.value.hints[0]).endswith(f" --catalog {cluster}")


def test_what_the_server_refuses_is_its_own_sentence(cluster):
    with pytest.raises(mlalias.Conflict, match="the alias 'sentiment' is used by the ingest pipeline 'reviews'"):
        mlalias.open(cluster).delete("sentiment")


def test_a_cluster_that_is_not_there_is_unreachable_when_it_is_asked():
    catalog = mlalias.open("http://127.0.0.1:9")
    with pytest.raises(mlalias.Unreachable, match=r"^http://127\.0\.0\.1:9 cannot be reached") as raised:
        catalog.resolve("elser")
    assert raised.value.exit_code == 9


def test_a_cluster_that_goes_away_leaves_a_failure_without_hints(sample):
    with background(App(DirectoryStore(sample))) as url, pytest.raises(mlalias.NotFound) as raised:
        mlalias.open(url).put("sst-2-nxt", "another")
    assert raised.value.hints == ()


def test_a_url_with_a_password_is_refused_and_not_repeated():
    with pytest.raises(mlalias.WrongUsage) as raised:
        mlalias.open("http://elastic:changeme@127.0.0.1:9200")
    assert "changeme" not in str(raised.value) + "".join(map(str, raised.value.hints))
