package io.forelog.queue;

import io.forelog.model.ConfigSchema;
import io.vertx.core.Future;

/** Makes one kind of queue available; found by {@link java.util.ServiceLoader}. Any thread. */
public interface QueueProvider {
    /** The name in {@code physical_storage.type}, upper case. */
    String type();

    /** What {@code config} of a persistence configuration may hold beside the keys common to all. */
    ConfigSchema schema();

    /** What every queue of this type can do, known before one is opened. */
    Capabilities capabilities();

    /** Opens what all namespaces of this node share (a database, a client). Called once a node. */
    Future<QueueMedium> open(MediumOptions options);
}
