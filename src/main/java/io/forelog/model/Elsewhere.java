package io.forelog.model;

import java.util.List;

/**
 * Where a request belongs that came to the wrong node. Immutable.
 *
 * @param shard that serves the namespace; empty where it is this node's own
 * @param node whose disk has what was asked for; empty where any of the shard will do
 * @param addresses {@code grpc[s]://host:port} and {@code http[s]://host:port}; empty where nobody knows
 */
public record Elsewhere(String shard, String node, List<String> addresses) {
    public Elsewhere {
        addresses = List.copyOf(addresses);
    }

    /** On a shard, whose nodes all will do. */
    public static Elsewhere shard(String shard, List<String> addresses) {
        return new Elsewhere(shard, "", addresses);
    }

    /** On one node. {@code address} empty where it is away. */
    public static Elsewhere node(String node, String address) {
        return new Elsewhere("", node, address.isEmpty() ? List.of() : List.of(address));
    }
}
