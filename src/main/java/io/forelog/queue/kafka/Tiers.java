package io.forelog.queue.kafka;

import java.util.function.Function;
import org.apache.kafka.common.header.Headers;

/**
 * The headers by which a record waits on the tier topics: when it is due ({@code forelog-due}), where it goes then
 * ({@code forelog-to}), when it hops next ({@code forelog-hop}), whose clock said so ({@code forelog-node}). Stateless, any thread.
 */
final class Tiers {
    /** The node whose clock set the due time; missing = not said. */
    static final String NODE = "forelog-node";

    /** That clock's time less the cluster's, at least, in microseconds; missing = about none. */
    static final String CLOCK = "forelog-clock";

    private Tiers() {}

    /**
     * The topic for a record that is due at {@code due}: a tier, or {@code ready} where it is due by now. Sets the headers.
     *
     * @param nodeId whose clock {@code now} is
     * @param clock how far that one is off
     */
    static String wait(
            Headers headers,
            Function<TierPlan.Tier, String> tierTopics,
            String ready,
            long nowMicros,
            long dueMicros,
            String nodeId,
            ClusterClock clock) {
        KafkaRecords.replace(headers, KafkaRecords.DUE, Long.toString(dueMicros));
        if (dueMicros <= nowMicros) {
            return ready;
        }
        TierPlan.Hop hop = TierPlan.next(nowMicros, dueMicros);
        KafkaRecords.replace(headers, KafkaRecords.TO, ready);
        KafkaRecords.replace(headers, NODE, nodeId);
        clock.mark(headers);
        KafkaRecords.replace(headers, KafkaRecords.HOP, Long.toString(hop.atMicros()));
        return tierTopics.apply(hop.tier());
    }
}
