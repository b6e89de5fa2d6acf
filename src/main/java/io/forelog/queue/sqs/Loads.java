package io.forelog.queue.sqs;

import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.internal.ContextInternal;
import java.util.ArrayDeque;

/**
 * Brings the payloads of messages in hand out of the blob store: one after another in the order they are asked for, as many as
 * the {@link Shelf} has bytes for, and one at least. A payload whose size nobody told is loaded alone. Owned by the home;
 * what waits is bounded by the messages on the shelf.
 */
final class Loads {
    private final ContextInternal home;
    private final Shelf shelf;
    private final ArrayDeque<Load> waiting = new ArrayDeque<>();
    private int unmeasured;

    private record Load(Held held, Promise<Void> promise) {}

    Loads(ContextInternal home, Shelf shelf) {
        this.home = home;
        this.shelf = shelf;
    }

    /** Ends when the message has its payload; at once where it carries it itself. Fails as {@link ClaimCheck#unpack}. */
    Future<Void> load(Held held) {
        if (held.isWhole()) {
            return Future.succeededFuture();
        }
        Promise<Void> promise = home.promise();
        waiting.add(new Load(held, promise));
        look();
        return promise.future();
    }

    /** Starts what there is room for. */
    void look() {
        for (Load next = waiting.peek(); next != null; next = waiting.peek()) {
            if (!shelf.has(next.held())) {
                waiting.remove();
                next.promise().fail(new WalException(ErrorCode.UNAVAILABLE, "its message was given back"));
            } else if (unmeasured == 0 && shelf.hasRoomFor(next.held().blobBytes)) {
                waiting.remove();
                start(next.held(), next.promise());
            } else {
                return;
            }
        }
    }

    private void start(Held held, Promise<Void> promise) {
        boolean measured = held.blobBytes >= 0;
        if (measured) {
            shelf.carries(held, held.blobBytes);
        } else {
            unmeasured++;
        }
        held.line
                .claims
                .unpack(held.parcel(), held.blob)
                .onComplete(
                        whole -> {
                            unmeasured -= measured ? 0 : 1;
                            held.loaded(whole);
                            shelf.carries(held, whole.entry().payload().length());
                            promise.complete();
                            look();
                        },
                        failure -> {
                            unmeasured -= measured ? 0 : 1;
                            shelf.carries(held, 0);
                            promise.fail(failure);
                            look();
                        });
    }
}
