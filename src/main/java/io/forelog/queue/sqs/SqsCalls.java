package io.forelog.queue.sqs;

import io.forelog.model.WalException;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.internal.ContextInternal;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import software.amazon.awssdk.services.sqs.SqsAsyncClient;

/**
 * The SDK's client as seen from one home: its futures end on that event loop, and every answer tells {@link Reach}. Called on
 * the home. What is under way is bounded by the callers.
 */
final class SqsCalls {
    private final SqsAsyncClient client;
    private final ContextInternal home;
    private final Reach reach;
    private final Duration limit;
    private final SqsClock clock;

    SqsCalls(SqsAsyncClient client, ContextInternal home, Reach reach, Duration limit, SqsClock clock) {
        this.client = client;
        this.home = home;
        this.reach = reach;
        this.limit = limit;
        this.clock = clock;
    }

    /** One request to the SDK. */
    @FunctionalInterface
    interface Request<T> {
        CompletableFuture<T> send(SqsAsyncClient client);
    }

    ContextInternal home() {
        return home;
    }

    SqsClock clock() {
        return clock;
    }

    /** How long a request may take, beside a long poll's wait. */
    Duration limit() {
        return limit;
    }

    <T> Future<T> call(Request<T> request) {
        Promise<T> promise = home.promise();
        CompletableFuture<T> under;
        try {
            under = request.send(client);
        } catch (RuntimeException e) {
            promise.fail(WalException.of(e));
            return promise.future();
        }
        under.whenComplete((value, failure) -> {
            if (failure == null) {
                reach.answered();
                promise.complete(value);
            } else {
                Throwable cause = failure instanceof CompletionException && failure.getCause() != null
                        ? failure.getCause()
                        : failure;
                reach.failed(cause);
                promise.fail(cause);
            }
        });
        return promise.future();
    }
}
