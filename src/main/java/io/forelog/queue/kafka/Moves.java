package io.forelog.queue.kafka;

import io.forelog.model.Delivery;
import io.forelog.queue.Verdict;
import io.vertx.core.buffer.Buffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * What is to be moved of one route, in the order in which it was asked for, and how much of it goes into one transaction. Guarded
 * by the lock of the {@link RouteDesk}, which every caller holds; a batch that is out is the reader's. Bounded by what is on its
 * way, and by {@link #BATCH_MAX} stragglers.
 */
final class Moves {
    static final int BATCH_MAX = 500;

    private static final int PARK_RUNS = 500;
    private static final long LIMIT_NANOS = 10_000_000_000L;

    /** What one transaction moves, and the marks that go with it. */
    record Batch(List<Move> moves, Map<TopicPartition, OffsetAndMetadata> marks) {}

    /** A parked copy: where it lies now. */
    record ParkedCopy(Move move, Delivery delivery) {}

    private final int owner;
    private final ArrayDeque<Move> queue = new ArrayDeque<>();
    private int batchMax = BATCH_MAX;
    /** Parked ones on their way to the end of their topic. */
    private int gathering;

    /** {@code owner}: whose marks go with them. */
    Moves(int owner) {
        this.owner = owner;
    }

    boolean isEmpty() {
        return queue.isEmpty();
    }

    void add(Move move) {
        queue.add(move);
    }

    /** What stays parked while others go leaves runs between that must fit into the metadata: stragglers are carried to the end. */
    void gather(Holding park, ParkedLanes lanes) {
        if (park.window.runs().size() < PARK_RUNS || gathering > 0) {
            return;
        }
        for (ParkedLanes.Parked each : lanes.stragglers(park, BATCH_MAX)) {
            each.taken.state = Taken.State.MOVING;
            each.taken.carried = true;
            gathering++;
            Verdict.Park again = new Verdict.Park(each.taken.nextMicros, null);
            queue.add(new Move(each.taken, each.delivery, null, again, null, 0));
        }
    }

    /** The next ones, marked as gone; null where there are none. */
    @Nullable
    Batch next() {
        if (queue.isEmpty()) {
            return null;
        }
        List<Move> batch = new ArrayList<>();
        Map<TopicPartition, OffsetAndMetadata> marks = new HashMap<>();
        while (batch.size() < batchMax && !queue.isEmpty()) {
            Move move = queue.remove();
            move.taken.mark(move.gone());
            batch.add(move);
        }
        for (Move move : batch) {
            Holding holding = move.taken.holding;
            marks.computeIfAbsent(holding.partition, each -> holding.committable(owner));
        }
        return new Batch(batch, marks);
    }

    /** The transaction holds. */
    void moved() {
        batchMax = Math.min(BATCH_MAX, batchMax * 2);
    }

    /** It is over, whatever became of it; the call that ends with it, where it does. */
    @Nullable
    SettleCall over(Move move, @Nullable Throwable why) {
        gathering -= move.gathers() ? 1 : 0;
        return move.call != null && move.call.oneOver(why) ? move.call : null;
    }

    /**
     * Nothing of the batch holds, or nobody knows: tried again, or given up with {@code why}, and with those of its key, which must
     * not be parked without it. The calls that end with it.
     */
    List<SettleCall> notMoved(Batch batch, Throwable why, long nanos, boolean giveUp) {
        List<SettleCall> over = new ArrayList<>();
        Set<Buffer> givenUp = new HashSet<>();
        boolean alone = batch.moves.size() == 1;
        batchMax = Math.max(1, batch.moves.size() / 2); // one that can't be written must not keep the others
        for (int i = batch.moves.size() - 1; i >= 0; i--) {
            Move move = batch.moves.get(i);
            move.taken.unmark(move.gone());
            if (move.call == null || !giveUp && nanos - move.sinceNanos < LIMIT_NANOS) {
                if (alone) {
                    toTheEnd(move);
                } else {
                    queue.addFirst(move);
                }
                continue;
            }
            giveUp(move, why, over);
            Buffer key = move.key();
            if (key != null && key.length() > 0) {
                givenUp.add(key);
            }
        }
        if (!givenUp.isEmpty()) {
            queue.removeIf(move -> givenUp.contains(move.key()) && giveUp(move, why, over));
        }
        return over;
    }

    /** Its call is told so and may ask again; false where there is none: it stays. */
    private static boolean giveUp(Move move, Throwable why, List<SettleCall> over) {
        if (move.call == null) {
            return false;
        }
        move.taken.state = Taken.State.ON_ITS_WAY;
        if (move.call.oneOver(why)) {
            over.add(move.call);
        }
        return true;
    }

    /** With those of its key that come behind it: what is parked of a lane is always its beginning. */
    private void toTheEnd(Move move) {
        List<Move> together = new ArrayList<>();
        together.add(move);
        Buffer key = move.key();
        if (key != null && key.length() > 0) {
            queue.removeIf(each -> key.equals(each.key()) && together.add(each));
        }
        queue.addAll(together);
    }

    /** Those of partitions that are another's now are over. The calls that end with them. */
    List<SettleCall> dropDead() {
        List<SettleCall> over = new ArrayList<>();
        queue.removeIf(move -> {
            if (move.taken.holding.alive()) {
                return false;
            }
            SettleCall ended = over(move, null);
            if (ended != null) {
                over.add(ended);
            }
            return true;
        });
        return over;
    }

    /** All are over, with {@code why}. The calls that end with them. */
    List<SettleCall> close(Throwable why) {
        List<SettleCall> over = new ArrayList<>();
        for (Move move : queue) {
            SettleCall ended = over(move, why);
            if (ended != null) {
                over.add(ended);
            }
        }
        queue.clear();
        return over;
    }
}
