package io.forelog.bus;

import io.netty.channel.EventLoop;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The requests of one event loop that wait for their answers; owned by that loop. There is no timer for each: while there
 * are any they are looked through every {@value #SWEEP_MILLIS} ms. Bounded by the credits of those who ask.
 */
final class Waiting {
    static final String NOBODY = "nobody serves it now (expected: one owner)";
    private static final long SWEEP_MILLIS = 50;

    private final EventLoop loop;
    private final Predicate<String> served;
    private @Nullable Ask<?, ?> newest;
    private boolean sweeping;

    /** {@code served}: whether anybody serves an address. */
    Waiting(EventLoop loop, Predicate<String> served) {
        this.loop = loop;
        this.served = served;
    }

    /** From any thread; before it is sent. */
    void add(Ask<?, ?> ask) {
        if (loop.inEventLoop()) {
            link(ask);
        } else {
            loop.execute(() -> link(ask));
        }
        ask.future().onComplete(ended -> remove(ask));
    }

    private void remove(Ask<?, ?> ask) {
        if (loop.inEventLoop()) {
            unlink(ask);
        } else {
            loop.execute(() -> unlink(ask));
        }
    }

    private void link(Ask<?, ?> ask) {
        ask.listed = true;
        ask.before = newest;
        if (newest != null) {
            newest.after = ask;
        }
        newest = ask;
        if (!sweeping) {
            sweeping = true;
            loop.schedule(this::sweep, SWEEP_MILLIS, TimeUnit.MILLISECONDS);
        }
    }

    /** Its neighbours are let go of: a dead one that the collector has promoted would keep them alive, and they theirs. */
    private void unlink(Ask<?, ?> ask) {
        if (!ask.listed) {
            return;
        }
        ask.listed = false;
        Ask<?, ?> before = ask.before;
        Ask<?, ?> after = ask.after;
        ask.before = null;
        ask.after = null;
        if (before != null) {
            before.after = after;
        }
        if (after != null) {
            after.before = before;
        } else {
            newest = before;
        }
    }

    private void sweep() {
        long now = System.nanoTime();
        Ask<?, ?> next;
        for (Ask<?, ?> ask = newest; ask != null; ask = next) {
            next = ask.before;
            if (!served.test(ask.to)) {
                // What lay before a handler that left is dropped by the bus without a word.
                ask.withdraw(NOBODY);
            }
            ask.sweep(now);
        }
        sweeping = newest != null;
        if (sweeping) {
            loop.schedule(this::sweep, SWEEP_MILLIS, TimeUnit.MILLISECONDS);
        }
    }
}
