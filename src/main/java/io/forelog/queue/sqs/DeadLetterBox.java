package io.forelog.queue.sqs;

import io.forelog.model.ErrorCode;
import io.forelog.model.Failure;
import io.forelog.model.Ticker;
import io.forelog.model.WalException;
import io.forelog.queue.DeadLetter;
import io.forelog.queue.DeadLetterCursor;
import io.forelog.queue.Page;
import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.sqs.model.Message;

/**
 * The dead letters of one namespace. SQS can neither list nor look up: letters are received, which hides them from others for
 * {@link #HIDDEN_SECONDS}, and what was received is remembered as long as it is hidden. Owned by the home; bounded by letters
 * and bytes of one scan; payloads out of the blob store by those of a page, and of what is redriven at a time.
 */
final class DeadLetterBox {
    static final int HIDDEN_SECONDS = 60;
    private static final long BYTES_MOST = 64L << 20;
    private static final int POLLS = 4;

    private final String namespace;
    private final Ticker ticker;
    private final Books books;
    private final int most;
    private final long pageBytes;
    private final Room redriving;
    /** Each queue's dead letters, the other way round: where a letter goes back to. */
    private final Map<Line, Line> origins = new HashMap<>();

    private final TreeMap<String, Letter> window = new TreeMap<>();
    private long windowBytes;
    private @Nullable Future<Void> scanning;

    /** Where its payload lies, if not in the message; {@code bytes} negative = nobody told. */
    private record Blob(String id, long bytes) {}

    private record Letter(
            Line line, String receipt, Parcel parcel, Blob blob, int bytes, long hiddenNanos, String messageId) {
        Obligation obligation() {
            return parcel.obligations().get(0);
        }

        /** Negative where nobody told. */
        long wholeBytes() {
            return blob.bytes() < 0 ? -1 : bytes + blob.bytes();
        }
    }

    /**
     * @param most letters of a scan
     * @param bytesMost of a page's payloads, and of those that are redriven at a time; one goes always
     */
    DeadLetterBox(String namespace, Ticker ticker, Books books, int most, long bytesMost) {
        this.namespace = namespace;
        this.ticker = ticker;
        this.books = books;
        this.most = most;
        this.pageBytes = bytesMost;
        this.redriving = new Room(bytesMost);
    }

    void open(Map<Line, Line> graves) {
        graves.forEach((line, grave) -> origins.putIfAbsent(grave, line));
    }

    Future<Page<DeadLetter>> list(DeadLetterCursor after, int limit) {
        return scan().compose(scanned -> {
            List<Letter> page = new ArrayList<>();
            String cursor = "";
            long bytes = 0;
            for (Map.Entry<String, Letter> each :
                    window.tailMap(after.afterId(), false).entrySet()) {
                if (after.route() >= 0
                        && after.route() != each.getValue().obligation().route()) {
                    continue;
                }
                long its = each.getValue().wholeBytes();
                bytes += its < 0 ? pageBytes : its;
                if (page.size() == limit || !page.isEmpty() && bytes > pageBytes) {
                    cursor = id(page.get(page.size() - 1).parcel());
                    break;
                }
                page.add(each.getValue());
            }
            String next = cursor;
            return Future.join(page.stream().map(this::letter).toList()).map(all -> new Page<>(all.list(), next));
        });
    }

    Future<Optional<DeadLetter>> get(String id) {
        return found(id)
                .compose(letter -> letter.isEmpty()
                        ? Future.succeededFuture(Optional.empty())
                        : letter(letter.get()).map(Optional::of));
    }

    /** The message is sent before the letter is deleted: a crash between the two leaves both. */
    Future<Integer> redrive(List<String> ids) {
        return each(ids, letter -> {
            Line back = origins.get(letter.line());
            if (back == null) {
                return Future.failedFuture(
                        new WalException(ErrorCode.UNAVAILABLE, "dead letters of " + namespace + ": not open"));
            }
            Obligation dead = letter.obligation();
            Obligation alive = new Obligation(dead.route(), ticker.micros(), 0, null, null, dead.redrives() + 1, 0);
            return redriving
                    .enter(
                            letter.wholeBytes(),
                            () -> letter.line()
                                    .claims
                                    .unpack(letter.parcel(), letter.blob().id())
                                    .compose(whole -> back.send(Parcel.of(whole.entry(), List.of(alive)), 0)))
                    .compose(sent -> sent.isStored() ? remove(letter) : Future.failedFuture(sent.failure()))
                    .onSuccess(removed -> books.count(dead.route(), Books.Line.DEAD, -1));
        });
    }

    Future<Integer> purge(List<String> ids) {
        return each(
                ids,
                letter -> remove(letter)
                        .onSuccess(removed -> books.count(letter.obligation().route(), Books.Line.PURGED, 1)));
    }

