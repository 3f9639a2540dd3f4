"""`check` on a cluster: what it asks, what it says of the answers, and what it refuses to ask."""

import json
import threading
import time

import pytest
from cluster_support import Cluster, Front, Told, answering, error
from harness import NEW, OLD, SLIM, SST
from inferring import Inferring, label, node
from test_help import faults

LAST = ["LAST", "ASKED", "MODEL"]
MINUTES = "FlightDelayMin_prediction"  # the results_field of the sample's models of regression
DOCS = '{"text_field": "good"}\n{"text_field": "bad"}\n{"text_field": "ugly"}\n'


@pytest.fixture
def docs(tmp_path):
    """Write a file of documents: `docs(text)` gives its path."""

    def write(text=DOCS):
        path = tmp_path / "docs.ndjson"
        path.write_text(text)
        return path

    return write


@pytest.fixture
def inferring(sample):
    """A cluster whose models answer: set `inferring.front.answering.models`."""
    front = Front(Inferring(sample))
    with front.listening() as url:
        yield Cluster(url, front, sample)


def infers(cluster):
    """The names that were asked, and the documents, one request each."""
    return [(asked.parts[2], json.loads(asked.body)["docs"]) for asked in cluster.front.asked if asked.method == "POST"]


# --- without documents ---


def test_it_is_two_requests_whatever_the_number_of_names(inferring, run):
    done = run("check", "sentiment", "sst-2-next", "flight_delay_model", OLD, NEW, "elser", "--catalog", inferring.url)
    assert done.code == 0, done.err
    assert [asked.path.rpartition("/")[2] == "_stats" for asked in inferring.front.asked] == [False, True]
    assert {asked.method for asked in inferring.front.asked} == {"GET"}


def test_many_names_are_as_many_requests_as_fill_their_lines(inferring, run):
    names = [f"model-{number:050}" for number in range(150)]
    (inferring.directory / "models").mkdir(exist_ok=True)
    for name in names:
        (inferring.directory / "models" / f"{name}.toml").write_text('model_type = "tree_ensemble"\n')
    assert run("check", *names, "--catalog", inferring.url).code == 0
    assert len(inferring.front.asked) == 6


def test_the_verdict_comes_first_and_figures_have_units(sample, run):
    now = int(time.time() * 1000)
    busy = node(
        inference_count=9_000,
        last_access=now - 125_000,
        average_inference_time_ms_last_minute=41.4,
        throughput_last_minute=1_204,
        timeout_count=12,
    )
    with answering(Inferring(sample, figures={"sst-2-next": {"nodes": [busy], "timeout_count": 12}})) as cluster:
        done = run("check", "sst-2-next", "people-and-places", "sst-2-draft", "--catalog", cluster.url)
    assert done.code == 3
    head, first, second, third, _, *reasons = done.out.splitlines()
    assert head.split() == ["VERDICT", "NAME", "RUNNING", "LATENCY", "REQUESTS", "FAILED", "TIMED", "OUT", *LAST]
    assert first.split() == ["pass", "sst-2-next", "1/1", "41", "ms", "1,204/min", "0.1%", "12", "2", "min", "ago"]
    assert second.split() == ["fail", "people-and-places", "0/1", "0/min", "0%", "dslim__bert-base-ner"]
    assert third.split() == ["fail", "sst-2-draft"]
    assert reasons == ["people-and-places: fail: starting: no allocation runs", "sst-2-draft:       fail: not deployed"]
    assert done.err == "hint: deploy it: POST _ml/trained_models/sst-2-draft/deployment/_start\n"


def test_every_deployment_has_a_row_and_a_verdict(inferring, run):
    done = run("check", "sentiment", "--catalog", inferring.url)
    assert done.code == 0
    assert [line.split()[0] for line in done.out.splitlines()[1:3]] == ["pass", "warn"]
    assert "sentiment (sentiment-for-search): warn: 1 of 2 allocations run\n" in done.out


