package io.forelog.produce;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.forelog.bus.Address;
import io.forelog.bus.AppendBatch;
import io.forelog.bus.AppendReply;
import io.forelog.bus.Bus;
import io.forelog.model.AppendOutcome;
import io.forelog.model.Durable;
import io.forelog.model.Entry;
import io.forelog.model.ErrorCode;
import io.forelog.observe.MetricNames;
import io.forelog.queue.Entries;
import io.forelog.queue.HandTicker;
import io.forelog.queue.InMemoryQueue;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class QueuePumpTest {
    private static final Duration PLENTY = Duration.ofSeconds(5);

    private final HandTicker ticker = new HandTicker();
    private final Entries entries = new Entries(ticker, "ns");
    private final InMemoryQueue queue = new InMemoryQueue(InMemoryQueue.spec("ns", 1), ticker);
    private final List<ErrorCode> refusals = new ArrayList<>();
    private final Vertx vertx = Vertx.vertx();

    @AfterEach
    void close() throws Exception {
        vertx.close().toCompletionStage().toCompletableFuture().get(10, TimeUnit.SECONDS);
    }

    private AppendDesk desk(int entriesMax, long bytesMax) {
        return new AppendDesk(queue, "ns", new AppendLimits(entriesMax, bytesMax), (why, count) -> refusals.add(why));
    }

    private List<Entry> some(int count) {
        return IntStream.range(0, count)
                .mapToObj(i -> entries.immediate("e" + i))
                .toList();
    }

    @Test
    void answersTheQueuesOutcomesInOrder() throws Exception {
        Bus bus = Bus.on(vertx);
        QueuePump pump = new QueuePump(queue, bus, "ns", new SimpleMeterRegistry(), AppendLimits.DEFAULT);
        List<Entry> batch = some(3);
        AppendReply reply = get(vertx.deployVerticle(pump.arm())
                .compose(id -> bus.request(Address.APPEND, "ns", new AppendBatch("ns", batch), PLENTY)));

        assertThat(reply.outcomes().stream().map(AppendOutcome::durable)).containsOnly(Durable.TRUE);
        assertThat(reply.outcomes().stream().map(AppendOutcome::id))
                .containsExactlyElementsOf(batch.stream().map(Entry::id).toList());
    }

    @Test
    void refusesWhatComesWhileItDrainsAndEndsWithWhatWasHandedOver() throws Exception {
        queue.manualFlush(true);
        Bus bus = Bus.on(vertx);
        SimpleMeterRegistry registry = new SimpleMeterRegistry();
        QueuePump pump = new QueuePump(queue, bus, "ns", registry, AppendLimits.DEFAULT);
        get(vertx.deployVerticle(pump.arm()));
        Future<AppendReply> first = bus.request(Address.APPEND, "ns", new AppendBatch("ns", some(1)), PLENTY);
        await().until(() -> registry.get(MetricNames.APPEND_IN_FLIGHT).gauge().value() == 1);
        Future<Void> drained = pump.drain(vertx, PLENTY);
        AppendReply late = get(bus.request(Address.APPEND, "ns", new AppendBatch("ns", some(1)), PLENTY));

        assertThat(late.outcomes().get(0).code()).isEqualTo(ErrorCode.DRAINING);
        assertThat(drained.isComplete()).isFalse();
        queue.flush();
        get(drained);
        assertThat(get(first).outcomes().get(0).durable()).isEqualTo(Durable.TRUE);
    }

    @Test
    void refusesWhatNobodyWaitsForAnyMoreWithoutHandingItOver() {
        AppendOutcome outcome =
                desk(10, 1 << 20).append(some(1), Duration.ZERO).result().get(0);

        assertThat(outcome.durable()).isEqualTo(Durable.FALSE);
        assertThat(outcome.text()).contains("expired before hand-off");
        assertThat(queue.depth(1).ready()).isZero();
    }

    @Test
    void overItsEntriesItTakesTheFrontAndRefusesTheRest() {
        queue.manualFlush(true);
        AppendDesk desk = desk(5, 1 << 20);
        Future<List<AppendOutcome>> first = desk.append(some(3), PLENTY);
        Future<List<AppendOutcome>> second = desk.append(some(3), PLENTY);
        Future<List<AppendOutcome>> third = desk.append(some(1), PLENTY);

        assertThat(third.result().get(0).code()).isEqualTo(ErrorCode.OVERLOADED);
        queue.flush();
        assertThat(first.result().stream().map(AppendOutcome::durable)).containsOnly(Durable.TRUE);
        assertThat(second.result().stream().map(AppendOutcome::durable))
                .containsExactly(Durable.TRUE, Durable.TRUE, Durable.FALSE);
        assertThat(refusals).containsOnly(ErrorCode.OVERLOADED);
        assertThat(desk.entriesInFlight()).isZero();
        assertThat(desk.bytesInFlight()).isZero();
    }

    @Test
    void overItsBytesItRefusesButTakesOneThatIsLargerThanThemAll() {
        queue.manualFlush(true);
        AppendDesk desk = desk(100, 100);

        Future<List<AppendOutcome>> large = desk.append(some(1), PLENTY);
        Future<List<AppendOutcome>> next = desk.append(some(1), PLENTY);

        assertThat(next.result().get(0).code()).isEqualTo(ErrorCode.OVERLOADED);
        queue.flush();
        assertThat(large.result().get(0).durable()).isEqualTo(Durable.TRUE);
    }

    private static <T> T get(Future<T> future) throws Exception {
        return future.toCompletionStage().toCompletableFuture().get(10, TimeUnit.SECONDS);
    }
}
