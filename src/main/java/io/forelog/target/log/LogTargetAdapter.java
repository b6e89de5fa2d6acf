package io.forelog.target.log;

import io.forelog.model.Delivery;
import io.forelog.model.Entry;
import io.forelog.model.Outcome;
import io.forelog.model.Ticker;
import io.forelog.target.TargetAdapter;
import io.vertx.core.Future;
import io.vertx.core.WorkerExecutor;
import io.vertx.core.buffer.Buffer;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import java.util.function.Supplier;

/**
 * Prints one line a delivery: time, namespace, id, key, attempt, operation, payload, cut to a length. Formatted on the
 * loop, written and flushed a batch at a time by the one thread that all log targets of the node share, so that a reader
 * who does not read stalls neither a loop nor another line. Bounded by the writer's requests in flight.
 */
final class LogTargetAdapter implements TargetAdapter {
    static final int BATCH_MAX = 256;

    private final WorkerExecutor printing;
    private final Supplier<PrintStream> out;
    private final int charsMax;
    private final Ticker ticker;

    LogTargetAdapter(WorkerExecutor printing, Supplier<PrintStream> out, int charsMax, Ticker ticker) {
        this.printing = printing;
        this.out = out;
        this.charsMax = charsMax;
        this.ticker = ticker;
    }

    @Override
    public int batchMax() {
        return BATCH_MAX;
    }

    @Override
    public Future<List<Outcome>> apply(List<Delivery> batch) {
        StringBuilder lines = new StringBuilder(batch.size() * 160);
        Instant now = Instant.ofEpochMilli(ticker.millis());
        for (Delivery delivery : batch) {
            line(lines, now, delivery);
        }
        byte[] bytes = lines.toString().getBytes(StandardCharsets.UTF_8);
        int count = batch.size();
        return printing.executeBlocking(() -> print(bytes), true)
                .map(ok -> Collections.nCopies(
                        count,
                        ok
                                ? Outcome.applied()
                                : Outcome.retry(
                                        io.forelog.model.ErrorCode.TARGET_UNAVAILABLE,
                                        "standard output can't be written",
                                        Duration.ZERO)));
    }

    private boolean print(byte[] bytes) {
        PrintStream stream = out.get();
        stream.write(bytes, 0, bytes.length);
        stream.flush();
        return !stream.checkError();
    }

    private void line(StringBuilder lines, Instant now, Delivery delivery) {
        Entry entry = delivery.entry();
        lines.append(now).append(' ').append(entry.namespace()).append(' ').append(entry.id());
        lines.append(" key=");
        escape(lines, text(entry.key()), charsMax);
        lines.append(" attempt=").append(delivery.attempt());
        lines.append(' ').append(entry.operation()).append(' ');
        escape(lines, text(entry.payload()), charsMax);
        lines.append('\n');
    }

    /** As UTF-8 where it is that, else in base64; no more than is shown. */
    private String text(Buffer buffer) {
        int length = Math.min(buffer.length(), 4 * charsMax + 4);
        byte[] bytes = buffer.getBytes(0, length);
        int whole = length < buffer.length() ? wholeCharacters(bytes) : length;
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes, 0, whole))
                    + (length < buffer.length() ? "…" : "");
        } catch (CharacterCodingException e) {
            return "base64:" + Base64.getEncoder().encodeToString(bytes);
        }
    }

    /** Without the beginning of a character whose end was cut off. */
    private static int wholeCharacters(byte[] bytes) {
        int end = bytes.length;
        while (end > 0 && end > bytes.length - 4 && (bytes[end - 1] & 0xC0) == 0x80) {
            end--;
        }
        return end > 0 && (bytes[end - 1] & 0xC0) == 0xC0 ? end - 1 : end;
    }

    private static void escape(StringBuilder line, String text, int max) {
        boolean cut = text.codePointCount(0, text.length()) > max;
        int end = cut ? text.offsetByCodePoints(0, Math.max(0, max - 1)) : text.length();
        for (int i = 0; i < end; i++) {
            char c = text.charAt(i);
            if (c == '\n') {
                line.append("\\n");
            } else if (c == '\r') {
                line.append("\\r");
            } else if (c == '\t') {
                line.append("\\t");
            } else if (Character.isISOControl(c)) {
                line.append(String.format("\\u%04x", (int) c));
            } else {
                line.append(c);
            }
        }
        if (cut) {
            line.append('…');
        }
    }

    @Override
    public Future<Void> probe() {
        return Future.succeededFuture();
    }

    @Override
    public Future<Void> close() {
        return printing.close();
    }
}
