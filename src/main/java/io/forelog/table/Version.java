package io.forelog.table;

/**
 * What decides between two writes of one item: the larger wins. Immutable.
 *
 * @param micros the time of the original write, microseconds since the epoch
 * @param sequence breaks ties: made of the entry's id, and smaller, the position in the log, in items that older releases wrote
 */
public record Version(long micros, long sequence) implements Comparable<Version> {
    /** Smaller than that of any write. */
    public static final Version NONE = new Version(Long.MIN_VALUE, Long.MIN_VALUE);

    @Override
    public int compareTo(Version other) {
        int byTime = Long.compare(micros, other.micros);
        return byTime != 0 ? byTime : Long.compare(sequence, other.sequence);
    }
}
