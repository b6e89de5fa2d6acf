package io.forelog.queue.kafka;

import io.forelog.model.Delivery;
import io.forelog.queue.Verdict;
import io.vertx.core.buffer.Buffer;
import org.jspecify.annotations.Nullable;

/**
 * A delivery that goes to another topic (tier, ready, park, dead letters) in a transaction with the mark that it left. Made under
 * the lock of the {@link RouteDesk}, then the {@link RouteReader}'s until the transaction has ended.
 */
final class Move {
    final Taken taken;
    /**
     * Null where the record can't be read: then {@link #raw} is; or where a parked record is only in its topic: the reader reads
     * it before it writes the copy.
     */
    @Nullable
    Delivery delivery;

    final RouteRecords.@Nullable Raw raw;
    final @Nullable Verdict verdict;
    /** Told when it is over. */
    final @Nullable SettleCall call;
    /** When it was first asked for, nanoseconds of the JVM. */
    final long sinceNanos;

    Move(
            Taken taken,
            @Nullable Delivery delivery,
            RouteRecords.@Nullable Raw raw,
            @Nullable Verdict verdict,
            @Nullable SettleCall call,
            long sinceNanos) {
        this.taken = taken;
        this.delivery = delivery;
        this.raw = raw;
        this.verdict = verdict;
        this.call = call;
        this.sinceNanos = sinceNanos;
    }

    /** Goes as it is to the end of its main topic, where the member reads it that has its lane. */
    static Move toMain(Taken taken, Delivery delivery) {
        return new Move(taken, delivery, null, null, null, 0);
    }

    boolean goesToMain() {
        return verdict == null && raw == null;
    }

    /** Carries a parked one to the end of its topic. */
    boolean gathers() {
        return call == null && raw == null && verdict != null;
    }

    /** Null where the record can't be read. */
    @Nullable
    Buffer key() {
        Delivery known = delivery;
        return known == null ? taken.laneKey : known.entry().key();
    }

    Books.Count gone() {
        boolean dead = verdict == null ? raw != null : verdict.kind() == Verdict.Kind.DEAD;
        return dead ? Books.Count.DEAD : Books.Count.REQUEUED;
    }
}
