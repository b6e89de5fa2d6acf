package io.forelog.target;

import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * One target of one namespace, as its document says.
 *
 * @param destinations what an entry's destination may say; empty = the configured one only
 * @param config checked against the provider's schema
 */
public record TargetSpec(
        String namespace,
        String name,
        String type,
        int route,
        List<String> destinations,
        Map<String, Object> config,
        Limit limit) {
    /**
     * What the target can bear.
     *
     * @param concurrency most requests in flight; 0 = adaptive
     * @param ratePerSecond most deliveries a second; 0 = no limit
     * @param timeout of one attempt
     * @param batch most deliveries a request, where the adapter can batch
     */
    public record Limit(int concurrency, double ratePerSecond, Duration timeout, int batch) {}
}
