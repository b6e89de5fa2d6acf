package io.forelog.queue.sqs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

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
import io.forelog.queue.ParkedKey;
import io.forelog.queue.Queue;
import io.forelog.queue.QueueSpec;
import io.forelog.queue.Settlement;
import io.forelog.queue.Tally;
import io.forelog.queue.Verdict;
import io.forelog.rig.Await;
import io.forelog.rig.LogTape;
import io.forelog.rig.TcpProxy;
import io.forelog.rig.backend.ElasticMq;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.internal.VertxInternal;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.services.sqs.SqsAsyncClient;
import software.amazon.awssdk.services.sqs.model.BatchResultErrorEntry;
import software.amazon.awssdk.services.sqs.model.QueueAttributeName;
import software.amazon.awssdk.services.sqs.model.ReceiveMessageRequest;
import software.amazon.awssdk.services.sqs.model.SendMessageBatchRequest;
import software.amazon.awssdk.services.sqs.model.SendMessageBatchRequestEntry;
import software.amazon.awssdk.services.sqs.model.SqsRequest;

/** What is SQS's own: sizes, delays, visibility, groups, several routes in one message, poison. On a real server. */
@Timeout(120)
class SqsQueueIT {
    private static final long MANY_BYTES = 64L << 20;

    @TempDir
    Path directory;

    private final HandTicker ticker = new HandTicker();
    private final Entries entries = new Entries(ticker, "orders");
    private SqsRig rig;

    @BeforeEach
    void startRig() {
        rig = new SqsRig(ElasticMq.shared().endpoint().toString(), ticker, directory);
    }

    @AfterEach
    void closeRig() throws Exception {
        rig.close();
    }

