package io.forelog.queue.kafka;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.jspecify.annotations.Nullable;

/**
 * What readers of one node share. Immutable, any thread.
 *
 * @param connection bootstrap servers, TLS and SASL: passed on to every client
 * @param nodeId stable over restarts: makes transactional ids and static members of groups
 * @param clock of the cluster
 * @param commitInterval at most so much is repeated after a crash
 * @param drainLimit how long partitions that go to another reader wait for what is on its way
 * @param orderedWait how long a new owner waits with ordered deliveries where the last one left something on its way, if nobody says how long
 *     their target may take
 */
record ReaderSettings(
        Map<String, Object> connection,
        String nodeId,
        ClusterClock clock,
        Duration commitInterval,
        Duration drainLimit,
        Duration orderedWait) {
    /**
     * An answer to a fetch lies in one array; one over half a region of G1 (1 MiB in a heap of up to 2 GiB) would begin a
     * marking cycle each.
     */
    static final int FETCH_BYTES = 400 << 10;

    private static final Duration BEYOND = Duration.ofSeconds(1);

    static ReaderSettings of(Map<String, Object> connection, String nodeId, ClusterClock clock) {
        return new ReaderSettings(
                connection, nodeId, clock, Duration.ofMillis(200), Duration.ofSeconds(1), Duration.ofSeconds(11));
    }

    /** Where a request to the target ends within {@code targetLimit}: so long and a second. */
    Duration orderedWait(@Nullable Duration targetLimit) {
        return targetLimit == null ? orderedWait : targetLimit.plus(BEYOND);
    }

    /** The same for all processes with this id, other than for any other node. */
    int owner() {
        return nodeId.hashCode();
    }

    /** For a member of {@code group}, or for one that reads without a group. */
    Map<String, Object> consumer(@Nullable String group, String clientId) {
        Map<String, Object> config = new HashMap<>(connection);
        config.put(ConsumerConfig.CLIENT_ID_CONFIG, clientId);
        config.put(ConsumerConfig.KEY_DESERIALIZER_CLASS_CONFIG, ByteArrayDeserializer.class);
        config.put(ConsumerConfig.VALUE_DESERIALIZER_CLASS_CONFIG, ByteArrayDeserializer.class);
        config.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
        config.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "none");
        config.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
        config.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false);
        config.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, 500);
        config.put(ConsumerConfig.FETCH_MAX_BYTES_CONFIG, FETCH_BYTES);
        config.put(ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG, FETCH_BYTES);
        config.put(CommonClientConfigs.DEFAULT_API_TIMEOUT_MS_CONFIG, 15_000);
        config.put(CommonClientConfigs.METADATA_MAX_AGE_CONFIG, 30_000);
        if (group != null) {
            config.put(ConsumerConfig.GROUP_ID_CONFIG, group);
            config.put(ConsumerConfig.GROUP_INSTANCE_ID_CONFIG, clientId);
            config.put(ConsumerConfig.PARTITION_ASSIGNMENT_STRATEGY_CONFIG, CooperativeStickyAssignor.class.getName());
            config.put(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG, 10_000);
            config.put(ConsumerConfig.HEARTBEAT_INTERVAL_MS_CONFIG, 1_000);
        }
        return config;
    }
}
