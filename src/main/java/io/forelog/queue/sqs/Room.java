package io.forelog.queue.sqs;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.ArrayDeque;
import java.util.function.Supplier;

/**
 * Lets work go on in the order in which it comes, as far as the bytes that it holds have room, one at least. Owned by the home; what
 * waits is bounded by its callers.
 */
final class Room {
    private final long most;
    private final ArrayDeque<Runnable> waiting = new ArrayDeque<>();
    private final ArrayDeque<Long> sizes = new ArrayDeque<>();
    private long taken;

    Room(long most) {
        this.most = most;
    }

    /** {@code bytes} negative: nobody told, alone. */
    <T> Future<T> enter(long bytes, Supplier<Future<T>> work) {
        long size = bytes < 0 ? most : bytes;
        Promise<T> promise = Promise.promise();
        sizes.add(size);
        waiting.add(() -> begin(work)
                .andThen(ended -> {
                    taken -= size;
                    look();
                })
                .onComplete(promise));
        look();
        return promise.future();
    }

    /** What can't begin has ended, so that its room is free again. */
    private static <T> Future<T> begin(Supplier<Future<T>> work) {
        try {
            return work.get();
        } catch (RuntimeException e) {
            return Future.failedFuture(e);
        }
    }

    private void look() {
        for (Long next = sizes.peek(); next != null && (taken == 0 || taken + next <= most); next = sizes.peek()) {
            sizes.remove();
            taken += next;
            waiting.remove().run();
        }
    }
}
