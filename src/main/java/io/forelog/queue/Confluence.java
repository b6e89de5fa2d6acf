package io.forelog.queue;

import io.forelog.model.Delivery;
import io.forelog.model.WalException;
import io.vertx.core.Promise;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One route of a {@link CombinedQueue}: a take of it is a take of each of its parts, one at a time each, and what they bring is
 * handed out in turns, so that none starves another. With order, a part is asked when every older one is empty. Calls and
 * answers come on any thread; its lock guards all, and no future ends under it. Bounded: a part is asked for more only
 * when what it brought before was handed out.
 */
final class Confluence {
    private static final long REST_MILLIS = 1_000;
    private static final long LOOK_MILLIS = 250;
    /** Where a tally is only estimated, nothing must be seen for ten seconds. */
    private static final int LOOKS_ESTIMATED = 40;

    private static final Comparator<Delivery> BY_DUE = Comparator.comparingLong(Delivery::dueMicros);

    private final int route;
    private final boolean ordered;
    private final CombinedQueue.Later later;
    private final List<Inflow> inflows = new ArrayList<>();
    private @Nullable Demand demand;
    private @Nullable Throwable lastFailure;
    private boolean looking;
    private int asking;
    private int turn;

    private record Demand(int max, long bytesMax, Promise<List<Delivery>> promise) {}

    /** One part's stream. Guarded by the lock of its confluence. */
    private static final class Inflow {
        final Part part;
        final Deque<Delivery> brought = new ArrayDeque<>();
        boolean asked;
        boolean rests;
        boolean empty;
        int emptyLooks;

        Inflow(Part part) {
            this.part = part;
        }
    }

    Confluence(int route, boolean ordered, List<Part> parts, CombinedQueue.Later later) {
        this.route = route;
        this.ordered = ordered;
        this.later = later;
        parts.forEach(part -> inflows.add(new Inflow(part)));
    }

    void take(int max, long bytesMax, Promise<List<Delivery>> promise) {
        synchronized (this) {
            if (demand != null) {
                throw new IllegalStateException("two takes on route " + route);
            }
            demand = new Demand(max, bytesMax, promise);
        }
        ask();
    }

    private void ask() {
        List<Inflow> open = new ArrayList<>();
        Demand wanted;
        synchronized (this) {
            wanted = demand;
            if (wanted == null) {
                return;
            }
            for (Inflow each : inflows) {
                if (!each.asked && !each.rests && each.brought.isEmpty()) {
                    each.asked = true;
                    open.add(each);
                }
                if (ordered && each.part.drains() && !each.empty) {
                    lookSoon();
                    break;
                }
            }
            asking++;
        }
        for (Inflow each : open) {
            each.part
                    .queue()
                    .take(route, wanted.max(), wanted.bytesMax())
                    .onComplete(deliveries -> arrived(each, deliveries), failure -> failed(each, failure));
        }
        synchronized (this) {
            asking--;
        }
        handOut();
        giveUp();
    }

    private void arrived(Inflow inflow, List<Delivery> deliveries) {
        synchronized (this) {
            inflow.asked = false;
            lastFailure = null;
            deliveries.forEach(one -> inflow.brought.add(Origin.wrap(inflow.part, one)));
            if (deliveries.isEmpty()) {
                rest(inflow);
            }
        }
        handOut();
    }

    /** It is asked again after a while. */
    private void failed(Inflow inflow, Throwable failure) {
        synchronized (this) {
            inflow.asked = false;
            lastFailure = failure;
            rest(inflow);
        }
        giveUp();
    }

    /** A demand fails only where nobody is left who can meet it. */
    private void giveUp() {
        Demand failing;
        Throwable why;
        synchronized (this) {
            why = lastFailure;
            failing = demand;
            if (why == null || asking > 0 || inflows.stream().anyMatch(each -> each.asked || !each.brought.isEmpty())) {
                return;
            }
            demand = null;
            lastFailure = null;
        }
        if (failing != null) {
            failing.promise().tryFail(WalException.of(why));
        }
    }

    private void rest(Inflow inflow) {
        inflow.rests = true;
        later.run(REST_MILLIS, () -> {
            synchronized (this) {
                inflow.rests = false;
            }
            ask();
        });
    }

    private void handOut() {
        Demand met;
        List<Delivery> handed;
        synchronized (this) {
            met = demand;
            handed = met == null || asking > 0 ? List.of() : collect(met.max(), met.bytesMax());
            if (met == null || handed.isEmpty()) {
                return;
            }
            demand = null;
        }
        met.promise().tryComplete(handed);
    }

    private List<Delivery> collect(int max, long bytesMax) {
        List<Delivery> handed = new ArrayList<>();
        long bytes = 0;
        while (handed.size() < max && (handed.isEmpty() || bytes < bytesMax)) {
            Delivery next = ordered ? earliest() : inTurn();
            if (next == null) {
                break;
            }
            bytes += next.entry().sizeBytes();
            handed.add(next);
        }
        if (inflows.size() > 1 && !ordered) {
            handed.sort(BY_DUE);
        }
        return handed;
    }

    /** One of each. */
    private @Nullable Delivery inTurn() {
        for (int i = 0; i < inflows.size(); i++) {
            turn = (turn + 1) % inflows.size();
            Delivery next = inflows.get(turn).brought.poll();
            if (next != null) {
                return next;
            }
        }
        return null;
    }

    /** Of the first of each: within a part its own order counts, for the clocks of the nodes that took entries in differ. */
    private @Nullable Delivery earliest() {
        return inflows.stream()
                .map(each -> each.brought)
                .filter(brought -> !brought.isEmpty())
                .min(Comparator.comparing(Deque::getFirst, BY_DUE))
                .map(Deque::poll)
                .orElse(null);
    }

    // ---- with order: is the older one empty?

    private void lookSoon() {
        if (!looking) {
            looking = true;
            later.run(LOOK_MILLIS, this::look);
        }
    }

    private void look() {
        Inflow oldest;
        synchronized (this) {
            looking = false;
            oldest = inflows.stream()
                    .filter(each -> each.part.drains() && !each.empty)
                    .findFirst()
                    .orElse(null);
            if (oldest == null) {
                return;
            }
            QueueDepth depth = oldest.part.queue().depth(route);
            if (!oldest.part.sealed().getAsBoolean()
                    || !oldest.brought.isEmpty()
                    || CombinedQueue.undelivered(depth) > 0) {
                oldest.emptyLooks = 0;
                lookSoon();
                return;
            }
        }
        oldest.part.queue().tally().onComplete(tally -> looked(oldest, tally), failure -> {
            synchronized (this) {
                lookSoon();
            }
        });
    }

    private void looked(Inflow inflow, Tally tally) {
        synchronized (this) {
            long pending = tally.routes().stream()
                    .filter(each -> each.route() == route)
                    .mapToLong(Tally.RouteTally::pending)
                    .sum();
            inflow.emptyLooks = pending == 0 ? inflow.emptyLooks + 1 : 0;
            inflow.empty = inflow.emptyLooks >= (tally.exact() ? 1 : LOOKS_ESTIMATED);
            if (!inflow.empty) {
                lookSoon();
            }
        }
        ask();
    }

    // ---- parts go

    /** Nothing is to come from it any more. */
    synchronized void without(Part part) {
        inflows.removeIf(each -> each.part.equals(part) && each.brought.isEmpty());
        turn = 0;
    }

    void close() {
        Demand open;
        synchronized (this) {
            open = demand;
            demand = null;
        }
        if (open != null) {
            open.promise().tryComplete(List.of());
        }
    }
}
