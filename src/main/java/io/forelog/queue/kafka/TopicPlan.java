package io.forelog.queue.kafka;

import io.forelog.queue.QueueSpec;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * The topics of one namespace, by what they are for. Immutable, any thread.
 *
 * @param mains where fresh entries go
 * @param deadLetters in the order of {@code mains}
 * @param shard whose tiers are used
 * @param lanes there is where to park: with order, or what was parked while there was
 */
record TopicPlan(
        String namespace,
        String shard,
        List<String> mains,
        List<String> deadLetters,
        List<Integer> routes,
        boolean lanes) {
    static TopicPlan of(QueueSpec spec, String shard) {
        return new TopicPlan(
                spec.namespace(),
                shard,
                KafkaNames.mains(spec.namespace(), spec.config()),
                KafkaNames.deadLetters(spec.namespace(), spec.config()),
                List.copyOf(spec.routes()),
                spec.ordered());
    }

    /** Also of a namespace that is ordered no more. */
    TopicPlan withLanes() {
        return lanes ? this : new TopicPlan(namespace, shard, mains, deadLetters, routes, true);
    }

    /** In the order of the mains. */
    List<String> readies() {
        return mains.stream().map(KafkaNames::ready).toList();
    }

    /** Empty where nothing is parked. */
    List<String> parks(int route) {
        return lanes ? mains.stream().map(main -> KafkaNames.park(main, route)).toList() : List.of();
    }

    List<String> tiers() {
        return TierPlan.TIERS.stream().map(tier -> KafkaNames.tier(shard, tier)).toList();
    }

    String deadLetterOf(String main) {
        return deadLetters.get(mains.indexOf(main));
    }

    Set<String> deadLetterTopics() {
        return new LinkedHashSet<>(deadLetters);
    }

    /** Those with as many partitions as their main topic, beside it. */
    List<String> companions(String main) {
        List<String> all = new ArrayList<>(List.of(KafkaNames.ready(main)));
        if (lanes) {
            routes.forEach(route -> all.add(KafkaNames.park(main, route)));
        }
        return all;
    }
}
