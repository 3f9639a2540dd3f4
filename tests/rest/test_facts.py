"""Routes that tell the server of facts: models, pipelines, deployments; and what all routes say in words."""

import pytest
from serve_support import JSON

MODELS, PIPELINES = "/_ml/trained_models", "/_ingest/pipeline"
DRAFT = f"{MODELS}/sst-2-draft/deployment"


def processors(*names):
    return {"processors": [{"inference": {"model_id": name}} for name in names]}


def stats(server, model_id="sst-2-draft"):
    return server.ask("GET", f"{MODELS}/{model_id}/_stats").json["trained_model_stats"]


def test_the_root_tells_what_this_is(server):
    assert server.ask("GET", "/").json == {
        "name": "mlalias",
        "cluster_name": "mlalias",
        "cluster_uuid": "mlalias",
        "version": {
            "number": "9.2.0",
            "build_flavor": "default",
            "build_type": "mlalias",
            "build_hash": "0" * 40,
            "build_date": "2025-10-01T00:00:00.000000000Z",
            "build_snapshot": False,
            "lucene_version": "10.3.0",
            "minimum_wire_compatibility_version": "8.19.0",
            "minimum_index_compatibility_version": "8.0.0",
        },
        "tagline": "You Know, for Search",
    }


# --- deployments ---


@pytest.mark.parametrize(
    ("query", "deployment_id", "allocations"),
    [("", "sst-2-draft", 1), ("?deployment_id=mine&number_of_allocations=3&wait_for=started", "mine", 3)],
)
def test_a_deployment_starts_with_all_its_allocations_running_and_stops(server, query, deployment_id, allocations):
    assert server.ask("POST", f"{DRAFT}/_start{query}").json == {
        "assignment": {
            "task_parameters": {
                "deployment_id": deployment_id,
                "model_id": "sst-2-draft",
                "number_of_allocations": allocations,
            },
            "routing_table": {},
            "assignment_state": "started",
        }
    }
    (entry,) = stats(server)
    assert entry["deployment_stats"] == {
        "deployment_id": deployment_id,
        "model_id": "sst-2-draft",
        "state": "started",
        "number_of_allocations": allocations,
        "threads_per_allocation": 1,
        "queue_capacity": 1024,
        "priority": "normal",
        "peak_throughput_per_minute": 0,
        "nodes": [],
        "allocation_status": {
            "allocation_count": allocations,
            "target_allocation_count": allocations,
            "state": "fully_allocated",
        },
    }
    assert server.ask("POST", f"{MODELS}/{deployment_id}/deployment/_stop").json == {"stopped": True}
    assert "deployment_stats" not in stats(server)[0]
    assert server.ask("POST", f"{MODELS}/{deployment_id}/deployment/_stop").status == 404


def test_one_of_several_deployments_stops_by_its_id_and_all_by_the_name_of_their_model(server):
    def left():
        return [one["deployment_stats"]["deployment_id"] for one in stats(server) if "deployment_stats" in one]

    for name in ("one", "two", "three"):
        assert server.ask("POST", f"{DRAFT}/_start?deployment_id={name}").status == 200
    assert server.ask("POST", f"{MODELS}/two/deployment/_stop").status == 200
    assert left() == ["one", "three"]
    assert server.ask("PUT", f"{MODELS}/sst-2-draft/model_aliases/draft").status == 200
    assert server.ask("POST", f"{MODELS}/draft/deployment/_stop").status == 200
    assert left() == []
    assert server.ask("POST", f"{MODELS}/draft/deployment/_start").status == 200
    assert left() == ["sst-2-draft"]


@pytest.mark.parametrize("named", ["mine", "sst-2-draft", "draft"])
@pytest.mark.parametrize(
    ("query", "body", "status"),
    [
        ("", None, 409),
        ("?force=false", None, 409),
        ("", {"force": False}, 409),
        ("?force=true", {"force": False}, 409),
        ("?force=true", None, 200),
        ("?force=true", {}, 200),
        ("", {"force": True}, 200),
    ],
)
def test_a_deployment_that_a_pipeline_names_by_any_of_its_names_stops_by_force_only(server, named, query, body, status):
    assert server.ask("PUT", f"{MODELS}/sst-2-draft/model_aliases/draft").status == 200
    assert server.ask("POST", f"{DRAFT}/_start?deployment_id=mine").status == 200
    assert server.ask("PUT", f"{PIPELINES}/using", processors(named)).status == 200
    reply = server.ask("POST", f"{MODELS}/mine/deployment/_stop{query}", body)
    assert reply.status == status
    if status == 409:
        assert reply.json["error"]["reason"] == "the deployment 'mine' is needed by the ingest pipeline 'using'"


