package io.forelog.config;

import io.forelog.config.NamespaceDocument.Order;
import org.jspecify.annotations.Nullable;

/**
 * Since which revisions a namespace is written and delivered as it is. While a node may still take writes in an older way, another takes
 * none in this one (14.15); a restart must not forget it, so it is kept with what is applied. Immutable.
 *
 * @param order of deliveries; null = kept by a version that did not know
 * @param ordered the first revision with this order
 * @param queues the first revision with these queues
 */
public record Since(@Nullable Order order, long ordered, long queues) {
    /** Nobody can have it in an older way. */
    static Since ever(Order order) {
        return new Since(order, 0, 0);
    }

    /** With this {@code revision}, which other nodes may not have. */
    static Since now(Order order, long revision) {
        return new Since(order, revision, revision);
    }

    /** Of the next one that is applied. */
    Since next(Order nextOrder, boolean sameQueues, long revision) {
        return new Since(nextOrder, nextOrder == order ? ordered : revision, sameQueues ? queues : revision);
    }
}
