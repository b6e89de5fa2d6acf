package io.forelog.access;

import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpConnection;

/** Finds out who calls. On event loops, a request; answers from memory but for a credential's first use. */
@FunctionalInterface
public interface Identities {
    /** Nobody proves who they are. */
    Identities OPEN = (headers, connection) -> Identity.ANONYMOUS;

    /**
     * Fails by throwing UNAUTHENTICATED where there is no credential, or one that is not believed: what is there and wrong is never
     * taken for missing.
     */
    Identity identify(MultiMap headers, HttpConnection connection);
}
