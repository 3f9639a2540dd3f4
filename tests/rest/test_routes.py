"""Reading routes, and what HTTP asks for: expressions, pages, parameters, media types, methods."""

import pytest
from harness import LATE, NEW, OLD, SLIM
from serve_support import JSON, ask, served

from mlalias.cli.main import main

ILLEGAL, MISSING, MEDIA = (
    "illegal_argument_exception",
    "resource_not_found_exception",
    "media_type_header_exception",
)
FLIGHTS = [OLD, NEW]
SST2 = "distilbert-base-uncased-finetuned-sst-2-english"
PUT = "/_ml/trained_models/sst-2-draft/model_aliases/new"
ALL = 12


@pytest.mark.parametrize(
    ("expression", "ids"),
    [
        ("", ALL), ("/_all", ALL), ("/*", ALL), ("/", ALL),
        ("/sentiment", [SST2]), (f"/{SST2}", [SST2]), ("/sentiment,sst-2-draft", [SST2, "sst-2-draft"]),
        ("/flight-delay-p*", FLIGHTS), ("/*_model", FLIGHTS[:1]), ("/is-*", [LATE]), ("/no*", []),
        ("/sst*,sentiment,sst-2-next", [SST2, "sst-2-draft", "sst-2-next"]), ("/sst-2-dr%61ft", ["sst-2-draft"]),
        ("/sst-2-draf%3F", MISSING), ("/%5Bs%5Dst-2-draft", MISSING), ("/none", MISSING),
        ("/none?allow_no_match=true", MISSING), ("/no*?allow_no_match=false", MISSING),
        ("/no*?allow_no_match=maybe", ILLEGAL), ("?tags=flight-delay-prediction", FLIGHTS),
        ("?tags=lang_ident,prepackaged", ["lang_ident_model_1"]), ("?tags=lang_ident,other", []),
        ("?from=10", ["sst-2-draft", "sst-2-next"]), ("?from=1&size=1", [".multilingual-e5-small"]),
        ("?size=0", []), ("?from=100", []), ("?from=2147483647", []), ("?size=2147483647", ALL), ("?from=2147483648", ILLEGAL), ("?from=-1", ILLEGAL), ("?size=x", ILLEGAL), ("?size=99999999999", ILLEGAL),
        ("?include=hyperparameters", ALL), ("?include=nothing", "status_exception"), ("?decompress_definition=", ALL),
        ("?other=1", ILLEGAL), ("?human&format=json&filter_path=count&error_trace=true", ALL),
    ],
)  # fmt: skip
def test_models_are_found(server, expression, ids):
    reply = server.ask("GET", f"/_ml/trained_models{expression}")
    if isinstance(ids, str):
        assert reply.type == ids
        assert reply.status == (404 if ids == MISSING else 400)
        return
    found = [one["model_id"] for one in reply.json["trained_model_configs"]]
    assert reply.status == 200
    assert len(found) == ids if isinstance(ids, int) else found == ids


def test_the_count_is_the_one_before_paging_and_several_missing_names_are_told_together(server):
    assert server.ask("GET", "/_ml/trained_models?size=1").json["count"] == ALL
    reply = server.ask("GET", "/_ml/trained_models/none,sentiment,neither")
    assert reply.status == 404
    assert "'none', 'neither'" in reply.json["error"]["reason"]


def test_an_entry_has_all_aliases_of_its_model_sorted_and_the_key_is_absent_without_any(server):
    late, slim = server.ask("GET", f"/_ml/trained_models/flight_delayed,{SLIM}").json["trained_model_configs"][::-1]
    assert late["metadata"]["model_aliases"] == ["flight_delayed", "is-flight-late"]
    assert "model_aliases" not in slim["metadata"]


def test_a_page_has_100_models_unless_it_is_said_otherwise(server):
    for number in range(101):
        (server.directory / "models" / f"m-{number}.toml").write_text("")
    for query, shown in (("", 100), ("?size=101", 101), ("?size=1000", ALL + 101)):
        found = server.ask("GET", f"/_ml/trained_models{query}").json
        assert (found["count"], len(found["trained_model_configs"])) == (ALL + 101, shown)
    assert len(server.ask("GET", "/_ml/trained_models/_stats").json["trained_model_stats"]) == 101  # one has two


def test_models_without_tags_have_none_of_them(server):
    (server.directory / "models" / "sst-2-draft.toml").write_text("")
    assert server.ask("GET", "/_ml/trained_models/sst-2-draft").json["count"] == 1
    assert server.ask("GET", "/_ml/trained_models/sst-2*?tags=none").json["count"] == 0
    stats = server.ask("GET", "/_ml/trained_models/sst-2-draft/_stats").json["trained_model_stats"]
    assert stats == [{"model_id": "sst-2-draft", "pipeline_count": 0}]


