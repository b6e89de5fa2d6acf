package io.forelog.queue.rocksdb;

import java.util.HashMap;
import java.util.Map;

/**
 * Which sequences of the log have nothing left to do for one route, above a watermark below which none has. A bit each
 * in pages of 4096; pages below the watermark are dropped. Owned by the committer thread; bounded by the
 * distance from watermark to the end of the log, an eighth of a byte each.
 */
final class Settled {
    private static final int PAGE_WORDS = 1 << Keys.BUCKET_BITS - 6;
    private static final int PAGE_MASK = (1 << Keys.BUCKET_BITS) - 1;

    private final Map<Long, long[]> pages = new HashMap<>();
    private long watermark;
    private long lastPage = -1;
    private long[] last = new long[0];

    Settled(long watermark) {
        this.watermark = watermark;
    }

    long watermark() {
        return watermark;
    }

    boolean contains(long sequence) {
        if (sequence < watermark) {
            return true;
        }
        long number = sequence >>> Keys.BUCKET_BITS;
        long[] page = number == lastPage ? last : pages.get(number);
        return page != null && (page[(int) (sequence & PAGE_MASK) >> 6] >>> sequence & 1) != 0;
    }

    void add(long sequence) {
        if (sequence >= watermark) {
            page(sequence >>> Keys.BUCKET_BITS)[(int) (sequence & PAGE_MASK) >> 6] |= 1L << sequence;
        }
    }

    private long[] page(long number) {
        if (number != lastPage) {
            last = pages.computeIfAbsent(number, n -> new long[PAGE_WORDS]);
            lastPage = number;
        }
        return last;
    }

    /** Moves over all that is settled without a hole, at most to {@code limit}. True where it moved. */
    boolean advance(long limit) {
        long from = watermark;
        while (watermark < limit) {
            long[] page = pages.get(watermark >>> Keys.BUCKET_BITS);
            if (page == null) {
                break;
            }
            long word = page[(int) (watermark & PAGE_MASK) >> 6] >>> watermark;
            int run = Long.numberOfTrailingZeros(~word);
            int left = 64 - (int) (watermark & 63);
            watermark = Math.min(limit, watermark + Math.min(run, left));
            if ((watermark & PAGE_MASK) == 0 && watermark > from) {
                drop((watermark >>> Keys.BUCKET_BITS) - 1);
            }
            if (run < left) {
                break;
            }
        }
        return watermark > from;
    }

    private void drop(long number) {
        pages.remove(number);
        if (number == lastPage) {
            lastPage = -1;
        }
    }

    /** How many of the range are settled. */
    int count(long from, long to) {
        int count = 0;
        for (long sequence = from; sequence < to; sequence++) {
            count += contains(sequence) ? 1 : 0;
        }
        return count;
    }
}
