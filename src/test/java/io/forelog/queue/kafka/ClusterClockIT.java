package io.forelog.queue.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.model.AppendOutcome;
import io.forelog.model.Delivery;
import io.forelog.model.Durable;
import io.forelog.model.Entry;
import io.forelog.model.Ticker;
import io.forelog.queue.Entries;
import io.forelog.queue.InMemoryQueue;
import io.forelog.queue.Queue;
import io.forelog.queue.QueueMedium;
import io.forelog.queue.QueueSpec;
import io.forelog.rig.backend.KafkaCluster;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Two nodes on a real broker whose clocks are apart: what one accepts the other releases, none of it early. */
@Timeout(120)
class ClusterClockIT {
    private static final Duration DELAY = Duration.ofSeconds(8);
    private static final Duration APART = Duration.ofSeconds(10);

    private final Ticker right = Ticker.anchored();
    private final KafkaCluster kafka = KafkaCluster.shared(1);

    @TempDir
    Path directory;

    private KafkaRig rig;
    private QueueSpec spec;

    @BeforeEach
    void startRig() {
        rig = new KafkaRig(kafka.bootstrap(), right, directory);
        spec = rig.own(InMemoryQueue.spec("any", 1));
    }

    @AfterEach
    void closeRig() throws Exception {
        rig.close();
    }

    private Ticker offBy(Duration more) {
        return () -> right.micros() + more.toNanos() / 1_000;
    }

    private QueueMedium node(String name, Ticker clock) throws Exception {
        return rig.medium(rig.name() + name, clock, Files.createDirectories(directory.resolve(name)));
    }

    /** How long it took from the call until it was there, by the clock that is right. */
    private Duration waited(Ticker accepts, Ticker releases) throws Exception {
        QueueMedium first = node("a", accepts);
        Queue writing = KafkaRig.await(first.open(spec));
        Queue reading = KafkaRig.await(node("b", releases).open(spec));
        Entry entry = new Entries(accepts, rig.name()).delayed("late", DELAY);
        long from = right.micros();
        List<AppendOutcome> outcomes = KafkaRig.await(writing.append(List.of(entry)));
        assertThat(outcomes).extracting(AppendOutcome::durable).containsExactly(Durable.TRUE);
        KafkaRig.await(first.close()); // what waits is the other's to release
        List<Delivery> deliveries = List.of();
        while (deliveries.isEmpty()) {
            deliveries = KafkaRig.await(reading.take(1, 10, 1 << 20));
        }
        assertThat(deliveries).extracting(delivery -> delivery.entry().id()).containsExactly(entry.id());
        return Duration.ofNanos((right.micros() - from) * 1_000);
    }

    @Test
    void aNodeThatIsAheadReleasesNothingEarly() throws Exception {
        assertThat(waited(right, offBy(APART))).isGreaterThanOrEqualTo(DELAY);
    }

    @Test
    void whatANodeThatIsBehindAcceptedIsReleasedByNobodyEarly() throws Exception {
        assertThat(waited(offBy(APART.negated()), right)).isGreaterThanOrEqualTo(DELAY);
    }
}
