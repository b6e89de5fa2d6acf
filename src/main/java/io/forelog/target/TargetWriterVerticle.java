package io.forelog.target;

import io.forelog.bus.Address;
import io.forelog.bus.Bus;
import io.forelog.bus.DeliveryReply;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.VerticleBase;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Serves {@link Address#DELIVER} for one target of one namespace: opens the adapter, answers the pump, closes. The
 * work is {@link TargetWriter}'s. {@link #update} and {@link #status} may be called from any thread; all else happens on
 * this verticle's event loop.
 */
public final class TargetWriterVerticle extends VerticleBase {
    /** Deliveries that wait in the writer; the pump's window is smaller as a rule. */
    private static final int WAITING_MAX = 8_192;

    private final TargetProvider provider;
    private final TargetResources resources;
    private final Bus bus;
    private TargetSpec spec;
    private @Nullable TargetAdapter adapter;
    private @Nullable TargetWriter writer;
    private @Nullable TargetMeters meters;
    private Bus.@Nullable Served served;
    /** Replaced ones, until their last requests have ended. */
    private final List<TargetAdapter> retired = new ArrayList<>();

    public TargetWriterVerticle(TargetSpec spec, TargetProvider provider, TargetResources resources, Bus bus) {
        this.spec = spec;
        this.provider = provider;
        this.resources = resources;
        this.bus = bus;
    }

    @Override
    public Future<?> start() {
        return provider.open(spec, resources).onSuccess(this::serve);
    }

    private void serve(TargetAdapter opened) {
        TargetMeters counted = new TargetMeters(resources.metrics(), spec.namespace(), spec.name());
        TargetWriter writing = new TargetWriter(
                spec,
                opened,
                resources.ticker(),
                (micros, task) -> vertx.setTimer(Math.max(1L, (micros + 999L) / 1_000L), id -> task.run()),
                counted,
                new SplittableRandom(),
                WAITING_MAX);
        adapter = opened;
        meters = counted;
        writer = writing;
        served = bus.serve(
                Address.DELIVER,
                Address.target(spec.namespace(), spec.name()),
                batch -> writing.deliver(batch.deliveries()).map(DeliveryReply::new));
    }

    /**
     * Takes over a changed document without losing a delivery: limits at once, anything else through a new adapter. Namespace,
     * name, type and route stay. Fails, and changes nothing, where the new adapter does not open.
     */
    public Future<Void> update(TargetSpec newSpec) {
        return onLoop(() -> {
            TargetAdapter old = adapter;
            if (old == null || writer == null) {
                return Future.failedFuture(new IllegalStateException("the target's writer does not run"));
            }
            boolean same = newSpec.config().equals(spec.config())
                    && newSpec.destinations().equals(spec.destinations())
                    && newSpec.limit().timeout().equals(spec.limit().timeout())
                    && newSpec.limit().concurrency() == spec.limit().concurrency();
            return same
                    ? swap(newSpec, old)
                    : provider.open(newSpec, resources).compose(opened -> swap(newSpec, opened));
        });
    }

    private Future<Void> swap(TargetSpec newSpec, TargetAdapter newAdapter) {
        TargetAdapter old = adapter;
        TargetWriter writing = writer;
        if (writing == null) {
            return newAdapter.close();
        }
        long lastMillis = 2 * spec.limit().timeout().toMillis() + 1_000L;
        spec = newSpec;
        adapter = newAdapter;
        writing.update(newSpec, newAdapter);
        if (old != null && old != newAdapter) {
            retired.add(old);
            vertx.setTimer(lastMillis, id -> {
                if (retired.remove(old)) {
                    old.close();
                }
            });
        }
        return Future.succeededFuture();
    }

    public Future<TargetStatus> status() {
        return onLoop(() -> writer == null
                ? Future.failedFuture(new IllegalStateException("the target's writer does not run"))
                : Future.succeededFuture(writer.status()));
    }

    private <T> Future<T> onLoop(Supplier<Future<T>> work) {
        Context home = context;
        if (home == null) {
            return Future.failedFuture(new IllegalStateException("the target's writer is not deployed"));
        }
        Promise<T> promise = Promise.promise();
        home.runOnContext(v -> work.get().onComplete(promise));
        return promise.future();
    }

    /** Nothing new is taken; what is in flight ends, or times out; then connections close. */
    @Override
    public Future<?> stop() {
        TargetWriter writing = writer;
        TargetAdapter open = adapter;
        if (served == null || writing == null || open == null) {
            return Future.succeededFuture();
        }
        writer = null;
        retired.add(open);
        return served.close()
                .transform(done -> writing.close())
                .transform(done ->
                        Future.join(retired.stream().map(TargetAdapter::close).toList()))
                .onComplete(done -> {
                    if (meters != null) {
                        meters.close();
                    }
                });
    }
}
