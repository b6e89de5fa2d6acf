package io.forelog.queue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.forelog.model.AppendOutcome;
import io.forelog.model.Delivery;
import io.forelog.model.Durable;
import io.forelog.model.Entry;
import io.forelog.model.EntryId;
import io.forelog.model.ErrorCode;
import io.forelog.model.Failure;
import io.forelog.queue.EntryStatus.State;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/**
 * What every queue must do, crashes and restarts included. An adapter's test says how its queue is opened, dies and comes
 * back; time is turned by hand.
 */
public abstract class QueueConformance {
    protected static final String NAMESPACE = "orders";
    protected final HandTicker ticker = new HandTicker();
    protected final Entries entries = new Entries(ticker, NAMESPACE);
    private static final long MANY_BYTES = 64L << 20;

    /** Opens the namespace's queue for the first time. */
    protected abstract Queue open(QueueSpec spec) throws Exception;

    /** The process dies, as by kill -9, and comes back: the queue on what it left. */
    protected abstract Queue crashAndReopen(Queue queue) throws Exception;

    /** The clock was turned: a queue that sleeps has to look. */
    protected abstract void ticked(Queue queue);

    /** Deliveries of one route come in order of (due, append), also where no order per key was asked for. */
    protected boolean takesInOrder() {
        return true;
    }

    /** What was parked is parked after a crash, too; else it comes again from the queue itself. */
    protected boolean keepsLanes() {
        return true;
    }

    /** As it is known once it was counted, where the queue has to count. */
    protected QueueDepth depth(Queue queue) throws Exception {
        return queue.depth(1);
    }

    protected static <T> T await(Future<T> future) throws Exception {
        return future.toCompletionStage().toCompletableFuture().get(20, TimeUnit.SECONDS);
    }

    protected void turn(Queue queue, Duration by) {
        ticker.turn(by);
        ticked(queue);
    }

    protected static QueueSpec spec(Integer... routes) {
        return InMemoryQueue.spec(NAMESPACE, routes);
    }

    protected static QueueSpec ordered() {
        QueueSpec s = spec(1);
        return new QueueSpec(
                s.namespace(),
                s.routes(),
                true,
                s.serves(),
                s.retention(),
                s.deadLetterRetention(),
                s.quotaBytes(),
                s.ownDatabase(),
                s.config());
    }

    protected List<Delivery> take(Queue queue, int max) throws Exception {
        return await(queue.take(1, max, MANY_BYTES));
    }

    /** Takes exactly {@code count}, in as many takes as it needs. */
    protected List<Delivery> takeAll(Queue queue, int count) throws Exception {
        List<Delivery> all = new ArrayList<>();
        while (all.size() < count) {
            all.addAll(take(queue, count - all.size()));
        }
        return all;
    }

    protected static List<String> payloads(List<Delivery> deliveries) {
        return deliveries.stream().map(d -> d.entry().payload().toString()).toList();
    }

    protected void settle(Queue queue, List<Delivery> deliveries, Verdict verdict) throws Exception {
        await(queue.settle(
                deliveries.stream().map(d -> new Settlement(d, verdict)).toList()));
    }

    protected Verdict delivered() {
        return new Verdict.Delivered(ticker.micros());
    }

    protected Failure failure(String text) {
        return new Failure(ticker.micros(), ErrorCode.TARGET_UNAVAILABLE, text);
    }

    private void assertNothingIsDue(Queue queue) throws Exception {
        Entry probe = entries.immediate("probe");
        await(queue.append(List.of(probe)));
        List<Delivery> taken = take(queue, 10);
        assertThat(payloads(taken)).containsExactly("probe");
        settle(queue, taken, delivered());
    }

    protected void assertBalanced(Queue queue) throws Exception {
        Tally tally = await(queue.tally());
        assertThat(tally.routes()).isNotEmpty();
        assertThat(tally.exact()).isEqualTo(queue.capabilities().exactTally());
        if (tally.exact()) {
            assertThat(tally.routes()).allMatch(Tally.RouteTally::balanced);
        }
    }

