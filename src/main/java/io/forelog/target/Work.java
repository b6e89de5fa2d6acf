package io.forelog.target;

import io.forelog.model.Delivery;
import io.forelog.model.Outcome;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.Arrays;
import java.util.List;

/** The deliveries of one request to the writer, and the outcomes as they come in. Owned by the writer's thread. */
final class Work {
    private final List<Delivery> deliveries;
    private final Outcome[] outcomes;
    private final Promise<List<Outcome>> promise = Promise.promise();
    private int next;
    private int open;
    /** When what has not begun is given back. */
    final long waitUntilMicros;

    Work(List<Delivery> deliveries, long waitUntilMicros) {
        this.deliveries = deliveries;
        this.outcomes = new Outcome[deliveries.size()];
        this.open = deliveries.size();
        this.waitUntilMicros = waitUntilMicros;
    }

    /** Those that wait. */
    int left() {
        return deliveries.size() - next;
    }

    int next() {
        return next;
    }

    List<Delivery> begin(int count) {
        List<Delivery> begun =
                next == 0 && count == deliveries.size() ? deliveries : deliveries.subList(next, next + count);
        next += count;
        return begun;
    }

    /** All that wait get {@code outcome}; answers how many. */
    int giveBack(Outcome outcome) {
        int count = left();
        Arrays.fill(outcomes, next, deliveries.size(), outcome);
        next = deliveries.size();
        settled(count);
        return count;
    }

    void set(int index, Outcome outcome) {
        outcomes[index] = outcome;
    }

    /** {@code count} more outcomes stand; the last one answers the request. */
    void settled(int count) {
        open -= count;
        if (open == 0) {
            promise.tryComplete(Arrays.asList(outcomes));
        }
    }

    Future<List<Outcome>> future() {
        return promise.future();
    }
}
