package io.forelog.queue.rocksdb;

import static io.forelog.queue.rocksdb.RocksNode.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forelog.model.AppendOutcome;
import io.forelog.model.Delivery;
import io.forelog.model.Durable;
import io.forelog.model.Entry;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.forelog.queue.Entries;
import io.forelog.queue.EntryStatus;
import io.forelog.queue.HandTicker;
import io.forelog.queue.InMemoryQueue;
import io.forelog.queue.LogRange;
import io.forelog.queue.MediumHealth;
import io.forelog.queue.Queue;
import io.forelog.queue.QueueSpec;
import io.forelog.queue.Settlement;
import io.forelog.queue.Tally;
import io.forelog.queue.Verdict;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.rocksdb.WriteBatch;

/** What the embedded queue does with damage, full disks, failed writes and old data. */
class RocksDurabilityTest {
    private static final long MANY_BYTES = 64L << 20;
    private static Vertx vertx;

    @TempDir
    private Path folder;

    private final HandTicker ticker = new HandTicker();
    private final Entries entries = new Entries(ticker, "orders");
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

    private RocksNode node(String name, Map<String, Object> settings) throws IOException {
        RocksNode node = new RocksNode(vertx, folder.resolve(name), ticker, settings);
        nodes.add(node);
        return node;
    }

    private static QueueSpec spec() {
        return InMemoryQueue.spec("orders", 1);
    }

    private static QueueSpec spec(Duration retention, long quota, boolean own, String name) {
        QueueSpec s = InMemoryQueue.spec(name, 1);
        return new QueueSpec(name, s.routes(), false, s.serves(), retention, Duration.ofDays(14), quota, own, Map.of());
    }

    private void write(Queue queue, int commits, int each) throws Exception {
        for (int i = 0; i < commits; i++) {
            List<Entry> group = new ArrayList<>();
            for (int j = 0; j < each; j++) {
                group.add(entries.immediate("x".repeat(200)));
            }
            assertThat(await(queue.append(group))).allMatch(o -> o.durable() == Durable.TRUE);
        }
    }

    private static WalException failureOf(ThrowingCallable call) {
        Throwable thrown = org.assertj.core.api.Assertions.catchThrowable(call);
        assertThat(thrown).isInstanceOf(ExecutionException.class);
        assertThat(thrown.getCause()).isInstanceOf(WalException.class);
        return (WalException) thrown.getCause();
    }

