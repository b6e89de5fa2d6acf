package io.forelog.queue.sqs;

import io.forelog.model.Entry;
import io.forelog.model.EntryId;
import io.forelog.model.ErrorCode;
import io.forelog.model.Failure;
import io.forelog.model.Operation;
import io.forelog.model.Priority;
import io.forelog.model.Ticker;
import io.forelog.model.WalException;
import io.forelog.observe.LogKeys;
import io.forelog.queue.QueueSpec;
import io.forelog.wire.Bytes;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.services.sqs.model.Message;

/**
 * Writes dead letters, each with its cause, to the queue that stands beside the one in which it died; what becomes of the original
 * {@link Endings} says. Owned by the home; bounded by what is in hand.
 */
final class Burials {
    private static final Logger LOG = LoggerFactory.getLogger(Burials.class);

    private final Ticker ticker;
    private final Books books;
    private final Supplier<QueueSpec> spec;
    /** Each queue's dead letters. */
    private final Map<Line, Line> graves;

    Burials(Ticker ticker, Books books, Supplier<QueueSpec> spec, Map<Line, Line> graves) {
        this.ticker = ticker;
        this.books = books;
        this.spec = spec;
        this.graves = graves;
    }

    /** Never fails. */
    Future<Sent> letter(Held held, Obligation dead) {
        return letter(held.line, held.parcel().entry(), dead);
    }

    private Future<Sent> letter(Line line, Entry entry, Obligation dead) {
        return graves.getOrDefault(line, line).send(Parcel.of(entry, List.of(dead)), 0);
    }

    /** Of a message that never gets to a target, one for each of {@code open}; answers those whose letters are stored. */
    Future<List<Slot>> letters(Held held, List<Slot> open, ErrorCode code, String text) {
        LOG.atError()
                .addKeyValue(LogKeys.ENTRY_ID, held.parcel().entry().id())
                .addKeyValue(LogKeys.CODE, code)
                .addKeyValue(LogKeys.REASON, text)
                .log("Undeliverable: to the dead letters");
        Failure failure = new Failure(ticker.micros(), code, text);
        List<Future<Sent>> letters = new ArrayList<>(open.size());
        for (Slot slot : open) {
            letters.add(letter(held, dead(slot.obligation, failure)));
        }
        return Future.all(letters).map(sent -> {
            List<Slot> stored = new ArrayList<>(open.size());
            for (int i = 0; i < open.size(); i++) {
                if (letters.get(i).result().isStored()) {
                    stored.add(open.get(i));
                }
            }
            return stored;
        });
    }

    private static Obligation dead(Obligation o, Failure failure) {
        return new Obligation(
                o.route(),
                o.dueMicros(),
                o.attempts(),
                o.first() == null ? failure : o.first(),
                failure,
                o.redrives(),
                failure.atMicros());
    }

    /** No message of ours: kept as it is, where an operator finds it. */
    void foreign(Line line, Message message, WalException why) {
        long now = ticker.micros();
        Failure failure = new Failure(now, ErrorCode.POISON, String.valueOf(why.getMessage()));
        List<Integer> routes = spec.get().routes();
        if (routes.isEmpty()) {
            return;
        }
        Entry entry = new Entry(
                id(message.messageId()),
                spec.get().namespace(),
                now,
                now,
                0,
                0,
                routes,
                "",
                Bytes.EMPTY,
                Operation.PUT,
                Priority.DEGRADED,
                Map.of(),
                Map.of(),
                Buffer.buffer(message.body()),
                null);
        LOG.atError().addKeyValue(LogKeys.REASON, failure.text()).log("No message of Forelog: to the dead letters");
        List<Future<Sent>> letters = new ArrayList<>();
        for (int route : routes) {
            letters.add(letter(line, entry, new Obligation(route, now, 0, failure, failure, 0, now)));
        }
        Future.all(letters).onSuccess(every -> {
            if (letters.stream().allMatch(each -> each.result().isStored())) {
                books.appended(routes);
                routes.forEach(route -> books.count(route, Books.Line.DEAD, 1));
                line.remove(message.receiptHandle());
            }
        });
    }

    private static EntryId id(String messageId) {
        try {
            return EntryId.parse(messageId);
        } catch (WalException e) {
            UUID any = UUID.nameUUIDFromBytes(messageId.getBytes(java.nio.charset.StandardCharsets.UTF_8));
            return new EntryId(any.getMostSignificantBits(), any.getLeastSignificantBits());
        }
    }
}
