package io.forelog.queue.kafka;

import io.forelog.queue.QueueSpec;
import java.util.List;

/**
 * The topics of one route of a namespace. Immutable, any thread.
 *
 * @param mains where fresh entries are appended
 * @param deadLetters of each main topic, in their order
 */
record RouteTopics(List<String> mains, List<String> deadLetters, int route, String shard) {
    static RouteTopics of(QueueSpec spec, int route, String shard) {
        return new RouteTopics(
                KafkaNames.mains(spec.namespace(), spec.config()),
                KafkaNames.deadLetters(spec.namespace(), spec.config()),
                route,
                shard);
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
