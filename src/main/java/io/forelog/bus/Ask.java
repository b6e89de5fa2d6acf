package io.forelog.bus;

import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.vertx.core.Future;
import io.vertx.core.internal.PromiseInternal;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * One request on its way within this node, by reference. It ends once, on its asker's context. Either a handler takes it,
 * or its asker withdraws it, which proves that nobody did: who withdraws knows that nothing was handed off.
 */
final class Ask<Q, A> {
    /** Where it was sent. */
    final String to;

    private final String address;
    private final Q request;
    private final long limitEndsNanos;
    private final long patienceEndsNanos;
    private final PromiseInternal<A> promise;
    private final AtomicBoolean decided = new AtomicBoolean();

    // its place in Waiting, which owns it
    @Nullable
    Ask<?, ?> before;

    @Nullable
    Ask<?, ?> after;

    boolean listed;

    /** {@code address}: as others know {@code to}. */
    Ask(String address, String to, Q request, PromiseInternal<A> promise, Duration limit, Duration patience) {
        long nowNanos = System.nanoTime();
        this.address = address;
        this.to = to;
        this.request = request;
        this.promise = promise;
        this.limitEndsNanos = nowNanos + limit.toNanos();
        this.patienceEndsNanos = Math.max(limitEndsNanos, nowNanos + patience.toNanos());
    }

    Future<A> future() {
        return promise.future();
    }

    // ---- the handler's side, on its context

    boolean take() {
        return decided.compareAndSet(false, true);
    }

    Q request() {
        return request;
    }

    /** What is left of the limit: zero or less where nobody waits any more. */
    Duration left() {
        return Duration.ofNanos(limitEndsNanos - System.nanoTime());
    }

    void answer(A answer) {
        promise.tryComplete(answer);
    }

    /** The code and the text go back, not the exception. */
    void fail(Throwable failure) {
        WalException told = WalException.of(failure);
        promise.tryFail(new WalException(told.code(), String.valueOf(told.getMessage())));
    }

    // ---- the asker's side

    void withdraw(String why) {
        if (take()) {
            promise.tryFail(new WalException(ErrorCode.UNAVAILABLE, address + ": " + why));
        }
    }

    /** Ends it where its time is over: as soon as the limit is where nobody has taken it, else with the patience. */
    void sweep(long nowNanos) {
        if (nowNanos - limitEndsNanos >= 0) {
            withdraw("not taken within the deadline (nothing was handed off)");
        }
        if (nowNanos - patienceEndsNanos >= 0) {
            promise.tryFail(
                    new WalException(ErrorCode.UNKNOWN_DURABILITY, address + ": no answer within the deadline"));
        }
    }
}
