package io.forelog.consume;

import io.forelog.model.Ticker;
import io.forelog.queue.Queue;
import io.forelog.queue.Settlement;
import io.forelog.queue.Verdict;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells the queue what became of one route's deliveries: all that a turn brings, in one call, one call at a time, in
 * order. What cannot be written is kept and written again until it can: nothing is dropped, so a dead letter that cannot
 * be written is not acknowledged, and the route takes nothing more meanwhile. Owned by the pump's thread; bounded by the
 * route's window.
 */
final class Settler {
    /** What came of a flight, until the queue has confirmed it. */
    record Settled(Flight flight, Verdict verdict) {}

    /** Told of what is confirmed, and of an alarm that begins or ends. */
    interface Listener {
        void confirmed(List<Settled> settled);

        void alarm(Throwable failure);

        void alarmEnded();
    }

    static final long BACKOFF_MIN = 100_000L;
    static final long BACKOFF_MAX = 5_000_000L;
    private static final Logger LOG = LoggerFactory.getLogger(Settler.class);

    private final Queue queue;
    private final Turns turns;
    private final Ticker ticker;
    private final Listener listener;

    private List<Settled> pending = new ArrayList<>();
    private List<Settled> writing = List.of();
    private boolean underWay;
    private long backoff;
    private long againMicros = Long.MAX_VALUE;

    Settler(Queue queue, Turns turns, Ticker ticker, Listener listener) {
        this.queue = queue;
        this.turns = turns;
        this.ticker = ticker;
        this.listener = listener;
    }

    void add(Flight flight, Verdict verdict) {
        pending.add(new Settled(flight, verdict));
    }

    boolean idle() {
        return pending.isEmpty() && writing.isEmpty();
    }

    boolean failing() {
        return backoff > 0;
    }

    /** When it writes again what it could not write. */
    long nextMicros() {
        return underWay ? Long.MAX_VALUE : againMicros;
    }

    void flush(long now) {
        if (underWay || now < againMicros && failing()) {
            return;
        }
        if (writing.isEmpty()) {
            if (pending.isEmpty()) {
                return;
            }
            writing = pending;
            pending = new ArrayList<>();
        }
        List<Settlement> settlements = new ArrayList<>(writing.size());
        for (Settled settled : writing) {
            settlements.add(new Settlement(settled.flight().delivery(), settled.verdict()));
        }
        underWay = true;
        queue.settle(settlements).onComplete(done -> written(), this::failed);
    }

    private void written() {
        underWay = false;
        againMicros = Long.MAX_VALUE;
        List<Settled> confirmed = writing;
        writing = List.of();
        if (failing()) {
            backoff = 0;
            listener.alarmEnded();
        }
        listener.confirmed(confirmed);
        turns.soon();
    }

    private void failed(Throwable failure) {
        underWay = false;
        boolean first = !failing();
        backoff = first ? BACKOFF_MIN : Math.min(BACKOFF_MAX, backoff * 2);
        againMicros = ticker.micros() + backoff;
        if (first) {
            listener.alarm(failure);
        } else {
            LOG.atDebug().setCause(failure).log("Settling fails on");
        }
        turns.soon();
    }
}