    private static QueueSpec spec(Integer... routes) {
        return SqsRig.own(InMemoryQueue.spec("orders", routes));
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

    private static <T> T await(Future<T> future) throws Exception {
        return SqsRig.await(future);
    }

    private static List<Delivery> take(Queue queue, int route, int count) throws Exception {
        List<Delivery> all = new ArrayList<>();
        while (all.size() < count) {
            all.addAll(await(queue.take(route, count - all.size(), MANY_BYTES)));
        }
        return all;
    }

    private void settle(Queue queue, List<Delivery> deliveries, Verdict verdict) throws Exception {
        await(queue.settle(
                deliveries.stream().map(each -> new Settlement(each, verdict)).toList()));
    }

    private Verdict delivered() {
        return new Verdict.Delivered(ticker.micros());
    }

    private Failure failure(String text) {
        return new Failure(ticker.micros(), ErrorCode.TARGET_UNAVAILABLE, text);
    }

    private static List<String> payloads(List<Delivery> deliveries) {
        return deliveries.stream()
                .map(each -> each.entry().payload().toString())
                .toList();
    }

    private Entry of(Buffer payload) {
        return Parcel.fresh(entries.immediate("x")).withPayload(payload).entry();
    }

    private int messages(String queue) {
        SqsAsyncClient client = rig.client();
        String url =
                client.getQueueUrl(request -> request.queueName(queue)).join().queueUrl();
        Map<QueueAttributeName, String> attributes = client.getQueueAttributes(
                        request -> request.queueUrl(url).attributeNames(QueueAttributeName.ALL))
                .join()
                .attributes();
        return Integer.parseInt(attributes.get(QueueAttributeName.APPROXIMATE_NUMBER_OF_MESSAGES))
                + Integer.parseInt(attributes.get(QueueAttributeName.APPROXIMATE_NUMBER_OF_MESSAGES_NOT_VISIBLE))
                + Integer.parseInt(attributes.get(QueueAttributeName.APPROXIMATE_NUMBER_OF_MESSAGES_DELAYED));
    }

    private static String name(Queue queue) {
        return ((List<?>) queue.spec().config().get("wal-queue")).get(0).toString();
    }

    // ---- who asks

    @Test
    void requestsAreSignedWithTheKeyThatIsReferredToAndItsSecretIsNowhere() throws Exception {
        String secret = "sqs-5f1c0c7a9e-secret";
        Path key = Files.writeString(directory.resolve("key"), "AKIDFIRST\n");
        Path secretKey = Files.writeString(directory.resolve("secret"), secret + "\n");
        StringBuffer sent = new StringBuffer();
        try (TcpProxy proxy = new TcpProxy(ElasticMq.shared().endpoint().getPort());
                LogTape tape = new LogTape("io.forelog", "software.amazon.awssdk")) {
            proxy.tap(sent::append);
            rig.with("endpoint", "http://127.0.0.1:" + proxy.port())
                    .with("anonymous", false)
                    .with("region", "eu-central-1")
                    .with("access_key", "file:" + key)
                    .with("secret_key", "file:" + secretKey);
            Queue queue = rig.open(spec(1));
            writeAndTake(queue);
            assertThat(sent).contains("AWS4-HMAC-SHA256 Credential=AKIDFIRST/", "/eu-central-1/sqs/aws4_request");
            Files.writeString(key, "AKIDROTATED\n");
            sent.setLength(0);
            writeAndTake(queue);
            assertThat(sent).contains("AWS4-HMAC-SHA256 Credential=AKIDROTATED/");
            Files.writeString(secretKey, "");
            assertThat(await(queue.append(List.of(entries.immediate("p"))))
                            .get(0)
                            .text())
                    .contains("queues.sqs.secret_key: file:" + secretKey);
            assertThat(sent.toString() + tape.text()).doesNotContain(secret);
        }
    }

    /** A variable of the environment that can be the id of a key. */
    @Test
    void theKeyMayStandInTheEnvironment() throws Exception {
        Map.Entry<String, String> variable = System.getenv().entrySet().stream()
                .filter(each -> each.getValue().matches("[A-Za-z0-9]+"))
                .findAny()
                .orElseThrow();
        StringBuffer sent = new StringBuffer();
        try (TcpProxy proxy = new TcpProxy(ElasticMq.shared().endpoint().getPort())) {
            proxy.tap(sent::append);
            rig.with("endpoint", "http://127.0.0.1:" + proxy.port())
                    .with("anonymous", false)
                    .with("access_key", "env:" + variable.getKey())
                    .with("secret_key", "env:" + variable.getKey());
            writeAndTake(rig.open(spec(1)));
            assertThat(sent).contains("AWS4-HMAC-SHA256 Credential=" + variable.getValue() + "/");
        }
    }

    private void writeAndTake(Queue queue) throws Exception {
        AppendOutcome outcome =
                await(queue.append(List.of(entries.immediate("p")))).get(0);
        assertThat(outcome.durable()).as(outcome.text()).isEqualTo(Durable.TRUE);
        settle(queue, take(queue, 1, 1), delivered());
    }

    // ---- sizes

    @Test
    void theLargestPayloadOfAMessageAndOneByteMoreAndTheLargestOfAllArriveAsTheyWere() throws Exception {
        Queue queue = rig.open(spec(1));
        Random random = new Random(3);
        int fits = largestThatFits();
        for (int size : new int[] {0, 1, fits - 1, fits, fits + 1, 1_048_576, 1_048_577, 4 << 20}) {
            byte[] bytes = new byte[size];
            random.nextBytes(bytes);
            AppendOutcome outcome =
                    await(queue.append(List.of(of(Buffer.buffer(bytes))))).get(0);
            assertThat(outcome.durable())
                    .as("%d bytes: %s", size, outcome.text())
                    .isEqualTo(Durable.TRUE);
            List<Delivery> taken = take(queue, 1, 1);
            assertThat(Arrays.equals(taken.get(0).entry().payload().getBytes(), bytes))
                    .as("%d bytes are as they were", size)
                    .isTrue();
            settle(queue, taken, delivered());
        }
        assertThat(await(packed(fits)).blob())
                .as("the largest goes without a blob store")
                .isEmpty();
        assertThatThrownBy(() -> await(packed(fits + 1)))
                .as("one byte more needs it")
                .hasMessageContaining("no store");
    }

    private Future<ClaimCheck.Packed> packed(int bytes) {
        return new ClaimCheck(
                        ((VertxInternal) rig.vertx).createEventLoopContext(),
                        () -> Future.failedFuture("no store"),
                        1 << 20,
                        Duration.ofSeconds(1))
                .pack(Parcel.fresh(of(Buffer.buffer(new byte[bytes]))), Duration.ofSeconds(1));
    }

    private int largestThatFits() {
        int low = 0;
        int high = 1 << 20;
        while (low < high) {
            int middle = (low + high + 1) / 2;
            Parcel parcel = Parcel.fresh(of(Buffer.buffer(new byte[middle])));
            boolean fits =
                    ParcelCodec.bytes(ParcelCodec.body(parcel), ParcelCodec.attributes(parcel, "", 0)) <= 1 << 20;
            low = fits ? middle : low;
            high = fits ? high : middle - 1;
        }
        return low;
    }

    @Test
    void aLargePayloadGoesOnThroughRetryDeathAndRedriveAndACrash() throws Exception {
        SqsQueue queue = rig.open(spec(1));
        byte[] bytes = new byte[2 << 20];
        new Random(5).nextBytes(bytes);
        await(queue.append(List.of(of(Buffer.buffer(bytes)))));
        settle(queue, take(queue, 1, 1), new Verdict.Retry(ticker.micros(), failure("again")));
        settle(queue, take(queue, 1, 1), new Verdict.Dead(failure("no")));
        queue = rig.crashAndReopen(queue);
        List<DeadLetter> letters =
                await(queue.deadLetters(new DeadLetterCursor(-1, ""), 10)).items();
        assertThat(letters).hasSize(1);
        assertThat(letters.get(0).attempts()).isEqualTo(2);
        assertThat(letters.get(0).entry().payload().getBytes()).isEqualTo(bytes);
        assertThat(await(queue.redrive(List.of(letters.get(0).id())))).isEqualTo(1);
        List<Delivery> again = take(queue, 1, 1);
        assertThat(again.get(0).entry().payload().getBytes()).isEqualTo(bytes);
        settle(queue, again, delivered());
    }

    // ---- delays

    @Test
    void aDelayBeyondFifteenMinutesIsKeptInStepsAndNeverEarly() throws Exception {
        Queue queue = hopping(0);
        Entry twoHours = entries.delayed("two hours", Duration.ofHours(2));
        await(queue.append(List.of(twoHours)));
        Future<List<Delivery>> waiting = queue.take(1, 10, MANY_BYTES);
        for (int i = 0; i < 3; i++) {
            ticker.turn(Duration.ofMinutes(39));
            ((SqsQueue) queue).look();
            Await.pause(Duration.ofMillis(1_200));
            assertThat(waiting.isComplete())
                    .as("after %d minutes", 39 * (i + 1))
                    .isFalse();
        }
        ticker.turn(Duration.ofMinutes(3).minus(Duration.ofNanos(1_000)));
        ((SqsQueue) queue).look();
        Await.pause(Duration.ofMillis(2_500));
        assertThat(waiting.isComplete()).as("a microsecond before").isFalse();
        ticker.turnMicros(1);
        ((SqsQueue) queue).look();
        List<Delivery> taken = await(waiting);
        assertThat(payloads(taken)).containsExactly("two hours");
        assertThat(taken.get(0).dueMicros()).isEqualTo(twoHours.dueMicros());
        settle(queue, taken, delivered());
    }

    /** {@code hidden}: how many may be hidden; beyond it what waits is sent again. */
    private SqsQueue hopping(int hidden) throws Exception {
        return rig.with("hide_most", hidden).open(spec(1));
    }

    @Test
    void whatWaitsIsHiddenOrSentAgainAndNoneIsLostOrDoubled() throws Exception {
        SqsQueue queue = hopping(10);
        List<Entry> late = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            late.add(entries.delayed("d" + i, Duration.ofMinutes(20 + i)));
        }
        await(queue.append(late));
        Future<List<Delivery>> waiting = queue.take(1, 100, MANY_BYTES);
        Await.pause(Duration.ofSeconds(4));
        assertThat(waiting.isComplete()).isFalse();
        ticker.turn(Duration.ofHours(1));
        queue.look();
        List<Delivery> all = new ArrayList<>(await(waiting));
        all.addAll(take(queue, 1, 40 - all.size()));
        assertThat(payloads(all)).doesNotHaveDuplicates().hasSize(40);
        settle(queue, all, delivered());
        await(queue.quiet());
        assertThat(messages(name(queue))).isZero();
    }

