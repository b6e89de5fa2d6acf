package io.forelog.config;

import io.forelog.config.ConfigStore.Snapshot;
import io.forelog.config.Namespace.State;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Tells people how namespaces are wanted and how they serve. Keeps nothing; on the {@link Reconciler}'s context. */
final class Describer {
    private final String shard;
    private final Deployer deployer;
    private final LiveNamespaces live;

    /**
     * What keeps namespaces from being as they are wanted.
     *
     * @param refusals by namespace: what its document is refused for
     * @param failures by namespace: why it could not be applied
     * @param waiting by namespace: what it waits for before it ends
     * @param held why documents that are gone change nothing; empty = they do
     */
    record Obstacles(
            Map<String, List<String>> refusals,
            Map<String, String> failures,
            Map<String, String> waiting,
            String held) {}

    Describer(String shard, Deployer deployer, LiveNamespaces live) {
        this.shard = shard;
        this.deployer = deployer;
        this.live = live;
    }

    /** By name: what is wanted or serves. */
    Map<String, NamespaceStatus> describe(Snapshot snapshot, Collection<AppliedRecord> applied, Obstacles obstacles) {
        Map<String, NamespaceStatus> next = new TreeMap<>();
        snapshot.documents().forEach((name, document) -> next.put(name, status(name, document, obstacles)));
        live.byName().keySet().forEach(name -> next.computeIfAbsent(name, gone -> status(name, null, obstacles)));
        applied.stream()
                .filter(record -> record.state() != State.RETIRED)
                .forEach(record -> next.computeIfAbsent(record.namespace(), gone -> status(gone, null, obstacles)));
        return next;
    }

    private NamespaceStatus status(String name, @Nullable StoredDocument document, Obstacles obstacles) {
        Namespace serving = live.find(name);
        List<String> problems = new ArrayList<>(obstacles.refusals().getOrDefault(name, List.of()));
        String failure = obstacles.failures().get(name);
        if (failure != null) {
            problems.add("not applied, it is tried again: " + failure);
        }
        String waits = obstacles.waiting().get(name);
        if (waits != null) {
            problems.add(waits);
        }
        if (document == null && !obstacles.held().isEmpty() && serving != null && serving.state() == State.ACTIVE) {
            problems.add("its document is gone, which changes nothing: " + obstacles.held());
        }
        Deployer.Condition condition = deployer.condition(name);
        problems.addAll(condition.problems());
        List<String> remarks = new ArrayList<>(serving == null ? List.of() : Remarks.of(serving.document()));
        remarks.addAll(condition.remarks());
        String foreign = live.foreign().get(name);
        if (foreign != null) {
            remarks.add("shard " + foreign + " serves it, this node is of " + shard);
        }
        String absent = !problems.isEmpty() ? "REFUSED" : foreign != null ? "FOREIGN" : "PENDING";
        String state = serving != null ? serving.state().name() : absent;
        return new NamespaceStatus(
                name,
                document == null ? 0 : document.revision(),
                serving == null ? 0 : serving.revision(),
                state,
                List.copyOf(problems),
                List.copyOf(remarks),
                document == null ? "" : document.text());
    }
}