def test_generated_keys_can_be_left_out_and_a_definition_is_shown_only_when_asked_for(server):
    (plain,) = server.ask("GET", f"/_ml/trained_models/{SLIM}").json["trained_model_configs"]
    (bare,) = server.ask("GET", f"/_ml/trained_models/{SLIM}?exclude_generated").json["trained_model_configs"]
    assert plain.keys() - bare.keys() >= {"created_by", "version", "create_time", "license_level"}
    path = server.directory / "models" / "sst-2-draft.toml"
    path.write_text('definition = "large"\n' + path.read_text())
    for query, shown in [("", False), ("?include=definition", True)]:
        (config,) = server.ask("GET", f"/_ml/trained_models/sst-2-draft{query}").json["trained_model_configs"]
        assert ("definition" in config) is shown


def test_the_answers_are_what_import_reads(server, tmp_path):
    files = []
    for path in ("_ml/trained_models", "_ml/trained_models/_stats", "_ingest/pipeline"):
        files.append(tmp_path / f"{path.replace('/', '-')}.json")
        files[-1].write_bytes(server.ask("GET", f"/{path}").body)
    copy = tmp_path / "copy"
    assert main(["import", *map(str, files), "--catalog", str(copy), "--quiet"]) == 0
    for name in ("pipelines.toml", "models/sst-2-next.toml", f"models/{SST2}.toml", f"models/{LATE}.toml"):
        assert (copy / name).read_text() == (server.directory / name).read_text()


def test_stats_have_an_entry_for_each_deployment_and_count_models(server):
    found = server.ask("GET", "/_ml/trained_models/sentiment,sst-2-draft/_stats").json
    first, second, third = found["trained_model_stats"]
    assert found["count"] == 2
    assert [one["model_id"] for one in (first, second, third)] == [SST2, SST2, "sst-2-draft"]
    assert second["deployment_stats"]["allocation_status"] == {
        "allocation_count": 1,
        "target_allocation_count": 2,
        "state": "started",
    }
    assert first["pipeline_count"] == 1
    size = {"model_size_bytes": 268000000, "required_native_memory_bytes": 0}
    assert third == {"model_id": "sst-2-draft", "model_size_stats": size, "pipeline_count": 0}
    assert "deployment_stats" not in third
    assert server.ask("GET", "/_ml/trained_models/_stats").json["count"] == ALL
    assert server.ask("GET", "/_ml/trained_models/none/_stats").type == MISSING


VENDOR = "application/vnd.elasticsearch+json; compatible-with="


@pytest.mark.parametrize(
    ("method", "path", "body", "headers", "status", "kind"),
    [
        ("PUT", PUT, None, {}, 200, None),
        ("PUT", PUT + "?reassign", None, {}, 200, None),
        ("PUT", PUT + "?reassign=", None, {}, 200, None),
        ("PUT", PUT + "?reassign=false&pretty&human&error_trace", None, {}, 200, None),
        ("PUT", PUT + "?reassign=True", None, {}, 400, ILLEGAL),
        ("PUT", PUT + "?reassign=1&other", None, {}, 400, ILLEGAL),
        ("PUT", PUT + "?timeout=1s", None, {}, 400, ILLEGAL),
        ("PUT", PUT + "?pretty=no", None, {}, 400, ILLEGAL),
        ("PUT", PUT, b"{}", JSON, 400, ILLEGAL),
        ("DELETE", PUT + "?reassign=true", None, {}, 400, ILLEGAL),
        ("DELETE", PUT, b"{}", JSON, 400, ILLEGAL),
        ("PUT", PUT.replace("new", "%FF"), None, {}, 400, "action_request_validation_exception"),
        ("PUT", PUT.replace("new", "%zz"), None, {}, 400, "action_request_validation_exception"),
        ("GET", "/", b"{}", JSON, 400, ILLEGAL),
        ("PUT", "/_ml/trained_models/m", None, {}, 400, "parse_exception"),
        ("PUT", "/_ml/trained_models/m", b"[]", JSON, 400, "parsing_exception"),
        ("PUT", "/_ml/trained_models/m", b'{"a": NaN}', JSON, 400, "parsing_exception"),
        ("PUT", "/_ml/trained_models/m", b'{"a": ' * 5000, JSON, 400, "parsing_exception"),
        ("PUT", "/_ml/trained_models/m", b"\xff", JSON, 400, "parsing_exception"),
        ("PUT", "/_ml/trained_models/m", b"{}", {"Content-Type": "text/plain"}, 406, MEDIA),
        ("PUT", "/_ml/trained_models/m", b"{}", {}, 406, MEDIA),
        ("PUT", "/_ml/trained_models/m", b"{}", {"Content-Type": VENDOR + "9"}, 200, None),
        ("PUT", "/_ml/trained_models/m", b"{}", {"Content-Type": VENDOR + "8"}, 200, None),
        ("PUT", "/_ml/trained_models/m", b"{}", {"Content-Type": VENDOR + "7"}, 400, MEDIA),
        ("PUT", "/_ml/trained_models/m", b"{}", {"Content-Type": "application/json; charset=utf-8"}, 200, None),
        ("GET", "/", None, {"Accept": VENDOR + "10"}, 400, MEDIA),
        ("GET", "/", None, {"Accept": VENDOR + "8=9"}, 400, MEDIA),
        ("GET", "/", None, {"Accept": "application/json; a=b=c; d"}, 200, None),
        ("GET", "/", None, {"Accept": "application/*"}, 200, None),
        ("GET", "/", None, {"Accept": "text/html"}, 406, MEDIA),
        ("GET", "/", None, {"Accept": "text/html, */*;q=0.8"}, 200, None),
        ("GET", "/", None, {"Accept": ""}, 200, None),
        ("GET", "/?x", None, {"Host": "["}, 400, ILLEGAL),
    ],
)
def test_a_request_is_judged(server, method, path, body, headers, status, kind):
    reply = server.ask(method, path, body, headers)
    assert (reply.status, None if reply.status == 200 else reply.type) == (status, kind), reply
    assert reply.headers["x-elastic-product"] == "Elasticsearch"
    if kind:
        error = reply.json["error"]
        assert error["root_cause"] == [{"type": kind, "reason": error["reason"]}]
        assert reply.json["status"] == status


