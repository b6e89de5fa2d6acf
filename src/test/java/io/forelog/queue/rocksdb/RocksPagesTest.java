package io.forelog.queue.rocksdb;

import static io.forelog.queue.rocksdb.RocksNode.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.model.Delivery;
import io.forelog.model.ErrorCode;
import io.forelog.model.Failure;
import io.forelog.queue.DeadLetter;
import io.forelog.queue.DeadLetterCursor;
import io.forelog.queue.Entries;
import io.forelog.queue.HandTicker;
import io.forelog.queue.InMemoryQueue;
import io.forelog.queue.LogEntry;
import io.forelog.queue.LogRange;
import io.forelog.queue.Page;
import io.forelog.queue.Queue;
import io.forelog.queue.Settlement;
import io.forelog.queue.Verdict;
import io.vertx.core.Vertx;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Pages of large entries hold few of them, and leave none out. */
class RocksPagesTest {
    private static final int LARGE = 6 << 20;
    private static final int COUNT = 7;

    @TempDir
    private Path folder;

    private final Vertx vertx = Vertx.vertx();
    private final HandTicker ticker = new HandTicker();
    private final List<String> ids = new ArrayList<>();
    private RocksNode node;
    private Queue queue;

    @BeforeEach
    void write() throws Exception {
        node = new RocksNode(vertx, folder, ticker, Map.of());
        queue = node.open(InMemoryQueue.spec("orders", 1, 2));
        Entries entries = new Entries(ticker, "orders");
        for (int i = 0; i < COUNT; i++) {
            ticker.turn(Duration.ofMillis(1));
            ids.add(await(queue.append(List.of(entries.routed("x".repeat(LARGE), 1, 2))))
                    .get(0)
                    .id()
                    .toString());
        }
    }

    @AfterEach
    void close() throws Exception {
        node.close();
        await(vertx.close());
    }

    @Test
    void ofDeadLetters() throws Exception {
        for (int route = 1; route <= 2; route++) {
            for (int taken = 0; taken < COUNT; ) {
                List<Delivery> some = await(queue.take(route, 1, 1L << 30));
                taken += some.size();
                ticker.turn(Duration.ofMillis(1));
                Failure failure = new Failure(ticker.micros(), ErrorCode.TARGET_REJECTED, "no");
                await(queue.settle(some.stream()
                        .map(each -> new Settlement(each, new Verdict.Dead(failure)))
                        .toList()));
            }
        }
        List<String> seen = new ArrayList<>();
        String cursor = "";
        do {
            Page<DeadLetter> page = await(queue.deadLetters(new DeadLetterCursor(-1, cursor), 200));
            assertThat(page.items()).hasSizeLessThanOrEqualTo(3).isNotEmpty();
            page.items().forEach(letter -> seen.add(letter.entry().id().toString()));
            cursor = page.cursor();
        } while (!cursor.isEmpty());
        List<String> twice = new ArrayList<>(ids);
        twice.addAll(ids);
        assertThat(seen).isEqualTo(twice);
    }

    @Test
    void ofTheLog() throws Exception {
        List<String> seen = new ArrayList<>();
        String cursor = "";
        do {
            Page<LogEntry> page = await(queue.read(new LogRange(0, ticker.micros() + 1), cursor, 200));
            assertThat(page.items()).hasSizeLessThanOrEqualTo(3);
            page.items().forEach(each -> seen.add(each.entry().id().toString()));
            cursor = page.cursor();
        } while (!cursor.isEmpty());
        assertThat(seen).isEqualTo(ids);
    }
}