    /** Nothing to say where the queue can't look entries up. */
    private void assertState(Queue queue, EntryId id, State state) throws Exception {
        if (queue.capabilities().find()) {
            assertThat(await(queue.find(id)).orElseThrow().routes().get(0).state())
                    .isEqualTo(state);
        }
    }

    private void assertPayloads(List<Delivery> deliveries, List<String> expected) {
        if (takesInOrder()) {
            assertThat(payloads(deliveries)).containsExactlyElementsOf(expected);
        } else {
            assertThat(payloads(deliveries)).containsExactlyInAnyOrderElementsOf(expected);
        }
    }

    @Test
    void deliversInOrderOfAppend() throws Exception {
        Queue queue = open(spec(1));
        List<String> written = new ArrayList<>();
        for (int batch = 0; batch < 10; batch++) {
            List<Entry> group = new ArrayList<>();
            for (int i = 0; i < 7; i++) {
                group.add(entries.immediate("e" + written.size()));
                written.add("e" + written.size());
            }
            List<AppendOutcome> outcomes = await(queue.append(group));
            assertThat(outcomes).hasSize(7).allMatch(o -> o.durable() == Durable.TRUE);
            assertThat(outcomes).extracting(AppendOutcome::id).containsExactlyElementsOf(ids(group));
        }
        List<Delivery> all = takeAll(queue, 70);
        assertPayloads(all, written);
        assertThat(all).allMatch(d -> d.attempt() == 1 && d.redrives() == 0);
        settle(queue, all, delivered());
        assertBalanced(queue);
        assertThat(await(queue.tally()).routes().get(0).delivered()).isEqualTo(70);
    }

    private static List<EntryId> ids(List<Entry> group) {
        return group.stream().map(Entry::id).toList();
    }

    @Test
    void waitsUntilThereIsSomethingToTake() throws Exception {
        Queue queue = open(spec(1));
        Future<List<Delivery>> waiting = queue.take(1, 10, MANY_BYTES);
        assertThat(waiting.isComplete()).isFalse();
        await(queue.append(List.of(entries.immediate("a"))));
        assertThat(payloads(await(waiting))).containsExactly("a");
    }

    @Test
    void takesAtLeastOneAndNotMoreThanAskedFor() throws Exception {
        Queue queue = open(spec(1));
        await(queue.append(List.of(entries.immediate("aaaa"), entries.immediate("bbbb"), entries.immediate("cccc"))));
        List<Delivery> taken = new ArrayList<>(await(queue.take(1, 10, 1)));
        assertThat(taken).hasSize(1);
        taken.addAll(await(queue.take(1, 1, MANY_BYTES)));
        assertThat(taken).hasSize(2);
        taken.addAll(take(queue, 1));
        assertPayloads(taken, List.of("aaaa", "bbbb", "cccc"));
    }

    @Test
    void deliversDelayedEntriesWhenTheyAreDueAndNotBefore() throws Exception {
        Queue queue = open(spec(1));
        Entry late = entries.delayed("late", Duration.ofSeconds(9));
        Entry soon = entries.delayed("soon", Duration.ofSeconds(3));
        await(queue.append(List.of(late, soon)));
        assertState(queue, soon.id(), State.SCHEDULED);
        ticker.turnMicros(2_999_999);
        ticked(queue);
        assertNothingIsDue(queue);
        Future<List<Delivery>> waiting = queue.take(1, 10, MANY_BYTES);
        ticker.turnMicros(1);
        ticked(queue);
        List<Delivery> first = await(waiting);
        assertThat(payloads(first)).containsExactly("soon");
        assertThat(first.get(0).dueMicros()).isEqualTo(soon.dueMicros());
        turn(queue, Duration.ofDays(1));
        List<Delivery> second = take(queue, 10);
        assertThat(payloads(second)).containsExactly("late");
        settle(queue, first, delivered());
        settle(queue, second, delivered());
        assertState(queue, late.id(), State.DELIVERED);
        assertBalanced(queue);
    }

