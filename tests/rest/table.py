"""What Elasticsearch does of deployments, models and pipelines, an act a row: status, type of error, keys, source.

`keys` are values at dotted paths of the answer (`...` is any value, ABSENT none); `first` is done before, and must be
answered 200. The sources are the API's own pages, its YAML tests, classes and pull requests.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

ABSENT = object()
API = "https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-ml-"
GITHUB = "https://github.com/elastic/elasticsearch"
ML = f"{GITHUB}/blob/main/x-pack/plugin/ml/src/main/java/org/elasticsearch/xpack/ml"
CORE = f"{GITHUB}/blob/main/x-pack/plugin/core/src/main/java/org/elasticsearch/xpack/core/ml"
YAML = f"{GITHUB}/blob/main/x-pack/plugin/src/yamlRestTest/resources/rest-api-spec/test/ml"
START = f"{API}start-trained-model-deployment"
START_ACTION = f"{ML}/action/TransportStartTrainedModelDeploymentAction.java"
START_REQUEST = f"{CORE}/action/StartTrainedModelDeploymentAction.java"
STOP = f"{API}stop-trained-model-deployment"
STOP_ACTION = f"{ML}/action/TransportStopTrainedModelDeploymentAction.java"
UPDATE = f"{API}update-trained-model-deployment"
STATS = f"{API}get-trained-models-stats"
STATS_ACTION = f"{ML}/action/TransportGetTrainedModelsStatsAction.java"
GET = f"{API}get-trained-models"
PUT = f"{API}put-trained-model"
PUT_ACTION = f"{ML}/action/TransportPutTrainedModelAction.java"
CONFIG = f"{CORE}/inference/TrainedModelConfig.java"
DELETE = f"{API}delete-trained-model"
DEPLOYED = f"{YAML}/3rd_party_deployment.yml"
CRUD = f"{YAML}/inference_crud.yml"
PIPELINE = "https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-ingest-put-pipeline"

MODELS, PIPELINES = "/_ml/trained_models", "/_ingest/pipeline"
DRAFT, NEXT, SST2 = "sst-2-draft", "sst-2-next", "distilbert-base-uncased-finetuned-sst-2-english"
TREE_MODEL, E5 = "flight-delay-slim-1612000000000", ".multilingual-e5-small"

VALIDATION, STATUS, ILLEGAL = (
    "action_request_validation_exception",
    "status_exception",
    "illegal_argument_exception",
)
PARSE, MISSING, EXISTS = (
    "x_content_parse_exception",
    "resource_not_found_exception",
    "resource_already_exists_exception",
)


class Act(NamedTuple):
    """A request."""

    method: str
    path: str
    body: Any = None


class Row(NamedTuple):
    """An act, and what comes of it."""

    name: str
    act: Act
    status: int
    type: str | None
    keys: Mapping[str, Any]
    source: str
    first: tuple[Act, ...] = ()


def deployment(verb: str, name: str, query: str = "", body: Any = None) -> Act:
    return Act("POST", f"{MODELS}/{name}/deployment/_{verb}{query}", body)


def start(name: str, query: str = "", body: Any = None) -> Act:
    return deployment("start", name, query, body)


def stop(name: str, query: str = "", body: Any = None) -> Act:
    return deployment("stop", name, query, body)


def put(name: str, body: Any, query: str = "") -> Act:
    return Act("PUT", f"{MODELS}/{name}{query}", body)


def get(name: str = "", query: str = "") -> Act:
    return Act("GET", f"{MODELS}/{name}{query}".rstrip("/"))


def stats(name: str, query: str = "") -> Act:
    return Act("GET", f"{MODELS}/{name}/_stats{query}")


def alias(name: str, model: str = DRAFT) -> Act:
    return Act("PUT", f"{MODELS}/{model}/model_aliases/{name}")


def pipeline(*names: str, name: str = "new") -> Act:
    return Act("PUT", f"{PIPELINES}/{name}", {"processors": [{"inference": {"model_id": used}} for used in names]})


NER = {"model_type": "pytorch", "inference_config": {"ner": {}}}
TREE = {
    "model_type": "tree_ensemble",
    "input": {"field_names": ["a"]},
    "inference_config": {"regression": {}},
}
ELSER = {"input": {"field_names": ["text_field"]}}
TASK, ENTRY = "assignment.task_parameters", "trained_model_stats.0"
DEPLOYMENT = f"{ENTRY}.deployment_stats"
CONFIGS = "trained_model_configs.0"

DEPLOYMENTS = [
    # --- starting ---
    Row("start", start(DRAFT), 200, None,
        {f"{TASK}.deployment_id": DRAFT, f"{TASK}.model_id": DRAFT, f"{TASK}.number_of_allocations": 1,
         f"{TASK}.threads_per_allocation": 1, f"{TASK}.queue_capacity": 10000, f"{TASK}.priority": "normal",
         f"{TASK}.model_bytes": ..., f"{TASK}.per_deployment_memory_bytes": ..., f"{TASK}.cache_size": ...,
         f"{TASK}.per_allocation_memory_bytes": ..., "assignment.assignment_state": "started",
         "assignment.start_time": ..., "assignment.routing_table.mlalias.routing_state": "started",
         "assignment.routing_table.mlalias.current_allocations": 1, "assignment.max_assigned_allocations": 1,
         "assignment.adaptive_allocations": None}, START),
    Row("start under another id", start(DRAFT, "?deployment_id=mine"), 200, None, {f"{TASK}.deployment_id": "mine"}, START),
    Row("an id in upper case", start(DRAFT, "?deployment_id=Mine"), 200, None, {f"{TASK}.deployment_id": "Mine"}, START_REQUEST),
    Row("start by an alias: it is the deployment's id", start("draft"), 200, None, {f"{TASK}.deployment_id": "draft", f"{TASK}.model_id": DRAFT}, START_ACTION, (alias("draft"),)),
    Row("a body", start(DRAFT, "", {"number_of_allocations": 4, "priority": "NORMAL", "queue_capacity": 7}), 200, None, {f"{TASK}.number_of_allocations": 4, f"{TASK}.queue_capacity": 7}, START),
    Row("the URL wins over the body", start(DRAFT, "?number_of_allocations=2", {"number_of_allocations": 4}), 200, None, {f"{TASK}.number_of_allocations": 2}, f"{GITHUB}/pull/110204"),
    Row("a deployment_id in the body alone is overwritten", start(DRAFT, "", {"deployment_id": "mine"}), 200, None, {f"{TASK}.deployment_id": DRAFT}, START_REQUEST),
    Row("an empty body is none", start(DRAFT, "", {}), 200, None, {f"{TASK}.deployment_id": DRAFT}, START),
    Row("a size is normalized", start(DRAFT, "?cache_size=1.5KB"), 200, None, {f"{TASK}.cache_size": "1536b"}, START),
    Row("a size in larger units", start(DRAFT, "", {"cache_size": "2048kb"}), 200, None, {f"{TASK}.cache_size": "2mb"}, START),
    Row("a size of 0", start(DRAFT, "", {"cache_size": "0"}), 200, None, {f"{TASK}.cache_size": "0b"}, START),
    Row("a size without a unit", start(DRAFT, "", {"cache_size": "10"}), 400, PARSE, {"error.root_cause.0.type": "parse_exception"}, START),
    Row("adaptive allocations", start(DRAFT, "", {"adaptive_allocations": {"enabled": True, "min_number_of_allocations": 2, "max_number_of_allocations": 4}}), 200, None, {f"{TASK}.number_of_allocations": 2, "assignment.adaptive_allocations.max_number_of_allocations": 4}, f"{CORE}/inference/assignment/AdaptiveAllocationsSettings.java"),
    Row("adaptive allocations of none", start(DRAFT, "", {"adaptive_allocations": None}), 200, None, {"assignment.adaptive_allocations": None}, START),
    Row("adaptive allocations and a number", start(DRAFT, "?number_of_allocations=1", {"adaptive_allocations": {"enabled": True}}), 400, VALIDATION, {}, START_REQUEST),
    Row("more at least than at most", start(DRAFT, "", {"adaptive_allocations": {"enabled": True, "min_number_of_allocations": 3, "max_number_of_allocations": 2}}), 400, VALIDATION, {}, START_REQUEST),
    Row("below 0 at least", start(DRAFT, "", {"adaptive_allocations": {"enabled": True, "min_number_of_allocations": -1}}), 400, VALIDATION, {}, START_REQUEST),
    Row("no allocation", start(DRAFT, "?number_of_allocations=0"), 400, VALIDATION, {}, START_REQUEST),
    Row("three threads", start(DRAFT, "?threads_per_allocation=3"), 400, VALIDATION, {}, START_REQUEST),
    Row("32 threads", start(DRAFT, "?threads_per_allocation=32"), 200, None, {f"{TASK}.threads_per_allocation": 32}, START_REQUEST),
    Row("64 threads", start(DRAFT, "?threads_per_allocation=64"), 400, VALIDATION, {}, START_REQUEST),
    Row("no queue", start(DRAFT, "?queue_capacity=0"), 400, VALIDATION, {}, START_REQUEST),
    Row("the longest queue", start(DRAFT, "?queue_capacity=100000"), 200, None, {f"{TASK}.queue_capacity": 100000}, START_REQUEST),
    Row("too long a queue", start(DRAFT, "?queue_capacity=100001"), 400, VALIDATION, {}, START_REQUEST),
    Row("low priority", start(DRAFT, "?priority=low"), 200, None, {f"{TASK}.priority": "low"}, DEPLOYED),
    Row("low priority, two allocations", start(DRAFT, "?priority=low&number_of_allocations=2"), 400, VALIDATION, {}, DEPLOYED),
    Row("low priority, two threads", start(DRAFT, "?priority=low&threads_per_allocation=2"), 400, VALIDATION, {}, DEPLOYED),
    Row("an unknown priority", start(DRAFT, "?priority=high"), 400, ILLEGAL, {}, START),
    Row("an unknown state to wait for", start(DRAFT, "", {"wait_for": "later"}), 400, PARSE, {}, START),
    Row("an unknown key", start(DRAFT, "", {"nonsense": True}), 400, PARSE, {}, START_REQUEST),
    Row("null", start(DRAFT, "", {"priority": None}), 400, PARSE, {}, START_REQUEST),
    Row("an unknown parameter", start(DRAFT, "?nonsense=1"), 400, ILLEGAL, {}, START),
    Row("a time without a unit", start(DRAFT, "?timeout=10"), 400, ILLEGAL, {}, START),
    Row("another model in the body", start(DRAFT, "", {"model_id": NEXT}), 400, STATUS, {}, START_REQUEST),
    Row("a second start", start(NEXT), 400, STATUS, {}, START_ACTION),
    Row("a second start of an id that is taken", start(DRAFT, f"?deployment_id={NEXT}"), 400, STATUS, {}, DEPLOYED),
    Row("start what is not there", start("none"), 404, MISSING, {}, START_ACTION),
    Row("a deployment is no model", start("sentiment-for-search"), 400, STATUS, {}, START_ACTION),
    Row("start several", start("sst-2*", "?deployment_id=mine"), 400, STATUS, {}, START_ACTION),
    Row("start a tree", start(TREE_MODEL), 400, STATUS, {}, START_ACTION),
    Row("an id that is a model's", start(DRAFT, f"?deployment_id={TREE_MODEL}"), 400, STATUS, {}, DEPLOYED),
    Row("an id that is an alias, even of this model", start(DRAFT, "?deployment_id=draft"), 400, STATUS, {}, START_ACTION, (alias("draft"),)),
    # --- stopping ---
    Row("stop", stop("sentiment-for-search"), 200, None, {"stopped": True}, STOP),
    Row("what is not there is stopped", stop("none"), 200, None, {"stopped": True}, f"{GITHUB}/issues/80978"),
    Row("unless it is to be there", stop("none", "?allow_no_match=false"), 404, MISSING, {}, DEPLOYED),
    Row("the same in a body", stop("none", "", {"allow_no_match": False}), 404, MISSING, {}, STOP),
    Row("a model id stops nothing under another id", stats(SST2), 200, None, {f"{ENTRY}.deployment_stats.deployment_id": "sentiment-for-ingest", "trained_model_stats.1": ...}, STOP_ACTION, (stop(SST2),)),
    Row("an alias stops nothing", stats("sentiment"), 200, None, {"trained_model_stats.1": ...}, STOP_ACTION, (stop("sentiment"),)),
    Row("a wildcard stops nothing", stats("sentiment"), 200, None, {"trained_model_stats.1": ...}, STOP_ACTION, (stop("*"),)),
    Row("stop what a pipeline names", stop(NEXT), 409, STATUS, {}, STOP_ACTION, (pipeline(NEXT),)),
    Row("stop it by force", stop(NEXT, "?force=true"), 200, None, {"stopped": True}, STOP, (pipeline(NEXT),)),
    Row("stop it by force in a body", stop(NEXT, "", {"force": True, "finish_pending_work": True}), 200, None, {"stopped": True}, STOP, (pipeline(NEXT),)),
    Row("stop what a pipeline names by an alias", stop(NEXT), 409, STATUS, {}, STOP_ACTION, (alias("mine", NEXT), pipeline("mine"))),
    Row("an alias guards no other id", stop("sentiment-for-search"), 200, None, {"stopped": True}, STOP_ACTION, (pipeline("sentiment"),)),
    Row("a parameter beside a body", stop(NEXT, "?force=true", {"force": True}), 400, ILLEGAL, {}, STOP_ACTION),
    Row("an unknown key of a stop", stop(NEXT, "", {"id": NEXT}), 400, PARSE, {}, STOP_ACTION),
    Row("another model in the body of a stop", stop(NEXT, "", {"model_id": DRAFT}), 400, ILLEGAL, {}, STOP_ACTION),
    Row("a second stop", stop(NEXT), 200, None, {"stopped": True}, STOP, (stop(NEXT),)),
    # --- updating, clearing the cache ---
    Row("update", deployment("update", NEXT, "", {"number_of_allocations": 3}), 200, None, {f"{TASK}.number_of_allocations": 3, f"{TASK}.model_id": NEXT, "assignment.assignment_state": "started"}, UPDATE),
    Row("update nothing", deployment("update", NEXT, "", {}), 200, None, {f"{TASK}.number_of_allocations": ...}, UPDATE),
    Row("update without a body", deployment("update", NEXT), 400, "parse_exception", {}, UPDATE),
    Row("update what is not there", deployment("update", "none", "", {"number_of_allocations": 2}), 404, MISSING, {}, DEPLOYED),
    Row("update by an alias", deployment("update", "sentiment", "", {"number_of_allocations": 2}), 404, MISSING, {}, UPDATE),
    Row("update to no allocation", deployment("update", NEXT, "", {"number_of_allocations": 0}), 400, VALIDATION, {}, UPDATE),
    Row("update of something else", deployment("update", NEXT, "", {"queue_capacity": 2}), 400, PARSE, {}, UPDATE),
    Row("update to adaptive allocations", deployment("update", NEXT, "", {"adaptive_allocations": {"enabled": True, "max_number_of_allocations": 9}}), 200, None, {"assignment.adaptive_allocations.enabled": True}, UPDATE),
    Row("adaptive allocations are merged", deployment("update", NEXT, "", {"adaptive_allocations": {"enabled": False}}), 200, None, {"assignment.adaptive_allocations": {"enabled": False, "max_number_of_allocations": 9}}, UPDATE, (deployment("update", NEXT, "", {"adaptive_allocations": {"enabled": True, "max_number_of_allocations": 9}}),)),
    Row("adaptive allocations are removed", deployment("update", NEXT, "", {"adaptive_allocations": None}), 200, None, {"assignment.adaptive_allocations": None}, UPDATE, (deployment("update", NEXT, "", {"adaptive_allocations": {"enabled": True}}),)),
    Row("clear a cache", Act("POST", f"{MODELS}/{NEXT}/deployment/cache/_clear"), 200, None, {"cleared": True}, DEPLOYED),
    Row("clear no cache", Act("POST", f"{MODELS}/none/deployment/cache/_clear"), 404, MISSING, {}, DEPLOYED),
    # --- statistics ---
    Row("what was asked for is shown", stats("mine"), 200, None,
        {"count": 1, f"{DEPLOYMENT}.number_of_allocations": 2, f"{DEPLOYMENT}.threads_per_allocation": 4,
         f"{DEPLOYMENT}.queue_capacity": 50, f"{DEPLOYMENT}.cache_size": "10mb", f"{DEPLOYMENT}.priority": "normal",
         f"{DEPLOYMENT}.peak_throughput_per_minute": 0, f"{DEPLOYMENT}.start_time": ..., f"{DEPLOYMENT}.state": "started",
         f"{DEPLOYMENT}.allocation_status": {"allocation_count": 2, "target_allocation_count": 2, "state": "fully_allocated"},
         f"{DEPLOYMENT}.nodes.0.routing_state.routing_state": "started", f"{DEPLOYMENT}.nodes.0.node.mlalias.version": ...,
         f"{ENTRY}.inference_stats.inference_count": 0, f"{ENTRY}.inference_stats.timestamp": ...,
         f"{ENTRY}.model_size_stats.required_native_memory_bytes": ...}, STATS,
        (start(DRAFT, "?deployment_id=mine&number_of_allocations=2&threads_per_allocation=4&queue_capacity=50&cache_size=10mb"),)),
    Row("a deployment alone", stats("sentiment-for-search"), 200, None, {"count": 1, f"{DEPLOYMENT}.deployment_id": "sentiment-for-search", "trained_model_stats.1": ABSENT}, f"{GITHUB}/pull/95440"),
    Row("a pattern of deployments", stats("sentiment-for-*"), 200, None, {"count": 1, f"{DEPLOYMENT}.deployment_id": "sentiment-for-ingest", "trained_model_stats.1.deployment_stats.deployment_id": "sentiment-for-search"}, STATS_ACTION),
    Row("a deployment beside its model", stats(f"sentiment-for-search,{SST2}"), 200, None, {"count": 1, "trained_model_stats.1": ...}, STATS_ACTION),
    Row("a tree", stats(TREE_MODEL), 200, None, {f"{ENTRY}.model_size_stats.required_native_memory_bytes": 0, f"{ENTRY}.pipeline_count": 0, f"{ENTRY}.ingest": ABSENT, DEPLOYMENT: ABSENT}, STATS),
    Row("a model of a pipeline", stats(DRAFT), 200, None, {f"{ENTRY}.pipeline_count": 1, f"{ENTRY}.ingest.pipelines.new": ...}, STATS_ACTION, (pipeline(DRAFT),)),
    Row("ELSER's memory", stats(".elser_model_2"), 200, None, {f"{ENTRY}.model_size_stats.required_native_memory_bytes": 2101346304}, START_REQUEST),
    Row("statistics of nothing", stats("none"), 404, MISSING, {}, STATS),
    Row("statistics of no pattern", stats("none*"), 200, None, {"count": 0}, STATS),
    Row("statistics of no pattern, not allowed", stats("none*", "?allow_no_match=false"), 404, MISSING, {}, STATS),
]  # fmt: skip

CONFIGURATIONS = [
    # --- putting ---
    Row("put", put("m", NER), 200, None,
        {"model_id": "m", "model_type": "pytorch", "input": {"field_names": ["input"]}, "tags": [], "created_by": "api_user",
         "version": "12.0.0", "create_time": ..., "license_level": "platinum", "location.index.name": ...,
         "inference_config.ner.vocabulary.index": ..., "inference_config.ner.tokenization.bert.max_sequence_length": 512,
         "inference_config.ner.tokenization.bert.span": -1, "metadata": ABSENT}, PUT),
    Row("put a tree", put("m", TREE), 200, None, {"inference_config.regression.results_field": "predicted_value", "inference_config.regression.num_top_feature_importance_values": 0}, PUT),
    Row("one field may be a text", put("m", {**TREE, "input": {"field_names": "a"}, "tags": "t"}), 200, None, {"input.field_names": ["a"], "tags": ["t"]}, CONFIG),
    Row("a type in any case", put("m", {**NER, "model_type": " PyTorch"}), 200, None, {"model_type": "pytorch"}, CONFIG),
    Row("ELSER", put(".elser_model_2_linux-x86_64", ELSER), 200, None, {"model_type": "pytorch", "inference_config.text_expansion": ..., "tags": ["elastic"], "platform_architecture": "linux-x86_64", "model_package.packaged_model_id": "elser_model_2_linux-x86_64"}, f"{GITHUB}/pull/97733"),
    Row("ELSER again", put(".elser_model_2", ELSER), 200, None, {"model_type": "pytorch", "inference_config.text_expansion": ...}, f"{GITHUB}/pull/97733", (put(".elser_model_2", ELSER),)),
    Row("E5", put(".multilingual-e5-small_linux-x86_64", ELSER), 200, None, {"inference_config.text_embedding.embedding_size": 384, "inference_config.text_embedding.tokenization.xlm_roberta.max_sequence_length": 512}, f"{GITHUB}/pull/102089"),
    Row("a package that is not known", put(".nobody-knows", ELSER), 400, STATUS, {}, PUT_ACTION),
    Row("what a package sets", put(".elser_model_2", {**ELSER, "description": "mine"}), 400, VALIDATION, {}, PUT_ACTION),
    Row("no body", put("m", None), 400, "parse_exception", {}, PUT),
    Row("an unknown key", put("m", {**NER, "frobnicate": 1}), 400, PARSE, {}, CONFIG),
    Row("an unknown type of inference", put("m", {**NER, "inference_config": {"frobnicate": {}}}), 400, PARSE, {"error.root_cause.0.type": "named_object_not_found_exception", "error.caused_by.type": "named_object_not_found_exception"}, CONFIG),
    Row("an unknown key of it", put("m", {**NER, "inference_config": {"ner": {"bogus": 1}}}), 400, PARSE, {}, CONFIG),
    Row("an unknown model_type", put("m", {**NER, "model_type": "frobnicate"}), 400, PARSE, {}, CONFIG),
    Row("a vocabulary", put("m", {**NER, "inference_config": {"ner": {"vocabulary": {"index": "x"}}}}), 400, PARSE, {"error.root_cause.0.type": STATUS}, CRUD),
    Row("null", put("m", {**NER, "metadata": None}), 400, PARSE, {}, CONFIG),
    Row("no input", put("m", {"model_type": "tree_ensemble", "inference_config": {"regression": {}}}), 400, ILLEGAL, {}, CONFIG),
    Row("no inference_config", put("m", {"model_type": "pytorch", "input": {"field_names": ["a"]}}), 400, VALIDATION, {}, CONFIG),
    Row("no type, no definition", put("m", {"input": {"field_names": ["a"]}, "inference_config": {"ner": {}}}), 400, VALIDATION, {}, CONFIG),
    Row("no fields", put("m", {**TREE, "input": {"field_names": []}}), 400, VALIDATION, {}, CONFIG),
    Row("its own id as a tag", put("m", {**NER, "tags": ["m"]}), 400, VALIDATION, {}, CONFIG),
    Row("a tag that is no name", put("m", {**NER, "tags": ["Bad Tag"]}), 400, VALIDATION, {}, CONFIG),
    Row("aliases in metadata", put("m", {**TREE, "metadata": {"model_aliases": ["a"]}}), 400, VALIDATION, {}, CONFIG),
    Row("created_by", put("m", {**TREE, "created_by": "me"}), 400, VALIDATION, {}, CONFIG),
    Row("an id in upper case", put("Upper", TREE), 400, VALIDATION, {}, CONFIG),
    Row("an id of 64 characters", put("a" * 64, TREE), 200, None, {"model_id": "a" * 64}, CONFIG),
    Row("an id of 65 characters", put("a" * 65, TREE), 400, VALIDATION, {}, CONFIG),
    Row("another id in the body", put("m", {**TREE, "model_id": "other"}), 400, VALIDATION, {}, CONFIG),
    Row("two definitions", put("m", {**TREE, "definition": {"trained_model": {"tree": {}}}, "compressed_definition": "x"}), 400, PARSE, {}, CONFIG),
    Row("a definition of another target", put("m", {**TREE, "definition": {"trained_model": {"tree": {"target_type": "classification"}}}}), 400, STATUS, {}, CRUD),
    Row("a definition, which is not shown", put("m", {**TREE, "definition": {"trained_model": {"tree": {}}}}), 200, None, {"definition": ABSENT}, PUT),
    Row("a deferred definition without a size", put("m", {**TREE, "compressed_definition": "x"}, "?defer_definition_decompression"), 400, VALIDATION, {}, CRUD),
    Row("an id that is an alias", put("sentiment", TREE), 400, STATUS, {}, PUT_ACTION),
    Row("an id that is a deployment", put("sentiment-for-search", TREE), 400, STATUS, {}, DEPLOYED),
    Row("an id that is a tag", put("lang_ident", TREE), 400, STATUS, {}, PUT_ACTION),
    Row("a tag that is a model", put("m", {**TREE, "tags": [DRAFT]}), 400, STATUS, {}, PUT_ACTION),
    Row("an id that exists", put(DRAFT, NER), 400, EXISTS, {}, PUT_ACTION),
    # --- reading ---
    Row("definition_status", get(DRAFT, "?include=definition_status"), 200, None, {f"{CONFIGS}.fully_defined": True}, CRUD),
    Row("definition_status is not always told", get(DRAFT), 200, None, {f"{CONFIGS}.fully_defined": ABSENT}, CRUD),
    Row("definition_status of several", get("sst-2*", "?include=definition_status"), 400, STATUS, {}, f"{GITHUB}/pull/95271"),
    Row("definition_status of a tree", get(TREE_MODEL, "?include=definition_status"), 400, STATUS, {}, CRUD),
    Row("definition_status of none", get("none*", "?include=definition_status"), 200, None, {"count": 0}, GET),
    Row("definition of several", get("", "?include=definition"), 400, STATUS, {}, CRUD),
    Row("something else included", get("", "?include=other"), 400, ILLEGAL, {}, GET),
    Row("without what is generated", get(TREE_MODEL, "?exclude_generated"), 200, None, {f"{CONFIGS}.create_time": ABSENT, f"{CONFIGS}.license_level": ABSENT, f"{CONFIGS}.input.field_names": ...}, CRUD),
    Row("from below 0", get("", "?from=-1"), 400, ILLEGAL, {}, GET),
    # --- deleting ---
    Row("delete", Act("DELETE", f"{MODELS}/{DRAFT}"), 200, None, {"acknowledged": True}, DELETE),
    Row("delete what is not there", Act("DELETE", f"{MODELS}/none?force=true"), 404, MISSING, {}, CRUD),
    Row("delete by an alias", Act("DELETE", f"{MODELS}/sentiment"), 404, MISSING, {}, DELETE),
    Row("delete what is deployed", Act("DELETE", f"{MODELS}/{NEXT}"), 409, STATUS, {}, DELETE),
    Row("delete it by force", Act("DELETE", f"{MODELS}/{NEXT}?force=true&timeout=10s"), 200, None, {"acknowledged": True}, DELETE),
    Row("delete what a pipeline names", Act("DELETE", f"{MODELS}/{DRAFT}"), 409, STATUS, {}, CRUD, (pipeline(DRAFT),)),
    # --- uploads, inference ---
    Row("a part of a definition", Act("PUT", f"{MODELS}/m/definition/0", {"definition": "AAAA", "total_definition_length": 4, "total_parts": 2}), 200, None, {"acknowledged": True}, f"{API}put-trained-model-definition-part", (put("m", NER),)),
    Row("the last part tells the size", stats("m"), 200, None, {f"{ENTRY}.model_size_stats.model_size_bytes": 4}, f"{API}put-trained-model-definition-part", (put("m", NER), Act("PUT", f"{MODELS}/m/definition/0", {"definition": "AAAA", "total_definition_length": 4, "total_parts": 1}))),
    Row("a part beyond the last", Act("PUT", f"{MODELS}/{DRAFT}/definition/1", {"definition": "AAAA", "total_definition_length": 4, "total_parts": 1}), 400, VALIDATION, {}, f"{API}put-trained-model-definition-part"),
    Row("a part of no model", Act("PUT", f"{MODELS}/none/definition/0", {"definition": "AAAA", "total_definition_length": 4, "total_parts": 1}), 404, MISSING, {}, f"{API}put-trained-model-definition-part"),
    Row("a vocabulary", Act("PUT", f"{MODELS}/{DRAFT}/vocabulary", {"vocabulary": ["a"]}), 200, None, {"acknowledged": True}, f"{API}put-trained-model-vocabulary"),
    Row("an empty vocabulary", Act("PUT", f"{MODELS}/{DRAFT}/vocabulary", {"vocabulary": []}), 400, VALIDATION, {}, f"{API}put-trained-model-vocabulary"),
    Row("there is no inference here", Act("POST", f"{MODELS}/{DRAFT}/_infer", {"docs": []}), 400, ILLEGAL, {}, "a difference: there are no definitions"),
]  # fmt: skip

PIPES = [
    Row("put a pipeline", pipeline("sentiment"), 200, None, {"acknowledged": True}, PIPELINE),
    Row("a pipeline comes back whole", Act("GET", f"{PIPELINES}/reviews"), 200, None, {"reviews.description": "sentiment of each review"}, PIPELINE),
    Row("only the names", Act("GET", f"{PIPELINES}?summary=true"), 200, None, {"reviews": {}}, PIPELINE),
    Row("no processors", Act("PUT", f"{PIPELINES}/p", {}), 400, "parse_exception", {}, PIPELINE),
    Row("an inference processor without a model_id", Act("PUT", f"{PIPELINES}/p", {"processors": [{"inference": {}}]}), 400, "parse_exception", {}, f"{ML}/inference/ingest/InferenceProcessor.java"),
    Row("an unknown key of a pipeline", Act("PUT", f"{PIPELINES}/p", {"processors": [], "bogus": 1}), 400, "parse_exception", {}, PIPELINE),
    Row("a version that is no integer", Act("PUT", f"{PIPELINES}/p", {"processors": [], "version": "a"}), 400, "parse_exception", {}, PIPELINE),
    Row("a version that is not the present one", Act("PUT", f"{PIPELINES}/reviews?if_version=7", {"processors": []}), 400, ILLEGAL, {}, PIPELINE),
    Row("a version that is", Act("PUT", f"{PIPELINES}/p?if_version=7", {"processors": [], "version": 8}), 200, None, {"acknowledged": True}, PIPELINE, (Act("PUT", f"{PIPELINES}/p", {"processors": [], "version": 7}),)),
    Row("delete a pipeline", Act("DELETE", f"{PIPELINES}/reviews"), 200, None, {"acknowledged": True}, PIPELINE),
    Row("delete no pipeline", Act("DELETE", f"{PIPELINES}/none"), 404, MISSING, {}, PIPELINE),
]  # fmt: skip

TABLE = [*DEPLOYMENTS, *CONFIGURATIONS, *PIPES]
