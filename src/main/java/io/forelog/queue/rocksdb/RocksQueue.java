package io.forelog.queue.rocksdb;

import io.forelog.model.AppendOutcome;
import io.forelog.model.Delivery;
import io.forelog.model.Entry;
import io.forelog.model.EntryId;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.forelog.queue.Capabilities;
import io.forelog.queue.CombinedQueue;
import io.forelog.queue.DeadLetter;
import io.forelog.queue.DeadLetterCursor;
import io.forelog.queue.EntryStatus;
import io.forelog.queue.LogEntry;
import io.forelog.queue.LogRange;
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
import java.util.List;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The queue of one namespace: a front for its database's committer and readers. Any Vert.x context calls it; encoding
 * is done by the caller, state is the committer's.
 */
final class RocksQueue implements Queue {
    private final Vertx vertx;
    private final Store store;
    private final Backlog opened;
    private final int number;
    private final String name;
    private final Function<RocksQueue, Future<Void>> closing;
    private volatile QueueSpec spec;
    private volatile boolean closed;

    RocksQueue(Vertx vertx, Store store, Backlog opened, Function<RocksQueue, Future<Void>> closing) {
        this.vertx = vertx;
        this.store = store;
        this.opened = opened;
        this.number = opened.number;
        this.name = opened.name;
        this.spec = opened.spec();
        this.closing = closing;
    }

    int number() {
        return number;
    }

    Store store() {
        return store;
    }

    @Override
    public QueueSpec spec() {
        return spec;
    }

    @Override
    public Future<Void> update(QueueSpec next) {
        spec = next;
        return ask(false, (committer, backlog) -> {
                    backlog.update(next);
                    committer.commit().touch(backlog);
                    return backlog;
                })
                .mapEmpty();
    }

    @Override
    public Capabilities capabilities() {
        return RocksQueueProvider.CAPABILITIES;
    }

    @Override
    public Future<List<AppendOutcome>> append(List<Entry> entries) {
        AppendCommand command = new AppendCommand(context(), number, name, entries);
        return put(command, command.future());
    }

    @Override
    public Future<List<Delivery>> take(int route, int max, long bytesMax) {
        TakeCommand command = new TakeCommand(context(), number, route, max, bytesMax);
        return put(command, command.future());
    }

    @Override
    public Future<Void> settle(List<Settlement> settlements) {
        SettleCommand command =
                new SettleCommand(context(), number, settlements, store.ticker().micros());
        return put(command, command.future());
    }

    @Override
    public Future<List<ParkedKey>> parked(int route, int max) {
        return query(() -> store.lanes().keys(number, name, route, max));
    }

    @Override
    public Future<List<Delivery>> takeParked(int route, Buffer key, int max) {
        return ask(false, backlog -> true, (committer, backlog) -> store.lanes().take(backlog, route, key, max));
    }

    @Override
    public Future<Optional<EntryStatus>> find(EntryId id) {
        return status(() -> store.finder().locate(number, name, id));
    }

    private Future<Optional<EntryStatus>> status(Supplier<Finder.@Nullable Located> where) {
        return query(() -> Optional.ofNullable(where.get())
                        .map(located -> store.finder()
                                .status(number, name, located, store.ticker().micros())))
                .compose(this::withClaims);
    }

    /** What is claimed is in flight: only the committer knows. */
    private Future<Optional<EntryStatus>> withClaims(Optional<EntryStatus> found) {
        return found.isEmpty()
                ? Future.succeededFuture(found)
                : ask(true, (committer, backlog) -> found.map(status -> Claims.show(backlog, status)));
    }

    @Override
    public Future<Optional<EntryStatus>> findByToken(String token) {
        byte[] hash = AppendCommand.tokenHash(token);
        return query(() -> Optional.ofNullable(
                        store.tokens().find(number, hash, store.ticker().micros())))
                .compose(found -> found.isEmpty()
                        ? Future.succeededFuture(Optional.empty())
                        : status(() -> store.finder()
                                .locate(
                                        number,
                                        name,
                                        found.get().id(),
                                        found.get().sequence())));
    }

