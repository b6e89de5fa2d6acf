package io.forelog.produce;

import io.forelog.bus.Address;
import io.forelog.bus.AppendBatch;
import io.forelog.bus.AppendReply;
import io.forelog.bus.Bus;
import io.forelog.model.AppendOutcome;
import io.forelog.model.Entry;
import io.forelog.model.ErrorCode;
import io.forelog.model.Ticker;
import io.forelog.model.WalException;
import io.vertx.core.Deployable;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Stands in for a namespace's {@link QueuePump} where its queue lies on another node's disk: hands each batch over the clustered bus
 * to the pump there. Where that node does not serve it nothing was handed off (FALSE); where it does not answer in time nobody
 * knows (UNKNOWN). Deployed once an event loop; bounded by {@link AppendLimits}.
 */
public final class RemotePump {
    private static final Duration PATIENCE = Duration.ofMillis(500);

    private final Bus bus;
    private final String namespace;
    private final String owner;
    private final AppendLimits limits;
    private final Ticker ticker;
    private final AtomicInteger inFlight = new AtomicInteger();

    /** {@code owner}: the node's name, for messages; {@code ticker}: which took the entries in. */
    public RemotePump(Bus bus, String namespace, String owner, AppendLimits limits, Ticker ticker) {
        this.bus = bus;
        this.namespace = namespace;
        this.owner = owner;
        this.limits = limits;
        this.ticker = ticker;
    }

    /** One to deploy on each event loop. */
    public Deployable arm() {
        return new Arm();
    }

    private final class Arm extends VerticleBase {
        private Bus.@Nullable Served served;

        @Override
        public Future<?> start() {
            served = bus.serveTimed(Address.APPEND, namespace, RemotePump.this::append);
            return Future.succeededFuture();
        }

        @Override
        public Future<?> stop() {
            return served == null ? Future.succeededFuture() : served.close();
        }
    }

    private Future<AppendReply> append(AppendBatch batch, Duration left) {
        List<Entry> entries = batch.entries();
        if (left.isZero() || left.isNegative()) {
            return refused(entries, ErrorCode.UNAVAILABLE, "the deadline expired before hand-off");
        }
        int count = entries.size();
        if (inFlight.addAndGet(count) > limits.entries()) {
            inFlight.addAndGet(-count);
            return refused(
                    entries,
                    ErrorCode.OVERLOADED,
                    "more than " + limits.entries() + " entries are on their way to node " + owner);
        }
        return bus.requestAcross(
                        Address.APPEND_ACROSS, namespace, batch.sentAt(ticker.micros()), left, left.plus(PATIENCE))
                .transform((reply, failure) -> {
                    inFlight.addAndGet(-count);
                    return failure == null ? Future.succeededFuture(reply) : failed(entries, WalException.of(failure));
                });
    }

    private Future<AppendReply> failed(List<Entry> entries, WalException failure) {
        if (failure.code() == ErrorCode.UNAVAILABLE) {
            return refused(
                    entries,
                    ErrorCode.UNAVAILABLE,
                    "its queue lies on node " + owner + ", which does not serve it now (expected: that node back)");
        }
        return Future.succeededFuture(new AppendReply(entries.stream()
                .map(entry -> AppendOutcome.unknown(entry.id(), "node " + owner + ": " + failure.getMessage()))
                .toList()));
    }

    private Future<AppendReply> refused(List<Entry> entries, ErrorCode code, String text) {
        return Future.succeededFuture(new AppendReply(entries.stream()
                .map(entry -> AppendOutcome.refused(entry.id(), code, namespace + ": " + text))
                .toList()));
    }
}