@pytest.mark.parametrize(
    ("figures", "code", "verdict"),
    [
        (
            {"state": None, "allocation_status": None, "nodes": []},
            3,
            "unknown",
        ),  # as Elasticsearch Serverless may leave them out
        ({"state": None, "allocation_status": None, "nodes": [node()]}, 0, "pass"),
        ({"allocation_status": {"allocation_count": 0, "target_allocation_count": 0}}, 0, "warn"),
        ({"state": "failed", "reason": "out of memory"}, 3, "fail"),
    ],
)
def test_what_is_unknown_is_not_taken_to_answer(figures, code, verdict, sample, run):
    with answering(Inferring(sample, figures={"sst-2-next": figures})) as cluster:
        done = run("check", "sst-2-next", "-o", "json", "--catalog", cluster.url)
    assert (done.code, done.json["checks"][0]["verdict"]) == (code, verdict)
    assert faults("check.json", done.json) == []


@pytest.mark.parametrize("width", [50, 80])
def test_a_narrow_terminal_keeps_verdicts_and_names(inferring, width):
    from mlalias.cli.checking import _check
    from mlalias.cli.options import Reading
    from mlalias.output.page import Format, Screen, Screens

    options = Reading("check", {"catalog": inferring.url, "output": Format.table})
    view = _check.__wrapped__(["people-and-places", "sst-2-next"], options)
    page = view(Screens(Screen(width, blocks=True)))
    assert [line.split()[:2] for line in page.text.splitlines()[1:3]] == [
        ["fail", "people-and-places"],
        ["pass", "sst-2-next"],
    ]
    assert max(map(len, page.text.splitlines())) <= width


@pytest.mark.parametrize(
    ("names", "missing"),
    [(["nope"], ["nope"]), (["a", "sentiment", "b"], ["a", "b"]), (["*"], ["*"]), (["x,y"], ["x,y"])],
)
def test_a_name_that_nothing_has_is_4(names, missing, inferring, run):
    done = run("check", *names, "--catalog", inferring.url)
    assert (done.code, done.out) == (4, "")
    assert [line for line in done.err.splitlines() if line.startswith("error")] == [
        f"error: there is no model or alias '{name}'" for name in missing
    ]


def test_a_directory_is_2_with_what_to_do_instead(sample, run, docs):
    done = run("check", "sentiment", "--catalog", sample)
    assert (done.code, done.out) == (2, "")
    assert "hint: name a cluster: --catalog https://es.example:9200\n" in done.err
    assert f"hint: see what this catalog knows: mlalias show sentiment --catalog {sample}\n" in done.err
    done = run("put", SLIM, "slim", "--check-with", docs(), "--catalog", sample)
    assert (done.code, done.out) == (2, "")
    assert f"mlalias put {SLIM} slim --catalog {sample}\n" in done.err


# --- with documents ---


def test_each_document_is_one_request_under_the_name_that_was_given(inferring, run, docs):
    done = run("check", "sentiment", "--docs", docs(), "--catalog", inferring.url)
    assert done.code == 0, done.err
    texts = [json.loads(line) for line in DOCS.splitlines()]
    assert sorted(infers(inferring), key=str) == sorted([("sentiment", [doc]) for doc in texts], key=str)
    assert "3/3 ██████████" in done.out
    assert "       1  positive 90%\n" in done.out


def test_the_server_is_given_less_time_than_the_request(inferring, run, docs, monkeypatch):
    monkeypatch.setenv("MLALIAS_TIMEOUT", "5")
    run("check", "sentiment", "--docs", docs(), "--catalog", inferring.url)
    assert {asked.parameters["timeout"] for asked in inferring.front.asked if asked.method == "POST"} == {"4500ms"}


