package io.forelog.cluster;

import java.util.List;
import java.util.Map;

/**
 * One node as the registry knows it. Immutable.
 *
 * @param host where its ports listen
 * @param ports by name: http, grpc, management; those that it opens
 * @param state its own words: READY, DRAINING, STOPPED
 * @param draining somebody asked it to give away what it has
 * @param applied the revision of each namespace that it takes writes for; with {@value #ENDS} behind the name, of each that it ends;
 *     with {@value #SINCE}, the first revision that is written and delivered as the applied one is
 * @param startedMicros by the database's clock
 * @param silentSeconds since it was last heard of, by the database's clock
 */
public record Member(
        String name,
        String host,
        Map<String, Integer> ports,
        List<String> roles,
        String shard,
        String stack,
        String region,
        String version,
        String state,
        boolean draining,
        Map<String, Long> applied,
        long startedMicros,
        double silentSeconds) {
    /** Nodes tell of themselves every second; who was silent for so long is taken for lost. */
    public static final double LOST_AFTER_SECONDS = 6;

    /** Behind the name of a namespace whose document is gone. */
    public static final String ENDS = "/ends";

    /** Behind the name of a namespace. */
    public static final String SINCE = "/since";

    /** 0 = it does not tell. */
    public long since(String namespace) {
        return applied.getOrDefault(namespace + SINCE, 0L);
    }

    /** Whether it has not let go of a namespace yet whose document is gone. */
    public boolean ends(String namespace) {
        return applied.containsKey(namespace + ENDS);
    }

    public boolean isAlive() {
        return silentSeconds < LOST_AFTER_SECONDS && !state.equals("STOPPED");
    }

    /**
     * Whether no write comes from it any more that goes by a document of {@code namespace} before {@code revision}. Of one that was
     * lost nobody knows: it may live on, and be cut off. One that is starting still tells what it had before; one that never had the
     * namespace may yet begin with any document, but for one of another shard than {@code asking}.
     */
    public boolean hasApplied(String namespace, long revision, String asking) {
        Long its = applied.get(namespace);
        boolean none = !state.equals("STARTING") || !shard.equals(asking);
        return state.equals("STOPPED") || (its == null ? none : its >= revision);
    }

    /** {@code host:port}, or empty where it has no such port. */
    public String address(String port) {
        Integer number = ports.get(port);
        return number == null ? "" : host + ":" + number;
    }
}
