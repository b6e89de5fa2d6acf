package io.forelog.queue.kafka;

import io.forelog.queue.QueueSpec;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The topics of one route of a namespace, and how long its target may take. Immutable, any thread.
 *
 * @param mains where fresh entries are appended
 * @param deadLetters of each main topic, in their order
 * @param targetLimit how long one request to its target may take; null = not said
 */
record RouteTopics(
        List<String> mains,
        List<String> deadLetters,
        int route,
        String shard,
        @Nullable Duration targetLimit) {
    RouteTopics(List<String> mains, List<String> deadLetters, int route, String shard) {
        this(mains, deadLetters, route, shard, null);
    }

    static RouteTopics of(QueueSpec spec, int route, String shard) {
        return new RouteTopics(
                KafkaNames.mains(spec.namespace(), spec.config()),
                KafkaNames.deadLetters(spec.namespace(), spec.config()),
                route,
                shard,
                spec.demands().targetLimits().get(route));
    }

    /** Where what came to be due goes. */
    String ready(String main) {
        return KafkaNames.ready(main);
    }

    /** Where the route's parked lanes lie. */
    String park(String main) {
        return KafkaNames.park(main, route);
    }

    String deadLetters(String main) {
        int at = mains.indexOf(main);
        return deadLetters.get(Math.max(0, at)); // of a topic that is configured no more: the first one's
    }

    String tier(TierPlan.Tier tier) {
        return KafkaNames.tier(shard, tier);
    }
}
