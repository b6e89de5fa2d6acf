package io.forelog.queue.rocksdb;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.model.Entry;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class TailCacheTest {
    private static final int CHUNK = 100;

    /** Of 20 tails each may hold 5 chunks and a bit. */
    private final TailCache.Budget budget = new TailCache.Budget(103 * CHUNK);

    @Test
    void aTailTakesAQuarterAndNoMore() {
        TailCache tail = filled(new TailCache(budget), 0, 50);

        assertThat(held(tail, 50)).containsExactlyElementsOf(sequences(0, 25));
    }

    @Test
    void manyThatLagLeaveOneAnotherWhatTheyHold() {
        List<TailCache> lagging =
                Stream.generate(() -> new TailCache(budget)).limit(20).toList();
        for (int round = 0; round < 50; round++) {
            for (TailCache tail : lagging) {
                tail.add(chunk(round));
            }
        }

        assertThat(lagging).allSatisfy(tail -> assertThat(held(tail, 50)).containsExactlyElementsOf(sequences(0, 5)));
    }

    @Test
    void aTailMayHoldOneChunkWhateverItsSize() {
        TailCache tail = new TailCache(budget);
        tail.add(new LogChunk(0, 1, 0, false, new Entry[1], new long[0], 50 * CHUNK, Map.of()));

        assertThat(tail.find(0)).isNotNull();
    }

    @Test
    void whoKeepsUpFindsRoomBesideThoseWhoLag() {
        for (int i = 0; i < 4; i++) {
            filled(new TailCache(budget), 0, 50);
        }
        TailCache keepsUp = new TailCache(budget);
        for (int at = 0; at < 1_000; at++) {
            keepsUp.add(chunk(at));
            assertThat(keepsUp.find(at)).isNotNull();
            keepsUp.dropBelow(at + 1);
        }
    }

    @Test
    void whatIsDroppedMakesRoom() {
        TailCache tail = filled(new TailCache(budget), 0, 25);
        tail.dropBelow(10);

        assertThat(held(filled(tail, 25, 50), 50)).containsExactlyElementsOf(sequences(10, 35));
    }

    private static TailCache filled(TailCache tail, int from, int to) {
        IntStream.range(from, to).forEach(at -> tail.add(chunk(at)));
        return tail;
    }

    private static List<Long> held(TailCache tail, int to) {
        return sequences(0, to).stream().filter(at -> tail.find(at) != null).toList();
    }

    private static List<Long> sequences(int from, int to) {
        return IntStream.range(from, to).mapToObj(at -> (long) at).toList();
    }

    private static LogChunk chunk(long at) {
        return new LogChunk(at, 1, 0, false, new Entry[1], new long[0], CHUNK, Map.of());
    }
}
