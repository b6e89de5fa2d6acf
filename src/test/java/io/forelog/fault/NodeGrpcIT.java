package io.forelog.fault;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.rig.Documents;
import io.forelog.rig.ForelogProcess;
import io.forelog.rig.ScriptedReceiver;
import io.forelog.rig.Soak;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A gRPC client that is not Java: every method of the write API, health and status details, as Node sees them. */
class NodeGrpcIT {
    private static final Path BASE = Path.of(System.getProperty("basedir", System.getProperty("user.dir")));
    private static final Path SOURCES = BASE.resolve("src/test/node");
    private static final Path INSTALLED = BASE.resolve("target/node-client");

    @TempDir
    Path directory;

    @Test
    @Timeout(300)
    void aNodeClientWritesByEveryMethodAndUnderstandsWhatIsRefused() throws IOException, InterruptedException {
        skipWithout("node");
        skipWithout("npm");
        install();
        try (ScriptedReceiver receiver = new ScriptedReceiver();
                ForelogProcess service = ForelogProcess.in(directory)
                        .namespace("orders", Documents.http(receiver.url(), Documents.PATIENT))
                        .start()) {
            Result result = run(
                    INSTALLED,
                    Duration.ofSeconds(60),
                    Map.of(
                            "FORELOG_ADDRESS",
                            "127.0.0.1:" + service.ports().grpc(),
                            "FORELOG_PROTOS",
                            BASE.resolve("src/main/proto").toString()),
                    "node",
                    "client.js");
            assertThat(result.code()).as(result.output()).isZero();
            assertThat(result.output()).contains("all passed");
            service.audit("orders").awaitSettled(Duration.ofSeconds(30));
            receiver.awaitCount(1 + 3 + 10, Duration.ofSeconds(30));
        }
    }

    private static void skipWithout(String command) throws IOException, InterruptedException {
        try {
            if (run(BASE, Duration.ofSeconds(30), Map.of(), command, "--version")
                            .code()
                    == 0) {
                return;
            }
        } catch (IOException e) {
            // not there
        }
        Soak.skipping("NodeGrpcIT", command + " is not on the PATH");
        Assumptions.abort(command + " is not on the PATH");
    }

    private static void install() throws IOException, InterruptedException {
        Files.createDirectories(INSTALLED);
        for (String file : List.of("package.json", "client.js")) {
            Files.copy(SOURCES.resolve(file), INSTALLED.resolve(file), StandardCopyOption.REPLACE_EXISTING);
        }
        if (Files.isDirectory(INSTALLED.resolve("node_modules/@grpc/grpc-js"))) {
            return;
        }
        Result result = run(
                INSTALLED,
                Duration.ofSeconds(180),
                Map.of(),
                "npm",
                "install",
                "--no-audit",
                "--no-fund",
                "--no-package-lock",
                "--ignore-scripts");
        if (result.code() != 0) {
            Soak.skipping("NodeGrpcIT", "npm install failed: " + result.output());
            Assumptions.abort("npm install failed");
        }
    }

    private record Result(int code, String output) {}

    private static Result run(Path where, Duration limit, Map<String, String> environment, String... command)
            throws IOException, InterruptedException {
        Path output = Files.createTempFile("node-client", ".log");
        try {
            ProcessBuilder builder = new ProcessBuilder(command)
                    .directory(where.toFile())
                    .redirectErrorStream(true)
                    .redirectOutput(output.toFile());
            builder.environment().putAll(environment);
            Process process = builder.start();
            if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
                process.descendants().forEach(ProcessHandle::destroyForcibly);
                process.destroyForcibly().waitFor();
                return new Result(-1, "not within " + limit + ": " + Files.readString(output));
            }
            return new Result(process.exitValue(), Files.readString(output, StandardCharsets.UTF_8));
        } finally {
            Files.deleteIfExists(output);
        }
    }
}
