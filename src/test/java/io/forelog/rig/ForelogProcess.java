package io.forelog.rig;

import io.vertx.core.net.SocketAddress;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * The real service as a child JVM, on directories of its own and free ports: started, killed, frozen, stopped and started
 * again on the same directories. Used by one test thread; ends its child by id, at the latest when the test's JVM ends. Its
 * output lies in one file, whose end stands in the message of every failure.
 */
public final class ForelogProcess implements AutoCloseable {
    private static final Duration READY_LIMIT = Duration.ofSeconds(120);
    private static final Duration STOP_LIMIT = Duration.ofSeconds(45);
    private static final int LOG_TAIL = 6_000;
    /** So many tell what a service loads: alone, of a fleet, on Kafka, on SQS. */
    private static final int RECORDED = 8;

    private final Path directory;
    private final String extensions;
    private final List<String> jvmFlags;
    private final Map<String, String> environment;
    private final AdminClient.Credential credential;
    private final String host;
    private final Thread reaper;
    private volatile List<String> under;
    private volatile String service = ServiceClasspath.find();
    private volatile Process process;
    private volatile Ports ports = new Ports(0, 0, 0);

    private ForelogProcess(
            Path directory,
            List<String> jvmFlags,
            List<String> under,
            Map<String, String> environment,
            String extensions,
            AdminClient.Credential credential,
            String host) {
        this.credential = credential;
        this.host = host;
        this.directory = directory;
        this.extensions = extensions;
        this.jvmFlags = List.copyOf(jvmFlags);
        this.under = under;
        this.environment = new HashMap<>(environment);
        this.reaper = new Thread(this::destroy, "forelog-reaper");
        Runtime.getRuntime().addShutdownHook(reaper);
    }

    /** {@code directory} gets {@code conf}, {@code data} (unless named otherwise) and {@code service.log}. */
    public static Builder in(Path directory) {
        return new Builder(directory);
    }

    /** What the service is started with. */
    public static final class Builder {
        private final Path directory;
        private final List<String> flags = new ArrayList<>(List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"));
        private final StringBuilder settings = new StringBuilder();
        private String heap = "384m";
        private List<String> under = List.of();
        private String extensions = "";
        private AdminClient.Credential credential = AdminClient.Credential.NONE;
        private String host = "127.0.0.1";
        private final Map<String, String> environment = new HashMap<>();

        private Builder(Path directory) {
            this.directory = directory;
            write(directory.resolve("conf/namespaces/.keep"), "");
        }

        /** YAML lines of {@code conf/forelog.yaml}. */
        public Builder settings(String yaml) {
            settings.append(yaml).append('\n');
            return this;
        }

        public Builder namespace(String name, String yaml) {
            write(directory.resolve("conf/namespaces/" + name + ".yaml"), yaml);
            return this;
        }

        public Builder heap(String size) {
            heap = size;
            return this;
        }

        public Builder flag(String flag) {
            flags.add(flag);
            return this;
        }

        /** Jars or directories on the class path beside the service's own: a third party's adapters. */
        public Builder extensions(Path... more) {
            for (Path one : more) {
                extensions += File.pathSeparator + one;
            }
            return this;
        }

        /** A command that runs the service's as its child and ends with it, such as a tracer. */
        public Builder under(List<String> command) {
            under = List.copyOf(command);
            return this;
        }

        public Builder environment(String name, String value) {
            environment.put(name, value);
            return this;
        }

        /** The address that all of its ports listen on, plain and open. */
        public Builder host(String address) {
            host = address;
            return settings("bind_host: " + address + "\nallow_insecure: true");
        }

        /** How to speak to its management port. */
        public Builder credential(AdminClient.Credential administrator) {
            credential = administrator;
            return this;
        }

        /** The compiler and collector of a real installation, for what is measured. */
        public Builder forMeasuring() {
            flags.clear();
            flags.add("-XX:+UseG1GC");
            return this;
        }

        /** Not started yet. */
        public ForelogProcess build() {
            write(directory.resolve("conf/forelog.yaml"), settings.toString());
            List<String> all = new ArrayList<>(flags);
            all.add("-Xmx" + heap);
            return new ForelogProcess(directory, all, under, environment, extensions, credential, host);
        }

        /** Started and ready. */
        public ForelogProcess start() {
            ForelogProcess service = build();
            try {
                service.start();
            } catch (RuntimeException | Error e) {
                service.close();
                throw e;
            }
            return service;
        }
    }

    /** Ends when the service says it is ready. */
    public void start() {
        launch();
        awaitReady();
    }

    /** Starts what is expected to refuse: ends when the process has, answers its exit code. */
    public int startAndExit() {
        launch();
        return awaitExit(READY_LIMIT);
    }

