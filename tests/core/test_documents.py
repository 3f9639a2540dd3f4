"""What answers and declarations are read as, and what is wrong with those that are refused."""

import json

import pytest
from harness import SAMPLE_FILES
from values import catalog, deployment, document, model

from mlalias.core.catalog import Deployment, Pipeline
from mlalias.documents import facts
from mlalias.documents.codec import parse_json, read_toml, to_json, to_toml
from mlalias.documents.models import to_model_document
from mlalias.errors import InvalidDocument


def read(text):
    return facts.read(text if isinstance(text, bytes) else text.encode(), "FILE")


def refusal(function, *arguments):
    with pytest.raises(InvalidDocument) as raised:
        function(*arguments)
    return raised.value.reason


# --- what is refused ---

M = '{"trained_model_configs": [%s]}'
S = '{"trained_model_stats": [%s]}'

DOCUMENTS = {
    "broken TOML": ("[aliases\n", "is not valid TOML: "),
    "broken TOML has its place": ('[aliases]\nx = "m"\ny = \n', "(at line 3, column 5)"),
    "the same key twice": ('[aliases]\nx = "m"\nx = "n"\n', "is not valid TOML: cannot overwrite a value"),
    "broken JSON": ('{"a": \n nope}', "is not valid JSON: expecting value (at line 2, column 2)"),
    "cut-off JSON": ('{"trained_model_configs": [', "is not valid JSON"),
    "two documents": ("{} {}", "is not valid JSON: extra data"),
    "the same JSON key twice": ('{"p": {"processors": []}, "p": {"processors": []}}', "has the key 'p' twice in one object"),
    "another JSON key twice": ('{"p": 1, "q": 2, "q": 3}', "has the key 'q' twice in one object"),
    "TOML that is not UTF-8": (b'[aliases]\nx = "\xff"', "is not UTF-8 (at line 2, byte 6)"),
    "JSON that is not UTF-8": (b'{"a": "\xe9"}', "is not UTF-8"),
    "UTF-16 without its mark": ("[aliases]".encode("utf-16-le"), "looks like UTF-16 without its byte order mark: write it as UTF-8"),
    "half of a UTF-16 character": ("[aliases]".encode("utf-16") + b"x", "begins with the byte order mark of UTF-16, but is not valid UTF-16"),
    "long strings of Dev Tools": ('{"a": """b"""}', 'has """, as Dev Tools shows long strings, which is not JSON'),
    "a zero byte": ("[aliases]\n\0", "is not valid TOML"),
    "a JSON list": ('[{"model_id": "m"}]', "is a list: pass the whole answer, with the braces around it"),
    "some other JSON": ('{"hits": 3}', "is not an answer to GET _ml/trained_models"),
    "an error body": ('{"error": {"type": "security_exception", "reason": "no"}, "status": 403}', "is an error from Elasticsearch (403: security_exception: no)"),
    "an error text": ('{"error": "no handler", "status": 400}', "is an error from Elasticsearch (400: no handler)"),
    "NaN": (M % '{"model_id": "m", "x": NaN}', "holds NaN, which is not a number"),
    "infinity": (M % '{"model_id": "m", "x": 1e999}', "holds a number that is not finite"),
    "TOML nan": ("[models.m]\nx = nan", "holds a number that is not finite"),
    "a huge whole number": (M % '{"model_id": "m", "x": 9223372036854775808}', "holds a whole number of more than 64 bits"),
    "a huge TOML number": ("[models.m]\nx = -9223372036854775809", "holds a whole number of more than 64 bits"),
    "5,000 digits": (M % ('{"model_id": "m", "x": %s}' % ("9" * 5000)), "holds a number that is too long"),
    "5,000 TOML digits": ("[models.m]\nx = " + "9" * 5000, "holds a number that is too long"),
    "half a surrogate pair": (M % '{"model_id": "m", "x": "\\ud800"}', "holds half of a surrogate pair"),
    "nested 70 deep": (M % ('{"model_id": "m", "x": %s}' % ("[" * 70 + "]" * 70)), "is nested more than 64 levels deep"),
    "nested 100,000 deep": ('{"x": %s}' % ("[" * 100_000 + "]" * 100_000), "is nested more than 64 levels deep"),
    "TOML nested 500 deep": ("x = " + "[" * 500 + "]" * 500, "is nested more than 64 levels deep"),
    "TOML tables 5,000 deep": ("x = " + "{a=" * 5000 + "1" + "}" * 5000, "is nested more than 64 levels deep"),
    "a dotted key of 20,000 parts": (".".join(["a"] * 20_000) + " = 1", "is nested more than 64 levels deep"),
    "a header of 20,000 parts": ("[" + ".".join(["a"] * 20_000) + "]", "is nested more than 64 levels deep"),
    "an unknown key": ("[alias]\nx = 'm'", "has the key 'alias', which no declaration has"),
    "another format": ("format = 2\n[aliases]", "has format 2; this version of mlalias reads format 1"),
    "aliases that are no table": ("aliases = 3", "has aliases that is not a table"),
    "an alias on a number": ("[aliases]\nx = 3", "has aliases.x that is not a string"),
    "models that are no table": ("models = []", "has models that is not a table"),
    "a model that is no table": ("models.m = 3", "has models.m that is not a table"),
    "pipelines that are no lists": ("[pipelines]\np = 'm'", "has pipelines.p that is not a list of strings"),
    "field names that are a string": ('[models.m]\ninput.field_names = "a"', "has models.m.input.field_names that is not a list of strings"),
    "a field name that is a number": ("[models.m]\ninput.field_names = ['a', 1]", "has models.m.input.field_names that is not a list of strings"),
    "input that is a list": ("[models.m]\ninput = []", "has models.m.input that is not a table"),
    "two inference types": ("[models.m.inference_config]\nner = {}\nfill_mask = {}", "does not have exactly one inference type in models.m.inference_config"),
    "no inference type": ("[models.m]\ninference_config = {}", "does not have exactly one inference type"),
    "a model type that is a number": ("[models.m]\nmodel_type = 1", "has models.m.model_type that is not a string"),
    "tags that are a string": ("[models.m]\ntags = 'a'", "has models.m.tags that is not a list of strings"),
    "a description that is a list": ("[models.m]\ndescription = []", "has models.m.description that is not a string"),
    "metadata that is a list": ("[models.m]\nmetadata = []", "has models.m.metadata that is not a table"),
    "another model_id within": ("[models.m]\nmodel_id = 'n'", "has another model_id in models.m: 'n'"),
    "deployments that are a table": ("[models.m.deployments]", "has models.m.deployments that is not a list"),
    "a deployment that is a string": ("[models.m]\ndeployments = ['d']", "has models.m.deployments[0] that is not a table"),
    "a deployment without an id": ("[[models.m.deployments]]\nstate = 'started'", "has no deployment_id in models.m.deployments[0]"),
    "a negative count": ("[[models.m.deployments]]\ndeployment_id = 'd'\nallocation_count = -1", "has models.m.deployments[0].allocation_count that is not a count"),
    "a count that is true": ("[[models.m.deployments]]\ndeployment_id = 'd'\nallocation_count = true", "that is not a count"),
    "a count that is false": ("[[models.m.deployments]]\ndeployment_id = 'd'\nallocation_count = false", "that is not a count"),
    "a count that is a string": ("[[models.m.deployments]]\ndeployment_id = 'd'\nallocation_count = '1'", "that is not a whole number"),
    "a state that is a number": ("[[models.m.deployments]]\ndeployment_id = 'd'\nstate = 1", "has models.m.deployments[0].state that is not a string"),
    "configs that are a table": ('{"trained_model_configs": {}}', "has trained_model_configs that is not a list"),
    "a config that is a list": (M % "[]", "has trained_model_configs[0] that is not a table"),
    "a config without an id": (M % "{}", "has no trained_model_configs[0].model_id"),
    "an id that is a number": (M % '{"model_id": 3}', "has trained_model_configs[0].model_id that is not a string"),
    "an id that is a path": (M % '{"model_id": "../../etc/passwd"}', "has '../../etc/passwd', which is not a valid model id"),
    "an id of 201 characters": (M % ('{"model_id": "%s"}' % ("a" * 201)), "which is not a valid model id"),
    "an id in upper case": ("[models.Prod]", "has 'Prod', which is not a valid model id"),
    "a model twice": (M % '{"model_id": "m"}, {"model_id": "m"}', "has the model 'm' twice"),
    "an alias on two models": (M % '{"model_id": "m", "metadata": {"model_aliases": ["x"]}}, {"model_id": "n", "metadata": {"model_aliases": ["x"]}}', "has the alias 'x' on two models, 'm' and 'n'"),
    "aliases that are a string": (M % '{"model_id": "m", "metadata": {"model_aliases": "x"}}', "has trained_model_configs[0].metadata.model_aliases that is not a list of strings"),
    "a count that is a word": ('{"count": "many", "trained_model_configs": []}', "has count that is not a whole number"),
    "stats without an id": (S % "{}", "has no trained_model_stats[0].model_id"),
    "stats of a path": (S % '{"model_id": "a/b"}', "has 'a/b', which is not a valid model id"),
    "deployment stats that are a list": (S % '{"model_id": "m", "deployment_stats": []}', "has trained_model_stats[0].deployment_stats that is not a table"),
    "an allocation status that is a string": (S % '{"model_id": "m", "deployment_stats": {"deployment_id": "d", "allocation_status": "x"}}', "has trained_model_stats[0].deployment_stats.allocation_status that is not a table"),
}  # fmt: skip


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_bad_document(name):
    content, fault = DOCUMENTS[name]
    reason = refusal(read, content)
    assert reason.startswith("FILE ")
    assert f" {fault}" in reason


