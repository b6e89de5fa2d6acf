package io.forelog.app;

import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.forelog.queue.Capabilities;
import io.forelog.queue.MediumOptions;
import io.forelog.queue.QueueMedium;
import io.forelog.queue.QueueProvider;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.internal.ContextInternal;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;

/**
 * The media of this node, each opened when the first namespace needs it: a node whose documents name no Kafka needs none.
 * One that could not be opened is opened anew when it is asked for again. Any thread; bounded by the queue types there are.
 */
final class Media {
    private final Vertx vertx;
    private final Map<String, QueueProvider> providers;
    private final Function<String, MediumOptions> options;
    private final Map<String, Future<QueueMedium>> opened = new TreeMap<>();

    /** {@code options} of a type. */
    Media(Vertx vertx, Map<String, QueueProvider> providers, Function<String, MediumOptions> options) {
        this.vertx = vertx;
        this.providers = providers;
        this.options = options;
    }

    /** Ends on the caller's context. */
    Future<QueueMedium> of(String type) {
        QueueProvider provider = providers.get(type);
        if (provider == null) {
            return Future.failedFuture(new WalException(
                    ErrorCode.INVALID_ARGUMENT,
                    "queue type " + type + " (expected: one of " + providers.keySet() + ")"));
        }
        Promise<QueueMedium> mine = ((ContextInternal) vertx.getOrCreateContext()).promise();
        Future<QueueMedium> known;
        synchronized (opened) {
            known = opened.get(type);
            if (known == null || known.failed()) {
                known = provider.open(options.apply(type));
                opened.put(type, known);
            }
        }
        known.onComplete(mine);
        return mine.future();
    }

    /** What a queue of this type can do; of a type that is gone, what the least of them can. */
    Capabilities capabilities(String type) {
        QueueProvider provider = providers.get(type);
        return provider != null
                ? provider.capabilities()
                : new Capabilities(java.time.Duration.ZERO, false, false, false, false, false, false, false, 0);
    }

    List<QueueMedium> open() {
        synchronized (opened) {
            return opened.values().stream()
                    .filter(Future::succeeded)
                    .map(Future::result)
                    .toList();
        }
    }

    /** Never fails. */
    Future<Void> close() {
        return Future.join(open().stream().map(QueueMedium::close).toList())
                .otherwiseEmpty()
                .mapEmpty();
    }
}
