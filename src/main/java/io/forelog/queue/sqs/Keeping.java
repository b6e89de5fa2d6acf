package io.forelog.queue.sqs;

import io.forelog.model.Ticker;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeSet;

/**
 * Keeps what is in hand hidden from others, and gives back what nobody takes, so that one route that stands still leaves room
 * for the others. Runs about once a second on the home, over what the {@link Shelf} bounds.
 */
final class Keeping {
    private static final long PATIENCE_NANOS = 60_000_000_000L;
    private static final long PATIENCE_FULL_NANOS = 5_000_000_000L;

    private final Shelf shelf;
    private final Receiving receiving;
    private final Endings endings;
    private final Ticker ticker;
    private final int visibilitySeconds;
    private final boolean ordered;
    /** Since when nobody takes from a route. */
    private final Map<Integer, Long> untaken = new HashMap<>();

    Keeping(Shelf shelf, Receiving receiving, Endings endings, Ticker ticker, SqsSettings settings, boolean ordered) {
        this.shelf = shelf;
        this.receiving = receiving;
        this.endings = endings;
        this.ticker = ticker;
        this.visibilitySeconds = (int) settings.visibility().toSeconds();
        this.ordered = ordered;
    }

    void look() {
        long nanos = System.nanoTime();
        long now = ticker.micros();
        for (Held held : shelf.all()) {
            if (held.visibleNanos - nanos < visibilitySeconds * 500_000_000L) {
                extend(held, nanos);
            }
            if (waitsLong(held, now)) {
                endings.later(held, now);
            } else if (!ordered && nobodyTakes(held, nanos)) {
                endings.nobodyTakes(held);
            }
        }
    }

    private void extend(Held held, long nanos) {
        String receipt = held.receipt;
        held.visibleNanos = nanos + visibilitySeconds * 1_000_000_000L;
        held.line.hide(receipt, visibilitySeconds).onSuccess(reason -> {
            if (!reason.equals(Batches.DONE) && receipt.equals(held.receipt)) {
                // Outlived: it comes again under another receipt. Else the next look tries again.
                held.visibleNanos = Line.outlived(reason) ? nanos + Long.MAX_VALUE / 2 : nanos;
            }
        });
    }

    /** All that is left of it is due much later. */
    private boolean waitsLong(Held held, long now) {
        boolean waits = false;
        for (Slot slot : held.slots) {
            if (slot.state == Slot.State.WAITING && !endings.delays().near(slot.dueMicros(), now)) {
                waits = true;
            } else if (slot.state != Slot.State.DONE) {
                return false;
            }
        }
        return waits;
    }

    private boolean nobodyTakes(Held held, long nanos) {
        boolean stuck = false;
        for (Slot slot : held.slots) {
            if (slot.state == Slot.State.READY && stands(slot.route(), nanos)) {
                stuck = true;
            } else if (slot.state != Slot.State.DONE) {
                return false;
            }
        }
        return stuck;
    }

    private boolean stands(int route, long nanos) {
        TreeSet<Slot> ready = shelf.readyOf(route);
        if (receiving.wanted(route) || ready.isEmpty()) {
            untaken.remove(route);
            return false;
        }
        long since = untaken.computeIfAbsent(route, none -> nanos);
        return nanos - since > (shelf.halfFull() ? PATIENCE_FULL_NANOS : PATIENCE_NANOS);
    }
}