# --- answers of Elasticsearch ---


def test_configurations():
    entry = {
        "model_id": "m",
        "model_type": "pytorch",
        "metadata": {"model_aliases": ["x", "y"], "kept": 1},
        "input": {"field_names": ["a"]},
    }
    bare = {"model_id": "n", "metadata": {"model_aliases": []}}
    read_as = read(json.dumps({"count": 3, "trained_model_configs": [entry, bare]}))
    whole = model("m", "pytorch", fields="a", metadata={"kept": 1}, deployments=None)
    assert read_as == document(aliases={"x": "m", "y": "m"}, models=[whole, "n"], counts={"models": 3})


def test_stats():
    status = {"allocation_count": 1, "target_allocation_count": 2}
    entries = [
        {"model_id": "m", "deployment_stats": {"deployment_id": "d", "state": "started", "allocation_status": status}},
        {"model_id": "m", "deployment_stats": {"model_id": "m", "state": "failed"}},
        {"model_id": "n", "inference_stats": {}},
    ]
    assert read(json.dumps({"trained_model_stats": entries})) == document(
        deployments={"m": (Deployment("d", "started", 1, 2), Deployment("m", "failed", 0, 0)), "n": ()},
        counts={"deployments": 0},
    )


def test_a_deployment_that_says_no_state():
    entry = {"model_id": "m", "deployment_stats": {"deployment_id": "d"}}
    (found,) = read(json.dumps({"trained_model_stats": [entry]})).deployments["m"]
    assert found == Deployment("d", "", None, None)