    @Test
    void whatWasNotSettledIsTakenAgainAfterACrash() throws Exception {
        Queue queue = open(spec(1));
        for (int i = 0; i < 100; i++) {
            await(queue.append(
                    List.of(entries.immediate("n" + i), entries.delayed("d" + i, Duration.ofSeconds(1 + i)))));
        }
        List<Delivery> taken = takeAll(queue, 100);
        List<Delivery> left = new ArrayList<>();
        List<Delivery> over = new ArrayList<>();
        for (int i = 0; i < taken.size(); i++) {
            (i % 3 == 0 ? over : left).add(taken.get(i));
        }
        settle(queue, over, delivered());
        await(queue.append(List.of(entries.immediate("last"))));
        queue = crashAndReopen(queue);
        assertBalanced(queue);
        Set<String> expected = new HashSet<>(List.of("last"));
        expected.addAll(payloads(left));
        List<Delivery> again = takeAll(queue, expected.size());
        assertThat(payloads(again)).containsExactlyInAnyOrderElementsOf(expected);
        settle(queue, again, delivered());
        turn(queue, Duration.ofDays(1));
        List<Delivery> delayed = takeAll(queue, 100);
        assertThat(payloads(delayed)).doesNotHaveDuplicates().allMatch(payload -> payload.startsWith("d"));
        if (takesInOrder()) {
            assertThat(payloads(delayed)).startsWith("d0", "d1", "d2").endsWith("d99");
        }
        settle(queue, delayed, delivered());
        assertBalanced(queue);
        if (queue.capabilities().exactTally()) {
            assertThat(await(queue.tally()).routes().get(0).pending()).isZero();
        }
    }

    @Test
    void retriesAreDueAgainWithTheirFailuresAndSurviveACrash() throws Exception {
        Queue queue = open(spec(1));
        Entry entry = entries.immediate("a");
        await(queue.append(List.of(entry)));
        long due = ticker.micros() + 5_000_000;
        settle(queue, take(queue, 1), new Verdict.Retry(due, failure("no")));
        await(queue.append(List.of(entries.immediate("flushes"))));
        queue = crashAndReopen(queue);
        settle(queue, takeAll(queue, 1), delivered());
        assertNothingIsDue(queue);
        turn(queue, Duration.ofSeconds(5));
        List<Delivery> second = take(queue, 9);
        assertThat(second).extracting(Delivery::attempt, Delivery::dueMicros).containsExactly(tuple(2, due));
        assertThat(second.get(0).lastFailure().text()).isEqualTo("no");
        settle(queue, second, new Verdict.Retry(ticker.micros() + 1, failure("still not")));
        turn(queue, Duration.ofSeconds(5));
        List<Delivery> third = take(queue, 9);
        assertThat(third.get(0).attempt()).isEqualTo(3);
        assertThat(third.get(0).firstFailure().text()).isEqualTo("no");
        assertThat(third.get(0).lastFailure().text()).isEqualTo("still not");
        settle(queue, third, delivered());
        if (queue.capabilities().find()) {
            EntryStatus.RouteStatus status =
                    await(queue.find(entry.id())).orElseThrow().routes().get(0);
            assertThat(status.state()).isEqualTo(State.DELIVERED);
            assertThat(status.attempts()).isEqualTo(3);
            assertThat(status.failures()).extracting(Failure::text).containsExactly("no", "still not");
        }
        assertBalanced(queue);
    }

    @Test
    void settlingTwiceChangesNothing() throws Exception {
        Queue queue = open(spec(1));
        await(queue.append(List.of(entries.immediate("a"), entries.delayed("b", Duration.ofSeconds(1)))));
        List<Delivery> taken = new ArrayList<>(take(queue, 1));
        turn(queue, Duration.ofSeconds(1));
        taken.addAll(take(queue, 1));
        settle(queue, taken, delivered());
        settle(queue, taken, delivered());
        settle(queue, taken, new Verdict.Dead(failure("too late")));
        assertBalanced(queue);
        Tally.RouteTally tally = await(queue.tally()).routes().get(0);
        assertThat(tally.delivered()).isEqualTo(2);
        assertThat(tally.dead()).isZero();
    }

