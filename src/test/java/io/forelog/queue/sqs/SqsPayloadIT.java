package io.forelog.queue.sqs;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.model.AppendOutcome;
import io.forelog.model.Delivery;
import io.forelog.model.Durable;
import io.forelog.model.Entry;
import io.forelog.model.ErrorCode;
import io.forelog.model.Failure;
import io.forelog.queue.DeadLetter;
import io.forelog.queue.DeadLetterCursor;
import io.forelog.queue.Entries;
import io.forelog.queue.HandTicker;
import io.forelog.queue.InMemoryQueue;
import io.forelog.queue.Page;
import io.forelog.queue.Queue;
import io.forelog.queue.QueueSpec;
import io.forelog.queue.Settlement;
import io.forelog.queue.Verdict;
import io.forelog.rig.Await;
import io.forelog.rig.backend.ElasticMq;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.services.sqs.SqsAsyncClient;

/** Payloads that lie in the blob store while it is away, silent, or holds more than there is room for. On a real server. */
@Timeout(120)
class SqsPayloadIT {
    private static final long MANY_BYTES = 64L << 20;
    private static final int LARGE = 400_000;

    @TempDir
    Path directory;

    private final HandTicker ticker = new HandTicker();
    private final Entries entries = new Entries(ticker, "orders");
    private final HandBlobs blobs = new HandBlobs();
    private SqsRig rig;

    @BeforeEach
    void startRig() {
        rig = new SqsRig(ElasticMq.shared().endpoint().toString(), ticker, directory)
                .with("message_bytes", 10_000)
                .with("request_timeout", "PT2S");
    }

    @AfterEach
    void closeRig() throws Exception {
        rig.close();
    }

    private static <T> T await(Future<T> future) throws Exception {
        return SqsRig.await(future);
    }

    private static QueueSpec standard() {
        return SqsRig.own(InMemoryQueue.spec("orders", 1));
    }

    private static QueueSpec fifo() {
        QueueSpec s = InMemoryQueue.spec("orders", 1);
        return SqsRig.own(new QueueSpec(
                s.namespace(),
                s.routes(),
                true,
                s.serves(),
                s.retention(),
                s.deadLetterRetention(),
                s.quotaBytes(),
                s.ownDatabase(),
                s.config()));
    }

    private Entry large(String key, int number) {
        byte[] bytes = new byte[LARGE];
        java.util.Arrays.fill(bytes, (byte) number);
        return Parcel.fresh(entries.keyed(key, "x"))
                .withPayload(Buffer.buffer(bytes))
                .entry();
    }

    private static AppendOutcome append(Queue queue, Entry entry) throws Exception {
        return await(queue.append(List.of(entry))).get(0);
    }

    private void settle(Queue queue, List<Delivery> deliveries) throws Exception {
        await(queue.settle(deliveries.stream()
                .map(each -> new Settlement(each, new Verdict.Delivered(ticker.micros())))
                .toList()));
    }

    private static String url(SqsAsyncClient client, Queue queue) {
        String name = ((List<?>) queue.spec().config().get("wal-queue")).get(0).toString();
        return client.getQueueUrl(request -> request.queueName(name)).join().queueUrl();
    }

    /** As a process does that takes a message and dies. */
    private void receiveWithoutAnEnd(Queue queue, int times) {
        SqsAsyncClient client = rig.client();
        String url = url(client, queue);
        for (int i = 0; i < times; i++) {
            assertThat(client.receiveMessage(request -> request.queueUrl(url).visibilityTimeout(0))
                            .join()
                            .messages())
                    .hasSize(1);
        }
    }

    // ---- a store that is away

    @Test
    void aStoreThatIsAwayMakesNoDeadLettersHoweverOftenItsMessagesAreReceived() throws Exception {
        SqsQueue queue = rig.with("poison_receives", 3).openWith(standard(), blobs);
        Entry entry = large("k", 7);
        assertThat(append(queue, entry).durable()).isEqualTo(Durable.TRUE);
        blobs.mood = HandBlobs.Mood.AWAY;
        receiveWithoutAnEnd(queue, 4);
        Future<List<Delivery>> taking = queue.take(1, 1, MANY_BYTES);
        Await.pause(Duration.ofSeconds(3));
        assertThat(await(queue.deadLetters(new DeadLetterCursor(-1, ""), 5)).items())
                .isEmpty();
        assertThat(taking.isComplete()).isFalse();
        assertThat(blobs.contents).hasSize(1);
        blobs.mood = HandBlobs.Mood.SERVING;
        List<Delivery> taken = await(taking);
        assertThat(taken.get(0).entry().payload()).isEqualTo(entry.payload());
        settle(queue, taken);
        Await.until("its payload goes with it", Duration.ofSeconds(10), blobs.contents::isEmpty);
    }

