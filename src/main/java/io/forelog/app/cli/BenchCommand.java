package io.forelog.app.cli;

import io.forelog.client.ManagementClient;
import io.forelog.client.bench.Load;
import io.forelog.client.bench.Pace;
import io.forelog.client.bench.ServerCpu;
import io.forelog.client.bench.Workload;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** What the bench commands have in common: which ports, how large the entries, how long. Runs on the main thread. */
@Command
abstract class BenchCommand extends NodeCommand {
    @Option(
            names = "--host",
            paramLabel = "HOST",
            defaultValue = "127.0.0.1",
            description = "Where the node writes are sent to is.")
    private String host = "127.0.0.1";

    @Option(names = "--grpc-port", paramLabel = "N", description = "Default: from ports.json, else 9090.")
    private int grpcPort;

    @Option(names = "--http-port", paramLabel = "N", description = "Default: from ports.json, else 8080.")
    private int httpPort;

    @Option(
            names = "--payload",
            paramLabel = "BYTES",
            defaultValue = "1024",
            description = "Bytes of an entry's payload (default: ${DEFAULT-VALUE}).")
    private int payload = 1024;

    @Option(
            names = "--duration",
            paramLabel = "TIME",
            defaultValue = "PT10S",
            description = "What is measured, behind the warm-up (default: ${DEFAULT-VALUE}).")
    private Duration duration = Duration.ofSeconds(10);

    @Option(
            names = "--warmup",
            paramLabel = "TIME",
            defaultValue = "PT3S",
            description = "Load that is not counted, before (default: ${DEFAULT-VALUE}).")
    private Duration warmup = Duration.ofSeconds(3);

    @Option(
            names = "--server-pid",
            paramLabel = "PID",
            description = "A server on this machine whose CPU time an entry is told (Linux).")
    private long serverPid;

    String host() {
        return host;
    }

    int grpcPort() {
        return grpcPort > 0 ? grpcPort : node().port("grpc", 9090, System.getenv());
    }

    int httpPort() {
        return httpPort > 0 ? httpPort : node().port("http", 8080, System.getenv());
    }

    int payload() {
        return payload;
    }

    Duration duration() {
        return duration;
    }

    Duration warmup() {
        return warmup;
    }

    ServerCpu cpu() {
        return new ServerCpu(serverPid);
    }

    /** A load over gRPC, one event loop. */
    Load load(Load.Protocol protocol, Workload work, Pace pace) {
        int port = protocol == Load.Protocol.HTTP ? httpPort() : grpcPort();
        return new Load(protocol, host, port, work, pace, 0, 1);
    }

    /** {@code base}, or {@code base-1} to {@code base-count}. */
    static List<String> names(String base, int count) {
        return count == 1
                ? List.of(base)
                : IntStream.rangeClosed(1, count).mapToObj(i -> base + "-" + i).toList();
    }

    /** The host that targets reach this process by: the loopback where the node is on it. */
    static String receiverHost(ManagementClient client) {
        String nodeHost = URI.create(client.url()).getHost();
        return nodeHost.equals("localhost") || nodeHost.startsWith("127.") ? "127.0.0.1" : "0.0.0.0";
    }

    @Override
    final int run(ManagementClient client, Console console) {
        try {
            return measure(client, console);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return 1;
        }
    }

    abstract int measure(ManagementClient client, Console console) throws InterruptedException;
}