    @Test
    void everyRouteHasItsOwnProgress() throws Exception {
        Queue queue = open(spec(1, 2));
        Entry both = entries.routed("both", 1, 2);
        await(queue.append(List.of(both, entries.routed("second", 2), entries.routed("first", 1))));
        List<Delivery> one = takeAll(queue, 2);
        assertPayloads(one, List.of("both", "first"));
        settle(queue, one, delivered());
        queue = crashAndReopen(flushed(queue));
        List<Delivery> two = new ArrayList<>();
        while (two.size() < 2) {
            two.addAll(await(queue.take(2, 10, MANY_BYTES)));
        }
        assertPayloads(two, List.of("both", "second"));
        settle(queue, two, new Verdict.Expired(ticker.micros()));
        if (queue.capabilities().find()) {
            assertThat(await(queue.find(both.id())).orElseThrow().routes())
                    .extracting(EntryStatus.RouteStatus::route, EntryStatus.RouteStatus::state)
                    .containsExactly(tuple(1, State.DELIVERED), tuple(2, State.EXPIRED));
        }
        assertBalanced(queue);
    }

    /** Makes settles durable that only wait for the next thing promised. */
    private Queue flushed(Queue queue) throws Exception {
        await(queue.readmit(List.of(), 1));
        return queue;
    }

    @Test
    void deadLettersAreListedRedrivenAndPurged() throws Exception {
        Queue queue = open(spec(1));
        await(queue.append(List.of(entries.immediate("a"), entries.immediate("b"), entries.immediate("c"))));
        List<Delivery> dying = new ArrayList<>(takeAll(queue, 3));
        dying.sort(Comparator.comparing(delivery -> delivery.entry().payload().toString()));
        for (Delivery each : dying) {
            ticker.turnMicros(10);
            settle(
                    queue,
                    List.of(each),
                    new Verdict.Dead(failure("refused " + each.entry().payload())));
        }
        queue = crashAndReopen(flushed(queue));
        Page<DeadLetter> first = await(queue.deadLetters(new DeadLetterCursor(-1, ""), 2));
        assertThat(first.items()).extracting(d -> d.cause().text()).containsExactly("refused a", "refused b");
        Page<DeadLetter> rest = await(queue.deadLetters(new DeadLetterCursor(1, first.cursor()), 2));
        assertThat(rest.items()).extracting(d -> d.cause().text()).containsExactly("refused c");
        assertThat(rest.cursor()).isEmpty();
        assertBalanced(queue);
        DeadLetter a = first.items().get(0);
        assertThat(await(queue.deadLetter(a.id()))).isPresent();
        assertState(queue, a.entry().id(), State.DEAD);
        assertThat(await(queue.redrive(List.of(a.id(), "no-such-letter")))).isEqualTo(1);
        assertThat(await(queue.purge(List.of(first.items().get(1).id())))).isEqualTo(1);
        List<Delivery> again = take(queue, 9);
        assertThat(payloads(again)).containsExactly("a");
        assertThat(again.get(0).attempt()).isEqualTo(1);
        assertThat(again.get(0).redrives()).isEqualTo(1);
        assertBalanced(queue);
        settle(queue, again, new Verdict.Dead(failure("again")));
        queue = crashAndReopen(flushed(queue));
        assertBalanced(queue);
        Tally.RouteTally tally = await(queue.tally()).routes().get(0);
        assertThat(tally.dead()).isEqualTo(3);
        assertThat(tally.purged()).isEqualTo(1);
        assertThat(tally.deadStored()).isEqualTo(2);
    }

