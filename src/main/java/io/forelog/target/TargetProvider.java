package io.forelog.target;

import io.forelog.model.ConfigSchema;
import io.vertx.core.Future;

/** Makes one type of target available; found by {@link java.util.ServiceLoader}. Any thread. */
public interface TargetProvider {
    /** The name in {@code targets[].type}, lower case. */
    String type();

    /** What {@code targets[].config} may hold. */
    ConfigSchema schema();

    /** What {@code targets.<type>} in conf/forelog.yaml may hold, for all targets of the type; nothing unless it says so. */
    default ConfigSchema nodeSchema() {
        return ConfigSchema.EMPTY;
    }

    /** What retries and what is rejected, printed in docs/targets.md. */
    RetryTable retryTable();

    /** Opens the adapter of one target of one namespace, on the context that will use it. Needs no reachable server. */
    Future<TargetAdapter> open(TargetSpec spec, TargetResources resources);
}
