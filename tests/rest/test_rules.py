"""The rules of aliases, as the official Python client meets them: status, type of error, and the aliases after."""

import pytest
from elasticsearch import ApiError, Elasticsearch, ElasticsearchWarning

FIRST, SECOND = "flight-delay-prediction-1574775339910", "flight-delay-prediction-1580004349800"
SLIM, LATE = "flight-delay-slim-1612000000000", "flight-delayed-classification-1601405047985"
SST2, E5 = "distilbert-base-uncased-finetuned-sst-2-english", ".multilingual-e5-small"
VALIDATION, STATUS, MISSING = (
    "action_request_validation_exception",
    "status_exception",
    "resource_not_found_exception",
)
DELETED = object()


@pytest.fixture
def client(server):
    with Elasticsearch(server.url, retry_on_timeout=False, max_retries=0) as found:
        yield found


def put(model, alias, reassign=None):
    return lambda client: client.ml.put_trained_model_alias(model_id=model, model_alias=alias, reassign=reassign)


def delete(model, alias):
    return lambda client: client.ml.delete_trained_model_alias(model_id=model, model_alias=alias)


def drop(model, force=None):
    return lambda client: client.ml.delete_trained_model(model_id=model, force=force)


def pipeline(*names, name="new"):
    processors = [{"inference": {"model_id": used}} for used in names]
    return lambda client: client.ingest.put_pipeline(id=name, processors=processors)


def start(model, **more):
    return lambda client: client.ml.start_trained_model_deployment(model_id=model, **more)


def stop(deployment, **more):
    return lambda client: client.ml.stop_trained_model_deployment(model_id=deployment, **more)


def model(model_id, **config):
    return lambda client: client.ml.put_trained_model(model_id=model_id, **config)


REGRESSION = {"inference_config": {"regression": {}}, "input": {"field_names": ["a"]}}
TREE = {**REGRESSION, "model_type": "tree_ensemble", "input": {"field_names": ["a"]}}

# name, what is done first, what is asked, status, type of error, aliases that differ from the sample afterwards
CASES = [
    ("create", [], put(SECOND, "new"), 200, None, {"new": SECOND}),
    ("create on a packaged model", [], put(E5, "embedding"), 200, None, {"embedding": E5}),
    ("reassign a new alias", [], put(SECOND, "new", True), 200, None, {"new": SECOND}),
    ("reassign", [], put(SECOND, "flight_delay_model", True), 200, None, {"flight_delay_model": SECOND}),
    ("reassign to the same", [], put(FIRST, "flight_delay_model", True), 200, None, {}),
    ("taken by the same", [], put(FIRST, "flight_delay_model"), 400, STATUS, {}),
    ("taken by another", [], put(SECOND, "flight_delay_model"), 400, STATUS, {}),
    ("taken, said outright", [], put(SECOND, "flight_delay_model", False), 400, STATUS, {}),
    ("equal names", [], put(SECOND, SECOND), 400, VALIDATION, {}),
    ("equal names, valid as an alias", [], put("sst-2-draft", "sst-2-draft"), 400, VALIDATION, {}),
    ("ends in a digit", [], put(SECOND, "v1"), 400, VALIDATION, {}),
    ("ends in a letter", [], put(SECOND, "1v"), 200, None, {"1v": SECOND}),
    ("ends in a dash", [], put(SECOND, "prod-"), 400, VALIDATION, {}),
    ("begins with a dot", [], put(SECOND, ".a"), 400, VALIDATION, {}),
    ("upper case", [], put(SECOND, "Prod"), 400, VALIDATION, {}),
    ("a slash", [], put(SECOND, "a/b"), 400, VALIDATION, {}),
    ("a wildcard", [], put(SECOND, "*"), 400, VALIDATION, {}),
    ("everything's name", [], put(SECOND, "_all"), 400, VALIDATION, {}),
    ("a lone digit", [], put(SECOND, "7"), 400, VALIDATION, {}),
    ("a newline at the end", [], put(SECOND, "prod\n"), 400, VALIDATION, {}),
    ("every character", [], put(SECOND, "a.b-c_d"), 200, None, {"a.b-c_d": SECOND}),
    ("200 characters", [], put(SECOND, "a" * 200), 200, None, {"a" * 200: SECOND}),
    ("201 characters", [], put(SECOND, "a" * 201), 400, VALIDATION, {}),
    ("the id of a model", [], put(SECOND, "sst-2-draft"), 400, STATUS, {}),
    ("no such model", [], put("none", "new"), 404, MISSING, {}),
    ("an alias in the model's place", [], put("sentiment", "new"), 404, MISSING, {}),
    ("taken goes before missing", [], put("none", "flight_delay_model"), 400, STATUS, {}),
    ("a bad name goes before missing", [], put("none", "v1"), 400, VALIDATION, {}),
    ("missing, on reassigning", [], put("none", "flight_delay_model", True), 404, MISSING, {}),
    ("another inference type", [], put(LATE, "flight_delay_model", True), 400, STATUS, {}),
    ("another model type", [], put("lang_ident_model_1", "flight_delayed", True), 400, STATUS, {}),
    ("no model type is a type", [model("bare", **REGRESSION, compressed_definition="x")], put("bare", "flight_delay_model", True), 400, STATUS,
     {}),
    ("an undeployed model", [], put("sst-2-draft", "sentiment", True), 400, STATUS, {}),
    ("a deployed model", [], put("sst-2-next", "sentiment", True), 200, None, {"sentiment": "sst-2-next"}),
    ("deployed just now", [start("sst-2-draft")], put("sst-2-draft", "sentiment", True), 200, None,
     {"sentiment": "sst-2-draft"}),
    ("no longer deployed", [stop("sst-2-next")], put("sst-2-next", "sentiment", True), 400, STATUS, {}),
    ("from undeployed to undeployed", [put(E5, "embedding")],
     put("sentence-transformers__msmarco-minilm-l-12-v3", "embedding", True), 200, None,
     {"embedding": "sentence-transformers__msmarco-minilm-l-12-v3"}),
    ("too few fields", [], put(SLIM, "flight_delay_model", True), "W", None, {"flight_delay_model": SLIM}),
    ("a second alias of a model", [], put(FIRST, "other"), 200, None, {"other": FIRST}),
    ("delete", [], delete(LATE, "flight_delayed"), 200, None, {"flight_delayed": DELETED}),
    ("delete and create again", [delete(LATE, "flight_delayed")], put(FIRST, "flight_delayed"), 200, None,
     {"flight_delayed": FIRST}),
    ("delete what is not", [], delete(LATE, "none"), 404, STATUS, {}),
    ("delete what cannot be", [], delete(LATE, "V1/"), 404, STATUS, {}),
    ("delete from another model", [], delete(FIRST, "flight_delayed"), 409, STATUS, {}),
    ("delete from no model", [], delete("none", "flight_delayed"), 409, STATUS, {}),
    ("delete what a pipeline names", [], delete(FIRST, "flight_delay_model"), 409, STATUS, {}),
    ("delete what a new pipeline names", [pipeline("elser")], delete(".elser_model_2", "elser"), 409, STATUS, {}),
    ("delete while deployed", [], delete(".elser_model_2", "elser"), 200, None, {"elser": DELETED}),
    ("delete once no pipeline uses it", [lambda client: client.ingest.delete_pipeline(id="flights")],
     delete(FIRST, "flight_delay_model"), 200, None, {"flight_delay_model": DELETED}),
    ("delete a model with aliases", [], drop(LATE), 200, None, {"flight_delayed": DELETED, "is-flight-late": DELETED}),
    ("delete no model", [], drop("none"), 404, MISSING, {}),
    ("delete a model by alias", [], drop("flight_delayed"), 404, MISSING, {}),
    ("delete a model that a pipeline names", [], drop("lang_ident_model_1"), 409, STATUS, {}),
    ("delete a model whose alias a pipeline names", [], drop(FIRST), 409, STATUS, {}),
    ("delete a deployed model", [], drop("sst-2-next"), 409, STATUS, {}),
    ("delete it by force", [], drop(FIRST, force=True), 200, None, {"flight_delay_model": DELETED}),
    ("a model named like an alias", [], model("sentiment", **TREE), 400, STATUS, {}),
    ("a model that exists", [], model(FIRST, **TREE), 400, "resource_already_exists_exception", {}),
    ("a model of no valid id", [], model("Upper", **TREE), 400, VALIDATION, {}),
    ("a deployment that exists", [], start("sst-2-next"), 400, STATUS, {}),
    ("deploy a tree", [], start(FIRST), 400, STATUS, {}),
    ("deploy no model", [], start("none"), 404, MISSING, {}),
    ("stop what no pipeline names", [], stop("sentiment-for-ingest"), 200, None, {}),
]  # fmt: skip


