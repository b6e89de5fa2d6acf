package io.forelog.target.cassandra;

import com.datastax.oss.driver.api.core.CqlSession;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jctools.queues.MpscArrayQueue;
import org.jspecify.annotations.Nullable;

/**
 * The one session of a target and what is on its way in it: at most so many statements, the others wait, bounded by the writer
 * around. Answers come on the driver's threads and are taken home many at a time. Used on the context it was made on, but for
 * {@link #came}.
 *
 * <pre>
 * none -> opening -> open (the driver connects anew by itself) -> closed
 *   ^        | no node, no such keyspace, a refused user
 *   +--------+
 * </pre>
 */
final class Link {
    private final Vertx vertx;
    private final Context home;
    private final Callable<CompletionStage<CqlSession>> opener;
    private final int most;
    private final ArrayDeque<Sent> waiting = new ArrayDeque<>();
    private final MpscArrayQueue<Sent> answered;
    private final AtomicBoolean draining = new AtomicBoolean();
    private @Nullable Future<CqlSession> session;
    private final Map<Statement, Future<Prepared>> prepared = new HashMap<>();
    private int inFlight;
    private boolean closed;

    /**
     * @param opener begins to open a session; called on a worker thread
     * @param most statements in flight
     */
    Link(Vertx vertx, Callable<CompletionStage<CqlSession>> opener, int most) {
        this.vertx = vertx;
        this.home = vertx.getOrCreateContext();
        this.opener = opener;
        this.most = most;
        this.answered = new MpscArrayQueue<>(Math.max(2, most));
    }

    /** Opened at the first call, and again where that failed. */
    Future<CqlSession> session() {
        Future<CqlSession> known = session;
        if (known != null) {
            return known;
        }
        if (closed) {
            return Future.failedFuture(new IllegalStateException("the target's session is closed"));
        }
        Future<CqlSession> opening = onHome(opener);
        session = opening;
        opening.onComplete(this::opened, failure -> session = null);
        return opening;
    }

    private void opened(CqlSession fresh) {
        if (closed) {
            fresh.forceCloseAsync();
        }
    }

    /** Asked for once; where that failed, at the next call again. */
    Future<Prepared> prepare(Statement statement) {
        Future<Prepared> known = prepared.get(statement);
        if (known != null) {
            return known;
        }
        Future<Prepared> asked = session()
                .compose(open ->
                        onHome(() -> open.prepareAsync(statement.template().text())))
                .map(statement::prepared);
        if (asked.failed()) {
            return asked;
        }
        prepared.put(statement, asked);
        return asked.onFailure(failure -> prepared.remove(statement));
    }

    /** Sent at once, or when there is room; its submission hears of its end. Only with an open session. */
    void send(Sent statement) {
        if (inFlight < most) {
            execute(statement);
        } else {
            waiting.add(statement);
        }
    }

    private void execute(Sent statement) {
        Future<CqlSession> open = session;
        if (open == null || !open.succeeded()) {
            statement.submission.answered(statement, new IllegalStateException("the target's session is closed"));
            return;
        }
        inFlight++;
        try {
            open.result().executeAsync(statement.bound).whenComplete(statement);
        } catch (RuntimeException e) {
            statement.accept(null, e);
        }
    }

    /** On any thread; once for each that was executed, so that there is always room. */
    void came(Sent statement) {
        answered.offer(statement);
        if (draining.compareAndSet(false, true)) {
            home.runOnContext(v -> drain());
        }
    }

    private void drain() {
        draining.set(false);
        for (Sent next = answered.poll(); next != null; next = answered.poll()) {
            inFlight--;
            next.submission.answered(next, next.failure);
        }
        while (inFlight < most && !waiting.isEmpty()) {
            Sent next = waiting.remove();
            if (!next.submission.isEnded()) {
                execute(next);
            }
        }
    }

    int inFlight() {
        return inFlight;
    }

    /** What is on its way fails. */
    Future<Void> close() {
        closed = true;
        Future<CqlSession> open = session;
        session = null;
        prepared.clear();
        waiting.forEach(statement ->
                statement.submission.answered(statement, new IllegalStateException("the target's session is closed")));
        waiting.clear();
        return open == null || !open.succeeded()
                ? Future.succeededFuture()
                : onHome(() -> open.result().forceCloseAsync()).mapEmpty();
    }

    /** Begun on a worker thread: opening, preparing and closing block for moments. */
    private <T> Future<T> onHome(Callable<CompletionStage<T>> begin) {
        Promise<T> promise = Promise.promise();
        vertx.executeBlocking(begin, false)
                .onComplete(
                        stage -> stage.whenComplete((value, failure) -> home.runOnContext(v -> {
                            if (failure != null) {
                                promise.fail(failure);
                            } else {
                                promise.complete(value);
                            }
                        })),
                        promise::fail);
        return promise.future();
    }
}
