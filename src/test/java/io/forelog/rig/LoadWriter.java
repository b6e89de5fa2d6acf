package io.forelog.rig;

import com.google.protobuf.ByteString;
import io.forelog.wire.v1.Lifecycle;
import io.forelog.wire.v1.Target;
import io.forelog.wire.v1.WriteAheadLogGrpcClient;
import io.forelog.wire.v1.WriteToLogRequest;
import io.forelog.wire.v1.WriteToLogResponse;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.net.SocketAddress;
import io.vertx.grpc.client.GrpcClient;
import io.vertx.grpc.client.GrpcClientOptions;
import io.vertx.grpc.client.GrpcClientResponse;
import io.vertx.grpc.common.GrpcStatus;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntSupplier;
import java.util.function.Supplier;

/**
 * Writes over gRPC from a fixed number of slots, each with one write in flight, and keeps books: what was answered TRUE, what
 * FALSE, what nobody knows. Goes on through the service's deaths, to whatever port it has then. Its own Vert.x instance with
 * one event loop, where the script runs; the books may be read by any thread.
 */
public final class LoadWriter implements AutoCloseable {
    private static final Duration CALL_LIMIT = Duration.ofSeconds(5);
    private static final long PAUSE_MILLIS_AFTER_FAILURE = 20;

    private static final Duration TAKEN_LIMIT = Duration.ofSeconds(60);

