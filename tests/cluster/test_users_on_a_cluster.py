"""Who uses a name on a cluster: what is asked for and when, and what a key that may not see it is told.

Privileges: https://www.elastic.co/docs/deploy-manage/users-roles/cluster-or-deployment-auth/elasticsearch-privileges
"""

import json

import pytest
from cluster_support import Front, elasticsearch, error, good

MODELS = """
[aliases]
x = "old"
y = "old"
free = "old"
[models.old]
model_type = "pytorch"
inference_config.text_embedding.embedding_size = 3
[[models.old.deployments]]
deployment_id = "d"
state = "started"
allocation_count = 1
target_allocation_count = 1
[models.new]
model_type = "pytorch"
inference_config.text_embedding.embedding_size = 3
[[models.new.deployments]]
deployment_id = "e"
state = "started"
allocation_count = 1
target_allocation_count = 1
[endpoints.ep]
model_id = "x"
[endpoints.on-old]
deployment_id = "old"
[fields.idx]
t = ["ep"]
[bodies]
direct = '{"processors": [{"inference": {"model_id": "old"}}]}'
follows = '{"processors": [{"inference": {"model_id": "y"}}]}'
late = '{"processors": [], "on_failure": [{"inference": {"model_id": "x"}}]}'
"""

PIPELINES, ENDPOINTS, FIELDS = "GET /_ingest/pipeline", "GET /_inference/_all", "GET /_all/_mapping"
USERS = (PIPELINES, ENDPOINTS, FIELDS)
SENDERS = (
    "GET /_all/_settings/index.default_pipeline,index.final_pipeline",
    "GET /_index_template",
    "GET /_component_template",
    "GET /_template",
    "GET /_nodes/stats/ingest",
)
PART = {PIPELINES: "pipelines", ENDPOINTS: "endpoints", FIELDS: "fields"}
LACKS = {
    PIPELINES: "the cluster privilege read_pipeline is missing",
    ENDPOINTS: "the cluster privilege monitor_inference is missing",
    FIELDS: "the index privilege view_index_metadata is missing",
}
KINDS = {PIPELINES: "pipeline", ENDPOINTS: "endpoint", FIELDS: "field"}

FORBIDDEN = error(403, "security_exception", "action is unauthorized for user [ada]")
NO_ROUTE = error(400, "illegal_argument_exception", "no handler found for uri")
NOT_ALLOWED = error(405, "method_not_allowed", "Incorrect HTTP method for uri")

LATE = "the ingest pipeline 'late' (on_failure[0].inference)"
EP = "the inference endpoint 'ep' (service_settings.model_id)"
IDX = "the index 'idx' (t)"
NAMED = {PIPELINES: LATE, ENDPOINTS: EP, FIELDS: IDX}


@pytest.fixture
def front(seed, catalog):
    """A cluster with users of every kind, which may be told what it refuses: `refusing[line] = answer`."""
    seed(MODELS)
    behind, refusing = elasticsearch(catalog), dict.fromkeys(SENDERS, good({}))
    front = Front(lambda asked: refusing.get(asked.line) or behind(asked))
    front.refusing = refusing
    with front.listening() as url:
        front.url = url
        yield front


@pytest.fixture
def ask(front, run):
    """Run a command on the cluster; `front.asked` has what it asked for."""

    def ask(*words):
        front.asked.clear()
        return run(*words, "--catalog", front.url)

    return ask


def asked_for_users(front):
    return [line for line in front.lines if line in USERS]


def left(*kinds):
    """Who is left behind by x, of some kinds."""
    everyone = [("pipeline", "direct"), ("endpoint", "ep"), ("endpoint", "on-old"), ("field", "idx")]
    return [each for each in everyone if each[0] in kinds]


def seen_without(line):
    """The kinds of users that can be known without an answer; fields use models through endpoints alone."""
    return {*KINDS.values()} - {KINDS[line]} - ({"field"} if line == ENDPOINTS else set())


def names(records):
    return [(record["kind"], record["name"]) for record in records]