def test_a_deployment_that_is_scaled_to_zero_is_given_longer_and_that_is_said(sample, run, docs):
    asleep = {"allocation_status": {"allocation_count": 0, "target_allocation_count": 0}}
    with answering(Inferring(sample, figures={"sst-2-next": asleep})) as cluster:
        done = run("check", "sst-2-next", "--docs", docs(), "--catalog", cluster.url)
        timeouts = {asked.parameters["timeout"] for asked in cluster.front.asked if asked.method == "POST"}
    assert done.code == 0
    assert timeouts == {"119000ms"}
    assert done.err == "'sst-2-next' is scaled to zero: waiting up to 120 seconds for an allocation\n"


def test_eight_documents_are_asked_for_at_once(sample, run, docs):
    together = threading.Barrier(8, timeout=10)

    def model(document, _):
        together.wait()
        return {"predicted_value": "a"}

    with answering(Inferring(sample, {"sst-2-next": model})) as cluster:
        many = "".join(f'{{"text_field": "{number}"}}\n' for number in range(16))
        done = run("check", "sst-2-next", "--docs", docs(many), "--catalog", cluster.url)
    assert done.code == 0, done.out


def test_one_error_of_ten_is_told_with_its_document(sample, run, docs):
    def model(document, _):
        number = document["text_field"]
        return {"error": "Input too large"} if number == "7" else {"predicted_value": f"label-{number}"}

    ten = "".join(f'{{"text_field": "{number}"}}\n' for number in range(1, 11))
    with answering(Inferring(sample, {"sst-2-next": model})) as cluster:
        done = run("check", "sst-2-next", "--docs", docs(ten), "--catalog", cluster.url)
        assert done.code == 3
        assert "9/10 █████████·" in done.out
        assert "sst-2-next    7          Input too large\n" in done.out
        document = run("check", "sst-2-next", "--docs", docs(ten), "-o", "json", "--catalog", cluster.url).json
    assert faults("check.json", document) == []
    answers = document["checks"][0]["documents"]["answers"]
    assert [each["value"] for each in answers] == [f"label-{n}" if n != 7 else None for n in range(1, 11)]
    assert answers[6]["error"] == {"type": None, "reason": "Input too large", "status": None}


@pytest.mark.parametrize(
    ("told", "status", "text"),
    [
        (error(400, "status_exception", "the text is too long"), 400, "the text is too long"),
        (error(408, "status_exception", "timeout [4s] waiting for inference result"), 408, "waiting for inference"),
        (error(409, "status_exception", "is stopping"), 409, "is stopping"),
        (error(429, "es_rejected_execution_exception", "the queue is full"), 429, "the queue is full"),
        (error(500, "status_exception", "the process failed"), 500, "the process failed"),
        (
            Told({"inference_results": []}, headers={"X-elastic-product": "Elasticsearch"}),
            200,
            "does not have one result",
        ),
        (Told(b"x", close=-1), None, "closed the connection"),
        (Told(b"<html>", 502, {"Content-Type": "text/html"}), None, "502"),
    ],
)
def test_what_is_not_answered_is_told_and_never_asked_again(told, status, text, sample, run, docs):
    def model(document, _):
        return told if document["text_field"] == "bad" else {"predicted_value": "a"}

    with answering(Inferring(sample, {"sst-2-next": model})) as cluster:
        done = run("check", "sst-2-next", "--docs", docs(), "-o", "json", "--catalog", cluster.url)
        assert len(infers(cluster)) == 3
    assert done.code == 3
    answers = done.json["checks"][0]["documents"]["answers"]
    assert [each["error"] is None for each in answers] == [True, False, True]
    assert text in answers[1]["error"]["reason"]
    assert answers[1]["error"]["status"] == status or (status is None and answers[1]["error"]["type"] is None)


def test_a_slow_model_is_not_waited_for_longer_than_the_timeout(sample, run, docs, monkeypatch):
    monkeypatch.setenv("MLALIAS_TIMEOUT", "0.3")
    never = threading.Event()

    def model(document, _):
        return Told({}, hang=never) if document["text_field"] == "bad" else {"predicted_value": "a"}

    with answering(Inferring(sample, {"sst-2-next": model})) as cluster:
        start = time.monotonic()
        done = run("check", "sst-2-next", "--docs", docs(), "--catalog", cluster.url)
        assert time.monotonic() - start < 5
        never.set()
    assert done.code == 3
    assert "did not answer within 0.3 seconds" in done.out


