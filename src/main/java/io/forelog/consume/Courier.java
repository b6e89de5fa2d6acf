package io.forelog.consume;

import io.forelog.model.Delivery;
import io.forelog.model.Outcome;
import io.vertx.core.Future;
import java.time.Duration;
import java.util.List;

/** Carries deliveries to a target writer and brings back what it answers. Called on the pump's thread, ends on it. */
@FunctionalInterface
interface Courier {
    /** An outcome each, in order; fails as a request over the bus fails, and with it nothing is known of any. */
    Future<List<Outcome>> deliver(String target, List<Delivery> deliveries, Duration limit);
}
