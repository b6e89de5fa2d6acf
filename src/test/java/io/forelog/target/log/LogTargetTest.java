package io.forelog.target.log;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.model.Operation;
import io.forelog.model.Outcome;
import io.forelog.target.Deliveries;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class LogTargetTest {
    private final Vertx vertx = Vertx.vertx();
    private final ByteArrayOutputStream printed = new ByteArrayOutputStream();

    @AfterEach
    void close() throws Exception {
        vertx.close().toCompletionStage().toCompletableFuture().get(10, TimeUnit.SECONDS);
    }

    private String print(int charsMax, Buffer key, Buffer payload) throws Exception {
        LogTargetAdapter adapter = new LogTargetAdapter(
                vertx.createSharedWorkerExecutor("log", 1),
                () -> new PrintStream(printed, true, StandardCharsets.UTF_8),
                charsMax,
                () -> 1_700_000_000_123_000L);
        List<Outcome> outcomes = adapter.apply(
                        List.of(Deliveries.of(0, Deliveries.entry(key, Operation.PUT, Map.of(), Map.of(), payload))))
                .toCompletionStage()
                .toCompletableFuture()
                .get(10, TimeUnit.SECONDS);
        assertThat(outcomes).containsExactly(Outcome.applied());
        return printed.toString(StandardCharsets.UTF_8);
    }

    @Test
    void printsOneLineADelivery() throws Exception {
        assertThat(print(200, Buffer.buffer("k1"), Buffer.buffer("hello\nworld")))
                .matches("2023-11-14T22:13:20.123Z shop [0-9a-f-]{36} key=k1 attempt=1 PUT hello\\\\nworld\n");
    }

    @Test
    void cutsLongPayloadsAtWholeCharacters() throws Exception {
        assertThat(print(5, Buffer.buffer(), Buffer.buffer("ääääääääääääääääääääääää")))
                .endsWith(" PUT ääää…\n");
    }

    @Test
    void printsWhatIsNoTextInBase64() throws Exception {
        assertThat(print(50, Buffer.buffer(), Buffer.buffer(new byte[] {(byte) 0xFF, 1, 2})))
                .endsWith(" PUT base64:/wEC\n");
    }
}