def test_a_reassign_that_is_no_switch_is_told_before_an_unknown_parameter(server):
    assert "'reassign'" in server.ask("PUT", PUT + "?other=1&reassign=x").json["error"]["reason"]
    assert "'other'" in server.ask("PUT", PUT + "?other=1").json["error"]["reason"]


def test_the_answer_is_of_the_type_that_was_asked_for(server):
    vendor = server.ask("GET", "/", headers={"Accept": VENDOR + "8"})
    assert vendor.headers["content-type"] == "application/vnd.elasticsearch+json;compatible-with=8"
    newest = server.ask("GET", "/", headers={"Accept": "application/vnd.elasticsearch+json"})
    assert newest.headers["content-type"] == "application/vnd.elasticsearch+json;compatible-with=9"
    assert server.ask("GET", "/").headers["content-type"] == "application/json"
    assert server.ask("GET", "/?pretty").body.startswith(b'{\n  "name"')


def test_head_is_get_without_the_body(server):
    for path in ("/", "/_ml/trained_models/sentiment", "/_ingest/pipeline"):
        head, get = server.ask("HEAD", path), server.ask("GET", path)
        assert (head.status, head.body) == (200, b"")
        assert head.headers["content-length"] == get.headers["content-length"]
    assert server.ask("HEAD", "/_ml/trained_models/none").status == 404


def test_a_wrong_method_and_an_unknown_path_are_told_in_a_plain_sentence(server):
    wrong = server.ask("POST", "/_ml/trained_models/a/model_aliases/b")
    assert (wrong.status, wrong.headers["allow"], wrong.json["status"]) == (405, "DELETE, PUT", 405)
    assert wrong.json["error"] == "/_ml/trained_models/a/model_aliases/b does not take POST, but DELETE, PUT"
    for path in ("/none", "/_ml/trained_models/a/model_aliases", "/_ml/trained_models/a/model_aliases/b/c"):
        unknown = server.ask("PUT", path)
        assert (unknown.status, list(unknown.json)) == (400, ["error"])
        assert isinstance(unknown.json["error"], str)


def test_a_warning_is_a_header(server):
    reply = server.ask("PUT", f"/_ml/trained_models/{SLIM}/model_aliases/flight_delay_model?reassign=true")
    assert reply.headers["warning"].startswith("299 Elasticsearch-9.")
    assert reply.headers["warning"].endswith("which 'flight_delay_model' named (11 needed)\"")


def test_a_warning_escapes_what_a_header_cannot_hold():
    from mlalias.rest.http import warning

    assert warning('X "b" \\ 100% é\n')[1].endswith(' "X \\"b\\" \\\\ 100%25 %C3%A9%0A"')


def test_read_only_refuses_every_change(tmp_path):
    with served(tmp_path, read_only=True) as found:
        for method, path in [("PUT", PUT), ("DELETE", "/_ml/trained_models/x"), ("DELETE", "/_ingest/pipeline/*")]:
            reply = found.ask(method, path)
            assert (reply.status, reply.type) == (403, "cluster_block_exception")
        assert found.ask("GET", "/_ml/trained_models").status == 200
        assert "new" not in found.aliases()


def test_every_request_must_carry_the_key(tmp_path):
    with served(tmp_path, api_key="sesame") as found:
        wrong = ({}, {"Authorization": "ApiKey"}, {"Authorization": "ApiKey s"}, {"Authorization": "Basic sesame"},
                 {"Authorization": b"ApiKey s\xe9same".decode("latin-1")})  # fmt: skip
        for headers in wrong:
            for path in ("/", PUT, "/none"):
                reply = ask(found.url, "PUT", path, headers=headers)
                assert (reply.status, reply.type) == (401, "security_exception")
                assert reply.headers["www-authenticate"] == "ApiKey"
        assert found.ask("GET", "/", headers={"Authorization": "ApiKey sesame"}).status == 200