@pytest.mark.parametrize(
    ("state", "count", "target", "allocation"),
    [
        ("starting", 0, 0, "fully_allocated"),
        ("starting", 0, 2, "starting"),
        ("started", 0, 0, "fully_allocated"),
        ("started", 1, 2, "started"),
        ("started", 2, 2, "fully_allocated"),
        ("stopping", 1, 1, "fully_allocated"),
        ("stopping", 0, 0, None),
        ("failed", 0, 1, "starting"),
        ("failed", 0, 0, None),
    ],
)
def test_a_deployment_tells_of_its_allocations_while_it_has_or_wants_any(server, state, count, target, allocation):
    deployed = f'[[deployments]]\ndeployment_id = "d"\nstate = "{state}"\n'
    counts = f"allocation_count = {count}\ntarget_allocation_count = {target}\n"
    (server.directory / "models" / "sst-2-draft.toml").write_text(deployed + counts)
    told = stats(server)[0]["deployment_stats"]
    assert (told["state"], told.get("allocation_status", {}).get("state")) == (state, allocation)


def test_pipelines_are_counted_by_model_and_by_alias(server):
    assert server.ask("PUT", f"{PIPELINES}/more", processors("sentiment", "sst-2-next")).status == 200
    told = server.ask("GET", f"{MODELS}/_stats").json["trained_model_stats"]
    assert {one["model_id"]: one["pipeline_count"] for one in told if one["pipeline_count"]} == {
        "distilbert-base-uncased-finetuned-sst-2-english": 2,
        "flight-delay-prediction-1574775339910": 1,
        "lang_ident_model_1": 1,
        "sst-2-next": 1,
    }


# --- models ---


def test_a_model_is_created_as_a_server_would(server):
    lazy = {"inference_config": {"ner": {}}, "model_type": "pytorch", "description": None}
    assert server.ask("PUT", f"{MODELS}/m", lazy).json["input"] == {"field_names": ["input"]}
    for name, body, made in [
        ("tree", {"definition": {"trained_model": {"tree": {}}}}, {"model_type": "tree_ensemble"}),
        ("packed", {"compressed_definition": "H4sI"}, {"model_type": "tree_ensemble"}),
        ("lang", {"definition": {"trained_model": {"lang_ident_neural_network": {}}}}, {"model_type": "lang_ident"}),
        ("said", {"model_type": "tree_ensemble", "definition": {}}, {"model_type": "tree_ensemble"}),
        ("kept", {"model_type": "newer", "compressed_definition": ""}, {"model_type": "newer"}),
        ("odd", {"definition": 3}, {"model_type": "tree_ensemble"}),
        ("none", {"tags": ["a"]}, {"tags": ["a"]}),
        ("own", {"model_type": "pytorch", "input": {"field_names": ["text"]}}, None),
    ]:
        created = server.ask("PUT", f"{MODELS}/{name}", body).json
        assert created == {"model_id": name, **(body if made is None else made)}
        (config,) = server.ask("GET", f"{MODELS}/{name}").json["trained_model_configs"]
        assert config == created


def test_space_before_a_body_makes_no_difference(server):
    assert server.ask("PUT", f"{MODELS}/m", b' \n{"tags": ["a"]}', JSON).json == {"model_id": "m", "tags": ["a"]}


# --- pipelines ---


