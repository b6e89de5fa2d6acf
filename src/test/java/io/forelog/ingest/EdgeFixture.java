package io.forelog.ingest;

import io.forelog.access.Admission;
import io.forelog.access.Doors;
import io.forelog.access.GuardedTransport;
import io.forelog.access.Locks;
import io.forelog.bus.Address;
import io.forelog.bus.AppendBatch;
import io.forelog.bus.AppendReply;
import io.forelog.bus.Bus;
import io.forelog.model.AppendOutcome;
import io.forelog.model.Entry;
import io.forelog.model.Receipt;
import io.forelog.model.Ticker;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.stream.IntStream;

/** A real edge on real sockets in front of a pump that answers as the test says. */
final class EdgeFixture implements AutoCloseable {
    static final long WAIT_SECONDS = 20;

    final Vertx vertx;
    final Bus bus;
    final Samples.Table namespaces = new Samples.Table();
    final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    final ConcurrentLinkedQueue<AppendBatch> batches = new ConcurrentLinkedQueue<>();
    final Edge edge;

    private final AtomicLong sequence = new AtomicLong();

    EdgeFixture() {
        this(EdgeLimits.DEFAULT, Admission.OPEN, EntryDesk.NONE, Duration.ofSeconds(25));
    }

    EdgeFixture(EdgeLimits limits, Admission admission, EntryDesk desk, Duration drain) {
        this(limits, admission, desk, drain, Locks.OPEN);
    }

    EdgeFixture(EdgeLimits limits, Admission admission, EntryDesk desk, Duration drain, Locks locks) {
        Doors doors = new Doors(locks.connections());
        doors.measure(registry);
        vertx = Vertx.builder().withTransport(new GuardedTransport(doors)).build();
        bus = Bus.on(vertx);
        edge = new Edge(
                new EdgeSettings("127.0.0.1", 0, 0, drain, true),
                limits,
                namespaces,
                admission,
                locks,
                bus,
                Ticker.anchored(),
                registry,
                desk);
        wait(edge.start(vertx, 2));
    }

    /** {@code name} served, everything written there TRUE. */
    EdgeFixture durable(String name) {
        namespaces.put(Samples.namespace(name));
        pump(
                name,
                batch -> Future.succeededFuture(new AppendReply(
                        batch.entries().stream().map(this::appended).toList())));
        return this;
    }

    AppendOutcome appended(Entry entry) {
        return AppendOutcome.appended(entry.id(), new Receipt(entry.namespace(), 0, sequence.getAndIncrement()));
    }

    void pump(String name, Function<AppendBatch, Future<AppendReply>> answer) {
        bus.serve(Address.APPEND, name, batch -> {
            batches.add(batch);
            return answer.apply(batch);
        });
    }

    /** All outcomes of a batch are {@code outcome}. */
    static Future<AppendReply> all(AppendBatch batch, Function<Entry, AppendOutcome> outcome) {
        return Future.succeededFuture(
                new AppendReply(IntStream.range(0, batch.entries().size())
                        .mapToObj(i -> outcome.apply(batch.entries().get(i)))
                        .toList()));
    }

    List<Entry> entries() {
        return batches.stream().flatMap(batch -> batch.entries().stream()).toList();
    }

    static <T> T wait(Future<T> future) {
        try {
            return future.toCompletionStage().toCompletableFuture().get(WAIT_SECONDS, TimeUnit.SECONDS);
        } catch (Exception e) {
            throw new AssertionError(e.getCause() == null ? e : e.getCause());
        }
    }

    @Override
    public void close() {
        wait(edge.close());
        wait(vertx.close());
    }
}
