package io.forelog.observe;

import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.config.MeterFilter;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What each metric of {@link MetricNames} tells, as a scraper reads it in HELP, and the unit of those in seconds. Stateless. */
final class MetricTexts implements MeterFilter {
    /** Gauges; timers are in seconds anyhow. */
    private static final Set<String> IN_SECONDS = Set.of(
            MetricNames.LOOP_LAG, MetricNames.OLDEST_DUE_AGE, MetricNames.ROLE_OLDEST_AGE, MetricNames.CLOCK_OFFSET);

    private static final Map<String, String> TEXTS = Map.ofEntries(
            Map.entry(
                    MetricNames.WRITES, "Writes answered, by outcome: true, false, unknown, or the code that refused"),
            Map.entry(MetricNames.WRITE_BYTES, "Payload bytes of writes answered TRUE"),
            Map.entry(
                    MetricNames.WRITE_LATENCY, "From the decoded request to the answer; of a batch its slowest entry"),
            Map.entry(MetricNames.SHED, "Writes shed by admission, by outcome = why"),
            Map.entry(MetricNames.ADMISSION_LIMIT, "Entries that admission lets be in flight now"),
            Map.entry(MetricNames.ADMISSION_IN_FLIGHT, "Entries in flight, as admission counts them"),
            Map.entry(MetricNames.CONNECTIONS, "Connections of callers"),
            Map.entry(
                    MetricNames.CONNECTIONS_REFUSED, "Connections closed since there were as many as the limits allow"),
            Map.entry(MetricNames.LOOP_LAG, "How late the latest event loop is"),
            Map.entry(
                    MetricNames.ABANDONED,
                    "Calls that their client cancelled behind the hand-off; appended all the same"),
            Map.entry(MetricNames.APPEND_IN_FLIGHT, "Entries handed to the queue and not confirmed"),
            Map.entry(MetricNames.APPEND_IN_FLIGHT_BYTES, "Bytes handed to the queue and not confirmed"),
            Map.entry(MetricNames.APPEND_REFUSED, "Entries that the queue pump refused, by outcome = why; all FALSE"),
            Map.entry(MetricNames.COMMIT, "A group commit of the embedded queue, its fsync included"),
            Map.entry(MetricNames.COMMIT_ENTRIES, "Entries a group commit"),
            Map.entry(MetricNames.READY, "Obligations that are due and wait"),
            Map.entry(MetricNames.SCHEDULED, "Obligations that are not due yet, retries included"),
            Map.entry(MetricNames.PARKED, "Obligations that wait behind a failing one of their key"),
            Map.entry(MetricNames.DEAD, "Dead letters"),
            Map.entry(MetricNames.OLDEST_DUE_AGE, "How long the oldest obligation has been due; 0 = none is"),
            Map.entry(MetricNames.STORED_BYTES, "Bytes stored for the namespace, all routes"),
            Map.entry(MetricNames.DATABASE_STATE, "1 for the state (outcome) that the database or cluster is in"),
            Map.entry(MetricNames.FREE_BYTES, "Bytes free where the database lies"),
            Map.entry(MetricNames.SETTLED, "Obligations settled, by outcome"),
            Map.entry(MetricNames.LATENESS, "From the due time of a delivery to its attempt"),
            Map.entry(MetricNames.TARGET_LATENCY, "A request to a target, until its answer"),
            Map.entry(MetricNames.BREAKER, "The target's circuit breaker: 0 closed, 1 half open, 2 open"),
            Map.entry(MetricNames.TARGET_LIMIT, "Requests that the target is given at a time now"),
            Map.entry(MetricNames.TARGET_IN_FLIGHT, "Requests at the target"),
            Map.entry(MetricNames.PAUSED, "1 where a route is held, by outcome = why"),
            Map.entry(
                    MetricNames.BALANCED,
                    "1 where accepted + moved_in = delivered + pending + dead + expired + cancelled + moved_out + lost"),
            Map.entry(MetricNames.LOST, "Obligations found missing in the log"),
            Map.entry(MetricNames.RELOADS, "Reloads of documents, by outcome"),
            Map.entry(MetricNames.CONFIG_STORE_AWAY, "1 where the config store can't be reached"),
            Map.entry(MetricNames.SQS_BATCH_ENTRIES, "Entries a SendMessageBatch"),
            Map.entry(MetricNames.SQS_SENDING, "Messages sent to SQS and not answered"),
            Map.entry(MetricNames.SQS_HELD, "Messages received from SQS and not settled"),
            Map.entry(MetricNames.EVCACHE_MISSED, "Writes that were applied, but not by this server group (outcome)"),
            Map.entry(MetricNames.CLOCK_OFFSET, "The node's time less the wall clock"),
            Map.entry(MetricNames.UTILISATION, "Share in use, 0 to 1, by outcome: cpu, network; NaN = not known"),
            Map.entry(MetricNames.ROLE_LAG, "Entries that the role (outcome) is behind on this node"),
            Map.entry(
                    MetricNames.ROLE_OLDEST_AGE, "How long the oldest entry that the role is behind with has waited"));

    @Override
    public Meter.Id map(Meter.Id id) {
        String text = TEXTS.get(id.getName());
        return text == null
                ? id
                : new Meter.Id(id.getName(), Tags.of(id.getTagsAsIterable()), unit(id), text, id.getType());
    }

    private static @Nullable String unit(Meter.Id id) {
        return IN_SECONDS.contains(id.getName()) ? "seconds" : id.getBaseUnit();
    }
}
