package io.forelog.bus;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.model.Entry;
import io.forelog.model.Ticker;
import io.forelog.queue.Entries;
import io.vertx.core.buffer.Buffer;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class AppendBatchTest {
    private static final long NOW = 1_000_000_000_000_000L;
    private static final Ticker TICKER = () -> NOW;
    private static final long SECOND = 1_000_000L;

    private final Entry entry = new Entries(TICKER, "ns").delayed("late", Duration.ofSeconds(3));
    private final AppendBatch batch = new AppendBatch("ns", List.of(entry));

    private Entry at(long ownersNow) {
        return batch.sentAt(NOW).entriesAt(ownersNow).get(0);
    }

    @Test
    void whatANodeThatIsAheadGetsIsDueLaterByItsClock() {
        Entry moved = at(NOW + 10 * SECOND);
        assertThat(moved.dueMicros()).isEqualTo(NOW + 13 * SECOND);
        assertThat(moved.acceptedMicros()).isEqualTo(NOW + 10 * SECOND);
        assertThat(moved.id()).isEqualTo(entry.id());
    }

    @Test
    void whatANodeThatIsBehindGetsIsNoLaterForIt() {
        assertThat(at(NOW - 10 * SECOND).dueMicros()).isEqualTo(NOW - 7 * SECOND);
    }

    @Test
    void aClockThatIsALittleAheadMovesWhatIsDelayedAndNothingElse() {
        assertThat(at(NOW + SECOND / 10).dueMicros()).isEqualTo(NOW + 3 * SECOND + SECOND / 10);
        AppendBatch immediate = new AppendBatch("ns", List.of(new Entries(TICKER, "ns").immediate("now")));
        assertThat(immediate.sentAt(NOW).entriesAt(NOW + SECOND / 10).get(0))
                .isSameAs(immediate.entries().get(0));
    }

    @Test
    void clocksThatAgreeAndSendersThatSayNothingMoveNothing() {
        assertThat(at(NOW)).isSameAs(entry);
        assertThat(at(NOW - SECOND / 4)).isSameAs(entry);
        assertThat(batch.entriesAt(NOW + 10 * SECOND)).containsExactly(entry);
    }

    @Test
    void anEntryWithoutAnEndStaysWithoutOne() {
        assertThat(at(NOW + 10 * SECOND).expiresMicros()).isZero();
    }

    @Test
    void theTimeOfSendingCrosses() {
        Buffer wire = Buffer.buffer();
        BusWire.writeAppendBatch(wire, batch.sentAt(NOW));
        assertThat(BusWire.readAppendBatch(0, wire)).isEqualTo(batch.sentAt(NOW));
    }
}
