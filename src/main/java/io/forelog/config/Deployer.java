package io.forelog.config;

import io.vertx.core.Future;

/**
 * Makes namespaces serve. Called by the {@link Reconciler} alone, on its context, one call at a time; a call that fails
 * leaves what served before.
 */
public interface Deployer {
    /** Opens its queue and starts what writes to it and delivers from it. */
    Future<Void> add(Namespace namespace);

    /** {@code from} serves; afterwards {@code to} does. A retiring namespace delivers, and takes no writes. */
    Future<Void> replace(Namespace from, Namespace to);

    /** Stops it and deletes what its queue still holds. */
    Future<Void> remove(Namespace namespace);

    /** What is left to be done for one route: not delivered, and dead letters. From memory. */
    Left left(Namespace namespace, int route);

    /** Obligations of one route. */
    record Left(long undelivered, long dead) {}
}