    // ---- visibility

    @Test
    void whatIsInHandStaysHiddenAsLongAsItsHolderLives() throws Exception {
        SqsQueue queue = rig.open(spec(1));
        await(queue.append(List.of(entries.immediate("slow"))));
        List<Delivery> slow = take(queue, 1, 1);
        Future<List<Delivery>> next = queue.take(1, 10, MANY_BYTES);
        Await.pause(Duration.ofSeconds(6));
        assertThat(next.isComplete()).as("it came again").isFalse();
        await(queue.append(List.of(entries.immediate("next"))));
        assertThat(payloads(await(next))).containsExactly("next");
        settle(queue, slow, delivered());
    }

    @Test
    void aDeathBetweenTheCopyAndTheDeleteRepeatsAndNeverLoses() throws Exception {
        QueueSpec spec = spec(1);
        SqsQueue queue = rig.openThrough(spec, SqsQueueIT::withoutDeletes);
        await(queue.append(List.of(entries.immediate("a"))));
        settle(queue, take(queue, 1, 1), new Verdict.Retry(ticker.micros(), failure("no")));
        await(queue.abandon());
        SqsQueue again = rig.open(spec);
        List<Delivery> both = take(again, 1, 2);
        assertThat(payloads(both)).containsExactly("a", "a");
        assertThat(both).extracting(Delivery::attempt).containsExactlyInAnyOrder(1, 2);
        settle(again, both, delivered());
        await(again.quiet());
        assertThat(messages(name(again))).isZero();
    }

