package io.forelog.queue.kafka;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.protobuf.UnsafeByteOperations;
import io.forelog.model.Entry;
import io.forelog.model.EntryId;
import io.forelog.model.Failure;
import io.forelog.queue.Transfer;
import io.forelog.wire.EnvelopeCodec;
import io.forelog.wire.ObligationCodec;
import io.forelog.wire.v1.StoredObligation;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.utils.Utils;
import org.jspecify.annotations.Nullable;

/**
 * The form of all records: the key is the entry's or null; the value an envelope (a fresh entry) or an obligation around one,
 * as {@link #KIND} says; who must have it, and when, stands in headers, so that what is another's is passed unread.
 * Stateless, any thread.
 */
final class KafkaRecords {
    /** {@value #ENTRY} or {@value #OBLIGATION}. */
    static final String KIND = "forelog-kind";

    static final String ENTRY = "entry";
    static final String OBLIGATION = "obligation";
    /** The entry's id, as text. */
    static final String ID = "forelog-id";

    static final String NAMESPACE = "forelog-namespace";
    /** Numbers with commas between. */
    static final String ROUTES = "forelog-routes";
    /** Microseconds since the epoch, as text; on whatever is or was due later than it came. */
    static final String DUE = "forelog-due";
    /** In a tier: when it may leave that tier (microseconds since the epoch, as text). */
    static final String HOP = "forelog-hop";
    /** In a tier: the ready topic where it goes when it is due. */
    static final String TO = "forelog-to";
    /** In a tier: the partition of that topic, where it is not Kafka's choice by key. */
    static final String TO_PARTITION = "forelog-to-partition";
    /** In a tier: the node whose clock said when. */
    static final String NODE = "forelog-node";
    /** Present on what came from another queue of the namespace and was not tried here yet. */
    static final String MOVED_IN = "forelog-moved-in";
    /** Present on a fresh obligation for an entry that was read from the log again. */
    static final String READMITTED = "forelog-readmitted";

    private static final byte[] ENTRY_BYTES = ENTRY.getBytes(US_ASCII);
    /** Shared by all records: nobody changes a header's bytes. */
    private static final Header ENTRY_KIND = new RecordHeader(KIND, ENTRY_BYTES);

    private static final Header[] SINGLE_ROUTES = new Header[64];
    private static final byte[] DIGITS = "0123456789abcdef".getBytes(US_ASCII);

    static {
        for (int i = 0; i < SINGLE_ROUTES.length; i++) {
            SINGLE_ROUTES[i] = new RecordHeader(ROUTES, ascii(Integer.toString(i)));
        }
    }

    private static final byte[] OBLIGATION_BYTES = OBLIGATION.getBytes(US_ASCII);
    private static final byte[] NOTHING = {};
    private static final int DIGITS_MAX = 9;

    private KafkaRecords() {}

    /** Kafka's own way of choosing a keyed record's partition; null = no key. */
    static @Nullable Integer partition(byte @Nullable [] key, int count) {
        return key == null ? null : Utils.toPositive(Utils.murmur2(key)) % count;
    }

    /** Null = none. */
    static byte @Nullable [] key(Entry entry) {
        return entry.key().length() == 0 ? null : entry.key().getBytes();
    }

    /** A fresh entry for all its routes. {@code partition} null = any. */
    static ProducerRecord<byte[], byte[]> fresh(
            String topic, @Nullable Integer partition, byte @Nullable [] key, Entry entry, byte[] namespace) {
        ProducerRecord<byte[], byte[]> record =
                new ProducerRecord<>(topic, partition, key, EnvelopeCodec.encode(entry));
        Headers headers = record.headers();
        headers.add(ENTRY_KIND);
        headers.add(ID, text(entry.id()));
        headers.add(NAMESPACE, namespace);
        List<Integer> routes = entry.routes();
        if (routes.size() == 1 && routes.get(0) >= 0 && routes.get(0) < SINGLE_ROUTES.length) {
            headers.add(SINGLE_ROUTES[routes.get(0)]);
        } else {
            headers.add(ROUTES, routes(routes));
        }
        if (entry.delayed()) {
            headers.add(DUE, ascii(Long.toString(entry.dueMicros())));
        }
        return record;
    }