@pytest.mark.parametrize(
    ("told", "text"),
    [
        (
            Told(
                {
                    "error": {
                        "type": "security_exception",
                        "reason": "current license is non-compliant for [ml]",
                        "license.expired.feature": "ml",
                    },
                    "status": 403,
                },
                403,
                {"X-elastic-product": "Elasticsearch"},
            ),
            "does not allow it (403: current license is non-compliant for [ml])",
        ),
        (error(403, "security_exception", "action is unauthorized"), "the cluster privilege monitor_ml is missing"),
        (error(401, "security_exception", "missing"), "asks for credentials"),
    ],
)
def test_what_forbids_every_document_is_one_error(told, text, sample, run, docs):
    with answering(Inferring(sample, {"sst-2-next": lambda *_: told})) as cluster:
        done = run("check", "sst-2-next", "--docs", docs(), "--catalog", cluster.url)
    assert (done.code, done.out) == (9, "")
    assert text in done.err
    assert done.err.count("error:") == 1


def test_a_model_without_a_deployment_is_not_asked(inferring, run, docs):
    done = run("check", "sst-2-draft", "sst-2-next", "--docs", docs(), "-o", "json", "--catalog", inferring.url)
    assert done.code == 3
    draft, following = done.json["checks"]
    assert (draft["verdict"], draft["reason"], draft["documents"]) == ("fail", "not deployed", None)
    assert following["verdict"] == "pass"
    assert {name for name, _ in infers(inferring)} == {"sst-2-next"}


@pytest.mark.parametrize(
    ("name", "text", "fault"),
    [
        ("sentiment", "", "has no documents"),
        ("sentiment", "[]", "has no documents"),
        ("sentiment", '{"text_field": "a"}\n{"text": "b"}', "document 2 of"),
        (
            "flight_delay_model",
            '{"carrier": "x"}',
            f"has none of the input fields of '{OLD}', such as 'AvgTicketPrice'",
        ),
        ("sentiment", "{broken", "line 1 of"),
        (
            "sentiment",
            '{"text_field": "a"}\n' * 1001,
            "has 1,001 documents, and at most 1,000 can be asked for at once",
        ),
    ],
)
def test_documents_that_no_model_can_read_are_never_sent(name, text, fault, inferring, run, docs):
    done = run("check", name, "--docs", docs(text), "--catalog", inferring.url)
    assert (done.code, done.out) == (2, "")
    assert fault in done.err
    assert infers(inferring) == []


def test_fields_that_a_tree_lacks_are_named(sample, run, docs):
    with answering(Inferring(sample, {OLD: lambda *_: {MINUTES: 12.25}})) as cluster:
        done = run("check", OLD, "--docs", docs('{"Carrier": "JetBeats"}'), "--catalog", cluster.url)
    assert done.code == 0
    assert done.err.startswith(
        f"warning: 1 document lacks input fields of '{OLD}', which count as missing values: 'AvgTicketPrice', "
    )
    assert "12.25" in done.out


def test_a_body_says_how_to_ask(inferring, run, docs):
    body = {"docs": [{"text_field": "a"}], "inference_config": {"text_classification": {"num_top_classes": 1}}}
    assert run("check", "sst-2-next", "--docs", docs(json.dumps(body)), "--catalog", inferring.url).code == 0
    (asked,) = [asked for asked in inferring.front.asked if asked.method == "POST"]
    assert json.loads(asked.body) == body


# --- two models ---


