import co.elastic.clients.elasticsearch.ElasticsearchClient;
import co.elastic.clients.elasticsearch._types.ElasticsearchException;
import co.elastic.clients.elasticsearch.ml.*;
import java.util.List;
import java.util.Map;

/**
 * Every call of the typed client on the routes of `mlalias serve`, against the URL that is given: a line for each that
 * fails, and how many passed. This client is the strictest: it throws where an answer lacks a key that is required.
 */
public final class TypedCalls {
    interface Act { Object run() throws Exception; }

    private static int passed, all;

    static void call(String name, Act act) {
        all++;
        try {
            if (Boolean.FALSE.equals(act.run())) throw new AssertionError("not so");
            passed++;
        } catch (Throwable thrown) {
            System.out.println("FAIL " + name + ": " + thrown + (thrown.getCause() == null ? "" : " <- " + thrown.getCause()));
        }
    }

    /** Generation 8 throws an exception of its low-level client for some statuses. */
    static void refused(String name, int status, Act act) {
        call(name, () -> {
            try {
                act.run();
            } catch (ElasticsearchException error) {
                return error.status() == status && !error.error().rootCause().isEmpty();
            } catch (java.io.IOException error) {
                return error.getMessage().contains(" " + status + " ");
            }
            return false;
        });
    }

    static PutTrainedModelResponse put(ElasticsearchMlClient ml, String id, InferenceConfigCreate config) throws Exception {
        return ml.putTrainedModel(b -> b.modelId(id).modelType(TrainedModelType.Pytorch).input(i -> i.fieldNames("text")).inferenceConfig(config));
    }

    static TrainedModelAssignment complete(TrainedModelAssignment found) {
        if (found.routingTable().isEmpty() || found.taskParameters().queueCapacity() < 1) throw new AssertionError("routes, queue");
        return found;
    }

    static List<TrainedModelStats> stats(ElasticsearchMlClient ml, String expression) throws Exception {
        var found = ml.getTrainedModelsStats(b -> b.modelId(expression)).trainedModelStats();
        for (var one : found) {
            if (one.modelSizeStats() == null) throw new AssertionError("model_size_stats");
            if (one.deploymentStats() != null && one.deploymentStats().nodes().isEmpty()) throw new AssertionError("nodes");
        }
        return found;
    }

