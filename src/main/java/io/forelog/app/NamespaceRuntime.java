package io.forelog.app;

import io.forelog.app.Homes.Place;
import io.forelog.config.Namespace;
import io.forelog.config.NamespaceDocument.Order;
import io.forelog.consume.ConsumerPump;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.forelog.observe.LogKeys;
import io.forelog.produce.QueuePump;
import io.forelog.produce.RemotePump;
import io.forelog.queue.Queue;
import io.forelog.target.TargetProvider;
import io.forelog.target.TargetSpec;
import io.forelog.target.TargetWriterVerticle;
import io.vertx.core.Deployable;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One namespace at work on this node: its queues, opened once and handed to both pumps as one, and a writer a target. Owned by
 * {@link NamespaceRuntimes}, which lets one change through at a time; the getters may be called from any thread.
 *
 * <pre>
 * start: queue, writers, consumer pump, queue pump        (nothing is taken in that can't go out)
 * stop:  queue pump, consumer pump, writers, queue
 * </pre>
 */
final class NamespaceRuntime {
    private static final Logger LOG = LoggerFactory.getLogger(NamespaceRuntime.class);
    private static final long TURN_MILLIS = 500;

    private final NodeParts parts;
    private final Map<String, Writer> writers = new HashMap<>();
    private volatile Namespace namespace;
    private final NamespaceQueues queues;
    private volatile @Nullable Queue queue;
    private volatile @Nullable ConsumerPump consumer;
    private volatile @Nullable QueuePump producer;
    private @Nullable String consumerId;
    private @Nullable String producerId;
    private @Nullable String acrossId;
    private volatile Place place = Place.HERE;
    private volatile boolean waitsForItsTurn;
    private volatile boolean writesWait;
    private boolean stopped;

    /** A deployed writer and what it was last told. */
    private record Writer(TargetWriterVerticle verticle, String deploymentId, TargetSpec spec) {}

    /**
     * @param patient it served before, and serves on where a queue can't be reached
     */
    NamespaceRuntime(NodeParts parts, Namespace namespace, boolean patient) {
        this.parts = parts;
        this.namespace = namespace;
        this.queues = new NamespaceQueues(parts.vertx(), parts.ticker(), parts.media(), parts.homes(), patient);
    }

    NamespaceQueues queues() {
        return queues;
    }

    Namespace namespace() {
        return namespace;
    }

    Optional<Queue> queue() {
        return Optional.ofNullable(queue);
    }

    Optional<ConsumerPump> consumer() {
        return Optional.ofNullable(consumer);
    }

    /** Entries handed to the queue and not answered. */
    long appendsInFlight() {
        QueuePump producing = producer;
        return producing == null ? 0 : producing.inFlight();
    }

    /** Entries that the queue has answered since the start. */
    long appendsAnswered() {
        QueuePump producing = producer;
        return producing == null ? 0 : producing.answered();
    }

    /** On failure all that was started is stopped again. */
    Future<Void> start() {
        return parts.homes()
                .place(namespace)
                .compose(found -> {
                    place = found;
                    return found.isHere() ? startHere() : startThere(found);
                })
                .recover(failure -> stop().transform(stopped -> Future.failedFuture(failure)));
    }

    private Future<Void> startHere() {
        return openQueue()
                .compose(opened -> parts.consumes().test(namespace) ? startDeliveryInTurn() : Future.succeededFuture())
                .compose(started -> place.leftovers() ? Future.succeededFuture() : inTurn(this::startProducer));
    }

    /** With order, no write is taken in the new way while another node may take one in the old way. */
    private Future<Void> inTurn(Supplier<Future<Void>> starting) {
        boolean may = namespace.document().delivery().order() != Order.KEY
                || parts.homes().mayWrite(namespace);
        writesWait = !may;
        if (may) {
            return starting.get();
        }
        parts.vertx().setTimer(TURN_MILLIS, timer -> {
            if (!stopped) {
                inTurn(starting)
                        .onFailure(failure -> LOG.atError()
                                .addKeyValue(LogKeys.NAMESPACE, namespace.name())
                                .addKeyValue(LogKeys.REASON, String.valueOf(failure))
                                .log("Writes could not be started after all nodes had applied the change"));
            }
        });
        return Future.succeededFuture();
    }

    /** With order, what another node still has of an embedded namespace goes first. */
    private Future<Void> startDeliveryInTurn() {
        boolean waits = namespace.document().delivery().order() == Order.KEY
                && Placement.isPinned(namespace)
                && !place.leftovers()
                && parts.homes().isHeldElsewhere(namespace.name());
        waitsForItsTurn = waits;
        if (!waits) {
            return startDelivery();
        }
        parts.vertx().setTimer(TURN_MILLIS, timer -> {
            if (queue != null && consumer == null) {
                startDeliveryInTurn()
                        .onFailure(failure -> LOG.atError()
                                .addKeyValue(LogKeys.NAMESPACE, namespace.name())
                                .addKeyValue(LogKeys.REASON, String.valueOf(failure))
                                .log("Deliveries could not be started after the move from another node"));
            }
        });
        return Future.succeededFuture();
    }

    private Future<Void> startDelivery() {
        return startWriters(namespace).compose(started -> startConsumer());
    }

    private Future<Void> startThere(Place there) {
        String node = there.node();
        if (!parts.bus().isClustered()) {
            return Future.failedFuture(new WalException(
                    ErrorCode.UNAVAILABLE,
                    "namespace " + namespace.name() + ": its queue lies on node " + node
                            + " (expected: a request to that node; this one belongs to no cluster)"));
        }
        RemotePump pump = new RemotePump(parts.bus(), namespace.name(), node, parts.appendLimits(), parts.ticker());
        Future<Void> rest =
                there.leftovers() ? openQueue().compose(opened -> startDelivery()) : Future.succeededFuture();
        return rest.compose(started -> inTurn(() -> parts.vertx()
                .deployVerticle(pump::arm, new DeploymentOptions().setInstances(parts.loops()))
                .onSuccess(id -> producerId = id)
                .mapEmpty()));
    }

    /** It takes none until all nodes have applied what changed. */
    boolean writesWait() {
        return writesWait;
    }

    /** It takes writes, and delivers nothing yet. */
    boolean waitsForItsTurn() {
        return waitsForItsTurn;
    }

    /** Where its writes go. */
    Place place() {
        return place;
    }

    private Future<Queue> openQueue() {
        return queues.open(namespace).onSuccess(opened -> queue = opened);
    }

    private Future<Void> startWriters(Namespace next) {
        List<Future<Void>> started = new ArrayList<>();
        for (Namespace.Route route : next.routes().values()) {
            TargetSpec spec = Specs.target(next, route);
            Writer running = writers.get(spec.name());
            if (running == null) {
                started.add(startWriter(spec));
            } else if (!running.spec().type().equals(spec.type())
                    || running.spec().route() != spec.route()) {
                started.add(stopWriter(spec.name()).compose(stopped -> startWriter(spec)));
            } else if (!running.spec().equals(spec)) {
                started.add(running.verticle()
                        .update(spec)
                        .onSuccess(updated -> writers.put(
                                spec.name(), new Writer(running.verticle(), running.deploymentId(), spec))));
            }
        }
        return Future.all(started).mapEmpty();
    }

    private Future<Void> startWriter(TargetSpec spec) {
        TargetProvider provider = parts.targets().get(spec.type());
        if (provider == null) {
            return Future.failedFuture(new WalException(
                    ErrorCode.INVALID_ARGUMENT,
                    "target " + spec.namespace() + "/" + spec.name() + ": type " + spec.type() + " (expected: one of "
                            + parts.targets().keySet() + ")"));
        }
        TargetWriterVerticle verticle =
                new TargetWriterVerticle(spec, provider, parts.resources().apply(spec.type()), parts.bus());
        return deploy(verticle)
                .onSuccess(id -> writers.put(spec.name(), new Writer(verticle, id, spec)))
                .mapEmpty();
    }

    private Future<Void> stopWriter(String name) {
        Writer writer = writers.remove(name);
        return writer == null ? Future.succeededFuture() : undeploy(writer.deploymentId());
    }

    private Future<Void> startConsumer() {
        ConsumerPump pump =
                new ConsumerPump(opened(), parts.bus(), namespace, parts.ticker(), parts.metrics(), parts.pauses());
        return deploy(pump)
                .onSuccess(id -> {
                    consumerId = id;
                    consumer = pump;
                })
                .mapEmpty();
    }

    private Future<Void> startProducer() {
        QueuePump pump = new QueuePump(opened(), parts.bus(), namespace.name(), parts.metrics(), parts.appendLimits());
        return parts.vertx()
                .deployVerticle(pump::arm, new DeploymentOptions().setInstances(parts.loops()))
                .onSuccess(id -> {
                    producerId = id;
                    producer = pump;
                })
                .onFailure(failure -> pump.close())
                .compose(id -> parts.bus().isClustered() && Placement.isPinned(namespace)
                        ? deploy(pump.across(parts.ticker()))
                                .onSuccess(across -> acrossId = across)
                                .<Void>mapEmpty()
                        : Future.succeededFuture());
    }

    private Queue opened() {
        Queue open = queue;
        if (open == null) {
            throw new IllegalStateException("the queue of " + namespace.name() + " is not open");
        }
        return open;
    }

    /** Whether {@code next} needs queues opened anew: then {@link #stop} and a new runtime, not {@link #update}. */
    boolean mustRestartFor(Namespace next) {
        boolean stops = next.state() == Namespace.State.DISCARDING && consumer != null;
        return place.isHere() ? stops || !queues.fits(namespace, next) : place.leftovers() || !Placement.isPinned(next);
    }

    /** Applies what can change while entries flow: limits, policies, targets. Routes that are gone stop last. */
    Future<Void> update(Namespace next) {
        ConsumerPump pump = consumer;
        if (!place.isHere()) {
            namespace = next;
            return Future.succeededFuture();
        }
        if (pump == null && queue != null) {
            return queues.update(next).onSuccess(updated -> namespace = next);
        }
        if (pump == null) {
            return Future.failedFuture(
                    new WalException(ErrorCode.UNAVAILABLE, "namespace " + next.name() + ": not started"));
        }
        return queues.update(next)
                .compose(updated -> startWriters(next))
                .compose(started -> pump.update(next))
                .compose(updated -> {
                    namespace = next;
                    return stopWritersBeside(next);
                });
    }

    private Future<Void> stopWritersBeside(Namespace next) {
        return Future.join(
                        writers.keySet().stream().filter(name -> !next.routes().containsKey(name)).toList().stream()
                                .map(this::stopWriter)
                                .toList())
                .mapEmpty();
    }

    /** Refuses new writes and answers those at hand; then settles what is in flight; then closes. Never fails. */
    Future<Void> stop() {
        stopped = true;
        QueuePump producing = producer;
        ConsumerPump consuming = consumer;
        Future<Void> refused =
                producing == null ? Future.succeededFuture() : producing.drain(parts.vertx(), parts.drainLimit());
        return refused.transform(done -> undeploy(acrossId))
                .transform(
                        done -> consuming == null ? Future.succeededFuture(false) : consuming.drain(parts.drainLimit()))
                .onSuccess(drained -> {
                    if (drained) {
                        queues.atRest();
                    }
                })
                .transform(done -> undeploy(producerId))
                .onComplete(done -> {
                    if (producing != null) {
                        producing.close();
                    }
                })
                .transform(done -> undeploy(consumerId))
                .transform(done -> Future.join(List.copyOf(writers.keySet()).stream()
                                .map(this::stopWriter)
                                .toList())
                        .mapEmpty())
                .transform(done -> closeQueue());
    }

    private Future<Void> closeQueue() {
        queue = null;
        consumer = null;
        return queues.close();
    }

    private Future<String> deploy(Deployable verticle) {
        return parts.vertx().deployVerticle(verticle);
    }

    private Future<Void> undeploy(@Nullable String deploymentId) {
        return deploymentId == null
                ? Future.succeededFuture()
                : parts.vertx().undeploy(deploymentId).otherwiseEmpty();
    }
}
