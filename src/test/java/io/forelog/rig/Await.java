package io.forelog.rig;

import io.vertx.core.Future;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** Waits for what another process does: asks again until it is so or a deadline has passed. Stateless; test threads. */
public final class Await {
    private static final Duration STEP = Duration.ofMillis(25);

    private Await() {}

    public static void until(String what, Duration limit, BooleanSupplier condition) {
        until(
                what,
                limit,
                () -> condition.getAsBoolean() ? Optional.of(true) : Optional.<Boolean>empty(),
                () -> "(no more is known)");
    }

    public static void until(String what, Duration limit, BooleanSupplier condition, Supplier<String> details) {
        until(what, limit, () -> condition.getAsBoolean() ? Optional.of(true) : Optional.<Boolean>empty(), details);
    }

    /** Answers the first value there is. */
    public static <T> T until(
            String what, Duration limit, Supplier<Optional<T>> probe, Supplier<String> detailsWhenLate) {
        long end = System.nanoTime() + limit.toNanos();
        while (true) {
            Optional<T> found = probe.get();
            if (found.isPresent()) {
                return found.get();
            }
            if (System.nanoTime() > end) {
                throw new AssertionError(
                        "within " + limit + " it did not come about that " + what + ": " + detailsWhenLate.get());
            }
            pause(STEP);
        }
    }

    /** What the future ends with, within 20 s. */
    public static <T> T result(Future<T> future) {
        try {
            return future.await(20, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            throw new AssertionError("the future did not end within 20 s", e);
        }
    }

    /** For a fault to last some time; nothing may be concluded from it. */
    public static void pause(Duration time) {
        long end = System.nanoTime() + time.toNanos();
        for (long left = time.toNanos(); left > 0; left = end - System.nanoTime()) {
            LockSupport.parkNanos(left);
        }
    }
}
