package io.forelog.queue.kafka;

import io.forelog.observe.LogKeys;
import java.util.function.Consumer;
import org.apache.kafka.common.KafkaException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * What a polling thread says and how long it pauses when it has to begin anew: a second where the cluster is what hinders it; where it
 * is anything else, an operator is told (ERROR, health) and the pause doubles up to half a minute. Owned by that thread.
 */
final class Restarts {
    private static final Logger LOG = LoggerFactory.getLogger(Restarts.class);
    private static final long AGAIN_NANOS = 1_000_000_000L;
    private static final long AGAIN_NANOS_MAX = 30 * AGAIN_NANOS;
    /** Whoever goes on for so long is well again. */
    private static final long STEADY_NANOS = 30 * AGAIN_NANOS;

    private final String who;
    private final Consumer<String> trouble;
    private boolean failed;
    private boolean troubled;
    /** When it began anew last. */
    private long lastNanos;

    private long pauseNanos = AGAIN_NANOS;

    /** {@code trouble}: is told what is wrong, empty where nothing is any more. */
    Restarts(String who, Consumer<String> trouble) {
        this.who = who;
        this.trouble = trouble;
    }

    /** It works, at {@code nanos} of the JVM. */
    void goesOn(long nanos) {
        if (failed && nanos - lastNanos > STEADY_NANOS) {
            failed = false;
            pauseNanos = AGAIN_NANOS;
            if (troubled) {
                troubled = false;
                trouble.accept("");
            }
        }
    }

    /** It has to begin anew; answers after how many nanoseconds. */
    long failed(Throwable why, long nanos) {
        boolean usual = why instanceof KafkaException
                || why instanceof IllegalStateException
                || why instanceof Transactor.Undecided;
        boolean first = !failed || !usual && !troubled;
        LOG.atLevel(!first ? Level.DEBUG : usual ? Level.WARN : Level.ERROR)
                .setCause(first ? why : null)
                .addKeyValue(LogKeys.DATABASE, who)
                .addKeyValue(LogKeys.REASON, why.toString())
                .log("A reader of Kafka begins anew from what is committed");
        long pause = usual ? AGAIN_NANOS : pauseNanos;
        failed = true;
        lastNanos = nanos + pause;
        if (!usual) {
            troubled = true;
            trouble.accept(who + ": begins anew again and again: " + why);
            pauseNanos = Math.min(AGAIN_NANOS_MAX, pauseNanos * 2);
        }
        return pause;
    }
}
