package io.forelog.queue.kafka;

import io.forelog.model.Delivery;
import io.forelog.queue.QueueDepth;
import io.forelog.queue.Settlement;
import io.vertx.core.buffer.Buffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a route's reader has fetched and its pump has not settled: waiting, handed out from the partitions in turn, and counted
 * while it is on its way. Guarded by the lock of the {@link RouteDesk}, which every caller holds. Bounded: what waits by
 * {@link #FETCHED_MAX} and {@link #FETCHED_BYTES_MAX}, at which the reader pauses, what is on its way by {@link OffsetWindow}.
 */
final class FetchedAhead {
    static final int FETCHED_MAX = 2_000;
    static final long FETCHED_BYTES_MAX = 8L << 20;

    private static final int IN_A_ROW = 256;
    private static final Comparator<Holding.Fetched> BY_LANE = Comparator.comparingLong(
                    (Holding.Fetched each) -> each.taken().order)
            .thenComparingLong(each -> each.taken().offset);

    private final Holdings holdings;
    private final ParkedLanes lanes;
    private final Moves moves;
    private final boolean ordered;

    private int turn;
    private int waiting;
    private long waitingBytes;
    private int inFlight;
    /** The reader has paused what it reads, until there is room. */
    private boolean full;

    /**
     * What can't be read goes to {@code moves}, on its way to the dead letters; with {@code ordered} also what has a key and lies in a
     * ready partition whose main partition is another member's, on its way there (ADR 24).
     */
    FetchedAhead(Holdings holdings, ParkedLanes lanes, Moves moves, boolean ordered) {
        this.ordered = ordered;
        this.holdings = holdings;
        this.lanes = lanes;
        this.moves = moves;
    }

    QueueDepth depth() {
        long ready = waiting;
        long oldest = 0;
        long away = 0;
        for (Holding holding : holdings.ring()) {
            ready += holding.lag;
            Holding.Fetched first = holding.fetched.peek();
            if (first != null && first.delivery() != null) {
                long due = first.delivery().dueMicros();
                oldest = oldest == 0 ? due : Math.min(oldest, due);
            }
            away += holding.books.get(Books.Count.REQUEUED) - holding.books.get(Books.Count.RETURNED);
        }
        return new QueueDepth(ready, Math.max(0, away - lanes.size()), inFlight, lanes.size(), 0, oldest, 0);
    }

    // ---- what comes

    /** What came of a partition, decoded and in order; {@code position} is behind it. */
    void add(Holding holding, List<Holding.Fetched> records, long position, long lag) {
        for (int i = 0; i < records.size(); i++) {
            Holding.Fetched each = records.get(i);
            holding.fetched.add(each);
            waiting++;
            waitingBytes += each.taken().bytes;
        }
        holding.position = position;
        holding.lag = lag;
        pass(holding);
    }

    /** {@code count} were gone before they could be read. */
    void lost(Holding holding, long count, long position) {
        holding.books.add(Books.Count.LOST, count);
        holding.dirty = true;
        holding.position = Math.max(holding.position, position);
        pass(holding);
    }

    /**
     * Where something was found parked in a partition that came later than the first, it goes before its main partition opens, in the
     * order of its lanes: one that was parked again lies behind its followers.
     */
    void parkedFirst(Holding park) {
        if (park.fetched.isEmpty()) {
            return;
        }
        List<Holding.Fetched> inOrder = new ArrayList<>(park.fetched);
        inOrder.sort(BY_LANE);
        park.fetched.clear();
        park.fetched.addAll(inOrder);
        waiting += park.fetched.size();
        park.fetched.forEach(each -> waitingBytes += each.taken().bytes);
        Holding main = holdings.mainOf(park);
        if (main != null) {
            main.waitsForParked = true;
            main.open = false;
        }
    }

    /** So much waits that nothing more should be fetched, until half of it is gone. */
    boolean full() {
        full = full ? !roomAgain() : waiting >= FETCHED_MAX || waitingBytes >= FETCHED_BYTES_MAX;
        return full;
    }

    /** The reader has paused, and should look again. */
    boolean mayGoOn() {
        return full && roomAgain();
    }

    private boolean roomAgain() {
        return waiting < FETCHED_MAX / 2 && waitingBytes < FETCHED_BYTES_MAX / 2;
    }

    // ---- what goes

    List<Delivery> handOut(int max, long bytesMax) {
        List<Holding> ring = holdings.ring();
        List<Delivery> out = new ArrayList<>(Math.min(max, waiting));
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
            Delivery delivery = next.delivery();
            Taken taken = next.taken();
            for (Delivery there = taken.carriedTo; there != null; there = taken.carriedTo) {
                delivery = there;
                taken = (Taken) there.place();
            }
            if (taken.carried) {
                return; // until it is there: it comes before what is behind it
            }
            boolean passed = holding.isPark()
                    ? taken.state == Taken.State.SETTLED || taken.handedOut
                    : holding.window.isSettled(taken.offset);
            if (!passed && !holding.isPark() && !holding.window.mayRead(taken.offset, taken.bytes, headerChars)) {
                return;
            }
            if (!passed && holding.isPark() && delivery == null && next.raw() == null) {
                delivery = taken.readAgain;
                taken.readAgain = null;
                if (delivery == null) {
                    return; // until the reader has read it again
                }
            }
            holding.fetched.remove();
            waiting--;
            waitingBytes -= next.taken().bytes;
            if (passed) {
                continue;
            }
            handedOut(taken);
            if (!holding.isPark()) {
                holding.window.read(taken.offset, taken.bytes);
            }
            if (delivery != null && !isOfAnotherMain(holding, delivery)) {
                bytes[0] += taken.bytes;
                out.add(delivery);
            } else if (delivery != null) {
                taken.state = Taken.State.MOVING;
                moves.add(Move.toMain(taken, delivery));
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

    /** Its key's lane, and what is parked of it, may be at another member. */
    private boolean isOfAnotherMain(Holding holding, Delivery delivery) {
        return ordered && holding.isReady() && delivery.entry().key().length() > 0 && holdings.mainOf(holding) == null;
    }

    /** Of parked ones that are to be handed out next those that are only in their topic, at most so many and bytes, one at least. */
    List<Taken> toReadAgain(int max, long bytesMax) {
        List<Taken> wanted = new ArrayList<>();
        long bytes = 0;
        for (Holding holding : holdings.ring()) {
            if (!holding.isPark() || !holding.open) {
                continue;
            }
            for (Holding.Fetched each : holding.fetched) {
                Taken taken = each.taken();
                if (each.delivery() != null
                        || each.raw() != null
                        || taken.readAgain != null
                        || taken.handedOut
                        || taken.carried
                        || taken.carriedTo != null
                        || taken.state == Taken.State.SETTLED) {
                    break; // what comes first may be handed out, or must be waited for
                }
                if (wanted.size() >= max || !wanted.isEmpty() && bytes + taken.bytes > bytesMax) {
                    return wanted;
                }
                bytes += taken.bytes;
                wanted.add(taken);
            }
        }
        return wanted;
    }

    private static void pass(Holding holding) {
        if (holding.fetched.isEmpty() && !holding.isPark()) {
            long before = holding.window.watermark();
            holding.window.passTo(holding.position);
            holding.dirty |= holding.window.watermark() != before;
        }
    }

    private void openMain(Holding park) {
        Holding main = holdings.mainOf(park);
        if (main != null && main.waitsForParked) {
            main.waitsForParked = false;
            main.open = main.opensNanos == 0;
        }
    }

    /**
     * The heads of a lane, their deliveries where they are in memory; null where the first is carried to the end of its topic this
     * moment, or its partition is being given away: to be asked again.
     */
    @Nullable
    List<ParkedLanes.Parked> heads(Buffer key, int max) {
        List<ParkedLanes.Parked> heads = lanes.free(key, max);
        if (heads != null && heads.stream().anyMatch(head -> head.taken.holding.shut)) {
            return null; // whoever has it next goes on with it
        }
        for (int i = 0; heads != null && i < heads.size(); i++) {
            Taken taken = heads.get(i).taken;
            if (!taken.handedOut) {
                handedOut(taken);
            }
        }
        return heads;
    }

    private void handedOut(Taken taken) {
        taken.handedOut = true;
        taken.holding.handedOut += taken.holding.isPark() ? 1 : 0;
        inFlight++;
    }

    // ---- what has become of it

    /** No effect where it was settled before, or is another's now; a move ends later, and {@code call} waits for it. */
    void settle(Settlement settlement, SettleCall call, long nanos) {
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

    /** It is settled: on its way no more. */
    void left(Taken taken) {
        if (taken.holding.isPark()) {
            lanes.remove(taken);
            moves.gather(taken.holding, lanes);
        }
        if (!taken.holding.isPark() || taken.handedOut) {
            taken.holding.handedOut -= taken.holding.isPark() ? 1 : 0;
            inFlight--;
        }
    }

    /** The partition is another's now; before it is dropped itself. */
    void drop(Holding holding) {
        waiting -= holding.fetched.size();
        for (Holding.Fetched each : holding.fetched) {
            waitingBytes -= each.taken().bytes;
        }
        inFlight -= holding.isPark() ? lanes.drop(holding) : holding.window.taken();
    }
}
