package io.forelog.queue.rocksdb;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One route's progress through its namespace: what it has taken, what is settled, its timers, its books. Owned by the
 * committer thread. Bounded: {@link Settled}, {@link TimerWindow}, and chunks read ahead of about 2 MiB.
 */
final class RouteBacklog {
    private static final int BYTES = 2 + 8 * 13;

    final int id;
    final Settled settled;
    final TimerWindow timers;
    /** By sequence, with the claim's number. */
    final Map<Long, Long> laneClaims = new HashMap<>();

    final Deque<LogChunk> readAhead = new ArrayDeque<>();
    /** Gaps passed by the cursor whose loss is counted once the watermark has passed them: end to obligations. */
    final Deque<long[]> lostAhead = new ArrayDeque<>();

    long cursor;

    @Nullable
    LogChunk current;

    boolean reading;

    @Nullable
    TakeCommand demand;

    boolean stirred = true;
    long nextDue = Long.MAX_VALUE;
    /** What is next in the log was not due before it. */
    long oldestHint;

    long claims;

    // books, cumulative
    long accepted;
    long delivered;
    long dead;
    long expired;
    long cancelled;
    long purged;
    long lost;
    long movedIn;
    long movedOut;
    // gauges
    long logPending;
    long logClaims;
    long timersStored;
    long parked;
    long deadStored;
    long head;
    volatile io.forelog.queue.QueueDepth depth = io.forelog.queue.QueueDepth.EMPTY;

    RouteBacklog(int id, long watermark, long head) {
        this.id = id;
        this.settled = new Settled(watermark);
        this.timers = new TimerWindow(head);
        this.cursor = watermark;
        this.head = head;
    }

    boolean isClaimedInLog(long sequence) {
        return sequence < cursor && !settled.contains(sequence);
    }

    /** The obligation is in the log no more. */
    void leaveLog(long sequence, boolean claimed) {
        settled.add(sequence);
        logPending--;
        if (claimed) {
            logClaims--;
        }
    }

    /** True where the watermark moved. */
    boolean advance() {
        boolean moved = settled.advance(cursor);
        while (!lostAhead.isEmpty() && lostAhead.peek()[0] <= settled.watermark()) {
            long gone = lostAhead.remove()[1];
            lost += gone;
            logPending -= gone;
        }
        return moved;
    }

    void addTimer(Timer timer) {
        timers.add(timer);
        timersStored++;
        head = Math.min(head, timer.due());
        stirred = true;
    }

    static int bytes() {
        return BYTES;
    }

    void encode(ByteBuffer out) {
        out.putShort((short) id).putLong(settled.watermark()).putLong(head);
        out.putLong(accepted).putLong(delivered).putLong(dead).putLong(expired).putLong(cancelled);
        out.putLong(purged).putLong(lost);
        out.putLong(logPending).putLong(timersStored).putLong(parked).putLong(deadStored);
    }

    static RouteBacklog decode(ByteBuffer in) {
        RouteBacklog route = new RouteBacklog(in.getShort() & 0xFFFF, in.getLong(), in.getLong());
        route.accepted = in.getLong();
        route.delivered = in.getLong();
        route.dead = in.getLong();
        route.expired = in.getLong();
        route.cancelled = in.getLong();
        route.purged = in.getLong();
        route.lost = in.getLong();
        route.logPending = in.getLong();
        route.timersStored = in.getLong();
        route.parked = in.getLong();
        route.deadStored = in.getLong();
        return route;
    }
}