    @Override
    public Future<List<RouteChange>> cancel(EntryId id) {
        return change(id, located -> (committer, backlog) -> Changes.cancel(committer, backlog, located));
    }

    @Override
    public Future<List<RouteChange>> reschedule(EntryId id, long dueMicros) {
        return change(
                id, located -> (committer, backlog) -> Changes.reschedule(committer, backlog, located, dueMicros));
    }

    private Future<List<RouteChange>> change(
            EntryId id, Function<Finder.Located, BiFunction<Committer, Backlog, List<RouteChange>>> how) {
        return query(() -> Optional.ofNullable(store.finder().locate(number, name, id)))
                .compose(found -> found.isEmpty()
                        ? Future.succeededFuture(List.of())
                        : ask(true, backlog -> Changes.anyMoved(backlog, found.get()), how.apply(found.get())));
    }

    @Override
    public Future<Page<DeadLetter>> deadLetters(DeadLetterCursor after, int limit) {
        return query(() -> store.deadLetters().list(number, name, store.routes(opened), after, limit));
    }

    @Override
    public Future<Optional<DeadLetter>> deadLetter(String id) {
        return query(() -> store.deadLetters().get(number, name, id));
    }

    @Override
    public Future<Integer> redrive(List<String> ids) {
        return ask(
                true,
                backlog -> Changes.anyMoved(backlog, ids),
                (committer, backlog) -> Changes.redrive(committer, backlog, ids));
    }

    @Override
    public Future<Integer> purge(List<String> ids) {
        return ask(
                true,
                backlog -> Changes.anyMoved(backlog, ids),
                (committer, backlog) -> Changes.purge(committer, backlog, ids));
    }

    @Override
    public Future<Page<LogEntry>> read(LogRange range, String cursor, int limit) {
        return query(() -> store.logReader().read(number, name, range, cursor, limit));
    }

    @Override
    public Future<Void> readmit(List<Entry> entries, int route) {
        Readmission readmission = new Readmission(entries, route);
        return ask(true, readmission::apply).mapEmpty();
    }

    @Override
    public Future<Tally> tally() {
        Promise<Tally> promise = context().promise();
        store.audit(() -> store.tally(number, spec), promise);
        return promise.future();
    }

    @Override
    public long onlyHere(int route) {
        QueueDepth depth = depth(route);
        return CombinedQueue.undelivered(depth) + depth.dead();
    }

    @Override
    public QueueDepth depth(int route) {
        return store.depth(number, route);
    }

    @Override
    public Future<Void> close() {
        if (closed) {
            return Future.succeededFuture();
        }
        Future<Backlog> last = ask(false, (committer, backlog) -> {
            committer.uninstall(backlog);
            return backlog;
        });
        closed = true;
        return last.otherwiseEmpty().compose(none -> closing.apply(this));
    }

    @Override
    public Future<Void> moveIn(List<Transfer> transfers) {
        MoveIn moveIn = new MoveIn(transfers);
        return ask(false, moveIn::apply).mapEmpty();
    }

    // ---- ways to the committer and the readers

    private ContextInternal context() {
        return (ContextInternal) vertx.getOrCreateContext();
    }

    private <T> Future<T> put(Command command, Future<T> future) {
        if (closed) {
            command.fail(closed());
        } else {
            store.inbox().put(command);
        }
        return future;
    }

    private WalException closed() {
        return new WalException(ErrorCode.UNAVAILABLE, "queue of namespace " + name + ": closed");
    }

    private <T> Future<T> ask(boolean refusable, BiFunction<Committer, Backlog, T> what) {
        return ask(refusable, backlog -> false, what);
    }

    private <T> Future<T> ask(
            boolean refusable, Predicate<Backlog> seesCommitted, BiFunction<Committer, Backlog, T> what) {
        AskCommand<T> command = new AskCommand<>(context(), number, refusable, seesCommitted, what);
        return put(command, command.future());
    }

    private <T extends @Nullable Object> Future<T> query(Supplier<T> what) {
        Promise<T> promise = context().promise();
        if (closed) {
            promise.fail(closed());
        } else {
            store.query(what, promise);
        }
        return promise.future();
    }
}