    @Test
    void aStoreThatHasItNotMakesADeadLetter() throws Exception {
        SqsQueue queue = rig.with("poison_receives", 3).openWith(standard(), blobs);
        append(queue, large("k", 7));
        blobs.contents.clear();
        Future<List<Delivery>> nothing = queue.take(1, 1, MANY_BYTES);
        Await.until("it is a dead letter", Duration.ofSeconds(30), () -> {
            var letters = Await.result(queue.deadLetters(new DeadLetterCursor(-1, ""), 5))
                    .items();
            return !letters.isEmpty() && letters.get(0).cause().code() == ErrorCode.CORRUPT;
        });
        assertThat(nothing.isComplete()).isFalse();
    }

    @Test
    void inAFifoQueueNothingOvertakesAPayloadThatCanNotBeReadYet() throws Exception {
        SqsQueue queue = rig.openWith(fifo(), blobs);
        append(queue, large("k", 1));
        append(queue, entries.keyed("k", "second"));
        append(queue, entries.keyed("other", "of another key"));
        blobs.mood = HandBlobs.Mood.AWAY;
        List<Delivery> other = await(queue.take(1, 10, MANY_BYTES));
        assertThat(other).extracting(each -> each.entry().key().toString()).containsExactly("other");
        settle(queue, other);
        Future<List<Delivery>> taking = queue.take(1, 10, MANY_BYTES);
        Await.pause(Duration.ofSeconds(2));
        assertThat(taking.isComplete()).isFalse();
        blobs.mood = HandBlobs.Mood.SERVING;
        List<Delivery> taken = await(taking);
        assertThat(taken).hasSize(2);
        assertThat(taken.get(0).entry().payload().length()).isEqualTo(LARGE);
        assertThat(taken.get(1).entry().payload().toString()).isEqualTo("second");
        settle(queue, taken);
    }

    // ---- a store that does not answer

