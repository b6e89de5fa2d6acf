package io.forelog.config;

import io.forelog.config.LocksConfig.ConnectionsConfig;
import io.forelog.config.LocksConfig.IdentitiesConfig;
import io.forelog.config.LocksConfig.JwtConfig;
import io.forelog.config.LocksConfig.TlsConfig;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads {@code tls}, {@code identities}, {@code connections} and {@code allow_insecure} of a node's configuration. Stateless. */
final class LocksReader {
    private LocksReader() {}

    static LocksConfig read(Section root) {
        TlsConfig tls = tls(root.section("tls"));
        IdentitiesConfig identities = identities(root.section("identities"));
        if (identities != null && identities.certificates() && (tls == null || tls.clientCa() == null)) {
            root.remark("identities", "certificates without tls.client_ca (expected: whose certificates are believed)");
        }
        return new LocksConfig(
                tls, identities, connections(root.section("connections")), root.flag("allow_insecure", false));
    }

    private static ConnectionsConfig connections(Section section) {
        ConnectionsConfig usual = ConnectionsConfig.DEFAULT;
        ConnectionsConfig connections = new ConnectionsConfig(
                section.number("max", 1, 1_000_000, usual.max()),
                section.number("per_address", 1, 1_000_000, usual.perAddress()),
                section.duration("request_limit", Duration.ofSeconds(1), Duration.ofHours(1), usual.requestLimit()));
        section.refuseTheRest();
        return connections;
    }

    private static @Nullable TlsConfig tls(Section section) {
        String certificate = section.text("certificate", "");
        String key = section.text("key", "");
        String clientCa = section.text("client_ca", "");
        String auth = section.choice("client_auth", List.of("none", "request", "required"), "none");
        section.refuseTheRest();
        if (certificate.isEmpty() != key.isEmpty()) {
            section.problem(certificate.isEmpty() ? "certificate" : "key", "both, each a PEM file");
        }
        if (!auth.equals("none") && clientCa.isEmpty()) {
            section.problem("client_ca", "a PEM file with the certificates to believe, with client_auth: " + auth);
        }
        return certificate.isEmpty()
                ? null
                : new TlsConfig(
                        Path.of(certificate), Path.of(key), clientCa.isEmpty() ? null : Path.of(clientCa), auth);
    }

    private static @Nullable IdentitiesConfig identities(Section section) {
        String apiKeys = section.text("api_keys", "");
        JwtConfig jwt = jwt(section.section("jwt"));
        boolean certificates = section.flag("certificates", false);
        List<String> admins = section.texts("admins");
        List<String> nodes = section.texts("nodes");
        List<String> scrapers = section.texts("scrapers");
        section.refuseTheRest();
        if (apiKeys.isEmpty() && jwt == null && !certificates) {
            if (!admins.isEmpty()) {
                section.problem("admins", "api_keys, jwt or certificates beside it");
            }
            if (!scrapers.isEmpty()) {
                section.problem("scrapers", "api_keys, jwt or certificates beside it");
            }
            return null;
        }
        return new IdentitiesConfig(
                apiKeys.isEmpty() ? null : Path.of(apiKeys), jwt, certificates, admins, nodes, scrapers);
    }

    private static @Nullable JwtConfig jwt(Section section) {
        JwtConfig jwt = new JwtConfig(
                section.text("keys", ""),
                section.text("issuer", ""),
                section.text("audience", ""),
                section.text("principal_claim", "sub"));
        section.refuseTheRest();
        if (jwt.keys().isEmpty()) {
            return null;
        }
        if (jwt.issuer().isEmpty()) {
            section.problem("issuer", "the iss of tokens to believe");
        }
        if (jwt.audience().isEmpty()) {
            section.problem("audience", "the aud of tokens to believe");
        }
        return jwt;
    }
}
