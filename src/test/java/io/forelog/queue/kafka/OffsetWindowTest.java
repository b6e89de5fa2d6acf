package io.forelog.queue.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class OffsetWindowTest {
    private static final int HEADER = 60;

    @Test
    void theWatermarkFollowsWhatIsSettledInOrder() {
        OffsetWindow window = read(new OffsetWindow(100), 100, 103);
        assertThat(window.settle(101, 1)).isTrue();
        assertThat(window.watermark()).isEqualTo(100);
        assertThat(window.runs()).containsExactly(Map.entry(101L, 102L));
        assertThat(window.settle(100, 1)).isTrue();
        assertThat(window.watermark()).isEqualTo(102);
        assertThat(window.runs()).isEmpty();
        assertThat(window.settle(100, 1)).as("a second time").isFalse();
        assertThat(window.taken()).isEqualTo(1);
    }

    @Test
    void whatIsNoRecordOfOursCountsAsSettledWhenItIsPassed() {
        OffsetWindow window = new OffsetWindow(0);
        window.read(2, 1);
        assertThat(window.watermark()).isEqualTo(2);
        window.passTo(5);
        assertThat(window.runs()).containsExactly(Map.entry(3L, 5L));
        window.settle(2, 1);
        assertThat(window.watermark()).as("behind the marker at the end").isEqualTo(5);
    }

    @Test
    void whatWasSettledInFormerTimesIsStillSettled() {
        OffsetWindow window = new OffsetWindow(10);
        window.restore(12, 20);
        window.read(10, 1);
        assertThat(window.isSettled(12)).isTrue();
        assertThat(window.isSettled(11)).isFalse();
        window.read(11, 1);
        window.settle(11, 1);
        window.settle(10, 1);
        assertThat(window.watermark()).isEqualTo(20);
        assertThat(window.next()).isEqualTo(20);
    }

    @Test
    void anAbortedTransactionPutsBackWhatItSettled() {
        OffsetWindow window = read(new OffsetWindow(0), 0, 10);
        for (int i = 0; i < 10; i++) {
            window.settle(i, 1);
        }
        assertThat(window.watermark()).isEqualTo(10);
        window.unsettle(7, 1);
        window.unsettle(3, 1);
        assertThat(window.watermark()).isEqualTo(3);
        assertThat(window.runs()).containsExactly(Map.entry(4L, 7L), Map.entry(8L, 10L));
        assertThat(window.taken()).isEqualTo(2);
        window.settle(3, 1);
        window.settle(7, 1);
        assertThat(window.watermark()).isEqualTo(10);
    }

    @Test
    void oneBlockedOffsetStopsTheTakingAtTheSpan() {
        OffsetWindow window = new OffsetWindow(0);
        window.read(0, 1);
        long offset = 1;
        while (window.mayRead(offset, 1, HEADER)) {
            window.read(offset, 1);
            window.settle(offset++, 1);
        }
        assertThat(offset).isEqualTo(OffsetWindow.SPAN_MAX);
        window.settle(0, 1);
        assertThat(window.mayRead(offset, 1, HEADER)).isTrue();
    }

    @Test
    void theBytesOnTheirWayAreBoundedButOneAlwaysGoes() {
        OffsetWindow window = new OffsetWindow(0);
        int huge = (int) OffsetWindow.BYTES_MAX + 1;
        assertThat(window.mayRead(0, huge, HEADER)).isTrue();
        window.read(0, huge);
        assertThat(window.mayRead(1, 1, HEADER)).isFalse();
        window.settle(0, huge);
        assertThat(window.mayRead(1, huge, HEADER)).isTrue();
    }

    /** In whatever order they are settled, taken back and passed: as a plain set of settled offsets says, and it can be committed. */
    @Property(tries = 300)
    void agreesWithAPlainSetAndAlwaysFitsIntoTheMetadata(
            @ForAll long seed, @ForAll @IntRange(min = 1, max = 100) int settledOfHundred) {
        Random random = new Random(seed);
        OffsetWindow window = new OffsetWindow(0);
        BitSet model = new BitSet();
        List<Integer> taken = new ArrayList<>();
        int next = 0;
        Books books = new Books();
        for (int step = 0; step < 4_000; step++) {
            int gap = random.nextInt(20) == 0 ? random.nextInt(400) : 0;
            if (random.nextInt(3) > 0 && window.mayRead(next + gap, 1, CommitMetadata.headerChars(books))) {
                model.set(next, next + gap);
                next += gap;
                window.read(next, 1);
                taken.add(next++);
            } else if (!taken.isEmpty() && random.nextInt(100) < settledOfHundred) {
                int which = taken.remove(random.nextInt(taken.size()));
                model.set(which);
                assertThat(window.settle(which, 1)).isTrue();
                if (random.nextInt(10) == 0) {
                    window.unsettle(which, 1);
                    model.clear(which);
                    taken.add(which);
                }
            }
        }
        assertThat(window.watermark()).isEqualTo(model.nextClearBit(0));
        assertThat(window.taken()).isEqualTo(taken.size());
        assertThat(window.runs()).isEqualTo(runsOf(model));
        for (int which : taken) { // the worst: every second of those on their way is settled now
            if (which % 2 == 0) {
                window.settle(which, 1);
            }
        }
        String text = CommitMetadata.encode(false, 7, books, window.watermark(), window.runs());
        assertThat(text.length()).isLessThanOrEqualTo(CommitMetadata.CHARS_MAX);
        assertThat(CommitMetadata.decode(text, window.watermark()).runs()).isEqualTo(window.runs());
    }

    private static Map<Long, Long> runsOf(BitSet model) {
        Map<Long, Long> runs = new TreeMap<>();
        int at = model.nextSetBit(model.nextClearBit(0));
        while (at >= 0) {
            int end = model.nextClearBit(at);
            runs.put((long) at, (long) end);
            at = model.nextSetBit(end);
        }
        return runs;
    }

    private static OffsetWindow read(OffsetWindow window, long from, long to) {
        for (long offset = from; offset < to; offset++) {
            window.read(offset, 1);
        }
        return window;
    }
}
