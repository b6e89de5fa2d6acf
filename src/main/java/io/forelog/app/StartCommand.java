package io.forelog.app;

import io.forelog.admin.NodeStatus;
import io.forelog.config.NodeConfig;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.forelog.observe.LogKeys;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * Runs a node until SIGTERM or SIGINT, then drains it and exits 0. On the main thread, which waits; the drain is on the
 * shutdown hook's.
 */
@Command(
        name = "start",
        mixinStandardHelpOptions = true,
        usageHelpAutoWidth = true,
        sortOptions = false,
        description = "Runs a node until it is told to stop (Ctrl-C, SIGTERM); then drains it.",
        footer = {
            "",
            "Examples:",
            "  forelog start                     # conf/ and data/ of this directory",
            "  forelog start --conf /etc/forelog --data /var/lib/forelog",
            "  forelog start --http-port 0 --grpc-port 0    # free ports: <data>/ports.json"
        })
final class StartCommand implements Callable<Integer> {
    private static final Logger LOG = LoggerFactory.getLogger(StartCommand.class);
    private static final long START_LIMIT_SECONDS = 600;
    private static final int PORT_MAX = 65_535;
    private static final long STOP_SLACK_SECONDS = 15;

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Option(
            names = "--conf",
            paramLabel = "DIR",
            description = "Where forelog.yaml and namespaces/ lie (default: ${DEFAULT-VALUE}).")
    private Path conf = Path.of("conf");

    @Option(names = "--data", paramLabel = "DIR", description = "Instead of data_directory in forelog.yaml.")
    private @Nullable Path data;

    @Option(
            names = "--bind",
            paramLabel = "HOST",
            defaultValue = "${env:FORELOG_BIND_HOST}",
            description = "Instead of bind_host in forelog.yaml; also FORELOG_BIND_HOST.")
    private @Nullable String bind;

    @Option(
            names = "--allow-insecure",
            defaultValue = "${env:FORELOG_ALLOW_INSECURE:-false}",
            description = "As allow_insecure in forelog.yaml; also FORELOG_ALLOW_INSECURE.")
    private boolean insecure;

    @Option(names = "--http-port", paramLabel = "PORT", description = "Instead of ports.http; 0 = any free one.")
    private @Nullable Integer http;

    @Option(names = "--grpc-port", paramLabel = "PORT", description = "Instead of ports.grpc; 0 = any free one.")
    private @Nullable Integer grpc;

    @Option(
            names = "--management-port",
            paramLabel = "PORT",
            description = "Instead of ports.management; 0 = any free one.")
    private @Nullable Integer management;

    @Override
    public Integer call() throws InterruptedException {
        AdapterCatalogue catalogue = AdapterCatalogue.load();
        NodeConfig config = overridden(NodeFile.read(conf, catalogue));
        Node node = new Node(config, conf, catalogue, DataDirectory.lock(config.dataDirectory()));
        CountDownLatch stopped = new CountDownLatch(1);
        Thread hook = new Thread(() -> stopOnSignal(node, config, stopped), "forelog-stop");
        Runtime.getRuntime().addShutdownHook(hook);
        try {
            NodeStatus status =
                    node.start().toCompletionStage().toCompletableFuture().get(START_LIMIT_SECONDS, TimeUnit.SECONDS);
            PrintWriter out = spec.commandLine().getOut();
            Banner.print(out, config, conf, status, node.serves("quickstart"));
            LOG.atInfo()
                    .addKeyValue(LogKeys.PORT, status.ports())
                    .addKeyValue(LogKeys.STATE, status.phase())
                    .log("Ready");
        } catch (ExecutionException | TimeoutException e) {
            throw failed(node, config, hook, e);
        }
        stopped.await();
        return 0;
    }

    private RuntimeException failed(Node node, NodeConfig config, Thread hook, Exception e) {
        Runtime.getRuntime().removeShutdownHook(hook);
        await(node, config);
        Throwable cause = e instanceof ExecutionException && e.getCause() != null ? e.getCause() : e;
        return WalException.of(cause);
    }

    private NodeConfig overridden(NodeConfig read) {
        NodeConfig config = read.withPorts(
                port("--http-port", http, read.ports().http()),
                port("--grpc-port", grpc, read.ports().grpc()),
                port("--management-port", management, read.ports().management()));
        config = data == null ? config : config.withDataDirectory(data);
        config = bind == null ? config : config.withBindHost(bind);
        config = insecure ? config.withInsecure() : config;
        String unlocked = config.unlocked();
        if (!unlocked.isEmpty()) {
            throw new WalException(ErrorCode.INVALID_ARGUMENT, unlocked);
        }
        return config;
    }

    private int port(String option, @Nullable Integer asked, int read) {
        if (asked != null && (asked < 0 || asked > PORT_MAX)) {
            throw new ParameterException(
                    spec.commandLine(), option + ": " + asked + " (expected: 0 to " + PORT_MAX + ")");
        }
        return asked == null ? read : asked;
    }

    private static void stopOnSignal(Node node, NodeConfig config, CountDownLatch stopped) {
        LOG.info("Stopping: no more writes, what is in flight is settled");
        boolean clean = await(node, config);
        LOG.info(
                clean
                        ? "Stopped"
                        : "Stopped at the time limit; what was not settled is delivered after the next start");
        stopped.countDown();
        // Without this the JVM says 143 to whoever sent SIGTERM.
        Runtime.getRuntime().halt(0);
    }

    private static boolean await(Node node, NodeConfig config) {
        long limit = 2 * config.drainTimeout().toSeconds() + STOP_SLACK_SECONDS;
        try {
            node.stop().toCompletionStage().toCompletableFuture().get(limit, TimeUnit.SECONDS);
            return true;
        } catch (ExecutionException | TimeoutException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
