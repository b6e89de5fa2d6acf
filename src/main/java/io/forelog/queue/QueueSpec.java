package io.forelog.queue;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What a queue must know of its namespace.
 *
 * @param routes numeric ids that may be taken from; entries name theirs
 * @param ordered {@code order: key}
 * @param serves which classes of entries come here
 * @param retention how long settled entries stay readable
 * @param quotaBytes most bytes stored for the namespace; Long.MAX_VALUE = no limit
 * @param ownDatabase {@code isolation: own}
 * @param config the persistence configuration's {@code config}, checked against the provider's schema
 * @param demands what the namespace asks of a backend that others set up
 */
public record QueueSpec(
        String namespace,
        List<Integer> routes,
        boolean ordered,
        Set<EntryClass> serves,
        Duration retention,
        Duration deadLetterRetention,
        long quotaBytes,
        boolean ownDatabase,
        Map<String, Object> config,
        Demands demands) {

    /** Of a queue that nobody else sets up. */
    public QueueSpec(
            String namespace,
            List<Integer> routes,
            boolean ordered,
            Set<EntryClass> serves,
            Duration retention,
            Duration deadLetterRetention,
            long quotaBytes,
            boolean ownDatabase,
            Map<String, Object> config) {
        this(
                namespace,
                routes,
                ordered,
                serves,
                retention,
                deadLetterRetention,
                quotaBytes,
                ownDatabase,
                config,
                Demands.NONE);
    }

    /**
     * What a backend of others is held against, and what to wait for.
     *
     * @param payloadBytesMax largest payload
     * @param longestWait the longest of delay and age that an entry may come to
     * @param acceptRisk names of what is put up with
     * @param targetLimits by route, how long one request to its target may take; missing = not said
     */
    public record Demands(
            int payloadBytesMax, Duration longestWait, Set<String> acceptRisk, Map<Integer, Duration> targetLimits) {
        public static final Demands NONE = new Demands(0, Duration.ZERO, Set.of());

        /** Without limits of targets. */
        public Demands(int payloadBytesMax, Duration longestWait, Set<String> acceptRisk) {
            this(payloadBytesMax, longestWait, acceptRisk, Map.of());
        }
    }

    /** This namespace's policies with what one of its queues serves and is configured by. */
    QueueSpec of(QueueSpec part) {
        return new QueueSpec(
                namespace,
                routes,
                ordered,
                part.serves,
                retention,
                deadLetterRetention,
                quotaBytes,
                ownDatabase,
                part.config,
                demands);
    }

    /** The classes by which several queues of a namespace divide the work. */
    public enum EntryClass {
        IMMEDIATE,
        DELAYED,
        RETRY
    }
}
