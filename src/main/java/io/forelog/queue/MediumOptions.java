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
 */
public record MediumOptions(
        Vertx vertx, Ticker ticker, MeterRegistry metrics, Path dataDirectory, Map<String, Object> settings) {}
