package io.forelog.target;

import io.forelog.model.Ticker;
import io.forelog.table.Tables;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Vertx;
import java.nio.file.Path;
import java.util.Map;

/**
 * What an adapter gets from its node.
 *
 * @param node the node's name, sent as user agent and client id
 * @param tables the node's table stores, opened when first asked for; the node closes them
 * @param settings the node's settings for this type, from {@code targets.<type>} in conf/forelog.yaml
 * @param bootstrapServers the node's table: addresses by the name that a document uses
 */
public record TargetResources(
        Vertx vertx,
        Ticker ticker,
        MeterRegistry metrics,
        String node,
        Path dataDirectory,
        Tables tables,
        Map<String, Object> settings,
        Map<String, String> bootstrapServers) {}