# --- what is asked for ---


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        (["put", "new", "x", "-r"], ()),
        (["put", "new", "fresh"], ()),
        (["put", "new", "x", "-r", "-o", "json"], ()),
        (["put", "new", "x"], ()),
        (["put", "new", "x", "-r", "-n"], USERS),
        (["put", "new", "x", "-r", "-n", "-o", "json"], USERS),
        (["put", "new", "x", "-r", "-n", "-q"], ()),
        (["put", "new", "fresh", "-n"], ()),
        (["put", "new", "x", "-n"], ()),
        (["show", "x"], USERS),
        (["show", "x", "old", "-o", "json"], USERS),
        (["delete", "free"], USERS),
        (["delete", "x"], USERS),
        (["delete", "x", "--force"], USERS),
        (["delete", "free", "-n"], USERS),
        (["delete", "nothing"], ()),
        (["delete", "free", "--model", "new"], ()),
        (["delete", "nothing", "--missing-ok"], ()),
        (["resolve", "x"], ()),
    ],
    ids=" ".join,
)
def test_users_are_asked_for_once_and_only_where_they_are_needed(words, asked, front, ask):
    ask(*words)
    assert sorted(asked_for_users(front)) == sorted(asked)


def test_a_put_sends_what_it_sent_before_there_were_users(front, ask):
    assert ask("put", "new", "x", "-r").code == 0
    assert front.lines == [
        "GET /_ml/trained_models/x",
        "GET /_ml/trained_models/old/_stats",
        "GET /_ml/trained_models/new",
        "GET /_ml/trained_models/new/_stats",
        "PUT /_ml/trained_models/new/model_aliases/x",
    ]


def test_the_server_filters_what_is_asked_for(front, ask):
    ask("show", "x")
    parameters = {asked.line: asked.parameters for asked in front.asked}
    assert "endpoints.service_settings.model_id" in parameters[ENDPOINTS]["filter_path"].split(",")
    assert parameters[FIELDS] == {
        "expand_wildcards": "all",
        "filter_path": "*.mappings.**.inference_id,*.mappings.**.search_inference_id",
    }


# --- with every privilege ---


def test_show(ask):
    (alias,) = ask("show", "x", "-o", "json").json["aliases"]
    assert names(alias["users"]) == [("pipeline", "late"), ("endpoint", "ep"), ("field", "idx")]
    assert alias["users_unknown"] == {}


def test_a_dry_run_names_who_is_left_behind(ask):
    dry = ask("put", "new", "x", "-r", "-n")
    assert dry.err == (
        f"note: {LATE} follows 'x': 0 since the last restart\n"
        "note: the ingest pipeline 'direct' (processors[0].inference) stays with 'old'\n"
        f"note: {EP} stays with 'old'\n"
        "note: the inference endpoint 'on-old' (service_settings.deployment_id) stays with 'old'\n"
        f"note: {IDX} stays with 'old'\n"
        "hint: reindex what was indexed with 'old': it does not match what 'new' gives\n"
    )
    assert names(ask("put", "new", "x", "-r", "-n", "-o", "json").json["left_behind"]) == left(*KINDS.values())


def test_a_put_names_nobody_and_does_not_claim_that_there_is_nobody(front, ask):
    done = ask("put", "new", "x", "-r")
    assert (done.code, "stays with" in done.err) == (0, False)
    again = ask("put", "old", "x", "-r", "-o", "json").json
    assert again["left_behind"] == []
    assert again["users_unknown"] == dict.fromkeys(PART.values(), "a cluster is asked only in a dry run")


@pytest.mark.parametrize("options", [[], ["-n"]])
def test_a_deletion_is_refused_before_it_is_sent(options, front, ask):
    done = ask("delete", "x", *options)
    used = f"error: the alias 'x' is used by {LATE}, {EP}, {IDX}, which Elasticsearch does not guard\n"
    dry = " --dry-run" if options else ""
    assert (done.code, front.writes) == (5, [])
    assert done.err == f"{used}hint: to delete it anyway: mlalias delete x --force{dry} --catalog {front.url}\n"