    /** Starts the process and waits for nothing. */
    public void launch() {
        if (process != null && process.isAlive()) {
            throw new IllegalStateException("runs already: " + process.pid());
        }
        try {
            Files.createDirectories(data());
            Files.deleteIfExists(data().resolve(Ports.FILE));
            ProcessBuilder builder = new ProcessBuilder(command());
            builder.environment().putAll(environment);
            process = builder.directory(directory.toFile())
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.appendTo(logFile().toFile()))
                    .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")))
                    .start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public void awaitReady() {
        Await.until(
                "the service is ready",
                READY_LIMIT,
                () -> {
                    if (!process.isAlive()) {
                        throw new IllegalStateException(
                                "the service ended with " + process.exitValue() + " before it was ready\n" + logTail());
                    }
                    return Ports.read(data()).filter(this::isReady).map(found -> {
                        ports = found;
                        return true;
                    });
                },
                this::logTail);
    }

    /** From the next start on. */
    public void setEnvironment(String name, String value) {
        environment.put(name, value);
    }

    /** As {@link Builder#under}, from the next start on. */
    public void setUnder(List<String> command) {
        under = List.copyOf(command);
    }

    /** Another build of the service, from the next start on: a class path. */
    public void setService(String classpath) {
        service = classpath;
    }

    /** kill -9. */
    public void kill() {
        destroy();
    }

    /** kill -9, and up again on the same directories. */
    public void killAndRestart() {
        kill();
        start();
    }

    /** SIGTERM; answers the exit code. */
    public int stop() {
        handle().destroy();
        return awaitExit(STOP_LIMIT);
    }

    public void freeze() {
        signal("STOP");
        Standstill.await(pid());
    }

    public void thaw() {
        signal("CONT");
    }

    public boolean isAlive() {
        return process != null && process.isAlive();
    }

    public long pid() {
        return handle().pid();
    }

    public Ports ports() {
        return ports;
    }

    /** Where it takes writes over gRPC. */
    public SocketAddress grpc() {
        return SocketAddress.inetSocketAddress(ports.grpc(), host);
    }

    public AuditProbe audit(String namespace) {
        return new AuditProbe(admin(), namespace);
    }

    /** Follows the port over restarts. */
    public AdminClient admin() {
        return admin(credential);
    }

    public AdminClient admin(AdminClient.Credential as) {
        return new AdminClient(host, () -> ports.management(), as);
    }

    public Path data() {
        return directory.resolve("data");
    }

    public Path conf() {
        return directory.resolve("conf");
    }

    /** Writes or replaces a document, at once as a whole. */
    public void putDocument(String name, String yaml) {
        Path aside = conf().resolve("namespaces/." + name + ".new");
        write(aside, yaml);
        try {
            Files.move(
                    aside,
                    conf().resolve("namespaces/" + name + ".yaml"),
                    java.nio.file.StandardCopyOption.ATOMIC_MOVE,
                    java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public void deleteDocument(String name) {
        try {
            Files.delete(conf().resolve("namespaces/" + name + ".yaml"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** All that the service has printed, over all its lives. */
    public String log() {
        try {
            return Files.exists(logFile()) ? Files.readString(logFile(), StandardCharsets.UTF_8) : "";
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public String logTail() {
        String log = log();
        return "---- " + logFile() + "\n" + log.substring(Math.max(0, log.length() - LOG_TAIL));
    }

    @Override
    public void close() {
        destroy();
        try {
            Runtime.getRuntime().removeShutdownHook(reaper);
        } catch (IllegalStateException e) {
            // the JVM is going down: the hook has done it or will
        }
    }

    private List<String> command() {
        List<String> command = new ArrayList<>(under);
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("--add-opens=java.base/java.nio=ALL-UNNAMED");
        command.add("--add-opens=java.base/jdk.internal.misc=ALL-UNNAMED");
        command.add("-Dio.netty.tryReflectionSetAccessible=true");
        command.add("-Dvertx.disableFileCPResolving=true");
        command.add("-XX:+ExitOnOutOfMemoryError");
        command.addAll(ClassArchive.RIG.flags("forelog", service, under.isEmpty() ? RECORDED : 0));
        command.addAll(jvmFlags);
        command.addAll(List.of("-cp", service + extensions, "io.forelog.app.Main", "start"));
        command.addAll(List.of("--conf", conf().toString(), "--data", data().toString()));
        command.addAll(List.of("--http-port", "0", "--grpc-port", "0", "--management-port", "0"));
        return command;
    }

    private boolean isReady(Ports candidate) {
        try {
            return new AdminClient(host, candidate::management, credential)
                            .get("/health/ready")
                            .status()
                    == 200;
        } catch (UncheckedIOException e) {
            return false;
        }
    }

    private int awaitExit(Duration limit) {
        try {
            if (process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
                return process.exitValue();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        String tail = logTail();
        destroy();
        throw new AssertionError("the service did not end within " + limit + "\n" + tail);
    }

    private void signal(String name) {
        try {
            int code = new ProcessBuilder("kill", "-" + name, Long.toString(pid()))
                    .inheritIO()
                    .start()
                    .waitFor();
            if (code != 0) {
                throw new IllegalStateException("kill -" + name + " " + pid() + " answered " + code);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void destroy() {
        Optional.ofNullable(process).ifPresent(child -> {
            handle().destroyForcibly();
            try {
                child.waitFor(20, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
    }

    /** The service's own, also below a tracer. */
    private ProcessHandle handle() {
        return under.isEmpty()
                ? process.toHandle()
                : process.children().findFirst().orElse(process.toHandle());
    }

    private Path logFile() {
        return directory.resolve("service.log");
    }

    private static void write(Path file, String text) {
        try {
            Files.createDirectories(file.getParent());
            Files.writeString(file, text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
