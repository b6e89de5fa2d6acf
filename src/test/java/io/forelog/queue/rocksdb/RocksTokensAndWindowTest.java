package io.forelog.queue.rocksdb;

import static io.forelog.queue.rocksdb.RocksNode.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.model.AppendOutcome;
import io.forelog.model.Delivery;
import io.forelog.model.Entry;
import io.forelog.model.ErrorCode;
import io.forelog.model.Failure;
import io.forelog.queue.Entries;
import io.forelog.queue.EntryStatus;
import io.forelog.queue.HandTicker;
import io.forelog.queue.InMemoryQueue;
import io.forelog.queue.LogRange;
import io.forelog.queue.Queue;
import io.forelog.queue.RouteChange;
import io.forelog.queue.Settlement;
import io.forelog.queue.Verdict;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.rocksdb.WriteBatch;

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

    private Entry tokened(String payload, Integer... routes) {
        return entries.make(payload, "", Duration.ZERO, "token", routes);
    }

    private AppendOutcome write(Entry entry) throws Exception {
        return await(queue.append(List.of(entry))).get(0);
    }

    @Test
    void aRepeatedWriteIsTheSameThoughTheDefaultTargetsHaveChanged() throws Exception {
        AppendOutcome first = write(tokened("a", 1, 2));
        assertThat(write(tokened("a", 1, 2, 3)).id()).isEqualTo(first.id());
        assertThat(write(tokened("a", 2)).id()).isEqualTo(first.id());
        AppendOutcome other = write(tokened("a", 3));
        assertThat(other.code()).isEqualTo(ErrorCode.TOKEN_REUSED);
        assertThat(write(tokened("b", 1, 2)).code()).isEqualTo(ErrorCode.TOKEN_REUSED);
    }

    @Test
    void aTokenOfTheVersionThatHashedRoutesIsKnown() throws Exception {
        Entry entry = tokened("a", 1);
        AppendOutcome first = write(entry);
        RocksQueue rocks = (RocksQueue) queue;
        byte[] hash = AppendCommand.tokenHash("token");
        byte[] old = java.nio.ByteBuffer.allocate(40)
                .putLong(entry.id().high())
                .putLong(entry.id().low())
                .putLong(0)
                .put(AppendCommand.contentHash(entry, true))
                .array();
        try (WriteBatch batch = new WriteBatch()) {
            Database database = rocks.store().database();
            batch.put(
                    database.handle(Family.TOKEN), Keys.token(rocks.number(), Tokens.day(ticker.micros()), hash), old);
            database.writeApart(batch);
        }
        assertThat(write(tokened("a", 1)).id()).isEqualTo(first.id());
        assertThat(write(tokened("a", 1, 2)).code()).isEqualTo(ErrorCode.TOKEN_REUSED);
    }

    @Test
    void whatWasCommittedLateIsFoundByIdAndByToken() throws Exception {
        RocksQueue rocks = (RocksQueue) queue;
        CountDownLatch held = new CountDownLatch(1);
        rocks.store().inbox().put((Committer committer) -> {
            try {
                held.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        Entry entry = tokened("a", 1);
        Future<List<AppendOutcome>> appended = queue.append(List.of(entry));
        ticker.turn(Duration.ofSeconds(90));
        held.countDown();
        await(appended);
        assertThat(await(queue.find(entry.id()))).isPresent();
        assertThat(await(queue.findByToken("token"))).isPresent();
        ticker.turn(Duration.ofMinutes(30));
        Entry early = entries.tokened("b", "early"); // an id of a clock that is far behind the owner's
        ticker.turn(Duration.ofMinutes(30));
        await(queue.append(List.of(early)));
        assertThat(await(queue.findByToken("early"))).isPresent();
        assertThat(await(queue.cancel(entry.id()))).isNotEmpty();
    }

    private void appendLate(Queue to, Entry entry) throws Exception {
        CountDownLatch held = new CountDownLatch(1);
        ((RocksQueue) to).store().inbox().put((Committer committer) -> {
            try {
                held.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        Future<List<AppendOutcome>> appended = to.append(List.of(entry));
        ticker.turn(Duration.ofSeconds(90));
        held.countDown();
        await(appended);
    }

    @Test
    void ofWhatWasCommittedLateEveryRouteIsFoundAndItIsReplayed() throws Exception {
        await(queue.update(InMemoryQueue.spec("orders", 1, 2)));
        Entry entry = entries.routed("a", 1, 2);
        LogRange range = new LogRange(ticker.micros() - 1_000, ticker.micros() + 1_000_000);
        appendLate(queue, entry);
        List<Delivery> two = await(queue.take(2, 1, MANY_BYTES));
        Failure failure = new Failure(ticker.micros(), ErrorCode.TARGET_UNAVAILABLE, "no");
        await(queue.settle(
                List.of(new Settlement(two.get(0), new Verdict.Retry(ticker.micros() + 3_600_000_000L, failure)))));
        assertThat(await(queue.find(entry.id())).orElseThrow().routes())
                .extracting(EntryStatus.RouteStatus::state)
                .containsExactly(EntryStatus.State.QUEUED, EntryStatus.State.SCHEDULED);
        assertThat(await(queue.read(range, "", 10)).items()).hasSize(1);
        assertThat(await(queue.cancel(entry.id())))
                .extracting(RouteChange::result)
                .containsOnly(RouteChange.Result.DONE);
    }

    @Test
    void whatWasCancelledOfATargetThatIsGoneIsNotCancelledAgainAfterACrash() throws Exception {
        await(queue.update(InMemoryQueue.spec("orders", 1, 2)));
        Entry entry = entries.routed("a", 2);
        await(queue.append(List.of(entry)));
        assertThat(await(queue.cancel(entry.id())))
                .extracting(RouteChange::result)
                .containsOnly(RouteChange.Result.DONE);
        for (int i = 0; i < 9; i++) {
            List<Entry> group = new ArrayList<>();
            for (int j = 0; j < 1_000; j++) {
                group.add(entries.immediate("x"));
            }
            await(queue.append(group));
        }
        List<Settlement> all = new ArrayList<>();
        take(9_000).forEach(taken -> all.add(new Settlement(taken, new Verdict.Delivered(ticker.micros()))));
        await(queue.settle(all));
        await(queue.update(InMemoryQueue.spec("orders", 1)));
        RocksNode next = nodes.get(0).crashInto(folder.resolve("next"));
        nodes.add(next);
        queue = next.open(InMemoryQueue.spec("orders", 1));
        assertThat(await(queue.cancel(entry.id())))
                .extracting(RouteChange::result)
                .doesNotContain(RouteChange.Result.DONE);
        assertThat(await(queue.tally()).routes()).allMatch(io.forelog.queue.Tally.RouteTally::balanced);
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
