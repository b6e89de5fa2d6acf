package io.forelog.observe;

/**
 * The names of all metrics, in Micrometer's dotted form ({@code forelog.writes} becomes
 * {@code forelog_writes_total}). Labels are {@link #NAMESPACE}, {@link #TARGET} and {@link #OUTCOME} only.
 */
public final class MetricNames {
    public static final String NAMESPACE = "namespace";
    public static final String TARGET = "target";
    public static final String OUTCOME = "outcome";

    /** Counter: writes answered, by namespace and outcome (true, false, unknown, or the code that refused). */
    public static final String WRITES = "forelog.writes";
    /** Counter: payload bytes of writes answered TRUE. */
    public static final String WRITE_BYTES = "forelog.write.bytes";
    /** Timer: from the decoded request to the answer; one sample a batch, its slowest entry's. */
    public static final String WRITE_LATENCY = "forelog.write.latency";
    /** Counter: writes shed, by outcome = reason. */
    public static final String SHED = "forelog.shed";
    /** Gauge: the adaptive limit, entries in flight. */
    public static final String ADMISSION_LIMIT = "forelog.admission.limit";

    public static final String ADMISSION_IN_FLIGHT = "forelog.admission.in.flight";
    /** Gauge: connections of callers. */
    public static final String CONNECTIONS = "forelog.connections";

    /** One more than the limits allow. */
    public static final String CONNECTIONS_REFUSED = "forelog.connections.refused";

    /** Gauge: seconds an event loop is late. */
    public static final String LOOP_LAG = "forelog.loop.lag";
    /** Counter: calls cancelled by the client after hand-off. */
    public static final String ABANDONED = "forelog.abandoned";
    /** Gauges by namespace: entries and bytes handed to the queue and not confirmed. */
    public static final String APPEND_IN_FLIGHT = "forelog.append.in.flight";

    public static final String APPEND_IN_FLIGHT_BYTES = "forelog.append.in.flight.bytes";
    /** Counter by namespace and outcome = why: entries that the queue pump refused, a decided FALSE. */
    public static final String APPEND_REFUSED = "forelog.append.refused";
    /** Timer: one group commit of the embedded queue. */
    public static final String COMMIT = "forelog.queue.commit";
    /** Summary: entries a commit. */
    public static final String COMMIT_ENTRIES = "forelog.queue.commit.entries";
    /** Gauges by namespace and target. */
    public static final String READY = "forelog.queue.ready";

    public static final String SCHEDULED = "forelog.queue.scheduled";
    public static final String PARKED = "forelog.queue.parked";
    public static final String DEAD = "forelog.queue.dead";
    public static final String OLDEST_DUE_AGE = "forelog.queue.oldest.due.age";
    public static final String STORED_BYTES = "forelog.queue.stored.bytes";
    /** Gauge by database (label outcome = state): 1 in the state it is in. */
    public static final String DATABASE_STATE = "forelog.database.state";

    public static final String FREE_BYTES = "forelog.database.free.bytes";
    /** Counter: settled obligations by namespace, target and outcome. */
    public static final String SETTLED = "forelog.settled";
    /** Timer: delivery time less due time. */
    public static final String LATENESS = "forelog.delivery.lateness";
    /** Timer: one request to a target. */
    public static final String TARGET_LATENCY = "forelog.target.latency";
    /** Gauge: 0 closed, 1 half open, 2 open. */
    public static final String BREAKER = "forelog.target.breaker";

    public static final String TARGET_LIMIT = "forelog.target.limit";
    public static final String TARGET_IN_FLIGHT = "forelog.target.in.flight";
    /** Gauge: 1 where a route is paused, by outcome = why. */
    public static final String PAUSED = "forelog.route.paused";
    /** Gauge: 1 where the audit balances. */
    public static final String BALANCED = "forelog.audit.balanced";
    /** Counter: obligations lost, found as gaps in the log. An alarm. */
    public static final String LOST = "forelog.audit.lost";
    /** Counter: reloads by outcome. */
    public static final String RELOADS = "forelog.config.reloads";
    /** Gauge: 1 where the config store can't be reached. */
    public static final String CONFIG_STORE_AWAY = "forelog.config.store.away";
    /** Summary by namespace: entries a SendMessageBatch. */
    public static final String SQS_BATCH_ENTRIES = "forelog.sqs.batch.entries";
    /** Gauges by namespace: messages sent and not answered, messages received and not settled. */
    public static final String SQS_SENDING = "forelog.sqs.sending";

    public static final String SQS_HELD = "forelog.sqs.held";
    /** Counter by namespace and target (label outcome = server group): writes that were applied, but not by this group. */
    public static final String EVCACHE_MISSED = "forelog.evcache.missed";
    /** Gauge: the node's time less the wall clock. */
    public static final String CLOCK_OFFSET = "forelog.clock.offset";

    /** Gauge by outcome = the cluster's name: the node's time less the Kafka cluster's; NaN = not known. */
    public static final String KAFKA_CLOCK_OFFSET = "forelog.kafka.clock.offset";

    /** Gauge by outcome = cpu, network: share in use, 0 to 1. */
    public static final String UTILISATION = "forelog.utilisation";
    /** Gauges by outcome = producer, consumer: how far the role is behind on this node, in entries and in seconds. */
    public static final String ROLE_LAG = "forelog.role.lag";

    public static final String ROLE_OLDEST_AGE = "forelog.role.oldest.age";

    private MetricNames() {}
}
