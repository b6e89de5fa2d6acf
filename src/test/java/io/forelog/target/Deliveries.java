package io.forelog.target;

import io.forelog.model.Delivery;
import io.forelog.model.Entry;
import io.forelog.model.EntryId;
import io.forelog.model.ErrorCode;
import io.forelog.model.Failure;
import io.forelog.model.IdempotencyToken;
import io.forelog.model.Operation;
import io.forelog.model.Priority;
import io.forelog.model.Receipt;
import io.vertx.core.buffer.Buffer;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** Deliveries for tests. */
public final class Deliveries {
    private static final EntryId.Source IDS = new EntryId.Source();
    private static final long ACCEPTED_MICROS = 1_700_000_000_000_000L;

    private Deliveries() {}

    public static Delivery of(int sequence, Entry entry) {
        Receipt receipt = new Receipt("q", 0, sequence);
        return new Delivery(entry, 1, receipt, receipt, 1, entry.dueMicros(), null, null, 0);
    }

    public static Delivery of(int sequence, String key, String payload) {
        return of(sequence, entry(Buffer.buffer(key), Operation.PUT, Map.of(), Map.of(), Buffer.buffer(payload)));
    }

    public static List<Delivery> many(int count) {
        return IntStream.range(0, count)
                .mapToObj(i -> of(i, "k" + i, "payload " + i))
                .toList();
    }

    /** As {@link #many}, each tried in vain before. */
    public static List<Delivery> failedBefore(int count) {
        Failure before = new Failure(ACCEPTED_MICROS, ErrorCode.TARGET_UNAVAILABLE, "as before");
        return many(count).stream()
                .map(each -> new Delivery(
                        each.entry(),
                        each.route(),
                        each.receipt(),
                        each.place(),
                        2,
                        each.dueMicros(),
                        before,
                        before,
                        0))
                .toList();
    }

    public static Entry entry(
            Buffer key,
            Operation operation,
            Map<String, String> attributes,
            Map<String, String> headers,
            Buffer payload) {
        return new Entry(
                nextId(),
                "shop",
                ACCEPTED_MICROS,
                ACCEPTED_MICROS,
                0L,
                0L,
                List.of(1),
                "",
                key,
                operation,
                Priority.DEGRADED,
                attributes,
                headers,
                payload,
                null);
    }

    /** {@code entry} with another write time, destination or token. */
    public static Entry with(Entry entry, long writeMicros, String destination, IdempotencyToken token) {
        return new Entry(
                entry.id(),
                entry.namespace(),
                entry.acceptedMicros(),
                entry.dueMicros(),
                entry.expiresMicros(),
                writeMicros,
                entry.routes(),
                destination,
                entry.key(),
                entry.operation(),
                entry.priority(),
                entry.attributes(),
                entry.headers(),
                entry.payload(),
                token);
    }

    private static synchronized EntryId nextId() {
        return IDS.next(ACCEPTED_MICROS / 1_000L);
    }
}
