package io.forelog.queue.kafka;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.model.Entry;
import io.forelog.model.ErrorCode;
import io.forelog.model.Failure;
import io.forelog.model.WalException;
import io.forelog.queue.DeadLetter;
import io.forelog.queue.DeadLetterCursor;
import io.forelog.queue.Entries;
import io.forelog.queue.HandTicker;
import io.forelog.queue.Transfer;
import io.vertx.core.Future;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Dead letters in a log in memory; with brokers: {@link KafkaQueueIT}. */
class DeadLettersTest {
    private final HandTicker ticker = new HandTicker();
    private final Entries entries = new Entries(ticker, "n");
    private final FakeLog log = new FakeLog("t-dlq");
    private final Appends appends = new Appends(
            new Sender(
                    1 << 20,
                    () -> new MockProducer<>(true, null, new ByteArraySerializer(), new ByteArraySerializer())),
            new ClusterClock("c", "clock", ticker),
            "node",
            ticker,
            new Appends.Layout(
                    new TopicPlan("n", "s", List.of("t"), List.of("t-dlq"), List.of(1), false), Map.of(), Map.of()));
    private final List<LogScan> scans = new ArrayList<>();
    private final DeadLetters letters = node();

    /** Another node's view of the same topic. */
    private DeadLetters node() {
        LogScan scan = new LogScan("forelog.n.dlq", log::consumer, WalException::of);
        scans.add(scan);
        return new DeadLetters(scan, appends, "n", ticker, new Transactor("dlq", log::producer));
    }

    @AfterEach
    void close() {
        scans.forEach(LogScan::close);
    }

    private static <T> T await(Future<T> future) throws Exception {
        return future.toCompletionStage().toCompletableFuture().get(20, TimeUnit.SECONDS);
    }

    private void dies(String payload) {
        Entry entry = entries.immediate(payload);
        Failure failure = new Failure(ticker.micros(), ErrorCode.INTERNAL, "x");
        ProducerRecord<byte[], byte[]> record = KafkaRecords.obligation(
                "t-dlq", null, null, new Transfer(entry, 1, 0, 1, failure, failure, 0), "n".getBytes(UTF_8));
        log.append(record, ticker.micros() / 1_000);
    }

    private List<DeadLetter> all() throws Exception {
        List<DeadLetter> all = new ArrayList<>();
        String cursor = "";
        do {
            var page = await(letters.list(new DeadLetterCursor(-1, cursor), 1_000));
            all.addAll(page.items());
            cursor = page.cursor();
        } while (!cursor.isEmpty());
        return all;
    }

    @Test
    void whatIsOverTimeGoesHoweverManyAndWhatIsNotStays() throws Exception {
        for (int i = 0; i < 450; i++) {
            dies("old" + i);
        }
        ticker.turn(Duration.ofHours(2));
        for (int i = 0; i < 10; i++) {
            dies("new" + i);
        }
        assertThat(await(letters.expire(Duration.ofHours(1)))).isEqualTo(450);
        assertThat(all()).hasSize(10);
    }

    /** Where the marks do not fit, letters are carried to the tail: those that expire must not be the reason that others are lost. */
    @Test
    void whatIsCarriedBecauseTheMarksDoNotFitIsStillThere() throws Exception {
        ticker.turn(Duration.ofHours(10));
        long late = ticker.micros();
        for (int i = 0; i < 4_000; i++) {
            dies("p" + i);
        }
        // What another wrote, as a former version did: every second one is gone, more than fits.
        DeadLetterMarks marks = DeadLetterMarks.of(null, 0);
        for (int i = 1; i < 4_000; i += 2) {
            marks.purged(i, 1);
        }
        assertThat(marks.fits()).isFalse();
        log.committed.put(log.partition, marks.committable());
        assertThat(await(letters.expire(Duration.ofDays(1)))).isZero();
        assertThat(ticker.micros()).isEqualTo(late);
        assertThat(all()).hasSize(2_000);
        assertThat(log.committed.get(log.partition).metadata().length()).isLessThanOrEqualTo(CommitMetadata.CHARS_MAX);
    }

    @Test
    void whatAnotherNodeChangesMeanwhileIsNotUndone() throws Exception {
        for (int i = 0; i < 20; i++) {
            dies("p" + i);
        }
        DeadLetters other = node();
        List<String> ids = all().stream().map(DeadLetter::id).toList();
        assertThat(await(letters.purge(ids.subList(0, 1)))).isEqualTo(1);
        log.beforeCommit = () -> {
            try {
                await(other.purge(ids.subList(5, 15)));
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        };
        await(letters.expire(Duration.ofDays(1)));
        assertThat(all()).hasSize(9);
    }
}