def test_a_pipeline_comes_back_as_it_was_put(server):
    nested = [
        {"foreach": {"field": "x", "processor": {"inference": {"model_id": "elser"}}}},
        {"set": {"field": "y", "value": 1, "on_failure": [{"inference": {"model_id": "sst-2-next"}}]}},
    ]
    body = {"description": None, "processors": nested, "on_failure": [{"inference": {"model_id": "own"}}]}
    assert server.ask("PUT", f"{PIPELINES}/mine", body).json == {"acknowledged": True}
    assert server.ask("GET", f"{PIPELINES}/mine").json == {"mine": body}
    assert server.ask("GET", f"{PIPELINES}/mi*,none?summary=true").json == {"mine": {}}
    assert stats(server, "elser")[0]["pipeline_count"] == 1
    assert server.ask("DELETE", f"{PIPELINES}/m*").status == 200
    assert server.ask("DELETE", f"{PIPELINES}/mine").status == 404
    assert list(server.ask("GET", PIPELINES).json) == ["flights", "logs", "reviews"]
    assert server.ask("DELETE", f"{PIPELINES}/*").status == 200
    assert server.ask("DELETE", f"{PIPELINES}/*").status == 200
    empty = server.ask("GET", PIPELINES)
    assert (empty.status, empty.json) == (404, {})


def test_a_pipeline_is_replaced_by_another_and_the_same_writes_nothing(server):
    path = server.directory / "pipelines.toml"
    assert server.ask("PUT", f"{PIPELINES}/logs", processors("elser")).status == 200
    assert server.ask("GET", f"{PIPELINES}/logs").json == {"logs": processors("elser")}
    written = path.stat()
    assert server.ask("PUT", f"{PIPELINES}/logs", processors("elser")).status == 200
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (written.st_ino, written.st_mtime_ns)
    assert server.ask("PUT", f"{PIPELINES}/new", processors()).status == 200
    assert server.ask("GET", f"{PIPELINES}/new").json == {"new": processors()}


def test_only_a_star_is_a_wildcard(server):
    for name in ("a%5Bb%5D", "what%3F", "whats", "ab"):
        assert server.ask("PUT", f"{PIPELINES}/{name}", processors("elser")).status == 200
    for pattern, found in [
        ("a%5Bb%5D", ["a[b]"]),
        ("what%3F", ["what?"]),
        ("*%5Bb%5D", ["a[b]"]),
        ("what*", ["what?", "whats"]),
        ("%5Ba%5Db", []),
    ]:
        assert list(server.ask("GET", f"{PIPELINES}/{pattern}").json) == found


# --- words ---


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "reason"),
    [
        ("PUT", f"{MODELS}/v1/model_aliases/v1", None, 400, "the alias and the model id are the same, 'v1'; 'v1' is not a valid alias: it must end in a letter"),
        ("PUT", f"{MODELS}/Upper", {}, 400, "'Upper' is not a valid model id"),
        ("PUT", f"{MODELS}/m", {"deployments": []}, 400, "the body has the key 'deployments', and a new model is not deployed"),
        ("PUT", f"{MODELS}/m", {"model_id": "other"}, 400, "the body has another model_id: 'other'"),
        ("PUT", f"{MODELS}/m", {"tags": "a"}, 400, "the body has tags that is not a list of strings"),
        ("PUT", f"{MODELS}/m", {"inference_config": {"a": {}, "b": {}}}, 400, "the body does not have exactly one inference type in inference_config"),
        ("PUT", f"{MODELS}/m", None, 400, "this request needs a body"),
        ("PUT", f"{MODELS}/m", b"[]", 400, "the body is not a JSON object"),
        ("PUT", f"{MODELS}/m", b" \n[]", 400, "the body is not a JSON object"),
        ("PUT", f"{MODELS}/m", b'{"a": 1', 400, "the body is not valid JSON: expecting ',' delimiter (at line 1, column 8)"),
        ("PUT", f"{MODELS}/m", b"\xff", 400, "the body is not UTF-8 (at line 1, byte 1)"),
        ("PUT", f"{MODELS}/m?a=1", {}, 400, "this request takes no parameter 'a'"),
        ("PUT", f"{MODELS}/m?b=1&a=1", {}, 400, "this request takes no parameters 'a', 'b'"),
        ("PUT", f"{MODELS}/sentiment", {}, 400, "'sentiment' is an alias and cannot be the id of a model"),
        ("PUT", f"{MODELS}/sst-2-next", {}, 400, "the model 'sst-2-next' exists already"),
        ("PUT", f"{PIPELINES}/p", {"processors": {}}, 400, "the body has no list of processors"),
        ("PUT", f"{PIPELINES}/p", {"processors": ["x"]}, 400, "the body has no list of processors"),
        ("PUT", f"{PIPELINES}/p", {}, 400, "the body has no list of processors"),
        ("DELETE", f"{PIPELINES}/none", None, 404, "there is no ingest pipeline 'none'"),
        ("DELETE", f"{PIPELINES}/no*", None, 404, "there is no ingest pipeline 'no*'"),
        ("POST", f"{DRAFT}/_start?deployment_id=No", None, 400, "'No' is not a valid deployment id"),
        ("POST", f"{DRAFT}/_start?number_of_allocations=0", None, 400, "the parameter 'number_of_allocations' is 0, which is less than 1"),
        ("POST", f"{DRAFT}/_start?deployment_id=sst-2-next", None, 400, "there is a deployment 'sst-2-next' already"),
        ("POST", f"{MODELS}/none/deployment/_start", None, 404, "there is no model 'none'"),
        ("POST", f"{MODELS}/flights/deployment/_start", None, 404, "there is no model 'flights'"),
        ("POST", f"{MODELS}/flight_delayed/deployment/_start", None, 400, "the model 'flight-delayed-classification-1601405047985' is no pytorch model, and only these are deployed"),
        ("POST", f"{MODELS}/none/deployment/_stop", None, 404, "there is no deployment 'none'"),
        ("GET", f"{MODELS}/none,neither", None, 404, "there is no model 'none', 'neither'"),
        ("GET", f"{MODELS}?include=x", None, 400, "nothing named 'x' can be included (it can be definition, definition_status, feature_importance_baseline, hyperparameters, total_feature_importance)"),
        ("GET", f"{MODELS}?size=x", None, 400, "the parameter 'size' is 'x', which is not a number"),
        ("GET", f"{MODELS}?size=-1", None, 400, "the parameter 'size' is -1, which is less than 0"),
        ("GET", f"{MODELS}?size=2147483648", None, 400, "the parameter 'size' is '2147483648', which is not a number"),
        ("GET", f"{MODELS}?allow_no_match=x", None, 400, "the parameter 'allow_no_match' is 'x', which is neither true nor false"),
        ("GET", MODELS, {}, 400, "this request takes no body"),
    ],
)  # fmt: skip
def test_a_refusal_names_the_fault(server, method, path, body, status, reason):
    reply = server.ask(method, path, body, JSON if isinstance(body, bytes) else None)
    assert (reply.status, reply.json["error"]["reason"]) == (status, reason)
    if reason in ("the body has no list of processors", "this request needs a body"):
        assert reply.type == "parse_exception"


