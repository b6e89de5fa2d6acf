package io.forelog.queue.rocksdb;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The next timers of one route in memory; those behind its edge are in the database alone and come by refills, read by
 * another thread. Whatever is added or removed while one is on its way is noted, and applied to what it brings. Owned by
 * the committer thread; bounded by count and bytes.
 *
 * <p>Invariant: every unclaimed timer up to the edge is in {@code next}.
 */
final class TimerWindow {
    static final int MOST = 2_048;
    static final int MOST_BYTES = 2 << 20;
    private static final int REFILL_BELOW = MOST / 4;

    private final TreeMap<Key, Timer> next = new TreeMap<>();
    private final Map<Long, Timer> claimed = new HashMap<>();
    private long edgeDue;
    private long edgeSequence;
    private boolean whole;
    private long bytes;
    /** While a refill is on its way: what happened to a key last; empty = it left the database. */
    private @Nullable Map<Key, Optional<Timer>> meanwhile;

    private record Key(long due, long sequence) implements Comparable<Key> {
        @Override
        public int compareTo(Key other) {
            int byDue = Long.compare(due, other.due);
            return byDue != 0 ? byDue : Long.compare(sequence, other.sequence);
        }
    }

    /** {@code head}: no timer is due before it. */
    TimerWindow(long head) {
        edgeDue = head;
        edgeSequence = -1;
    }

    void add(Timer timer) {
        note(timer.due(), timer.sequence(), Optional.of(timer));
        if (whole || !timer.isBehind(edgeDue, edgeSequence)) {
            put(timer);
            trim();
        }
    }

    private void note(long due, long sequence, Optional<Timer> what) {
        if (meanwhile != null) {
            meanwhile.put(new Key(due, sequence), what);
        }
    }

    private void put(Timer timer) {
        if (next.put(new Key(timer.due(), timer.sequence()), timer) == null) {
            bytes += weight(timer);
        }
    }

    private static long weight(Timer timer) {
        return timer.storedBytes() + 256L;
    }

    private void trim() {
        while (next.size() > MOST || bytes > MOST_BYTES && next.size() > 1) {
            Map.Entry<Key, Timer> last = next.pollLastEntry();
            bytes -= weight(last.getValue());
            note(last.getKey().due(), last.getKey().sequence(), Optional.of(last.getValue()));
            whole = false;
            edgeDue = next.lastKey().due();
            edgeSequence = next.lastKey().sequence();
        }
    }

    /** It left the database otherwise than by a claim. */
    void remove(long due, long sequence) {
        Timer gone = next.remove(new Key(due, sequence));
        if (gone != null) {
            bytes -= weight(gone);
        }
        note(due, sequence, Optional.empty());
    }

    @Nullable
    Timer peek() {
        return next.isEmpty() ? null : next.firstEntry().getValue();
    }

    /** Takes what {@link #peek} answered. */
    Timer claim() {
        Timer first = next.pollFirstEntry().getValue();
        bytes -= weight(first);
        claimed.put(first.sequence(), first);
        return first;
    }

    boolean isClaimed(long sequence) {
        return claimed.containsKey(sequence);
    }

    /** The claim ends and the timer leaves the database. Null where there is no such claim. */
    @Nullable
    Timer release(long due, long sequence) {
        Timer timer = claimed.get(sequence);
        if (timer == null || timer.due() != due) {
            return null;
        }
        claimed.remove(sequence);
        note(due, sequence, Optional.empty());
        return timer;
    }

    int claims() {
        return claimed.size();
    }

    /** Nothing before this due time is known to be missing from memory. */
    long knownUntil() {
        return whole ? Long.MAX_VALUE : edgeDue;
    }

    boolean wantsRefill() {
        return !whole && meanwhile == null && next.size() < REFILL_BELOW && bytes < MOST_BYTES / 2;
    }

    long edgeDue() {
        return edgeDue;
    }

    long edgeSequence() {
        return edgeSequence;
    }

    void refillBegins() {
        meanwhile = new HashMap<>();
    }

    /** What a refill read behind the edge; {@code end}: there was no more. */
    void refilled(List<Timer> read, boolean end) {
        Map<Key, Optional<Timer>> notes = meanwhile == null ? Map.of() : meanwhile;
        meanwhile = null;
        read.forEach(this::putUnlessClaimed);
        if (end) {
            whole = true;
        } else if (!read.isEmpty()) {
            edgeDue = read.get(read.size() - 1).due();
            edgeSequence = read.get(read.size() - 1).sequence();
        }
        notes.forEach((key, timer) -> {
            if (timer.isEmpty()) {
                Timer gone = next.remove(key);
                bytes -= gone == null ? 0 : weight(gone);
            } else if (whole || !timer.get().isBehind(edgeDue, edgeSequence)) {
                putUnlessClaimed(timer.get());
            }
        });
        trim();
    }

    private void putUnlessClaimed(Timer timer) {
        if (!claimed.containsKey(timer.sequence())) {
            put(timer);
        }
    }

    /** How many in memory are due. */
    long due(long nowMicros) {
        return next.headMap(new Key(nowMicros, Long.MAX_VALUE), true).size();
    }

    /** No timer, claimed or not, is due before it; {@code Long.MAX_VALUE} where there is none. */
    long head() {
        long head = next.isEmpty() ? knownUntil() : Math.min(next.firstKey().due(), knownUntil());
        for (Timer timer : claimed.values()) {
            head = Math.min(head, timer.due());
        }
        return head;
    }
}
