package io.forelog.queue.kafka;

import io.vertx.core.Promise;
import org.jspecify.annotations.Nullable;

/**
 * One call of settle: ends when all its moves have. Counted under the lock of the {@link RouteDesk}; the promise, which is of the
 * caller's context, is ended outside it.
 */
final class SettleCall {
    private final Promise<Void> promise;
    private int left = 1;
    private @Nullable Throwable failure;

    SettleCall(Promise<Void> promise) {
        this.promise = promise;
    }

    void expectOne() {
        left++;
    }

    /** One is over; true where it was the last: then {@link #end} is to be called. */
    boolean oneOver(@Nullable Throwable why) {
        if (why != null) {
            failure = why;
        }
        return --left == 0;
    }

    void end() {
        if (failure == null) {
            promise.complete();
        } else {
            promise.fail(failure);
        }
    }
}
