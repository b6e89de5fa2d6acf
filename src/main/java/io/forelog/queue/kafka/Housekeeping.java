package io.forelog.queue.kafka;

import io.forelog.model.Ticker;
import io.forelog.observe.LogKeys;
import io.forelog.queue.QueueSpec;
import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.apache.kafka.clients.admin.GroupListing;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the topics known to the producer; takes note of partitions that were added; frees the space of what every route has settled and nobody may replay any more (design 14.1), in topics that Forelog made from this
 * data directory; lets dead letters go when their time is over; looks hourly whether the topics still keep what is promised. One
 * round at a time, from one timer.
 */
final class Housekeeping {
    private static final Logger LOG = LoggerFactory.getLogger(Housekeeping.class);
    private static final int ROUNDS_AN_HOUR = 60;

    private final KafkaCluster cluster;
    private final Topics topics;
    private final CreatedTopics created;
    private final LogScan scan;
    private final DeadLetters deadLetters;
    private final Appends appends;
    private final Ticker ticker;
    private boolean running;
    private int round;

    Housekeeping(
            KafkaCluster cluster,
            Topics topics,
            CreatedTopics created,
            LogScan scan,
            DeadLetters deadLetters,
            Appends appends,
            Ticker ticker) {
        this.cluster = cluster;
        this.topics = topics;
        this.created = created;
        this.scan = scan;
        this.deadLetters = deadLetters;
        this.appends = appends;
        this.ticker = ticker;
    }

    /** The namespace's own topics: not the tiers, which are the shard's. */
    static List<String> topics(TopicPlan plan) {
        LinkedHashSet<String> all = new LinkedHashSet<>();
        for (String main : plan.mains()) {
            all.add(main);
            all.addAll(plan.companions(main));
        }
        all.addAll(plan.deadLetters());
        return List.copyOf(all);
    }

    /** On the timer's context. */
    void run(QueueSpec spec) {
        keepKnown();
        if (running) {
            return;
        }
        running = true;
        boolean hourly = round++ % ROUNDS_AN_HOUR == 0;
        Future<Void> inspected = hourly
                ? topics.inspect(appends.layout().plan(), spec)
                        .onSuccess(text -> cluster.trouble(spec.namespace(), text))
                        .compose(text -> deadLetters.expire(spec.deadLetterRetention()))
                        .mapEmpty()
                : Future.succeededFuture();
        inspected.transform(done -> grow(spec)).transform(done -> free(spec)).onComplete(done -> {
            running = false;
            if (done.failed()) {
                LOG.atWarn()
                        .addKeyValue(LogKeys.NAMESPACE, spec.namespace())
                        .addKeyValue(LogKeys.REASON, String.valueOf(done.cause()))
                        .log("Kafka housekeeping failed; done again in a minute");
            }
        });
    }

    /** Where nothing is written for minutes a write must not find a topic unknown, for it may not wait. */
    private void keepKnown() {
        TopicPlan plan = appends.layout().plan();
        topics(plan).forEach(cluster.sender()::partitions);
        plan.tiers().forEach(cluster.sender()::partitions);
    }

    /** Partitions that were added to a main topic: their companions are made, and what is written by nobody's order goes there too. */
    Future<Void> grow(QueueSpec spec) {
        Appends.Layout before = appends.layout();
        return topics.hasGrown(before)
                .compose(grown -> grown
                        ? topics.ensure(before.plan(), spec)
                                .onSuccess(appends::update)
                                .<Void>mapEmpty()
                        : Future.succeededFuture());
    }

    /**
     * Main and ready topics up to min(the watermark of every group of the namespace that the cluster has, start of the retention), parked lanes up to their route's watermark,
     * tiers up to what has left them, dead letters up to the first that is left. What another namespace uses as well stays.
     */
    Future<Void> free(QueueSpec spec) {
        TopicPlan plan = appends.layout().plan();
        return cluster.ask(admin -> admin.listGroups().all())
                .map(groups ->
                        groups(plan, groups.stream().map(GroupListing::groupId).toList()))
                .compose(groups -> free(spec, plan, groups));
    }

