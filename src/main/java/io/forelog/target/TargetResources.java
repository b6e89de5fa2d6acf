package io.forelog.target;

import io.forelog.model.Ticker;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Vertx;
import java.nio.file.Path;
import java.util.Map;

/**
 * What an adapter gets from its node.
 *
 * @param node the node's name, sent as user agent and client id
 * @param settings the node's settings for this type, from {@code targets.<type>} in conf/forelog.yaml
 */
public record TargetResources(
        Vertx vertx,
        Ticker ticker,
        MeterRegistry metrics,
        String node,
        Path dataDirectory,
        Map<String, Object> settings) {}
