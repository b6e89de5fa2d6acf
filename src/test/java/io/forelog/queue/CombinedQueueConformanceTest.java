package io.forelog.queue;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.model.Delivery;
import io.vertx.core.Future;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Two queues must be one: immediate entries in the one, delays and retries in the other; with order, an old and a new one. */
class CombinedQueueConformanceTest extends QueueConformance {
    private final Map<Queue, CombinedRig> rigs = new HashMap<>();

    @Override
    protected Queue open(QueueSpec spec) {
        return keep(
                spec.ordered()
                        ? new CombinedRig(spec, ticker, CombinedRig.NOTHING, CombinedRig.ALL)
                        : new CombinedRig(spec, ticker, CombinedRig.NOW, CombinedRig.LATER));
    }

    private Queue keep(CombinedRig rig) {
        rigs.put(rig.queue, rig);
        return rig.queue;
    }

    @Override
    protected Queue crashAndReopen(Queue queue) {
        CombinedRig rig = rigs.get(queue);
        rig.flush();
        return keep(rig.crash());
    }

    /** With order a demand looks first, by a timer, whether the old queue is empty. */
    @Override
    protected List<Delivery> take(Queue queue, int max) throws Exception {
        Future<List<Delivery>> taken = queue.take(1, max, 64L << 20);
        rigs.get(queue).ring();
        return await(taken);
    }

    /** Queue by queue; each entry once. */
    @Test
    @Override
    void theLogIsReadAgainByTimeAndReadmitted() throws Exception {
        Queue queue = open(spec(1));
        LogRange range = new LogRange(ticker.micros(), ticker.micros() + 60_000_000);
        await(queue.append(List.of(entries.immediate("a"), entries.delayed("b", Duration.ofSeconds(1)))));
        await(queue.append(List.of(entries.immediate("c"))));
        List<Delivery> taken = takeAll(queue, 2);
        settle(queue, taken, new Verdict.Retry(ticker.micros() + 1_000, failure("moves")));
        List<String> read = new ArrayList<>();
        String cursor = "";
        do {
            Page<LogEntry> page = await(queue.read(range, cursor, 1));
            page.items().forEach(one -> read.add(one.entry().payload().toString()));
            cursor = page.cursor();
        } while (!cursor.isEmpty());
        assertThat(read).containsExactly("a", "c", "b");
        await(queue.readmit(List.of(taken.get(0).entry()), 1));
        assertThat(payloads(take(queue, 9))).containsExactly("a");
        assertBalanced(queue);
    }

    @Override
    protected void ticked(Queue queue) {
        rigs.get(queue).tick();
    }
}
