package io.forelog.rig.backend;

import com.datastax.oss.driver.api.core.CqlSession;
import com.datastax.oss.driver.api.core.CqlSessionBuilder;
import com.datastax.oss.driver.api.core.config.DefaultDriverOption;
import com.datastax.oss.driver.api.core.config.DriverConfigLoader;
import io.forelog.rig.Await;
import io.forelog.rig.Ports;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A real Cassandra, one node, as a child JVM on fixed ports, its commit log synced before an answer, its data in a directory of its
 * own. The datacenter is {@code datacenter1}. {@link #shared} is one for the whole test run: take a keyspace of one's own in it;
 * whoever breaks it brings it back. Some 700 MB of memory each. Used by one test thread at a time.
 */
public final class CassandraServer implements AutoCloseable {
    public static final String DATACENTER = "datacenter1";
    private static final Duration READY_LIMIT = Duration.ofSeconds(120);

    /** What it reaches into on Java 17. */
    private static final List<String> OPENS = List.of(
            "java.base/java.io",
            "java.base/java.lang",
            "java.base/java.lang.ref",
            "java.base/java.lang.reflect",
            "java.base/java.math",
            "java.base/java.net",
            "java.base/java.nio",
            "java.base/java.nio.charset",
            "java.base/java.nio.file.spi",
            "java.base/java.util",
            "java.base/java.util.concurrent",
            "java.base/java.util.concurrent.atomic",
            "java.base/jdk.internal.loader",
            "java.base/jdk.internal.math",
            "java.base/jdk.internal.misc",
            "java.base/jdk.internal.module",
            "java.base/jdk.internal.perf",
            "java.base/jdk.internal.ref",
            "java.base/jdk.internal.reflect",
            "java.base/jdk.internal.util.jar",
            "java.base/sun.nio.ch",
            "java.base/sun.nio.fs",
            "java.management.rmi/com.sun.jmx.remote.internal.rmi",
            "java.rmi/sun.rmi.registry",
            "java.rmi/sun.rmi.server",
            "java.rmi/sun.rmi.transport.tcp",
            "java.sql/java.sql",
            "jdk.management/com.sun.management.internal",
            "jdk.unsupported/sun.misc");

    private static CassandraServer shared;

    private final int port;
    private final ChildProcess server;

    private CassandraServer(int port, ChildProcess server) {
        this.port = port;
        this.server = server;
    }

    /** One for all tests of this JVM, started at the first call; ends with the JVM. */
    public static synchronized CassandraServer shared() {
        if (shared == null) {
            Path directory = RunDirectory.create("cassandra");
            shared = start(directory, "");
            RunDirectory.atExit(shared, directory);
        }
        return shared;
    }

    /** With {@code more} lines of cassandra.yaml. Plain CQL must be let in, if only to ask what it supports. */
    public static CassandraServer start(Path directory, String more) {
        int port = Ports.free();
        try {
            Path folder = BackendClasspath.folder("cassandra");
            Path settings = directory.resolve("cassandra.yaml");
            Files.writeString(
                    settings,
                    Template.fill(
                            folder.resolve("cassandra.yaml"),
                            more,
                            Map.of(
                                    "port", Integer.toString(port),
                                    "storage-port", Integer.toString(Ports.free()),
                                    "ssl-storage-port", Integer.toString(Ports.free()),
                                    "data", directory.toString())));
            ChildProcess process = new ChildProcess(
                    "cassandra",
                    directory,
                    ChildProcess.java(
                            "cassandra",
                            "384m",
                            flags(directory, settings, folder),
                            "org.apache.cassandra.service.CassandraDaemon",
                            List.of()));
            CassandraServer server = new CassandraServer(port, process);
            try {
                server.start();
            } catch (RuntimeException | Error e) {
                server.close();
                throw e;
            }
            return server;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static List<String> flags(Path directory, Path settings, Path folder) {
        List<String> flags = new ArrayList<>(List.of("-Xms384m", "-XX:MaxDirectMemorySize=256m", "-Xss512k"));
        for (String module : OPENS) {
            flags.addAll(List.of("--add-opens", module + "=ALL-UNNAMED"));
            flags.addAll(List.of("--add-exports", module + "=ALL-UNNAMED"));
        }
        flags.add("-javaagent:" + BackendClasspath.jar("cassandra", "jamm-"));
        flags.addAll(List.of("-Djdk.attach.allowAttachSelf=true", "-Djava.io.tmpdir=" + directory));
        flags.addAll(List.of("-Dcassandra.config=" + settings.toUri(), "-Dcassandra.storagedir=" + directory));
        flags.add("-Dlogback.configurationFile=" + folder.resolve("logback.xml"));
        flags.add("-Dcassandra.logdir=" + directory);
        flags.addAll(List.of("-Dcassandra.superuser_setup_delay_ms=0", "-Dcassandra.ring_delay_ms=100"));
        flags.add("-Dcassandra.skip_wait_for_gossip_to_settle=0");
        return flags;
    }

    public int port() {
        return port;
    }

    /** For the test's own session with it, in which a busy machine has 20 s for a request. */
    public CqlSessionBuilder session() {
        return CqlSession.builder()
                .addContactPoint(new InetSocketAddress("127.0.0.1", port))
                .withLocalDatacenter(DATACENTER)
                .withConfigLoader(DriverConfigLoader.programmaticBuilder()
                        .withDuration(DefaultDriverOption.REQUEST_TIMEOUT, Duration.ofSeconds(20))
                        .withDuration(DefaultDriverOption.CONNECTION_INIT_QUERY_TIMEOUT, Duration.ofSeconds(20))
                        .withDuration(DefaultDriverOption.CONTROL_CONNECTION_TIMEOUT, Duration.ofSeconds(20))
                        .build());
    }

    /** {@code 127.0.0.1:PORT}. */
    public String contactPoint() {
        return "127.0.0.1:" + port;
    }

    /** SIGKILL. */
    public void kill() {
        server.kill();
    }

    /** Up again on the same files and ports. */
    public void start() {
        server.start();
        Await.until(
                "Cassandra answers",
                READY_LIMIT,
                () -> {
                    if (!server.isAlive()) {
                        throw new IllegalStateException("it ended\n" + server.logTail());
                    }
                    return answers();
                },
                server::logTail);
    }

    public void killAndRestart() {
        kill();
        start();
    }

    public void freeze() {
        server.freeze();
    }

    public void thaw() {
        server.thaw();
    }

    public boolean isAlive() {
        return server.isAlive();
    }

    @Override
    public void close() {
        server.close();
    }

    /** OPTIONS, the one request that wants no session; the answer is SUPPORTED. It listens last of all that it does. */
    private boolean answers() {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress("127.0.0.1", port), 1_000);
            socket.setSoTimeout(1_000);
            socket.getOutputStream().write(new byte[] {4, 0, 0, 0, 5, 0, 0, 0, 0});
            socket.getOutputStream().flush();
            byte[] header = socket.getInputStream().readNBytes(9);
            return header.length == 9 && header[4] == 6;
        } catch (IOException e) {
            return false;
        }
    }
}
