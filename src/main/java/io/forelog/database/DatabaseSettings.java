package io.forelog.database;

import io.vertx.core.net.ClientSSLOptions;
import io.vertx.core.net.PemTrustOptions;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.pgclient.SslMode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.regex.Pattern;

/**
 * How to reach the database. Immutable.
 *
 * @param uri {@code postgresql://user@host:port/database}
 * @param password {@code file:PATH}, {@code env:NAME}, or empty
 * @param tls off, require (encrypted, not verified), verify-ca, verify-full
 * @param caFile PEM file with the certificates to trust; empty = none
 * @param schema in which the tables lie
 * @param connections most of this node
 */
public record DatabaseSettings(String uri, String password, String tls, String caFile, String schema, int connections) {
    private static final Map<String, SslMode> TLS = Map.of(
            "off", SslMode.DISABLE,
            "require", SslMode.REQUIRE,
            "verify-ca", SslMode.VERIFY_CA,
            "verify-full", SslMode.VERIFY_FULL);
    private static final Pattern URI = Pattern.compile("postgres(?:ql)?://(?:[^:/?#@\\s]+@)?[^@?#\\s]+");
    private static final Pattern SCHEMA = Pattern.compile("[a-z_][a-z0-9_]{0,62}");
    private static final int CONNECT_SECONDS = 5;
    /** Of the schema's connections, which run on a worker: for one answer, that of the longest statement too. */
    static final int ANSWER_SECONDS = 15;

    /** What is wrong with it, a sentence each; empty where nothing is. */
    public List<String> problems() {
        List<String> problems = new ArrayList<>();
        if (!URI.matcher(uri).matches() || !isUnderstood()) {
            problems.add("uri: " + (uri.isEmpty() ? "missing" : "not understood")
                    + " (expected: postgresql://user@host:port/database, the password by reference)");
        }
        if (!password.isEmpty() && !password.startsWith("file:") && !password.startsWith("env:")) {
            problems.add("password: in plain text (expected: file:PATH or env:NAME)");
        }
        if (!TLS.containsKey(tls)) {
            problems.add("tls: " + tls + " (expected: one of off, require, verify-ca, verify-full)");
        } else if (tls.startsWith("verify") == caFile.isEmpty()) {
            problems.add("ca_file: " + (caFile.isEmpty() ? "missing" : caFile)
                    + " (expected: a PEM file with tls: verify-ca or verify-full, and only there)");
        }
        if (!SCHEMA.matcher(schema).matches()) {
            problems.add("schema: " + schema + " (expected: a lower-case SQL name)");
        }
        return problems;
    }

    private boolean isUnderstood() {
        try {
            PgConnectOptions.fromUri(uri);
            return true;
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    /** For the event loops' client. {@code secret} is what {@link #password} stands for. */
    public PgConnectOptions options(String secret, String name) {
        PgConnectOptions options = PgConnectOptions.fromUri(uri)
                .setCachePreparedStatements(true)
                .setReconnectAttempts(0)
                .addProperty("application_name", name)
                .addProperty("search_path", schema);
        if (!secret.isEmpty()) {
            options.setPassword(secret);
        }
        SslMode mode = TLS.getOrDefault(tls, SslMode.DISABLE);
        options.setSslMode(mode);
        if (mode != SslMode.DISABLE) {
            ClientSSLOptions ssl = new ClientSSLOptions();
            if (caFile.isEmpty()) {
                ssl.setTrustAll(true);
            } else {
                ssl.setTrustOptions(new PemTrustOptions().addCertPath(caFile));
            }
            options.setSslOptions(ssl.setHostnameVerificationAlgorithm(mode == SslMode.VERIFY_FULL ? "HTTPS" : ""));
        }
        return options;
    }

    String jdbcUrl() {
        PgConnectOptions options = PgConnectOptions.fromUri(uri);
        String host = options.getHost().contains(":") ? "[" + options.getHost() + "]" : options.getHost();
        return "jdbc:postgresql://" + host + ":" + options.getPort() + "/" + options.getDatabase();
    }

    Properties jdbcProperties(String secret) {
        Properties properties = new Properties();
        properties.setProperty("user", PgConnectOptions.fromUri(uri).getUser());
        if (!secret.isEmpty()) {
            properties.setProperty("password", secret);
        }
        properties.setProperty("connectTimeout", Integer.toString(CONNECT_SECONDS));
        properties.setProperty("loginTimeout", Integer.toString(ANSWER_SECONDS));
        properties.setProperty("socketTimeout", Integer.toString(ANSWER_SECONDS));
        properties.setProperty("tcpKeepAlive", "true");
        properties.setProperty("sslmode", tls.equals("off") ? "disable" : tls);
        if (!caFile.isEmpty()) {
            properties.setProperty("sslrootcert", caFile);
        }
        return properties;
    }

    /** The address, without the user. */
    @Override
    public String toString() {
        return uri.replaceFirst("//[^@/]*@", "//");
    }
}
