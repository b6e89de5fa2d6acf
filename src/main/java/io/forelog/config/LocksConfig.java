package io.forelog.config;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a node's ports are locked with. Immutable.
 *
 * @param tls null = plain text
 * @param identities null = nobody proves who they are: everybody is {@code anonymous}
 * @param insecure an address that other machines reach may be bound without both
 */
public record LocksConfig(
        @Nullable TlsConfig tls,
        @Nullable IdentitiesConfig identities,
        ConnectionsConfig connections,
        boolean insecure) {

    /**
     * What callers may have of a node's ports, each of the edge and the management apart.
     *
     * @param max in all
     * @param perAddress of one address, which may be a proxy's
     * @param requestLimit how long a request of HTTP/1 may take to come
     */
    public record ConnectionsConfig(int max, int perAddress, Duration requestLimit) {
        public static final ConnectionsConfig DEFAULT = new ConnectionsConfig(10_000, 5_000, Duration.ofSeconds(60));
    }

    /**
     * Of all ports, PEM files. Looked at again while the node runs.
     *
     * @param certificate the node's, with the intermediate ones
     * @param key PKCS#8, of the certificate
     * @param clientCa whose client certificates are believed; also that of other nodes; null = none
     * @param clientAuth none, request or required
     */
    public record TlsConfig(
            Path certificate, Path key, @Nullable Path clientCa, String clientAuth) {}

    /**
     * What proves who somebody is; at least one.
     *
     * @param apiKeys null = none
     * @param certificates a client certificate does
     * @param admins principals that may do everything
     * @param nodes principals of other nodes, which may speak for others
     * @param scrapers principals that see the metrics of all namespaces, and nothing else of them
     */
    public record IdentitiesConfig(
            @Nullable Path apiKeys,
            @Nullable JwtConfig jwt,
            boolean certificates,
            List<String> admins,
            List<String> nodes,
            List<String> scrapers) {}

    /**
     * Which tokens are believed.
     *
     * @param keys a JWKS, file or https URL
     * @param principalClaim whose text is the principal
     */
    public record JwtConfig(String keys, String issuer, String audience, String principalClaim) {}
}
