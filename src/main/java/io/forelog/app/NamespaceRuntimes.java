package io.forelog.app;

import io.forelog.config.Deployer;
import io.forelog.config.Namespace;
import io.forelog.queue.Queue;
import io.forelog.queue.QueueDepth;
import io.forelog.queue.QueueMedium;
import io.vertx.core.Future;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/**
 * Carries out what the reconciler decides, one namespace at a time: starts, changes and stops their runtimes. Changes
 * come from the reconciler's context alone; look-ups from any thread. Bounded by the number of namespaces.
 */
final class NamespaceRuntimes implements Deployer {
    private final NodeParts parts;
    private final Consumer<String> gone;
    private final Map<String, NamespaceRuntime> runtimes = new ConcurrentHashMap<>();

    /** {@code gone} is told the name of every namespace that was removed. */
    NamespaceRuntimes(NodeParts parts, Consumer<String> gone) {
        this.parts = parts;
        this.gone = gone;
    }

    Optional<NamespaceRuntime> find(String namespace) {
        return Optional.ofNullable(runtimes.get(namespace));
    }

    Optional<Queue> queue(String namespace) {
        return find(namespace).flatMap(NamespaceRuntime::queue);
    }

    Collection<NamespaceRuntime> all() {
        return List.copyOf(runtimes.values());
    }

    @Override
    public Future<Void> add(Namespace next) {
        NamespaceRuntime late = runtimes.get(next.name());
        // One whose start ended after its time limit: a queue is opened once.
        if (late != null && late.queue().isPresent()) {
            return replace(late.namespace(), next);
        }
        NamespaceRuntime runtime = new NamespaceRuntime(parts, next);
        return runtime.start().onSuccess(started -> runtimes.put(next.name(), runtime));
    }

    /**
     * Changes a running one. Where its queue must be opened anew, what is taken in meanwhile is answered FALSE; where that
     * fails the old configuration is started again.
     */
    @Override
    public Future<Void> replace(Namespace old, Namespace next) {
        NamespaceRuntime runtime = runtimes.get(old.name());
        if (runtime == null) {
            return add(next);
        }
        if (!runtime.mustRestartFor(next)) {
            return runtime.update(next);
        }
        return runtime.stop()
                .compose(stopped -> add(next))
                .recover(failure -> add(old).transform(restored -> Future.failedFuture(failure)));
    }

    @Override
    public Left left(Namespace namespace, int route) {
        QueueDepth depth =
                queue(namespace.name()).map(queue -> queue.depth(route)).orElse(QueueDepth.EMPTY);
        return new Left(depth.ready() + depth.scheduled() + depth.inFlight() + depth.parked(), depth.dead());
    }

    @Override
    public Future<Void> remove(Namespace retired) {
        NamespaceRuntime runtime = runtimes.get(retired.name());
        if (runtime == null) {
            return Future.succeededFuture();
        }
        QueueMedium medium =
                parts.media().get(retired.document().persistence().get(0).type());
        return runtime.stop()
                .compose(stopped -> medium == null ? Future.succeededFuture() : medium.remove(retired.name()))
                .onSuccess(removed -> {
                    runtimes.remove(retired.name());
                    gone.accept(retired.name());
                });
    }

    /** Stops all, side by side. Never fails. */
    Future<Void> stop() {
        return Future.join(all().stream().map(NamespaceRuntime::stop).toList()).mapEmpty();
    }
}
