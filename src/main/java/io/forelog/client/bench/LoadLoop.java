package io.forelog.client.bench;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.time.Duration;

/**
 * Drives one caller at one pace for one time. Owned by one event loop; holds no more than the pace's calls in flight. What
 * ends before the warm-up has, or is not answered 15 s after the end, is left out of the figures but for the latter, which
 * is UNKNOWN.
 */
final class LoadLoop {
    private static final long TICK_MILLIS = 1;
    private static final long LINGER_NANOS = Duration.ofSeconds(15).toNanos();

    private final Vertx vertx;
    private final Caller caller;
    private final Pace pace;
    private final Books books;
    private final Promise<Void> done = Promise.promise();

    private long warmNanos;
    private long endNanos;
    private long startNanos;
    private long issued;
    private int outstanding;
    private boolean sending;
    private boolean over;

    LoadLoop(Vertx vertx, Caller caller, Pace pace, Books books) {
        this.vertx = vertx;
        this.caller = caller;
        this.pace = pace;
        this.books = books;
    }

    /** Ends when the last call has been answered or given up. Call on the loop. */
    Future<Void> run(Duration warmup, Duration duration) {
        startNanos = System.nanoTime();
        warmNanos = startNanos + warmup.toNanos();
        endNanos = warmNanos + duration.toNanos();
        books.begin(warmNanos, endNanos);
        long timer = vertx.setPeriodic(TICK_MILLIS, tick -> turn());
        turn();
        return done.future().eventually(() -> {
            vertx.cancelTimer(timer);
            return Future.succeededFuture();
        });
    }

    private void turn() {
        long now = System.nanoTime();
        if (now >= endNanos) {
            if (!over) {
                over = true;
                books.notSent(pace.isOpen() ? dueBy(endNanos) - issued : 0, caller.entriesPerCall());
            }
            if (outstanding == 0 || now > endNanos + LINGER_NANOS) {
                books.add(new Answers(0, 0, outstanding * caller.entriesPerCall(), 0), now, now);
                outstanding = 0;
                done.tryComplete();
            }
            return;
        }
        if (sending) {
            return;
        }
        sending = true;
        if (pace.isOpen()) {
            long due = dueBy(now);
            while (issued < due && outstanding < pace.inFlight()) {
                send(startNanos + (long) (issued * 1e9 / pace.callsPerSecond()));
            }
        } else {
            while (outstanding < pace.inFlight()) {
                send(System.nanoTime());
            }
        }
        sending = false;
    }

    private long dueBy(long nanos) {
        return (long) ((nanos - startNanos) / 1e9 * pace.callsPerSecond());
    }

    private void send(long intendedNanos) {
        issued++;
        outstanding++;
        caller.call().onSuccess(answers -> {
            if (done.future().isComplete()) {
                return;
            }
            outstanding--;
            books.add(answers, intendedNanos, System.nanoTime());
            if (answers.trues() > 0) {
                turn();
            } // else the next tick does: a server that is away or refuses is not asked in a spin
        });
    }
}