@pytest.mark.parametrize("state", ["stopping", "failed"])
def test_a_deployment_that_has_ended_runs_nothing(state):
    entry = {"model_id": "m", "deployment_stats": {"deployment_id": "d", "state": state}}
    (found,) = read(json.dumps({"trained_model_stats": [entry]})).deployments["m"]
    assert found == Deployment("d", state, 0, 0)


def node(state, count=None):
    allocations = {} if count is None else {"number_of_allocations": count}
    return allocations | ({} if state is None else {"routing_state": {"routing_state": state}})


@pytest.mark.parametrize(
    ("nodes", "running"),
    [
        ([], None),
        ([node(None, 3)], None),
        ([node("started", 3)], 3),
        ([node("started", 0)], 0),
        ([node("started")], 1),
        ([node("starting", 3)], 0),
        ([node("started", 2), node("failed", 9), node(None, 9), node("started")], 3),
    ],
)
def test_without_counts_the_nodes_of_a_deployment_say_what_runs(nodes, running):
    stats = {"deployment_id": "d", "state": "started", "nodes": nodes}
    (found,) = read(json.dumps({"trained_model_stats": [{"model_id": "m", "deployment_stats": stats}]})).deployments[
        "m"
    ]
    assert found == Deployment("d", "started", running, None)
    stats["allocation_status"] = {"allocation_count": 7, "target_allocation_count": 8}
    (found,) = read(json.dumps({"trained_model_stats": [{"model_id": "m", "deployment_stats": stats}]})).deployments[
        "m"
    ]
    assert found == Deployment("d", "started", 7, 8)