    private static SqsAsyncClient withoutDeletes(SqsAsyncClient client) {
        return bridge(client, "deleteMessageBatch", request -> new CompletableFuture<>());
    }

    /** {@code instead} answers one method's requests, null = the server shall. */
    private static SqsAsyncClient bridge(
            SqsAsyncClient client, String name, Function<Object, @Nullable CompletableFuture<?>> instead) {
        return (SqsAsyncClient) Proxy.newProxyInstance(
                SqsAsyncClient.class.getClassLoader(), new Class<?>[] {SqsAsyncClient.class}, (proxy, method, args) -> {
                    if (method.getName().equals(name) && args[0] instanceof SqsRequest) {
                        CompletableFuture<?> answer = instead.apply(args[0]);
                        if (answer != null) {
                            return answer;
                        }
                    }
                    try {
                        return method.isDefault() && args[0] instanceof java.util.function.Consumer
                                ? java.lang.reflect.InvocationHandler.invokeDefault(proxy, method, args)
                                : method.invoke(client, args);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }

    @Test
    void whatIsReceivedAgainAndAgainAndNeverSettledIsPoison() throws Exception {
        SqsQueue queue =
                rig.with("poison_receives", 3).with("visibility", "PT1S").open(spec(1));
        await(queue.append(List.of(entries.immediate("ends the process"))));
        for (int i = 0; i < 3; i++) {
            assertThat(payloads(take(queue, 1, 1))).containsExactly("ends the process");
            queue = rig.killAndReopen(queue);
        }
        SqsQueue last = queue;
        Future<List<Delivery>> nothing = last.take(1, 1, 1);
        List<DeadLetter> letters = Await.until(
                "it is a dead letter",
                Duration.ofSeconds(30),
                () -> {
                    List<DeadLetter> found = Await.result(last.deadLetters(new DeadLetterCursor(-1, ""), 5))
                            .items();
                    return found.isEmpty() ? java.util.Optional.empty() : java.util.Optional.of(found);
                },
                () -> "");
        assertThat(letters.get(0).cause().code()).isEqualTo(ErrorCode.POISON);
        assertThat(letters.get(0).entry().payload().toString()).isEqualTo("ends the process");
        assertThat(nothing.isComplete()).isFalse();
    }

    @Test
    void ofADeathThatIsStoredForOneRouteTheOthersAreNotLost() throws Exception {
        SqsQueue queue = rig.with("poison_receives", 3)
                .openThrough(spec(1, 2), client -> bridge(client, "sendMessageBatch", firstRefused(client)));
        await(queue.append(List.of(entries.routed("for two", 1, 2))));
        receiveWithoutAnEnd(queue, 4);
        Future<List<Delivery>> nothing = queue.take(1, 1, MANY_BYTES);
        List<DeadLetter> letters = Await.until(
                "both routes have their dead letter",
                Duration.ofSeconds(60),
                () -> {
                    List<DeadLetter> found = Await.result(queue.deadLetters(new DeadLetterCursor(-1, ""), 5))
                            .items();
                    return found.stream().map(DeadLetter::route).distinct().count() < 2
                            ? java.util.Optional.empty()
                            : java.util.Optional.of(found);
                },
                () -> "messages left: " + messages(name(queue)));
        assertThat(letters)
                .as("and no second one")
                .extracting(DeadLetter::route)
                .containsExactlyInAnyOrder(1, 2);
        assertThat(nothing.isComplete()).isFalse();
        await(queue.quiet());
        assertThat(messages(name(queue))).isZero();
    }

    /** The first batch of dead letters: its first entry fails, the others are stored. */
    private static Function<Object, @Nullable CompletableFuture<?>> firstRefused(SqsAsyncClient client) {
        AtomicBoolean done = new AtomicBoolean();
        return any -> {
            SendMessageBatchRequest request = (SendMessageBatchRequest) any;
            if (!request.queueUrl().endsWith("-dlq") || !done.compareAndSet(false, true)) {
                return null;
            }
            List<SendMessageBatchRequestEntry> entries = request.entries();
            return client.sendMessageBatch(request.toBuilder()
                            .entries(entries.subList(1, entries.size()))
                            .build())
                    .thenApply(answer -> answer.toBuilder()
                            .failed(BatchResultErrorEntry.builder()
                                    .id(entries.get(0).id())
                                    .code("InternalError")
                                    .senderFault(false)
                                    .build())
                            .build());
        };
    }

    private void receiveWithoutAnEnd(Queue queue, int times) {
        SqsAsyncClient client = rig.client();
        String url = client.getQueueUrl(request -> request.queueName(name(queue)))
                .join()
                .queueUrl();
        for (int i = 0; i < times; i++) {
            assertThat(client.receiveMessage(request -> request.queueUrl(url).visibilityTimeout(0))
                            .join()
                            .messages())
                    .hasSize(1);
        }
    }

    // ---- receiving

    @Test
    void asManyReceivesRunAsItTakesToReachTheMostMessagesPerPoll() throws Exception {
        AtomicInteger now = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        QueueSpec spec = spec(1);
        Map<String, Object> config = new java.util.HashMap<>(spec.config());
        config.put("queue.max-messages-per-poll", 50);
        SqsQueue queue = rig.openThrough(
                SqsRig.with(spec, config),
                client -> bridge(client, "receiveMessage", any -> {
                    most.accumulateAndGet(now.incrementAndGet(), Math::max);
                    return client.receiveMessage((ReceiveMessageRequest) any)
                            .whenComplete((answer, failure) -> now.decrementAndGet());
                }));
        for (int i = 0; i < 4; i++) {
            List<Entry> many = new ArrayList<>();
            for (int j = 0; j < 100; j++) {
                many.add(entries.immediate(i + "-" + j));
            }
            await(queue.append(many));
        }
        for (int taken = 0; taken < 400; ) {
            List<Delivery> some = await(queue.take(1, 100, MANY_BYTES));
            settle(queue, some, delivered());
            taken += some.size();
        }
        assertThat(most.get()).as("receives of ten that ran at once").isEqualTo(5);
    }

    @Test
    void whatIsNoMessageOfOursLiesWithTheDeadLetters() throws Exception {
        SqsQueue queue = rig.open(spec(1));
        SqsAsyncClient client = rig.client();
        String url = client.getQueueUrl(request -> request.queueName(name(queue)))
                .join()
                .queueUrl();
        client.sendMessage(request -> request.queueUrl(url).messageBody("hello from elsewhere"))
                .join();
        await(queue.append(List.of(entries.immediate("ours"))));
        assertThat(payloads(take(queue, 1, 1))).containsExactly("ours");
        Future<List<Delivery>> nothing = queue.take(1, 1, 1);
        List<DeadLetter> letters = Await.until(
                "it is a dead letter",
                Duration.ofSeconds(30),
                () -> {
                    List<DeadLetter> found = Await.result(queue.deadLetters(new DeadLetterCursor(-1, ""), 5))
                            .items();
                    return found.isEmpty() ? java.util.Optional.empty() : java.util.Optional.of(found);
                },
                () -> "");
        assertThat(letters.get(0).entry().payload().toString()).isEqualTo("hello from elsewhere");
        assertThat(nothing.isComplete()).isFalse();
    }

    // ---- several routes in one message

    @Test
    void failingRoutesGoOnAsOneMessageAndTheOriginalGoes() throws Exception {
        SqsQueue queue = rig.open(spec(1, 2, 3));
        await(queue.append(List.of(entries.routed("all", 1, 2, 3))));
        List<Settlement> settlements = new ArrayList<>();
        for (int route = 1; route <= 3; route++) {
            Delivery taken = take(queue, route, 1).get(0);
            settlements.add(new Settlement(
                    taken, route == 2 ? delivered() : new Verdict.Retry(ticker.micros(), failure("not " + route))));
        }
        await(queue.settle(settlements));
        await(queue.quiet());
        assertThat(messages(name(queue))).isEqualTo(1);
        for (int route : new int[] {1, 3}) {
            List<Delivery> again = take(queue, route, 1);
            assertThat(again.get(0).attempt()).isEqualTo(2);
            assertThat(again.get(0).lastFailure().text()).isEqualTo("not " + route);
            settle(queue, again, delivered());
        }
        await(queue.quiet());
        assertThat(messages(name(queue))).isZero();
        assertThat(await(queue.tally()).routes())
                .extracting(Tally.RouteTally::delivered)
                .containsExactly(1L, 1L, 1L);
    }

    @Test
    void aRouteThatIsNotTakenHoldsBackNoOther() throws Exception {
        SqsQueue queue = rig.with("held_messages", 20).open(spec(1, 2));
        List<Entry> many = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            many.add(entries.routed("e" + i, 1, 2));
        }
        await(queue.append(many));
        List<Delivery> one = new ArrayList<>();
        while (one.size() < 60) {
            List<Delivery> some = await(queue.take(1, 10, MANY_BYTES));
            settle(queue, some, delivered());
            one.addAll(some);
        }
        assertThat(payloads(one)).containsAll(payloadsOf(many));
        List<String> two = new ArrayList<>();
        while (new java.util.HashSet<>(two).size() < 60) {
            List<Delivery> some = await(queue.take(2, 10, MANY_BYTES));
            settle(queue, some, delivered());
            two.addAll(payloads(some));
        }
    }

    private static List<String> payloadsOf(List<Entry> all) {
        return all.stream().map(each -> each.payload().toString()).toList();
    }

    @Test
    void severalQueuesShareTheEntries() throws Exception {
        String name = name(rig.open(spec(1)));
        QueueSpec three = SqsRig.with(spec(1), Map.of("wal-queue", List.of(name + "-a", name + "-b", name + "-c")));
        SqsQueue queue = rig.open(three);
        List<Entry> many = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            many.add(entries.immediate("e" + i));
        }
        List<AppendOutcome> outcomes = await(queue.append(many));
        assertThat(outcomes)
                .extracting(outcome -> outcome.receipt().queue())
                .contains(name + "-a", name + "-b", name + "-c");
        List<Delivery> all = take(queue, 1, 60);
        assertThat(payloads(all)).containsExactlyInAnyOrderElementsOf(payloadsOf(many));
        settle(queue, all, delivered());
    }

    @Test
    void aQueueIsAddedToALiveNamespaceAndTheOldOneServesOn() throws Exception {
        SqsQueue queue = rig.open(spec(1));
        String name = name(queue);
        await(queue.append(List.of(entries.immediate("before"))));
        await(queue.update(SqsRig.with(queue.spec(), Map.of("wal-queue", List.of(name, name + "-more")))));
        List<Entry> many = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            many.add(entries.immediate("e" + i));
        }
        assertThat(await(queue.append(many)))
                .extracting(outcome -> outcome.receipt().queue())
                .contains(name, name + "-more");
        List<Delivery> all = take(queue, 1, 21);
        assertThat(payloads(all)).contains("before").containsAll(payloadsOf(many));
        settle(queue, all, delivered());
    }

