package io.forelog.config;

import io.forelog.config.ConfigStore.Snapshot;
import io.forelog.config.NamespaceDocument.TargetConfiguration;
import io.forelog.model.WalException;
import io.vertx.core.Future;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The numbers of targets where several nodes share a store: asked for before a document is applied, so that an entry that one
 * node stamps means the same to all. Owned by the reconciler's context.
 */
final class SharedNumbers {
    private final ConfigStore store;
    private final DocumentParser parser;
    /** Why a namespace's targets have none. */
    private final Map<String, String> missing = new HashMap<>();

    SharedNumbers(ConfigStore store, DocumentParser parser) {
        this.store = store;
        this.parser = parser;
    }

    /** By namespace, of the last {@link #complete}: why its document can't be applied now. */
    Map<String, String> missing() {
        return Map.copyOf(missing);
    }

    /** {@code wanted} with a number for each target of each document; never fails, see {@link #missing}. */
    Future<Snapshot> complete(Snapshot wanted, Map<String, AppliedRecord> applied) {
        missing.clear();
        if (!store.isShared()) {
            return Future.succeededFuture(wanted);
        }
        Map<String, Map<String, Integer>> numbers = new TreeMap<>(wanted.numbers());
        Future<Void> asked = Future.succeededFuture();
        for (StoredDocument stored : wanted.documents().values()) {
            String name = stored.namespace();
            Set<String> targets = targets(stored);
            if (!numbers.getOrDefault(name, Map.of()).keySet().containsAll(targets)) {
                asked = asked.compose(before -> ask(stored, targets, applied.get(name), numbers));
            }
        }
        return asked.map(done -> new Snapshot(
                wanted.problem(), wanted.documents(), wanted.removed(), wanted.discarded(), Map.copyOf(numbers)));
    }

    /** None of a document that will be refused. */
    private Set<String> targets(StoredDocument stored) {
        StoredDocument.Read read = stored.read();
        NamespaceDocument document = read.problems().isEmpty()
                ? parser.parse(stored.namespace(), read.values()).document()
                : null;
        Set<String> targets = new TreeSet<>();
        if (document != null) {
            document.targets().stream().map(TargetConfiguration::name).forEach(targets::add);
        }
        return targets;
    }

    private Future<Void> ask(
            StoredDocument stored,
            Set<String> targets,
            @Nullable AppliedRecord before,
            Map<String, Map<String, Integer>> numbers) {
        String name = stored.namespace();
        Map<String, Integer> known = new TreeMap<>();
        if (before != null) {
            before.routes().forEach((target, route) -> known.put(target, route.id()));
        }
        return store.number(name, targets, known, before == null ? 1 : before.nextRoute())
                .onSuccess(given -> numbers.put(name, given))
                .onFailure(failure -> {
                    if (before != null
                            && before.revision() == stored.revision()
                            && known.keySet().containsAll(targets)) {
                        numbers.put(name, known); // the store gave them when this revision was applied here
                        return;
                    }
                    missing.put(
                            name,
                            "targets: some of " + targets + " have no number yet, which the config store gives out: "
                                    + WalException.of(failure).getMessage());
                })
                .transform(done -> Future.succeededFuture());
    }
}
