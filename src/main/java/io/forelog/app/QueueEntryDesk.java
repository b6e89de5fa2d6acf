package io.forelog.app;

import io.forelog.admin.EntryAnswers;
import io.forelog.admin.NodeServices;
import io.forelog.ingest.EntryDesk;
import io.forelog.model.Elsewhere;
import io.forelog.model.EntryId;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.forelog.queue.Queue;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/** Single entries for the write port, straight from the namespace's queue. Any event loop. */
final class QueueEntryDesk implements EntryDesk {
    private final NamespaceRuntimes runtimes;

    private final Function<String, Optional<NodeServices.Home>> homes;
    private final UnaryOperator<String> addresses;

    /** {@code homes}: where a namespace's entries lie when not here. {@code addresses}: of a node, in words; empty where it is away. */
    QueueEntryDesk(
            NamespaceRuntimes runtimes,
            Function<String, Optional<NodeServices.Home>> homes,
            UnaryOperator<String> addresses) {
        this.addresses = addresses;
        this.homes = homes;
        this.runtimes = runtimes;
    }

    @Override
    public Future<JsonObject> find(String namespace, EntryId id) {
        return ask(
                namespace,
                runtime -> queue(runtime).find(id).map(found -> EntryAnswers.found(id, found, runtime.namespace())));
    }

    @Override
    public Future<JsonObject> cancel(String namespace, EntryId id) {
        return ask(
                namespace,
                runtime -> queue(runtime)
                        .cancel(id)
                        .map(changes -> EntryAnswers.changed(id, changes, runtime.namespace())));
    }

    @Override
    public Future<JsonObject> reschedule(String namespace, EntryId id, long dueMicros) {
        return ask(
                namespace,
                runtime -> queue(runtime)
                        .reschedule(id, dueMicros)
                        .map(changes -> EntryAnswers.changed(id, changes, runtime.namespace())));
    }

    private Future<JsonObject> ask(String namespace, Function<NamespaceRuntime, Future<JsonObject>> question) {
        Optional<NodeServices.Home> home = homes.apply(namespace);
        if (home.isPresent()) {
            String node = home.get().node();
            String there = addresses.apply(node);
            return Future.failedFuture(WalException.elsewhere(
                    "namespace " + namespace + ": its entries lie on node " + node
                            + (there.isEmpty()
                                    ? ", which is away (expected: a request to it when it is back)"
                                    : " (expected: a request to " + there + ", or to the management port of any node)"),
                    Elsewhere.node(node, there)));
        }
        return runtimes.find(namespace)
                .map(question)
                .orElseGet(() -> Future.failedFuture(new WalException(
                        ErrorCode.UNKNOWN_NAMESPACE,
                        "namespace: '" + namespace + "' (expected: a namespace that this node serves)")));
    }

    private static Queue queue(NamespaceRuntime runtime) {
        return runtime.queue()
                .orElseThrow(() -> new WalException(
                        ErrorCode.UNAVAILABLE,
                        "namespace " + runtime.namespace().name() + ": its queue is not open now"));
    }
}
