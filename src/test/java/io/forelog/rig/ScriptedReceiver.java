package io.forelog.rig;

import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;

/**
 * The HTTP target of the tests: writes down each request that arrives, and answers as its script says. Its own Vert.x
 * instance with one event loop, where the script runs; what was written down may be read by any thread. Keeps every arrival
 * (about 200 bytes each) for the life of the test.
 */
public final class ScriptedReceiver implements AutoCloseable {
    private static final int TEXT_MAX = 64;

    private final Vertx vertx = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(1));
    private final HttpServer server;
    private final Queue<Arrival> arrivals = new ConcurrentLinkedQueue<>();
    private final Map<String, AtomicInteger> timesById = new ConcurrentHashMap<>();
    private final AtomicInteger count = new AtomicInteger();
    private volatile Function<Arrival, Reply> script = arrival -> Reply.OK;
    private final AtomicInteger epoch = new AtomicInteger();

    public ScriptedReceiver() {
        this.server = Await.result(vertx.createHttpServer(new HttpServerOptions()
                        .setHost("127.0.0.1")
                        .setPort(0)
                        .setTcpNoDelay(true)
                        .setAcceptBacklog(1024))
                .requestHandler(this::arrived)
                .listen());
    }

    /**
     * A request that arrived whole.
     *
     * @param attempt as the sender counts
     * @param time the how-manieth arrival of this entry here, from 1
     * @param micros since 1970, when its body was complete
     * @param text the first 64 bytes of the body
     * @param epoch of {@link #nextEpoch()}
     */
    public record Arrival(
            String entryId,
            String namespace,
            String key,
            int attempt,
            int time,
            long micros,
            String path,
            String text,
            int epoch) {}

    /**
     * What the script answers.
     *
     * @param status 0 = none, ever
     * @param retryAfter as the header says it; empty = no such header
     */
    public record Reply(int status, String retryAfter, Duration after, boolean reset) {
        public static final Reply OK = new Reply(204, "", Duration.ZERO, false);

        public static Reply status(int status) {
            return new Reply(status, "", Duration.ZERO, false);
        }

        public static Reply retryAfter(int status, int seconds) {
            return new Reply(status, Integer.toString(seconds), Duration.ZERO, false);
        }

        /** 204 after that time. */
        public static Reply slow(Duration time) {
            return new Reply(204, "", time, false);
        }

        public static Reply stall() {
            return new Reply(0, "", Duration.ZERO, false);
        }

        public static Reply resets() {
            return new Reply(0, "", Duration.ZERO, true);
        }
    }

    /** From the next arrival on. Runs on the receiver's loop: may keep state of its own, must not wait. */
    public void script(Function<Arrival, Reply> next) {
        script = next;
    }

    public int port() {
        return server.actualPort();
    }

    public String url() {
        return url(port());
    }

    /** As seen through a proxy. */
    public static String url(int port) {
        return "http://127.0.0.1:" + port + "/hook";
    }

    /** In the order in which they came. */
    public List<Arrival> arrivals() {
        return List.copyOf(arrivals);
    }

    public List<Arrival> arrivalsOf(String entryId) {
        return arrivals.stream().filter(a -> a.entryId().equals(entryId)).toList();
    }

    public int count() {
        return count.get();
    }

    public Set<String> entryIds() {
        return timesById.keySet();
    }

    public boolean has(String entryId) {
        return timesById.containsKey(entryId);
    }

    /** Arrivals beyond the first of an entry. */
    public int duplicates() {
        return count.get() - timesById.size();
    }

    /** Marks what arrives from now on: to tell what a restarted service sent from what the old one did. */
    public void nextEpoch() {
        epoch.incrementAndGet();
    }

    public void forget() {
        arrivals.clear();
        timesById.clear();
        count.set(0);
    }

    public void awaitCount(int wanted, Duration limit) {
        Await.until(wanted + " requests arrived", limit, () -> count.get() >= wanted, () -> count.get() + " have");
    }

    public static long nowMicros() {
        return ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now());
    }

    @Override
    public void close() {
        Await.result(vertx.close());
    }

    private void arrived(HttpServerRequest request) {
        request.body()
                .onComplete(
                        body -> {
                            Arrival arrival = writeDown(request, body);
                            answer(request, script.apply(arrival));
                        },
                        cut -> {});
    }

    private Arrival writeDown(HttpServerRequest request, Buffer body) {
        String id = header(request, "Forelog-Entry-Id");
        int time = timesById.computeIfAbsent(id, first -> new AtomicInteger()).incrementAndGet();
        String attempt = header(request, "Forelog-Attempt");
        Arrival arrival = new Arrival(
                id,
                header(request, "Forelog-Namespace"),
                header(request, "Forelog-Key"),
                attempt.isEmpty() ? 0 : Integer.parseInt(attempt),
                time,
                nowMicros(),
                request.path(),
                body.getString(0, Math.min(TEXT_MAX, body.length()), StandardCharsets.ISO_8859_1.name()),
                epoch.get());
        arrivals.add(arrival);
        count.incrementAndGet();
        return arrival;
    }

    private void answer(HttpServerRequest request, Reply reply) {
        if (!reply.after().isZero()) {
            vertx.setTimer(
                    Math.max(1, reply.after().toMillis()),
                    timer -> answer(
                            request, new Reply(reply.status(), reply.retryAfter(), Duration.ZERO, reply.reset())));
            return;
        }
        if (reply.reset()) {
            request.connection().close();
            return;
        }
        if (reply.status() == 0) {
            return;
        }
        HttpServerResponse response = request.response();
        if (response.ended() || response.closed()) {
            return;
        }
        if (!reply.retryAfter().isEmpty()) {
            response.putHeader("Retry-After", reply.retryAfter());
        }
        response.setStatusCode(reply.status());
        if (reply.status() >= 400) {
            response.end("scripted " + reply.status());
        } else {
            response.end();
        }
    }

    private static String header(HttpServerRequest request, String name) {
        String value = request.getHeader(name);
        return value == null ? "" : value;
    }
}