    /**
     * Those that what is freed must have been settled by: of the routes known here, and whatever others of the namespace the cluster
     * has, as another node may serve a route already that this one has not heard of, or still.
     */
    static Set<String> groups(TopicPlan plan, Collection<String> listed) {
        Set<String> groups = new TreeSet<>();
        plan.routes().forEach(route -> groups.add(KafkaNames.group(plan.namespace(), route)));
        listed.stream()
                .filter(group -> KafkaNames.isRouteGroupOf(plan.namespace(), group))
                .forEach(groups::add);
        return groups;
    }

    private Future<Void> free(QueueSpec spec, TopicPlan plan, Set<String> groups) {
        String namespace = spec.namespace();
        Map<String, Future<Map<TopicPartition, OffsetAndMetadata>>> settled = new LinkedHashMap<>();
        groups.forEach(group -> settled.put(group, marks(group)));
        Future<Map<TopicPartition, OffsetAndMetadata>> tiers = marks(KafkaNames.tierGroup(plan.shard()));
        Future<Map<TopicPartition, OffsetAndMetadata>> dead = marks(KafkaNames.deadLetterGroup(namespace));
        List<Future<?>> asked = new ArrayList<>(settled.values());
        asked.add(tiers);
        asked.add(dead);
        long before = ticker.millis() - spec.retention().toMillis();
        return Future.all(asked)
                .compose(done -> scan.run(on -> {
                    Map<TopicPartition, Long> upTo = new HashMap<>();
                    List<String> kept = new ArrayList<>(plan.mains());
                    kept.addAll(plan.readies());
                    settled.values().forEach(its -> lower(upTo, own(kept, namespace), its.result()));
                    upTo.replaceAll((partition, offset) -> Math.min(offset, scan.offsetAt(partition, before, offset)));
                    for (int route : plan.routes()) {
                        Future<Map<TopicPartition, OffsetAndMetadata>> its =
                                settled.get(KafkaNames.group(namespace, route));
                        lower(upTo, own(plan.parks(route), namespace), its == null ? Map.of() : its.result());
                    }
                    lower(upTo, own(plan.deadLetters(), namespace), dead.result());
                    // Of the shard: its pump alone reads them.
                    lower(upTo, made(plan.tiers()), tiers.result());
                    return deletable(upTo);
                }))
                .compose(records -> records.isEmpty()
                        ? Future.succeededFuture()
                        : cluster.ask(admin -> admin.deleteRecords(records).all()));
    }

    private Future<Map<TopicPartition, OffsetAndMetadata>> marks(String group) {
        return cluster.ask(admin -> admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata());
    }

    private List<String> own(List<String> topics, String namespace) {
        return topics.stream()
                .filter(topic -> created.isOf(cluster.name(), topic, namespace))
                .toList();
    }

    private List<String> made(List<String> topics) {
        return topics.stream()
                .filter(topic -> created.has(cluster.name(), topic))
                .toList();
    }

    private void lower(
            Map<TopicPartition, Long> upTo, List<String> topics, Map<TopicPartition, OffsetAndMetadata> marks) {
        for (TopicPartition partition : RangeRead.of(topics, appends.layout().partitions())) {
            OffsetAndMetadata mark = marks.get(partition);
            upTo.merge(partition, mark == null ? 0 : mark.offset(), Math::min);
        }
    }

    private Map<TopicPartition, RecordsToDelete> deletable(Map<TopicPartition, Long> upTo) {
        Map<TopicPartition, Long> beginnings = scan.beginnings(upTo.keySet());
        Map<TopicPartition, RecordsToDelete> records = new HashMap<>();
        upTo.forEach((partition, offset) -> {
            if (offset > beginnings.getOrDefault(partition, 0L)) {
                records.put(partition, RecordsToDelete.beforeOffset(offset));
            }
        });
        return records;
    }
}
