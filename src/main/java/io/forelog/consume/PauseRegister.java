package io.forelog.consume;

import io.vertx.core.Future;
import java.util.Map;

/**
 * Keeps what was paused, by hand or by a storm of rejections, so that it is still paused after a restart. Any context;
 * futures end on the caller's.
 */
public interface PauseRegister {
    /** In the place of a target: all of them, those to come included. */
    String ALL = "*";

    /** Before a target's name, which has no colon in it: what stands there is a storm, and the target's words. */
    String STORM = "storm:";

    /** Reasons by target; empty = nothing is paused. Fails with CORRUPT where it can't be read. */
    Future<Map<String, String>> load(String namespace);

    /** In place of what was there; durable when it ends. */
    Future<Void> store(String namespace, Map<String, String> pauses);
}
