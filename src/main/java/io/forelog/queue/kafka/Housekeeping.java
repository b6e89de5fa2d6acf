package io.forelog.queue.kafka;

import io.forelog.model.Ticker;
import io.forelog.observe.LogKeys;
import io.forelog.queue.QueueSpec;
import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Frees the space of what every route has settled and nobody may replay any more (design 14.1), in topics that Forelog made from this
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
        inspected.transform(done -> free(spec)).onComplete(done -> {
            running = false;
            if (done.failed()) {
                LOG.atWarn()
                        .addKeyValue(LogKeys.NAMESPACE, spec.namespace())
                        .addKeyValue(LogKeys.REASON, String.valueOf(done.cause()))
                        .log("Kafka housekeeping failed; done again in a minute");
            }
        });
    }

    /** Up to min(every route's watermark, start of the retention). */
    Future<Void> free(QueueSpec spec) {
        TopicPlan plan = appends.layout().plan();
        List<Future<Map<TopicPartition, OffsetAndMetadata>>> asked = new ArrayList<>();
        for (int route : plan.routes()) {
            asked.add(cluster.ask(admin -> admin.listConsumerGroupOffsets(KafkaNames.group(spec.namespace(), route))
                    .partitionsToOffsetAndMetadata()));
        }
        long before = ticker.millis() - spec.retention().toMillis();
        return Future.all(asked)
                .compose(done -> scan.run(on -> deletable(plan, asked, before)))
                .compose(upTo -> {
                    Map<TopicPartition, RecordsToDelete> records = new HashMap<>();
                    upTo.forEach((partition, offset) -> records.put(partition, RecordsToDelete.beforeOffset(offset)));
                    return records.isEmpty()
                            ? Future.succeededFuture()
                            : cluster.ask(admin -> admin.deleteRecords(records).all());
                });
    }

    private Map<TopicPartition, Long> deletable(
            TopicPlan plan, List<Future<Map<TopicPartition, OffsetAndMetadata>>> routes, long before) {
        List<String> kept = new ArrayList<>(plan.mains());
        kept.addAll(plan.readies());
        List<String> ours = kept.stream()
                .filter(topic -> created.has(cluster.name(), topic))
                .toList();
        Map<TopicPartition, Long> upTo = new HashMap<>();
        for (TopicPartition partition : RangeRead.of(ours, appends.layout().partitions())) {
            upTo.put(partition, Long.MAX_VALUE);
            routes.forEach(route -> lower(upTo, partition, route.result()));
        }
        for (int i = 0; i < plan.routes().size(); i++) {
            Map<TopicPartition, OffsetAndMetadata> its = routes.get(i).result();
            List<String> parks = plan.parks(plan.routes().get(i)).stream()
                    .filter(topic -> created.has(cluster.name(), topic))
                    .toList();
            for (TopicPartition partition : RangeRead.of(parks, appends.layout().partitions())) {
                upTo.put(partition, Long.MAX_VALUE);
                lower(upTo, partition, its);
            }
        }
        Map<TopicPartition, Long> beginnings = scan.beginnings(upTo.keySet());
        upTo.replaceAll((partition, offset) ->
                kept.contains(partition.topic()) ? Math.min(offset, scan.offsetAt(partition, before, offset)) : offset);
        upTo.entrySet()
                .removeIf(each -> each.getValue() == Long.MAX_VALUE
                        || each.getValue() <= beginnings.getOrDefault(each.getKey(), 0L));
        return upTo;
    }

    private static void lower(
            Map<TopicPartition, Long> upTo, TopicPartition partition, Map<TopicPartition, OffsetAndMetadata> marks) {
        OffsetAndMetadata mark = marks.get(partition);
        upTo.merge(partition, mark == null ? 0 : mark.offset(), Math::min);
    }
}