PROCESSORS = [
    ([{"inference": {"model_id": "m"}}], ["m"]),
    (
        [{"inference": {"model_id": "m"}}, {"inference": {"model_id": "n"}}, {"inference": {"model_id": "m"}}],
        ["m", "n"],
    ),
    ([{"inference": {}}], []),
    ([3, {}, {"drop": []}, {"inference": {"model_id": 3}}, {"inference": {"model_id": "m"}}], ["m"]),
    ([{"set": {"model_id": "m"}}], []),
    ([{"foreach": {"processor": {"inference": {"model_id": "m"}}}}], ["m"]),
    ([{"foreach": {"processor": {"foreach": {"processor": {"inference": {"model_id": "m"}}}}}}], ["m"]),
    ([{"foreach": {}}, {"foreach": {"processor": [{"inference": {"model_id": "m"}}]}}], []),
    ([{"grok": {"on_failure": [{"inference": {"model_id": "m"}}]}}], ["m"]),
    ([{"grok": {"on_failure": {"inference": {"model_id": "m"}}}}], []),
    ([{"grok": {"on_failure": [{"set": {"on_failure": [{"inference": {"model_id": "m"}}]}}]}}], ["m"]),
    ([{"inference": {"model_id": "m", "on_failure": [{"inference": {"model_id": "n"}}]}}], ["m"]),
    ([{"foreach": {"processor": {"set": {}}, "on_failure": [{"inference": {"model_id": "n"}}]}}], []),
    ([{"foreach": {"processor": {"set": {"on_failure": [{"inference": {"model_id": "n"}}]}}}}], ["n"]),
    ("none", []),
]


@pytest.mark.parametrize(("processors", "names"), PROCESSORS, ids=[json.dumps(row[0])[:70] for row in PROCESSORS])
def test_where_a_pipeline_names_models(processors, names):
    own = [{"inference": {"model_id": "own"}}]
    body = {"processors": processors, "on_failure": own}
    assert read(json.dumps({"p": body})) == document(pipelines={"p": Pipeline(tuple(names), body)})


def test_a_pipeline_keeps_its_nulls_and_comes_back_whole():
    body = {"processors": [{"set": {"value": [1, None, "é"]}}], "on_failure": None}
    read_as = read(json.dumps({"p": body}))
    assert (read_as.pipelines, read_as.notes) == ({"p": Pipeline((), body)}, ())
    document = facts.to_declaration(catalog(pipelines=read_as.pipelines))
    assert document["pipelines"] == {"p": []}
    assert facts.declaration(document, "FILE").pipelines == read_as.pipelines
    assert read('[bodies]\np = "{}"').parts == {"pipelines"}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('[bodies]\np = "3"', "FILE has bodies.p that is not a JSON object"),
        ('[bodies]\np = "{"', "FILE has bodies.p that is not valid JSON: expecting property name enclosed in double quotes"),
        ("[bodies]\np = 3", "FILE has bodies.p that is not a string"),
        ("[pipelines]\np = ['m']\n[bodies]\np = '{}'", "FILE has pipelines.p that differs from what bodies.p uses (nothing)"),
        ('[pipelines]\np = []\n[bodies]\np = \'{"processors": [{"inference": {"model_id": "m"}}, {"inference": {"model_id": "n"}}]}\'', "FILE has pipelines.p that differs from what bodies.p uses (m, n)"),
    ],
)  # fmt: skip
def test_a_body_that_cannot_be_read(text, fault):
    assert refusal(read, text).startswith(fault)


def test_an_answer_without_pipelines_is_one():
    assert read("{}") == document(pipelines={})


