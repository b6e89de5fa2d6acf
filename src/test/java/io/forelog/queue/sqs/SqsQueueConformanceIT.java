package io.forelog.queue.sqs;

import io.forelog.queue.Queue;
import io.forelog.queue.QueueConformance;
import io.forelog.queue.QueueSpec;
import io.forelog.rig.backend.ElasticMq;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What every queue must do, on a real SQS server; skipped is what SQS can't do and says so. */
@Timeout(120)
class SqsQueueConformanceIT extends QueueConformance {
    @TempDir
    Path directory;

    private SqsRig rig;

    @BeforeEach
    void startRig() {
        rig = new SqsRig(ElasticMq.shared().endpoint().toString(), ticker, directory);
    }

    @AfterEach
    void closeRig() throws Exception {
        rig.close();
    }

    @Override
    protected boolean takesInOrder() {
        return false;
    }

    @Override
    protected boolean keepsLanes() {
        return false;
    }

    @Override
    protected Queue open(QueueSpec spec) throws Exception {
        return rig.open(SqsRig.own(spec));
    }

    @Override
    protected Queue crashAndReopen(Queue queue) throws Exception {
        return rig.crashAndReopen(queue);
    }

    @Override
    protected void ticked(Queue queue) {
        ((SqsQueue) queue).look();
    }
}
