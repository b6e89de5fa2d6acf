package io.forelog.config;

import io.vertx.core.Future;
import java.util.List;

/**
 * Makes namespaces serve. Called by the {@link Reconciler} alone, on its context, one call at a time; a call that fails
 * leaves what served before.
 */
public interface Deployer {
    /** Opens its queue and starts what writes to it and delivers from it. */
    Future<Void> add(Namespace namespace);

    /** {@code from} serves; afterwards {@code to} does. A retiring namespace delivers, and takes no writes; a
     * discarded one does neither. */
    Future<Void> replace(Namespace from, Namespace to);

    /** Stops it and deletes its queue: an empty one, unless the namespace is discarded, of which what is left counts as cancelled. */
    Future<Void> remove(Namespace namespace);

    /** What is left to be done for one route: not delivered, and dead letters. From memory. */
    Left left(Namespace namespace, int route);

    /** Whether a queue that drains has nothing left that anybody could want: no obligation, no dead letter, no past to replay. */
    default boolean drained(Namespace namespace, int queue) {
        return false;
    }

    /** Whether it has to be replaced by itself, since its queue lies elsewhere now. */
    default boolean isMisplaced(Namespace namespace) {
        return false;
    }

    /** Whether no node can take a write any more for a namespace that ends. */
    default boolean isEndedEverywhere(Namespace namespace) {
        return true;
    }

    /** Whether it is this node's turn to end a namespace that has nothing left; asked from the moment on that it ends. */
    default boolean mayEnd(Namespace namespace) {
        return true;
    }

    /** Whether another shard can go on with all that is left of a namespace. */
    default boolean handedOver(Namespace namespace) {
        return true;
    }

    /** How a namespace at work is, in words. */
    default Condition condition(String namespace) {
        return new Condition(List.of(), List.of());
    }

    /**
     * How a namespace is.
     *
     * @param problems what somebody should look at: queues that can't be reached
     * @param remarks what is worth knowing: queues that drain
     */
    record Condition(List<String> problems, List<String> remarks) {}

    /** Obligations of one route. */
    record Left(long undelivered, long dead) {}
}
