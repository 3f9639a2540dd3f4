"""Who uses a name, on a cluster: what is asked for when, and what is said where a key may not see it, or no route is there."""

import re

import pytest
from cluster_support import Front, elasticsearch, error
from harness import NEW

E5 = ".multilingual-e5-small"
ROUTES = {
    "read_pipeline": "/_ingest/pipeline",
    "monitor_inference": "/_inference/_all",
    "view_index_metadata": "/_all/_mapping",
}


@pytest.fixture
def lacking(sample):
    """A cluster on which a privilege is missing: `with lacking("read_pipeline") as url`; `front` keeps what was asked."""

    def lacking(*privileges, status=403, kind="security_exception"):
        real = elasticsearch(sample)
        refused = tuple(ROUTES[each] for each in privileges)

        def answer(asked):
            return error(status, kind, "no") if asked.path.startswith(refused or "no such path") else real(asked)

        lacking.front = Front(answer)
        return lacking.front.listening()

    return lacking


def asked(front):
    """The requests, without what is asked of models."""
    return [line for line in front.lines if "/_ml/" not in line]


USERS = ["GET /_all/_mapping", "GET /_inference/_all", "GET /_ingest/pipeline"]
SENDERS = [  # the double has no templates and no statistics: once the first is refused, none of its kind is asked for
    "GET /_all/_settings/index.default_pipeline,index.final_pipeline",
    "GET /_index_template",
    "GET /_nodes/stats/ingest",
]


def test_a_move_asks_for_none_of_it(lacking, run):
    with lacking() as url:
        assert run("put", NEW, "flight_delay_model", "-r", "--catalog", url).code == 0
    assert asked(lacking.front) == []


@pytest.mark.parametrize(
    ("words", "requests"),
    [
        (["show", "flight_delay_model"], sorted([*USERS, *SENDERS])),
        (["show", "elser"], USERS),
        (["put", NEW, "flight_delay_model", "-r", "-n"], sorted([*USERS, *SENDERS])),
        (["list"], []),
        (["resolve", "elser"], []),
        (["delete", "elser"], USERS),
    ],
    ids=" ".join,
)
def test_each_is_asked_for_once_and_where_it_is_needed(words, requests, lacking, run):
    with lacking() as url:
        done = run(*words, "--catalog", url)
    assert done.code in (0, 5), done.err
    assert sorted(asked(lacking.front)) == requests


UNKNOWN = {
    "read_pipeline": ("pipelines", "the cluster privilege read_pipeline is missing"),
    "monitor_inference": ("endpoints", "the cluster privilege monitor_inference is missing"),
    "view_index_metadata": ("fields", "the index privilege view_index_metadata is missing"),
}


@pytest.mark.parametrize("privilege", UNKNOWN)
def test_show_says_what_a_key_may_not_see(privilege, lacking, run):
    part, why = UNKNOWN[privilege]
    with lacking(privilege) as url:
        shown = run("show", "sentiment", "-o", "json", "--catalog", url)
        text = run("show", "sentiment", "--catalog", url).out
    assert shown.code == 0, shown.err
    unknown = shown.json["aliases"][0]["users_unknown"]
    assert (unknown[part], set(unknown) & {"pipelines", "endpoints", "fields"}) == (why, {part})
    label = {"fields": "semantic_text"}.get(part, part)
    assert re.search(rf"^{label}: +not known: {why}$", text, re.MULTILINE)


@pytest.mark.parametrize("privilege", UNKNOWN)
def test_a_dry_run_goes_on_without_what_a_key_may_not_see(privilege, lacking, run):
    with lacking(privilege) as url:
        planned = run("put", NEW, "flight_delay_model", "-r", "-n", "--catalog", url)
    assert planned.code == 0, planned.err
    assert ("follows 'flight_delay_model'" in planned.err) is (privilege != "read_pipeline")


@pytest.mark.parametrize(
    ("status", "kind"), [(400, "illegal_argument_exception"), (405, "x"), (410, "api_not_available_exception")]
)
def test_a_server_without_a_route_does_not_say(status, kind, lacking, run):
    with lacking("monitor_inference", status=status, kind=kind) as url:
        shown = run("show", "sentiment", "-o", "json", "--catalog", url)
    assert shown.code == 0, shown.err
    assert shown.json["aliases"][0]["users_unknown"]["endpoints"] == f"the server does not say ({status})"


@pytest.mark.parametrize("privilege", ["monitor_inference", "view_index_metadata"])
def test_a_deletion_says_what_a_key_may_not_see(privilege, lacking, run):
    part, why = UNKNOWN[privilege]
    with lacking(privilege) as url:
        deleted = run("delete", "elser", "--catalog", url)
    assert deleted.code == 0, deleted.err
    assert f"warning: {part} are not known: {why}\n" in deleted.err


def test_an_alias_that_an_endpoint_uses_is_deleted_by_force_alone(sample, lacking, run, tmp_path):
    assert run("put", E5, "embed").code == 0
    path = tmp_path / "declared.toml"
    path.write_text('[endpoints.by-alias]\nmodel_id = "embed"\n')
    assert run("import", path).code == 0
    with lacking() as url:
        refused = run("delete", "embed", "--catalog", url)
        assert refused.code == 5
        assert "is used by the inference endpoint 'by-alias' (service_settings.model_id)" in refused.err
        assert lacking.front.writes == []
        assert run("delete", "embed", "--force", "--catalog", url).code == 0
        assert len(lacking.front.writes) == 1


@pytest.mark.parametrize("privilege", UNKNOWN)
def test_an_export_says_what_it_leaves_out(privilege, lacking, run):
    part, why = UNKNOWN[privilege]
    with lacking(privilege) as url:
        exported = run("export", "--catalog", url)
    assert (exported.code, exported.err) == (0, f"{part} are left out: {why}\n")
    assert f"[{part}" not in exported.out
