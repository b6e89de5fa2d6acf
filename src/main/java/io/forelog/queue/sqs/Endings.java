package io.forelog.queue.sqs;

import io.forelog.model.ErrorCode;
import io.forelog.model.Ticker;
import io.forelog.model.WalException;
import io.forelog.observe.LogKeys;
import io.vertx.core.Future;
import io.vertx.core.internal.ContextInternal;
import java.util.List;
import java.util.PriorityQueue;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How messages leave our hands: deleted when all their obligations are over, copied and then deleted, buried ({@link
 * Burials}), hidden until they are due, given back. A copy is confirmed before its original is deleted: a crash between the two repeats, and never loses. Owned
 * by the home; bounded by the {@link Shelf} and by how many may be hidden.
 */
final class Endings {
    private static final Logger LOG = LoggerFactory.getLogger(Endings.class);
    private static final long AGAIN_MILLIS = 500;
    private static final int UNREADABLE_SECONDS = 10;
    private static final int UNREADABLE_SECONDS_MAX = 60;

    private final ContextInternal home;
    private final Ticker ticker;
    private final Shelf shelf;
    private final Loads loads;
    private final Books books;
    private final Delays delays;
    private final int hideMost;
    private final int poisonReceives;
    private final Burials burials;

    private final PriorityQueue<Long> hiddenUntil = new PriorityQueue<>();
    private Runnable moved = () -> {};
    private boolean closed;

    Endings(
            ContextInternal home,
            Ticker ticker,
            Shelf shelf,
            Loads loads,
            Books books,
            SqsSettings settings,
            Burials burials) {
        this.home = home;
        this.ticker = ticker;
        this.shelf = shelf;
        this.loads = loads;
        this.books = books;
        this.delays = Delays.of(settings);
        this.hideMost = settings.hideMost();
        this.poisonReceives = settings.poisonReceives();
        this.burials = burials;
    }

    /** Told when there may be room or something due. */
    void onMove(Runnable listener) {
        moved = listener;
    }

    Delays delays() {
        return delays;
    }

    int hidden() {
        forgetHidden();
        return hiddenUntil.size();
    }

    void close() {
        closed = true;
    }

    // ---- the end of obligations

    /** Delivered, expired or moved: the message goes with its last obligation. */
    void over(Slot slot, Books.Line line) {
        books.count(slot.route(), line, 1);
        done(slot);
    }

    private void done(Slot slot) {
        slot.state = Slot.State.DONE;
        if (slot.held.all(Slot.State.DONE)) {
            delete(slot.held);
        }
    }

    /** Again and again, as long as it takes: until then it is kept hidden. */
    private void delete(Held held) {
        held.leaving = true;
        held.line.remove(held.receipt).onSuccess(reason -> {
            if (reason.equals(Batches.DONE) || Line.outlived(reason)) {
                shelf.remove(held);
                if (!held.lent) {
                    held.line.claims.discard(held.blob);
                }
                moved.run();
            } else if (!closed) {
                home.setTimer(AGAIN_MILLIS, again -> delete(held));
            }
        });
    }

    /** Copies of one message's slots, as one message, with what their obligations have become. */
    Future<Void> copy(Held held, List<Slot> slots, List<Obligation> obligations) {
        Parcel copy = Parcel.of(held.parcel().entry(), obligations);
        return sent(held.line, copy)
                .onSuccess(confirmed -> slots.forEach(this::done))
                .onFailure(failure -> slots.forEach(slot -> slot.state = Slot.State.TAKEN));
    }

    private Future<Void> sent(Line line, Parcel parcel) {
        return line.send(parcel, delays.delaySeconds(parcel.dueMicros(), ticker.micros()))
                .compose(sent -> sent.isStored() ? Future.succeededFuture() : Future.failedFuture(sent.failure()));
    }

    /** To the dead letters. */
    Future<Void> bury(Slot slot, Obligation dead) {
        return burials.letter(slot.held, dead).compose(sent -> {
            if (!sent.isStored()) {
                slot.state = Slot.State.TAKEN;
                return Future.<Void>failedFuture(sent.failure());
            }
            over(slot, Books.Line.DEAD);
            return Future.<Void>succeededFuture();
        });
    }

    // ---- what never gets to a target

    /** Received again and again and never settled: its deliveries end the process, or nobody deletes it. */
    void poison(Held held) {
        loads.load(held)
                .onComplete(
                        loaded -> buryAll(
                                held,
                                ErrorCode.POISON,
                                "received " + held.receives + " times and never settled (expected: at most "
                                        + poisonReceives + ")"),
                        failure -> unreadable(held, WalException.of(failure), () -> poison(held)));
    }

