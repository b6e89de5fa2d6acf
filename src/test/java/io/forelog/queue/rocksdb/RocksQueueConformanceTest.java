package io.forelog.queue.rocksdb;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.model.Delivery;
import io.forelog.model.Entry;
import io.forelog.queue.ParkedKey;
import io.forelog.queue.Queue;
import io.forelog.queue.QueueConformance;
import io.forelog.queue.QueueSpec;
import io.forelog.queue.Verdict;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RocksQueueConformanceTest extends QueueConformance {
    private static Vertx vertx;

    @TempDir
    private Path folder;

    private final List<RocksNode> nodes = new ArrayList<>();

    @BeforeAll
    static void startVertx() {
        vertx = Vertx.vertx();
    }

    @AfterAll
    static void stopVertx() throws Exception {
        await(vertx.close());
    }

    @AfterEach
    void closeNodes() throws Exception {
        for (RocksNode node : nodes) {
            node.close();
        }
    }

    @Override
    protected Queue open(QueueSpec spec) throws Exception {
        RocksNode node = new RocksNode(vertx, folder.resolve("node-0"), ticker, Map.of());
        nodes.add(node);
        return node.open(spec);
    }

    @Override
    protected Queue crashAndReopen(Queue queue) throws Exception {
        return crashAndReopen(queue.spec());
    }

    private Queue crashAndReopen(QueueSpec spec) throws Exception {
        RocksNode dead = nodes.get(nodes.size() - 1);
        RocksNode next = dead.crashInto(folder.resolve("node-" + nodes.size()));
        nodes.add(next);
        return next.open(spec);
    }

    @Override
    protected void ticked(Queue queue) {
        RocksNode.wake(queue);
    }

    @Test
    void whatIsParkedIsDeliveredAlsoWhereOrderIsNoLongerWanted() throws Exception {
        Queue queue = open(ordered());
        await(queue.append(List.of(entries.keyed("k", "1"), entries.keyed("k", "2"))));
        settle(queue, takeAll(queue, 2), new Verdict.Park(0, null));
        queue = crashAndReopen(spec(1));
        assertThat(await(queue.parked(1, 9))).extracting(ParkedKey::key).containsExactly(Buffer.buffer("k"));
        List<Delivery> parked = await(queue.takeParked(1, Buffer.buffer("k"), 9));
        assertThat(payloads(parked)).containsExactly("1", "2");
        settle(queue, parked, delivered());
        assertThat(await(queue.tally()).routes().get(0).pending()).isZero();
    }

    @Test
    void anEntryForARouteThatIsNotKnownYetIsDeliveredOnceItIs() throws Exception {
        Queue queue = open(spec(1));
        Entry early = entries.routed("early", 1, 2);
        Entry delayed = entries.make("delayed", "", Duration.ofSeconds(1), null, 2);
        await(queue.append(List.of(early, delayed)));
        Entry again = entries.routed("again", 1);
        await(queue.append(List.of(again)));
        await(queue.readmit(List.of(again), 3));
        await(queue.update(spec(1, 2, 3)));
        List<Delivery> taken = await(queue.take(2, 9, 1 << 20));
        assertThat(payloads(taken)).containsExactly("early");
        List<Delivery> readmitted = await(queue.take(3, 9, 1 << 20));
        assertThat(payloads(readmitted)).containsExactly("again");
        settle(queue, taken, delivered());
        settle(queue, readmitted, delivered());
        turn(queue, Duration.ofSeconds(1));
        assertThat(payloads(await(queue.take(2, 9, 1 << 20)))).containsExactly("delayed");
        queue = crashAndReopen(spec(1, 2, 3));
        assertThat(payloads(await(queue.take(2, 9, 1 << 20)))).containsExactly("delayed");
        assertBalanced(queue);
    }
}
