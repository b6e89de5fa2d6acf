package io.forelog.target.memcached;

import org.jspecify.annotations.Nullable;

/** Where a node listens. */
public record NodeAddress(String host, int port) {
    private static final int DEFAULT_PORT = 11_211;

    /** Null, or what is expected of {@code text}. */
    public static @Nullable String expectation(String text) {
        if (!text.matches("([^\\s/@:,\\[\\]]+|\\[[0-9a-fA-F:.]+])(:[0-9]{1,5})?")) {
            return "host:port";
        }
        int port = parse(text).port();
        return port >= 1 && port <= 65_535 ? null : "host:port, the port 1 to 65535";
    }

    public static NodeAddress parse(String text) {
        int colon = text.lastIndexOf(':');
        boolean hasPort = colon > text.lastIndexOf(']');
        String host = hasPort ? text.substring(0, colon) : text;
        return new NodeAddress(
                host.startsWith("[") ? host.substring(1, host.length() - 1) : host,
                hasPort && colon > 0 ? Integer.parseInt(text.substring(colon + 1)) : DEFAULT_PORT);
    }

    /** As libmemcached writes it: without the port where that is memcached's own. */
    public String name() {
        return port == DEFAULT_PORT ? host : host + ":" + port;
    }
}