    /**
     * Its payload can't be had: a dead letter only where it is gone. Where nobody can tell, it waits until somebody can: in
     * hand in a FIFO queue, whose order nothing else keeps, and tried {@code again}; else out of our hands.
     */
    void unreadable(Held held, WalException why, Runnable again) {
        if (why.code() == ErrorCode.NOT_FOUND) {
            buryAll(held, ErrorCode.CORRUPT, String.valueOf(why.getMessage()));
            return;
        }
        LOG.atWarn()
                .addKeyValue(LogKeys.ENTRY_ID, held.parcel().entry().id())
                .addKeyValue(LogKeys.REASON, why.getMessage())
                .log("Payload can't be fetched; tried again");
        if (held.line.fifo) {
            afterAWhile(again);
        } else if (held.receives > poisonReceives / 2) {
            lend(held);
        } else {
            giveBack(held, Math.min(UNREADABLE_SECONDS_MAX, UNREADABLE_SECONDS * held.receives));
        }
    }

    private void afterAWhile(Runnable what) {
        home.setTimer(UNREADABLE_SECONDS * 1_000L, now -> {
            if (!closed) {
                what.run();
            }
        });
    }

    /** A copy that names the same blob, so that neither receives nor age end what only can't be read now. */
    private void lend(Held held) {
        List<Slot> open = held.openSlots();
        Parcel copy = Parcel.of(held.parcel().entry(), held.open());
        shelf.takeOff(held);
        open.forEach(slot -> slot.state = Slot.State.COPYING);
        int seconds = Math.max(UNREADABLE_SECONDS, delays.delaySeconds(copy.dueMicros(), ticker.micros()));
        held.line.sendNaming(copy, held.blob, held.blobBytes, seconds).onSuccess(sent -> {
            if (sent.isStored()) {
                held.lent = true;
                open.forEach(this::done);
            } else {
                giveBack(held, UNREADABLE_SECONDS);
            }
        });
    }

    /** All that is open of it; it goes when every letter is confirmed, and what was refused is written again. */
    private void buryAll(Held held, ErrorCode code, String text) {
        List<Slot> open = held.openSlots();
        shelf.takeOff(held);
        open.forEach(slot -> slot.state = Slot.State.COPYING);
        burials.letters(held, open, code, text).onSuccess(stored -> {
            for (Slot slot : stored) {
                slot.state = Slot.State.DONE;
                books.count(slot.route(), Books.Line.DEAD, 1);
            }
            if (stored.size() == open.size()) {
                delete(held);
            } else if (stored.isEmpty()) {
                giveBack(held, UNREADABLE_SECONDS);
            } else {
                afterAWhile(() -> buryAll(held, code, text));
            }
        });
    }

    // ---- what goes away and comes again

    /** Not due for long: hidden where few are, else sent again with what is left. */
    void later(Held held, long now) {
        long due = Long.MAX_VALUE;
        for (Obligation each : held.open()) {
            due = Math.min(due, each.dueMicros());
        }
        boolean whole = !held.any(Slot.State.DONE);
        boolean fresh = held.receives <= poisonReceives / 2;
        if (whole && (held.line.fifo || fresh && hidden() < hideMost)) {
            int seconds = delays.hideSeconds(due, now);
            hiddenUntil.add(System.nanoTime() + seconds * 1_000_000_000L);
            giveBack(held, seconds);
        } else {
            resend(held);
        }
    }

    /** Nobody takes it: hidden a while, longer each time, for those that do. */
    void nobodyTakes(Held held) {
        if (held.any(Slot.State.DONE) || held.receives > poisonReceives / 2) {
            resend(held);
        } else {
            giveBack(held, Math.min(300, 5 << Math.min(held.receives, 6)));
        }
    }

    /** What is open of it as a message of its own, then the original goes. */
    private void resend(Held held) {
        List<Slot> open = held.openSlots();
        List<Obligation> obligations = held.open();
        shelf.takeOff(held);
        open.forEach(slot -> slot.state = Slot.State.COPYING);
        loads.load(held)
                .compose(loaded -> sent(held.line, Parcel.of(held.parcel().entry(), obligations)))
                .onComplete(sent -> open.forEach(this::done), failure -> notResent(held, WalException.of(failure)));
    }

    private void notResent(Held held, WalException why) {
        LOG.atDebug().setCause(why).log("Not sent again; comes again by itself");
        if (why.code() == ErrorCode.NOT_FOUND) {
            unreadable(held, why, () -> {});
        } else if (held.blob.isEmpty() || held.line.fifo) {
            giveBack(held, UNREADABLE_SECONDS);
        } else {
            lend(held);
        }
    }

    /** Out of our hands; comes again after so many seconds. */
    void giveBack(Held held, int seconds) {
        shelf.remove(held);
        held.line.hide(held.receipt, seconds);
        moved.run();
    }

    private void forgetHidden() {
        long now = System.nanoTime();
        for (Long first = hiddenUntil.peek(); first != null && first - now <= 0; first = hiddenUntil.peek()) {
            hiddenUntil.remove();
        }
    }
}
