package io.forelog.queue.sqs;

import io.forelog.blob.BlobOptions;
import io.forelog.blob.BlobStore;
import io.forelog.blob.BlobStoreProvider;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.forelog.observe.LogKeys;
import io.forelog.queue.MediumHealth;
import io.forelog.queue.MediumOptions;
import io.forelog.queue.Queue;
import io.forelog.queue.QueueMedium;
import io.forelog.queue.QueueSpec;
import io.vertx.core.Future;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the SQS queues of one node share: the client and the blob store, each made when it is first needed. Any thread; the
 * fields below are guarded by this.
 */
final class SqsMedium implements QueueMedium {
    private static final Logger LOG = LoggerFactory.getLogger(SqsMedium.class);
    private static final long COLLECT_MILLIS = 3_600_000;
    private static final int COLLECT_MOST = 10_000;

    private final MediumOptions node;
    private final SqsSettings settings;
    private final Path folder;
    private final Reach reach;
    private final List<SqsQueue> queues = new ArrayList<>();
    private @Nullable Future<SqsClient.Open> client;
    private @Nullable Future<BlobStore> blobs;
    private long collecting = -1;

    SqsMedium(MediumOptions node, SqsSettings settings) {
        this.node = node;
        this.settings = settings;
        this.folder = node.dataDirectory().resolve("queue-sqs");
        this.reach = new Reach(name());
        checkBlobs();
    }

    private void checkBlobs() {
        BlobStoreProvider provider = BlobStoreProvider.of(settings.blobType());
        List<String> problems = provider.schema().problems("queues.sqs.blobs", settings.blobSettings());
        if (!problems.isEmpty()) {
            throw new WalException(ErrorCode.INVALID_ARGUMENT, String.join("; ", problems));
        }
    }

    private String name() {
        String where = settings.endpoint().isEmpty() ? settings.region() : settings.endpoint();
        return where.isEmpty() ? "sqs" : "sqs " + where;
    }

    @Override
    public Future<Queue> open(QueueSpec spec) {
        QueueNames names;
        try {
            names = QueueNames.of(spec);
        } catch (WalException e) {
            return Future.failedFuture(
                    new WalException(e.code(), "namespace " + spec.namespace() + ": " + e.getMessage(), e));
        }
        Books books = new Books(node.vertx(), folder(spec.namespace()).resolve("counters"));
        return client().compose(open -> node.vertx()
                        .<Books>executeBlocking(() -> {
                            books.load();
                            return books;
                        })
                        .compose(loaded -> {
                            SqsQueue queue = new SqsQueue(
                                    node,
                                    settings,
                                    names,
                                    spec,
                                    open.client(),
                                    reach,
                                    this::blobs,
                                    books,
                                    this::closed);
                            return queue.open().map(opened -> queue);
                        }))
                .onSuccess(queue -> {
                    synchronized (this) {
                        queues.add(queue);
                    }
                })
                .map(queue -> queue);
    }

    private Path folder(String namespace) {
        return folder.resolve("books").resolve(namespace);
    }

    private synchronized Future<SqsClient.Open> client() {
        Future<SqsClient.Open> known = client;
        if (known == null || known.failed()) {
            known = node.vertx().executeBlocking(() -> SqsClient.open(settings));
            client = known;
        }
        return known;
    }

    /** A store that failed to open is tried anew. */
    private synchronized Future<BlobStore> blobs() {
        Future<BlobStore> known = blobs;
        if (known == null || known.failed()) {
            known = BlobStoreProvider.of(settings.blobType())
                    .open(new BlobOptions(
                            node.vertx(), node.ticker(), folder.resolve("blobs"), settings.blobSettings()));
            blobs = known;
            if (collecting < 0) {
                collecting = node.vertx().setPeriodic(60_000, COLLECT_MILLIS, again -> collect());
            }
        }
        return known;
    }

    private void collect() {
        blobs().compose(store -> store.collect(settings.blobKeep(), COLLECT_MOST))
                .onSuccess(count -> {
                    if (count > 0) {
                        LOG.atInfo().addKeyValue(LogKeys.COUNT, count).log("Orphaned payloads collected");
                    }
                })
                .onFailure(failure -> LOG.atWarn()
                        .addKeyValue(LogKeys.REASON, failure.getMessage())
                        .log("Orphaned payloads can't be collected"));
    }

    private synchronized void closed(SqsQueue queue) {
        queues.remove(queue);
    }

    /** The counters go; the SQS queues and what is in them stay: they are not Forelog's own. */
    @Override
    public Future<Void> remove(String namespace) {
        return node.vertx().executeBlocking(() -> {
            Path counters = folder(namespace);
            if (Files.isDirectory(counters)) {
                try (DirectoryStream<Path> files = Files.newDirectoryStream(counters)) {
                    for (Path file : files) {
                        Files.delete(file);
                    }
                }
                Files.delete(counters);
            }
            return null;
        });
    }

    @Override
    public List<MediumHealth> health() {
        List<SqsQueue> open;
        synchronized (this) {
            open = List.copyOf(queues);
        }
        List<String> texts = new ArrayList<>();
        List<String> namespaces = new ArrayList<>();
        if (!open.isEmpty() && !reach.trouble().isEmpty()) {
            texts.add(reach.trouble());
        }
        for (SqsQueue each : open) {
            namespaces.add(each.spec().namespace());
            if (!each.trouble().isEmpty()) {
                texts.add(each.spec().namespace() + ": " + each.trouble());
            }
        }
        MediumHealth.State state = texts.isEmpty() ? MediumHealth.State.SERVING : MediumHealth.State.RECOVERING;
        return List.of(new MediumHealth(name(), state, String.join("; ", texts), namespaces, -1));
    }

    /** SQS keeps its queues itself: nothing of them is copied, so that the rest of the node can be. */
    @Override
    public Future<Void> backup(Path directory) {
        LOG.atWarn().addKeyValue(LogKeys.DATABASE, name()).log("SQS queues and blobs are no part of a backup");
        return Future.succeededFuture();
    }

    @Override
    public Future<Void> close() {
        List<Future<Void>> closing = new ArrayList<>();
        Future<SqsClient.Open> under;
        Future<BlobStore> store;
        synchronized (this) {
            List.copyOf(queues).forEach(queue -> closing.add(queue.close()));
            under = client;
            store = blobs;
            client = null;
            blobs = null;
            if (collecting >= 0) {
                node.vertx().cancelTimer(collecting);
                collecting = -1;
            }
        }
        return Future.join(closing)
                .onComplete(closed -> reach.close())
                .transform(closed -> store == null
                        ? Future.<Void>succeededFuture()
                        : store.compose(BlobStore::close).otherwiseEmpty())
                .transform(closed -> under == null
                        ? Future.<Void>succeededFuture()
                        : under.compose(open -> node.vertx().<Void>executeBlocking(() -> {
                                    open.close();
                                    return null;
                                }))
                                .otherwiseEmpty());
    }
}
