package io.forelog.queue;

import java.util.List;

/**
 * The state of one database or cluster.
 *
 * @param text what is wrong and where; empty when SERVING
 * @param namespaces those that live in it
 * @param freeBytes of the medium; -1 = unknown
 */
public record MediumHealth(String name, State state, String text, List<String> namespaces, long freeBytes) {
    /** What the medium can do now. */
    public enum State {
        SERVING,
        /** Appends are refused with FALSE; deliveries go on. */
        LOW_DISK,
        /** Reopening after a failed write. */
        RECOVERING,
        /** It does not hold what it confirmed: stopped, touched by nobody. */
        CORRUPT
    }
}