    @Test
    void parkedEntriesWaitInLaneOrderAndSurviveACrash() throws Exception {
        assumeTrue(keepsLanes(), "what is parked comes again from the queue itself");
        Queue queue = open(ordered());
        await(queue.append(List.of(
                entries.keyed("k", "1"),
                entries.keyed("other", "x"),
                entries.keyed("k", "2"),
                entries.keyed("k", "3"))));
        List<Delivery> taken = takeAll(queue, 4);
        long next = ticker.micros() + 1_000_000;
        settle(queue, taken.subList(2, 4), new Verdict.Park(0, null));
        settle(queue, taken.subList(0, 1), new Verdict.Park(next, failure("down")));
        settle(queue, taken.subList(1, 2), delivered());
        queue = crashAndReopen(flushed(queue));
        assertBalanced(queue);
        assertThat(await(queue.parked(1, 10))).containsExactly(new ParkedKey(Buffer.buffer("k"), next));
        List<Delivery> lane = await(queue.takeParked(1, Buffer.buffer("k"), 2));
        assertThat(payloads(lane)).containsExactly("1", "2");
        assertThat(lane).extracting(Delivery::attempt).containsExactly(2, 1);
        settle(queue, lane.subList(0, 1), new Verdict.Park(next + 5, failure("still down")));
        settle(queue, lane.subList(1, 2), new Verdict.Park(0, null));
        assertThat(await(queue.parked(1, 10))).containsExactly(new ParkedKey(Buffer.buffer("k"), next + 5));
        lane = await(queue.takeParked(1, Buffer.buffer("k"), 10));
        assertThat(payloads(lane)).containsExactly("1", "2", "3");
        assertThat(lane.get(0).attempt()).isEqualTo(3);
        settle(queue, lane, delivered());
        assertThat(await(queue.takeParked(1, Buffer.buffer("k"), 10))).isEmpty();
        assertThat(await(queue.parked(1, 10))).isEmpty();
        assertBalanced(queue);
    }

    @Test
    void withOrderTheWayInCountsAndNotTheClocksOfTheNodesThatTookThemIn() throws Exception {
        Queue queue = open(ordered());
        Entries behind = new Entries(() -> ticker.micros() - 300_000, spec(1).namespace());
        await(queue.append(List.of(entries.keyed("k", "1"), behind.keyed("k", "2"))));
        await(queue.append(List.of(behind.keyed("k", "3"))));
        await(queue.append(List.of(entries.keyed("k", "4"))));
        assertThat(payloads(takeAll(queue, 4))).containsExactly("1", "2", "3", "4");
    }

    @Test
    void orderedNamespacesMergeImmediateAndDelayedByDueTime() throws Exception {
        Queue queue = open(ordered());
        assumeTrue(queue.capabilities().delayWithOrder(), "order is for the immediate only");
        await(queue.append(List.of(entries.make("delayed", "k", Duration.ofSeconds(2), null, 1))));
        await(queue.append(List.of(entries.keyed("k", "first"))));
        turn(queue, Duration.ofSeconds(3));
        await(queue.append(List.of(entries.keyed("k", "last"))));
        assertThat(payloads(takeAll(queue, 3))).containsExactly("first", "delayed", "last");
    }

    @Test
    void anObligationMovedInKeepsItsAttemptsAndSurvivesACrash() throws Exception {
        Queue queue = open(spec(1, 2));
        Entry entry = entries.routed("moved", 1, 2);
        Transfer transfer =
                new Transfer(entry, 1, ticker.micros() + 5_000_000, 2, failure("the first"), failure("the second"), 1);
        await(queue.moveIn(List.of(transfer)));
        assertNothingIsDue(queue);
        queue = crashAndReopen(flushed(queue));
        assertBalanced(queue);
        turn(queue, Duration.ofSeconds(5));
        List<Delivery> taken = take(queue, 9);
        assertThat(payloads(taken)).containsExactly("moved");
        assertThat(taken.get(0).entry().id()).isEqualTo(entry.id());
        assertThat(taken).extracting(Delivery::attempt, Delivery::redrives).containsExactly(tuple(3, 1));
        assertThat(taken.get(0).dueMicros()).isEqualTo(transfer.dueMicros());
        assertThat(taken.get(0).firstFailure().text()).isEqualTo("the first");
        assertThat(taken.get(0).lastFailure().text()).isEqualTo("the second");
        settle(queue, taken, new Verdict.Dead(failure("the third")));
        queue = crashAndReopen(flushed(queue));
        assertBalanced(queue);
        DeadLetter letter =
                await(queue.deadLetters(new DeadLetterCursor(1, ""), 9)).items().get(0);
        assertThat(letter.attempts()).isEqualTo(3);
        assertThat(letter.firstFailure().text()).isEqualTo("the first");
        Tally tally = await(queue.tally());
        Tally.RouteTally books = tally.routes().get(0);
        assertThat(books.movedIn()).isEqualTo(1);
        assertThat(books.accepted()).isEqualTo(1);
        assertThat(books.dead()).isEqualTo(1);
        assertThat(tally.routes().get(1).movedIn()).isZero();
        assertThat(tally.entries()).isEqualTo(1);
    }

