package io.forelog.queue.kafka;

import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The node's settings for queues on Kafka, {@code queues.kafka} in conf/forelog.yaml. Immutable.
 *
 * @param clusters by name: properties of the Kafka clients, {@code bootstrap.servers} and what it takes to log in
 * @param replication of topics that are created; 0 = min(3, the brokers there are)
 * @param partitions of main topics that are created
 * @param tierPartitions of the shard's tiers
 * @param inFlightBytes that may be on their way to one cluster
 */
record KafkaSettings(
        Map<String, Map<String, Object>> clusters,
        int replication,
        int partitions,
        int tierPartitions,
        long inFlightBytes) {
    private static final List<String> KEYS =
            List.of("clusters", "replication", "partitions", "tier_partitions", "in_flight_bytes");
    /** Requests on their way to one broker: fewer gather larger batches while they fly. */
    private static final String IN_FLIGHT = "max.in.flight.requests.per.connection";
    /** What promises rest on: nobody may set it. */
    private static final List<String> FIXED = List.of(
            "acks",
            "enable.idempotence",
            "transactional.id",
            "group.id",
            "auto.offset.reset",
            "enable.auto.commit",
            "isolation.level",
            "max.block.ms",
            "delivery.timeout.ms",
            "key.serializer",
            "value.serializer",
            "key.deserializer",
            "value.deserializer");

    static KafkaSettings of(Map<String, Object> settings) {
        for (String key : settings.keySet()) {
            if (!KEYS.contains(key)) {
                throw invalid(key + ": unknown key (expected: one of " + KEYS + ")");
            }
        }
        return new KafkaSettings(
                clusters(settings.getOrDefault("clusters", Map.of())),
                (int) number(settings, "replication", 0, 0, 100),
                (int) number(settings, "partitions", 6, 1, 1_000),
                (int) number(settings, "tier_partitions", 3, 1, 1_000),
                number(settings, "in_flight_bytes", 64L << 20, 1L << 20, 4L << 30));
    }

    private static Map<String, Map<String, Object>> clusters(Object value) {
        Map<String, Map<String, Object>> clusters = new LinkedHashMap<>();
        if (!(value instanceof Map<?, ?> named)) {
            throw invalid("clusters: " + value + " (expected: a map by the cluster's name)");
        }
        named.forEach((name, properties) -> {
            if (!(properties instanceof Map<?, ?> map)) {
                throw invalid("clusters." + name + ": " + properties + " (expected: a map of Kafka client properties)");
            }
            Map<String, Object> flat = new LinkedHashMap<>();
            flatten("", map, flat);
            for (String fixed : FIXED) {
                if (flat.containsKey(fixed)) {
                    throw invalid("clusters." + name + "." + fixed
                            + ": may not be set (expected: connection properties such as security.protocol)");
                }
            }
            inFlight(String.valueOf(name), flat);
            clusters.put(String.valueOf(name), flat);
        });
        return clusters;
    }

    /** What an idempotent producer is able to keep in order. */
    private static void inFlight(String cluster, Map<String, Object> flat) {
        Object value = flat.get(IN_FLIGHT);
        if (value != null && !String.valueOf(value).matches("[1-5]")) {
            throw invalid("clusters." + cluster + "." + IN_FLIGHT + ": " + value + " (expected: 1 to 5)");
        }
    }

    /** {@code security: {protocol: SSL}} and {@code security.protocol: SSL} are the same. */
    private static void flatten(String path, Map<?, ?> map, Map<String, Object> into) {
        map.forEach((key, value) -> {
            String name = path + key;
            if (value instanceof Map<?, ?> inner) {
                flatten(name + ".", inner, into);
            } else if (value instanceof List<?> list) {
                into.put(
                        name,
                        String.join(",", list.stream().map(String::valueOf).toList()));
            } else if (value != null) {
                into.put(name, String.valueOf(value));
            }
        });
    }

    private static long number(Map<String, Object> settings, String key, long otherwise, long least, long most) {
        Object value = settings.getOrDefault(key, otherwise);
        if (value instanceof Number number && number.longValue() >= least && number.longValue() <= most) {
            return number.longValue();
        }
        throw invalid(key + ": " + value + " (expected: " + least + " to " + most + ")");
    }

    private static WalException invalid(String text) {
        return new WalException(ErrorCode.INVALID_ARGUMENT, "queues.kafka." + text);
    }

    /** Properties may hold passwords. */
    @Override
    public String toString() {
        return "KafkaSettings[clusters=" + clusters.keySet() + ", replication=" + replication + ", partitions="
                + partitions + ", tierPartitions=" + tierPartitions + ", inFlightBytes=" + inFlightBytes + "]";
    }
}