def test_force_sends_it_with_a_warning(front, ask):
    done = ask("delete", "x", "--force")
    assert (done.code, front.writes) == (0, ["DELETE /_ml/trained_models/old/model_aliases/x"])
    assert f"warning: the alias 'x' is used by {LATE}, {EP}, {IDX}, which Elasticsearch does not guard\n" in done.err


def test_what_the_server_guards_is_left_to_it(front, ask):
    for force in ((), ("--force",)):
        done = ask("delete", "y", *force)
        assert (done.code, front.writes) == (5, ["DELETE /_ml/trained_models/old/model_aliases/y"])
        assert "--force" not in done.err


def test_a_template_and_a_pipeline_on_which_the_guard_stumbles_are_noted(ask, seed):
    body = {"processors": [{"inference": {"model_id": "{{m}}"}}, {"set": {"on_failure": None}}]}
    seed(f"[bodies]\nodd = '{json.dumps(body)}'\n")
    assert ask("show", "x").err == (
        "the ingest pipeline 'odd' (processors[1].set.on_failure) keeps Elasticsearch from deleting any alias\n"
        "the ingest pipeline 'odd' takes its model from a template (processors[0].inference), "
        "so which cannot be known: {{m}}\n"
    )


# --- with one privilege missing ---


@pytest.mark.parametrize("missing", USERS)
def test_show_says_what_is_not_known_and_shows_the_rest(missing, front, ask):
    front.refusing[missing] = FORBIDDEN
    shown = ask("show", "x")
    assert shown.code == 0
    assert shown.out.count("not known: ") == 1
    assert f"not known: {LACKS[missing]}\n" in shown.out
    (alias,) = ask("show", "x", "-o", "json").json["aliases"]
    assert alias["users_unknown"] == {PART[missing]: LACKS[missing]}
    assert {user["kind"] for user in alias["users"]} == seen_without(missing)


@pytest.mark.parametrize("missing", USERS)
def test_a_dry_run_names_whom_it_can_see(missing, front, ask):
    front.refusing[missing] = FORBIDDEN
    dry = ask("put", "new", "x", "-r", "-n", "-o", "json")
    assert (dry.code, names(dry.json["left_behind"])) == (0, left(*seen_without(missing)))
    assert dry.json["users_unknown"] == {PART[missing]: LACKS[missing]}


@pytest.mark.parametrize("missing", USERS)
def test_a_dry_run_says_whom_it_cannot_see(missing, front, ask):
    front.refusing[missing] = FORBIDDEN
    said = f"whether {PART[missing]} stay behind is not known: {LACKS[missing]}"
    assert f"note: {said}\n" in ask("put", "new", "x", "-r", "-n").err


@pytest.mark.parametrize("missing", USERS)
def test_a_put_needs_none_of_them(missing, front, ask):
    front.refusing[missing] = FORBIDDEN
    done = ask("put", "new", "x", "-r")
    assert (done.code, "not known" in done.err) == (0, False)


@pytest.mark.parametrize("missing", USERS)
def test_a_deletion_is_refused_for_what_is_seen(missing, front, ask):
    front.refusing[missing] = FORBIDDEN
    done = ask("delete", "x", "-o", "json")
    seen = [NAMED[line] for line in USERS if line != missing and (line, missing) != (FIELDS, ENDPOINTS)]
    assert (done.code, front.writes) == (5, [])
    assert [each["reason"] for each in done.json["errors"]] == [
        f"the alias 'x' is used by {', '.join(seen)}, which Elasticsearch does not guard"
    ]


@pytest.mark.parametrize("missing", USERS)
def test_a_deletion_says_what_it_cannot_see_and_is_made(missing, front, ask):
    front.refusing[missing] = FORBIDDEN
    done = ask("delete", "free", "-o", "json")
    assert (done.code, front.writes) == (0, ["DELETE /_ml/trained_models/old/model_aliases/free"])
    (warning,) = done.json["warnings"]
    assert warning["message"].endswith(f"not known: {LACKS[missing]}")