    @Test
    void aStoreThatDoesNotAnswerRefusesInTimeWhatNeedsItAndWhatStandsBehindIt() throws Exception {
        SqsQueue queue = rig.openWith(fifo(), blobs);
        blobs.mood = HandBlobs.Mood.SILENT;
        long began = System.nanoTime();
        Future<List<AppendOutcome>> first = queue.append(List.of(large("k", 1)));
        Future<List<AppendOutcome>> second = queue.append(List.of(large("k", 2)));
        Future<List<AppendOutcome>> small = queue.append(List.of(entries.keyed("o", "small")));
        for (Future<List<AppendOutcome>> each : List.of(first, second)) {
            AppendOutcome outcome = await(each).get(0);
            assertThat(outcome.durable()).as(outcome.text()).isEqualTo(Durable.FALSE);
            assertThat(outcome.code()).isEqualTo(ErrorCode.UNAVAILABLE);
        }
        AppendOutcome behind = await(small).get(0);
        assertThat(behind.durable()).as(behind.text()).isNotEqualTo(Durable.UNKNOWN);
        assertThat(TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - began)).isLessThan(8);
        blobs.mood = HandBlobs.Mood.SERVING;
        assertThat(append(queue, large("k", 3)).durable()).isEqualTo(Durable.TRUE);
        assertThat(await(queue.take(1, 1, MANY_BYTES)).get(0).entry().payload().getByte(0))
                .as("what was refused is nowhere")
                .isEqualTo((byte) 3);
    }

    @Test
    void whatWaitsForTheStoreIsBoundedByTheBytesThatMayWait() throws Exception {
        SqsQueue queue = rig.with("pending_bytes", 1 << 20).openWith(standard(), blobs);
        blobs.mood = HandBlobs.Mood.SILENT;
        Future<List<AppendOutcome>> all =
                queue.append(List.of(large("a", 1), large("b", 2), large("c", 3), large("d", 4)));
        assertThat(await(all))
                .extracting(AppendOutcome::code)
                .containsExactly(
                        ErrorCode.UNAVAILABLE, ErrorCode.UNAVAILABLE, ErrorCode.OVERLOADED, ErrorCode.OVERLOADED);
        assertThat(await(all)).extracting(AppendOutcome::durable).containsOnly(Durable.FALSE);
    }

    // ---- more than there is room for

    @Test
    void payloadsAreLoadedOnlyAsFarAsThereIsRoomForThem() throws Exception {
        SqsQueue queue = rig.with("held_bytes", 1 << 20).openWith(standard(), blobs);
        for (int i = 0; i < 8; i++) {
            append(queue, large("k" + i, i));
        }
        List<Integer> numbers = new ArrayList<>();
        int loaded = 2;
        while (numbers.size() < 8) {
            List<Delivery> inHand = new ArrayList<>(await(queue.take(1, 10, MANY_BYTES)));
            Future<List<Delivery>> more = queue.take(1, 10, MANY_BYTES);
            Await.pause(Duration.ofSeconds(1));
            if (more.isComplete()) {
                inHand.addAll(await(more));
                more = queue.take(1, 10, MANY_BYTES);
                Await.pause(Duration.ofSeconds(1));
            }
            assertThat(blobs.gets.get())
                    .as("two of 400,000 bytes are within 1 MiB")
                    .isLessThanOrEqualTo(loaded);
            inHand.forEach(each -> numbers.add((int) each.entry().payload().getByte(0)));
            loaded += inHand.size();
            settle(queue, inHand);
            if (numbers.size() < 8) {
                List<Delivery> next = await(more);
                next.forEach(each -> numbers.add((int) each.entry().payload().getByte(0)));
                loaded += next.size();
                settle(queue, next);
            }
        }
        assertThat(numbers).containsExactlyInAnyOrder(0, 1, 2, 3, 4, 5, 6, 7);
    }

    @Test
    void deadLettersAreListedAndRedrivenOnlyAsFarAsThereIsRoomForTheirPayloads() throws Exception {
        SqsQueue queue = rig.with("held_bytes", 1 << 20).openWith(standard(), blobs);
        for (int i = 0; i < 5; i++) {
            append(queue, large("k" + i, i));
        }
        Failure no = new Failure(ticker.micros(), ErrorCode.TARGET_REJECTED, "no");
        for (int dead = 0; dead < 5; ) {
            List<Delivery> taken = await(queue.take(1, 10, MANY_BYTES));
            await(queue.settle(taken.stream()
                    .map(each -> new Settlement(each, new Verdict.Dead(no)))
                    .toList()));
            dead += taken.size();
        }
        List<String> ids = new ArrayList<>();
        String cursor = "";
        do {
            Page<DeadLetter> page = await(queue.deadLetters(new DeadLetterCursor(-1, cursor), 200));
            assertThat(page.items()).as("two of 400,000 bytes are within 1 MiB").hasSizeBetween(1, 2);
            page.items()
                    .forEach(letter ->
                            assertThat(letter.entry().payload().length()).isEqualTo(LARGE));
            page.items().forEach(letter -> ids.add(letter.id()));
            cursor = page.cursor();
        } while (!cursor.isEmpty());
        assertThat(ids).hasSize(5).doesNotHaveDuplicates();

        int before = blobs.gets.get();
        blobs.mood = HandBlobs.Mood.SILENT;
        Future<Integer> redriven = queue.redrive(ids);
        Await.pause(Duration.ofMillis(500));
        assertThat(blobs.gets.get() - before).isEqualTo(2);
        blobs.mood = HandBlobs.Mood.SERVING;
        Await.until("those that nobody answered have failed", Duration.ofSeconds(20), redriven::isComplete);
        assertThat(redriven.failed()).isTrue();
        await(queue.redrive(ids));
        Set<Integer> numbers = new HashSet<>();
        while (numbers.size() < 5) {
            List<Delivery> taken = await(queue.take(1, 10, MANY_BYTES));
            taken.forEach(each -> numbers.add((int) each.entry().payload().getByte(0)));
            settle(queue, taken);
        }
        assertThat(await(queue.deadLetters(new DeadLetterCursor(-1, ""), 5)).items())
                .isEmpty();
    }
}
