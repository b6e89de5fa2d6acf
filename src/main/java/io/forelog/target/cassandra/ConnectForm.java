package io.forelog.target.cassandra;

import com.datastax.oss.driver.api.core.CqlIdentifier;
import com.datastax.oss.driver.api.core.CqlSession;
import com.datastax.oss.driver.api.core.CqlSessionBuilder;
import com.datastax.oss.driver.api.core.config.DefaultDriverOption;
import com.datastax.oss.driver.api.core.config.DriverConfigLoader;
import com.datastax.oss.driver.api.core.ssl.ProgrammaticSslEngineFactory;
import com.datastax.oss.driver.internal.core.metrics.NoopMetricsFactory;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.forelog.target.Words;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import io.vertx.core.buffer.Buffer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/** How to reach the cluster, out of a target's configuration. Stateless, any thread. */
final class ConnectForm {
    private static final int PORT = 9042;
    private static final Pattern CONTACT = Pattern.compile("([^\\s:\\[\\]]+|\\[[0-9A-Fa-f:.]+])(?::([0-9]{1,5}))?");
    private static final Pattern KEYSPACE = Pattern.compile("[A-Za-z][A-Za-z0-9_]*|\"(?:[^\"\\x00]|\"\")+\"");
    private static final Set<String> CONSISTENCIES =
            Set.of("ONE", "TWO", "THREE", "QUORUM", "ALL", "LOCAL_ONE", "LOCAL_QUORUM", "EACH_QUORUM");
    private static final Set<String> TLS = Set.of("off", "require", "verify-ca", "verify-full");
    private static final Duration CONNECT_MAX = Duration.ofSeconds(5);
    private static final Duration HEARTBEAT_MIN = Duration.ofSeconds(1);

    private ConnectForm() {}

    static @Nullable String contactPoints(Object value) {
        List<?> points = (List<?>) value;
        boolean good = !points.isEmpty() && points.stream().allMatch(point -> address(point.toString()) != null);
        return good ? null : "host or host:port of one node at least, [address]:port where it is one of IPv6";
    }

    static @Nullable String keyspace(Object value) {
        return KEYSPACE.matcher(value.toString()).matches() ? null : "a name, in double quotes where it needs them";
    }

    static @Nullable String consistency(Object value) {
        return CONSISTENCIES.contains(value.toString())
                ? null
                : "ONE, TWO, THREE, QUORUM, ALL, LOCAL_ONE, LOCAL_QUORUM or EACH_QUORUM";
    }

    static @Nullable String tls(Object value) {
        return TLS.contains(value.toString()) ? null : "off, require, verify-ca or verify-full";
    }

    /** What is wrong with the keys beside one another; null where nothing is. */
    static @Nullable String problem(Map<String, Object> config) {
        if (config.containsKey("user") != config.containsKey("password")) {
            return "user, password: one without the other (expected: both or none)";
        }
        String tls = tls(config);
        if (tls.startsWith("verify") != config.containsKey("ca_file")) {
            return "tls: " + tls + (config.containsKey("ca_file") ? " with" : " without")
                    + " ca_file (expected: ca_file with verify-ca and verify-full, and only there)";
        }
        return null;
    }

    private static String tls(Map<String, Object> config) {
        return Words.text(config, "tls", config.containsKey("ca_file") ? "verify-full" : "off");
    }

    /**
     * Ready to open sessions.
     *
     * @param password empty = no user
     * @param authorities the content of ca_file; empty without one
     * @param most statements in flight
     */
    static Settings settings(
            Map<String, Object> config, String password, Buffer authorities, Duration timeout, int most, String name) {
        return new Settings(config, password, tls(config), context(tls(config), authorities), timeout, most, name);
    }

