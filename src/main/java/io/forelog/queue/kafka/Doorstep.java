package io.forelog.queue.kafka;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.ArrayList;
import java.util.List;

/**
 * Where those wait who come before a queue is open, or closed. Whoever comes at that very moment is let through: nobody is forgotten. Any
 * thread; guarded by this, promises are ended outside the lock. Bounded by the routes, one take each.
 */
final class Doorstep {
    private final List<Promise<Void>> waiting = new ArrayList<>();
    private boolean open;

    /** Ends when it is open, on the caller's context. */
    Future<Void> passed() {
        Promise<Void> promise = KafkaCluster.promise();
        synchronized (this) {
            if (!open) {
                waiting.add(promise);
                return promise.future();
            }
        }
        promise.complete();
        return promise.future();
    }

    /** From now on, for good. */
    void open() {
        List<Promise<Void>> passing;
        synchronized (this) {
            open = true;
            passing = List.copyOf(waiting);
            waiting.clear();
        }
        passing.forEach(Promise::tryComplete);
    }
}
