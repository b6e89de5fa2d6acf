package io.forelog.admin;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * This node, as it is at one moment. Immutable.
 *
 * @param reasons why it is not READY, or what a READY one cannot do; empty = all is well
 * @param ports by name: http, grpc, management
 */
public record NodeStatus(
        String name,
        String version,
        Phase phase,
        List<String> reasons,
        String shard,
        String stack,
        String region,
        List<String> roles,
        long startedMicros,
        Map<String, Integer> ports,
        Path dataDirectory) {

    /** A node's life. */
    public enum Phase {
        STARTING,
        READY,
        DRAINING
    }
}
