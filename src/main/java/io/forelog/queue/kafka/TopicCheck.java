package io.forelog.queue.kafka;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Whether a topic that others made keeps what Forelog promises (design 14.1). What it does not is refused, unless the namespace
 * names the risk in {@code accept_risk}. Stateless, any thread.
 *
 * @param risk the name by which it is accepted
 * @param text what is wrong, and what was expected
 */
record TopicCheck(String risk, String text) {
    static final String COMPACTION = "topic-compaction";
    static final String RETENTION = "topic-retention";
    static final String RETENTION_BYTES = "topic-retention-bytes";
    static final String MIN_INSYNC = "topic-min-insync";
    static final String MESSAGE_SIZE = "topic-message-size";

    /** An envelope, headers and a copy's failures come on top of a payload. */
    static final int OVERHEAD_BYTES = 64 << 10;

    private static final Duration MARGIN = Duration.ofDays(1);

    /**
     * @param config the topic's effective settings
     * @param keeps the longest that an entry may have to lie there
     */
    static List<TopicCheck> problems(
            String topic,
            int replicas,
            Map<String, String> config,
            Duration keeps,
            int payloadMax,
            Set<String> accepted) {
        List<TopicCheck> problems = new ArrayList<>();
        String cleanup = config.getOrDefault("cleanup.policy", "delete");
        if (cleanup.contains("compact")) {
            problems.add(problem(topic, "cleanup.policy", cleanup, "delete", COMPACTION));
        }
        long bytes = number(config, "retention.bytes", -1);
        if (bytes >= 0) {
            problems.add(problem(topic, "retention.bytes", bytes, "-1", RETENTION_BYTES));
        }
        long millis = number(config, "retention.ms", -1);
        long least = keeps.plus(MARGIN).toMillis();
        if (millis >= 0 && millis < least && cleanup.contains("delete")) {
            problems.add(problem(topic, "retention.ms", millis, "-1, or at least " + least, RETENTION));
        }
        long insync = number(config, "min.insync.replicas", 1);
        if (replicas >= 2 && insync < 2) {
            problems.add(problem(topic, "min.insync.replicas", insync, "at least 2 of " + replicas, MIN_INSYNC));
        }
        long size = number(config, "max.message.bytes", Integer.MAX_VALUE);
        if (size < (long) payloadMax + OVERHEAD_BYTES) {
            problems.add(problem(
                    topic, "max.message.bytes", size, "at least " + (payloadMax + OVERHEAD_BYTES), MESSAGE_SIZE));
        }
        problems.removeIf(problem -> accepted.contains(problem.risk()));
        return problems;
    }

    private static TopicCheck problem(String topic, String key, Object is, String expected, String risk) {
        return new TopicCheck(
                risk,
                "topic " + topic + ": " + key + " is " + is + " (expected: " + expected + ", or accept_risk: [" + risk
                        + "])");
    }

    private static long number(Map<String, String> config, String key, long otherwise) {
        String value = config.get(key);
        try {
            return value == null || value.isEmpty() ? otherwise : Long.parseLong(value);
        } catch (NumberFormatException e) {
            return otherwise;
        }
    }
}
