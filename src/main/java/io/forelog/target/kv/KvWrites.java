package io.forelog.target.kv;

import io.forelog.model.Delivery;
import io.forelog.model.Entry;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.forelog.table.TableWrite;
import io.forelog.table.Version;
import io.vertx.core.buffer.Buffer;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * Translates a delivery to a write of a table. What it makes depends on the delivery alone, so that a redelivery is the same
 * write. Immutable.
 */
final class KvWrites {
    static final String ITEM_KEY = "item_key";
    static final String TTL = "ttl";
    private static final long AHEAD_MAX_MICROS = 60_000_000L;
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
                expires(entry, kind),
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

    /** The client's time of the original write where there is one, else when it was accepted; then the place in the log. */
    private static Version version(Delivery delivery) {
        Entry entry = delivery.entry();
        long micros = entry.writeMicros();
        String from = "write_time";
        if (micros == 0 && entry.token() != null) {
            micros = entry.token().generationMicros();
            from = "idempotency_token.generation_time";
        }
        if (micros == 0) {
            micros = entry.acceptedMicros();
        } else if (micros > entry.acceptedMicros() + AHEAD_MAX_MICROS) {
            throw invalid(from + ": more than 60 s ahead of the server (expected: a time that is past)");
        }
        return new Version(micros, delivery.receipt().sequence());
    }

    /** Absolute, and the same at every delivery: what is relative counts from when the entry was first due. */
    private static long expires(Entry entry, TableWrite.Kind kind) {
        String ttl = entry.attributes().getOrDefault(TTL, "");
        if (kind == TableWrite.Kind.DELETE) {
            return 0L;
        }
        if (ttl.isEmpty()) {
            if (kind == TableWrite.Kind.TOUCH) {
                throw invalid("attributes.ttl: missing (expected: with TOUCH, when the item ends)");
            }
            return 0L;
        }
        Long micros = relative(ttl);
        long at = micros != null ? entry.dueMicros() + micros : absolute(ttl);
        if (at <= 0) {
            throw notTtl(ttl);
        }
        return at;
    }

    /** Seconds, or an ISO-8601 duration; null where it is neither. */
    private static @Nullable Long relative(String ttl) {
        try {
            Duration duration = ttl.startsWith("P") ? Duration.parse(ttl) : null;
            if (duration == null && ttl.length() <= 10 && ttl.chars().allMatch(c -> c >= '0' && c <= '9')) {
                duration = Duration.ofSeconds(Long.parseLong(ttl));
            }
            if (duration == null) {
                return null;
            }
            if (duration.isNegative() || duration.isZero()) {
                throw notTtl(ttl);
            }
            return Math.multiplyExact(duration.toSeconds(), 1_000_000L) + duration.toNanosPart() / 1_000L;
        } catch (DateTimeException | ArithmeticException e) {
            throw notTtl(ttl);
        }
    }

    private static long absolute(String ttl) {
        try {
            return Math.multiplyExact(Instant.parse(ttl).toEpochMilli(), 1_000L);
        } catch (DateTimeException | ArithmeticException e) {
            throw notTtl(ttl);
        }
    }

    private static WalException notTtl(String ttl) {
        return invalid("attributes.ttl: '" + ttl
                + "' (expected: an ISO-8601 duration, seconds, or an instant such as 2027-01-31T12:00:00Z)");
    }

    private static WalException invalid(String text) {
        return new WalException(ErrorCode.TARGET_REJECTED, text);
    }
}
