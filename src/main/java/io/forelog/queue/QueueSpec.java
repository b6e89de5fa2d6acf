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
        Map<String, Object> config) {

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
                part.config);
    }

    /** The classes by which several queues of a namespace divide the work. */
    public enum EntryClass {
        IMMEDIATE,
        DELAYED,
        RETRY
    }
}
