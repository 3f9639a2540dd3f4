"""What a new user sees after importing the answers of a real cluster."""

import json

import pytest
from harness import LATE, NEW, OLD, SAMPLE, SLIM, SST, contents


def test_list_shows_six_aliases_with_the_types_of_their_models(run, sample):
    rows = [line.split("\t") for line in run("list", "-o", "tsv").out.splitlines()]
    assert rows == [
        ["elser", ".elser_model_2", "pytorch", "text_expansion", "1", "started 1/1"],
        ["flight_delay_model", OLD, "tree_ensemble", "regression", "22", ""],
        ["flight_delayed", LATE, "tree_ensemble", "classification", "21", ""],
        ["is-flight-late", LATE, "tree_ensemble", "classification", "21", ""],
        ["people-and-places", "dslim__bert-base-ner", "pytorch", "ner", "1", "starting 0/1"],
        ["sentiment", SST, "pytorch", "text_classification", "1", "started 2/2, started 1/2"],
    ]


def test_moves_to_the_retrained_model_without_a_warning(run, sample):
    ran = run("put", NEW, "flight_delay_model", "--reassign")
    assert ran.code == 0
    assert "warning" not in ran.err
    assert ran.out.split()[4:] == ["reassigned", "flight_delay_model", NEW, OLD]
    assert "hint: to undo: mlalias rollback flight_delay_model" in ran.err
    assert run("resolve", "flight_delay_model").out == f"{NEW}\n"


def test_moves_to_the_slim_model_with_a_warning_and_the_overlap_table(run, sample):
    ran = run("put", SLIM, "flight_delay_model", "--reassign")
    assert ran.code == 0
    assert f"warning: '{SLIM}' shares only 3 of 22 input fields with '{OLD}'" in ran.err
    table = {
        line.split()[0]: line.split()[1:]
        for line in ran.err.splitlines()
        if line.startswith(("shared", "needed", "lost", "gained"))
    }
    assert table["shared"] == ["3", "Carrier,", "Dest,", "Origin"]
    assert table["needed"][0] == "11"
    assert table["lost"][0] == "19"
    assert "AvgTicketPrice," in table["lost"]
    assert table["gained"] == ["4", "DepartureHour,", "AircraftType,", "SeatLoad,", "AirportCongestion"]
    warning = run("put", SLIM, "flight_delay_model", "-r", "-o", "json").json["warnings"]
    assert warning == []  # it names the slim model now: nothing is lost any more


def test_the_warning_as_json(run, sample):
    (warning,) = run("put", SLIM, "flight_delay_model", "-r", "-o", "json").json["warnings"]
    assert warning["rule"] == "few_shared_fields"
    assert warning["model_alias"] == "flight_delay_model"
    assert warning["overlap"]["shared"] == ["Carrier", "Dest", "Origin"]
    assert warning["overlap"]["needed"] == 11
    assert (len(warning["overlap"]["lost"]), len(warning["overlap"]["gained"])) == (19, 4)


@pytest.mark.parametrize(
    ("words", "code", "rule", "hint"),
    [
        ((LATE, "flight_delay_model", "-r"), 3, "inference_type_differs", f"mlalias compare {OLD} {LATE}"),
        (("sst-2-next", "flight_delay_model", "-r"), 3, "inference_type_differs", "mlalias compare"),
        (("lang_ident_model_1", "flight_delayed", "-r"), 3, "model_type_differs", "mlalias compare"),
        (("sst-2-draft", "sentiment", "-r"), 3, "not_deployed", "_ml/trained_models/sst-2-draft/_stats"),
        (("no-such-thing-at-all", "sentiment", "-r"), 4, "model_missing", "mlalias models"),
        (("sst-2-nxt", "sentiment", "-r"), 4, "model_missing", "mlalias put sst-2-next sentiment --reassign"),
        ((NEW, "flight_delay_model"), 3, "alias_taken", f"mlalias put {NEW} flight_delay_model --reassign"),
        (("flight_delay_model", NEW), 3, "invalid_alias", f"mlalias put {NEW} flight_delay_model --reassign"),
        (("sentiment", "sst-2-next"), 3, "alias_is_model_id", "mlalias put sst-2-next sentiment --reassign"),
        (("sentiment", "mood"), 4, "model_missing", f"mlalias put {SST} mood"),
    ],
)
def test_refusals_say_what_to_type_next(run, sample, words, code, rule, hint):
    before = contents(sample)
    ran = run("put", *words, "-o", "json")
    assert (ran.code, ran.json["error"]["rule"]) == (code, rule)
    assert hint in ran.json["error"]["hint"]
    assert ran.err == ""
    assert contents(sample) == before


def test_the_hint_of_a_taken_alias_says_what_the_move_would_mean(run, sample):
    assert "shares 20 of 22 input fields" in run("put", NEW, "flight_delay_model").err
    assert "--reassign would be refused as well" in run("put", LATE, "flight_delay_model").err


def test_moves_sentiment_to_the_deployed_model(run, sample):
    assert run("put", "sst-2-next", "sentiment", "--reassign").code == 0
    assert run("resolve", "sentiment").out == "sst-2-next\n"


def test_deleting_an_alias_that_a_pipeline_names_is_refused(run, sample):
    ran = run("delete", "sentiment")
    assert ran.code == 5
    assert ran.err.startswith("error: the alias 'sentiment' is used by the ingest pipeline 'reviews'\n")


def test_pipelines_name_what_elasticsearch_looks_at(run, sample):
    assert {key: value for key, value in _shown(run, "lang_ident_model_1").items() if key == "pipelines"} == {
        "pipelines": ["logs"]
    }
    assert _shown(run, "flight_delay_model", "aliases")["pipelines"] == ["flights"]


def _shown(run, name, kind="models"):
    (found,) = run("show", name, "-o", "json").json[kind]
    return found


def test_show_leads_with_what_matters_and_ends_with_raw_facts(run, sample):
    keys = [line.split(":")[0] for line in run("show", "sentiment").out.splitlines()]
    first = [
        "alias",
        "model",
        "deployment",
        "pipelines",
        "endpoints",
        "semantic_text",
        "other aliases",
        "last change",
        "type",
    ]
    assert keys[: len(first)] == first
    assert keys[-2:] == ["inference_config", "location"]


def test_importing_twice_says_that_all_is_the_same(run, sample):
    before = contents(sample)
    ran = run("import", *sorted(SAMPLE.glob("*.json")))
    assert (ran.code, ran.out) == (
        0,
        (
            "PART         SAME\nmodels         12\ndeployments     4\n"
            "pipelines       3\nendpoints       2\nfields          2\naliases         6\n"
        ),
    )
    assert contents(sample) == before


def test_every_answer_can_come_from_a_pipe(run, catalog, monkeypatch):
    import io

    for name in ("models", "stats", "pipelines"):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO((SAMPLE / f"{name}.json").read_bytes())))
        assert run("import", "-").code == 0
    assert len(run("list", "-o", "json").json["aliases"]) == 6


def test_the_sample_leaves_as_elasticsearch_answers(run, sample):
    told = json.loads((SAMPLE / "models.json").read_text())
    assert run("export", "--format", "elasticsearch").json == told
