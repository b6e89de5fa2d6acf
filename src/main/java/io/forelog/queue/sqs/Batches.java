package io.forelog.queue.sqs;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.internal.ContextInternal;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * Gathers small requests of one kind (deletes, changes of visibility) into batches of ten: a few leave at once, the rest when
 * they are full or one comes back. Owned by the home; bounded by what may ask: the messages in hand.
 */
final class Batches<T> {
    /** Which of a batch failed, by their index: why. A failed future fails them all. */
    @FunctionalInterface
    interface Call<T> extends Function<List<T>, Future<List<String>>> {}

    /** In the list that a call answers: this one succeeded. */
    static final String DONE = "";

    private static final int EAGER = 4;
    private static final int MOST = 16;

    private record Item<T>(T what, Promise<String> promise) {}

    private final ContextInternal home;
    private final Call<T> call;
    private final ArrayDeque<Item<T>> pending = new ArrayDeque<>();
    private int under;
    private boolean soon;

    Batches(ContextInternal home, Call<T> call) {
        this.home = home;
        this.call = call;
    }

    /** Ends with {@link #DONE} or the reason why not; never fails. */
    Future<String> add(T what) {
        Promise<String> promise = home.promise();
        pending.add(new Item<>(what, promise));
        if (!soon) {
            soon = true;
            home.runOnContext(run -> pump());
        }
        return promise.future();
    }

    boolean idle() {
        return pending.isEmpty() && under == 0;
    }

    private void pump() {
        soon = false;
        while (!pending.isEmpty() && under < (pending.size() >= Sends.BATCH_MOST ? MOST : EAGER)) {
            List<Item<T>> batch = new ArrayList<>(Sends.BATCH_MOST);
            List<T> whats = new ArrayList<>(Sends.BATCH_MOST);
            while (batch.size() < Sends.BATCH_MOST && !pending.isEmpty()) {
                Item<T> next = pending.remove();
                batch.add(next);
                whats.add(next.what());
            }
            under++;
            call.apply(whats)
                    .onComplete(
                            reasons -> {
                                under--;
                                for (int i = 0; i < batch.size(); i++) {
                                    batch.get(i).promise().complete(reasons.get(i));
                                }
                                pump();
                            },
                            failure -> {
                                under--;
                                String why = SendTable.failed(failure).text();
                                batch.forEach(each -> each.promise().complete(why));
                                pump();
                            });
        }
    }
}