    // ---- FIFO

    @Test
    void keysKeepTheirOrderThroughParkingAndACrash() throws Exception {
        SqsQueue queue = rig.open(fifo());
        List<Entry> many = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            many.add(entries.keyed("sick", "s" + i));
            many.add(entries.keyed("well", "w" + i));
        }
        for (Entry each : many) {
            await(queue.append(List.of(each)));
        }
        List<String> well = new ArrayList<>();
        List<Delivery> sick = new ArrayList<>();
        while (well.size() < 5) {
            for (Delivery each : await(queue.take(1, 10, MANY_BYTES))) {
                if (each.entry().key().toString().equals("well")) {
                    well.add(each.entry().payload().toString());
                    settle(queue, List.of(each), delivered());
                } else {
                    sick.add(each);
                    settle(queue, List.of(each), new Verdict.Park(7, sick.size() == 1 ? failure("down") : null));
                }
            }
        }
        assertThat(well).containsExactly("w0", "w1", "w2", "w3", "w4");
        assertThat(await(queue.parked(1, 10))).containsExactly(new ParkedKey(Buffer.buffer("sick"), 7));
        List<Delivery> lane = await(queue.takeParked(1, Buffer.buffer("sick"), 10));
        assertThat(payloads(lane)).startsWith("s0");
        assertThat(lane.get(0).attempt()).isEqualTo(2);
        settle(queue, lane.subList(0, 1), delivered());
        queue = rig.crashAndReopen(queue);
        List<String> rest = new ArrayList<>();
        while (rest.size() < 4) {
            List<Delivery> some = await(queue.take(1, 10, MANY_BYTES));
            rest.addAll(payloads(some));
            settle(queue, some, delivered());
        }
        assertThat(rest).containsExactly("s1", "s2", "s3", "s4");
    }

    @Test
    void aFifoQueueRefusesADelayAndAStandardQueueRefusesOrder() throws Exception {
        Queue queue = rig.open(fifo());
        AppendOutcome refused = await(queue.append(List.of(entries.delayed("later", Duration.ofSeconds(1)))))
                .get(0);
        assertThat(refused.durable()).isEqualTo(Durable.FALSE);
        assertThat(refused.code()).isEqualTo(ErrorCode.INVALID_ARGUMENT);
        QueueSpec ordered = fifo();
        assertThatThrownBy(() -> rig.open(SqsRig.with(ordered, Map.of("wal-queue", List.of("standard")))))
                .hasMessageContaining("delivery.order: key on the standard queues [standard]");
        assertThatThrownBy(() ->
                        rig.open(SqsRig.with(InMemoryQueue.spec("orders", 1), Map.of("wal-queue", List.of("a.fifo")))))
                .hasMessageContaining("expected: delivery.order: key with FIFO queues");
    }

    @Test
    void aQueueThatIsNotThereIsMadeOnlyWhereThatIsAllowed() {
        assertThatThrownBy(() -> rig.with("create", false).open(spec(1)))
                .hasMessageContaining("does not exist (expected: an existing queue, or queues.sqs.create: true");
    }

    @Test
    void whatSqsCanNotDoIsNotSupportedAndNamesWhoCan() throws Exception {
        Queue queue = rig.open(spec(1));
        Entry entry = entries.immediate("a");
        assertThatThrownBy(() -> await(queue.find(entry.id())))
                .hasMessageContaining("expected: a queue of type EMBEDDED");
        assertThatThrownBy(() -> await(queue.cancel(entry.id()))).hasMessageContaining("EMBEDDED");
        assertThatThrownBy(() -> await(queue.read(new io.forelog.queue.LogRange(0, 1), "", 1)))
                .hasMessageContaining("EMBEDDED or KAFKA");
    }
}
