package io.forelog.target;

/** Runs a task once, later, on the writer's context. Tests turn their own by hand. */
@FunctionalInterface
interface Alarm {
    /** {@code micros} from now, at least; there is no cancelling: a task finds out by itself whether it is still wanted. */
    void after(long micros, Runnable task);
}
