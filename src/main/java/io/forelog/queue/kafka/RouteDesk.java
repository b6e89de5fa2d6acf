package io.forelog.queue.kafka;

import io.forelog.model.Delivery;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.forelog.queue.ParkedKey;
import io.forelog.queue.QueueDepth;
import io.forelog.queue.Settlement;
import io.forelog.queue.Verdict;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * Where a route's pump and its {@link RouteReader} meet: what is fetched, what is on its way, what is to be moved. Any thread; one
 * lock, held for memory work only, so that a take or a settle needs no change of threads. Bounded: fetched by {@link #FETCHED_MAX}
 * and {@link #FETCHED_BYTES_MAX} (the reader pauses), on their way by {@link OffsetWindow}, moves by what is on its way.
 */
final class RouteDesk {
    static final int FETCHED_MAX = 2_000;
    static final long FETCHED_BYTES_MAX = 8L << 20;
    static final int MOVES_MAX = 500;

    private static final int IN_A_ROW = 256;
    private static final int PARK_RUNS = 500;
    private static final long MOVE_LIMIT_NANOS = 10_000_000_000L;

    /** Wakes the reader's thread out of its poll. */
    interface Bell {
        void ring();
    }

    private record Waiting(Promise<List<Delivery>> promise, int max, long bytesMax) {}

    private final Object lock = new Object();
    private final String name;
    private final int owner;
    private final Bell bell;
    private final Map<TopicPartition, Holding> holdings = new LinkedHashMap<>();
    private final List<Holding> ring = new ArrayList<>();
    private final ParkedLanes lanes = new ParkedLanes(FETCHED_BYTES_MAX);
    private final ArrayDeque<Move> moves = new ArrayDeque<>();
    private final List<Promise<List<ParkedKey>>> parkedAsked = new ArrayList<>();

    private @Nullable Waiting waiting;
    private int turn;
    private int fetched;
    private long fetchedBytes;
    private int inFlight;
    /** The reader has paused what it reads, until there is room. */
    private boolean full;
    /** Assigned at least once. */
    private boolean settledIn;

    private boolean closed;
    private int movesMax = MOVES_MAX;
    /** Parked ones on their way to the end of their topic. */
    private int gathering;

    private long aboveWatermarks;

    RouteDesk(String name, int owner, Bell bell) {
        this.name = name;
        this.owner = owner;
        this.bell = bell;
    }

    // ---- the pump's side

    void take(int max, long bytesMax, Promise<List<Delivery>> promise) {
        List<Delivery> taken;
        Waiting former;
        synchronized (lock) {
            former = waiting;
            waiting = null;
            taken = closed ? List.of() : handOut(max, bytesMax);
            if (taken.isEmpty() && !closed) {
                waiting = new Waiting(promise, max, bytesMax);
            }
        }
        if (former != null) {
            former.promise.complete(List.of());
        }
        if (!taken.isEmpty() || isClosed()) {
            promise.tryComplete(taken);
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
                call.oneOver(closedFailure());
            } else {
                for (int i = 0; i < settlements.size(); i++) {
                    settle(settlements.get(i), call, nanos);
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

    private void settle(Settlement settlement, SettleCall call, long nanos) {
        Taken taken = (Taken) settlement.delivery().place();
        if (!taken.open() || taken.state == Taken.State.MOVING) {
            return;
        }
        switch (settlement.verdict().kind()) {
            case DELIVERED -> settled(taken, Books.Count.DELIVERED);
            case EXPIRED -> settled(taken, Books.Count.EXPIRED);
            case MOVED -> settled(taken, Books.Count.MOVED_OUT);
            case RETRY, PARK, DEAD -> {
                taken.state = Taken.State.MOVING;
                call.expectOne();
                moves.add(new Move(taken, settlement.delivery(), null, settlement.verdict(), call, nanos));
            }
        }
    }

    private void settled(Taken taken, Books.Count gone) {
        taken.mark(gone);
        left(taken);
    }

    private void left(Taken taken) {
        if (taken.holding.isPark()) {
            lanes.remove(taken);
            gather(taken.holding);
        }
        if (!taken.holding.isPark() || taken.handedOut) {
            inFlight--;
        }
    }

    /** What stays parked while others go leaves runs between that must fit into the metadata: stragglers are carried to the end. */
    private void gather(Holding park) {
        if (park.window.runs().size() < PARK_RUNS || gathering > 0) {
            return;
        }
        for (ParkedLanes.Parked each : lanes.stragglers(park, MOVES_MAX)) {
            each.taken.state = Taken.State.MOVING;
            gathering++;
            Verdict.Park again = new Verdict.Park(each.taken.nextMicros, null);
            moves.add(new Move(each.taken, each.delivery, null, again, null, 0));
        }
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
                parkedAsked.add(promise);
            }
        }
        if (keys != null) {
            promise.complete(keys);
        }
    }

    /**
     * The heads of a lane, their deliveries where they are in memory; null where the first is carried to the end of its topic this
     * moment: to be asked again.
     */
    @Nullable
    List<ParkedLanes.Parked> heads(Buffer key, int max) {
        synchronized (lock) {
            List<ParkedLanes.Parked> heads = new ArrayList<>();
            for (ParkedLanes.Parked head : lanes.heads(key, max)) {
                if (head.taken.state == Taken.State.MOVING && !head.taken.handedOut) {
                    break; // carried to the end of its topic this moment
                }
                heads.add(head);
            }
            if (heads.isEmpty() && !lanes.heads(key, 1).isEmpty()) {
                return null;
            }
            for (ParkedLanes.Parked head : heads) {
                if (!head.taken.handedOut) {
                    head.taken.handedOut = true;
                    inFlight++;
                }
            }
            return heads;
        }
    }

    /** How many a watermark alone would have repeated, of all partitions given up so far. */
    long aboveWatermarks() {
        synchronized (lock) {
            return aboveWatermarks;
        }
    }

    QueueDepth depth() {
        synchronized (lock) {
            long ready = fetched;
            long oldest = 0;
            long away = 0;
            for (Holding holding : ring) {
                ready += holding.lag;
                Holding.Fetched first = holding.fetched.peek();
                if (first != null && first.delivery() != null) {
                    long due = first.delivery().dueMicros();
                    oldest = oldest == 0 ? due : Math.min(oldest, due);
                }
                if (!holding.isPark()) {
                    away += holding.books.get(Books.Count.REQUEUED) - holding.books.get(Books.Count.RETURNED);
                }
            }
            return new QueueDepth(ready, Math.max(0, away - lanes.size()), inFlight, lanes.size(), 0, oldest, 0);
        }
    }

    // ---- handing out; under the lock

    private List<Delivery> handOut(int max, long bytesMax) {
        List<Delivery> out = new ArrayList<>(Math.min(max, fetched));
        long[] bytes = new long[1];
        for (int empty = 0; empty < ring.size() && out.size() < max && (out.isEmpty() || bytes[0] < bytesMax); ) {
            Holding holding = ring.get(turn++ % ring.size());
            int before = out.size();
            handOut(holding, out, Math.min(max, before + IN_A_ROW), bytes, bytesMax);
            empty = out.size() == before ? empty + 1 : 0;
        }
        return out;
    }

    private void handOut(Holding holding, List<Delivery> out, int max, long[] bytes, long bytesMax) {
        if (!holding.open) {
            return;
        }
        int headerChars = CommitMetadata.headerChars(holding.books);
        while (out.size() < max && (out.isEmpty() || bytes[0] < bytesMax)) {
            Holding.Fetched next = holding.fetched.peek();
            if (next == null) {
                break;
            }
            Taken taken = next.taken();
            boolean passed = holding.isPark()
                    ? taken.state == Taken.State.SETTLED || taken.handedOut
                    : holding.window.isSettled(taken.offset);
            if (!passed && !holding.isPark() && !holding.window.mayRead(taken.offset, taken.bytes, headerChars)) {
                return;
            }
            holding.fetched.remove();
            fetched--;
            fetchedBytes -= taken.bytes;
            if (passed) {
                continue;
            }
            taken.handedOut = true;
            inFlight++;
            if (!holding.isPark()) {
                holding.window.read(taken.offset, taken.bytes);
            }
            if (next.delivery() != null) {
                bytes[0] += taken.bytes;
                out.add(next.delivery());
            } else {
                taken.state = Taken.State.MOVING;
                moves.add(new Move(taken, null, next.raw(), null, null, 0));
            }
        }
        pass(holding);
        if (holding.isPark() && holding.fetched.isEmpty()) {
            openMain(holding);
        }
    }

    private static void pass(Holding holding) {
        if (holding.fetched.isEmpty() && !holding.isPark()) {
            long before = holding.window.watermark();
            holding.window.passTo(holding.position);
            holding.dirty |= holding.window.watermark() != before;
        }
    }

    private void openMain(Holding park) {
        Holding main = holdings.get(new TopicPartition(park.main, park.partition.partition()));
        if (main != null && main.waitsForParked) {
            main.waitsForParked = false;
            main.open = true;
        }
    }

    /** Ends the take that waits, if there is something for it; to be run outside the lock. */
    private Runnable answerWaiting() {
        Waiting asked = waiting;
        if (asked == null) {
            return () -> {};
        }
        List<Delivery> taken = handOut(asked.max, asked.bytesMax);
        if (taken.isEmpty()) {
            return () -> {};
        }
        waiting = null;
        return () -> asked.promise.complete(taken);
    }

    private void ringWhere() {
        boolean ring;
        synchronized (lock) {
            ring = !moves.isEmpty() || full && roomAgain();
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
            for (Holding holding : added) {
                holdings.put(holding.partition, holding);
                ring.add(holding);
                for (Holding.Fetched each : holding.isPark() ? holding.fetched : new ArrayDeque<Holding.Fetched>()) {
                    Delivery delivery = each.delivery();
                    if (delivery != null) {
                        lanes.add(each.taken(), delivery);
                    }
                }
                if (holding.isPark() && first) {
                    holding.fetched.clear(); // the pump asks for them
                } else if (holding.isPark() && !holding.fetched.isEmpty()) {
                    fetched += holding.fetched.size();
                    holding.fetched.forEach(each -> fetchedBytes += each.taken().bytes);
                    Holding main = holdings.get(new TopicPartition(holding.main, holding.partition.partition()));
                    if (main != null) {
                        main.waitsForParked = true;
                        main.open = false;
                    }
                }
            }
            asked = List.copyOf(parkedAsked);
            parkedAsked.clear();
            keys = lanes.keys(Integer.MAX_VALUE);
        }
        asked.forEach(each -> each.complete(keys));
    }

    /** Those that match are another's now: what is on its way of them has no effect any more. */
    void dropped(Predicate<Holding> which) {
        List<SettleCall> over = new ArrayList<>();
        synchronized (lock) {
            for (Holding holding : List.copyOf(ring)) {
                if (!which.test(holding)) {
                    continue;
                }
                fetched -= holding.fetched.size();
                for (Holding.Fetched each : holding.fetched) {
                    fetchedBytes -= each.taken().bytes;
                }
                if (!holding.isPark()) {
                    inFlight -= holding.window.taken();
                    aboveWatermarks += holding.window.next() - holding.window.watermark();
                }
                holding.drop();
                holdings.remove(holding.partition);
                ring.remove(holding);
                if (holding.isPark()) {
                    inFlight -= lanes.drop(holding);
                }
            }
            moves.removeIf(move -> {
                if (move.taken.holding.alive()) {
                    return false;
                }
                gathering -= move.gathers() ? 1 : 0;
                if (move.call != null && move.call.oneOver(null)) {
                    over.add(move.call);
                }
                return true;
            });
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
            return List.copyOf(ring);
        }
    }

    /** Nothing that was taken of those partitions is on its way. */
    boolean quiet(Collection<TopicPartition> partitions) {
        synchronized (lock) {
            for (TopicPartition partition : partitions) {
                Holding holding = holdings.get(partition);
                if (holding != null && holding.window.taken() > 0) {
                    return false;
                }
            }
            return true;
        }
    }

    /** Nothing more is handed out of them. */
    void shut(Collection<TopicPartition> partitions) {
        synchronized (lock) {
            for (TopicPartition partition : partitions) {
                Holding holding = holdings.get(partition);
                if (holding != null) {
                    holding.open = false;
                    holding.waitsForParked = false;
                }
            }
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

    /** What came of a partition, decoded and in order; {@code position} is behind it. */
    void fetched(Holding holding, List<Holding.Fetched> records, long position, long lag) {
        Runnable handedOut;
        synchronized (lock) {
            if (!holding.alive()) {
                return;
            }
            for (Holding.Fetched each : records) {
                holding.fetched.add(each);
                fetched++;
                fetchedBytes += each.taken().bytes;
            }
            holding.position = position;
            holding.lag = lag;
            pass(holding);
            handedOut = answerWaiting();
        }
        handedOut.run();
    }

    /** So much is fetched that nothing more should be, until half of it is gone. */
    boolean full() {
        synchronized (lock) {
            full = full ? !roomAgain() : fetched >= FETCHED_MAX || fetchedBytes >= FETCHED_BYTES_MAX;
            return full;
        }
    }

    private boolean roomAgain() {
        return fetched < FETCHED_MAX / 2 && fetchedBytes < FETCHED_BYTES_MAX / 2;
    }

    /** How many of one partition wait to be handed out. */
    int fetched(Holding holding) {
        synchronized (lock) {
            return holding.fetched.size();
        }
    }

    /** A gap: {@code count} were gone before they could be read. */
    void lost(Holding holding, long count, long position) {
        synchronized (lock) {
            holding.books.add(Books.Count.LOST, count);
            holding.dirty = true;
            holding.position = Math.max(holding.position, position);
            pass(holding);
        }
    }

    // ---- the reader's side: commits

    /** What has changed since the last commit of those partitions. */
    Map<TopicPartition, OffsetAndMetadata> committable(
            @Nullable Collection<TopicPartition> only, boolean unchangedToo) {
        synchronized (lock) {
            Map<TopicPartition, OffsetAndMetadata> marks = new HashMap<>();
            for (Holding holding : ring) {
                if ((holding.dirty || unchangedToo) && (only == null || only.contains(holding.partition))) {
                    marks.put(holding.partition, holding.committable(owner));
                    holding.dirty = false;
                }
            }
            return marks;
        }
    }

    /** A commit failed: they are to be committed again. */
    void uncommitted(Collection<TopicPartition> partitions) {
        synchronized (lock) {
            for (TopicPartition partition : partitions) {
                Holding holding = holdings.get(partition);
                if (holding != null) {
                    holding.dirty = true;
                }
            }
        }
    }

    // ---- the reader's side: moves

    /** What one transaction moves, and the marks that go with it. */
    record MoveBatch(List<Move> moves, Map<TopicPartition, OffsetAndMetadata> marks) {}

    boolean hasMoves() {
        synchronized (lock) {
            return !moves.isEmpty();
        }
    }

    /** The next moves, marked as gone; null where there are none. Ends in {@link #moved} or {@link #notMoved}. */
    @Nullable
    MoveBatch nextMoves() {
        synchronized (lock) {
            if (moves.isEmpty()) {
                return null;
            }
            List<Move> batch = new ArrayList<>();
            Map<TopicPartition, OffsetAndMetadata> marks = new HashMap<>();
            while (batch.size() < movesMax && !moves.isEmpty()) {
                Move move = moves.remove();
                move.taken.mark(move.gone());
                batch.add(move);
            }
            for (Move move : batch) {
                Holding holding = move.taken.holding;
                marks.computeIfAbsent(holding.partition, each -> holding.committable(owner));
            }
            return new MoveBatch(batch, marks);
        }
    }

    /** A parked copy: where it lies now. */
    record ParkedCopy(Move move, Delivery delivery) {}

    /** The transaction holds. {@code copies} in the order of their offsets. */
    void moved(MoveBatch batch, List<ParkedCopy> copies) {
        List<SettleCall> over = new ArrayList<>();
        Runnable handedOut;
        synchronized (lock) {
            movesMax = Math.min(MOVES_MAX, movesMax * 2);
            for (Move move : batch.moves) {
                gathering -= move.gathers() ? 1 : 0;
                left(move.taken);
                if (move.call != null && move.call.oneOver(null)) {
                    over.add(move.call);
                }
            }
            for (ParkedCopy copy : copies) {
                Taken taken = (Taken) copy.delivery.place();
                taken.holding.window.read(taken.offset, taken.bytes);
                taken.holding.dirty = true;
                lanes.add(taken, copy.delivery);
            }
            handedOut = answerWaiting();
        }
        over.forEach(SettleCall::end);
        handedOut.run();
    }

    /** Nothing of it holds, or nobody knows: tried again, and given up towards the caller after 10 s or at once. */
    void notMoved(MoveBatch batch, Throwable why, long nanos, boolean giveUp) {
        List<SettleCall> over = new ArrayList<>();
        synchronized (lock) {
            boolean alone = batch.moves.size() == 1;
            movesMax = Math.max(1, batch.moves.size() / 2); // one that can't be written must not keep the others
            for (int i = batch.moves.size() - 1; i >= 0; i--) {
                Move move = batch.moves.get(i);
                move.taken.unmark(move.gone());
                if (move.call == null || !giveUp && nanos - move.sinceNanos < MOVE_LIMIT_NANOS) {
                    if (alone) {
                        moves.addLast(move);
                    } else {
                        moves.addFirst(move);
                    }
                    continue;
                }
                move.taken.state = Taken.State.ON_ITS_WAY;
                if (move.call.oneOver(failed(why))) {
                    over.add(move.call);
                }
            }
        }
        over.forEach(SettleCall::end);
    }

    private WalException failed(Throwable why) {
        return new WalException(ErrorCode.UNAVAILABLE, "queue of " + name + ": moves can't be written: " + why);
    }

    private WalException closedFailure() {
        return new WalException(ErrorCode.UNAVAILABLE, "queue of " + name + ": closed");
    }

    // ---- its end

    boolean isClosed() {
        synchronized (lock) {
            return closed;
        }
    }

    /** What waits ends: takes empty, moves UNAVAILABLE. */
    void close() {
        List<SettleCall> over = new ArrayList<>();
        List<Promise<List<ParkedKey>>> asked;
        Waiting last;
        synchronized (lock) {
            closed = true;
            last = waiting;
            waiting = null;
            asked = List.copyOf(parkedAsked);
            parkedAsked.clear();
            for (Move move : moves) {
                if (move.call != null && move.call.oneOver(closedFailure())) {
                    over.add(move.call);
                }
            }
            moves.clear();
        }
        if (last != null) {
            last.promise.complete(List.of());
        }
        asked.forEach(each -> each.complete(List.of()));
        over.forEach(SettleCall::end);
    }
}
