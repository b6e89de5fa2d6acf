package io.forelog.queue.rocksdb;

import static io.forelog.queue.rocksdb.RocksNode.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.model.Delivery;
import io.forelog.model.Entry;
import io.forelog.model.ErrorCode;
import io.forelog.model.Failure;
import io.forelog.queue.Entries;
import io.forelog.queue.HandTicker;
import io.forelog.queue.InMemoryQueue;
import io.forelog.queue.Queue;
import io.forelog.queue.QueueSpec;
import io.forelog.queue.Settlement;
import io.forelog.queue.Tally;
import io.forelog.queue.Verdict;
import io.forelog.rig.Soak;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Millions pass through a log in which one entry stays: by its delay, and one by its retry. */
class LogFloorIT {
    private static final int GROUP = 500;
    private static final int ROUND = 10_000;
    private static final long MANY_BYTES = 64L << 20;

    /** The write-ahead log and its recycled files, the buffers, and the files that are not dropped yet. */
    private static final long DISK_MOST = 700L << 20;

    @TempDir
    private Path folder;

    private final HandTicker ticker = new HandTicker();
    private final Entries entries = new Entries(ticker, "orders");

    /** Short: 300,000. Soak: 10 million. The times are told, the space is held to its bound. */
    @Test
    @Timeout(900)
    void millionsPassByAStragglerAndTheDiskAndTheTakesStayFlat() throws Exception {
        int rounds = Soak.choose(300_000, 10_000_000) / ROUND;
        Vertx vertx = Vertx.vertx();
        RocksNode node = new RocksNode(vertx, folder.resolve("node"), ticker, Map.of());
        try {
            Queue queue = node.open(spec());
            await(queue.append(List.of(entries.delayed("in a year", Duration.ofDays(365)))));
            await(queue.append(List.of(entries.immediate("again in a year"))));
            Delivery failed = await(queue.take(1, 1, MANY_BYTES)).get(0);
            await(queue.settle(List.of(new Settlement(
                    failed,
                    new Verdict.Retry(
                            ticker.micros() + Duration.ofDays(365).toMillis() * 1_000,
                            new Failure(ticker.micros(), ErrorCode.TARGET_UNAVAILABLE, "down"))))));
            long[] takes = new long[rounds];
            long stored = 0;
            long disk = 0;
            for (int round = 0; round < rounds; round++) {
                write(queue);
                takes[round] = pass(queue);
                ticker.turn(Duration.ofMillis(100));
                if (round % 10 == 9) {
                    sweep(queue);
                    stored = Math.max(stored, queue.depth(1).storedBytes());
                    disk = Math.max(disk, size(folder));
                }
            }
            Soak.tell(
                    "%,d entries past two that stay: take of 500, ms, p50/p99 of the first tenth %s, of the last %s;"
                            + " log at most %,d KiB, files at most %,d MiB",
                    (long) rounds * ROUND,
                    text(takes, 0, Math.max(1, rounds / 10)),
                    text(takes, rounds - Math.max(1, rounds / 10), rounds),
                    stored >> 10,
                    disk >> 20);
            Tally.RouteTally tally = await(queue.tally()).routes().get(0);
            assertThat(tally.balanced()).as(tally.toString()).isTrue();
            assertThat(tally.delivered()).isEqualTo((long) rounds * ROUND);
            assertThat(tally.pending()).isEqualTo(2);
            assertThat(stored).as("bytes stored though all but two are settled").isLessThan(64L << 20);
            assertThat(disk).as("bytes of all files").isLessThan(DISK_MOST);
            ticker.turn(Duration.ofDays(366));
            RocksNode.wake(queue);
            assertThat(take(queue, 2)).hasSize(2);
        } finally {
            node.close();
            await(vertx.close());
        }
    }

    private static QueueSpec spec() {
        QueueSpec s = InMemoryQueue.spec("orders", 1);
        return new QueueSpec(
                "orders",
                s.routes(),
                false,
                s.serves(),
                Duration.ZERO,
                Duration.ofDays(14),
                Long.MAX_VALUE,
                false,
                Map.of());
    }

    private void write(Queue queue) throws Exception {
        List<Future<?>> appends = new ArrayList<>();
        for (int i = 0; i < ROUND / GROUP; i++) {
            List<Entry> group = new ArrayList<>();
            for (int j = 0; j < GROUP; j++) {
                group.add(entries.immediate("x".repeat(100)));
            }
            appends.add(queue.append(group));
        }
        await(Future.all(appends));
    }

    /** Takes and settles a round; answers the longest take, in nanoseconds. */
    private long pass(Queue queue) throws Exception {
        long longest = 0;
        List<Future<?>> settled = new ArrayList<>();
        for (int left = ROUND; left > 0; ) {
            long begun = System.nanoTime();
            List<Delivery> taken = await(queue.take(1, Math.min(left, GROUP), MANY_BYTES));
            longest = Math.max(longest, System.nanoTime() - begun);
            left -= taken.size();
            settled.add(queue.settle(taken.stream()
                    .map(delivery -> new Settlement(delivery, new Verdict.Delivered(ticker.micros())))
                    .toList()));
        }
        await(Future.all(settled));
        return longest;
    }

    private static List<Delivery> take(Queue queue, int count) throws Exception {
        List<Delivery> all = new ArrayList<>();
        while (all.size() < count) {
            all.addAll(await(queue.take(1, count - all.size(), MANY_BYTES)));
        }
        return all;
    }

    /** Once through the workers and the committer. */
    private static void sweep(Queue queue) throws Exception {
        ((RocksQueue) queue).store().sweep();
        await(queue.readmit(List.of(), 1));
    }

    private static String text(long[] nanos, int from, int to) {
        long[] some = Arrays.copyOfRange(nanos, from, to);
        Arrays.sort(some);
        return String.format(
                java.util.Locale.ROOT, "%.1f/%.1f", some[some.length / 2] / 1e6, some[some.length * 99 / 100] / 1e6);
    }

    private static long size(Path root) throws IOException {
        long bytes = 0;
        try (Stream<Path> files = Files.walk(root)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                try {
                    bytes += Files.size(file);
                } catch (NoSuchFileException e) {
                    // dropped meanwhile
                }
            }
        } catch (java.io.UncheckedIOException e) {
            return 0;
        }
        return bytes;
    }
}
