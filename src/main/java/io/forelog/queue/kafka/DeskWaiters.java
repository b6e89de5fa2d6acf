package io.forelog.queue.kafka;

import io.forelog.model.Delivery;
import io.forelog.queue.ParkedKey;
import io.vertx.core.Promise;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Who waits at a {@link RouteDesk}: one take, and those that asked what is parked before that was known. Guarded by the desk's
 * lock, which every caller holds; the promises are ended outside it. Bounded by the route's one pump.
 */
final class DeskWaiters {
    /** A take that found nothing. */
    record Take(Promise<List<Delivery>> promise, int max, long bytesMax) {
        static void endEmpty(@Nullable Take take) {
            if (take != null) {
                take.promise.complete(List.of());
            }
        }
    }

    private final List<Promise<List<ParkedKey>>> parkedAsked = new ArrayList<>();
    private @Nullable Take take;

    @Nullable
    Take take() {
        return take;
    }

    /** Answers who waited before: the caller has to end it. */
    @Nullable
    Take take(@Nullable Take next) {
        Take former = take;
        take = next;
        return former;
    }

    void askParked(Promise<List<ParkedKey>> promise) {
        parkedAsked.add(promise);
    }

    /** Those that asked: the caller has to answer them. */
    List<Promise<List<ParkedKey>>> parkedAsked() {
        List<Promise<List<ParkedKey>>> asked = List.copyOf(parkedAsked);
        parkedAsked.clear();
        return asked;
    }
}
