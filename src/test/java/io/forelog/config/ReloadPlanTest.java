package io.forelog.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.config.ConfigStore.Snapshot;
import io.forelog.config.Namespace.Route;
import io.forelog.config.Namespace.State;
import io.forelog.config.ReloadPlan.Kind;
import io.forelog.config.ReloadPlan.Step;
import io.forelog.config.StoredDocument.Action;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class ReloadPlanTest {
    private final DocumentParser parser = new DocumentParser(Catalogue.BUILT, Map.of());
    private final Map<String, StoredDocument> documents = new TreeMap<>();
    private final Set<String> removed = new TreeSet<>();
    private final Map<String, AppliedRecord> applied = new HashMap<>();
    private final Map<String, Namespace> live = new HashMap<>();
    private String problem = "";

    static String targets(String... names) {
        StringBuilder yaml = new StringBuilder("targets:\n");
        for (String name : names) {
            yaml.append("  - {name: ").append(name).append(", type: log, default: true}\n");
        }
        return yaml.toString();
    }

    private void want(String namespace, String text) {
        StoredDocument before = documents.get(namespace);
        long revision = before == null ? 1 : before.revision() + 1;
        documents.put(
                namespace,
                new StoredDocument(namespace, revision, 0, "file", "", Action.PUT, text, namespace + ".yaml"));
    }

    private ReloadPlan plan() {
        return ReloadPlan.of(new Snapshot(problem, documents, removed), parser, "default", applied, live, Set.of());
    }

    /** As the reconciler does it where everything works. */
    private ReloadPlan apply() {
        ReloadPlan plan = plan();
        for (Step step : plan.steps()) {
            Namespace to = step.to();
            live.put(to.name(), to);
            AppliedRecord record = new AppliedRecord(
                    to.name(),
                    to.revision(),
                    to.state(),
                    step.written(),
                    to.routes(),
                    step.nextRoute(),
                    to.queues(),
                    to.since());
            // Through its text, as a restart sees it.
            applied.put(to.name(), AppliedRecord.fromJson(record.toJson(), "file"));
        }
        return plan;
    }

    private Map<String, Integer> ids(String namespace) {
        return live.get(namespace).routes().entrySet().stream()
                .collect(Collectors.toMap(
                        Map.Entry::getKey, route -> route.getValue().id()));
    }

    @Test
    void aNewDocumentIsAddedOnce() {
        want("a", targets("x", "y"));
        assertThat(apply().steps())
                .singleElement()
                .satisfies(step -> assertThat(step.kind()).isEqualTo(Kind.ADD));
        assertThat(ids("a")).isEqualTo(Map.of("x", 1, "y", 2));
        assertThat(live.get("a").defaultRoutes()).containsExactly(1, 2);
        assertThat(plan().steps()).isEmpty();
    }

    @Test
    void aRestartPlansTheSameRoutesAgain() {
        want("a", targets("x", "y"));
        apply();
        want("a", targets("y", "z"));
        apply();
        Namespace before = live.remove("a");
        apply();
        assertThat(live.get("a")).isEqualTo(before);
    }

    @Test
    void theRevisionThatChangedTheWayOfDeliveryIsKeptOverARestartAndLaterRevisions() {
        want("a", targets("x"));
        apply();
        assertThat(live.get("a").since()).isEqualTo(Since.ever(NamespaceDocument.Order.NONE));
        want("a", targets("x") + "delivery: {order: key}\n");
        apply();
        assertThat(live.get("a").since()).isEqualTo(new Since(NamespaceDocument.Order.KEY, 2, 0));
        want("a", targets("x", "y") + "delivery: {order: key}\n");
        live.clear();
        apply();
        assertThat(live.get("a").revision()).isEqualTo(3);
        assertThat(live.get("a").since()).isEqualTo(new Since(NamespaceDocument.Order.KEY, 2, 0));
    }

    @Test
    void aNodeThatIsNewTakesTheWholeDocumentForChanged() {
        want("a", targets("x"));
        want("a", targets("x"));
        apply();
        assertThat(live.get("a").since()).isEqualTo(new Since(NamespaceDocument.Order.NONE, 2, 2));
    }

    @Test
    void whatAnOlderVersionKeptIsTakenForChangedWithWhatItHadApplied() {
        want("a", targets("x"));
        apply();
        AppliedRecord record = applied.get("a");
        Map<String, Object> json = DocumentText.parse(record.toJson());
        json.remove("since");
        AppliedRecord older = AppliedRecord.fromJson(DocumentText.toJson(json), "file");
        assertThat(older.since()).isEqualTo(new Since(null, 1, 1));
        applied.put("a", older);
        want("a", targets("y"));
        live.clear();
        apply();
        assertThat(live.get("a").since()).isEqualTo(new Since(NamespaceDocument.Order.NONE, 2, 1));
    }

    @Test
    void aTargetKeepsItsIdRetiresWithItsConfigurationAndComesBackUnderTheSameIdWhileItDrains() {
        want("a", "targets: [{name: x, type: http, config: {url: u}}, {name: y, type: log, default: true}]");
        apply();
        want("a", targets("y"));
        assertThat(apply().steps())
                .singleElement()
                .satisfies(step -> assertThat(step.kind()).isEqualTo(Kind.REPLACE));
        Route retiring = live.get("a").routes().get("x");
        assertThat(retiring.retiring()).isTrue();
        assertThat(retiring.target().config()).containsEntry("url", "u");
        assertThat(live.get("a").defaultRoutes()).containsExactly(2);
        want("a", targets("x", "y"));
        apply();
        assertThat(ids("a")).isEqualTo(Map.of("x", 1, "y", 2));
        assertThat(live.get("a").routes().get("x").retiring()).isFalse();
    }

    @Test
    void anIdIsNeverUsedTwice() {
        want("a", targets("x"));
        apply();
        want("a", targets("y"));
        apply();
        drop("a", "x");
        want("a", targets("x", "y"));
        apply();
        assertThat(ids("a")).isEqualTo(Map.of("x", 3, "y", 2));
    }

    @Test
    void anIdIsNotUsedAgainAfterTheNamespaceWasRemovedEither() {
        want("a", targets("x", "y"));
        apply();
        documents.clear();
        live.clear();
        AppliedRecord record = applied.get("a");
        applied.put(
                "a",
                new AppliedRecord(
                        "a",
                        record.revision(),
                        State.RETIRED,
                        Map.of(),
                        Map.of(),
                        record.nextRoute(),
                        List.of(),
                        record.since()));
        assertThat(plan().steps()).isEmpty();
        want("a", targets("x"));
        apply();
        assertThat(ids("a")).isEqualTo(Map.of("x", 3));
    }

    private void drop(String namespace, String target) {
        Namespace left = Routing.without(live.get(namespace), Set.of(target), Set.of());
        live.put(namespace, left);
        AppliedRecord record = applied.get(namespace);
        applied.put(
                namespace,
                new AppliedRecord(
                        namespace,
                        record.revision(),
                        record.state(),
                        record.written(),
                        left.routes(),
                        record.nextRoute(),
                        record.queues(),
                        record.since()));
    }

    @Test
    void whatIsStillBeingDrainedCountsAgainstTheMostTargets() {
        want("a", targets("t1", "t2", "t3", "t4", "t5", "t6", "t7", "t8", "t9"));
        apply();
        want("a", targets("u1", "u2", "u3", "u4", "u5", "u6", "u7", "u8"));
        assertThat(plan().problems().get("a"))
                .containsExactly("targets: 17 with those that are still being drained (expected: at most 16)");
        assertThat(plan().steps()).isEmpty();
    }

    @Test
    void aBadDocumentChangesNothingAndNobodyElse() {
        want("a", targets("x"));
        want("b", targets("x"));
        apply();
        want("a", "targets: [");
        want("b", targets("x", "y"));
        ReloadPlan plan = apply();
        assertThat(plan.problems().get("a")).singleElement().asString().startsWith("a.yaml: document: not YAML");
        assertThat(plan.steps()).extracting(step -> step.to().name()).containsExactly("b");
        assertThat(live.get("a").revision()).isEqualTo(1);
    }

    @Test
    void aBadDocumentIsNoReasonToStopAfterARestart() {
        want("a", targets("x"));
        apply();
        live.clear();
        want("a", "retry: {max_attempts: -1}\n" + targets("x"));
        ReloadPlan plan = apply();
        assertThat(plan.problems()).containsKey("a");
        assertThat(live.get("a").revision()).isEqualTo(1);
        assertThat(live.get("a").state()).isEqualTo(State.ACTIVE);
    }

    @Test
    void aDocumentThatIsGoneRetiresItsNamespaceAcrossARestartUntilItComesBack() {
        want("a", targets("x"));
        want("b", targets("x"));
        want("c", targets("x"));
        apply();
        documents.remove("a");
        assertThat(apply().steps())
                .singleElement()
                .satisfies(step -> assertThat(step.kind()).isEqualTo(Kind.RETIRE));
        assertThat(live.get("a").state()).isEqualTo(State.RETIRING);
        assertThat(plan().steps()).isEmpty();
        live.clear();
        apply();
        assertThat(live.get("a").state()).isEqualTo(State.RETIRING);
        assertThat(live.get("b").state()).isEqualTo(State.ACTIVE);
        want("a", targets("x"));
        assertThat(apply().steps())
                .singleElement()
                .satisfies(step -> assertThat(step.kind()).isEqualTo(Kind.REPLACE));
        assertThat(live.get("a").state()).isEqualTo(State.ACTIVE);
    }

    @Test
    void anEmptyDirectoryChangesNothing() {
        want("a", targets("x"));
        apply();
        documents.clear();
        assertThat(plan().held()).startsWith("1 of 1 documents are gone at once: [a]");
        assertThat(plan().steps()).isEmpty();
    }

    @Test
    void anUnreadableDirectoryChangesNothingNotEvenAtStart() {
        want("a", targets("x"));
        apply();
        documents.clear();
        live.clear();
        problem = "conf/namespaces: no such directory";
        ReloadPlan plan = apply();
        assertThat(plan.held()).isEqualTo(problem);
        assertThat(live.get("a").state()).isEqualTo(State.ACTIVE);
    }

    @Test
    void halfOfTheNamespacesGoneAtOnceChangesNothingAndLessThanHalfDoes() {
        for (String name : new String[] {"a", "b", "c", "d", "e"}) {
            want(name, targets("x"));
        }
        apply();
        documents.keySet().removeAll(Set.of("a", "b", "c"));
        want("d", targets("x", "y"));
        assertThat(plan().held()).startsWith("3 of 5 documents are gone at once: [a, b, c]");
        assertThat(plan().steps()).isEmpty();
        want("c", targets("x"));
        assertThat(plan().held()).isEmpty();
        assertThat(plan().steps()).extracting(Step::kind).contains(Kind.RETIRE, Kind.REPLACE);
    }

    @Test
    void whatWasRemovedByHandIsNoAccident() {
        want("a", targets("x"));
        want("b", targets("x"));
        apply();
        documents.clear();
        removed.addAll(Set.of("a", "b"));
        assertThat(apply().steps()).extracting(Step::kind).containsExactly(Kind.RETIRE, Kind.RETIRE);
    }

    @Test
    void whatCannotChangeWhileANamespaceServesIsRefused() {
        want("a", targets("x"));
        apply();
        want("a", "storage: {isolation: own}\n" + targets("x"));
        assertThat(plan().problems().get("a"))
                .hasSize(1)
                .anyMatch(text -> text.startsWith("storage.isolation: own (expected: as it was made"));
        assertThat(plan().steps()).isEmpty();
    }

    @Test
    void aDocumentOfAnotherShardIsKnownAndNotServed() {
        want("a", "shard: blue\n" + targets("x"));
        assertThat(plan().foreign()).containsExactly(Map.entry("a", "blue"));
        assertThat(plan().steps()).isEmpty();
        assertThat(plan().problems()).isEmpty();
    }

    @Test
    void aNamespaceThatMovesToAnotherShardLeavesAndMayComeBack() {
        want("a", targets("x"));
        apply();
        want("a", "shard: blue\n" + targets("x"));
        assertThat(apply().foreign()).containsKey("a");
        assertThat(live.get("a").state()).isEqualTo(State.LEAVING);
        assertThat(plan().steps()).isEmpty();
        want("a", targets("x"));
        assertThat(apply().foreign()).isEmpty();
        assertThat(live.get("a").state()).isEqualTo(State.ACTIVE);
    }

    @Test
    void aRecordThatIsNoneIsToldAsCorrupt() {
        org.assertj.core.api.Assertions.assertThatThrownBy(
                        () -> AppliedRecord.fromJson("{\"namespace\": \"a\"}", "a.json"))
                .hasMessageStartingWith("a.json: ")
                .hasMessageContaining("(expected: the applied state of a namespace)");
    }
}