    @Test
    void anObligationMovedOutIsSettledHereAndCountedOnce() throws Exception {
        Queue queue = open(spec(1));
        Entry entry = entries.immediate("goes");
        await(queue.append(List.of(entry, entries.delayed("goes too", Duration.ofSeconds(1)))));
        turn(queue, Duration.ofSeconds(1));
        List<Delivery> taken = takeAll(queue, 2);
        settle(queue, taken, new Verdict.Moved(ticker.micros()));
        settle(queue, taken, new Verdict.Moved(ticker.micros()));
        assertState(queue, entry.id(), State.MOVED);
        queue = crashAndReopen(flushed(queue));
        assertNothingIsDue(queue);
        assertBalanced(queue);
        Tally.RouteTally books = await(queue.tally()).routes().get(0);
        assertThat(books.movedOut()).isEqualTo(2);
        assertThat(books.accepted()).isEqualTo(3);
        if (queue.capabilities().exactTally()) {
            assertThat(books.pending()).isZero();
        }
    }

    @Test
    void cancelsWhatIsNotYetTaken() throws Exception {
        Queue queue = open(spec(1));
        assumeTrue(queue.capabilities().cancel(), "nothing is cancelled");
        Entry delayed = entries.delayed("delayed", Duration.ofSeconds(5));
        Entry kept = entries.delayed("kept", Duration.ofSeconds(5));
        Entry queued = entries.immediate("queued");
        await(queue.append(List.of(delayed, kept, queued)));
        assertThat(await(queue.cancel(delayed.id()))).containsExactly(new RouteChange(1, RouteChange.Result.DONE));
        assertThat(await(queue.cancel(queued.id()))).containsExactly(new RouteChange(1, RouteChange.Result.DONE));
        assertThat(await(queue.cancel(delayed.id()))).containsExactly(new RouteChange(1, RouteChange.Result.TOO_LATE));
        assertThat(await(queue.cancel(entries.immediate("unknown").id()))).isEmpty();
        queue = crashAndReopen(queue);
        turn(queue, Duration.ofSeconds(5));
        List<Delivery> taken = take(queue, 10);
        assertThat(payloads(taken)).containsExactly("kept");
        assertThat(await(queue.cancel(kept.id()))).containsExactly(new RouteChange(1, RouteChange.Result.TOO_LATE));
        assertState(queue, kept.id(), State.IN_FLIGHT);
        assertState(queue, delayed.id(), State.CANCELLED);
        assertBalanced(queue);
        assertThat(await(queue.tally()).routes().get(0).cancelled()).isEqualTo(2);
    }

    @Test
    void reschedulesWhatIsNotYetTaken() throws Exception {
        Queue queue = open(spec(1));
        assumeTrue(queue.capabilities().cancel(), "nothing is rescheduled");
        Entry later = entries.delayed("later", Duration.ofSeconds(5));
        Entry sooner = entries.delayed("sooner", Duration.ofDays(300));
        Entry now = entries.immediate("now");
        await(queue.append(List.of(later, sooner, now)));
        assertThat(await(queue.reschedule(later.id(), ticker.micros() + 60_000_000)))
                .containsExactly(new RouteChange(1, RouteChange.Result.DONE));
        await(queue.reschedule(sooner.id(), ticker.micros() + 1_000_000));
        await(queue.reschedule(now.id(), ticker.micros() + 2_000_000));
        queue = crashAndReopen(queue);
        assertBalanced(queue);
        turn(queue, Duration.ofSeconds(10));
        List<Delivery> taken = takeAll(queue, 2);
        assertThat(payloads(taken)).containsExactly("sooner", "now");
        settle(queue, taken, delivered());
        assertNothingIsDue(queue);
        assertThat(await(queue.find(later.id())).orElseThrow().routes().get(0).dueMicros())
                .isEqualTo(HandTicker.START + 60_000_000);
        turn(queue, Duration.ofSeconds(50));
        assertThat(payloads(take(queue, 9))).containsExactly("later");
        assertBalanced(queue);
    }

