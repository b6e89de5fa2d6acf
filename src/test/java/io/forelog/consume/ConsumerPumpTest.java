package io.forelog.consume;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.forelog.bus.Address;
import io.forelog.bus.Bus;
import io.forelog.bus.DeliveryReply;
import io.forelog.model.Outcome;
import io.forelog.model.Ticker;
import io.forelog.queue.Entries;
import io.forelog.queue.InMemoryQueue;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class ConsumerPumpTest {
    private final Vertx vertx = Vertx.vertx();
    private final Bus bus = Bus.on(vertx);
    private final Ticker ticker = Ticker.anchored();
    private final Entries entries = new Entries(ticker, Documents.NAMESPACE);
    private final InMemoryQueue queue = new InMemoryQueue(InMemoryQueue.spec(Documents.NAMESPACE, 1), ticker);
    private final List<String> arrived = new CopyOnWriteArrayList<>();

    @TempDir
    Path directory;

    @AfterEach
    void close() throws Exception {
        get(vertx.close());
    }

    private ConsumerPump pump() {
        return new ConsumerPump(
                queue,
                bus,
                new Documents().of(1),
                ticker,
                new SimpleMeterRegistry(),
                new FilePauseRegister(vertx, directory.resolve("pauses")));
    }

    private void serveTarget() {
        bus.serve(Address.DELIVER, Address.target(Documents.NAMESPACE, "t1"), batch -> {
            batch.deliveries().forEach(d -> arrived.add(d.entry().payload().toString()));
            return Future.succeededFuture(new DeliveryReply(
                    batch.deliveries().stream().map(d -> Outcome.applied()).toList()));
        });
    }

    @Test
    void deliversOverTheBusAndDrains() throws Exception {
        serveTarget();
        ConsumerPump pump = pump();
        get(vertx.deployVerticle(pump));
        get(queue.append(List.of(entries.immediate("a"), entries.immediate("b"))));

        await().untilAsserted(() ->
                assertThat(queue.tally().result().routes().get(0).delivered()).isEqualTo(2));
        assertThat(get(pump.drain(Duration.ofSeconds(5)))).isTrue();
        assertThat(arrived).containsExactly("a", "b");
    }

    @Test
    void waitsForAWriterThatIsNotThereYetWithoutSpendingAnAttempt() throws Exception {
        ConsumerPump pump = pump();
        get(vertx.deployVerticle(pump));
        get(queue.append(List.of(entries.immediate("a"))));
        await().untilAsserted(() -> assertThat(pump.status().get(0).state()).isEqualTo(PumpStatus.State.BREAKER_OPEN));

        serveTarget();

        await().untilAsserted(() -> assertThat(arrived).containsExactly("a"));
        assertThat(queue.find(queue.read(new io.forelog.queue.LogRange(0, Long.MAX_VALUE), "", 1)
                                .result()
                                .items()
                                .get(0)
                                .entry()
                                .id())
                        .result()
                        .orElseThrow()
                        .routes()
                        .get(0)
                        .failures())
                .isEmpty();
    }

    @Test
    void aPauseByHandOutlivesTheProcess() throws Exception {
        serveTarget();
        ConsumerPump first = pump();
        String id = get(vertx.deployVerticle(first));
        get(first.pause("t1", "by ada"));
        get(vertx.undeploy(id));

        ConsumerPump second = pump();
        get(vertx.deployVerticle(second));
        get(queue.append(List.of(entries.immediate("a"))));
        await().untilAsserted(() -> {
            assertThat(second.status().get(0).state()).isEqualTo(PumpStatus.State.PAUSED);
            assertThat(second.status().get(0).reason()).isEqualTo("by ada");
        });
        assertThat(arrived).isEmpty();

        get(second.resume("t1"));
        // The first pump's take is still open on this queue, which a real node would have closed.
        get(queue.append(List.of(entries.immediate("b"))));
        await().untilAsserted(() -> assertThat(second.status().get(0).state()).isEqualTo(PumpStatus.State.RUNNING));
        assertThat(Files.readString(directory.resolve("pauses/ns.json"))).doesNotContain("ada");
    }

    @Test
    void startsPausedWhereTheRegisterCannotBeRead() throws Exception {
        Files.createDirectories(directory.resolve("pauses"));
        Files.writeString(directory.resolve("pauses/ns.json"), "{torn");
        ConsumerPump pump = pump();
        get(vertx.deployVerticle(pump));

        await().untilAsserted(() -> {
            assertThat(pump.status().get(0).state()).isEqualTo(PumpStatus.State.PAUSED);
            assertThat(pump.status().get(0).reason()).contains("ns.json");
        });
    }

    private static <T> T get(Future<T> future) throws Exception {
        return future.toCompletionStage().toCompletableFuture().get(10, TimeUnit.SECONDS);
    }
}
