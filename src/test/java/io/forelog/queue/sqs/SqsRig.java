package io.forelog.queue.sqs;

import io.forelog.blob.BlobStore;
import io.forelog.model.Ticker;
import io.forelog.queue.MediumOptions;
import io.forelog.queue.Queue;
import io.forelog.queue.QueueMedium;
import io.forelog.queue.QueueSpec;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import software.amazon.awssdk.services.sqs.SqsAsyncClient;

/**
 * SQS queues as a node opens them, against a server of the test's choice, with waits short enough for tests: a message comes
 * again 4 s after its holder died, and waits for its time in steps of 1 s. One test thread.
 */
final class SqsRig implements AutoCloseable {
    final Vertx vertx = Vertx.vertx();
    private final Ticker ticker;
    private final Path directory;
    private final Map<String, Object> settings = new LinkedHashMap<>();
    private final List<QueueMedium> media = new ArrayList<>();
    private final List<SqsClient.Open> clients = new ArrayList<>();

    SqsRig(String endpoint, Ticker ticker, Path directory) {
        this.ticker = ticker;
        this.directory = directory;
        settings.put("endpoint", endpoint);
        settings.put("anonymous", true);
        settings.put("create", true);
        settings.put("visibility", "PT4S");
        settings.put("hop", "PT1S");
        settings.put("hide", "PT1S");
    }

    SqsRig with(String key, Object value) {
        settings.put(key, value);
        return this;
    }

    /** The spec with queues that nobody else uses. */
    static QueueSpec own(QueueSpec spec) {
        String name = "q-" + UUID.randomUUID().toString().substring(0, 13);
        return with(spec, Map.of("wal-queue", List.of(spec.ordered() ? name + ".fifo" : name)));
    }

    static QueueSpec with(QueueSpec s, Map<String, Object> config) {
        return new QueueSpec(
                s.namespace(),
                s.routes(),
                s.ordered(),
                s.serves(),
                s.retention(),
                s.deadLetterRetention(),
                s.quotaBytes(),
                s.ownDatabase(),
                config);
    }

    SqsQueue open(QueueSpec spec) throws Exception {
        return open(spec, "node", ticker);
    }

    /** As that node opens it, whose clock says something else. */
    SqsQueue open(QueueSpec spec, String node, Ticker clock) throws Exception {
        QueueMedium medium = await(new SqsQueueProvider()
                .open(new MediumOptions(
                        vertx,
                        clock,
                        new SimpleMeterRegistry(),
                        Files.createDirectories(directory.resolve(node)),
                        settings,
                        node,
                        "default",
                        Map.of())));
        media.add(medium);
        return (SqsQueue) await(medium.open(spec));
    }

    /** A queue whose requests pass through {@code bridge}, which may answer instead of the server. */
    SqsQueue openThrough(QueueSpec spec, UnaryOperator<SqsAsyncClient> bridge) throws Exception {
        return openThrough(spec, bridge, () -> Future.failedFuture("no blobs here"));
    }

    /** A queue whose large payloads lie in {@code blobs}. */
    SqsQueue openWith(QueueSpec spec, BlobStore blobs) throws Exception {
        return openThrough(spec, client -> client, () -> Future.succeededFuture(blobs));
    }

    private SqsQueue openThrough(
            QueueSpec spec, UnaryOperator<SqsAsyncClient> bridge, Supplier<Future<BlobStore>> blobs) throws Exception {
        SqsSettings own = SqsSettings.of(settings);
        SqsClient.Open client = SqsClient.open(own);
        clients.add(client);
        SqsQueue queue = new SqsQueue(
                new MediumOptions(vertx, ticker, new SimpleMeterRegistry(), directory, settings),
                own,
                QueueNames.of(spec),
                spec,
                bridge.apply(client.client()),
                new Reach("test"),
                blobs,
                new Books(vertx, directory.resolve("books-of-" + UUID.randomUUID())),
                closed -> {});
        await(queue.open());
        return queue;
    }

    /** The client of a test, for what the queue itself does not show. */
    SqsAsyncClient client() {
        SqsClient.Open client = SqsClient.open(SqsSettings.of(settings));
        clients.add(client);
        return client.client();
    }

    /** As kill -9 at a moment when nothing is on its way. */
    SqsQueue crashAndReopen(Queue queue) throws Exception {
        SqsQueue dying = (SqsQueue) queue;
        await(dying.quiet());
        return killAndReopen(dying);
    }

    /** As kill -9, whatever is on its way. */
    SqsQueue killAndReopen(SqsQueue dying) throws Exception {
        await(dying.abandon());
        await(media.remove(media.size() - 1).close());
        return open(dying.spec());
    }

    static <T> T await(Future<T> future) throws ExecutionException, TimeoutException {
        try {
            return future.toCompletionStage().toCompletableFuture().get(30, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() throws ExecutionException, TimeoutException {
        for (QueueMedium each : media) {
            await(each.close());
        }
        clients.forEach(SqsClient.Open::close);
        await(vertx.close());
    }
}
