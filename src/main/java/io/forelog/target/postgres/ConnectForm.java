package io.forelog.target.postgres;

import io.forelog.target.Words;
import io.vertx.core.net.ClientSSLOptions;
import io.vertx.core.net.PemTrustOptions;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.pgclient.SslMode;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** How to reach the server, out of a target's configuration. Stateless, any thread. */
final class ConnectForm {
    private static final Map<String, SslMode> TLS = Map.of(
            "off", SslMode.DISABLE,
            "require", SslMode.REQUIRE,
            "verify-ca", SslMode.VERIFY_CA,
            "verify-full", SslMode.VERIFY_FULL);
    private static final Pattern URI = Pattern.compile("postgres(?:ql)?://(?:[^:/?#@\\s]+@)?[^@?#\\s]+");
    /** More than a batch and what is prepared and begun with it, so that a close never waits behind them. */
    private static final int PIPELINE = 2 * PostgresTargetAdapter.BATCH_MAX;

    private ConnectForm() {}

    static @Nullable String uri(Object value) {
        String text = value.toString();
        String expected = "postgresql://user@host:port/database, the password by reference, TLS by tls";
        if (!URI.matcher(text).matches()) {
            return expected;
        }
        try {
            PgConnectOptions.fromUri(text);
            return null;
        } catch (IllegalArgumentException e) {
            return expected;
        }
    }

    static @Nullable String tls(Object value) {
        return TLS.containsKey(value.toString()) ? null : "off, require, verify-ca or verify-full";
    }

    /** What is wrong with the keys beside one another; null where nothing is. */
    static @Nullable String problem(Map<String, Object> config) {
        if (config.containsKey("uri") == config.containsKey("host")) {
            return "uri, host: " + (config.containsKey("uri") ? "both" : "neither") + " (expected: one of them)";
        }
        for (String name : new String[] {"port", "database", "user"}) {
            if (config.containsKey("uri") && config.containsKey(name)) {
                return name + ": beside a uri (expected: in the uri)";
            }
        }
        String tls = Words.text(config, "tls", config.containsKey("ca_file") ? "verify-full" : "off");
        if (tls.startsWith("verify") != config.containsKey("ca_file")) {
            return "tls: " + tls + (config.containsKey("ca_file") ? " with" : " without")
                    + " ca_file (expected: ca_file with verify-ca and verify-full, and only there)";
        }
        return null;
    }

    static PgConnectOptions options(Map<String, Object> config, String password, String name) {
        String uri = Words.text(config, "uri", "");
        PgConnectOptions options = uri.isEmpty()
                ? new PgConnectOptions()
                        .setHost(Words.text(config, "host", ""))
                        .setPort(Words.number(config, "port", 5432))
                        .setDatabase(Words.text(config, "database", "postgres"))
                        .setUser(Words.text(config, "user", "postgres"))
                : PgConnectOptions.fromUri(uri);
        options.setPassword(password)
                .setPipeliningLimit(PIPELINE)
                .setCachePreparedStatements(true)
                .setPreparedStatementCacheSqlFilter(sql -> true)
                .setReconnectAttempts(0)
                .addProperty("application_name", name);
        return secure(options, config);
    }

    private static PgConnectOptions secure(PgConnectOptions options, Map<String, Object> config) {
        String authorities = Words.text(config, "ca_file", "");
        SslMode mode = TLS.getOrDefault(
                Words.text(config, "tls", authorities.isEmpty() ? "off" : "verify-full")
                        .toLowerCase(Locale.ROOT),
                SslMode.DISABLE);
        options.setSslMode(mode);
        if (mode != SslMode.DISABLE) {
            ClientSSLOptions tls = new ClientSSLOptions();
            if (authorities.isEmpty()) {
                tls.setTrustAll(true);
            } else {
                tls.setTrustOptions(new PemTrustOptions().addCertPath(authorities));
            }
            tls.setHostnameVerificationAlgorithm(mode == SslMode.VERIFY_FULL ? "HTTPS" : "");
            options.setSslOptions(tls);
        }
        return options;
    }
}
