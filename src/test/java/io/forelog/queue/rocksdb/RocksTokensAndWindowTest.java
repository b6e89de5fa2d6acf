package io.forelog.queue.rocksdb;

import static io.forelog.queue.rocksdb.RocksNode.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.model.AppendOutcome;
import io.forelog.model.Delivery;
import io.forelog.model.Entry;
import io.forelog.queue.Entries;
import io.forelog.queue.HandTicker;
import io.forelog.queue.InMemoryQueue;
import io.forelog.queue.Queue;
import io.forelog.queue.Settlement;
import io.forelog.queue.Verdict;
import io.vertx.core.Vertx;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How long a token is known, and what is settled out of order behind what is not. */
class RocksTokensAndWindowTest {
    private static final long MANY_BYTES = 64L << 20;
    private static Vertx vertx;

    @TempDir
    private Path folder;

    private final HandTicker ticker = new HandTicker();
    private final Entries entries = new Entries(ticker, "orders");
    private final List<RocksNode> nodes = new ArrayList<>();
    private Queue queue;

    @BeforeAll
    static void startVertx() {
        vertx = Vertx.vertx();
    }

    @AfterAll
    static void stopVertx() throws Exception {
        await(vertx.close());
    }

    @BeforeEach
    void open() throws Exception {
        nodes.add(new RocksNode(vertx, folder.resolve("node"), ticker, Map.of()));
        queue = nodes.get(0).open(InMemoryQueue.spec("orders", 1));
    }

    @AfterEach
    void close() throws Exception {
        for (RocksNode node : nodes) {
            await(node.medium.close());
        }
    }

    private AppendOutcome write(String payload) throws Exception {
        return await(queue.append(List.of(entries.tokened(payload, "token")))).get(0);
    }

    @Test
    void aTokenIsKnownForADayAndForgottenAfterTwo() throws Exception {
        AppendOutcome first = write("a");
        ticker.turn(Duration.ofHours(24));
        assertThat(write("a").id()).isEqualTo(first.id());
        ticker.turn(Duration.ofHours(24));
        AppendOutcome anew = write("b");
        assertThat(anew.id()).isNotEqualTo(first.id());
        assertThat(anew.duplicate()).isFalse();
        assertThat(write("b").id()).isEqualTo(anew.id());
    }

    @Test
    void everySecondOfManySettledIsNotRepeatedAfterACrashAndTheOthersAre() throws Exception {
        int count = 50_000;
        for (int i = 0; i < count; i += 1_000) {
            List<Entry> group = new ArrayList<>();
            for (int j = 0; j < 1_000; j++) {
                group.add(entries.immediate(Integer.toString(i + j)));
            }
            await(queue.append(group));
        }
        List<Delivery> taken = take(count);
        List<Settlement> settled = new ArrayList<>();
        for (Delivery delivery : taken) {
            if (number(delivery) % 2 == 1) {
                settled.add(new Settlement(delivery, new Verdict.Delivered(ticker.micros())));
            }
        }
        await(queue.settle(settled));

        RocksNode next = nodes.get(0).crashInto(folder.resolve("next"));
        nodes.add(next);
        queue = next.open(InMemoryQueue.spec("orders", 1));
        Set<Integer> again = new HashSet<>();
        take(count / 2).forEach(delivery -> again.add(number(delivery)));
        assertThat(again).hasSize(count / 2).allMatch(number -> number % 2 == 0);
        assertThat(await(queue.tally()).routes().get(0).balanced()).isTrue();
        assertThat(queue.depth(1).ready()).isZero();
    }

    private List<Delivery> take(int count) throws Exception {
        List<Delivery> all = new ArrayList<>();
        while (all.size() < count) {
            all.addAll(await(queue.take(1, count - all.size(), MANY_BYTES)));
        }
        return all;
    }

    private static int number(Delivery delivery) {
        return Integer.parseInt(delivery.entry().payload().toString());
    }
}
