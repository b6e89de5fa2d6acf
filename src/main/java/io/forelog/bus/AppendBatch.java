package io.forelog.bus;

import io.forelog.model.Entry;
import java.util.List;

/**
 * Edge to QueuePump: the writes of one event-loop tick for one namespace. Answered by {@link AppendReply}.
 *
 * @param sentMicros between nodes: when it was sent, by the clock of the node that took the entries in; else 0
 */
public record AppendBatch(String namespace, List<Entry> entries, long sentMicros) {
    /** So far clocks, and what a message takes, may be apart before it counts for what is due at once, or too late. */
    private static final long GUARD_MICROS = 250_000L;

    /** Within a node. */
    public AppendBatch(String namespace, List<Entry> entries) {
        this(namespace, entries, 0);
    }

    /** On its way to another node. */
    public AppendBatch sentAt(long nowMicros) {
        return new AppendBatch(namespace, entries, nowMicros);
    }

    /**
     * The entries by the clock of the node that got them, which says {@code nowMicros}: where that one's and the sender's are apart,
     * their times are moved by as much, and by what the message took on its way: a delay is never shorter than was asked for.
     */
    public List<Entry> entriesAt(long nowMicros) {
        long apart = nowMicros - sentMicros;
        boolean far = Math.abs(apart) > GUARD_MICROS;
        return sentMicros == 0 || apart <= 0 && !far
                ? entries
                : entries.stream()
                        .map(entry -> far || entry.delayed() ? entry.byClockAhead(apart) : entry)
                        .toList();
    }
}
