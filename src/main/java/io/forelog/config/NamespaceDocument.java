package io.forelog.config;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** One namespace's configuration, checked, with every default filled in. Immutable; see design section 6. */
public record NamespaceDocument(
        String namespace,
        List<PersistenceConfiguration> persistence,
        List<TargetConfiguration> targets,
        DeliveryPolicy delivery,
        RetryPolicy retry,
        DeadLetterPolicy deadLetter,
        StoragePolicy storage,
        ReceiptsPolicy receipts,
        Set<String> acceptRisk,
        Duration retention,
        AccessPolicy access,
        AdmissionPolicy admission,
        String shard) {

    /** Keeps no delivery order, or that of each key. */
    public enum Order {
        NONE,
        KEY
    }

    /** When a fanned-out entry counts as complete. */
    public enum Completion {
        ALL,
        QUORUM,
        ANY
    }

    /** What happens to the entries of a key behind a dead-lettered one. */
    public enum OnOrdered {
        CONTINUE,
        HOLD
    }

    /**
     * One queue.
     *
     * @param type upper case, a {@code QueueProvider}'s
     * @param serves immediate, delayed, retry; lower case, never empty
     * @param config as written; checked by the provider's schema and the keys common to all
     */
    public record PersistenceConfiguration(String type, Set<String> serves, Map<String, Object> config) {}

    /**
     * One target.
     *
     * @param isDefault written to when a request names no target
     */
    public record TargetConfiguration(
            String name,
            String type,
            boolean isDefault,
            List<String> destinations,
            Map<String, Object> config,
            TargetLimit limit) {
        /** What is configured may be secret: its names are shown, not its values. */
        @Override
        public String toString() {
            return "TargetConfiguration[name=" + name + ", type=" + type + ", isDefault=" + isDefault
                    + ", destinations=" + destinations + ", config=" + config.keySet() + ", " + limit + "]";
        }
    }

    /**
     * What a target can bear.
     *
     * @param concurrency 0 = adaptive
     * @param ratePerSecond 0 = no limit
     */
    public record TargetLimit(int concurrency, double ratePerSecond, Duration timeout, int batch) {}

    /**
     * How entries are delivered.
     *
     * @param maxInFlight deliveries taken and not settled, all routes
     * @param pauseOnRejectRatio share of storm rejections (401, 403, 404) that pauses a route; in (0, 1]
     */
    public record DeliveryPolicy(
            Order order,
            Completion completion,
            int maxInFlight,
            Duration maxDelay,
            int maxPayloadBytes,
            double pauseOnRejectRatio) {}

    /**
     * When a failed attempt is made again: {@code min(max, initial x multiplier^(attempt-1))}, with full jitter a uniform
     * draw from zero to that.
     *
     * @param maxAge counted from due
     */
    public record RetryPolicy(
            Duration initial, double multiplier, Duration max, boolean fullJitter, int maxAttempts, Duration maxAge) {}

    public record DeadLetterPolicy(Duration retention, OnOrdered onOrdered) {}

    /** {@code own}: a database of its own. {@code quotaBytes}: Long.MAX_VALUE = no limit. */
    public record StoragePolicy(boolean own, long quotaBytes) {}

    /** {@code store}: none, embedded or postgres. */
    public record ReceiptsPolicy(String store, Duration retention) {}

    /** Principals; empty = everybody who may reach the port. */
    public record AccessPolicy(List<String> write, List<String> read, List<String> admin) {}

    /**
     * @param priority of a request that says none
     * @param ratePerSecond entries; 0 = no limit
     * @param maxInFlight entries admitted and not answered; 0 = no limit but the node's
     */
    public record AdmissionPolicy(io.forelog.model.Priority priority, double ratePerSecond, int maxInFlight) {}
}
