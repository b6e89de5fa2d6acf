package io.forelog.queue.kafka;

import io.forelog.model.Delivery;
import io.forelog.model.Failure;
import io.forelog.model.Receipt;
import io.forelog.model.Ticker;
import io.forelog.observe.LogKeys;
import io.forelog.queue.Verdict;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * Writes what is to be moved of one route, a batch a transaction: retries, parked and dead letters, with the marks that their
 * originals left. Owned by the thread of the {@link RouteReader}, which a transaction holds. What it moves is bounded by
 * {@link Moves}; after one that was aborted it pauses an interval.
 */
final class Mover {
    private static final Logger LOG = LoggerFactory.getLogger(Mover.class);
    private static final int ABORTED_ALARM = 10;

    private final String namespace;
    private final int route;
    private final String nodeId;
    private final ClusterClock clock;
    private final RouteDesk desk;
    private final PartitionStart start;
    private final RouteRecords records;
    private final Supplier<RouteTopics> topics;
    private final Transactor transactor;
    private final long pauseNanos;
    private final Ticker ticker;
    private long nextNanos;
    private int abortedInARow;

    Mover(
            String namespace,
            int route,
            RouteDesk desk,
            PartitionStart start,
            RouteRecords records,
            Supplier<RouteTopics> topics,
            ReaderSettings settings,
            Ticker ticker) {
        this.namespace = namespace;
        this.route = route;
        this.nodeId = settings.nodeId();
        this.clock = settings.clock();
        this.desk = desk;
        this.start = start;
        this.records = records;
        this.topics = topics;
        this.transactor =
                new Transactor(settings.connection(), "forelog-" + nodeId + "-" + namespace + "-" + route + "-moves");
        this.pauseNanos = settings.commitInterval().toNanos();
        this.ticker = ticker;
    }

    /** There is something to move, and no pause. */
    boolean mayMove() {
        return desk.hasMoves() && System.nanoTime() - nextNanos >= 0;
    }

    /** Moves also where it would pause. */
    void moveNow(Consumer<byte[], byte[]> open) throws Transactor.Undecided {
        nextNanos = 0;
        move(open);
    }

    void move(Consumer<byte[], byte[]> open) throws Transactor.Undecided {
        while (mayMove()) {
            Moves.Batch batch = desk.nextMoves();
            if (batch == null) {
                return;
            }
            long now = ticker.micros();
            List<ProducerRecord<byte[], byte[]>> copies =
                    new ArrayList<>(batch.moves().size());
            try {
                for (Move move : batch.moves()) {
                    if (move.delivery == null && move.raw == null) {
                        move.delivery = start.delivery(move.taken);
                    }
                    copies.add(copy(move, now));
                }
                List<RecordMetadata> places = transactor.commit(
                        copies,
                        batch.marks(),
                        open.groupMetadata(),
                        asked -> PartitionStart.steady(() -> open.committed(asked)));
                desk.moved(batch, parkedCopies(batch, copies, places));
                abortedInARow = 0;
            } catch (Transactor.Aborted e) {
                aborted(e);
                nextNanos = System.nanoTime() + pauseNanos;
                desk.notMoved(batch, e, System.nanoTime(), false);
            } catch (Transactor.Undecided | RuntimeException e) {
                desk.notMoved(batch, e, System.nanoTime(), true);
                throw e;
            }
        }
    }

    /** Some are usual, in a rebalance; many are what an operator must know of: nothing leaves that way meanwhile. */
    private void aborted(Transactor.Aborted e) {
        abortedInARow++;
        LOG.atLevel(abortedInARow == ABORTED_ALARM ? Level.ERROR : Level.DEBUG)
                .addKeyValue(LogKeys.NAMESPACE, namespace)
                .addKeyValue(LogKeys.ROUTE, route)
                .addKeyValue(LogKeys.REASON, e.toString())
                .log("Retries, parked and dead letters can't be written; kept and tried again");
    }

    void close() {
        transactor.close();
    }

    // ---- the copies

    private ProducerRecord<byte[], byte[]> copy(Move move, long now) {
        String main = move.taken.holding.main;
        Delivery delivery = move.delivery;
        Verdict verdict = move.verdict;
        if (delivery != null && move.goesToMain()) {
            return records.toMain(main, delivery, null);
        }
        if (delivery == null || verdict == null) {
            RouteRecords.Raw raw = move.raw;
            if (raw == null) {
                throw new IllegalStateException("a move of nothing");
            }
            return records.poison(topics.get().deadLetters(main), raw);
        }
        return switch (verdict.kind()) {
            case RETRY -> retry(main, delivery, (Verdict.Retry) verdict, now);
            case PARK -> park(move.taken, main, delivery, (Verdict.Park) verdict);
            default -> records.dead(topics.get().deadLetters(main), delivery, ((Verdict.Dead) verdict).failure(), now);
        };
    }

    /** What came from a ready partition whose main partition has gone to another member since is parked there, if at all. */
    private ProducerRecord<byte[], byte[]> park(Taken taken, String main, Delivery delivery, Verdict.Park park) {
        TopicPartition its = new TopicPartition(main, taken.holding.partition.partition());
        return taken.holding.isReady() && desk.holding(its) == null
                ? records.toMain(main, delivery, park.failure())
                : records.park(topics.get().park(main), delivery, park);
    }

    private ProducerRecord<byte[], byte[]> retry(String main, Delivery delivery, Verdict.Retry retry, long now) {
        RecordHeaders headers = new RecordHeaders();
        RouteTopics at = topics.get();
        String topic = Tiers.wait(headers, at::tier, at.ready(main), now, retry.dueMicros(), nodeId, clock);
        return records.retry(topic, headers, delivery, retry);
    }

    /** Where those lie now that are parked in partitions held here, in the order of their offsets. */
    private List<Moves.ParkedCopy> parkedCopies(
            Moves.Batch batch, List<ProducerRecord<byte[], byte[]>> copies, List<RecordMetadata> places) {
        List<Moves.ParkedCopy> parked = new ArrayList<>();
        for (int i = 0; i < batch.moves().size(); i++) {
            Move move = batch.moves().get(i);
            if (move.delivery != null && move.verdict instanceof Verdict.Park park) {
                RecordMetadata place = places.get(i);
                Holding holding = desk.holding(new TopicPartition(place.topic(), place.partition()));
                if (holding != null) {
                    byte[] value = copies.get(i).value();
                    parked.add(parkedCopy(move, move.delivery, park, holding, place, value.length));
                }
            }
        }
        parked.sort(Comparator.comparingLong(each -> ((Taken) each.delivery().place()).offset));
        return parked;
    }

    private static Moves.ParkedCopy parkedCopy(
            Move move, Delivery delivery, Verdict.Park park, Holding holding, RecordMetadata place, int bytes) {
        Taken taken = new Taken(holding, place.offset(), bytes, Books.Count.RETURNED, move.taken.order);
        taken.nextMicros = park.nextMicros();
        Failure failure = park.failure();
        Delivery parked = new Delivery(
                delivery.entry(),
                delivery.route(),
                new Receipt(place.topic(), place.partition(), place.offset()),
                taken,
                failure == null ? delivery.attempt() : delivery.attempt() + 1,
                delivery.dueMicros(),
                delivery.firstFailure() == null ? failure : delivery.firstFailure(),
                failure == null ? delivery.lastFailure() : failure,
                delivery.redrives());
        return new Moves.ParkedCopy(move, parked);
    }
}
