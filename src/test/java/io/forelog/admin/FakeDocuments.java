package io.forelog.admin;

import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;

/** Documents in a map; one that says {@code bad} is refused with two problems. */
record FakeDocuments(Map<String, List<DocumentControl.Revision>> revisions, AtomicInteger reads)
        implements DocumentControl {
    @Override
    public List<DocumentState> list() {
        return new TreeMap<>(revisions).keySet().stream().map(this::state).toList();
    }

    private DocumentState state(String name) {
        List<Revision> all = revisions.get(name);
        Revision last = all.get(all.size() - 1);
        return new DocumentState(
                name, last.revision(), last.revision(), "ACTIVE", List.of(), List.of(), () -> read(last));
    }

    private Map<String, Object> read(Revision revision) {
        reads.incrementAndGet();
        return revision.document();
    }

    @Override
    public Optional<DocumentState> find(String namespace) {
        return revisions.containsKey(namespace) ? Optional.of(state(namespace)) : Optional.empty();
    }

    @Override
    public Future<Change> put(String name, String text, long expectedRevision, boolean dryRun, Author by) {
        if (text.contains("bad")) {
            return Future.succeededFuture(new Change(
                    List.of("retry.max_attempts: -1 (expected: >= 1)", "targets: missing"),
                    List.of(),
                    List.of(),
                    null));
        }
        return store(name, Map.of("text", text), expectedRevision, dryRun, by, "put");
    }

    private Future<Change> store(
            String name, Map<String, Object> document, long expected, boolean dryRun, Author by, String action) {
        long now = find(name).map(DocumentState::desiredRevision).orElse(0L);
        if (expected != ANY_REVISION && expected != now) {
            return Future.failedFuture(
                    new WalException(ErrorCode.CONFLICT, name + ": revision " + now + " (expected: " + expected + ")"));
        }
        if (!dryRun) {
            revisions
                    .computeIfAbsent(name, made -> new ArrayList<>())
                    .add(new Revision(now + 1, 1, by.principal(), by.comment(), action, document));
        }
        return Future.succeededFuture(new Change(
                List.of(), List.of("replace " + name), List.of(), find(name).orElse(null)));
    }

    @Override
    public Future<Change> remove(String name, long expectedRevision, boolean discard, boolean dryRun, Author by) {
        if (!dryRun) {
            revisions.remove(name);
        }
        return Future.succeededFuture(new Change(List.of(), List.of("retire " + name), List.of(), null));
    }

    @Override
    public Future<List<Revision>> history(String name, int limit) {
        List<Revision> all = new ArrayList<>(revisions.getOrDefault(name, List.of()));
        java.util.Collections.reverse(all);
        return Future.succeededFuture(all.stream().limit(limit).toList());
    }

    @Override
    public Future<Change> rollback(String name, long toRevision, long expectedRevision, boolean dryRun, Author by) {
        return revisions.get(name).stream()
                .filter(revision -> revision.revision() == toRevision)
                .findFirst()
                .map(found -> store(name, found.document(), expectedRevision, dryRun, by, "rollback"))
                .orElseGet(() -> Future.failedFuture(
                        new WalException(ErrorCode.NOT_FOUND, name + ": no revision " + toRevision)));
    }
}
