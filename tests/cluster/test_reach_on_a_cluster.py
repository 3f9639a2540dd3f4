"""Where documents come from, on a cluster: what is asked for when, and what an export leaves out."""

import pytest
from cluster_support import Front, elasticsearch, error
from harness import NEW

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
def test_a_dry_run_goes_on_without_what_a_key_may_not_see(privilege, lacking, run):
    with lacking(privilege) as url:
        planned = run("put", NEW, "flight_delay_model", "-r", "-n", "--catalog", url)
    assert planned.code == 0, planned.err
    assert ("follows 'flight_delay_model'" in planned.err) is (privilege != "read_pipeline")


@pytest.mark.parametrize("privilege", UNKNOWN)
def test_an_export_says_what_it_leaves_out(privilege, lacking, run):
    part, why = UNKNOWN[privilege]
    with lacking(privilege) as url:
        exported = run("export", "--catalog", url)
    assert (exported.code, exported.err) == (0, f"{part} are left out: {why}\n")
    assert f"[{part}" not in exported.out
