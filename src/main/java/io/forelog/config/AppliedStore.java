package io.forelog.config;

import io.vertx.core.Future;
import java.util.Map;

/** Keeps what was applied, so that it outlives the process. Any context; futures end on the caller's. */
public interface AppliedStore {
    /**
     * Every record, by namespace, and why others can't be read.
     *
     * @param problems by namespace: it must not serve, since its routes' numbers are not known
     */
    record Loaded(Map<String, AppliedRecord> records, Map<String, String> problems) {}

    Future<Loaded> load();

    /** Durable when it ends. */
    Future<Void> store(AppliedRecord record);
}
