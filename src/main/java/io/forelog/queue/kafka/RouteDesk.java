package io.forelog.queue.kafka;

import io.forelog.model.Delivery;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.forelog.queue.ParkedKey;
import io.forelog.queue.QueueDepth;
import io.forelog.queue.Settlement;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * Where a route's pump and its {@link RouteReader} meet. Any thread; it alone takes the one lock of what is fetched, on its way and
 * to be moved ({@link Holdings}, {@link FetchedAhead}, {@link ParkedLanes}, {@link Moves}, {@link DeskWaiters}), for memory work
 * only, so that a take or a settle needs no change of threads; promises are ended outside it. Bounded as its parts are.
 */
final class RouteDesk {
    /** Wakes the reader's thread out of its poll. */
    interface Bell {
        void ring();
    }

    private final Object lock = new Object();
    private final String name;
    private final Bell bell;
    private final Holdings holdings;
    private final ParkedLanes lanes;
    private final Moves moves;
    private final FetchedAhead ahead;
    private final DeskWaiters waiters = new DeskWaiters();
    /** Assigned at least once. */
    private boolean settledIn;

    private boolean closed;

    /** {@code lanes}: what has a key is handed out by the member alone that has its partition of the main topic. */
    RouteDesk(String name, int owner, boolean lanes, Bell bell) {
        this.name = name;
        this.bell = bell;
        this.holdings = new Holdings(owner);
        this.lanes = new ParkedLanes(FetchedAhead.FETCHED_BYTES_MAX);
        this.moves = new Moves(owner);
        this.ahead = new FetchedAhead(holdings, this.lanes, moves, lanes);
    }

    // ---- the pump's side

    void take(int max, long bytesMax, Promise<List<Delivery>> promise) {
        List<Delivery> taken;
        DeskWaiters.Take former;
        boolean over;
        synchronized (lock) {
            taken = closed ? List.of() : ahead.handOut(max, bytesMax);
            over = closed || !taken.isEmpty();
            former = waiters.take(over ? null : new DeskWaiters.Take(promise, max, bytesMax));
        }
        DeskWaiters.Take.endEmpty(former);
        if (over) {
            promise.complete(taken);
        }
        ringWhere();
    }

    void settle(List<Settlement> settlements, Promise<Void> promise, long nanos) {
        SettleCall call = new SettleCall(promise);
        boolean over;
        Runnable handedOut;
        synchronized (lock) {
            if (closed) {
                call.expectOne();
                call.oneOver(unavailable("closed"));
            } else {
                for (int i = 0; i < settlements.size(); i++) {
                    ahead.settle(settlements.get(i), call, nanos);
                }
            }
            over = call.oneOver(null);
            handedOut = answerWaiting();
        }
        if (over) {
            call.end();
        }
        handedOut.run();
        ringWhere();
    }

    /** Known once partitions have been assigned for the first time. */
    void parked(int max, Promise<List<ParkedKey>> promise) {
        List<ParkedKey> keys = null;
        synchronized (lock) {
            if (closed) {
                keys = List.of();
            } else if (settledIn) {
                keys = lanes.keys(max);
            } else {
                waiters.askParked(promise);
            }
        }
        if (keys != null) {
            promise.complete(keys);
        }
    }

    /** As {@link FetchedAhead#heads}. */
    @Nullable
    List<ParkedLanes.Parked> heads(Buffer key, int max) {
        synchronized (lock) {
            return ahead.heads(key, max);
        }
    }

    QueueDepth depth() {
        synchronized (lock) {
            return ahead.depth();
        }
    }

    /** How many bytes of parked deliveries are in memory; for tests. */
    long parkedBytes() {
        synchronized (lock) {
            return lanes.bytes();
        }
    }

    /** As {@link Holdings#aboveWatermarks}. */
    long aboveWatermarks() {
        synchronized (lock) {
            return holdings.aboveWatermarks();
        }
    }

    /** Ends the take that waits, if there is something for it; to be run outside the lock. */
    private Runnable answerWaiting() {
        DeskWaiters.Take asked = waiters.take();
        if (asked == null) {
            return () -> {};
        }
        List<Delivery> taken = ahead.handOut(asked.max(), asked.bytesMax());
        if (taken.isEmpty()) {
            return () -> {};
        }
        waiters.take(null);
        return () -> asked.promise().complete(taken);
    }

    private void ringWhere() {
        boolean ring;
        synchronized (lock) {
            ring = !moves.isEmpty()
                    || ahead.mayGoOn()
                    || waiters.take() != null && !ahead.toReadAgain(1, 1).isEmpty();
        }
        if (ring) {
            bell.ring();
        }
    }

    // ---- the reader's side: assignment

    /** New partitions, and what they had parked; the first time even if there are none. */
    void assigned(Collection<Holding> added) {
        List<Promise<List<ParkedKey>>> asked;
        List<ParkedKey> keys;
        synchronized (lock) {
            boolean first = !settledIn;
            settledIn = true;
            added.forEach(holdings::add); // all, before a parked one looks for its main partition
            for (Holding holding : added) {
                if (holding.isPark()) {
                    lanes.found(holding);
                    if (first) {
                        holding.fetched.clear(); // the pump asks for them
                    }
                    ahead.parkedFirst(holding);
                }
            }
            asked = waiters.parkedAsked();
            keys = lanes.keys(Integer.MAX_VALUE);
        }
        asked.forEach(each -> each.complete(keys));
    }

    /** Those that match are another's now: what is on its way of them has no effect any more. */
    void dropped(Predicate<Holding> which) {
        List<SettleCall> over;
        synchronized (lock) {
            for (Holding holding : List.copyOf(holdings.ring())) {
                if (which.test(holding)) {
                    ahead.drop(holding);
                    holdings.drop(holding);
                }
            }
            over = moves.dropDead();
        }
        over.forEach(SettleCall::end);
    }