def test_nulls_are_dropped_and_said_once():
    entry = {
        "model_id": "m",
        "description": None,
        "tags": ["x", None],
        "deep": {"er": [{"est": None}]},
        "l": [[None], []],
    }
    read_as = read(json.dumps({"trained_model_configs": [entry]}))
    assert read_as.models["m"].config == {"tags": ["x"], "deep": {"er": [{}]}, "l": [[], []]}
    keys = "description, est, l, tags"
    assert read_as.notes == (f"FILE has keys whose value is null ({keys}): they are left out, as TOML has no null",)
    assert read('{"trained_model_configs": []}').notes == ()


def test_the_word_null_is_no_null():
    assert read('{"trained_model_configs": [{"model_id": "null"}]}').notes == ()


@pytest.mark.parametrize("file", SAMPLE_FILES, ids=lambda file: file.stem)
def test_an_answer_that_is_parsed_already(file):
    assert facts.answer(json.loads(file.read_text()), "FILE") == read(file.read_text())


def test_a_parsed_answer_is_checked_too():
    assert refusal(facts.answer, {"x": float("nan")}, "FILE") == "FILE holds a number that is not finite"
    entry = {"model_id": "m", "description": None}
    assert facts.answer({"trained_model_configs": [entry]}, "FILE").models == {"m": model("m")}


# --- declarations ---


def test_a_declaration():
    text = """
        [aliases]
        x = "m"
        "" = ".."
        [models.m]
        model_type = "pytorch"
        deployments = [{deployment_id = "d", state = "started", allocation_count = 1, target_allocation_count = 1, priority = "low"}]
        [models.n]
        metadata = {model_aliases = ["y"]}
        [pipelines]
        p = ["x", "x"]
    """
    assert read(text) == document(
        aliases={"x": "m", "": ".."},
        models=[model("m", "pytorch", deployments=None), "n"],
        deployments={"m": (deployment(priority="low"),)},
        pipelines={"p": ("x", "x")},
    )._replace(parts=frozenset({"aliases", "models", "pipelines"}))


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", set()),
        ("# a comment\n", set()),
        ("format = 1\nrevision = 3", set()),
        ("[aliases]", {"aliases"}),
        ("[models]", {"models"}),
        ("[pipelines]", {"pipelines"}),
        ("\ufeff[aliases]", {"aliases"}),
        ("[[models.a.deployments]]\ndeployment_id = 'd'", {"models"}),
    ],
)
def test_the_parts_that_a_declaration_is_about(text, parts):
    assert read(text).parts == parts


def test_a_deployment_that_says_only_its_id():
    (found,) = read("[[models.m.deployments]]\ndeployment_id = 'd'").deployments["m"]
    assert found == Deployment("d", "", None, None)


# --- several documents ---


def test_documents_are_laid_together():
    one = document("A", aliases={"x": "m"}, models=["m"], counts={"models": 3}, notes=["a"])
    two = document(
        "B", models=["n"], deployments={"m": (deployment(),)}, counts={"models": 2, "deployments": 1}, notes=["b"]
    )
    three = document("C", pipelines={"p": ("x",)})
    merged = facts.merge([one, two, three])
    assert merged == document(
        aliases={"x": "m"},
        models=["m", "n"],
        deployments={"m": (deployment(),)},
        pipelines={"p": ("x",)},
        counts={"models": 3, "deployments": 1},
        notes=["a", "b"],
    )._replace(sources=("A", "B", "C"))
    assert merged.source == "A, B, C"


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        ({"aliases": {"x": "m"}}, {"aliases": {"x": "m"}}, "B has 'x' in its aliases, and so does A"),
        ({"models": ["m"]}, {"models": ["m"]}, "B has 'm' in its models, and so does A"),
        ({"pipelines": {"p": ()}}, {"pipelines": {"p": ()}}, "B has 'p' in its pipelines, and so does A"),
        ({"deployments": {"m": (deployment(),)}}, {"deployments": {"m": (deployment(),)}}, "B has 'm' in its deployments, and so does A"),
    ],
)  # fmt: skip
def test_two_documents_that_tell_of_the_same(first, second, reason):
    assert refusal(facts.merge, [document("A", **first), document("B", **second)]) == reason


