package io.forelog.queue.kafka;

import java.util.List;

/** The topics of one route of a namespace. Immutable, any thread. */
interface RouteTopics {
    /** As configured: where fresh entries are appended. */
    List<String> mains();

    /** Where what came to be due goes. */
    String ready(String main);

    /** Where the route's parked lanes lie; as many partitions as {@code main}. Used with order per key only. */
    String park(String main);

    String deadLetters(String main);

    String tier(TierPlan.Tier tier);
}