    /** What a session is opened with. Immutable. */
    record Settings(
            Map<String, Object> config,
            String password,
            String tls,
            @Nullable SSLContext context,
            Duration timeout,
            int most,
            String name) {
        /** Resolves names and reads the driver's defaults: for a thread that may wait. */
        CqlSessionBuilder builder() {
            CqlSessionBuilder builder =
                    CqlSession.builder().withConfigLoader(loader()).withApplicationName(name);
            List<?> points = (List<?>) config.getOrDefault("contact_points", List.of());
            for (Object point : points) {
                InetSocketAddress address = address(point.toString());
                if (address != null) {
                    builder.addContactPoint(new InetSocketAddress(address.getHostString(), address.getPort()));
                }
            }
            builder.withLocalDatacenter(Words.text(config, "local_datacenter", ""));
            String keyspace = Words.text(config, "keyspace", "");
            if (!keyspace.isEmpty()) {
                builder.withKeyspace(CqlIdentifier.fromCql(keyspace));
            }
            if (!password.isEmpty()) {
                builder.withAuthCredentials(Words.text(config, "user", ""), password);
            }
            if (context != null) {
                // no names by reverse look-up: who answers them is not who is verified
                builder.withSslEngineFactory(
                        new ProgrammaticSslEngineFactory(context, null, tls.equals("verify-full"), false));
            }
            return builder;
        }

        private DriverConfigLoader loader() {
            Duration handshake = timeout.compareTo(CONNECT_MAX) < 0 ? timeout : CONNECT_MAX;
            return DriverConfigLoader.programmaticBuilder(ConnectForm.class.getClassLoader())
                    .withDuration(DefaultDriverOption.CONFIG_RELOAD_INTERVAL, Duration.ZERO)
                    .withString(
                            DefaultDriverOption.REQUEST_CONSISTENCY, Words.text(config, "consistency", "LOCAL_QUORUM"))
                    .withBoolean(DefaultDriverOption.REQUEST_DEFAULT_IDEMPOTENCE, true)
                    .withDuration(DefaultDriverOption.REQUEST_TIMEOUT, timeout)
                    .withDuration(DefaultDriverOption.CONNECTION_CONNECT_TIMEOUT, handshake)
                    .withDuration(DefaultDriverOption.CONNECTION_INIT_QUERY_TIMEOUT, handshake)
                    .withInt(DefaultDriverOption.CONNECTION_MAX_REQUESTS, 2 * most)
                    .withInt(DefaultDriverOption.CONNECTION_MAX_ORPHAN_REQUESTS, most)
                    .withDuration(
                            DefaultDriverOption.HEARTBEAT_INTERVAL,
                            handshake.compareTo(HEARTBEAT_MIN) < 0 ? HEARTBEAT_MIN : handshake)
                    .withDuration(DefaultDriverOption.HEARTBEAT_TIMEOUT, handshake)
                    .withDuration(DefaultDriverOption.RECONNECTION_BASE_DELAY, Duration.ofMillis(250))
                    .withDuration(DefaultDriverOption.RECONNECTION_MAX_DELAY, Duration.ofSeconds(5))
                    .withInt(DefaultDriverOption.SESSION_LEAK_THRESHOLD, 0)
                    .withBoolean(DefaultDriverOption.TIMESTAMP_GENERATOR_FORCE_JAVA_CLOCK, true)
                    .withClass(DefaultDriverOption.METRICS_FACTORY_CLASS, NoopMetricsFactory.class)
                    .withInt(DefaultDriverOption.NETTY_IO_SIZE, 1)
                    .withInt(DefaultDriverOption.NETTY_IO_SHUTDOWN_QUIET_PERIOD, 0)
                    .withInt(DefaultDriverOption.NETTY_ADMIN_SIZE, 1)
                    .withInt(DefaultDriverOption.NETTY_ADMIN_SHUTDOWN_QUIET_PERIOD, 0)
                    .withBoolean(DefaultDriverOption.NETTY_DAEMON, true)
                    .build();
        }
    }

    private static @Nullable InetSocketAddress address(String point) {
        Matcher found = CONTACT.matcher(point);
        if (!found.matches()) {
            return null;
        }
        String host = found.group(1).replaceAll("[\\[\\]]", "").toLowerCase(Locale.ROOT);
        int port = found.group(2) == null ? PORT : Integer.parseInt(found.group(2));
        return port >= 1 && port <= 65_535 ? InetSocketAddress.createUnresolved(host, port) : null;
    }

    private static @Nullable SSLContext context(String tls, Buffer authorities) {
        if (tls.equals("off")) {
            return null;
        }
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, authorities.length() == 0 ? anybody() : trusted(authorities), null);
            return context;
        } catch (GeneralSecurityException | IOException e) {
            throw new WalException(
                    ErrorCode.INVALID_ARGUMENT,
                    "ca_file: " + e.getMessage() + " (expected: a PEM file with certificates)");
        }
    }

    private static TrustManager[] anybody() {
        return InsecureTrustManagerFactory.INSTANCE.getTrustManagers();
    }

    private static TrustManager[] trusted(Buffer authorities) throws GeneralSecurityException, IOException {
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        int count = 0;
        for (Certificate certificate : CertificateFactory.getInstance("X.509")
                .generateCertificates(new ByteArrayInputStream(authorities.getBytes()))) {
            store.setCertificateEntry(Integer.toString(count++), certificate);
        }
        if (count == 0) {
            throw new IOException("no certificate in it");
        }
        TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(store);
        return factory.getTrustManagers();
    }
}
