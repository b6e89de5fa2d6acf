package io.forelog.queue;

import io.forelog.model.AppendOutcome;
import io.forelog.model.Delivery;
import io.forelog.model.Entry;
import io.forelog.model.EntryId;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.internal.ContextInternal;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A queue whose medium can't be reached yet: it is opened again and again until it is there, and is that queue from then on.
 * Before, appends are refused (UNAVAILABLE, FALSE), takes wait, all else fails. Any thread; its lock guards who waits and no
 * future ends under it. Bounded: one attempt at a time, one take a route.
 */
public final class OpeningQueue implements Queue {
    private static final long AGAIN_MILLIS = 2_000;

    private final Supplier<Future<Queue>> opener;
    private final Capabilities capabilities;
    private final CombinedQueue.Later later;
    private final List<Consumer<Queue>> waiting = new ArrayList<>();
    private final List<Runnable> atClose = new ArrayList<>();
    private volatile QueueSpec spec;
    private volatile @Nullable Queue open;
    private volatile String problem = "not open yet";
    private boolean closed;

    /**
     * Begins to wait for {@code first}, an attempt that is under way.
     *
     * @param opener makes another attempt
     * @param capabilities of its type
     */
    public OpeningQueue(
            QueueSpec spec,
            Capabilities capabilities,
            Future<Queue> first,
            Supplier<Future<Queue>> opener,
            CombinedQueue.Later later) {
        this.spec = spec;
        this.capabilities = capabilities;
        this.opener = opener;
        this.later = later;
        first.onComplete(this::opened, this::failed);
    }

    /** Why it is not open; empty where it is. */
    public String problem() {
        return open == null ? problem : "";
    }

    @Override
    public String trouble() {
        Queue queue = open;
        return queue == null ? "" : queue.trouble();
    }

    private void opened(Queue queue) {
        List<Consumer<Queue>> served;
        boolean late;
        synchronized (this) {
            late = closed;
            served = List.copyOf(waiting);
            waiting.clear();
            if (!late) {
                open = queue;
            }
        }
        if (late) {
            queue.close();
            return;
        }
        queue.update(spec);
        served.forEach(one -> one.accept(queue));
    }

    private void failed(Throwable failure) {
        problem = WalException.of(failure).publicMessage();
        later.run(AGAIN_MILLIS, () -> {
            synchronized (this) {
                if (closed) {
                    return;
                }
            }
            opener.get().onComplete(this::opened, this::failed);
        });
    }

    private WalException absent() {
        return new WalException(
                ErrorCode.UNAVAILABLE,
                "queue of namespace " + spec.namespace() + ": not open, tried again: " + problem);
    }

    private <T> Future<T> ask(Function<Queue, Future<T>> question) {
        Queue queue = open;
        return queue == null ? Future.failedFuture(absent()) : question.apply(queue);
    }

    /** Asks when it is open; ends with {@code none} where it is closed before. */
    private <T> Future<T> askThen(Function<Queue, Future<T>> question, T none) {
        Context context = Vertx.currentContext();
        Promise<T> promise = context == null ? Promise.promise() : ((ContextInternal) context).promise();
        Queue queue;
        boolean over;
        synchronized (this) {
            queue = open;
            over = closed;
            if (queue == null && !over) {
                waiting.add(opened -> question.apply(opened).onComplete(promise));
                atClose.add(() -> promise.tryComplete(none));
            }
        }
        if (queue != null) {
            return question.apply(queue);
        } else if (over) {
            promise.complete(none);
        }
        return promise.future();
    }

    @Override
    public QueueSpec spec() {
        return spec;
    }

    @Override
    public Future<Void> update(QueueSpec next) {
        spec = next;
        Queue queue = open;
        return queue == null ? Future.succeededFuture() : queue.update(next);
    }

    @Override
    public Capabilities capabilities() {
        return capabilities;
    }

    @Override
    public Future<List<AppendOutcome>> append(List<Entry> entries) {
        Queue queue = open;
        if (queue != null) {
            return queue.append(entries);
        }
        String text = String.valueOf(absent().getMessage());
        return Future.succeededFuture(entries.stream()
                .map(entry -> AppendOutcome.refused(entry.id(), ErrorCode.UNAVAILABLE, text))
                .toList());
    }

    @Override
    public Future<List<Delivery>> take(int route, int max, long bytesMax) {
        return askThen(queue -> queue.take(route, max, bytesMax), List.of());
    }

    @Override
    public Future<Void> settle(List<Settlement> settlements) {
        return ask(queue -> queue.settle(settlements));
    }

    /** With order nothing may be taken before it is known; without, nothing is parked. */
    @Override
    public Future<List<ParkedKey>> parked(int route, int max) {
        return spec.ordered() || open != null
                ? askThen(queue -> queue.parked(route, max), List.of())
                : Future.succeededFuture(List.of());
    }

    @Override
    public Future<List<Delivery>> takeParked(int route, Buffer key, int max) {
        return ask(queue -> queue.takeParked(route, key, max));
    }

    @Override
    public Future<Void> moveIn(List<Transfer> transfers) {
        return ask(queue -> queue.moveIn(transfers));
    }

    @Override
    public Future<Optional<EntryStatus>> find(EntryId id) {
        return ask(queue -> queue.find(id));
    }

    @Override
    public Future<Optional<EntryStatus>> findByToken(String token) {
        return ask(queue -> queue.findByToken(token));
    }

    @Override
    public Future<List<RouteChange>> cancel(EntryId id) {
        return ask(queue -> queue.cancel(id));
    }

    @Override
    public Future<List<RouteChange>> reschedule(EntryId id, long dueMicros) {
        return ask(queue -> queue.reschedule(id, dueMicros));
    }

    @Override
    public Future<Page<DeadLetter>> deadLetters(DeadLetterCursor after, int limit) {
        return ask(queue -> queue.deadLetters(after, limit));
    }

    @Override
    public Future<Optional<DeadLetter>> deadLetter(String id) {
        return ask(queue -> queue.deadLetter(id));
    }

    @Override
    public Future<Integer> redrive(List<String> ids) {
        return ask(queue -> queue.redrive(ids));
    }

    @Override
    public Future<Integer> purge(List<String> ids) {
        return ask(queue -> queue.purge(ids));
    }

    @Override
    public Future<Page<LogEntry>> read(LogRange range, String cursor, int limit) {
        return ask(queue -> queue.read(range, cursor, limit));
    }

    @Override
    public Future<Void> readmit(List<Entry> entries, int route) {
        return ask(queue -> queue.readmit(entries, route));
    }

    @Override
    public Future<Tally> tally() {
        return ask(Queue::tally);
    }

    @Override
    public QueueDepth depth(int route) {
        Queue queue = open;
        return queue == null ? QueueDepth.EMPTY : queue.depth(route);
    }

    @Override
    public boolean holds(Delivery delivery) {
        Queue queue = open;
        return queue != null && queue.holds(delivery);
    }

    @Override
    public void atRest() {
        Queue queue = open;
        if (queue != null) {
            queue.atRest();
        }
    }

    @Override
    public Future<Void> close() {
        List<Runnable> ends;
        synchronized (this) {
            closed = true;
            ends = List.copyOf(atClose);
            atClose.clear();
            waiting.clear();
        }
        ends.forEach(Runnable::run);
        Queue queue = open;
        return queue == null ? Future.succeededFuture() : queue.close();
    }
}
