package io.forelog.queue;

import io.forelog.model.Ticker;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Vertx;
import java.nio.file.Path;
import java.util.Map;

/**
 * What a queue type gets from its node.
 *
 * @param dataDirectory exists, is writable and locked by this process; each type uses a sub-directory of its own
 * @param settings the node's settings for this type, from {@code queues.<type>} in conf/forelog.yaml
 * @param node the node's name, unique among those that share a backend
 * @param shard the node's
 * @param bootstrapServers addresses of backends by the name that a document uses
 */
public record MediumOptions(
        Vertx vertx,
        Ticker ticker,
        MeterRegistry metrics,
        Path dataDirectory,
        Map<String, Object> settings,
        String node,
        String shard,
        Map<String, String> bootstrapServers) {

    /** For a queue type that shares nothing with other nodes. */
    public MediumOptions(
            Vertx vertx, Ticker ticker, MeterRegistry metrics, Path dataDirectory, Map<String, Object> settings) {
        this(vertx, ticker, metrics, dataDirectory, settings, "node", "default", Map.of());
    }
}
