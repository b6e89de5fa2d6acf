package io.forelog.target.opensearch;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.model.Delivery;
import io.forelog.model.ErrorCode;
import io.forelog.model.Operation;
import io.forelog.model.Outcome;
import io.forelog.target.Deliveries;
import io.forelog.target.HttpAnswer;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

class SubmissionTest {
    private static final HttpAnswer GOOD = answer(200, "{\"errors\": false}");
    private static final ActionForm FORM = new ActionForm("items", DocumentValue.parse("id", "{key}"), null, "", "");

    private final List<String> requests = new ArrayList<>();
    private final List<Integer> tooLarge = new ArrayList<>();
    private int bytesMax = 1 << 20;

    private static HttpAnswer answer(int status, String body) {
        return new HttpAnswer(status, Duration.ZERO, Buffer.buffer(body), true);
    }

    private List<Outcome> run(List<Delivery> batch, Function<String, Future<HttpAnswer>> server) {
        Submission.Sender sender = new Submission.Sender() {
            @Override
            public Future<HttpAnswer> send(Buffer lines, int items) {
                requests.add(lines.toString());
                return server.apply(lines.toString());
            }

            @Override
            public int bytesMax() {
                return bytesMax;
            }

            @Override
            public void tooLarge(int bytes) {
                tooLarge.add(bytes);
            }
        };
        Future<List<Outcome>> outcomes = new Submission(sender, FORM, batch).run();
        assertThat(outcomes.isComplete()).isTrue();
        return outcomes.result();
    }

    private static Delivery put(String key, String payload, long micros) {
        return Deliveries.of(
                0,
                Deliveries.with(
                        Deliveries.entry(Buffer.buffer(key), Operation.PUT, Map.of(), Map.of(), Buffer.buffer(payload)),
                        micros,
                        "",
                        null));
    }

