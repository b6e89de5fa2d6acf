package io.forelog.queue.rocksdb;

import java.nio.charset.StandardCharsets;

/** The column families. Keys are in {@link Keys}; all begin with the namespace's number but those of META. */
enum Family {
    /** Registry of namespaces and each one's state record. Written over. */
    META,
    /** Every accepted entry: one packed value per commit and namespace ({@link LogValue}). */
    LOG,
    /** A tiny record beside each of LOG ({@link IndexRecord}): counting, time to sequence, quota. */
    INDEX,
    /** What became of obligations ({@link TrailEvent}s), one value per bucket of 4096 sequences and commit. */
    TRAIL,
    /** Delayed and retried obligations by due time. Written once a key, removed by SingleDelete. */
    TIMER,
    /** Parked obligations by key. */
    LANE,
    /** Dead letters by time of death. */
    DEAD,
    /** Entry id and route to place: present iff the obligation is outside the log. */
    IDS,
    /** Idempotency tokens by day. */
    TOKEN;

    byte[] bytes() {
        return name().toLowerCase(java.util.Locale.ROOT).getBytes(StandardCharsets.US_ASCII);
    }
}
