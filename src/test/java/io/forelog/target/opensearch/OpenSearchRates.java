package io.forelog.target.opensearch;

import io.forelog.model.Delivery;
import io.forelog.model.Operation;
import io.forelog.model.Outcome;
import io.forelog.rig.backend.OpenSearchServer;
import io.forelog.target.Deliveries;
import io.forelog.target.TargetSpec;
import io.forelog.target.WriterRig;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientAgent;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.PoolOptions;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/**
 * Measures the opensearch target beside a bare loop of the same HTTP client: documents of 1 KiB, external versions, 100,000 ids,
 * four bulks of 500 at once. A main, not a test: figures are ratios of one run.
 */
public final class OpenSearchRates {
    private static final int AT_ONCE = 4;
    private static final int BATCH = 500;
    private static final int KEYS = 100_000;
    private static final String DOCUMENT = "{\"v\": \"" + "x".repeat(1_014) + "\"}";
    private static final AtomicInteger SEQUENCE = new AtomicInteger();

    private OpenSearchRates() {}

    public static void main(String[] args) throws Exception {
        int seconds = args.length > 0 ? Integer.parseInt(args[0]) : 5;
        Path directory = Files.createTempDirectory("rates");
        OpenSearchServer server = OpenSearchServer.start(directory);
        try (WriterRig rig = new WriterRig(directory)) {
            Map<String, Object> config = Map.of("urls", List.of(server.url()), "index", "rates");
            rig.deploy("opensearch", config, new TargetSpec.Limit(AT_ONCE, 0, Duration.ofSeconds(20), BATCH));
            HttpClientAgent client = rig.vertx
                    .httpClientBuilder()
                    .with(new PoolOptions().setHttp1MaxSize(AT_ONCE))
                    .build();
            List<Supplier<Double>> forms = List.of(
                    () -> loop(seconds, () -> bare(client, server)),
                    () -> loop(seconds, () -> rig.send(deliveries()).map(OpenSearchRates::applied)));
            double[][] rates = new double[2][3];
            for (int round = -2; round < 3; round++) { // the first ones warm up
                for (int turn = 0; turn < 2; turn++) {
                    int form = (turn + round) & 1; // each goes first in turn
                    server.ask("DELETE", "/rates", "");
                    server.ask(
                            "PUT",
                            "/rates",
                            "{\"settings\": {\"number_of_replicas\": 0}, \"mappings\": {\"dynamic\": false}}");
                    double rate = forms.get(form).get();
                    if (round >= 0) {
                        rates[form][round] = rate;
                        System.out.printf("%-18s %,.0f/s%n", form == 0 ? "bare client" : "opensearch target", rate);
                    }
                }
            }
            Arrays.sort(rates[0]);
            Arrays.sort(rates[1]);
            System.out.printf("ratio of medians %.2f%n", rates[1][1] / rates[0][1]);
        } finally {
            server.close();
        }
        System.exit(0);
    }

    private static double loop(int seconds, Supplier<Future<Integer>> send) {
        long until = System.nanoTime() + seconds * 1_000_000_000L;
        AtomicInteger applied = new AtomicInteger();
        List<Future<Void>> lanes = new ArrayList<>();
        for (int lane = 0; lane < AT_ONCE; lane++) {
            Promise<Void> end = Promise.promise();
            again(until, send, applied, end);
            lanes.add(end.future());
        }
        WriterRig.await(Future.join(lanes));
        return applied.get() / (double) seconds;
    }

    private static void again(long until, Supplier<Future<Integer>> send, AtomicInteger applied, Promise<Void> end) {
        if (System.nanoTime() > until) {
            end.complete();
            return;
        }
        send.get()
                .onComplete(
                        count -> {
                            applied.addAndGet(count);
                            again(until, send, applied, end);
                        },
                        end::fail);
    }

    private static Future<Integer> bare(HttpClientAgent client, OpenSearchServer server) {
        Buffer lines = Buffer.buffer(BATCH * 1_200);
        for (int i = 0; i < BATCH; i++) {
            int n = SEQUENCE.getAndIncrement();
            lines.appendString("{\"index\":{\"_index\":\"rates\",\"_id\":\"key-" + n % KEYS + "\",\"version\":"
                            + (1L + n << 11) + ",\"version_type\":\"external\"}}\n")
                    .appendString(DOCUMENT)
                    .appendByte((byte) '\n');
        }
        return client.request(HttpMethod.POST, server.port(), "127.0.0.1", "/_bulk?" + BulkAnswer.FILTER)
                .compose(request -> request.putHeader("Content-Type", "application/x-ndjson")
                        .send(lines))
                .compose(answer -> answer.body())
                .compose(body -> body.toString().contains("\"errors\":false")
                        ? Future.succeededFuture(BATCH)
                        : Future.failedFuture(body.toString()));
    }

    private static List<Delivery> deliveries() {
        List<Delivery> batch = new ArrayList<>(BATCH);
        for (int i = 0; i < BATCH; i++) {
            int n = SEQUENCE.getAndIncrement();
            batch.add(Deliveries.of(
                    n,
                    Deliveries.with(
                            Deliveries.entry(
                                    Buffer.buffer("key-" + n % KEYS),
                                    Operation.PUT,
                                    Map.of(),
                                    Map.of("content-type", "application/json"),
                                    Buffer.buffer(DOCUMENT)),
                            1 + n,
                            "",
                            null)));
        }
        return batch;
    }

    private static int applied(List<Outcome> outcomes) {
        return (int) outcomes.stream()
                .filter(outcome -> outcome.kind() == Outcome.Kind.APPLIED)
                .count();
    }
}
