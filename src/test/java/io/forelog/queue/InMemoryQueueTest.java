package io.forelog.queue;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.model.AppendOutcome;
import io.vertx.core.Future;
import java.util.List;
import org.junit.jupiter.api.Test;

class InMemoryQueueTest extends QueueConformance {
    @Override
    protected Queue open(QueueSpec spec) {
        return new InMemoryQueue(spec, ticker);
    }

    @Override
    protected Queue crashAndReopen(Queue queue) {
        return ((InMemoryQueue) queue).crash();
    }

    @Override
    protected void ticked(Queue queue) {
        ((InMemoryQueue) queue).tick();
    }

    @Test
    void losesWhatWasNotFlushedOnACrash() throws Exception {
        InMemoryQueue queue = new InMemoryQueue(spec(1), ticker);
        await(queue.append(List.of(entries.immediate("kept"))));
        queue.manualFlush(true);
        Future<List<AppendOutcome>> unflushed = queue.append(List.of(entries.immediate("lost")));
        settle(queue, take(queue, 1), delivered());
        assertThat(unflushed.isComplete()).isFalse();
        InMemoryQueue next = queue.crash();
        assertThat(payloads(take(next, 10))).containsExactly("kept");
        assertThat(next.depth(1).ready()).isZero();
    }
}