    /** As {@link EntryId#toString}, with nothing made between. */
    static byte[] text(EntryId id) {
        byte[] text = new byte[36];
        int at = 0;
        for (int nibble = 0; nibble < 32; nibble++) {
            if (nibble == 8 || nibble == 12 || nibble == 16 || nibble == 20) {
                text[at++] = '-';
            }
            long half = nibble < 16 ? id.high() : id.low();
            text[at++] = DIGITS[(int) (half >>> (60 - 4 * (nibble & 15))) & 15];
        }
        return text;
    }

    /** An obligation as another queue or the dead letters knew it, with its attempts so far. */
    static ProducerRecord<byte[], byte[]> obligation(
            String topic, @Nullable Integer partition, byte @Nullable [] key, Transfer transfer, byte[] namespace) {
        StoredObligation.Builder stored = StoredObligation.newBuilder()
                .setRoute(transfer.route())
                .setAttempts(transfer.attempts())
                .setRedrives(transfer.redrives())
                .setNextMicros(transfer.dueMicros())
                .setEntry(UnsafeByteOperations.unsafeWrap(EnvelopeCodec.encode(transfer.entry())));
        Failure first = transfer.firstFailure();
        Failure last = transfer.lastFailure();
        if (first != null) {
            stored.setFirstFailure(ObligationCodec.store(first));
        }
        if (last != null) {
            stored.setLastFailure(ObligationCodec.store(last));
        }
        ProducerRecord<byte[], byte[]> record =
                new ProducerRecord<>(topic, partition, key, stored.build().toByteArray());
        Headers headers = record.headers();
        headers.add(KIND, OBLIGATION_BYTES);
        headers.add(ID, text(transfer.entry().id()));
        headers.add(NAMESPACE, namespace);
        headers.add(ROUTES, ascii(Integer.toString(transfer.route())));
        headers.add(DUE, ascii(Long.toString(transfer.dueMicros())));
        return record;
    }

    /** Marks a record as one that waits in a tier, by the clock of {@code node}. */
    static void waits(
            ProducerRecord<byte[], byte[]> record, TierPlan.Hop hop, String ready, String node, ClusterClock clock) {
        replace(record.headers(), HOP, Long.toString(hop.atMicros()));
        replace(record.headers(), TO, ready);
        replace(record.headers(), NODE, node);
        clock.mark(record.headers());
    }

    /** Which partition of its topic a record that waits goes to; null = by its key. */
    static void goesTo(ProducerRecord<byte[], byte[]> record, @Nullable Integer partition) {
        if (partition != null) {
            replace(record.headers(), TO_PARTITION, partition.toString());
        }
    }

    /** Marks a record with {@code header}, of no value. */
    static void mark(ProducerRecord<byte[], byte[]> record, String header) {
        record.headers().add(header, NOTHING);
    }

    static void replace(Headers headers, String name, String text) {
        headers.remove(name);
        headers.add(name, text.getBytes(UTF_8));
    }

    static boolean has(Headers headers, String name) {
        return headers.lastHeader(name) != null;
    }

    /** Empty where it is missing. */
    static String text(Headers headers, String name) {
        Header header = headers.lastHeader(name);
        return header == null || header.value() == null ? "" : new String(header.value(), UTF_8);
    }

    /** {@code otherwise} where it is missing or no number. */
    static long number(Headers headers, String name, long otherwise) {
        String text = text(headers, name);
        try {
            return text.isEmpty() ? otherwise : Long.parseLong(text);
        } catch (NumberFormatException e) {
            return otherwise;
        }
    }

    /** What {@code list} names, numbers with commas between; what is no number names nobody. */
    static List<Integer> routes(byte @Nullable [] list) {
        List<Integer> routes = new ArrayList<>();
        int number = 0;
        int digits = 0;
        boolean good = true;
        for (int i = 0; list != null && i <= list.length; i++) {
            if (i == list.length || list[i] == ',') {
                if (good && digits > 0 && digits <= DIGITS_MAX) {
                    routes.add(number);
                }
                number = 0;
                digits = 0;
                good = true;
            } else {
                good &= list[i] >= '0' && list[i] <= '9';
                number = number * 10 + (list[i] - '0');
                digits++;
            }
        }
        return routes;
    }

    private static byte[] routes(List<Integer> routes) {
        if (routes.size() == 1) {
            return ascii(Integer.toString(routes.get(0)));
        }
        StringBuilder list = new StringBuilder();
        for (int route : routes) {
            list.append(list.isEmpty() ? "" : ",").append(route);
        }
        return ascii(list.toString());
    }

    private static byte[] ascii(String text) {
        return text.getBytes(US_ASCII);
    }
}