@pytest.mark.parametrize(
    ("text", "deployments"),
    [
        ("", {}),
        ("model_type = 'pytorch'", {}),
        ("model_type = 'pytorch'\ndeployments = []", {"m": ()}),
        ("model_type = 'pytorch'\ndeployments = [{deployment_id = 'd'}]", {"m": (Deployment("d", "", None, None),)}),
    ],
)
def test_a_declaration_says_something_of_deployments_only_where_it_lists_them(text, deployments):
    assert read(f"[models.m]\n{text}").deployments == deployments


# --- writing ---


SOME = catalog(
    {"z": "m", "a": "m", "lost": "gone"},
    [model("n"), model("m", "pytorch", metadata={"k": 1}, deployments=[deployment(priority="low"), deployment("e")])],
    pipelines={"q": ("a",), "p": ()},
)


def test_a_catalog_as_a_declaration_reads_as_the_same():
    read_as = facts.declaration(facts.to_declaration(SOME), "FILE")
    assert list(read_as.aliases.items()) == [("a", "m"), ("lost", "gone"), ("z", "m")]
    assert list(read_as.models) == ["m", "n"]
    assert list(read_as.pipelines.items()) == [("p", Pipeline(())), ("q", Pipeline(("a",)))]
    assert read_as.models == {"m": SOME.models["m"]._replace(deployments=None), "n": SOME.models["n"]}
    assert read_as.deployments == {"m": SOME.models["m"].deployments}
    assert read(to_toml(facts.to_declaration(SOME))) == read_as


def test_an_empty_catalog_as_a_declaration():
    assert facts.to_declaration(catalog()) == {"aliases": {}, "pipelines": {}}


@pytest.mark.parametrize(
    ("kind", "deployments", "written"),
    [
        ("pytorch", (), {"deployments": []}),
        ("pytorch", None, {}),
        ("lang_ident", (), {}),
        ("pytorch", [Deployment("d", "", None, 1)], {"deployments": [{"deployment_id": "d", "state": "", "target_allocation_count": 1}]}),
    ],
)  # fmt: skip
def test_only_what_is_known_of_deployments_is_written(kind, deployments, written):
    assert to_model_document(model("m", kind, deployments=deployments)) == {"model_type": kind} | written


def test_a_catalog_as_an_answer():
    assert facts.to_answer(SOME) == {
        "count": 2,
        "trained_model_configs": [
            {"model_id": "m", "model_type": "pytorch", "metadata": {"k": 1, "model_aliases": ["a", "z"]}},
            {"model_id": "n"},
        ],
    }


# --- text ---


@pytest.mark.parametrize("value", [-(2**63), 2**63 - 1, 1.5, True, '\u202e\x7f\u009b\t\n"\\', "é"])
def test_what_toml_and_json_both_hold(value):
    document = {"x": value, "deep": [{"er": value}]}
    assert read_toml(to_toml(document), "FILE") == document
    assert read_toml(to_toml(document, ascii_only=True), "FILE") == document
    assert parse_json(to_json(document), "FILE") == document


def test_control_and_bidi_characters_are_written_as_escapes():
    assert to_toml({"x": "a\x9b\u202e\u200b\U000e0001é"}) == 'x = "a\\U0000009b\\U0000202e\\U0000200b\\U000e0001é"\n'
    assert to_toml({"x": "é\U000e0001"}, ascii_only=True) == 'x = "\\U000000e9\\U000e0001"\n'
    assert to_json({"x": "é\u202e"}) == '{\n  "x": "\\u00e9\\u202e"\n}\n'


def nested(depth):
    return "[" * depth + "]" * depth


def test_the_deepest_nesting():
    assert read_toml(f"x = {nested(63)}", "FILE")
    assert parse_json(f'{{"x": {nested(63)}}}', "FILE")
    for function, text in ((read_toml, f"x = {nested(64)}"), (parse_json, f'{{"x": {nested(64)}}}')):
        assert refusal(function, text, "FILE") == "FILE is nested more than 64 levels deep"


def test_a_date_becomes_text_in_json():
    assert to_json(read_toml("x = 2026-11-24T10:04:11Z", "FILE")) == '{\n  "x": "2026-11-24T10:04:11+00:00"\n}\n'
