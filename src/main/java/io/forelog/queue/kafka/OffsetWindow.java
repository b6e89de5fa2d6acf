package io.forelog.queue.kafka;

import java.util.Map;
import java.util.TreeMap;

/**
 * What is settled of one partition: the watermark, below which everything is, and the runs of settled offsets above it.
 * Offsets that are no record of ours (transaction markers, records of other routes, what was aborted) are settled when they are
 * passed. Owned by whoever owns the partition's reader, under its lock. Bounded by who hands out: {@link #mayRead} says
 * when nothing more may be taken, so that {@link CommitMetadata} always fits.
 */
final class OffsetWindow {
    /** Metadata of this length: nothing more is taken. */
    static final int CHARS_STOP = 2_400;
    /** Most offsets between the watermark and what was read. */
    static final long SPAN_MAX = 20_000;
    /** Most bytes read and not settled. */
    static final long BYTES_MAX = 16L << 20;

    /** What one more taken delivery can add: a run and a gap of one byte each in base64, rounded up. */
    private static final int CHARS_A_RUN = 3;
    /** What all taken ones together may come to: leaves room for lengths that outgrow their byte. */
    private static final int CHARS_WORST = 2_750;

    private final TreeMap<Long, Long> runs = new TreeMap<>();
    private long watermark;
    private long next;
    private int taken;
    private long takenBytes;

    /** Nothing above {@code watermark} is settled, nothing is read. */
    OffsetWindow(long watermark) {
        this.watermark = watermark;
        this.next = watermark;
    }

    long watermark() {
        return watermark;
    }

    /** The offset behind the last one that was read. */
    long next() {
        return next;
    }

    /** Start (inclusive) to end (exclusive), ascending, apart from each other and above the watermark. Not to be changed. */
    Map<Long, Long> runs() {
        return runs;
    }

    /** How many were read and are not settled. */
    int taken() {
        return taken;
    }

    /** A run known from former times: from inclusive, to exclusive. */
    void restore(long from, long to) {
        if (to > from && to > watermark) {
            add(Math.max(from, watermark), to);
        }
    }

    /** The next one to take lies at {@code offset}: whether the window has room for it. */
    boolean mayRead(long offset, int bytes, int headerChars) {
        if (taken == 0) {
            return true;
        }
        if (offset - watermark >= SPAN_MAX || takenBytes + bytes > BYTES_MAX) {
            return false;
        }
        int worst = headerChars + (taken + 1 + runs.size()) * CHARS_A_RUN;
        if (worst <= CHARS_STOP) {
            return true;
        }
        int chars = headerChars + CommitMetadata.runChars(watermark, runs);
        return chars <= CHARS_STOP && chars + (taken + 1) * CHARS_A_RUN <= CHARS_WORST;
    }

    /** The record at {@code offset} is taken; what lies between {@link #next} and it counts as settled. */
    void read(long offset, int bytes) {
        passTo(offset);
        next = offset + 1;
        taken++;
        takenBytes += bytes;
    }

    /** All up to {@code position} (exclusive) that was not read is no record of ours: settled. */
    void passTo(long position) {
        if (position > next) {
            add(next, position);
            next = position;
        }
    }

    boolean isSettled(long offset) {
        if (offset < watermark) {
            return true;
        }
        Map.Entry<Long, Long> run = runs.floorEntry(offset);
        return run != null && offset < run.getValue();
    }

    /** How many from the watermark up to {@code to} (exclusive) are not settled. */
    long unsettled(long to) {
        long count = Math.max(0, to - watermark);
        for (Map.Entry<Long, Long> run : runs.headMap(to).entrySet()) {
            count -= Math.min(to, run.getValue()) - run.getKey();
        }
        return count;
    }

    /** A taken one is settled, of the {@code bytes} it was read with; false where it was before. */
    boolean settle(long offset, int bytes) {
        if (isSettled(offset)) {
            return false;
        }
        add(offset, offset + 1);
        taken--;
        takenBytes -= bytes;
        return true;
    }

    /** Takes a {@link #settle} back: the transaction that it was part of is aborted. */
    void unsettle(long offset, int bytes) {
        taken++;
        takenBytes += bytes;
        if (offset < watermark) {
            if (offset + 1 < watermark) {
                put(offset + 1, watermark);
            }
            watermark = offset;
            return;
        }
        Map.Entry<Long, Long> run = runs.floorEntry(offset);
        if (run == null || offset >= run.getValue()) {
            throw new IllegalStateException("offset " + offset + " is not settled");
        }
        runs.remove(run.getKey());
        if (run.getKey() < offset) {
            runs.put(run.getKey(), offset);
        }
        if (offset + 1 < run.getValue()) {
            runs.put(offset + 1, run.getValue());
        }
    }

    private void add(long from, long to) {
        if (from <= watermark) {
            watermark = Math.max(watermark, to);
            Map.Entry<Long, Long> first = runs.firstEntry();
            while (first != null && first.getKey() <= watermark) {
                watermark = Math.max(watermark, first.getValue());
                runs.pollFirstEntry();
                first = runs.firstEntry();
            }
            next = Math.max(next, watermark);
        } else {
            put(from, to);
        }
    }

    private void put(long from, long to) {
        long start = from;
        long end = to;
        Map.Entry<Long, Long> before = runs.floorEntry(from);
        if (before != null && before.getValue() >= from) {
            start = before.getKey();
            end = Math.max(end, before.getValue());
        }
        Map.Entry<Long, Long> after = runs.ceilingEntry(start);
        while (after != null && after.getKey() <= end) {
            end = Math.max(end, after.getValue());
            runs.remove(after.getKey());
            after = runs.ceilingEntry(start);
        }
        runs.put(start, end);
    }
}