@pytest.mark.parametrize(("first", "asked", "status", "kind", "after"), [case[1:] for case in CASES],
                         ids=[case[0] for case in CASES])  # fmt: skip
def test_case(server, client, first, asked, status, kind, after):
    before = server.aliases()
    for step in first:
        step(client)
    if status == "W":
        with pytest.warns(ElasticsearchWarning, match="input fields"):
            assert asked(client)["acknowledged"] is True
    elif status == 200:  # a warning would be an error
        asked(client)
    else:
        with pytest.raises(ApiError) as caught:
            asked(client)
        assert (caught.value.status_code, caught.value.error) == (status, kind)
    expected = {alias: target for alias, target in (before | after).items() if target is not DELETED}
    assert server.aliases() == expected
    assert told(client) == expected


def told(client):
    """The aliases as the server tells them."""
    answer = client.ml.get_trained_models(size=1000)
    configs = answer["trained_model_configs"]
    assert answer["count"] == len(configs)
    return {alias: one["model_id"] for one in configs for alias in one.get("metadata", {}).get("model_aliases", ())}


@pytest.mark.parametrize(
    ("old", "shared", "warns"),
    [(1, 0, True), (1, 1, False), (2, 0, True), (2, 1, False), (3, 1, True), (3, 2, False),
     (4, 1, True), (4, 2, False), (5, 2, True), (5, 3, False)],
)  # fmt: skip
def test_a_move_warns_where_fewer_than_half_of_the_old_fields_stay(client, old, shared, warns):
    fields = [f"field-{index}" for index in range(old)]
    news = [f"new-{index}" for index in range(7)]  # what is gained does not count
    client.ml.put_trained_model(model_id="old", **{**TREE, "input": {"field_names": fields}})
    client.ml.put_trained_model(model_id="new", **{**TREE, "input": {"field_names": fields[:shared] + news}})
    put("old", "moving")(client)
    if warns:
        with pytest.warns(ElasticsearchWarning):
            put("new", "moving", True)(client)
    else:
        put("new", "moving", True)(client)
    assert told(client)["moving"] == "new"


def test_a_move_is_in_the_history(server, client):
    from mlalias.stores.directory.store import DirectoryStore

    put(SECOND, "flight_delay_model", True)(client)
    entry = DirectoryStore(server.directory).read().history[-1]
    assert entry.command == "serve"
    assert entry.changes == (("flight_delay_model", SECOND, FIRST),)
