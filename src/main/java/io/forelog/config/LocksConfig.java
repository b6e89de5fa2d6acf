package io.forelog.config;

import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a node's ports are locked with. Immutable.
 *
 * @param tls null = plain text
 * @param identities null = nobody proves who they are: everybody is {@code anonymous}
 * @param insecure an address that other machines reach may be bound without both
 */
public record LocksConfig(@Nullable TlsConfig tls, @Nullable IdentitiesConfig identities, boolean insecure) {

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
     */
    public record IdentitiesConfig(
            @Nullable Path apiKeys,
            @Nullable JwtConfig jwt,
            boolean certificates,
            List<String> admins,
            List<String> nodes) {}

    /**
     * Which tokens are believed.
     *
     * @param keys a JWKS, file or https URL
     * @param principalClaim whose text is the principal
     */
    public record JwtConfig(String keys, String issuer, String audience, String principalClaim) {}
}