    @Nullable
    Holding holding(TopicPartition partition) {
        synchronized (lock) {
            return holdings.get(partition);
        }
    }

    List<Holding> all() {
        synchronized (lock) {
            return List.copyOf(holdings.ring());
        }
    }

    /** As {@link Holdings#atRest}. */
    void atRest() {
        synchronized (lock) {
            holdings.atRest();
        }
    }

    /** As {@link Holdings#quiet}. */
    boolean quiet(Collection<TopicPartition> partitions) {
        synchronized (lock) {
            return holdings.quiet(partitions);
        }
    }

    /** As {@link Holdings#shut}. */
    void shut(Collection<TopicPartition> partitions) {
        synchronized (lock) {
            holdings.shut(partitions);
        }
    }

    /** Its time of waiting is over. */
    void open(Holding holding) {
        Runnable handedOut;
        synchronized (lock) {
            holding.open = !holding.waitsForParked;
            handedOut = answerWaiting();
        }
        handedOut.run();
    }

    // ---- the reader's side: what was fetched

    /** As {@link FetchedAhead#add}; nothing where the partition was dropped meanwhile. */
    void fetched(Holding holding, List<Holding.Fetched> records, long position, long lag) {
        Runnable handedOut;
        synchronized (lock) {
            if (!holding.alive()) {
                return;
            }
            ahead.add(holding, records, position, lag);
            handedOut = answerWaiting();
        }
        handedOut.run();
    }

    /** As {@link FetchedAhead#full}. */
    boolean full() {
        synchronized (lock) {
            return ahead.full();
        }
    }

    /** How many of one partition wait to be handed out. */
    int fetched(Holding holding) {
        synchronized (lock) {
            return holding.fetched.size();
        }
    }

    /** As {@link FetchedAhead#lost}. */
    void lost(Holding holding, long count, long position) {
        synchronized (lock) {
            ahead.lost(holding, count, position);
        }
    }

    /** As {@link FetchedAhead#toReadAgain}; none while nobody takes. */
    List<Taken> toReadAgain(int max, long bytesMax) {
        synchronized (lock) {
            return waiters.take() == null ? List.of() : ahead.toReadAgain(max, bytesMax);
        }
    }

    /** They were read again, in this order. */
    void readAgain(List<Delivery> deliveries) {
        Runnable handedOut;
        synchronized (lock) {
            for (Delivery each : deliveries) {
                Taken taken = (Taken) each.place();
                if (taken.open()) {
                    taken.readAgain = each;
                }
            }
            handedOut = answerWaiting();
        }
        handedOut.run();
    }

    // ---- the reader's side: commits

    /** As {@link Holdings#committable}. */
    Map<TopicPartition, OffsetAndMetadata> committable(
            @Nullable Collection<TopicPartition> only, boolean unchangedToo, boolean leaving) {
        synchronized (lock) {
            return holdings.committable(only, unchangedToo, leaving);
        }
    }

    /** As {@link Holdings#uncommitted}. */
    void uncommitted(Collection<TopicPartition> partitions) {
        synchronized (lock) {
            holdings.uncommitted(partitions);
        }
    }

    // ---- the reader's side: moves

    boolean hasMoves() {
        synchronized (lock) {
            return !moves.isEmpty();
        }
    }

    /** As {@link Moves#next}; ends in {@link #moved} or {@link #notMoved}. */
    Moves.@Nullable Batch nextMoves() {
        synchronized (lock) {
            return moves.next();
        }
    }

    /** The transaction holds. {@code copies} in the order of their offsets. */
    void moved(Moves.Batch batch, List<Moves.ParkedCopy> copies) {
        List<SettleCall> ended = new ArrayList<>();
        Runnable handedOut;
        synchronized (lock) {
            moves.moved();
            for (Move move : batch.moves()) {
                SettleCall call = moves.over(move, null);
                move.taken.carried = false;
                ahead.left(move.taken);
                if (call != null) {
                    ended.add(call);
                }
            }
            for (Moves.ParkedCopy copy : copies) {
                Taken taken = (Taken) copy.delivery().place();
                taken.holding.window.read(taken.offset, taken.bytes);
                taken.holding.dirty = true;
                if (copy.move().gathers()) {
                    copy.move().taken.carriedTo = copy.delivery();
                }
                lanes.add(taken, copy.delivery());
            }
            handedOut = answerWaiting();
        }
        ended.forEach(SettleCall::end);
        handedOut.run();
    }

    /** Nothing of it holds, or nobody knows: tried again, and given up towards the caller after 10 s or at once. */
    void notMoved(Moves.Batch batch, Throwable why, long nanos, boolean giveUp) {
        List<SettleCall> over;
        synchronized (lock) {
            over = moves.notMoved(batch, unavailable("moves can't be written: " + why), nanos, giveUp);
        }
        over.forEach(SettleCall::end);
    }

    private WalException unavailable(String why) {
        return new WalException(ErrorCode.UNAVAILABLE, "queue of " + name + ": " + why);
    }

    // ---- its end

    boolean isClosed() {
        synchronized (lock) {
            return closed;
        }
    }

    /** What waits ends: takes empty, moves UNAVAILABLE. */
    void close() {
        List<SettleCall> over;
        List<Promise<List<ParkedKey>>> asked;
        DeskWaiters.Take last;
        synchronized (lock) {
            closed = true;
            last = waiters.take(null);
            asked = waiters.parkedAsked();
            over = moves.close(unavailable("closed"));
        }
        DeskWaiters.Take.endEmpty(last);
        asked.forEach(each -> each.complete(List.of()));
        over.forEach(SettleCall::end);
    }
}
