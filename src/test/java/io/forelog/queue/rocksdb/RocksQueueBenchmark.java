package io.forelog.queue.rocksdb;

import io.forelog.model.AppendOutcome;
import io.forelog.model.Delivery;
import io.forelog.model.Durable;
import io.forelog.model.Entry;
import io.forelog.model.EntryId;
import io.forelog.model.Operation;
import io.forelog.model.Priority;
import io.forelog.model.Ticker;
import io.forelog.queue.InMemoryQueue;
import io.forelog.queue.Queue;
import io.forelog.queue.Settlement;
import io.forelog.queue.Verdict;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.buffer.Buffer;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What the queue costs for each entry, alone: {@code batches in flight, entries each, delivery on or off}. Not a test; run by
 * hand: {@code java -cp target/test-classes:target/classes:... io.forelog.queue.rocksdb.RocksQueueBenchmark 8 32 true}.
 */
public final class RocksQueueBenchmark {
    private static final int PAYLOAD = 1_024;
    private static final long SECONDS = 8;

    private final Queue queue;
    private final Vertx vertx;
    private final Ticker ticker;
    private final EntryId.Source ids = new EntryId.Source();
    private final Buffer payload = Buffer.buffer(new byte[PAYLOAD]);
    private final int each;
    private final AtomicLong written = new AtomicLong();
    private final AtomicLong delivered = new AtomicLong();
    private final List<Long> latencies = new ArrayList<>();
    private volatile boolean stopped;

    private RocksQueueBenchmark(Queue queue, Vertx vertx, Ticker ticker, int each) {
        this.queue = queue;
        this.vertx = vertx;
        this.ticker = ticker;
        this.each = each;
    }

    public static void main(String[] args) throws Exception {
        int inFlight = Integer.parseInt(args[0]);
        int each = Integer.parseInt(args[1]);
        boolean deliver = Boolean.parseBoolean(args[2]);
        Vertx vertx = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(2));
        Path folder = Files.createTempDirectory("forelog-bench");
        Ticker ticker = Ticker.anchored();
        RocksNode node = new RocksNode(vertx, folder, ticker, Map.of());
        Queue queue = node.open(InMemoryQueue.spec("bench", 1));
        RocksQueueBenchmark bench = new RocksQueueBenchmark(queue, vertx, ticker, each);
        bench.run(inFlight, deliver);
        node.close();
        RocksNode.await(vertx.close());
        RocksNode.delete(folder);
    }

    private void run(int inFlight, boolean deliver) throws Exception {
        CountDownLatch done = new CountDownLatch(inFlight);
        var context = vertx.getOrCreateContext();
        context.runOnContext(none -> {
            for (int i = 0; i < inFlight; i++) {
                append(done);
            }
        });
        if (deliver) {
            vertx.getOrCreateContext().runOnContext(none -> take());
        }
        Thread.sleep(Duration.ofSeconds(2).toMillis());
        var os = (com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        long cpu = os.getProcessCpuTime();
        long began = System.nanoTime();
        long from = written.get();
        long deliveredFrom = delivered.get();
        Thread.sleep(Duration.ofSeconds(SECONDS).toMillis());
        long count = written.get() - from;
        long out = delivered.get() - deliveredFrom;
        cpu = os.getProcessCpuTime() - cpu;
        double seconds = (System.nanoTime() - began) / 1e9;
        stopped = true;
        done.await();
        List<Long> sorted = latencies.stream().sorted().toList();
        System.out.printf(
                "%.0f appends/s, %.0f deliveries/s, %.2f us CPU an append, p50 %.2f ms, p99 %.2f ms%n",
                count / seconds,
                out / seconds,
                cpu / 1e3 / count,
                sorted.get(sorted.size() / 2) / 1e6,
                sorted.get(sorted.size() * 99 / 100) / 1e6);
    }

    private void append(CountDownLatch done) {
        if (stopped) {
            done.countDown();
            return;
        }
        long began = System.nanoTime();
        List<Entry> group = new ArrayList<>(each);
        for (int i = 0; i < each; i++) {
            group.add(entry());
        }
        queue.append(group).onComplete(outcomes -> {
            for (AppendOutcome outcome : outcomes.result()) {
                if (outcome.durable() != Durable.TRUE) {
                    throw new IllegalStateException(outcome.toString());
                }
            }
            written.addAndGet(each);
            latencies.add(System.nanoTime() - began);
            append(done);
        });
    }

    private Entry entry() {
        long now = ticker.micros();
        return new Entry(
                ids.next(now / 1_000),
                "bench",
                now,
                now,
                0,
                0,
                List.of(1),
                "",
                Buffer.buffer(),
                Operation.PUT,
                Priority.DEGRADED,
                Map.of(),
                Map.of(),
                payload,
                null);
    }

    private void take() {
        queue.take(1, 512, 4 << 20).onComplete(taken -> {
            if (taken.failed() || stopped && taken.result().isEmpty()) {
                return;
            }
            List<Settlement> settled = new ArrayList<>();
            for (Delivery delivery : taken.result()) {
                settled.add(new Settlement(delivery, new Verdict.Delivered(ticker.micros())));
            }
            delivered.addAndGet(settled.size());
            queue.settle(settled);
            take();
        });
    }
}