    private static List<Delivery> puts(int count) {
        List<Delivery> puts = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            puts.add(put("k" + i, "{\"n\": " + i + "}", 1_000 + i));
        }
        return puts;
    }

    private static List<String> ids(String lines) {
        return lines.lines()
                .filter(line -> line.contains("\"_id\""))
                .map(line -> line.replaceAll(".*\"_id\":\"([^\"]*)\".*", "$1"))
                .toList();
    }

    @Test
    void theLinesAreAnActionWithItsVersionAndTheDocumentOnOneLine() {
        Delivery put = put("a\"\n", "{\"n\":\r\n 1}", 5_000);
        Delivery delete = Deliveries.of(
                1,
                Deliveries.with(
                        Deliveries.entry(Buffer.buffer("ü"), Operation.DELETE, Map.of(), Map.of(), Buffer.buffer()),
                        6_000,
                        "",
                        null));
        assertThat(run(List.of(put, delete), lines -> Future.succeededFuture(GOOD)))
                .containsOnly(Outcome.applied());
        long version = DocumentVersion.of(put.entry());
        assertThat(version >>> 11).isEqualTo(5_000L);
        assertThat(requests)
                .containsExactly("{\"index\":{\"_index\":\"items\",\"_id\":\"a\\\"\\n\",\"version\":" + version
                        + ",\"version_type\":\"external\"}}\n{\"n\":   1}\n"
                        + "{\"delete\":{\"_index\":\"items\",\"_id\":\"ü\",\"version\":"
                        + DocumentVersion.of(delete.entry()) + ",\"version_type\":\"external\"}}\n");
    }

    @Test
    void anOlderWriteGoesBeforeANewerOneWhateverTheirOrderInTheBatch() {
        List<Delivery> batch = List.of(put("c", "{}", 3), put("a", "{}", 1), put("b", "{}", 2));
        List<Outcome> outcomes = run(
                batch,
                lines -> Future.succeededFuture(answer(
                        200,
                        "{\"errors\": true, \"items\": [{\"index\": {\"status\": 400, \"error\": {\"type\": \"bad\"}}},"
                                + " {\"index\": {\"status\": 201}}, {\"index\": {\"status\": 503}}]}")));
        assertThat(ids(requests.get(0))).containsExactly("a", "b", "c");
        assertThat(outcomes.stream().map(Outcome::kind))
                .as("each has its own outcome")
                .containsExactly(Outcome.Kind.RETRY, Outcome.Kind.REJECTED, Outcome.Kind.APPLIED);
    }

    @Test
    void requestsStayWithinTheirBytesAndALargeDocumentGoesAlone() {
        bytesMax = 400;
        List<Delivery> batch = new ArrayList<>(puts(7));
        batch.set(3, put("large", "{\"v\": \"" + "x".repeat(900) + "\"}", 1_003));
        assertThat(run(batch, lines -> Future.succeededFuture(GOOD))).containsOnly(Outcome.applied());
        assertThat(requests).hasSize(3);
        assertThat(requests.stream().flatMap(lines -> ids(lines).stream()))
                .containsExactly("k0", "k1", "k2", "large", "k4", "k5", "k6");
        for (String request : requests) {
            assertThat(request.length() <= 400 || ids(request).equals(List.of("large")))
                    .isTrue();
        }
    }

    @Test
    void whatIsRefusedAsAWholeIsHalvedDownToTheOneThatIsRefused() {
        List<Outcome> outcomes =
                run(puts(16), lines -> Future.succeededFuture(lines.contains("\"k11\"") ? answer(400, "no") : GOOD));
        for (int i = 0; i < 16; i++) {
            assertThat(outcomes.get(i))
                    .isEqualTo(
                            i == 11
                                    ? Outcome.rejected(ErrorCode.TARGET_REJECTED, "HTTP 400: no", false)
                                    : Outcome.applied());
        }
        assertThat(requests).hasSize(9);
        assertThat(tooLarge).isEmpty();
    }

    @Test
    void whatIsTooLargeIsHalvedAndTold() {
        List<Outcome> outcomes =
                run(puts(8), lines -> Future.succeededFuture(ids(lines).size() > 2 ? answer(413, "") : GOOD));
        assertThat(outcomes).containsOnly(Outcome.applied());
        assertThat(tooLarge).hasSize(3);
        assertThat(tooLarge.get(0)).isEqualTo(requests.get(0).length());
    }

    @Test
    void nothingMoreIsSentToAServerThatDoesNotAnswerOrAsksForAPause() {
        bytesMax = 200;
        List<Outcome> unanswered = run(
                puts(6),
                lines -> requests.size() == 2
                        ? Future.failedFuture(new TimeoutException("late"))
                        : Future.succeededFuture(GOOD));
        assertThat(requests).hasSize(2);
        assertThat(unanswered.get(0)).isEqualTo(Outcome.applied());
        assertThat(unanswered.get(5)).isEqualTo(Outcome.retry(ErrorCode.TARGET_TIMEOUT, "late", Duration.ZERO));

        requests.clear();
        HttpAnswer busy = new HttpAnswer(429, Duration.ofSeconds(7), Buffer.buffer(), true);
        assertThat(run(puts(6), lines -> Future.succeededFuture(busy)))
                .containsOnly(Outcome.retry(ErrorCode.RATE_LIMITED, "HTTP 429", Duration.ofSeconds(7)));
        assertThat(requests).hasSize(1);
    }

    @Test
    void whatCanNeverBeADocumentIsNotSent() {
        List<Delivery> batch = List.of(
                put("k", "[1]", 1),
                put("k", "", 1),
                put("k", "{\"n\": 1} {\"n\": 2}", 1),
                put("k", "{\"n\": 1", 1),
                put("", "{}", 1),
                put("x".repeat(513), "{}", 1),
                Deliveries.of(
                        0, Deliveries.entry(Buffer.buffer("k"), Operation.TOUCH, Map.of(), Map.of(), Buffer.buffer())),
                put("k", "{}", -1),
                put("k", "{}", Long.MAX_VALUE / 4_000),
                Deliveries.of(
                        0,
                        Deliveries.entry(
                                Buffer.buffer("k"),
                                Operation.PUT,
                                Map.of(),
                                Map.of(),
                                Buffer.buffer("{\"n\": 1}", "UTF-16"))),
                Deliveries.of(
                        0,
                        Deliveries.entry(
                                Buffer.buffer(new byte[] {(byte) 0xFF}),
                                Operation.PUT,
                                Map.of(),
                                Map.of(),
                                Buffer.buffer("{}"))));
        List<Outcome> outcomes = run(batch, lines -> Future.succeededFuture(GOOD));
        assertThat(requests).isEmpty();
        List<String> words = outcomes.stream()
                .map(outcome -> ((Outcome.Rejected) outcome).text())
                .toList();
        assertThat(words.get(0)).isEqualTo("payload: no JSON object (expected: a JSON object)");
        assertThat(words.get(1)).startsWith("payload: empty");
        assertThat(words.get(2)).startsWith("payload: more than one JSON object");
        assertThat(words.get(3)).startsWith("payload: no JSON: Unexpected end-of-input");
        assertThat(words.get(4)).startsWith("key: empty");
        assertThat(words.get(5)).isEqualTo("id: 513 bytes (expected: at most 512)");
        assertThat(words.get(6)).contains("TOUCH", "PUT or DELETE");
        assertThat(words.get(7)).startsWith("write_time: -1");
        assertThat(words.get(8)).startsWith("write_time: ");
        assertThat(words.get(9)).startsWith("payload: no JSON");
        assertThat(words.get(10)).isEqualTo("id: no UTF-8 (expected: text)");
    }
}
