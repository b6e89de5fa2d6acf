package io.forelog.access;

import io.forelog.config.LocksConfig.ConnectionsConfig;
import org.jspecify.annotations.Nullable;

/**
 * What stands between a caller and a node. Immutable.
 *
 * @param tls null = plain text
 */
public record Locks(
        Identities identities,
        NamespaceRights rights,
        @Nullable TlsFiles tls,
        ConnectionsConfig connections) {
    /** Everybody who reaches a port may use it, as far as a namespace names nobody. */
    public static final Locks OPEN =
            new Locks(Identities.OPEN, NamespaceRights.open(), null, ConnectionsConfig.DEFAULT);

    /** Whether callers have to say who they are. */
    public boolean identified() {
        return identities != Identities.OPEN;
    }
}
