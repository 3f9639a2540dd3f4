"""Routes that read: expressions, pages, what an entry has."""

import shutil

import pytest

from mlalias.cli.main import main

ILLEGAL, MISSING = "illegal_argument_exception", "resource_not_found_exception"
FLIGHTS = ["flight-delay-prediction-1574775339910", "flight-delay-prediction-1580004349800"]
SLIM, LATE = "flight-delay-slim-1612000000000", "flight-delayed-classification-1601405047985"
SST2 = "distilbert-base-uncased-finetuned-sst-2-english"
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
        ("?include=hyperparameters", ALL), ("?include=nothing", ILLEGAL), ("?decompress_definition=", ALL),
        ("?other=1", ILLEGAL), ("?human&format=json&error_trace=true", ALL),
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
    sizes = {"model_size_bytes": 0, "required_native_memory_bytes": 0}
    assert stats == [{"model_id": "sst-2-draft", "model_size_stats": sizes, "pipeline_count": 0}]


def test_a_declared_model_has_what_an_answer_requires(server):
    """Typed clients fail on a list in which one model lacks `tags` or `input.field_names`."""
    (server.directory / "models" / "sst-2-draft.toml").write_text("[inference_config.newer]\nkey = 1\n")
    (config,) = server.ask("GET", "/_ml/trained_models/sst-2-draft").json["trained_model_configs"]
    assert config == {
        "model_id": "sst-2-draft",
        "inference_config": {"newer": {"key": 1}},
        "tags": [],
        "input": {"field_names": []},
    }


def test_a_definition_that_was_imported_is_not_shown(server):
    path = server.directory / "models" / "sst-2-draft.toml"
    path.write_text('definition = "large"\n' + path.read_text())
    for query in ("", "?include=definition"):
        (config,) = server.ask("GET", f"/_ml/trained_models/sst-2-draft{query}").json["trained_model_configs"]
        assert "definition" not in config


def test_the_answers_are_what_import_reads_and_a_copy_answers_the_same(server, tmp_path):
    paths = ("/_ml/trained_models", "/_ml/trained_models/_stats", "/_ingest/pipeline")
    started = "deployment/_start?number_of_allocations=2&queue_capacity=7&cache_size=1kb"
    assert server.ask("POST", f"/_ml/trained_models/sst-2-draft/{started}").status == 200
    files = []
    for path in paths:
        files.append(tmp_path / f"{path.replace('/', '-')}.json")
        files[-1].write_bytes(server.ask("GET", path).body)
    before = [untimed(server.ask("GET", path).json) for path in paths]
    shutil.rmtree(server.directory)
    assert main(["import", *map(str, files), "--catalog", str(server.directory), "--quiet"]) == 0
    assert [untimed(server.ask("GET", path).json) for path in paths] == before


def untimed(document):
    """An answer without the time at which it was made."""
    for entry in document.get("trained_model_stats", ()):
        entry.get("inference_stats", {}).pop("timestamp", None)
    return document


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
    size = {"model_size_bytes": 268000000, "required_native_memory_bytes": 787658240}
    assert third == {"model_id": "sst-2-draft", "model_size_stats": size, "pipeline_count": 0}
    assert "deployment_stats" not in third
    assert server.ask("GET", "/_ml/trained_models/_stats").json["count"] == ALL
    assert server.ask("GET", "/_ml/trained_models/none/_stats").type == MISSING