    private static void hold(CountDownLatch until) {
        try {
            until.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private List<Delivery> take(Queue queue, int count) throws Exception {
        List<Delivery> all = new ArrayList<>();
        while (all.size() < count) {
            all.addAll(await(queue.take(1, count - all.size(), MANY_BYTES)));
        }
        return all;
    }

    private void deliver(Queue queue, List<Delivery> taken) throws Exception {
        await(queue.settle(taken.stream()
                .map(d -> new Settlement(d, new Verdict.Delivered(ticker.micros())))
                .toList()));
    }

    private static Tally.RouteTally tally(Queue queue) throws Exception {
        return await(queue.tally()).routes().get(0);
    }

    private static Path wal(Path data, String database) throws IOException {
        try (Stream<Path> files =
                Files.list(data.resolve("queue").resolve(database).resolve("db"))) {
            return files.filter(f -> f.toString().endsWith(".log"))
                    .max(Comparator.comparingLong(f -> f.toFile().length()))
                    .orElseThrow();
        }
    }

    /** The bytes of the log that hold something: a recycled or preallocated file has more. */
    private static long written(Path wal) throws IOException {
        byte[] bytes = Files.readAllBytes(wal);
        int end = bytes.length;
        while (end > 0 && bytes[end - 1] == 0) {
            end--;
        }
        return end;
    }

    @Test
    void aFlippedByteInTheMiddleOfTheWalStopsItsNamespacesAndNoOthers() throws Exception {
        RocksNode node = node("node", Map.of());
        Queue shared = node.open(spec());
        Queue own = node.open(spec(Duration.ofDays(1), Long.MAX_VALUE, true, "apart"));
        write(shared, 50, 10);
        write(own, 5, 1);
        Path copy = node.copyTo(folder.resolve("copy"));
        Path wal = wal(copy, "shared");
        try (RandomAccessFile file = new RandomAccessFile(wal.toFile(), "rw")) {
            long middle = written(wal) / 2;
            file.seek(middle);
            int old = file.read();
            file.seek(middle);
            file.write(old ^ 0xFF);
        }
        byte[] before = Files.readAllBytes(wal);
        RocksNode next = node("copy", Map.of());
        WalException why = failureOf(() -> next.open(spec()));
        assertThat(why.code()).isEqualTo(ErrorCode.CORRUPT);
        assertThat(why.getMessage()).contains(wal.toString(), "confirmed", "expected: at least");
        assertThat(Files.readAllBytes(wal)).isEqualTo(before);
        MediumHealth health = next.medium.health().stream()
                .filter(h -> h.name().equals("shared"))
                .findFirst()
                .orElseThrow();
        assertThat(health.state()).isEqualTo(MediumHealth.State.CORRUPT);
        assertThat(health.namespaces()).containsExactly("orders");
        Queue other = next.open(spec(Duration.ofDays(1), Long.MAX_VALUE, true, "apart"));
        assertThat(take(other, 5)).hasSize(5);
    }

    @Test
    void aCutWalIsFoundCorrupt() throws Exception {
        RocksNode node = node("node", Map.of());
        write(node.open(spec()), 50, 10);
        Path copy = node.copyTo(folder.resolve("copy"));
        Path wal = wal(copy, "shared");
        long cut = written(wal) / 3;
        try (RandomAccessFile file = new RandomAccessFile(wal.toFile(), "rw")) {
            file.setLength(cut);
        }
        RocksNode next = node("copy", Map.of());
        assertThat(failureOf(() -> next.open(spec())).code()).isEqualTo(ErrorCode.CORRUPT);
    }

    @Test
    void aTornTailThatWasNeverConfirmedOpens() throws Exception {
        RocksNode node = node("node", Map.of());
        Queue queue = node.open(spec());
        write(queue, 5, 2);
        deliver(queue, take(queue, 10));
        Path copy = node.copyTo(folder.resolve("copy"));
        Path wal = wal(copy, "shared");
        long end = written(wal);
        try (RandomAccessFile file = new RandomAccessFile(wal.toFile(), "rw")) {
            file.setLength(end - 20);
        }
        Queue next = node("copy", Map.of()).open(spec());
        assertThat(take(next, 10)).hasSize(10);
        assertThat(tally(next).balanced()).isTrue();
    }

    @Test
    void aMissingDatabaseWithConfirmedEntriesIsCorrupt() throws Exception {
        RocksNode node = node("node", Map.of());
        write(node.open(spec()), 1, 1);
        Path copy = node.copyTo(folder.resolve("copy"));
        RocksNode.delete(copy.resolve("queue/shared/db"));
        RocksNode next = node("copy", Map.of());
        assertThat(failureOf(() -> next.open(spec())).code()).isEqualTo(ErrorCode.CORRUPT);
    }

    @Test
    void aFailedWriteIsUnknownAndTheDatabaseIsReopened() throws Exception {
        RocksNode node = node("node", Map.of());
        Queue queue = node.open(spec());
        write(queue, 3, 1);
        List<Delivery> taken = take(queue, 1);
        ((RocksQueue) queue).store().database().failNextWrite = true;
        AppendOutcome outcome =
                await(queue.append(List.of(entries.immediate("?")))).get(0);
        assertThat(outcome.durable()).isEqualTo(Durable.UNKNOWN);
        assertThat(outcome.code()).isEqualTo(ErrorCode.UNKNOWN_DURABILITY);
        Future<List<Delivery>> all = queue.take(1, 10, MANY_BYTES);
        assertThat(await(all)).isNotEmpty();
        deliver(queue, taken);
        write(queue, 1, 1);
        assertThat(tally(queue).balanced()).isTrue();
        assertThat(tally(queue).accepted()).isEqualTo(4);
        assertThat(node.medium.health().get(0).state()).isEqualTo(MediumHealth.State.SERVING);
    }

    @Test
    void aDatabaseThatCannotBeReopenedAtOnceIsTriedAgainAndNotCalledCorrupt() throws Exception {
        RocksNode node = node("node", Map.of());
        Queue queue = node.open(spec());
        Database database = ((RocksQueue) queue).store().database();
        database.failReopens.set(2);
        database.failNextWrite = true;
        assertThat(await(queue.append(List.of(entries.immediate("?")))).get(0).durable())
                .isEqualTo(Durable.UNKNOWN);
        AppendOutcome outcome;
        do {
            assertThat(node.medium.health().get(0).state())
                    .isIn(MediumHealth.State.RECOVERING, MediumHealth.State.SERVING);
            outcome = await(queue.append(List.of(entries.immediate("!")))).get(0);
        } while (outcome.code() == ErrorCode.UNAVAILABLE);
        assertThat(outcome.durable()).isEqualTo(Durable.TRUE);
        assertThat(database.failReopens.get()).isZero();
    }

    @Test
    void anErrorThatEndsTheCommitterEndsAllThatWaitsAndIsToldAsHealth() throws Exception {
        RocksNode node = node("node", Map.of());
        Queue queue = node.open(spec());
        Store store = ((RocksQueue) queue).store();
        Future<List<Delivery>> take = queue.take(1, 10, MANY_BYTES);
        CountDownLatch held = new CountDownLatch(1);
        store.inbox().put((Committer committer) -> hold(held));
        Future<List<AppendOutcome>> appended = queue.append(List.of(entries.immediate("?")));
        store.inbox().put((Committer committer) -> {
            throw new OutOfMemoryError("says a test");
        });
        held.countDown();
        assertThat(await(appended).get(0).durable()).isEqualTo(Durable.UNKNOWN);
        assertThat(failureOf(() -> await(take)).getMessage()).contains("says a test");
        AppendOutcome later =
                await(queue.append(List.of(entries.immediate("later")))).get(0);
        assertThat(later.durable()).isEqualTo(Durable.FALSE);
        assertThat(node.medium.health().get(0).state()).isNotEqualTo(MediumHealth.State.SERVING);
        assertThat(node.medium.health().get(0).text()).contains("says a test");
    }

    @Test
    void whatWaitsForACommitThatFailsIsAnsweredToo() throws Exception {
        Queue queue = node("node", Map.of()).open(spec());
        Store store = ((RocksQueue) queue).store();
        CountDownLatch held = new CountDownLatch(1);
        store.inbox().put((Committer committer) -> hold(held));
        store.database().failNextWrite = true;
        Future<List<AppendOutcome>> appended = queue.append(List.of(entries.immediate("?")));
        Future<List<Delivery>> parked = queue.takeParked(1, Buffer.buffer("k"), 1);
        held.countDown();
        assertThat(await(appended).get(0).durable()).isEqualTo(Durable.UNKNOWN);
        assertThat(failureOf(() -> await(parked)).code()).isEqualTo(ErrorCode.UNKNOWN_DURABILITY);
    }

    @Test
    void sizesMayBeTexts() {
        assertThat(RocksSettings.of(Map.of("low_disk_bytes", "3 GiB")).lowDiskBytes())
                .isEqualTo(3L << 30);
        assertThatThrownBy(() -> RocksSettings.of(Map.of("low_disk_bytes", "3 GB")))
                .hasMessageContaining("queues.embedded.low_disk_bytes: 3 GB (expected: a number >= 0, or a text");
    }

    @Test
    void belowTheLowMarkAppendsAreRefusedAndDeliveriesGoOn() throws Exception {
        RocksNode node = node("node", Map.of("low_disk_bytes", 1_000_000L));
        Queue queue = node.open(spec());
        write(queue, 1, 2);
        node.freeBytes.set(999_999);
        node.medium.disk().check();
        AppendOutcome refused =
                await(queue.append(List.of(entries.immediate("a")))).get(0);
        assertThat(refused.durable()).isEqualTo(Durable.FALSE);
        assertThat(refused.code()).isEqualTo(ErrorCode.LOW_DISK);
        assertThat(refused.text()).contains("999999", "1000000");
        assertThat(node.medium.health().get(0).state()).isEqualTo(MediumHealth.State.LOW_DISK);
        deliver(queue, take(queue, 2));
        assertThat(tally(queue).delivered()).isEqualTo(2);
        node.freeBytes.set(1_199_999);
        node.medium.disk().check();
        assertThat(await(queue.append(List.of(entries.immediate("a")))).get(0).code())
                .isEqualTo(ErrorCode.LOW_DISK);
        node.freeBytes.set(1_200_000);
        node.medium.disk().check();
        write(queue, 1, 1);
    }

    @Test
    void theBallastIsFreedBelowTheCriticalMark() throws Exception {
        RocksNode node = node(
                "node", Map.of("low_disk_bytes", 1_000L, "critical_disk_bytes", 500L, "ballast_bytes", 1_000_000L));
        Path ballast = node.data.resolve("queue/ballast");
        assertThat(ballast).hasSize(1_000_000);
        node.freeBytes.set(499);
        node.medium.disk().check();
        assertThat(ballast).doesNotExist();
    }

    @Test
    void aNamespaceOverItsQuotaIsRefused() throws Exception {
        RocksNode node = node("node", Map.of());
        Queue queue = node.open(spec(Duration.ofDays(1), 3_000, false, "orders"));
        write(queue, 5, 1);
        AppendOutcome refused = await(queue.append(List.of(entries.immediate("x".repeat(3_000)))))
                .get(0);
        assertThat(refused.durable()).isEqualTo(Durable.FALSE);
        assertThat(refused.code()).isEqualTo(ErrorCode.QUOTA_EXCEEDED);
        assertThat(refused.text()).contains("quota_bytes = 3000");
    }

    @Test
    void aRecordDeletedByHandIsCountedAsLostAndReadingGoesOn() throws Exception {
        RocksNode node = node("node", Map.of());
        Queue queue = node.open(spec());
        write(queue, 5, 4);
        Database database = ((RocksQueue) queue).store().database();
        try (WriteBatch batch = new WriteBatch()) {
            batch.delete(database.handle(Family.LOG), Keys.log(((RocksQueue) queue).number(), 8));
            database.writeApart(batch);
        }
        RocksNode next = node.crashInto(folder.resolve("next"));
        nodes.add(next);
        queue = next.open(spec());
        List<Delivery> taken = take(queue, 16);
        assertThat(taken)
                .noneMatch(d -> d.receipt().sequence() >= 8 && d.receipt().sequence() < 12);
        deliver(queue, taken);
        assertThat(tally(queue).lost()).isEqualTo(4);
        assertThat(tally(queue).balanced()).isTrue();
        write(queue, 1, 1);
        deliver(queue, take(queue, 1));
        assertThat(tally(queue).pending()).isZero();
    }

    @Test
    void aSecondProcessIsRefused() throws Exception {
        node("node", Map.of());
        assertThatThrownBy(() -> node("node", Map.of()))
                .isInstanceOf(WalException.class)
                .hasMessageContaining("lock")
                .hasMessageContaining("held by another process");
    }

    @Test
    void aBackupOpensWithAllThatWasConfirmed() throws Exception {
        RocksNode node = node("node", Map.of());
        Queue queue = node.open(spec());
        write(queue, 5, 4);
        deliver(queue, take(queue, 7));
        Entry delayed = entries.delayed("later", Duration.ofDays(3));
        await(queue.append(List.of(delayed)));
        await(node.medium.backup(folder.resolve("backup/queue")));
        Queue restored = node("backup", Map.of()).open(spec());
        assertThat(tally(restored)).isEqualTo(tally(queue));
        assertThat(await(restored.find(delayed.id()))).isPresent();
        assertThat(take(restored, 13)).hasSize(13);
    }

    @Test
    void aRemovedNamespaceLeavesNothing() throws Exception {
        RocksNode node = node("node", Map.of());
        Queue queue = node.open(spec());
        write(queue, 5, 4);
        await(node.medium.remove("orders"));
        Queue anew = node.open(spec());
        assertThat(tally(anew).accepted()).isZero();
        assertThat(await(anew.read(new LogRange(0, Long.MAX_VALUE / 4), "", 10)).items())
                .isEmpty();
        write(anew, 1, 1);
        assertThat(take(anew, 1)).hasSize(1);
    }

    @Test
    void whatIsClosedAndOpenedAgainIsTakenAgain() throws Exception {
        RocksNode node = node("node", Map.of());
        Queue queue = node.open(spec());
        write(queue, 1, 3);
        take(queue, 3);
        await(queue.close());
        assertThat(take(node.open(spec()), 3)).hasSize(3);
    }

    @Test
    void theLogIsDroppedBehindItsRetentionAndDelayedEntriesStay() throws Exception {
        RocksNode node = node("node", Map.of());
        Queue queue = node.open(spec(Duration.ofHours(1), Long.MAX_VALUE, false, "orders"));
        Entry delayed = entries.delayed("in a year", Duration.ofDays(365));
        await(queue.append(List.of(delayed)));
        write(queue, 20, 10);
        deliver(queue, take(queue, 200));
        Entry dead = entries.immediate("dead");
        await(queue.append(List.of(dead)));
        await(queue.settle(take(queue, 1).stream()
                .map(d -> new Settlement(
                        d,
                        new Verdict.Dead(
                                new io.forelog.model.Failure(ticker.micros(), ErrorCode.TARGET_REJECTED, "no"))))
                .toList()));
        write(queue, 1, 1);
        long stored = queue.depth(1).storedBytes();
        ticker.turn(Duration.ofHours(2));
        sweep(queue);
        sweep(queue);
        assertThat(queue.depth(1).storedBytes()).isLessThan(stored / 10);
        assertThat(await(queue.read(new LogRange(0, ticker.micros()), "", 1_000))
                        .items())
                .hasSize(1);
        assertThat(await(queue.find(delayed.id())).orElseThrow().routes().get(0).state())
                .isEqualTo(EntryStatus.State.SCHEDULED);
        assertThat(await(queue.find(dead.id())).orElseThrow().routes().get(0).state())
                .isEqualTo(EntryStatus.State.DEAD);
        assertThat(tally(queue).balanced()).isTrue();
        RocksNode next = node.crashInto(folder.resolve("next"));
        nodes.add(next);
        queue = next.open(spec(Duration.ofHours(1), Long.MAX_VALUE, false, "orders"));
        assertThat(tally(queue).balanced()).isTrue();
        ticker.turn(Duration.ofDays(15));
        sweep(queue);
        sweep(queue);
        assertThat(tally(queue).purged()).isEqualTo(1);
        assertThat(tally(queue).balanced()).isTrue();
        ticker.turn(Duration.ofDays(365));
        RocksNode.wake(queue);
        assertThat(take(queue, 2)).hasSize(2);
    }

    /** Once through the workers and the committer. */
    private void sweep(Queue queue) throws Exception {
        ((RocksQueue) queue).store().sweep();
        await(queue.readmit(List.of(), 1));
        await(queue.tally());
        await(queue.readmit(List.of(), 1));
    }

    @Test
    void oneDueInAYearHoldsUpNeitherDiskNorTakes() throws Exception {
        RocksNode node = node("node", Map.of());
        Queue queue = node.open(spec(Duration.ZERO, Long.MAX_VALUE, false, "orders"));
        await(queue.append(List.of(entries.delayed("in a year", Duration.ofDays(365)))));
        long most = 0;
        for (int round = 0; round < 40; round++) {
            for (int i = 0; i < 10; i++) {
                List<Entry> group = new ArrayList<>();
                for (int j = 0; j < 250; j++) {
                    group.add(entries.delayed("x".repeat(100), Duration.ofMillis(5)));
                }
                await(queue.append(group));
            }
            ticker.turn(Duration.ofMillis(10));
            RocksNode.wake(queue);
            deliver(queue, take(queue, 2_500));
            sweep(queue);
            most = Math.max(most, queue.depth(1).storedBytes());
        }
        assertThat(most).isLessThan(4L << 20);
        Tally.RouteTally tally = tally(queue);
        assertThat(tally.delivered()).isEqualTo(100_000);
        assertThat(tally.pending()).isEqualTo(1);
    }
}
