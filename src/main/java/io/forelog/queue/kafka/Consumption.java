package io.forelog.queue.kafka;

import io.forelog.model.Delivery;
import io.forelog.queue.ParkedKey;
import io.forelog.queue.QueueDepth;
import io.forelog.queue.QueueSpec;
import io.forelog.queue.Settlement;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import java.util.List;

/**
 * The consuming side of one namespace's queue: whoever reads, remembers what is settled, and moves what must wait. Any Vert.x
 * context calls it; futures end on the caller's context. Its topics exist before it is opened or told of new ones.
 */
interface Consumption {
    /** As {@link io.forelog.queue.Queue#take}. */
    Future<List<Delivery>> take(int route, int max, long bytesMax);

    /** As {@link io.forelog.queue.Queue#settle}. */
    Future<Void> settle(List<Settlement> settlements);

    /** As {@link io.forelog.queue.Queue#parked}. */
    Future<List<ParkedKey>> parked(int route, int max);

    /** As {@link io.forelog.queue.Queue#takeParked}. */
    Future<List<Delivery>> takeParked(int route, Buffer key, int max);

    /** As {@link io.forelog.queue.Queue#holds}. */
    boolean holds(Delivery delivery);

    /** Routes that come and go, topics that are added. */
    void update(QueueSpec spec);

    /** Commits whatever was settled before the call; then the group's offsets and their metadata tell it all. */
    Future<Void> commit();

    /** What of it is known here, from memory; any thread. */
    QueueDepth depth(int route);

    /** Commits and leaves; takes end empty. */
    Future<Void> close();
}
