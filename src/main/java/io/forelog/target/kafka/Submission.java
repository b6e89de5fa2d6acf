package io.forelog.target.kafka;

import io.forelog.model.Outcome;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * One batch on its way: outcomes come in from the sending thread and from the producer's own, the last one ends the future on
 * the adapter's context. Bounded by the batch.
 */
final class Submission {
    private final Context home;
    private final AtomicReferenceArray<@Nullable Outcome> outcomes;
    private final AtomicInteger left;
    private final Promise<List<Outcome>> promise = Promise.promise();

    Submission(Context home, int size) {
        this.home = home;
        this.outcomes = new AtomicReferenceArray<>(size);
        this.left = new AtomicInteger(size);
        if (size == 0) {
            promise.complete(List.of());
        }
    }

    Future<List<Outcome>> future() {
        return promise.future();
    }

    /** Null while it is on its way. */
    @Nullable
    Outcome at(int index) {
        return outcomes.get(index);
    }

    /** The first outcome of an index stands. */
    void ended(int index, Outcome outcome) {
        if (outcomes.compareAndSet(index, null, outcome) && left.decrementAndGet() == 0) {
            home.runOnContext(ignored -> promise.complete(all()));
        }
    }

    /** All that have none yet get this one. */
    void endRest(Outcome outcome) {
        for (int index = 0; index < outcomes.length(); index++) {
            ended(index, outcome);
        }
    }

    private List<Outcome> all() {
        List<Outcome> all = new ArrayList<>(outcomes.length());
        for (int index = 0; index < outcomes.length(); index++) {
            Outcome outcome = outcomes.get(index);
            if (outcome != null) {
                all.add(outcome);
            }
        }
        return all;
    }
}
