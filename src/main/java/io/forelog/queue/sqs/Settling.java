package io.forelog.queue.sqs;

import io.forelog.model.Delivery;
import io.forelog.model.Failure;
import io.forelog.model.Ticker;
import io.forelog.queue.Settlement;
import io.forelog.queue.Verdict;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.internal.ContextInternal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What the pump says became of deliveries. What is over is marked, and its message deleted soon after; what goes on (a retry,
 * a dead letter) ends only when its copy is confirmed. The failing routes of one message are gathered for a moment and copied
 * as one. Owned by the home; bounded by the {@link Shelf}.
 */
final class Settling {
    private static final long GATHER_MILLIS = 50;

    private final ContextInternal home;
    private final Ticker ticker;
    private final Shelf shelf;
    private final Endings endings;
    private final Map<Held, List<Failing>> gathered = new LinkedHashMap<>();

    private record Failing(Slot slot, Obligation next, Promise<Void> promise) {}

    Settling(ContextInternal home, Ticker ticker, Shelf shelf, Endings endings) {
        this.home = home;
        this.ticker = ticker;
        this.shelf = shelf;
        this.endings = endings;
    }

    Future<Void> settle(List<Settlement> settlements) {
        List<Future<Void>> copies = new ArrayList<>();
        for (Settlement each : settlements) {
            Delivery delivery = each.delivery();
            if (delivery.place() instanceof Slot slot && slot.state == Slot.State.TAKEN) {
                settle(slot, delivery, each.verdict(), copies);
            }
        }
        copyWhole();
        return copies.isEmpty() ? Future.succeededFuture() : Future.join(copies).mapEmpty();
    }

    private void settle(Slot slot, Delivery delivery, Verdict verdict, List<Future<Void>> copies) {
        switch (verdict.kind()) {
            case DELIVERED -> endings.over(slot, Books.Line.DELIVERED);
            case EXPIRED -> endings.over(slot, Books.Line.EXPIRED);
            case MOVED -> endings.over(slot, Books.Line.MOVED_OUT);
            case RETRY -> {
                Verdict.Retry retry = (Verdict.Retry) verdict;
                copies.add(gather(slot, next(delivery, retry.failure(), retry.dueMicros(), 0)));
            }
            case DEAD -> {
                slot.state = Slot.State.COPYING;
                Failure failure = ((Verdict.Dead) verdict).failure();
                copies.add(endings.bury(slot, next(delivery, failure, delivery.dueMicros(), ticker.micros())));
            }
            case PARK -> {
                Verdict.Park park = (Verdict.Park) verdict;
                slot.obligation = next(delivery, park.failure(), delivery.dueMicros(), 0);
                slot.nextMicros = park.nextMicros();
                shelf.park(slot);
            }
        }
    }

    /** Without a failure no attempt was made. */
    private static Obligation next(Delivery delivery, @Nullable Failure failure, long dueMicros, long diedMicros) {
        return new Obligation(
                delivery.route(),
                dueMicros,
                failure == null ? delivery.attempt() - 1 : delivery.attempt(),
                delivery.firstFailure() == null ? failure : delivery.firstFailure(),
                failure == null ? delivery.lastFailure() : failure,
                delivery.redrives(),
                diedMicros);
    }

    private Future<Void> gather(Slot slot, Obligation next) {
        Promise<Void> promise = home.promise();
        slot.state = Slot.State.COPYING;
        List<Failing> of = gathered.computeIfAbsent(slot.held, none -> new ArrayList<>(2));
        if (of.isEmpty() && slot.held.slots.size() > 1) {
            home.setTimer(GATHER_MILLIS, late -> copy(slot.held));
        }
        of.add(new Failing(slot, next, promise));
        return promise.future();
    }

    /** Those of which nothing else is under way need not wait. */
    private void copyWhole() {
        for (Held held : List.copyOf(gathered.keySet())) {
            boolean others = false;
            for (Slot slot : held.slots) {
                others |= slot.state != Slot.State.DONE && slot.state != Slot.State.COPYING;
            }
            if (!others) {
                copy(held);
            }
        }
    }

    private void copy(Held held) {
        List<Failing> failing = gathered.remove(held);
        if (failing == null) {
            return;
        }
        endings.copy(
                        held,
                        failing.stream().map(Failing::slot).toList(),
                        failing.stream().map(Failing::next).toList())
                .onComplete(
                        done -> failing.forEach(each -> each.promise().complete()),
                        failure -> failing.forEach(each -> each.promise().fail(failure)));
    }
}
