package io.forelog.app;

import io.forelog.config.Namespace;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.forelog.queue.Queue;
import io.forelog.queue.QueueMedium;
import io.vertx.core.Future;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Carries out what the reconciler decides, one namespace at a time: starts, changes and stops their runtimes. Changes
 * come from the reconciler's context alone; look-ups from any thread. Bounded by the number of namespaces.
 */
final class NamespaceRuntimes {
    private final NodeParts parts;
    private final Map<String, NamespaceRuntime> runtimes = new ConcurrentHashMap<>();

    NamespaceRuntimes(NodeParts parts) {
        this.parts = parts;
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

    /** Starts a namespace that does not run yet. */
    Future<Void> deploy(Namespace next) {
        NamespaceRuntime runtime = new NamespaceRuntime(parts, next);
        return runtime.start().onSuccess(started -> runtimes.put(next.name(), runtime));
    }

    /**
     * Changes a running one. Where its queue must be opened anew, what is taken in meanwhile is answered FALSE; where that
     * fails the old configuration is started again.
     */
    Future<Void> replace(Namespace old, Namespace next) {
        NamespaceRuntime runtime = runtimes.get(old.name());
        if (runtime == null) {
            return deploy(next);
        }
        Optional<String> refusal = runtime.refuses(next);
        if (refusal.isPresent()) {
            return Future.failedFuture(new WalException(ErrorCode.INVALID_ARGUMENT, refusal.get()));
        }
        if (!runtime.mustRestartFor(next)) {
            return runtime.update(next);
        }
        return runtime.stop()
                .compose(stopped -> deploy(next))
                .recover(failure -> deploy(old).transform(restored -> Future.failedFuture(failure)));
    }

    boolean drained(String namespace) {
        return find(namespace).map(NamespaceRuntime::drained).orElse(true);
    }

    boolean drained(String namespace, int route) {
        return find(namespace).map(runtime -> runtime.drained(route)).orElse(true);
    }

    /** Stops a namespace and, when it is drained for good, deletes what is stored for it. */
    Future<Void> remove(Namespace retired) {
        NamespaceRuntime runtime = runtimes.remove(retired.name());
        if (runtime == null) {
            return Future.succeededFuture();
        }
        QueueMedium medium =
                parts.media().get(retired.document().persistence().get(0).type());
        return runtime.stop()
                .compose(stopped -> medium == null ? Future.succeededFuture() : medium.remove(retired.name()));
    }

    /** Stops all, side by side. Never fails. */
    Future<Void> stop() {
        return Future.join(all().stream().map(NamespaceRuntime::stop).toList()).mapEmpty();
    }
}
