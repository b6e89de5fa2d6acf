package io.forelog.consume;

import io.forelog.model.Delivery;
import io.forelog.model.Ticker;
import io.forelog.observe.LogKeys;
import io.forelog.queue.ParkedKey;
import io.forelog.queue.Queue;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * One route's demand: first what a former process left parked, then one take at a time, as much as the window has room for.
 * Owned by the pump's thread; a take reserves its room while it waits.
 */
final class Intake {
    /** Told what was taken. */
    interface Taker {
        void restored(List<ParkedKey> keys);

        void taken(List<Delivery> deliveries);
    }

    private static final Logger LOG = LoggerFactory.getLogger(Intake.class);
    private static final long AGAIN_MIN = 100_000L;
    private static final long AGAIN_MAX = 5_000_000L;
    private static final int TAKE_MAX = 1_024;

    private final String namespace;
    private final int route;
    private final String target;
    private final Queue queue;
    private final FairWindow window;
    private final FairWindow.Share share;
    private final Lanes lanes;
    private final Ticker ticker;
    private final Turns turns;
    private final Taker taker;

    private boolean restored;
    private boolean restoring;
    private boolean taking;
    private boolean lastFull;
    private boolean keysFull;
    private long backoff;
    private long againMicros;

    Intake(
            String namespace,
            int route,
            String target,
            Queue queue,
            FairWindow window,
            FairWindow.Share share,
            Lanes lanes,
            Ticker ticker,
            Turns turns,
            Taker taker) {
        this.namespace = namespace;
        this.route = route;
        this.target = target;
        this.queue = queue;
        this.window = window;
        this.share = share;
        this.lanes = lanes;
        this.ticker = ticker;
        this.turns = turns;
        this.taker = taker;
    }

    /** Nothing is taken before it is known which keys are parked. */
    void restore(long now) {
        if (restored || restoring || now < againMicros) {
            return;
        }
        restoring = true;
        int most = Lanes.PARKED_KEYS_MAX + window.capacity() + 1;
        queue.parked(route, most)
                .onComplete(
                        keys -> {
                            restoring = false;
                            restored = true;
                            worked();
                            taker.restored(keys);
                            turns.soon();
                        },
                        failure -> {
                            restoring = false;
                            failed(failure);
                        });
    }

    boolean may(long now) {
        return restored && now >= againMicros;
    }

    /** When {@link #may} changes by itself. */
    long nextMicros(long now) {
        return againMicros > now ? againMicros : Long.MAX_VALUE;
    }

    /** Too many keys are parked. */
    boolean keysFull() {
        return keysFull;
    }

    /** Asks for up to {@code most}, unless a take is under way or there is no room. */
    void take(int most) {
        if (taking || lookAtKeys()) {
            return;
        }
        int own = share.ownRoom();
        int room = Math.min(Math.min(most, TAKE_MAX), lastFull || own == 0 ? share.room() : own);
        if (room <= 0 || room < most && share.inFlight() > 0 && room < window.capacity() / 32) {
            return; // a few at a time is dear: more are settled soon
        }
        int max = room;
        taking = true;
        share.reserve(max);
        queue.take(route, max, Math.max(1, share.roomBytes()))
                .onComplete(
                        deliveries -> {
                            taking = false;
                            share.unreserve(max);
                            lastFull = deliveries.size() >= max;
                            worked();
                            taker.taken(deliveries);
                            turns.soon();
                        },
                        failure -> {
                            taking = false;
                            share.unreserve(max);
                            failed(failure);
                        });
    }

    private boolean lookAtKeys() {
        if (keysFull ? lanes.roomAgain() : lanes.full()) {
            keysFull = !keysFull;
            LOG.atLevel(keysFull ? Level.ERROR : Level.INFO)
                    .addKeyValue(LogKeys.NAMESPACE, namespace)
                    .addKeyValue(LogKeys.TARGET, target)
                    .addKeyValue(LogKeys.COUNT, lanes.parkedKeys())
                    .log(keysFull ? "Route paused: too many keys are parked" : "Route goes on: parked keys went");
        }
        return keysFull;
    }

    private void worked() {
        backoff = 0;
        againMicros = 0;
    }

    /** Nothing is taken until a while, growing, has passed. */
    void failed(Throwable failure) {
        if (backoff == 0) {
            LOG.atWarn()
                    .addKeyValue(LogKeys.NAMESPACE, namespace)
                    .addKeyValue(LogKeys.TARGET, target)
                    .addKeyValue(LogKeys.REASON, failure.getMessage())
                    .log("Queue can't be taken from; tried again");
        }
        backoff = Math.min(AGAIN_MAX, Math.max(AGAIN_MIN, backoff * 2));
        againMicros = ticker.micros() + backoff;
        turns.soon();
    }

    long againMicros() {
        return againMicros;
    }
}