    private final Vertx vertx = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(1));
    private final GrpcClient client;
    private final Supplier<SocketAddress> server;
    private final Duration callLimit;
    private final Map<String, Written> trues = new ConcurrentHashMap<>();
    private final Map<String, String> falses = new ConcurrentHashMap<>();
    private final Map<String, String> unknowns = new ConcurrentHashMap<>();
    private final AtomicInteger repeated = new AtomicInteger();
    private final AtomicInteger running = new AtomicInteger();
    private volatile boolean stopping;
    private volatile boolean insisting;
    private volatile long paceMillis;
    private volatile CountDownLatch ended = new CountDownLatch(0);

    /** {@code port} is asked before every write. */
    public LoadWriter(IntSupplier port) {
        this(port, CALL_LIMIT);
    }

    /** {@code callLimit}: each write's deadline, which the server is told. */
    public LoadWriter(IntSupplier port, Duration callLimit) {
        this(() -> SocketAddress.inetSocketAddress(port.getAsInt(), "127.0.0.1"), callLimit);
    }

    /** To servers on more addresses than one. */
    public static LoadWriter across(Supplier<SocketAddress> server, Duration callLimit) {
        return new LoadWriter(server, callLimit);
    }

    private LoadWriter(Supplier<SocketAddress> server, Duration callLimit) {
        this.server = server;
        this.callLimit = callLimit;
        this.client = GrpcClient.client(vertx, new GrpcClientOptions().setScheduleDeadlineAutomatically(true));
    }

    /**
     * A write answered TRUE.
     *
     * @param text the payload's, which tells writes apart
     * @param sentMicros when it was handed to the client: the earliest moment the server can have received it
     * @param answeredMicros when the answer was here: it was given before
     */
    public record Written(String entryId, String text, Duration delay, long sentMicros, long answeredMicros) {}

    /** What to write: for slot s the n-th write, from 0; empty = the slot is done. */
    public interface Script {
        Optional<WriteToLogRequest> next(int slot, long n);
    }

    /** Ends at once; the slots write until the script or {@link #stop} ends them. */
    public void start(int slots, Script script) {
        stopping = false;
        ended = new CountDownLatch(slots);
        running.addAndGet(slots);
        vertx.runOnContext(start -> {
            for (int slot = 0; slot < slots; slot++) {
                write(script, slot, 0);
            }
        });
    }

    /** Ends when every slot is done. */
    public void await(Duration limit) {
        try {
            if (!ended.await(limit.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new AssertionError("the writers did not end within " + limit + "; " + this);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** No new writes; ends when those in flight are answered. */
    public void stop() {
        stopping = true;
        await(callLimit.multipliedBy(3));
    }

    /** From now on a write that was refused is made again until it is not. */
    public LoadWriter insist() {
        insisting = true;
        return this;
    }

    /** From now on each slot pauses so long after a write that was TRUE: where faults are tried, and not what the machine can do. */
    public LoadWriter pace(Duration pause) {
        paceMillis = pause.toMillis();
        return this;
    }

    /** By entry id. */
    public Map<String, Written> trues() {
        return trues;
    }

    /** Payload text -> what was answered: decided FALSE, a status that refuses, or never sent. */
    public Map<String, String> falses() {
        return falses;
    }

    /** Payload text -> what was answered: UNKNOWN, or a transport's failure, how long it took and when it was. */
    public Map<String, String> unknowns() {
        return unknowns;
    }

    /** How often a write that was refused was made again, see {@link #insist}. */
    public int repeated() {
        return repeated.get();
    }

    /**
     * One write, answered; fails where the call did. A node that is ready may still open a queue: that is waited for; so is a
     * node that sheds load where this writer insists.
     */
    public WriteToLogResponse writeOne(WriteToLogRequest request) {
        return Await.until(
                "the write is taken",
                TAKEN_LIMIT,
                () -> {
                    try {
                        return Optional.of(Await.result(call(request)));
                    } catch (Refused e) {
                        if (passes(e)) {
                            return Optional.empty();
                        }
                        throw e;
                    }
                },
                request::getNamespace);
    }

    private boolean passes(Refused refused) {
        String message = String.valueOf(refused.getMessage());
        return message.contains("not open yet") || insisting && message.contains("OVERLOADED");
    }

    public static WriteToLogRequest request(String namespace, String text) {
        return request(namespace, text, "", Duration.ZERO);
    }

    public static WriteToLogRequest request(String namespace, String text, String key, Duration delay) {
        WriteToLogRequest.Builder request =
                WriteToLogRequest.newBuilder().setNamespace(namespace).setPayload(ByteString.copyFromUtf8(text));
        if (!key.isEmpty()) {
            request.setTarget(Target.newBuilder().setKey(ByteString.copyFromUtf8(key)));
        }
        if (!delay.isZero()) {
            request.setLifecycle(Lifecycle.newBuilder().setDelay(protobuf(delay)));
        }
        return request.build();
    }

    public static com.google.protobuf.Duration protobuf(Duration duration) {
        return com.google.protobuf.Duration.newBuilder()
                .setSeconds(duration.getSeconds())
                .setNanos(duration.getNano())
                .build();
    }

    @Override
    public void close() {
        stopping = true;
        Await.result(vertx.close());
    }

    @Override
    public String toString() {
        return trues.size() + " TRUE, " + falses.size() + " FALSE " + kinds(falses) + ", " + unknowns.size()
                + " UNKNOWN " + kinds(unknowns) + ", " + repeated + " times again, " + running.get() + " slots running";
    }

    /** What was said how often, without its figures. */
    private static Map<String, Integer> kinds(Map<String, String> answers) {
        Map<String, Integer> kinds = new TreeMap<>();
        answers.values()
                .forEach(text -> kinds.merge(
                        text.replaceAll("[0-9]+", "#")
                                .substring(
                                        0,
                                        Math.min(
                                                90,
                                                text.replaceAll("[0-9]+", "#").length())),
                        1,
                        Integer::sum));
        return kinds;
    }

    private void write(Script script, int slot, long n) {
        Optional<WriteToLogRequest> next = stopping ? Optional.empty() : script.next(slot, n);
        if (next.isEmpty()) {
            running.decrementAndGet();
            ended.countDown();
            return;
        }
        WriteToLogRequest request = next.get();
        long sent = ScriptedReceiver.nowMicros();
        call(request)
                .onComplete(
                        response -> {
                            boolean decided = answered(request, response, sent);
                            again(script, slot, next(request, n), decided);
                        },
                        failure -> {
                            failed(request, failure, sent);
                            again(script, slot, next(request, n), false);
                        });
    }

    private long next(WriteToLogRequest request, long n) {
        boolean again = insisting && falses.containsKey(request.getPayload().toStringUtf8());
        if (again) {
            repeated.incrementAndGet();
        }
        return again ? n : n + 1;
    }

    private void again(Script script, int slot, long n, boolean decided) {
        long pause = decided ? paceMillis : PAUSE_MILLIS_AFTER_FAILURE;
        if (pause == 0) {
            write(script, slot, n);
        } else {
            vertx.setTimer(pause, timer -> write(script, slot, n));
        }
    }

    private Future<WriteToLogResponse> call(WriteToLogRequest message) {
        return client.request(server.get(), WriteAheadLogGrpcClient.WriteToLog)
                .recover(failure -> Future.failedFuture(new Refused("not connected: " + failure.getMessage())))
                .compose(request -> {
                    request.timeout(callLimit.toMillis(), TimeUnit.MILLISECONDS);
                    return request.send(message).compose(LoadWriter::answer); // on the loop, before anything came
                });
    }

    private static Future<WriteToLogResponse> answer(GrpcClientResponse<?, WriteToLogResponse> response) {
        return response.last()
                .recover(failure -> Future.failedFuture(told(response, failure)))
                .compose(reply ->
                        reply == null ? Future.failedFuture(told(response, null)) : Future.succeededFuture(reply));
    }

    /** A status the server gave decides; the client's own CANCELLED and its like decide nothing. */
    private static Throwable told(
            GrpcClientResponse<?, ?> response, @org.jspecify.annotations.Nullable Throwable failure) {
        GrpcStatus status = response.status();
        boolean undecided = status == null
                || status == GrpcStatus.OK
                || status == GrpcStatus.CANCELLED
                || status == GrpcStatus.DEADLINE_EXCEEDED
                || status == GrpcStatus.INTERNAL
                || status == GrpcStatus.UNKNOWN;
        if (undecided) {
            return failure == null ? new IllegalStateException("ended with " + status) : failure;
        }
        return new Refused(status + ": " + response.statusMessage());
    }

    /** For certain in no queue. */
    public static final class Refused extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Refused(String text) {
            super(text, null, false, false);
        }
    }

    private boolean answered(WriteToLogRequest request, WriteToLogResponse response, long sent) {
        String text = request.getPayload().toStringUtf8();
        switch (response.getDurable()) {
            case TRILEAN_TRUE -> {
                falses.remove(text);
                com.google.protobuf.Duration delay = request.getLifecycle().getDelay();
                trues.put(
                        response.getEntryId(),
                        new Written(
                                response.getEntryId(),
                                text,
                                Duration.ofSeconds(delay.getSeconds(), delay.getNanos()),
                                sent,
                                ScriptedReceiver.nowMicros()));
                return true;
            }
            case TRILEAN_FALSE -> falses.put(text, response.getMessage());
            default -> {
                falses.remove(text);
                unknowns.put(text, response.getMessage() + after(sent));
            }
        }
        return false;
    }

    private static String after(long sentMicros) {
        long millis = (ScriptedReceiver.nowMicros() - sentMicros) / 1_000;
        return " (after " + millis + " ms, " + Instant.now() + ")";
    }

    private void failed(WriteToLogRequest request, Throwable failure, long sent) {
        String text = request.getPayload().toStringUtf8();
        // A stream behind the last one that a server that goes says it has taken: it was not read.
        boolean unread = String.valueOf(failure.getMessage()).contains("GOAWAY error code = 0");
        if (failure instanceof Refused || unread) {
            falses.put(text, String.valueOf(failure.getMessage()));
        } else {
            falses.remove(text);
            unknowns.put(text, failure.getMessage() + after(sent));
        }
    }
}
