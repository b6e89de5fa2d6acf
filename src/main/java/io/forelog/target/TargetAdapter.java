package io.forelog.target;

import io.forelog.model.Delivery;
import io.forelog.model.Outcome;
import io.vertx.core.Future;
import java.util.List;

/**
 * Applies deliveries to one target. Called on the one context it was opened on; concurrency, rate, time-out and
 * breaker are kept by the writer around it. Never throws and never fails: what goes wrong is an {@link Outcome}.
 */
public interface TargetAdapter {
    /** Most deliveries one {@link #apply} takes; 1 = no batching. */
    int batchMax();

    /** Outcomes in the order of {@code batch}, one each. What is not known to be applied is RETRY. */
    Future<List<Outcome>> apply(List<Delivery> batch);

    /** Whether the target answers, without an entry: what a breaker probes with. Fails where it does not. */
    Future<Void> probe();

    /** Releases connections. */
    Future<Void> close();
}
