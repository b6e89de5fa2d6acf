package io.forelog.queue.kafka;

import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * The names of everything that Forelog has in a Kafka cluster: topics, groups, transactional ids. They are a contract with data
 * that exists. Stateless, any thread.
 */
final class KafkaNames {
    static final String TOPICS = "wal-kafka-topics";
    static final String DLQ_TOPICS = "wal-kafka-dlq-topics";
    static final String PREFIX = "wal.kafka.bootstrap.servers.prefix";

    private static final Pattern TOPIC = Pattern.compile("[a-zA-Z0-9._-]{1,240}");
    private static final Pattern ANY_TOPIC = Pattern.compile("[a-zA-Z0-9._-]{1,249}");

    private KafkaNames() {}

    /** Those that fresh entries are written to; one of the namespace's own name where none is configured. */
    static List<String> mains(String namespace, Map<String, Object> config) {
        List<String> topics = texts(config, TOPICS);
        return checked(TOPICS, topics.isEmpty() ? List.of(namespace) : topics);
    }

    /** One a main topic, in their order; several may share one. */
    static List<String> deadLetters(String namespace, Map<String, Object> config) {
        List<String> mains = mains(namespace, config);
        List<String> topics = texts(config, DLQ_TOPICS);
        if (topics.isEmpty()) {
            return mains.stream().map(main -> main + "-dlq").toList();
        } else if (topics.size() == 1) {
            return mains.stream().map(main -> topics.get(0)).toList();
        } else if (topics.size() != mains.size()) {
            throw new WalException(
                    ErrorCode.INVALID_ARGUMENT,
                    DLQ_TOPICS + ": " + topics + " (expected: one for all, or one for each of " + mains + ")");
        }
        return checked(DLQ_TOPICS, topics);
    }

    private static List<String> checked(String key, List<String> topics) {
        for (String topic : topics) {
            if (!TOPIC.matcher(topic).matches() || !isTopic(topic)) {
                throw new WalException(
                        ErrorCode.INVALID_ARGUMENT,
                        key + ": '" + topic + "' (expected: 1 to 240 of letters, digits, _ . -)");
            }
        }
        if (List.copyOf(new java.util.LinkedHashSet<>(topics)).size() < topics.size() && key.equals(TOPICS)) {
            throw new WalException(ErrorCode.INVALID_ARGUMENT, key + ": " + topics + " (expected: each once)");
        }
        return topics;
    }

    /** A name that a topic can have. */
    static boolean isTopic(String name) {
        return ANY_TOPIC.matcher(name).matches() && !name.equals(".") && !name.equals("..");
    }

    private static List<String> texts(Map<String, Object> config, String key) {
        return config.get(key) instanceof List<?> list
                ? list.stream().map(String::valueOf).toList()
                : List.of();
    }

    /** Where what was delayed or is tried again lies when it is due. */
    static String ready(String main) {
        return main + "-ready";
    }

    /** Where a route's parked lanes lie; as many partitions as {@code main}. */
    static String park(String main, int route) {
        return main + "-park-" + route;
    }

    static String tier(String shard, TierPlan.Tier tier) {
        return "forelog-" + shard + "-tier-" + tier.label;
    }

    /** On which nodes ask the brokers what time it is. */
    static String clock(String shard) {
        return "forelog-" + shard + "-clock";
    }

    /** Of a route's readers, on main, ready and park topics. */
    static String group(String namespace, int route) {
        return "forelog." + namespace + "." + route;
    }

    /** One of a route of {@code namespace}, or of its dead letters. */
    static boolean isGroupOf(String namespace, String group) {
        return group.equals(deadLetterGroup(namespace)) || isRouteGroupOf(namespace, group);
    }

    /** Of one of its routes, whichever. */
    static boolean isRouteGroupOf(String namespace, String group) {
        String prefix = "forelog." + namespace + ".";
        return group.startsWith(prefix)
                && group.length() > prefix.length()
                && group.substring(prefix.length()).chars().allMatch(each -> each >= '0' && each <= '9');
    }

    /** Of those who move what waits in the tiers of a shard. */
    static String tierGroup(String shard) {
        return "forelog." + shard + ".tiers";
    }

    /** Has no members: keeps what of the dead letters was redriven or purged. */
    static String deadLetterGroup(String namespace) {
        return "forelog." + namespace + ".dlq";
    }

    /** Stable over restarts, so that what a former life left open is ended. */
    static String transactionalId(String node, String purpose) {
        return "forelog-" + node + "-" + purpose;
    }
}