    /** How many of {@code ids} were there; where one fails the others are tried all the same. */
    private Future<Integer> each(List<String> ids, java.util.function.Function<Letter, Future<Void>> what) {
        Future<Void> known = ids.stream().allMatch(this::inWindow) ? Future.succeededFuture() : scan();
        return known.compose(scanned -> {
            List<Future<Void>> under = new ArrayList<>();
            for (String id : ids) {
                Letter letter = window.remove(id);
                if (letter != null) {
                    windowBytes -= letter.bytes();
                    under.add(what.apply(letter).onFailure(failure -> put(id, letter)));
                }
            }
            return Future.join(under).map(done -> under.size());
        });
    }

    private boolean inWindow(String id) {
        forget();
        return window.containsKey(id);
    }

    private Future<Optional<Letter>> found(String id) {
        if (inWindow(id)) {
            return Future.succeededFuture(Optional.ofNullable(window.get(id)));
        }
        return scan().map(scanned -> Optional.ofNullable(window.get(id)));
    }

    private Future<Void> remove(Letter letter) {
        return letter.line().remove(letter.receipt()).compose(reason -> {
            if (reason.equals(Batches.DONE) || Line.outlived(reason)) {
                letter.line().claims.discard(letter.blob().id());
                return Future.succeededFuture();
            }
            return Future.failedFuture(new WalException(ErrorCode.UNAVAILABLE, "dead letter not deleted: " + reason));
        });
    }

    private Future<DeadLetter> letter(Letter letter) {
        return letter.line()
                .claims
                .unpack(letter.parcel(), letter.blob().id())
                .otherwise(letter.parcel())
                .map(whole -> {
                    Obligation o = letter.obligation();
                    return new DeadLetter(
                            id(letter.parcel()),
                            whole.entry(),
                            o.route(),
                            o.attempts(),
                            o.first(),
                            o.last() == null
                                    ? new Failure(o.diedMicros(), ErrorCode.INTERNAL, "cause not stored")
                                    : o.last(),
                            o.diedMicros(),
                            o.redrives());
                });
    }

    static String id(Parcel parcel) {
        Obligation dead = parcel.obligations().get(0);
        return String.format(
                Locale.ROOT,
                "%016x-%04x-%s",
                dead.diedMicros(),
                dead.route(),
                parcel.entry().id());
    }

    // ---- looking

    /** Adds what can be received now; one at a time, others wait for it. */
    private Future<Void> scan() {
        Future<Void> under = scanning;
        if (under != null && !under.isComplete()) {
            return under;
        }
        forget();
        List<Future<Void>> all = new ArrayList<>();
        for (Line line : origins.keySet()) {
            for (int i = 0; i < POLLS; i++) {
                all.add(poll(line));
            }
        }
        Future<Void> scan = Future.join(all).mapEmpty();
        scanning = scan;
        return scan;
    }

    private Future<Void> poll(Line line) {
        if (window.size() >= most || windowBytes >= BYTES_MOST) {
            return Future.succeededFuture();
        }
        return line.receive(Line.RECEIVE_MOST, 1, HIDDEN_SECONDS).compose(messages -> {
            messages.forEach(message -> add(line, message));
            return messages.isEmpty() ? Future.succeededFuture() : poll(line);
        });
    }

    private void add(Line line, Message message) {
        try {
            Parcel parcel = ParcelCodec.decode(namespace, message);
            String id = id(parcel);
            String blob = ParcelCodec.attribute(message, ParcelCodec.BLOB);
            Letter known = window.get(id);
            if (known != null && !known.messageId().equals(message.messageId())) {
                line.remove(message.receiptHandle()); // the same letter sent twice
                line.claims.discard(blob);
                return;
            }
            put(
                    id,
                    new Letter(
                            line,
                            message.receiptHandle(),
                            parcel,
                            new Blob(blob, blob.isEmpty() ? 0 : ParcelCodec.blobBytes(message)),
                            message.body().length(),
                            System.nanoTime() + HIDDEN_SECONDS * 1_000_000_000L,
                            message.messageId()));
        } catch (WalException e) {
            // Nobody's letter: hidden for a while, touched by nobody else.
        }
    }

    private void put(String id, Letter letter) {
        Letter before = window.put(id, letter);
        windowBytes += letter.bytes() - (before == null ? 0 : before.bytes());
    }

    /** What others may have received meanwhile. */
    private void forget() {
        long now = System.nanoTime();
        window.values().removeIf(letter -> {
            boolean gone = letter.hiddenNanos() - now <= 0;
            windowBytes -= gone ? letter.bytes() : 0;
            return gone;
        });
    }

    /** Shows them to others again. */
    Future<Void> close() {
        List<Future<String>> shown = new ArrayList<>();
        forget();
        window.values().forEach(letter -> shown.add(letter.line().hide(letter.receipt(), 0)));
        window.clear();
        return Future.join(shown).mapEmpty();
    }
}
