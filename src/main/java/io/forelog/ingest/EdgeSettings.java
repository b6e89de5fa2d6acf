package io.forelog.ingest;

import java.time.Duration;

/**
 * Where and how the edge listens. Immutable.
 *
 * @param httpPort 0 = any free one
 * @param grpcPort 0 = any free one
 * @param drain how long callers are kept waiting at shutdown before they are answered UNKNOWN
 * @param bench serves the echoes that measure what a call costs without work; never in production
 */
public record EdgeSettings(String host, int httpPort, int grpcPort, Duration drain, boolean bench) {
    private static final int PORT_MAX = 65_535;

    public EdgeSettings {
        check("http_port", httpPort);
        check("grpc_port", grpcPort);
    }

    private static void check(String name, int port) {
        if (port < 0 || port > PORT_MAX) {
            throw new IllegalArgumentException(name + ": " + port + " (expected: 0 to " + PORT_MAX + ")");
        }
    }

    public static EdgeSettings of(String host, int httpPort, int grpcPort) {
        return new EdgeSettings(host, httpPort, grpcPort, Duration.ofSeconds(25), false);
    }
}