def test_a_key_that_sees_nothing_is_told_each_part(front, ask):
    front.refusing |= dict.fromkeys(USERS, FORBIDDEN)
    done = ask("delete", "x")
    assert done.code == 0
    assert sorted(line for line in done.err.splitlines() if line.startswith("warning")) == [
        f"warning: endpoints are not known: {LACKS[ENDPOINTS]}",
        f"warning: fields are not known: {LACKS[FIELDS]}",
        f"warning: whether an ingest pipeline uses the alias 'x' is not known: {LACKS[PIPELINES]}",
    ]


# --- servers without endpoints ---


@pytest.mark.parametrize("answer", [NO_ROUTE, NOT_ALLOWED])
@pytest.mark.parametrize("words", [["show", "x"], ["put", "new", "x", "-r", "-n"], ["delete", "free"]], ids=" ".join)
def test_a_server_that_has_no_such_route_is_no_failure(words, answer, front, ask):
    front.refusing[ENDPOINTS] = answer
    done = ask(*words)
    assert done.code == 0, done.err
    said = done.out if words[0] == "show" else done.err
    assert "not known: " in said
    assert answer.body["error"]["reason"] in said


def test_a_server_with_nothing_to_tell(run, seed, catalog):
    """No pipelines and no mappings are 404 or `{}`: known, and none."""
    seed('[aliases]\nx = "old"\n[models.old]\nmodel_type = "pytorch"\n')
    answers = {
        PIPELINES: error(404, "resource_not_found_exception", "none"),
        ENDPOINTS: error(404, "resource_not_found_exception", "none"),
        FIELDS: error(404, "index_not_found_exception", "no such index"),
    }
    behind = elasticsearch(catalog)
    with Front(lambda asked: answers.get(asked.line) or behind(asked)).listening() as url:
        (alias,) = run("show", "x", "-o", "json", "--catalog", url).json["aliases"]
    assert (alias["users"], alias["users_unknown"]) == ([], {})


@pytest.mark.parametrize("failing", USERS)
@pytest.mark.parametrize("words", [["show", "x"], ["put", "new", "x", "-r", "-n"], ["delete", "free"]], ids=" ".join)
def test_a_server_that_fails_is_a_failure_and_nothing_is_sent(failing, words, front, ask):
    front.refusing[failing] = error(500, "exception", "out of order")
    done = ask(*words)
    assert (done.code, front.writes) == (9, [])
    assert "out of order" in done.err


# --- apply --prune ---


@pytest.fixture
def pruned(declared):
    """A declaration without x and free, which moves y."""
    return declared(y="new")


def test_prune_is_stopped_by_what_the_server_guards_alone(front, ask, declared):
    done = ask("apply", declared(x="old"), "--prune")
    assert (done.code, front.writes) == (5, [])
    assert "the alias 'y' is used by the ingest pipeline 'follows'\n" in done.err


@pytest.mark.parametrize("options", [[], ["-n"]])
def test_prune_asks_for_pipelines_before_it_deletes(options, front, ask, pruned):
    done = ask("apply", pruned, "--prune", *options)
    assert done.code == 0, done.err
    assert set(asked_for_users(front)) == (set(USERS) if options else {PIPELINES})
    assert sorted(front.writes) == (
        []
        if options
        else [
            "DELETE /_ml/trained_models/old/model_aliases/free",
            "DELETE /_ml/trained_models/old/model_aliases/x",
            "PUT /_ml/trained_models/new/model_aliases/y",
        ]
    )


@pytest.mark.parametrize("missing", USERS)
def test_prune_with_a_privilege_missing(missing, front, ask, pruned):
    front.refusing[missing] = FORBIDDEN
    dry = ask("apply", pruned, "--prune", "-n", "-o", "json")
    assert (dry.code, front.writes) == (0, [])
    done = ask("apply", pruned, "--prune")
    assert (done.code, len(front.writes)) == (0, 3)
    assert ("not known" in done.err) is (missing == PIPELINES)
