package io.forelog.target.kv;

import io.forelog.model.Delivery;
import io.forelog.model.Entry;
import io.forelog.model.EntryId;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.forelog.table.TableWrite;
import io.forelog.table.Version;
import io.forelog.target.TimeToLive;
import io.forelog.target.WriteTime;
import io.vertx.core.buffer.Buffer;
import java.time.Duration;

/**
 * Translates a delivery to a write of a table. What it makes depends on the delivery alone, so that a redelivery is the same
 * write. Immutable.
 */
final class KvWrites {
    static final String ITEM_KEY = "item_key";
    private static final int COUNTER_BITS = 12;
    private static final int RANDOM_BITS = 9;
    /** Below the variant of a UUID. */
    private static final int VARIANT_SHIFT = 62;

    private static final Buffer EMPTY = Buffer.buffer();

    private final String table;
    private final long keepMicros;

    /** {@code table}: of an entry without destination; empty = the entry's namespace. */
    KvWrites(String table, Duration keepTombstones) {
        this.table = table;
        this.keepMicros = keepTombstones.toNanos() / 1_000L;
    }

    /** @throws WalException where the entry can't be a write of a table */
    TableWrite of(Delivery delivery) {
        Entry entry = delivery.entry();
        if (entry.key().length() == 0) {
            throw invalid("key: empty (expected: the id of an item)");
        }
        Version version = version(entry);
        String item = entry.attributes().getOrDefault(ITEM_KEY, "");
        TableWrite.Kind kind = kind(entry);
        return new TableWrite(
                tableOf(entry),
                entry.key(),
                item.isEmpty() ? EMPTY : Buffer.buffer(item),
                kind,
                version,
                TimeToLive.endMicros(entry, Duration.ZERO),
                Math.max(version.micros(), entry.dueMicros()) + keepMicros,
                kind == TableWrite.Kind.PUT ? entry.payload() : EMPTY,
                EMPTY);
    }

    private static TableWrite.Kind kind(Entry entry) {
        return switch (entry.operation()) {
            case PUT -> TableWrite.Kind.PUT;
            case DELETE -> TableWrite.Kind.DELETE;
            case TOUCH -> TableWrite.Kind.TOUCH;
        };
    }

    private String tableOf(Entry entry) {
        if (!entry.destination().isEmpty()) {
            return entry.destination();
        }
        return table.isEmpty() ? entry.namespace() : table;
    }

    /**
     * The time of the write, then the entry: its id is the same wherever the entry is moved to, its receipt is not. Of the id, what
     * sorts: 42 bits of milliseconds (until 2109) and the counter; then 9 of its random bits, for two edges that count alike.
     */
    static Version version(Entry entry) {
        EntryId id = entry.id();
        long counter = id.high() & (1L << COUNTER_BITS) - 1;
        long random = id.low() >>> VARIANT_SHIFT - RANDOM_BITS & (1L << RANDOM_BITS) - 1;
        long sorts = id.millis() << COUNTER_BITS | counter;
        return new Version(WriteTime.micros(entry), (sorts << RANDOM_BITS | random) & Long.MAX_VALUE);
    }

    private static WalException invalid(String text) {
        return new WalException(ErrorCode.TARGET_REJECTED, text);
    }
}