@pytest.mark.parametrize(
    ("header", "value", "status", "reason"),
    [
        ("Content-Type", "text/plain", 406, "Content-Type is 'text/plain', and a body must be application/json"),
        ("Content-Type", "application/vnd.elasticsearch+json;compatible-with=7", 400, "Content-Type asks for generation 7, and 8 and 9 are known here"),
        ("Accept", "text/html", 406, "Accept is 'text/html', and the answer is application/json"),
        ("Accept", "application/vnd.elasticsearch+json;compatible-with=10", 400, "Accept asks for generation 10, and 8 and 9 are known here"),
    ],
)  # fmt: skip
def test_a_media_type_that_is_not_known_is_named(server, header, value, status, reason):
    reply = server.ask("PUT", f"{MODELS}/m", b"{}", JSON | {header: value})
    assert (reply.status, reply.json["error"]["reason"]) == (status, reason)


@pytest.mark.parametrize(
    ("method", "path", "body", "parameters"),
    [
        ("PUT", f"{MODELS}/m", {}, ["defer_definition_decompression", "wait_for_completion"]),
        ("DELETE", f"{MODELS}/sst-2-draft", None, ["timeout", "force"]),
        ("POST", f"{DRAFT}/_start", None, ["cache_size", "priority", "queue_capacity", "threads_per_allocation", "timeout", "wait_for"]),
        ("POST", f"{MODELS}/sst-2-next/deployment/_stop", None, ["allow_no_match", "finish_pending_work", "timeout", "force"]),
        ("GET", PIPELINES, None, ["master_timeout", "summary"]),
        ("PUT", f"{PIPELINES}/p", {"processors": []}, ["master_timeout", "timeout"]),
        ("DELETE", f"{PIPELINES}/*", None, ["master_timeout", "timeout"]),
    ],
)  # fmt: skip
def test_parameters_of_a_real_server_are_taken(server, method, path, body, parameters):
    for parameter in parameters:
        server.reset()
        assert server.ask(method, f"{path}?{parameter}=true", body).status == 200, parameter