    public static void main(String[] arguments) {
        ElasticsearchClient es = Connect.to(arguments[0]);
        ElasticsearchMlClient ml = es.ml();
        call("info", () -> es.info().version().number());
        call("ping", () -> es.ping().value());

        var configs = Map.ofEntries(
            Map.entry("ner", InferenceConfigCreate.of(c -> c.ner(o -> o.classificationLabels("O", "B_PER", "I_PER")))),
            Map.entry("classes", InferenceConfigCreate.of(c -> c.textClassification(o -> o.classificationLabels("a", "b").numTopClasses(2)))),
            Map.entry("embedding", InferenceConfigCreate.of(c -> c.textEmbedding(o -> o.embeddingSize(384).tokenization(t -> t.mpnet(m -> m))))),
            Map.entry("expansion", InferenceConfigCreate.of(c -> c.textExpansion(o -> o.tokenization(t -> t.roberta(r -> r.addPrefixSpace(true)))))),
            Map.entry("mask", InferenceConfigCreate.of(c -> c.fillMask(o -> o.numTopClasses(1)))),
            Map.entry("answers", InferenceConfigCreate.of(c -> c.questionAnswering(o -> o.maxAnswerLength(9)))),
            Map.entry("zero", InferenceConfigCreate.of(c -> c.zeroShotClassification(o -> o.classificationLabels("entailment", "neutral", "contradiction").labels("a")))),
            Map.entry("pass", InferenceConfigCreate.of(c -> c.passThrough(o -> o.resultsField("raw")))));
        configs.forEach((id, config) -> call("put " + id, () -> put(ml, id, config).inferenceConfig()._kind().equals(config._kind())));
        call("put a tree", () -> ml.putTrainedModel(b -> b.modelId("tree").input(i -> i.fieldNames("a", "b")).modelType(TrainedModelType.TreeEnsemble)
            .inferenceConfig(c -> c.regression(r -> r.resultsField("delay"))).definition(d -> d.trainedModel(t -> t.tree(o -> o.featureNames("a").targetType("regression")
                .treeStructure(n -> n.nodeIndex(0).leafValue(1.0)))))).createTime());
        call("put a ranker", () -> ml.putTrainedModel(b -> b.modelId("ranker").modelType(TrainedModelType.TreeEnsemble).inferenceConfig(c -> c.learningToRank(o -> o.numTopFeatureImportanceValues(0)))).modelId());
        for (String time : List.of("first", "second"))
            call("put ELSER, " + time, () -> ml.putTrainedModel(b -> b.modelId(".elser_model_2").input(i -> i.fieldNames("text_field"))).inferenceConfig().isTextExpansion());
        refused("put what exists", 400, () -> put(ml, "ner", configs.get("ner")));
        refused("put a bad id", 400, () -> put(ml, "Upper", configs.get("ner")));
        call("put a part of a definition", () -> ml.putTrainedModelDefinitionPart(b -> b.modelId("pass").part(0).totalParts(1).totalDefinitionLength(4).definition("AAAAAA==")).acknowledged());
        call("put a vocabulary", () -> ml.putTrainedModelVocabulary(b -> b.modelId("pass").vocabulary("[PAD]", "a")).acknowledged());

        call("get all", () -> ml.getTrainedModels(b -> b.size(1000)).trainedModelConfigs().size() == 11);
        for (Include include : Include.values())
            call("get with " + include.jsonValue(), () -> ml.getTrainedModels(b -> b.modelId("ner").include(include)).count() == 1);
        call("get without what is generated", () -> ml.getTrainedModels(b -> b.modelId("ner").excludeGenerated(true)).trainedModelConfigs().get(0).createTime() == null);
        refused("get nothing", 404, () -> ml.getTrainedModels(b -> b.modelId("none")));

        call("put an alias", () -> ml.putTrainedModelAlias(b -> b.modelId("classes").modelAlias("sentiment")).acknowledged());
        refused("put it again", 400, () -> ml.putTrainedModelAlias(b -> b.modelId("classes").modelAlias("sentiment")));
        call("move it", () -> ml.putTrainedModelAlias(b -> b.modelId("classes").modelAlias("sentiment").reassign(true)).acknowledged());
        call("get by it", () -> ml.getTrainedModels(b -> b.modelId("sentiment")).trainedModelConfigs().get(0).metadata().modelAliases().equals(List.of("sentiment")));

        call("start", () -> complete(ml.startTrainedModelDeployment(b -> b.modelId("classes")).assignment()));
        call("start with everything", () -> complete(ml.startTrainedModelDeployment(b -> b.modelId("ner").deploymentId("search").numberOfAllocations(2).threadsPerAllocation(4)
            .queueCapacity(50).cacheSize("10mb").priority(TrainingPriority.Normal).waitFor(DeploymentAllocationState.Started).timeout(t -> t.time("10s"))).assignment()));
        call("start adaptively", () -> complete(ml.startTrainedModelDeployment(b -> b.modelId("embedding").adaptiveAllocations(a -> a.enabled(true).minNumberOfAllocations(1).maxNumberOfAllocations(3))).assignment()));
        refused("start twice", 400, () -> ml.startTrainedModelDeployment(b -> b.modelId("classes")));
        refused("start a tree", 400, () -> ml.startTrainedModelDeployment(b -> b.modelId("tree")));
        call("update", () -> complete(ml.updateTrainedModelDeployment(b -> b.modelId("search").numberOfAllocations(3)).assignment()).taskParameters().numberOfAllocations() == 3);
        call("clear the cache", () -> ml.clearTrainedModelDeploymentCache(b -> b.modelId("search")).cleared());
        call("statistics of a deployment", () -> stats(ml, "search").get(0).deploymentStats().numberOfAllocations() == 3);
        call("statistics of a pattern", () -> stats(ml, "sea*").size() == 1);
        call("statistics of all", () -> stats(ml, "*").size() == 11);
        refused("statistics of nothing", 404, () -> stats(ml, "none"));

        call("put a pipeline", () -> es.ingest().putPipeline(b -> b.id("flights").description("delays").processors(o -> o.inference(i -> i.modelId("sentiment").inferenceConfig(c -> c.regression(r -> r))))).acknowledged());
        call("get pipelines", () -> es.ingest().getPipeline().toString().contains("sentiment"));
        call("statistics of what it names", () -> !stats(ml, "classes").get(0).ingest().isEmpty());
        refused("delete an alias that it names", 409, () -> ml.deleteTrainedModelAlias(b -> b.modelId("classes").modelAlias("sentiment")));
        call("delete it", () -> es.ingest().deletePipeline(b -> b.id("flights")).acknowledged());
        call("delete the alias", () -> ml.deleteTrainedModelAlias(b -> b.modelId("classes").modelAlias("sentiment")).acknowledged());

        call("stop", () -> ml.stopTrainedModelDeployment(b -> b.modelId("search")).stopped());
        call("stop nothing", () -> ml.stopTrainedModelDeployment(b -> b.modelId("none")).stopped());
        refused("stop nothing, which is not allowed", 404, () -> ml.stopTrainedModelDeployment(b -> b.modelId("none").allowNoMatch(false)));
        refused("delete what is deployed", 409, () -> ml.deleteTrainedModel(b -> b.modelId("classes")));
        call("delete it by force", () -> ml.deleteTrainedModel(b -> b.modelId("classes").force(true)).acknowledged());
        System.out.println(passed + " of " + all);
        System.exit(0);
    }
}
