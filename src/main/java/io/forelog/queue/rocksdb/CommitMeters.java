package io.forelog.queue.rocksdb;

import io.forelog.observe.MetricNames;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.concurrent.TimeUnit;

/** The committer's meters, found once. Owned by the committer thread. */
final class CommitMeters {
    private final Timer commits;
    private final DistributionSummary entries;

    CommitMeters(MeterRegistry metrics, String database) {
        commits = Timer.builder(MetricNames.COMMIT).tag("database", database).register(metrics);
        entries = DistributionSummary.builder(MetricNames.COMMIT_ENTRIES)
                .tag("database", database)
                .register(metrics);
    }

    void committed(long nanos, int count) {
        commits.record(nanos, TimeUnit.NANOSECONDS);
        entries.record(count);
    }
}
