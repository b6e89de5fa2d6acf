package io.forelog.config;

import io.forelog.model.ConfigSchema;
import java.time.Duration;
import java.util.Map;

/**
 * The queue and target types that this node has, in the words that a document is checked against. Immutable.
 *
 * @param queues by type, upper case
 * @param targets what {@code targets[].config} may hold, by type, lower case
 */
public record Adapters(Map<String, QueueType> queues, Map<String, ConfigSchema> targets) {
    /**
     * One queue type.
     *
     * @param delayWithOrder a delay is allowed together with order per key
     */
    public record QueueType(
            ConfigSchema schema, Duration longestDelay, boolean order, boolean delayWithOrder, int largestEntryBytes) {}
}
