package io.forelog.queue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import io.forelog.model.AppendOutcome;
import io.forelog.model.Delivery;
import io.forelog.model.Durable;
import io.forelog.model.Entry;
import io.forelog.model.ErrorCode;
import io.forelog.model.Failure;
import io.forelog.model.WalException;
import io.vertx.core.Future;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class CombinedQueueTest {
    private static final long BYTES = 64L << 20;
    private final HandTicker ticker = new HandTicker();
    private final Entries entries = new Entries(ticker, "orders");
    private final QueueSpec spec = InMemoryQueue.spec("orders", 1);
    private CombinedRig rig = new CombinedRig(spec, ticker, CombinedRig.NOW, CombinedRig.LATER);

    private static <T> T await(Future<T> future) throws Exception {
        return future.toCompletionStage().toCompletableFuture().get(5, TimeUnit.SECONDS);
    }

    private List<Delivery> take(int max) throws Exception {
        return await(rig.queue.take(1, max, BYTES));
    }

    private List<Delivery> takeAll(int count) throws Exception {
        List<Delivery> all = new ArrayList<>();
        while (all.size() < count) {
            all.addAll(take(count - all.size()));
        }
        return all;
    }

    private static List<String> payloads(List<Delivery> deliveries) {
        return deliveries.stream().map(d -> d.entry().payload().toString()).toList();
    }

    private Verdict retryIn(Duration delay) {
        return new Verdict.Retry(
                ticker.micros() + delay.toNanos() / 1_000,
                new Failure(ticker.micros(), ErrorCode.TARGET_UNAVAILABLE, "down"));
    }

    private Future<Void> settle(List<Delivery> deliveries, Verdict verdict) {
        return rig.queue.settle(
                deliveries.stream().map(d -> new Settlement(d, verdict)).toList());
    }

    private Tally.RouteTally books(Queue queue) throws Exception {
        return await(queue.tally()).routes().get(0);
    }

    @Test
    void dividesABatchByClassAndAnswersInItsOrder() throws Exception {
        List<Entry> batch =
                List.of(entries.immediate("a"), entries.delayed("b", Duration.ofSeconds(1)), entries.immediate("c"));
        rig.second.failAppends(InMemoryQueue.AppendFault.REFUSE);
        List<AppendOutcome> outcomes = await(rig.queue.append(batch));
        assertThat(outcomes)
                .extracting(AppendOutcome::id, AppendOutcome::durable)
                .containsExactly(
                        tuple(batch.get(0).id(), Durable.TRUE),
                        tuple(batch.get(1).id(), Durable.FALSE),
                        tuple(batch.get(2).id(), Durable.TRUE));
        assertThat(books(rig.first).accepted()).isEqualTo(2);
        assertThat(books(rig.second).accepted()).isZero();
    }

    @Test
    void handsOutBothQueuesInTurnsSoThatABacklogOfOneStarvesNobody() throws Exception {
        for (int i = 0; i < 20; i++) {
            await(rig.queue.append(
                    List.of(entries.immediate("now" + i), entries.delayed("then" + i, Duration.ofSeconds(1)))));
        }
        ticker.turn(Duration.ofSeconds(2));
        rig.tick();
        List<Delivery> all = new ArrayList<>();
        while (all.size() < 20) {
            all.addAll(take(10));
        }
        assertThat(payloads(all).stream().filter(p -> p.startsWith("now")).count())
                .isBetween(5L, 15L);
    }

    @Test
    void aRetryIsConfirmedByTheSecondQueueBeforeTheFirstLetsGo() throws Exception {
        await(rig.queue.append(List.of(entries.immediate("a"))));
        rig.second.manualFlush(true);
        List<Delivery> taken = take(1);
        Future<Void> settled = settle(taken, retryIn(Duration.ofSeconds(3)));
        assertThat(settled.isComplete()).isFalse();
        assertThat(books(rig.first).movedOut()).isZero();
        rig.second.flush();
        await(settled);
        assertThat(books(rig.first).movedOut()).isEqualTo(1);
        assertThat(books(rig.second).movedIn()).isEqualTo(1);
        Tally.RouteTally both = books(rig.queue);
        assertThat(both.balanced()).isTrue();
        assertThat(both.pending()).isEqualTo(1);
        ticker.turn(Duration.ofSeconds(3));
        rig.tick();
        List<Delivery> again = take(1);
        assertThat(again).extracting(Delivery::attempt).containsExactly(2);
        await(settle(again, retryIn(Duration.ofSeconds(1))));
        assertThat(books(rig.second).movedIn()).isEqualTo(1);
        assertThat(books(rig.second).movedOut()).isZero();
    }

    @Test
    void aCrashBetweenTheTwoHalvesOfAMoveDuplicatesAndNeverLoses() throws Exception {
        await(rig.queue.append(List.of(entries.immediate("a"))));
        List<Delivery> taken = take(1);
        rig.first.failSettles(true);
        assertThat(settle(taken, retryIn(Duration.ofSeconds(3))).failed()).isTrue();
        rig = rig.crash();
        ticker.turn(Duration.ofSeconds(3));
        rig.tick();
        List<Delivery> all = takeAll(2);
        assertThat(payloads(all)).containsExactly("a", "a");
        assertThat(all).extracting(Delivery::attempt).containsExactlyInAnyOrder(1, 2);
        await(settle(all, new Verdict.Delivered(ticker.micros())));
        assertThat(books(rig.queue).balanced()).isTrue();
    }

    @Test
    void aCrashBeforeTheSecondQueueHasItLeavesItInTheFirst() throws Exception {
        await(rig.queue.append(List.of(entries.immediate("a"))));
        List<Delivery> taken = take(1);
        rig.second.manualFlush(true);
        assertThat(settle(taken, retryIn(Duration.ofSeconds(3))).isComplete()).isFalse();
        rig = rig.crash();
        List<Delivery> again = take(9);
        assertThat(payloads(again)).containsExactly("a");
        assertThat(again.get(0).attempt()).isEqualTo(1);
        assertThat(books(rig.queue).balanced()).isTrue();
    }

    @Test
    void aSettlementThatIsRepeatedMovesOnce() throws Exception {
        await(rig.queue.append(List.of(entries.immediate("a"), entries.immediate("b"))));
        List<Delivery> taken = take(2);
        List<Settlement> settlements = List.of(
                new Settlement(taken.get(0), retryIn(Duration.ofSeconds(3))),
                new Settlement(taken.get(1), new Verdict.Delivered(ticker.micros())));
        rig.first.failSettles(true);
        assertThat(rig.queue.settle(settlements).failed()).isTrue();
        rig.first.failSettles(false);
        await(rig.queue.settle(settlements));
        assertThat(books(rig.second).movedIn()).isEqualTo(1);
        assertThat(books(rig.first).movedOut()).isEqualTo(1);
        assertThat(books(rig.first).delivered()).isEqualTo(1);
    }

    @Test
    void whatCannotMoveStaysAndTheRestIsSettled() throws Exception {
        await(rig.queue.append(List.of(entries.immediate("a"), entries.immediate("b"))));
        List<Delivery> taken = take(2);
        rig.second.failMoves(true);
        Future<Void> settled = rig.queue.settle(List.of(
                new Settlement(taken.get(0), retryIn(Duration.ofSeconds(3))),
                new Settlement(taken.get(1), new Verdict.Delivered(ticker.micros()))));
        assertThat(settled.failed()).isTrue();
        assertThat(books(rig.queue).delivered()).isEqualTo(1);
        assertThat(books(rig.queue).pending()).isEqualTo(1);
    }

    @Test
    void oneQueueThatIsAwayStopsOnlyItself() throws Exception {
        await(rig.second.close());
        Future<List<Delivery>> waiting = rig.queue.take(1, 10, BYTES);
        assertThat(waiting.isComplete()).isFalse();
        await(rig.queue.append(List.of(entries.immediate("a"))));
        rig.first.tick();
        assertThat(payloads(await(waiting))).containsExactly("a");
        await(rig.first.close());
        assertThat(rig.queue.take(1, 10, BYTES).failed()).isTrue();
    }

    @Test
    void deadLettersOfBothAreListedPageByPageAndActedUponById() throws Exception {
        List<Entry> batch = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            batch.add(entries.immediate("now" + i));
            batch.add(entries.delayed("then" + i, Duration.ofSeconds(1)));
        }
        await(rig.queue.append(batch));
        ticker.turn(Duration.ofSeconds(1));
        rig.tick();
        for (int dead = 0; dead < 10; ) {
            List<Delivery> taken = take(10);
            await(settle(taken, new Verdict.Dead(new Failure(ticker.micros(), ErrorCode.POISON, "no"))));
            dead += taken.size();
        }
        List<DeadLetter> all = new ArrayList<>();
        String cursor = "";
        do {
            Page<DeadLetter> page = await(rig.queue.deadLetters(new DeadLetterCursor(-1, cursor), 3));
            assertThat(page.items()).isNotEmpty();
            all.addAll(page.items());
            cursor = page.cursor();
        } while (!cursor.isEmpty());
        assertThat(all).extracting(DeadLetter::id).doesNotHaveDuplicates().hasSize(10);
        Page<DeadLetter> behind =
                await(rig.queue.deadLetters(new DeadLetterCursor(-1, all.get(3).id()), 100));
        assertThat(behind.items())
                .extracting(DeadLetter::id)
                .startsWith(all.get(4).id());
        DeadLetter first = all.get(0);
        DeadLetter last = all.get(9);
        assertThat(await(rig.queue.deadLetter(last.id())).orElseThrow().id()).isEqualTo(last.id());
        assertThat(await(rig.queue.redrive(List.of(first.id(), last.id(), "7~x", "x"))))
                .isEqualTo(2);
        assertThat(await(rig.queue.purge(List.of(all.get(5).id())))).isEqualTo(1);
        assertThat(books(rig.queue).deadStored()).isEqualTo(7);
        assertThat(books(rig.queue).balanced()).isTrue();
        assertThatThrownBy(() -> await(rig.queue.deadLetters(new DeadLetterCursor(-1, "nonsense"), 3)))
                .isInstanceOf(ExecutionException.class)
                .hasRootCauseInstanceOf(WalException.class);
    }

    private QueueSpec ordered() {
        return new QueueSpec(
                spec.namespace(),
                spec.routes(),
                true,
                spec.serves(),
                spec.retention(),
                spec.deadLetterRetention(),
                spec.quotaBytes(),
                false,
                spec.config());
    }

    @Test
    void withOrderTheWayInCountsAndNotTheClocksOfTheNodesThatTookThemIn() throws Exception {
        rig = new CombinedRig(ordered(), ticker, CombinedRig.NOTHING, CombinedRig.ALL);
        Entries behind = new Entries(new HandTicker(), "orders");
        ticker.turn(Duration.ofMillis(300));
        await(rig.queue.append(List.of(entries.keyed("k", "1"))));
        await(rig.queue.append(List.of(behind.keyed("k", "2"))));
        await(rig.queue.append(List.of(entries.keyed("k", "3"))));
        await(rig.queue.append(List.of(behind.keyed("k", "4"))));
        Future<List<Delivery>> waiting = rig.queue.take(1, 10, BYTES);
        rig.ring();
        assertThat(payloads(await(waiting))).containsExactly("1", "2", "3", "4");
    }

    @Test
    void withOrderTheNewQueueIsConsumedWhenTheOldOneIsEmpty() throws Exception {
        rig = new CombinedRig(ordered(), ticker, CombinedRig.NOTHING, CombinedRig.ALL);
        await(rig.first.append(List.of(entries.keyed("k", "old"))));
        await(rig.queue.append(List.of(entries.keyed("k", "new"))));
        List<Delivery> old = take(10);
        assertThat(payloads(old)).containsExactly("old");
        Future<List<Delivery>> waiting = rig.queue.take(1, 10, BYTES);
        rig.ring();
        assertThat(waiting.isComplete()).isFalse();
        await(settle(old, retryIn(Duration.ofSeconds(1))));
        assertThat(books(rig.first).movedOut()).isZero();
        rig.ring();
        assertThat(waiting.isComplete()).isFalse();
        ticker.turn(Duration.ofSeconds(1));
        rig.tick();
        List<Delivery> again = await(waiting);
        assertThat(payloads(again)).containsExactly("old");
        await(settle(again, new Verdict.Delivered(ticker.micros())));
        waiting = rig.queue.take(1, 10, BYTES);
        rig.ring();
        assertThat(payloads(await(waiting))).containsExactly("new");
    }

    @Test
    void aQueueThatDrainsGoesWhenItIsEmptyAndHandsItsRetriesOn() throws Exception {
        rig = new CombinedRig(spec, ticker, CombinedRig.NOTHING, CombinedRig.ALL);
        await(rig.first.append(List.of(entries.immediate("old"))));
        await(rig.queue.append(List.of(entries.immediate("new"))));
        assertThat(await(rig.queue.isEmpty(1))).isFalse();
        assertThat(await(rig.queue.isEmpty(2))).isFalse();
        List<Delivery> taken = takeAll(2);
        await(settle(taken, retryIn(Duration.ofSeconds(1))));
        assertThat(books(rig.first).movedOut()).isEqualTo(1);
        assertThat(await(rig.queue.isEmpty(1))).isTrue();
        Future<List<Delivery>> waiting = rig.queue.take(1, 10, BYTES);
        await(rig.queue.retire(1));
        assertThat(rig.queue.parts()).extracting(Part::id).containsExactly(2);
        ticker.turn(Duration.ofSeconds(1));
        rig.tick();
        List<Delivery> all = new ArrayList<>(await(waiting));
        assertThat(payloads(all)).containsExactlyInAnyOrder("old", "new");
        await(settle(all, new Verdict.Delivered(ticker.micros())));
        assertThat(books(rig.queue).pending()).isZero();
        assertThatThrownBy(() -> rig.queue.retire(2)).isInstanceOf(IllegalStateException.class);
    }
}
