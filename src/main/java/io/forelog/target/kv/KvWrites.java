package io.forelog.target.kv;

import io.forelog.model.Delivery;
import io.forelog.model.Entry;
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
        Version version = version(delivery);
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

    /** The time of the write, then the place in the log. */
    private static Version version(Delivery delivery) {
        return new Version(
                WriteTime.micros(delivery.entry()), delivery.receipt().sequence());
    }

    private static WalException invalid(String text) {
        return new WalException(ErrorCode.TARGET_REJECTED, text);
    }
}
