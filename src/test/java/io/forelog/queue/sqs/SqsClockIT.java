package io.forelog.queue.sqs;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.model.AppendOutcome;
import io.forelog.model.Delivery;
import io.forelog.model.Durable;
import io.forelog.model.Entry;
import io.forelog.model.Ticker;
import io.forelog.queue.Entries;
import io.forelog.queue.InMemoryQueue;
import io.forelog.queue.QueueSpec;
import io.forelog.rig.backend.ElasticMq;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Two nodes on one queue of a real server whose clocks are apart: what one sends the other delivers, none of it early. */
@Timeout(120)
class SqsClockIT {
    private static final Duration DELAY = Duration.ofSeconds(4);
    private static final Duration APART = Duration.ofSeconds(10);

    private static final Duration FAR_BEHIND = Duration.ofHours(-1);

    private final Ticker right = Ticker.anchored();
    private final QueueSpec spec = SqsRig.own(InMemoryQueue.spec("orders", 1));

    @TempDir
    Path directory;

    private SqsRig rig;

    @BeforeEach
    void startRig() {
        rig = new SqsRig(ElasticMq.shared().endpoint().toString(), right, directory);
    }

    @AfterEach
    void closeRig() throws Exception {
        rig.close();
    }

    private Ticker offBy(Duration more) {
        return () -> right.micros() + more.toNanos() / 1_000;
    }

    /** How long it took from the call until it was there, by the clock that is right. */
    private Duration waited(Ticker accepts, Ticker delivers, Duration delay) throws Exception {
        SqsQueue writing = rig.open(spec, "writes", accepts);
        SqsQueue reading = rig.open(spec, "reads", delivers);
        Entries entries = new Entries(accepts, "orders");
        Entry entry = delay.isZero() ? entries.immediate("now") : entries.delayed("late", delay);
        long from = right.micros();
        List<AppendOutcome> outcomes = SqsRig.await(writing.append(List.of(entry)));
        assertThat(outcomes).extracting(AppendOutcome::durable).containsExactly(Durable.TRUE);
        List<Delivery> deliveries = List.of();
        while (deliveries.isEmpty()) {
            deliveries = SqsRig.await(reading.take(1, 10, 1 << 20));
        }
        assertThat(deliveries).extracting(delivery -> delivery.entry().id()).containsExactly(entry.id());
        return Duration.ofNanos((right.micros() - from) * 1_000);
    }

    @Test
    void aNodeThatIsAheadDeliversNothingEarly() throws Exception {
        assertThat(waited(right, offBy(APART), DELAY)).isGreaterThanOrEqualTo(DELAY);
    }

    @Test
    void whatANodeThatIsBehindAcceptedIsDeliveredByNobodyEarly() throws Exception {
        assertThat(waited(offBy(APART.negated()), right, DELAY)).isGreaterThanOrEqualTo(DELAY);
    }

    /** Held up, it would be beyond the test's time. */
    @Test
    void aNodeThatIsBehindHoldsUpNoDelay() throws Exception {
        assertThat(waited(right, offBy(FAR_BEHIND), DELAY)).isGreaterThanOrEqualTo(DELAY);
    }

    @Test
    void aNodeThatIsBehindDeliversAtOnceWhatIsDueAtOnce() throws Exception {
        assertThat(waited(right, offBy(FAR_BEHIND), Duration.ZERO)).isPositive();
    }
}
