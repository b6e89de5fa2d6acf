package io.forelog.queue.sqs;

import io.forelog.blob.BlobStore;
import io.forelog.model.AppendOutcome;
import io.forelog.model.Delivery;
import io.forelog.model.Entry;
import io.forelog.model.EntryId;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.forelog.queue.Capabilities;
import io.forelog.queue.DeadLetter;
import io.forelog.queue.DeadLetterCursor;
import io.forelog.queue.EntryStatus;
import io.forelog.queue.LogEntry;
import io.forelog.queue.LogRange;
import io.forelog.queue.MediumOptions;
import io.forelog.queue.Page;
import io.forelog.queue.ParkedKey;
import io.forelog.queue.Queue;
import io.forelog.queue.QueueDepth;
import io.forelog.queue.QueueSpec;
import io.forelog.queue.RouteChange;
import io.forelog.queue.Settlement;
import io.forelog.queue.Tally;
import io.forelog.queue.Transfer;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.VertxInternal;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;
import software.amazon.awssdk.services.sqs.SqsAsyncClient;

/**
 * The queue of one namespace on SQS: a front that takes every call home, where {@link Works} owns all state, and brings its end
 * back to the caller's context. Any Vert.x context calls it.
 */
final class SqsQueue implements Queue {
    private final Vertx vertx;
    private final ContextInternal home;
    private final Works works;
    private final Consumer<SqsQueue> closing;
    private volatile QueueSpec spec;
    private volatile boolean closed;

    SqsQueue(
            MediumOptions node,
            SqsSettings settings,
            QueueNames names,
            QueueSpec spec,
            SqsAsyncClient client,
            Reach reach,
            Supplier<Future<BlobStore>> blobs,
            Books books,
            Consumer<SqsQueue> closing) {
        this.vertx = node.vertx();
        this.home = ((VertxInternal) vertx).createEventLoopContext();
        this.spec = spec;
        this.closing = closing;
        SqsClock clock = new SqsClock(node.ticker(), node.node());
        SqsCalls calls = new SqsCalls(client, home, reach, settings.requestLimit(), clock);
        this.works = new Works(calls, node, settings, names, this::spec, blobs, books);
    }

    /** Ends when its queues were found, or could not be asked for; fails where they can't be used. */
    Future<Void> open() {
        return here(works::open);
    }

    /** For tests: looks at the clock now. */
    void look() {
        home.runOnContext(run -> works.look());
    }

    /** For tests: ends when SQS has answered all it was asked but polls, and the counters are written. */
    Future<Void> quiet() {
        return here(works::quiet);
    }

    /** For tests: as kill -9, nothing is told to anybody any more. */
    Future<Void> abandon() {
        closed = true;
        closing.accept(this);
        return here(works::abandon);
    }

    @Override
    public String trouble() {
        return works.trouble();
    }

    @Override
    public QueueSpec spec() {
        return spec;
    }

    @Override
    public Future<Void> update(QueueSpec next) {
        QueueNames names;
        try {
            names = QueueNames.of(next);
        } catch (WalException e) {
            return Future.failedFuture(e);
        }
        return open(() -> works.update(names)).onSuccess(updated -> spec = next);
    }

    @Override
    public Capabilities capabilities() {
        return SqsQueueProvider.CAPABILITIES;
    }

    @Override
    public Future<List<AppendOutcome>> append(List<Entry> entries) {
        if (closed) {
            return Future.succeededFuture(entries.stream()
                    .map(entry -> AppendOutcome.refused(entry.id(), ErrorCode.UNAVAILABLE, closedText()))
                    .toList());
        }
        return here(() -> works.append(entries));
    }

    @Override
    public Future<List<Delivery>> take(int route, int max, long bytesMax) {
        return open(() -> works.receiving().take(route, max, bytesMax));
    }

    @Override
    public Future<Void> settle(List<Settlement> settlements) {
        return open(() -> works.settling().settle(settlements));
    }

    @Override
    public Future<List<ParkedKey>> parked(int route, int max) {
        return open(() -> Future.succeededFuture(works.shelf().parkedKeys(route, max)));
    }

    @Override
    public Future<List<Delivery>> takeParked(int route, Buffer key, int max) {
        return open(() -> Future.succeededFuture(
                works.receiving().takeParked(works.shelf().takeParked(route, key, max))));
    }

    @Override
    public Future<Void> moveIn(List<Transfer> transfers) {
        return open(() -> works.moveIn(transfers));
    }

    @Override
    public Future<Optional<EntryStatus>> find(EntryId id) {
        return unable("an entry can't be looked up");
    }

    @Override
    public Future<Optional<EntryStatus>> findByToken(String token) {
        return unable("a token can't be looked up");
    }

    @Override
    public Future<List<RouteChange>> cancel(EntryId id) {
        return unable("an entry can't be cancelled");
    }

    @Override
    public Future<List<RouteChange>> reschedule(EntryId id, long dueMicros) {
        return unable("an entry can't be rescheduled");
    }

    @Override
    public Future<Page<DeadLetter>> deadLetters(DeadLetterCursor after, int limit) {
        return open(() -> works.dead().list(after, limit));
    }

    @Override
    public Future<Optional<DeadLetter>> deadLetter(String id) {
        return open(() -> works.dead().get(id));
    }

    @Override
    public Future<Integer> redrive(List<String> ids) {
        return open(() -> works.dead().redrive(ids));
    }

    @Override
    public Future<Integer> purge(List<String> ids) {
        return open(() -> works.dead().purge(ids));
    }

    @Override
    public Future<Page<LogEntry>> read(LogRange range, String cursor, int limit) {
        return Future.failedFuture(
                new WalException(
                        ErrorCode.NOT_SUPPORTED,
                        "namespace " + spec.namespace()
                                + ": what was delivered can't be read again on SQS (expected: a queue of type EMBEDDED or KAFKA)"));
    }

    @Override
    public Future<Void> readmit(List<Entry> entries, int route) {
        return open(() -> works.readmit(entries, route));
    }

    @Override
    public Future<Tally> tally() {
        return open(works::tally);
    }

    @Override
    public QueueDepth depth(int route) {
        return works.depth(route);
    }

    @Override
    public Future<Void> close() {
        if (closed) {
            return Future.succeededFuture();
        }
        closed = true;
        closing.accept(this);
        return here(works::close);
    }

    // ---- ways home and back

    private String closedText() {
        return "queue of namespace " + spec.namespace() + ": closed";
    }

    private <T> Future<T> unable(String what) {
        return Future.failedFuture(new WalException(
                ErrorCode.NOT_SUPPORTED,
                "namespace " + spec.namespace() + ": " + what + " on SQS (expected: a queue of type EMBEDDED)"));
    }

    private <T> Future<T> open(Supplier<Future<T>> what) {
        return closed ? Future.failedFuture(new WalException(ErrorCode.UNAVAILABLE, closedText())) : here(what);
    }

    private <T> Future<T> here(Supplier<Future<T>> what) {
        Promise<T> promise = ((ContextInternal) vertx.getOrCreateContext()).promise();
        home.runOnContext(run -> {
            Future<T> future;
            try {
                future = what.get();
            } catch (RuntimeException e) {
                future = Future.failedFuture(WalException.of(e));
            }
            future.onComplete(promise);
        });
        return promise.future();
    }
}
