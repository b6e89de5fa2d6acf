package io.forelog.queue.rocksdb;

import io.forelog.model.Delivery;
import io.forelog.model.Entry;
import io.forelog.model.Failure;
import io.forelog.model.WalException;
import io.forelog.queue.Settlement;
import io.forelog.queue.Verdict;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.internal.ContextInternal;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Settles. What moves is encoded by the caller's thread. */
final class SettleCommand extends Command {
    private static final byte[] NOTHING = new byte[0];

    private final List<Settled> settled;
    private final Promise<Void> promise;

    /**
     * Where a delivery was taken from, as it stands in {@link Delivery#place}.
     *
     * @param storedBytes of the value there
     * @param claim of a lane: which taking of it this is; else 0
     */
    record Taken(Place place, int storedBytes, long claim) {
        static final Taken LOG = new Taken(Place.LOG, 0, 0);
    }

    /**
     * One settlement, ready to be applied.
     *
     * @param value what is stored at {@code target}, where it moves
     */
    record Settled(
            int route,
            long sequence,
            Place place,
            int storedBytes,
            long claim,
            Entry entry,
            TrailEvent.Kind kind,
            long atMicros,
            long toMicros,
            @Nullable Failure failure,
            Place target,
            byte[] value,
            int attempts,
            @Nullable Failure first,
            @Nullable Failure last,
            int redrives) {
        Timer timer() {
            return new Timer(toMicros, sequence, entry, attempts, first, last, redrives, value.length);
        }
    }

    SettleCommand(ContextInternal context, int namespace, List<Settlement> settlements, long nowMicros) {
        super(context, namespace);
        promise = context.promise();
        settled = new ArrayList<>(settlements.size());
        for (Settlement each : settlements) {
            settled.add(prepare(each.delivery(), each.verdict(), nowMicros));
        }
    }

    private static Settled prepare(Delivery delivery, Verdict verdict, long now) {
        long sequence = delivery.receipt().sequence();
        return switch (verdict.kind()) {
            case DELIVERED -> ended(delivery, TrailEvent.Kind.DELIVERED, ((Verdict.Delivered) verdict).atMicros());
            case EXPIRED -> ended(delivery, TrailEvent.Kind.EXPIRED, ((Verdict.Expired) verdict).atMicros());
            case MOVED -> ended(delivery, TrailEvent.Kind.MOVED, ((Verdict.Moved) verdict).atMicros());
            case RETRY -> {
                Verdict.Retry retry = (Verdict.Retry) verdict;
                long due = Math.max(retry.dueMicros(), 1);
                yield moved(delivery, TrailEvent.Kind.RETRIED, now, due, retry.failure(), Place.timer(due, sequence));
            }
            case PARK -> {
                Verdict.Park park = (Verdict.Park) verdict;
                Place lane = Place.lane(
                        delivery.dueMicros(),
                        sequence,
                        Keys.laneKey(delivery.entry().key()));
                yield moved(delivery, TrailEvent.Kind.PARKED, now, park.nextMicros(), park.failure(), lane);
            }
            case DEAD -> {
                Failure failure = ((Verdict.Dead) verdict).failure();
                yield moved(delivery, TrailEvent.Kind.DEAD, now, 0, failure, Place.dead(now, sequence));
            }
        };
    }

    private static Settled ended(Delivery delivery, TrailEvent.Kind kind, long at) {
        return settled(delivery, kind, at, 0, null, Place.LOG, NOTHING, 0, null, null);
    }

    private static Settled moved(
            Delivery delivery, TrailEvent.Kind kind, long now, long to, @Nullable Failure failure, Place target) {
        int attempts = failure == null ? delivery.attempt() - 1 : delivery.attempt();
        Failure first = delivery.firstFailure() == null ? failure : delivery.firstFailure();
        Failure last = failure == null ? delivery.lastFailure() : failure;
        byte[] value = Obligations.encode(
                delivery.entry(),
                attempts,
                first,
                last,
                delivery.redrives(),
                kind == TrailEvent.Kind.PARKED ? to : 0,
                kind == TrailEvent.Kind.DEAD ? now : 0);
        return settled(delivery, kind, now, to, failure, target, value, attempts, first, last);
    }

    private static Settled settled(
            Delivery delivery,
            TrailEvent.Kind kind,
            long at,
            long to,
            @Nullable Failure failure,
            Place target,
            byte[] value,
            int attempts,
            @Nullable Failure first,
            @Nullable Failure last) {
        Taken taken = (Taken) delivery.place();
        return new Settled(
                delivery.route(),
                delivery.receipt().sequence(),
                taken.place(),
                taken.storedBytes(),
                taken.claim(),
                delivery.entry(),
                kind,
                at,
                to,
                failure,
                target,
                value,
                attempts,
                first,
                last,
                delivery.redrives());
    }

    Future<Void> future() {
        return promise.future();
    }

    @Override
    int entries() {
        return settled.size();
    }

    @Override
    boolean mayBeRefused() {
        return false;
    }

    @Override
    boolean apply(Committer committer) {
        Backlog backlog = committer.backlog(namespace);
        if (backlog == null) {
            failWith(committer.absent("of these deliveries"));
            return true;
        }
        for (int i = 0; i < settled.size(); i++) {
            backlog.settle(settled.get(i), committer.commit());
        }
        return true;
    }

    @Override
    void succeed() {
        promise.complete();
    }

    @Override
    void fail(WalException why) {
        promise.fail(why);
    }
}
