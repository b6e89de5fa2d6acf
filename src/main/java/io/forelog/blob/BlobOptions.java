package io.forelog.blob;

import io.forelog.model.Ticker;
import io.vertx.core.Vertx;
import java.nio.file.Path;
import java.util.Map;

/**
 * What a blob store gets from its node. Immutable.
 *
 * @param directory its own, which it may create; only what lies on this node uses it
 * @param settings of the node's configuration, without {@code type}
 */
public record BlobOptions(Vertx vertx, Ticker ticker, Path directory, Map<String, Object> settings) {}
