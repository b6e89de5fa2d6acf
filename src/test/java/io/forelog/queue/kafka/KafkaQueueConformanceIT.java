package io.forelog.queue.kafka;

import io.forelog.queue.HandTicker;
import io.forelog.queue.Queue;
import io.forelog.queue.QueueConformance;
import io.forelog.queue.QueueDepth;
import io.forelog.queue.QueueSpec;
import io.forelog.rig.backend.KafkaCluster;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What every queue must do, on a real broker; skipped is what Kafka can't do and says so. */
@Timeout(120)
class KafkaQueueConformanceIT extends QueueConformance {
    @TempDir
    Path directory;

    private KafkaRig rig;

    /** The broker stamps records by its own clock, and a range is found by that: the hand begins where it stands. */
    @BeforeEach
    void startRig() {
        ticker.turnMicros(System.currentTimeMillis() * 1_000 - HandTicker.START);
        rig = new KafkaRig(KafkaCluster.shared(1).bootstrap(), ticker, directory);
    }

    @AfterEach
    void closeRig() throws Exception {
        rig.close();
    }

    @Override
    protected boolean takesInOrder() {
        return false;
    }

    /** What others' reads and the tiers hold is known from the last count. */
    @Override
    protected QueueDepth depth(Queue queue) throws Exception {
        await(queue.tally());
        return queue.depth(1);
    }

    @Override
    protected Queue open(QueueSpec spec) throws Exception {
        return rig.open(rig.own(spec));
    }

    @Override
    protected Queue crashAndReopen(Queue queue) throws Exception {
        return rig.crashAndReopen((KafkaQueue) queue);
    }

    @Override
    protected void ticked(Queue queue) {
        // who waits on Kafka looks by itself
    }
}
