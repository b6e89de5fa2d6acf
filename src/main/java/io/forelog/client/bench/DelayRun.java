package io.forelog.client.bench;

import com.google.protobuf.ByteString;
import com.google.protobuf.Duration;
import io.forelog.model.EntryId;
import io.forelog.wire.v1.Lifecycle;
import io.forelog.wire.v1.WriteToLogRequest;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.json.JsonObject;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HashSet;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.atomic.LongAdder;
import org.HdrHistogram.Histogram;

/**
 * Entries due evenly over a span, and how late each arrives. An entry's id tells to the millisecond when the server received
 * it and its payload when it was sent and with what delay: the later of the two, plus the delay, is the earliest that it may
 * arrive. Writes on one event loop, receives on another; the figures are read when both are done.
 */
public final class DelayRun {
    private static final int IN_FLIGHT = 128;
    private static final int HEAD_BYTES = 16;
    private static final long HIGHEST_MICROS = 600_000_000L;

    private final Vertx vertx;
    private final Connections connections;
    private final RequestOptions options;
    private final String namespace;
    private final int payloadBytes;
    private volatile long firstDueMicros;
    private final long spanMicros;
    private final int entries;
    private final LongAdder confirmed = new LongAdder();
    private final LongAdder failed = new LongAdder();

    /** Touched by the receiver's loop alone until the end. */
    private final Histogram lateness = new Histogram(HIGHEST_MICROS, 3);

    private final Set<String> seen = new HashSet<>();
    private long early;
    private long earliestMicros;
    private long duplicates;

    private int issued;
    private int outstanding;

    public DelayRun(
            Vertx vertx, String host, int grpcPort, String namespace, int entries, int payloadBytes, long spanMicros) {
        this.vertx = vertx;
        this.connections = Connections.http2(vertx, 2);
        this.namespace = namespace;
        this.entries = entries;
        this.payloadBytes = Math.max(HEAD_BYTES, payloadBytes);
        this.spanMicros = spanMicros;
        this.options = new RequestOptions()
                .setHost(host)
                .setPort(grpcPort)
                .setMethod(HttpMethod.POST)
                .setURI("/forelog.v1.WriteAheadLog/WriteToLog")
                .putHeader("content-type", "application/grpc")
                .putHeader("te", "trailers");
    }

    /** The first entry is due {@code leadMicros} from now, the last a span later. */
    public void start(long leadMicros) {
        firstDueMicros = nowMicros() + leadMicros;
        vertx.runOnContext(begin -> turn());
    }

    public int entries() {
        return entries;
    }

    /** Entries answered so far, whatever was said. Any thread. */
    public long answered() {
        return confirmed.sum() + failed.sum();
    }

    public long confirmed() {
        return confirmed.sum();
    }

    /** For the receiver to call. */
    public void arrived(String entryId, byte[] body) {
        long now = nowMicros();
        if (!seen.add(entryId)) {
            duplicates++;
            return;
        }
        Buffer head = Buffer.buffer(body);
        long sent = head.getLong(0);
        long delay = head.getLong(8);
        long received = Math.max(sent, EntryId.parse(entryId).millis() * 1_000);
        long late = now - received - delay;
        if (late < 0) {
            early++;
            earliestMicros = Math.min(earliestMicros, late);
        }
        lateness.recordValue(Math.min(HIGHEST_MICROS, Math.max(0, late)));
    }

    /** When the last has arrived. */
    public JsonObject json() {
        return new JsonObject()
                .put("entries", entries)
                .put("true", confirmed.sum())
                .put("not_true", failed.sum())
                .put("arrived", seen.size())
                .put("duplicates", duplicates)
                .put("early", early)
                .put("earliest_ms", earliestMicros / 1000.0)
                .put("lateness_ms", Books.latencies(lateness));
    }

    public String text() {
        return String.format(
                Locale.ROOT,
                "%,d entries TRUE, %,d not; arrived %,d, duplicates %,d, early %,d%n"
                        + "lateness  p50 %.2f ms   p90 %.2f   p99 %.2f   p99.9 %.2f   max %.2f",
                confirmed.sum(),
                failed.sum(),
                seen.size(),
                duplicates,
                early,
                lateness.getValueAtPercentile(50) / 1000.0,
                lateness.getValueAtPercentile(90) / 1000.0,
                lateness.getValueAtPercentile(99) / 1000.0,
                lateness.getValueAtPercentile(99.9) / 1000.0,
                lateness.getMaxValue() / 1000.0);
    }

    public long early() {
        return early;
    }

    private void turn() {
        while (issued < entries && outstanding < IN_FLIGHT) {
            int index = issued++;
            outstanding++;
            write(index).onComplete(answers -> {
                outstanding--;
                (answers.succeeded() && answers.result().trues() == 1 ? confirmed : failed).increment();
                turn();
            });
        }
    }

    private Future<Answers> write(int index) {
        long now = nowMicros();
        long due = firstDueMicros + spanMicros * index / entries;
        long delay = Math.max(0, due - now);
        Buffer payload = Buffer.buffer(new byte[payloadBytes]).setLong(0, now).setLong(8, delay);
        WriteToLogRequest request = WriteToLogRequest.newBuilder()
                .setNamespace(namespace)
                .setPayload(ByteString.copyFrom(payload.getBytes()))
                .setLifecycle(Lifecycle.newBuilder()
                        .setDelay(Duration.newBuilder()
                                .setSeconds(delay / 1_000_000)
                                .setNanos((int) (delay % 1_000_000) * 1_000)))
                .build();
        return connections
                .next()
                .request(options)
                .compose(call -> call.send(Frames.frame(request.toByteArray())))
                .compose(response -> response.body())
                .map(body -> {
                    try {
                        return body.length() < Frames.PREFIX
                                ? Answers.refused(1)
                                : Frames.one(body.getBytes(Frames.PREFIX, body.length()));
                    } catch (java.io.IOException e) {
                        return Answers.unknown(1);
                    }
                });
    }

    private static long nowMicros() {
        return ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now());
    }
}