    @Test
    void aTokenSeenBeforeAnswersTheFirstEntry() throws Exception {
        Queue queue = open(spec(1));
        assumeTrue(queue.capabilities().dedupe(), "tokens are not honoured");
        Entry first = entries.tokened("a", "t");
        Entry inSameBatch = entries.tokened("a", "t");
        List<AppendOutcome> both = await(queue.append(List.of(first, inSameBatch)));
        assertThat(both).extracting(AppendOutcome::id).containsExactly(first.id(), first.id());
        assertThat(both).extracting(AppendOutcome::duplicate).containsExactly(false, true);
        queue = crashAndReopen(queue);
        AppendOutcome again =
                await(queue.append(List.of(entries.tokened("a", "t")))).get(0);
        assertThat(again.durable()).isEqualTo(Durable.TRUE);
        assertThat(again.id()).isEqualTo(first.id());
        assertThat(again.receipt()).isEqualTo(both.get(0).receipt());
        AppendOutcome other =
                await(queue.append(List.of(entries.tokened("b", "t")))).get(0);
        assertThat(other.durable()).isEqualTo(Durable.FALSE);
        assertThat(other.code()).isEqualTo(ErrorCode.TOKEN_REUSED);
        assertThat(await(queue.findByToken("t")).orElseThrow().entry().id()).isEqualTo(first.id());
        assertThat(await(queue.findByToken("unseen"))).isEmpty();
        assertThat(payloads(take(queue, 10))).containsExactly("a");
    }

    @Test
    void theLogIsReadAgainByTimeAndReadmitted() throws Exception {
        Queue queue = open(spec(1, 2));
        assumeTrue(queue.capabilities().rangeRead(), "what was delivered is not read again");
        await(queue.append(List.of(entries.immediate("too early"))));
        turn(queue, Duration.ofSeconds(10));
        LogRange range = new LogRange(ticker.micros(), ticker.micros() + 5_000_000);
        await(queue.append(List.of(entries.immediate("a"), entries.delayed("b", Duration.ofDays(1)))));
        await(queue.append(List.of(entries.immediate("c"))));
        turn(queue, Duration.ofSeconds(10));
        await(queue.append(List.of(entries.immediate("too late"))));
        settle(queue, takeAll(queue, 4), delivered());
        queue = crashAndReopen(flushed(queue));
        Page<LogEntry> first = await(queue.read(range, "", 2));
        assertThat(first.items()).hasSize(2);
        Page<LogEntry> second = await(queue.read(range, first.cursor(), 2));
        assertThat(second.items()).hasSize(1);
        assertThat(second.cursor()).isEmpty();
        List<Entry> read = new ArrayList<>();
        first.items().forEach(each -> read.add(each.entry()));
        second.items().forEach(each -> read.add(each.entry()));
        if (!takesInOrder()) {
            read.sort(Comparator.comparing(entry -> entry.payload().toString()));
        }
        assertThat(read).extracting(entry -> entry.payload().toString()).containsExactly("a", "b", "c");
        await(queue.readmit(List.of(read.get(0), read.get(2)), 2));
        queue = crashAndReopen(queue);
        List<Delivery> again = new ArrayList<>();
        while (again.size() < 2) {
            again.addAll(await(queue.take(2, 10, MANY_BYTES)));
        }
        assertThat(payloads(again)).containsExactly("a", "c");
        settle(queue, again, delivered());
        assertThat(await(queue.read(range, "", 10)).items()).hasSize(3);
        assertBalanced(queue);
        assertThat(await(queue.tally()).entries()).isEqualTo(5);
    }

