package io.forelog.queue.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.model.Delivery;
import io.forelog.model.Receipt;
import io.forelog.queue.Entries;
import io.forelog.queue.HandTicker;
import io.forelog.queue.QueueDepth;
import io.forelog.queue.Settlement;
import io.forelog.queue.Verdict;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;

class RouteDeskTest {
    private final Entries entries = new Entries(new HandTicker(), "n");
    private final RouteDesk desk = new RouteDesk("n", 1, true, () -> {});
    private final TopicPartition main = new TopicPartition("t", 0);
    private final TopicPartition parkPartition = new TopicPartition("t-park-1", 0);

    @Test
    void aTakeThatWaitsEndsWithWhatIsFetchedAndAClosedDeskEndsAll() {
        Holding holding = new Holding(main, "t", false, new OffsetWindow(0), new Books());
        desk.assigned(List.of(holding));
        Promise<List<Delivery>> waiting = Promise.promise();
        desk.take(10, 1_000, waiting);
        assertThat(waiting.future().isComplete()).isFalse();
        desk.fetched(holding, List.of(fetched(holding, 0, "k")), 1, 0);
        assertThat(waiting.future().result()).hasSize(1);
        Promise<Void> retried = Promise.promise();
        Verdict retry = new Verdict.Retry(5, new io.forelog.model.Failure(1, io.forelog.model.ErrorCode.INTERNAL, "x"));
        desk.settle(List.of(new Settlement(waiting.future().result().get(0), retry)), retried, 0);
        assertThat(retried.future().isComplete()).as("not yet written").isFalse();
        Promise<List<Delivery>> last = Promise.promise();
        desk.take(10, 1_000, last);
        desk.close();
        assertThat(last.future().result()).isEmpty();
        assertThat(retried.future().failed()).isTrue();
    }

    @Test
    void whatAnotherOwnsByNowIsSettledWithoutEffect() {
        Holding holding = new Holding(main, "t", false, new OffsetWindow(0), new Books());
        desk.assigned(List.of(holding));
        desk.fetched(holding, List.of(fetched(holding, 0, "k")), 1, 0);
        Promise<List<Delivery>> taken = Promise.promise();
        desk.take(1, 1, taken);
        desk.dropped(each -> true);
        Promise<Void> settled = Promise.promise();
        desk.settle(List.of(new Settlement(taken.future().result().get(0), new Verdict.Delivered(1))), settled, 0);
        assertThat(settled.future().succeeded()).isTrue();
        assertThat(holding.books.get(Books.Count.DELIVERED)).isZero();
        assertThat(desk.depth().inFlight()).isZero();
    }

