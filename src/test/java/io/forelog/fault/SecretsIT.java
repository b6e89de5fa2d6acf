package io.forelog.fault;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.access.ApiKeys;
import io.forelog.rig.Await;
import io.forelog.rig.ForelogProcess;
import io.forelog.rig.LoadWriter;
import io.forelog.rig.ScriptedReceiver;
import io.forelog.rig.backend.PostgresServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Secrets wherever they can be: none is found in what a node prints, answers or writes. */
@Timeout(120)
class SecretsIT {
    private static final String IN_TARGET = "Bearer tgt-5f1c0c7a9e";
    private static final String IN_STORE = "db-5f1c0c7a9e-password";
    private static final String LITERAL = "lit-5f1c0c7a9e-literal";

    @TempDir
    Path directory;

    private static String document(String url, String authorization) {
        return "targets: [{name: hook, type: http, default: true, config: {url: '" + url + "', authorization: '"
                + authorization + "'}}]\nretry: {max_attempts: 2, initial: PT0.05S}\n";
    }

    @Test
    void noneIsPrintedAnsweredOrWritten() throws IOException {
        ApiKeys.Made unused = ApiKeys.make("ops", "ops", "");
        try (ScriptedReceiver receiver = new ScriptedReceiver();
                PostgresServer server = PostgresServer.create();
                ForelogProcess node = ForelogProcess.in(directory.resolve("node"))
                        .settings("config_store: {type: postgres, password: env:STORE, uri: '" + server.uri() + "'}")
                        .environment("STORE", IN_STORE)
                        .environment("HOOK", IN_TARGET)
                        .environment("FORELOG_LOG_LEVEL", "DEBUG")
                        .start()) {
            receiver.script(arrival -> ScriptedReceiver.Reply.status(400));
            assertThat(node.admin()
                            .put("/admin/v1/namespaces/ns", document(receiver.url(), "env:HOOK"))
                            .status())
                    .isEqualTo(201);
            List<String> answers = new ArrayList<>();
            // A secret in a document: refused, or never shown.
            answers.add(node.admin()
                    .put("/admin/v1/namespaces/other", document(receiver.url(), LITERAL))
                    .body());
            try (LoadWriter writer = new LoadWriter(() -> node.ports().grpc())) {
                writer.writeOne(LoadWriter.request("ns", "x"));
            }
            Await.until("it came with its secret", Duration.ofSeconds(30), () -> receiver.count() > 0);
            Await.until(
                    "it is dead",
                    Duration.ofSeconds(30),
                    () -> node.admin()
                            .get("/admin/v1/namespaces/ns/dead-letters")
                            .body()
                            .contains("REJECTED"));
            node.admin().put("/admin/v1/namespaces/ns", document("http://127.0.0.1:1/", "env:NOT_THERE"));
            server.kill();
            for (String path : List.of(
                    "/",
                    "/metrics",
                    "/health/ready",
                    "/admin/v1/cluster",
                    "/admin/v1/signals",
                    "/admin/v1/namespaces",
                    "/admin/v1/namespaces/ns",
                    "/admin/v1/namespaces/other",
                    "/admin/v1/namespaces/ns/history",
                    "/admin/v1/namespaces/ns/pumps",
                    "/admin/v1/namespaces/ns/dead-letters")) {
                answers.add(node.admin().get(path).body());
            }
            answers.add(node.log());
            answers.add(written(node.data()));
            for (String secret : List.of(IN_TARGET, IN_STORE, unused.secret())) {
                assertThat(answers).noneMatch(answer -> answer.contains(secret));
            }
            assertThat(answers.subList(0, answers.size() - 1)).noneMatch(answer -> answer.contains(LITERAL));
        }
    }

    /** All files of the data directory but the queue's, as text. */
    private static String written(Path data) throws IOException {
        StringBuilder all = new StringBuilder();
        try (Stream<Path> files = Files.walk(data)) {
            files.filter(Files::isRegularFile)
                    .filter(file -> !file.toString().endsWith(".so"))
                    .forEach(file -> {
                        try {
                            all.append(new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1));
                        } catch (IOException e) {
                            throw new UncheckedIOException(e);
                        }
                    });
        }
        return all.toString();
    }
}
