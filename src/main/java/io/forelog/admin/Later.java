package io.forelog.admin;

import io.vertx.core.Vertx;

/** Runs something in a while on the context it was asked on; tests turn it by hand. */
@FunctionalInterface
interface Later {
    /** {@code millis} 0 = as soon as the loop is free. */
    void run(long millis, Runnable task);

    static Later on(Vertx vertx) {
        return (millis, task) -> {
            if (millis <= 0) {
                vertx.runOnContext(ignored -> task.run());
            } else {
                vertx.setTimer(millis, ignored -> task.run());
            }
        };
    }
}
