package io.forelog.target;

import io.forelog.model.Delivery;
import io.forelog.model.Operation;
import io.forelog.model.Outcome;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientAgent;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.http.RequestOptions;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/**
 * Measures delivery through the writer, 1 KiB a payload: to kv, and to a local HTTP server beside a bare Vert.x client that posts to
 * the same server with as many requests in flight. A main, not a test: figures are ratios of one run.
 */
public final class DeliveryRates {
    private static final byte[] PAYLOAD = new byte[1024];

    private DeliveryRates() {}

    public static void main(String[] args) throws Exception {
        Path data = Files.createTempDirectory("rates");
        int seconds = args.length > 0 ? Integer.parseInt(args[0]) : 5;
        try (WriterRig rig = new WriterRig(data)) {
            rig.deploy("kv", Map.of(), new TargetSpec.Limit(0, 0, Duration.ofSeconds(10), 256));
            for (int run = 0; run < 3; run++) {
                print("kv, 4 x 256", loop(seconds, 4, 256, batch -> rig.send(batch)));
            }
            print("kv, 1 x 256", loop(seconds, 1, 256, batch -> rig.send(batch)));
        }
        http(data, seconds);
    }

    private static void http(Path data, int seconds) throws Exception {
        Vertx vertx = Vertx.vertx();
        HttpServer server = vertx.createHttpServer()
                .requestHandler(request ->
                        request.body().onSuccess(body -> request.response().end()));
        WriterRig.await(server.listen(0, "127.0.0.1"));
        int port = server.actualPort();
        try (WriterRig rig = new WriterRig(data.resolve("http"))) {
            rig.deploy(
                    "http",
                    Map.of("url", "http://127.0.0.1:" + port + "/"),
                    new TargetSpec.Limit(64, 0, Duration.ofSeconds(10), 1));
            for (int run = 0; run < 3; run++) {
                print("bare client, 64 in flight", bare(rig.vertx, port, seconds));
                print("http target, 64 in flight", loop(seconds, 4, 64, batch -> rig.send(batch)));
            }
        }
        WriterRig.await(vertx.close());
    }

    public interface Send {
        Future<List<Outcome>> send(List<Delivery> batch);
    }

    public static double loop(int seconds, int inFlight, int size, Send send) throws Exception {
        AtomicInteger sequence = new AtomicInteger();
        Supplier<List<Delivery>> next = () -> {
            List<Delivery> batch = new ArrayList<>(size);
            for (int i = 0; i < size; i++) {
                int n = sequence.getAndIncrement();
                batch.add(Deliveries.of(
                        n,
                        Deliveries.entry(
                                Buffer.buffer("key-" + n % 100_000),
                                Operation.PUT,
                                Map.of(),
                                Map.of("content-type", "application/octet-stream"),
                                Buffer.buffer(PAYLOAD))));
            }
            return batch;
        };
        long until = System.nanoTime() + Duration.ofSeconds(seconds).toNanos();
        List<Thread> threads = new ArrayList<>();
        AtomicInteger applied = new AtomicInteger();
        for (int i = 0; i < inFlight; i++) {
            Thread thread = new Thread(() -> {
                while (System.nanoTime() < until) {
                    for (Outcome outcome : WriterRig.await(send.send(next.get()))) {
                        applied.addAndGet(outcome.kind() == Outcome.Kind.APPLIED ? 1 : 0);
                    }
                }
            });
            thread.start();
            threads.add(thread);
        }
        for (Thread thread : threads) {
            thread.join();
        }
        return applied.get() / (double) seconds;
    }

    private static double bare(Vertx vertx, int port, int seconds) {
        long until = System.nanoTime() + Duration.ofSeconds(seconds).toNanos();
        Context context = vertx.getOrCreateContext();
        AtomicInteger done = new AtomicInteger();
        List<Future<Void>> loops = new ArrayList<>();
        HttpClientAgent client = vertx.httpClientBuilder()
                .with(new PoolOptions().setHttp1MaxSize(64))
                .build();
        RequestOptions options = new RequestOptions()
                .setMethod(HttpMethod.POST)
                .setHost("127.0.0.1")
                .setPort(port);
        for (int i = 0; i < 64; i++) {
            Promise<Void> end = Promise.promise();
            loops.add(end.future());
            context.runOnContext(v -> post(client, options, until, done, end));
        }
        WriterRig.await(Future.join(loops));
        WriterRig.await(client.close());
        return done.get() / (double) seconds;
    }

    private static void post(
            HttpClientAgent client, RequestOptions options, long until, AtomicInteger done, Promise<Void> end) {
        if (System.nanoTime() > until) {
            end.complete();
            return;
        }
        client.request(options)
                .compose(request -> request.send(Buffer.buffer(PAYLOAD)))
                .onComplete(answer -> {
                    done.incrementAndGet();
                    post(client, options, until, done, end);
                });
    }

    static void print(String what, double rate) {
        System.out.printf("%-28s %,.0f/s%n", what, rate);
    }
}
