package io.forelog.client.bench;

import io.vertx.core.Future;

/** One protocol's way of writing. Owned by one event loop; whoever calls bounds the calls in flight. */
interface Caller {
    /** How many entries one call carries. */
    int entriesPerCall();

    /** Sends the next call; never fails: a transport's failure is UNKNOWN. */
    Future<Answers> call();

    Future<Void> close();
}