    @Test
    void anAbortedMoveIsMadeAgainAndOneThatCannotBeWrittenDoesNotKeepTheOthers() {
        Holding holding = new Holding(main, "t", false, new OffsetWindow(0), new Books());
        desk.assigned(List.of(holding));
        List<Holding.Fetched> some = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            some.add(fetched(holding, i, "k" + i));
        }
        desk.fetched(holding, some, 8, 0);
        Promise<List<Delivery>> taken = Promise.promise();
        desk.take(8, 1_000, taken);
        List<Promise<Void>> calls = new ArrayList<>();
        Verdict dead = new Verdict.Dead(new io.forelog.model.Failure(1, io.forelog.model.ErrorCode.INTERNAL, "x"));
        for (Delivery each : taken.future().result()) {
            Promise<Void> call = Promise.promise();
            calls.add(call);
            desk.settle(List.of(new Settlement(each, dead)), call, 0);
        }
        for (int round = 0; round < 20; round++) {
            Moves.Batch batch = desk.nextMoves();
            if (batch == null) {
                break;
            }
            boolean poisoned = batch.moves().stream().anyMatch(move -> move.taken.offset == 3);
            if (poisoned) {
                desk.notMoved(batch, new IllegalStateException("too large"), 1, false);
            } else {
                desk.moved(batch, List.of());
            }
        }
        assertThat(calls).filteredOn(call -> call.future().succeeded()).hasSize(7);
        assertThat(holding.books.get(Books.Count.DEAD)).isEqualTo(7);
        assertThat(holding.window.isSettled(3)).isFalse();
        assertThat(holding.window.taken()).isEqualTo(1);
    }

    @Test
    void whatWasTakenIsOnItsWayUntilWhoeverTookItIsAtRest() {
        Holding holding = new Holding(main, "t", false, new OffsetWindow(0), new Books());
        desk.assigned(List.of(holding));
        desk.fetched(holding, List.of(fetched(holding, 0, "k")), 1, 0);
        desk.take(1, 1_000, Promise.promise());
        assertThat(desk.quiet(List.of(main))).isFalse();
        assertThat(committed(main).clean()).isFalse();
        desk.atRest();
        assertThat(desk.quiet(List.of(main))).isTrue();
        assertThat(committed(main).clean()).isTrue();
        assertThat(desk.committable(null, true, true).get(main).offset()).isZero();
    }

    private CommitMetadata committed(TopicPartition partition) {
        OffsetAndMetadata mark = desk.committable(null, true, true).get(partition);
        return CommitMetadata.decode(mark.metadata(), mark.offset());
    }

    /** One that was aborted alone lets others pass, but none of its key. */
    @Test
    void whatIsParkedOfAKeyIsWrittenInItsOrderHoweverOftenItIsAborted() {
        Holding holding = new Holding(main, "t", false, new OffsetWindow(0), new Books());
        desk.assigned(List.of(holding));
        desk.fetched(
                holding,
                List.of(
                        fetched(holding, 0, "k"),
                        fetched(holding, 1, "k"),
                        fetched(holding, 2, "other"),
                        fetched(holding, 3, "k")),
                4,
                0);
        Promise<List<Delivery>> taken = Promise.promise();
        desk.take(4, 1_000, taken);
        List<Settlement> parks = new ArrayList<>();
        taken.future().result().forEach(each -> parks.add(new Settlement(each, new Verdict.Park(5, null))));
        desk.settle(parks, Promise.promise(), 0);
        for (int size : List.of(4, 2, 1)) {
            Moves.Batch batch = desk.nextMoves();
            assertThat(batch.moves()).hasSize(size);
            desk.notMoved(batch, new IllegalStateException("rebalance"), 1, false);
        }
        List<Long> written = new ArrayList<>();
        for (Moves.Batch batch = desk.nextMoves(); batch != null; batch = desk.nextMoves()) {
            batch.moves().forEach(move -> written.add(move.taken.offset));
            desk.moved(batch, List.of());
        }
        assertThat(written).containsExactly(2L, 0L, 1L, 3L);
    }

    /** Whichever of the two is named first. */
    @Test
    void whatIsFoundParkedLaterGoesBeforeItsMainPartitionOpens() {
        desk.assigned(List.of());
        for (boolean parkFirst : List.of(true, false)) {
            Holding holding = new Holding(main, "t", false, new OffsetWindow(0), new Books());
            Holding park = new Holding(parkPartition, "t", true, new OffsetWindow(0), new Books());
            List<Taken> inOrder = new ArrayList<>();
            for (int i = 0; i < 2; i++) {
                Holding.Fetched parked = fetched(park, i, "k");
                park.window.read(i, parked.taken().bytes);
                park.fetched.add(parked);
                inOrder.add(parked.taken());
            }
            desk.assigned(parkFirst ? List.of(park, holding) : List.of(holding, park));
            Holding.Fetched later = fetched(holding, 2, "k");
            inOrder.add(later.taken());
            desk.fetched(holding, List.of(later), 3, 0);
            for (Taken next : inOrder) {
                assertThat(taken()).extracting(Delivery::place).containsExactly(next);
            }
            desk.dropped(each -> true);
        }
    }

    /** The head of a lane that was tried and parked again lies behind its followers. */
    @Test
    void whatIsFoundParkedLaterGoesInTheOrderOfItsLaneAndNotOfItsTopic() {
        desk.assigned(List.of());
        Holding park = new Holding(parkPartition, "t", true, new OffsetWindow(0), new Books());
        for (long order : List.of(8L, 9L, 7L)) {
            Taken taken = new Taken(park, park.window.next(), 10, Books.Count.RETURNED, order);
            park.window.read(taken.offset, taken.bytes);
            park.fetched.add(new Holding.Fetched(taken, delivery(taken, entries.keyed("k", "p" + order)), null));
        }
        desk.assigned(List.of(park));
        Promise<List<Delivery>> all = Promise.promise();
        desk.take(9, 1_000, all);
        assertThat(all.future().result())
                .extracting(each -> ((Taken) each.place()).order)
                .containsExactly(7L, 8L, 9L);
    }

    /** As long as its former owner may have something on its way, parked or not. */
    @Test
    void aPartitionThatWaitsIsNotOpenedByWhatWasParked() {
        desk.assigned(List.of());
        Holding holding = new Holding(main, "t", false, new OffsetWindow(0), new Books());
        holding.open = false;
        holding.opensNanos = 1;
        Holding park = new Holding(parkPartition, "t", true, new OffsetWindow(0), new Books());
        Holding.Fetched parked = fetched(park, 0, "k");
        park.window.read(0, parked.taken().bytes);
        park.fetched.add(parked);
        desk.assigned(List.of(holding, park));
        desk.fetched(holding, List.of(fetched(holding, 0, "k")), 1, 0);
        assertThat(taken()).hasSize(1);
        Promise<List<Delivery>> waits = Promise.promise();
        desk.take(1, 1_000, waits);
        assertThat(waits.future().isComplete()).isFalse();
        holding.opensNanos = 0;
        desk.open(holding);
        assertThat(waits.future().result()).hasSize(1);
    }

    private List<Delivery> taken() {
        Promise<List<Delivery>> promise = Promise.promise();
        desk.take(1, 1_000, promise);
        return promise.future().isComplete() ? promise.future().result() : List.of();
    }

    /** Every second of many parked keys goes, the others stay parked: what is committed always fits, and none is forgotten. */
    @Test
    void parkedOnesThatStayAreCarriedOnSoThatTheirMarksFit() {
        int count = 6_000;
        Holding park = new Holding(parkPartition, "t", true, new OffsetWindow(0), new Books());
        for (int i = 0; i < count; i++) {
            Holding.Fetched one = fetched(park, i, "k" + i);
            park.window.read(i, one.taken().bytes);
            park.fetched.add(one);
        }
        desk.assigned(List.of(park));
        long next = count + 1L;
        int longest = 0;
        for (int i = 0; i < count; i += 2) {
            ParkedLanes.Parked head = desk.heads(Buffer.buffer("k" + i), 1).get(0);
            desk.settle(List.of(new Settlement(head.delivery, new Verdict.Delivered(1))), Promise.promise(), 0);
            next = carry(park, next);
            OffsetAndMetadata mark = desk.committable(null, true, true).get(parkPartition);
            longest = Math.max(longest, mark.metadata().length());
        }
        assertThat(longest).isBetween(1_000, CommitMetadata.CHARS_MAX);
        QueueDepth depth = desk.depth();
        assertThat(depth.parked()).isEqualTo(count / 2);
        for (int i = 1; i < count; i += 2) {
            assertThat(desk.heads(Buffer.buffer("k" + i), 9)).hasSize(1);
        }
        assertThat(park.books.get(Books.Count.DELIVERED)).isEqualTo(count / 2);
    }

    /** All that is to be moved goes to the end of the park topic, which is at {@code next}; answers where it ends then. */
    private long carry(Holding park, long next) {
        long end = next;
        for (Moves.Batch batch = desk.nextMoves(); batch != null; batch = desk.nextMoves()) {
            end = carry(park, batch, end);
        }
        return end;
    }

    private long carry(Holding park, Moves.Batch batch, long next) {
        long end = next;
        List<Moves.ParkedCopy> copies = new ArrayList<>();
        for (Move move : batch.moves()) {
            Taken copy = new Taken(park, end++, 10, Books.Count.RETURNED, move.taken.order);
            copies.add(new Moves.ParkedCopy(move, delivery(copy, move.delivery.entry())));
        }
        desk.moved(batch, copies);
        return end + 1; // the transaction's marker
    }

    /** Found with a partition that came later, and lying in their topic in no order: those carried on meanwhile are not passed by. */
    @Test
    void whatIsCarriedOnBeforeItIsHandedOutGoesInItsTurn() {
        int count = 4_000;
        desk.assigned(List.of());
        Holding holding = new Holding(main, "t", false, new OffsetWindow(0), new Books());
        Holding park = new Holding(parkPartition, "t", true, new OffsetWindow(0), new Books());
        for (int i = 0; i < count; i++) {
            Taken taken = new Taken(park, i, 10, Books.Count.RETURNED, i * 1_237L % count);
            park.window.read(i, taken.bytes);
            park.fetched.add(new Holding.Fetched(taken, delivery(taken, entries.keyed("k", "p")), null));
        }
        desk.assigned(List.of(holding, park));
        desk.fetched(holding, List.of(fetched(holding, count, "k")), count + 1L, 0);
        long next = count + 1L;
        Moves.Batch open = null;
        for (long order = 0; order <= count; order++) {
            open = open == null ? desk.nextMoves() : open;
            Promise<List<Delivery>> take = Promise.promise();
            desk.take(1, 1_000, take);
            if (!take.future()
                    .isComplete()) { // it is on its way to the end of its topic: the transaction ends only now
                next = carry(park, open, next);
                open = null;
            }
            List<Delivery> one = take.future().result();
            assertThat(one).extracting(each -> ((Taken) each.place()).order).containsExactly(order);
            desk.settle(List.of(new Settlement(one.get(0), new Verdict.Delivered(1))), Promise.promise(), 0);
        }
        assertThat(next).as("none were carried").isGreaterThan(count + 1L);
        assertThat(desk.depth())
                .extracting(QueueDepth::parked, QueueDepth::inFlight)
                .containsExactly(0L, 0L);
    }

    /** After a crash what is parked of a key goes first: what comes behind one that was given up must not be parked without it. */
    @Test
    void whatIsGivenUpIsGivenUpWithThoseBehindItOfItsKey() {
        Holding holding = new Holding(main, "t", false, new OffsetWindow(0), new Books());
        desk.assigned(List.of(holding));
        desk.fetched(
                holding,
                List.of(fetched(holding, 0, "k"), fetched(holding, 1, "k"), fetched(holding, 2, "other")),
                3,
                0);
        Promise<List<Delivery>> taken = Promise.promise();
        desk.take(3, 1_000, taken);
        List<Promise<Void>> calls = new ArrayList<>();
        for (Delivery each : taken.future().result()) {
            Promise<Void> call = Promise.promise();
            calls.add(call);
            long asked = calls.size() * 4_000_000_000L;
            desk.settle(List.of(new Settlement(each, new Verdict.Park(5, null))), call, asked);
        }
        desk.notMoved(desk.nextMoves(), new IllegalStateException("rebalance"), 15_000_000_000L, false);
        assertThat(calls).extracting(call -> call.future().failed()).containsExactly(true, true, false);
        List<Long> written = new ArrayList<>();
        for (Moves.Batch batch = desk.nextMoves(); batch != null; batch = desk.nextMoves()) {
            batch.moves().forEach(move -> written.add(move.taken.offset));
            desk.moved(batch, List.of());
        }
        assertThat(written).containsExactly(2L);
    }

    @Test
    void whatIsCommittedWhileAPartitionIsHeldIsNeverCleanForSomethingMayBeSentAfterIt() {
        Holding holding = new Holding(main, "t", false, new OffsetWindow(0), new Books());
        desk.assigned(List.of(holding));
        OffsetAndMetadata held = desk.committable(null, true, false).get(main);
        assertThat(CommitMetadata.decode(held.metadata(), held.offset()).clean())
                .isFalse();
        assertThat(committed(main).clean()).as("given away").isTrue();
    }

    @Test
    void whatWasTakenOfAParkedLaneIsOnItsWayAsAnyOther() {
        Holding holding = new Holding(main, "t", false, new OffsetWindow(0), new Books());
        Holding park = new Holding(parkPartition, "t", true, new OffsetWindow(0), new Books());
        for (int i = 0; i < 3; i++) {
            park.window.read(i, 10);
            park.fetched.add(fetched(park, i, i < 2 ? "k" : "other"));
        }
        desk.assigned(List.of(holding, park));
        assertThat(desk.quiet(List.of(main)))
                .as("what lies there is not on its way")
                .isTrue();
        assertThat(committed(parkPartition).clean()).isTrue();
        List<ParkedLanes.Parked> heads = desk.heads(Buffer.buffer("k"), 1);
        assertThat(heads).hasSize(1);
        assertThat(desk.quiet(List.of(main))).isFalse();
        assertThat(committed(parkPartition).clean()).isFalse();
        desk.shut(List.of(main));
        assertThat(desk.heads(Buffer.buffer("other"), 1)).as("given away").isNull();
        Delivery head = heads.get(0).delivery;
        desk.settle(List.of(new Settlement(head, new Verdict.Delivered(1))), Promise.promise(), 0);
        assertThat(desk.quiet(List.of(main))).isTrue();
        assertThat(committed(parkPartition).clean()).isTrue();
    }

    /** Beyond what may be kept only keys and places are in memory; order and number are the same. */
    @Test
    void whatIsFoundParkedBeyondTheBoundIsReadAgainAndHandedOutInItsTurn() {
        desk.assigned(List.of());
        Holding holding = new Holding(main, "t", false, new OffsetWindow(0), new Books());
        Holding park = new Holding(parkPartition, "t", true, new OffsetWindow(0), new Books());
        List<Delivery> inTopic = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            park.window.read(i, 10);
            Holding.Fetched fetched = fetched(park, i, "k" + i % 2);
            inTopic.add(fetched.delivery());
            park.fetched.add(i < 2 ? fetched : PartitionStart.placeOf(fetched));
        }
        desk.assigned(List.of(holding, park));
        List<Long> taken = new ArrayList<>();
        for (int round = 0; round < 20 && taken.size() < 6; round++) {
            Promise<List<Delivery>> take = Promise.promise();
            desk.take(10, 1_000, take);
            List<Taken> wanted = desk.toReadAgain(2, 1_000);
            desk.readAgain(
                    wanted.stream().map(each -> inTopic.get((int) each.offset)).toList());
            take.future().result().forEach(each -> taken.add(((Taken) each.place()).offset));
        }
        assertThat(taken).containsExactly(0L, 1L, 2L, 3L, 4L, 5L);
        assertThat(holding.open).as("its turn now").isTrue();
        assertThat(desk.parkedBytes()).isEqualTo(20);
    }

    /** Its lane, and what is parked of it, may be at another member (ADR 24). */
    @Test
    void whatHasAKeyInAReadyPartitionIsHandedOutOnlyWhereItsMainPartitionIs() {
        Holding ready = new Holding(new TopicPartition("t-ready", 0), "t", false, new OffsetWindow(0), new Books());
        Holding other = new Holding(new TopicPartition("t", 1), "t", false, new OffsetWindow(0), new Books());
        desk.assigned(List.of(ready, other));
        desk.fetched(ready, List.of(fetched(ready, 0, "k"), fetched(ready, 1, "")), 2, 0);
        Promise<List<Delivery>> taken = Promise.promise();
        desk.take(10, 1_000, taken);
        assertThat(taken.future().result())
                .extracting(each -> ((Taken) each.place()).offset)
                .containsExactly(1L);
        Moves.Batch batch = desk.nextMoves();
        assertThat(batch.moves()).hasSize(1);
        Move move = batch.moves().get(0);
        assertThat(move.goesToMain()).isTrue();
        assertThat(new RouteRecords("n", 1).toMain("t", move.delivery, null))
                .extracting(
                        org.apache.kafka.clients.producer.ProducerRecord::topic,
                        org.apache.kafka.clients.producer.ProducerRecord::partition)
                .containsExactly("t", 0);
        desk.moved(batch, List.of());
        assertThat(ready.books.get(Books.Count.REQUEUED)).isEqualTo(1);
        desk.assigned(List.of(new Holding(main, "t", false, new OffsetWindow(0), new Books())));
        desk.fetched(ready, List.of(fetched(ready, 2, "k")), 3, 0);
        Promise<List<Delivery>> again = Promise.promise();
        desk.take(10, 1_000, again);
        assertThat(again.future().result()).hasSize(1);
    }

    private Holding.Fetched fetched(Holding holding, long offset, String key) {
        Taken taken = new Taken(holding, offset, 10, Books.Count.ACCEPTED, offset);
        return new Holding.Fetched(taken, delivery(taken, entries.keyed(key, "p")), null);
    }

    private static Delivery delivery(Taken taken, io.forelog.model.Entry entry) {
        Receipt receipt = new Receipt(taken.holding.partition.topic(), 0, taken.offset);
        return new Delivery(entry, 1, receipt, taken, 1, entry.dueMicros(), null, null, 0);
    }
}