def test_two_models_are_asked_side_by_side_and_compared(sample, run, docs):
    def sometimes(document, _):
        return (
            error(400, "x", "no") if document["text_field"] == "ugly" else {"predicted_value": document["text_field"]}
        )

    with answering(Inferring(sample, {SST: sometimes, "sst-2-next": label("good")})) as cluster:
        words = ["check", "sentiment", "--against", "sst-2-next", "--docs", docs(), "--catalog", cluster.url]
        done, document = run(*words), run(*words, "-o", "json").json
    assert done.code == 3
    assert "same answer:     1 of 2 █████·····\nanswered by one: 1 document by 'sst-2-next' alone\n" in done.out
    assert done.out.endswith(
        "DOCUMENT  SENTIMENT     SST-2-NEXT\n       3  not answered  good 90%\n       2  bad           good 90%\n"
    )
    assert faults("check.json", document) == []
    found = document["comparison"]
    assert (found["both"], found["same"], found["only_first"], found["only_second"]) == (2, 1, 0, 1)
    assert [each["same"] for each in found["documents"]] == [True, False, None]


def test_numbers_differ_by_so_much(sample, run, docs):
    models = {OLD: lambda doc, _: {MINUTES: doc["Dest"]}, NEW: lambda *_: {MINUTES: 2.5}}
    with answering(Inferring(sample, models)) as cluster:
        text = '{"Dest": 2.5, "Carrier": 1}\n{"Dest": 2.0}\n{"Dest": 4}\n'
        done = run("check", "flight_delay_model", "--against", NEW, "--docs", docs(text), "--catalog", cluster.url)
    assert done.code == 0, done.err
    assert "difference:  0.6667 on average, 1.5 at most\n" in done.out
    assert [line.split() for line in done.out.splitlines()[-2:]] == [
        ["3", "4", "2.5", "-1.5"],
        ["2", "2", "2.5", "+0.5"],
    ]


def test_vectors_are_compared_by_their_dimensions(sample, run, docs):
    small, large = ".multilingual-e5-small", "sentence-transformers__msmarco-minilm-l-12-v3"
    for name in (small, large):
        path = sample / "models" / f"{name}.toml"
        path.write_text(
            path.read_text().replace("deployments = []\n", "")
            + '\n[[deployments]]\ndeployment_id = "d"\nstate = "started"\nallocation_count = 1\ntarget_allocation_count = 1\n'
        )
    models = {small: lambda *_: {"predicted_value": [1, 0]}, large: lambda *_: {"predicted_value": [0, 0, 1]}}
    with answering(Inferring(sample, models)) as cluster:
        done = run("check", small, "--against", large, "--docs", docs(), "--catalog", cluster.url)
    assert done.code == 0, done.err
    assert "dimensions:  2 against 3: vectors that cannot be compared\n" in done.out


def test_against_compares_two(inferring, run):
    done = run("check", "a", "b", "--against", "c", "--catalog", inferring.url)
    assert done.code == 2
    assert "--against compares two names" in done.err
    assert run("check", "sentiment", "--against", "sst-2-next", "--catalog", inferring.url).code == 0


def test_tsv_has_a_line_for_each_deployment_with_the_figures_as_they_are(inferring, run, docs):
    done = run("check", "sentiment", "sst-2-next", "--docs", docs(), "-o", "tsv", "--catalog", inferring.url)
    rows = [line.split("\t") for line in done.out.splitlines()]
    assert [row[1] for row in rows] == ["sentiment", "sentiment", "sst-2-next"]
    assert {len(row) for row in rows} == {22}
    assert rows[2][4:8] == ["sst-2-next", "started", "1", "1"]
    assert rows[2][18:20] == ["3", "3"]
    assert done.err == ""


def test_warnings_are_said_in_every_format(inferring, run, docs):
    words = ["check", "flight_delay_model", "--docs", docs('{"Dest": 2.5}'), "--catalog", inferring.url]
    text = "1 document lacks input fields of "
    assert run(*words, "-o", "tsv").err.startswith(f"warning: {text}")
    assert run(*words).err.startswith(f"warning: {text}")
    document = run(*words, "-o", "json")
    assert (document.err, document.json["warnings"][0][: len(text)]) == ("", text)