    @Test
    void cancelsRacingTheDueTimeEitherCancelOrDeliver() throws Exception {
        int count = 10_000;
        Queue queue = open(spec(1));
        assumeTrue(queue.capabilities().cancel(), "nothing is cancelled");
        Random random = new Random(7);
        List<Entry> all = new ArrayList<>();
        for (int i = 0; i < count; i += 500) {
            List<Entry> group = new ArrayList<>();
            for (int j = 0; j < 500; j++) {
                group.add(entries.delayed("p" + (i + j), Duration.ofNanos(1_000L * (1 + random.nextInt(1_000_000)))));
            }
            await(queue.append(group));
            all.addAll(group);
        }
        java.util.Collections.shuffle(all, random);
        Set<EntryId> delivered = new HashSet<>();
        Set<EntryId> cancelled = new HashSet<>();
        Future<List<Delivery>> take = queue.take(1, 100, MANY_BYTES);
        for (int i = 0; i < count; i += 100) {
            List<Future<List<RouteChange>>> changes = new ArrayList<>();
            ticker.turnMicros(10_000);
            ticked(queue);
            for (Entry each : all.subList(i, i + 100)) {
                changes.add(queue.cancel(each.id()));
            }
            if (take.isComplete()) {
                take.result()
                        .forEach(d -> assertThat(delivered.add(d.entry().id())).isTrue());
                settle(queue, take.result(), delivered());
                take = queue.take(1, 100, MANY_BYTES);
            }
            for (int j = 0; j < 100; j++) {
                if (await(changes.get(j)).get(0).result() == RouteChange.Result.DONE) {
                    cancelled.add(all.get(i + j).id());
                }
            }
        }
        ticker.turn(Duration.ofSeconds(10));
        while (delivered.size() + cancelled.size() < count) {
            ticked(queue);
            List<Delivery> taken = await(take);
            taken.forEach(d -> assertThat(delivered.add(d.entry().id())).isTrue());
            settle(queue, taken, delivered());
            take = queue.take(1, 1_000, MANY_BYTES);
        }
        assertThat(delivered).doesNotContainAnyElementsOf(cancelled);
        Tally.RouteTally tally = await(queue.tally()).routes().get(0);
        assertThat(tally.balanced()).isTrue();
        assertThat(tally.pending()).isZero();
        assertThat(tally.delivered()).isEqualTo(delivered.size());
        assertThat(tally.cancelled()).isEqualTo(cancelled.size());
    }

    @Test
    void theDepthTellsWhatWaits() throws Exception {
        Queue queue = open(spec(1));
        assumeTrue(queue.capabilities().exactTally(), "what waits is only estimated");
        await(queue.append(
                List.of(entries.immediate("a"), entries.immediate("b"), entries.delayed("c", Duration.ofSeconds(5)))));
        long accepted = ticker.micros();
        List<Delivery> taken = take(queue, 1);
        turn(queue, Duration.ofSeconds(1));
        flushed(queue);
        QueueDepth depth = depth(queue);
        assertThat(depth.ready()).isEqualTo(1);
        assertThat(depth.scheduled()).isEqualTo(1);
        assertThat(depth.inFlight()).isEqualTo(1);
        assertThat(depth.oldestDueMicros()).isEqualTo(accepted);
        settle(queue, taken, new Verdict.Dead(failure("x")));
        flushed(queue);
        assertThat(depth(queue).dead()).isEqualTo(1);
        assertThat(depth(queue).inFlight()).isZero();
    }

    @Test
    void aClosedQueueEndsWhatWaits() throws Exception {
        Queue queue = open(spec(1));
        Future<List<Delivery>> waiting = queue.take(1, 1, 1);
        await(queue.close());
        assertThat(await(waiting)).isEmpty();
        AppendOutcome refused =
                await(queue.append(List.of(entries.immediate("a")))).get(0);
        assertThat(refused.durable()).isEqualTo(Durable.FALSE);
        assertThat(refused.code()).isEqualTo(ErrorCode.UNAVAILABLE);
    }
}
