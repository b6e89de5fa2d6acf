package io.forelog.queue.kafka;

import io.forelog.observe.LogKeys;
import java.util.function.Consumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.FencedInstanceIdException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * What a polling thread says and how long it pauses when it has to begin anew: a second where the cluster is what hinders it; where it
 * is anything else, as another process of the same name, an operator is told (ERROR, health) and the pause doubles up to half a minute. Owned by that thread.
 */
final class Restarts {
    private static final Logger LOG = LoggerFactory.getLogger(Restarts.class);
    private static final long AGAIN_NANOS = 1_000_000_000L;
    private static final long AGAIN_NANOS_MAX = 30 * AGAIN_NANOS;
    /** Whoever goes on for so long is well again. */
    private static final long STEADY_NANOS = 30 * AGAIN_NANOS;

    private final String who;
    private final String group;
    private final String member;
    private final Consumer<String> trouble;
    private boolean failed;
    private boolean troubled;
    /** Whether there was another process of the same name; implies {@link #troubled}. */
    private boolean twin;
    /** When it began anew last. */
    private long lastNanos;

    private long pauseNanos = AGAIN_NANOS;

    /**
     * @param group that it reads in, as the static {@code member}
     * @param trouble is told what is wrong, empty where nothing is any more
     */
    Restarts(String who, String group, String member, Consumer<String> trouble) {
        this.who = who;
        this.group = group;
        this.member = member;
        this.trouble = trouble;
    }

    /** It works, at {@code nanos} of the JVM. */
    void goesOn(long nanos) {
        if (failed && nanos - lastNanos > STEADY_NANOS) {
            failed = false;
            pauseNanos = AGAIN_NANOS;
            if (troubled) {
                troubled = false;
                twin = false;
                trouble.accept("");
                LOG.atInfo().addKeyValue(LogKeys.DATABASE, who).log("A reader of Kafka goes on undisturbed");
            }
        }
    }

    /** It has to begin anew; answers after how many nanoseconds. */
    long failed(Throwable why, long nanos) {
        boolean fenced = why instanceof FencedInstanceIdException;
        boolean usual = !fenced
                && (why instanceof KafkaException
                        || why instanceof IllegalStateException
                        || why instanceof Transactor.Undecided);
        boolean known = fenced ? twin : usual ? failed : troubled;
        String reason = fenced ? twin() : why.toString();
        LOG.atLevel(known ? Level.DEBUG : usual ? Level.WARN : Level.ERROR)
                .setCause(known || fenced ? null : why)
                .addKeyValue(LogKeys.DATABASE, who)
                .addKeyValue(LogKeys.REASON, reason)
                .log("A reader of Kafka begins anew from what is committed");
        long pause = usual ? AGAIN_NANOS : pauseNanos;
        failed = true;
        twin |= fenced;
        lastNanos = nanos + pause;
        if (!usual) {
            troubled = true;
            trouble.accept(who + (fenced ? ": " : ": begins anew again and again: ") + reason);
            pauseNanos = Math.min(AGAIN_NANOS_MAX, pauseNanos * 2);
        }
        return pause;
    }

    private String twin() {
        return "another process is in the Kafka group " + group + " as the same member " + member
                + ": they throw each other out (expected: one running process a node name; stop the other one, or give it"
                + " another `name` and data directory)";
    }
}
