package io.forelog.app;

import io.forelog.admin.DocumentControl;
import io.forelog.config.ConfigStore;
import io.forelog.config.NamespaceStatus;
import io.forelog.config.Reconciler;
import io.forelog.config.Redaction;
import io.forelog.config.SecretReferences;
import io.forelog.config.StoredDocument;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/** The management API's hand on the namespace documents: the store and the reconciler behind it. Any event loop. */
final class StoredDocuments implements DocumentControl {
    private final ConfigStore store;
    private final Reconciler reconciler;
    private final Homes homes;

    StoredDocuments(ConfigStore store, Reconciler reconciler, Homes homes) {
        this.store = store;
        this.reconciler = reconciler;
        this.homes = homes;
    }

    @Override
    public String away() {
        return store.away();
    }

    @Override
    public List<DocumentState> list() {
        return reconciler.statuses().values().stream()
                .map(StoredDocuments::state)
                .toList();
    }

    @Override
    public Optional<DocumentState> find(String namespace) {
        return Optional.ofNullable(reconciler.statuses().get(namespace)).map(StoredDocuments::state);
    }

    private static DocumentState state(NamespaceStatus status) {
        return new DocumentState(
                status.name(),
                status.desiredRevision(),
                status.appliedRevision(),
                status.state(),
                status.problems(),
                status.remarks(),
                () -> document(status.name(), status.text()));
    }

    private static Map<String, Object> document(String namespace, String text) {
        StoredDocument shown = new StoredDocument(namespace, 0, 0, "", "", StoredDocument.Action.PUT, text, "document");
        return Redaction.of(shown.read().values());
    }

    @Override
    public Future<Change> put(String namespace, String text, long expectedRevision, boolean dryRun, Author by) {
        checkReferences(namespace, text, by);
        return change(
                namespace,
                reconciler.preview(namespace, text),
                expectedRevision,
                dryRun,
                () -> anew(namespace)
                        .compose(ready -> store.put(namespace, text, expectedRevision, by.principal(), by.comment())));
    }

    @Override
    public Future<Change> remove(String namespace, long expectedRevision, boolean discard, boolean dryRun, Author by) {
        return change(
                namespace,
                reconciler.previewRemoval(namespace, discard),
                expectedRevision,
                dryRun,
                () -> store.remove(namespace, expectedRevision, discard, by.principal(), by.comment()));
    }

    @Override
    public Future<Change> rollback(
            String namespace, long toRevision, long expectedRevision, boolean dryRun, Author by) {
        return store.history(namespace, Integer.MAX_VALUE)
                .map(history -> history.stream()
                        .filter(stored -> stored.revision() == toRevision && !stored.removes())
                        .findFirst()
                        .orElseThrow(() -> new WalException(
                                ErrorCode.NOT_FOUND,
                                "revision " + toRevision + " of " + namespace + " (expected: one of its history)")))
                .compose(old -> {
                    checkReferences(namespace, old.text(), by);
                    return change(
                            namespace,
                            reconciler.preview(namespace, old.text()),
                            expectedRevision,
                            dryRun,
                            () -> anew(namespace)
                                    .compose(ready -> store.rollback(
                                            namespace, toRevision, expectedRevision, by.principal(), by.comment())));
                });
    }

    /** Who administers a namespace alone reads no file of the node by naming it: throws PERMISSION_DENIED. */
    private void checkReferences(String namespace, String text, Author by) {
        if (by.mayRefer()) {
            return;
        }
        NamespaceStatus known = reconciler.statuses().get(namespace);
        Set<String> added = SecretReferences.added(text, known == null ? "" : known.text());
        if (!added.isEmpty()) {
            throw new WalException(
                    ErrorCode.PERMISSION_DENIED,
                    namespace + ": " + by.principal() + " may not refer to " + added
                            + " (expected: references that the document has already; an administrator of the node adds others)");
        }
    }

    /** Nothing is stored that would be refused. */
    private Future<Change> change(
            String namespace,
            Future<Reconciler.Preview> previewed,
            long expectedRevision,
            boolean dryRun,
            Supplier<Future<StoredDocument>> storing) {
        return previewed.compose(preview -> {
            if (!preview.problems().isEmpty()) {
                return Future.succeededFuture(new Change(preview.problems(), List.of(), List.of(), null));
            }
            if (dryRun) {
                checkRevision(namespace, expectedRevision);
                return Future.succeededFuture(new Change(
                        List.of(),
                        preview.steps(),
                        preview.remarks(),
                        find(namespace).orElse(null)));
            }
            return storing.get()
                    .compose(stored -> reconciler.refresh())
                    .map(applied -> new Change(
                            List.of(),
                            preview.steps(),
                            preview.remarks(),
                            find(namespace).orElse(null)));
        });
    }

    /** One whose name was another's has nothing of that one's. */
    private Future<Void> anew(String namespace) {
        if (find(namespace).isPresent()) {
            return Future.succeededFuture();
        }
        List<String> ending = homes.stillEnding(namespace);
        return ending.isEmpty()
                ? store.numberAnew(namespace)
                : Future.failedFuture(new WalException(
                        ErrorCode.CONFLICT,
                        "namespace " + namespace + ": nodes " + ending
                                + " are still removing one of that name (expected: a little patience; a node that is lost for"
                                + " good: forelog cluster forget NODE)"));
    }

    private void checkRevision(String namespace, long expected) {
        long stands = find(namespace).map(DocumentState::desiredRevision).orElse(0L);
        if (expected != ANY_REVISION && expected != stands) {
            throw new WalException(
                    ErrorCode.CONFLICT,
                    "namespace " + namespace + ": revision " + stands + " stands (expected: " + expected + ")");
        }
    }

    @Override
    public Future<List<Revision>> history(String namespace, int limit) {
        return store.history(namespace, limit).map(history -> {
            List<Revision> revisions = new ArrayList<>();
            for (StoredDocument stored : history) {
                revisions.add(new Revision(
                        stored.revision(),
                        stored.atMicros(),
                        stored.author(),
                        stored.comment(),
                        stored.action().name().toLowerCase(Locale.ROOT),
                        document(namespace, stored.text())));
            }
            return revisions;
        });
    }
}
