package io.forelog.queue.kafka;

import io.forelog.queue.Tally;
import io.forelog.queue.Tally.RouteTally;
import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.admin.ListConsumerGroupOffsetsResult;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;

/**
 * Counts the books of a namespace: what is settled stands in the groups' commit metadata, what is pending is counted record by
 * record in the topics, from each watermark on. A record is read at most once, however often is counted: what was found stands in
 * a bit a record and kind until a watermark passes it. A move between two looks would be counted twice or not at all, so
 * that the count is repeated until none was made meanwhile. Owned by the thread of the {@link LogScan}; bounded by the backlog, a
 * bit a record.
 */
final class Census {
    private static final int REPEATS_MAX = 12;

    private final KafkaCluster cluster;
    private final Topics topics;
    private final LogScan scan;
    private final DeadLetters deadLetters;
    private final Appends appends;
    private final String namespace;
    private final Map<TopicPartition, Backlog> backlogs = new HashMap<>();
    /** By route: what waited in the tiers when it was counted last. */
    private volatile Map<Integer, Long> scheduled = Map.of();

    Census(
            KafkaCluster cluster,
            Topics topics,
            LogScan scan,
            DeadLetters deadLetters,
            Appends appends,
            String namespace) {
        this.cluster = cluster;
        this.topics = topics;
        this.scan = scan;
        this.deadLetters = deadLetters;
        this.appends = appends;
        this.namespace = namespace;
    }

    /** What of a route waited in the tiers at the last count; any thread. */
    long scheduled(int route) {
        return scheduled.getOrDefault(route, 0L);
    }

    /** What the groups have committed. */
    private record Marks(
            Map<Integer, Map<TopicPartition, OffsetAndMetadata>> routes, Map<TopicPartition, OffsetAndMetadata> tiers) {
        /** All that changes when something is moved. */
        List<Long> moves() {
            List<Long> moves = new ArrayList<>();
            routes.values()
                    .forEach(each -> each.forEach((partition, mark) -> {
                        Books books = booksOf(mark);
                        moves.add(books.get(Books.Count.REQUEUED));
                        moves.add(books.get(Books.Count.RETURNED));
                        moves.add(books.get(Books.Count.DEAD));
                    }));
            tiers.values()
                    .forEach(mark -> moves.add(mark.offset() + mark.metadata().hashCode()));
            moves.sort(null);
            return moves;
        }
    }

    static Books booksOf(OffsetAndMetadata mark) {
        CommitMetadata read = CommitMetadata.decode(mark.metadata(), mark.offset());
        return read == null ? new Books() : read.books();
    }

    /** {@code commit}: writes down what is settled here. */
    Future<Tally> count(java.util.function.Supplier<Future<Void>> commit) {
        return count(commit, REPEATS_MAX);
    }

    private Future<Tally> count(java.util.function.Supplier<Future<Void>> commit, int left) {
        return commit.get()
                .compose(done -> marks())
                .compose(before -> topics.missing(all(appends.layout().plan()))
                        .compose(missing -> scan.run(on -> look(before, missing)))
                        .compose(looked -> commit.get().compose(done -> marks()).compose(after -> {
                            boolean still = before.moves().equals(after.moves());
                            return still || left == 0
                                    ? Future.succeededFuture(tally(before, looked, still))
                                    : count(commit, left - 1);
                        })));
    }

    private Future<Marks> marks() {
        TopicPlan plan = appends.layout().plan();
        Map<Integer, Future<Map<TopicPartition, OffsetAndMetadata>>> asked = new HashMap<>();
        for (int route : plan.routes()) {
            asked.put(route, committed(KafkaNames.group(namespace, route)));
        }
        Future<Map<TopicPartition, OffsetAndMetadata>> tiers = committed(KafkaNames.tierGroup(plan.shard()));
        List<Future<?>> all = new ArrayList<>(asked.values());
        all.add(tiers);
        return Future.all(all).map(done -> {
            Map<Integer, Map<TopicPartition, OffsetAndMetadata>> routes = new HashMap<>();
            asked.forEach((route, its) -> routes.put(route, its.result()));
            return new Marks(routes, tiers.result());
        });
    }

    private Future<Map<TopicPartition, OffsetAndMetadata>> committed(String group) {
        return cluster.ask(admin -> {
                    ListConsumerGroupOffsetsResult listed = admin.listConsumerGroupOffsets(group);
                    return listed.partitionsToOffsetAndMetadata();
                })
                .map(offsets -> {
                    Map<TopicPartition, OffsetAndMetadata> known = new HashMap<>(offsets);
                    known.values().removeIf(java.util.Objects::isNull);
                    return known;
                });
    }

    /** What is pending by route, and the dead letters. */
    private record Looked(Map<Integer, long[]> pending, DeadLetters.Counted dead) {}

    private static Set<String> all(TopicPlan plan) {
        Set<String> all = new LinkedHashSet<>(plan.mains());
        all.addAll(plan.readies());
        plan.routes().forEach(route -> all.addAll(plan.parks(route)));
        all.addAll(plan.tiers());
        return all;
    }

    /** {@code missing}: topics that are gone, as another node deletes them where a queue has been replaced: nothing is left in them. */
    private Looked look(Marks marks, Set<String> missing) {
        TopicPlan plan = appends.layout().plan();
        Map<String, Integer> counts = appends.layout().partitions();
        Set<TopicPartition> tiers = RangeRead.of(plan.tiers(), counts);
        Set<TopicPartition> all = RangeRead.of(List.copyOf(all(plan)), counts);
        all.removeIf(each -> missing.contains(each.topic()));
        backlogs.keySet().removeIf(each -> missing.contains(each.topic()));
        Map<TopicPartition, Long> ends = scan.ends(all);
        Map<TopicPartition, Long> beginnings = scan.beginnings(all);
        Map<Integer, long[]> pending = new HashMap<>();
        Map<Integer, Long> waiting = new HashMap<>();
        for (TopicPartition partition : all) {
            Map<Integer, OffsetAndMetadata> its = new HashMap<>();
            for (int route : plan.routes()) {
                OffsetAndMetadata mark = (tiers.contains(partition)
                                ? marks.tiers()
                                : marks.routes().getOrDefault(route, Map.of()))
                        .get(partition);
                its.put(route, mark == null ? new OffsetAndMetadata(0) : mark);
            }
            Backlog backlog = backlogs.computeIfAbsent(partition, p -> new Backlog());
            look(partition, backlog, its, beginnings.getOrDefault(partition, 0L), ends.getOrDefault(partition, 0L));
            its.forEach((route, mark) -> {
                long[] counted = new long[Backlog.KINDS];
                backlog.count(route, mark, counted);
                long[] total = pending.computeIfAbsent(route, id -> new long[Backlog.KINDS]);
                for (int kind = 0; kind < Backlog.KINDS; kind++) {
                    total[kind] += counted[kind];
                }
                if (tiers.contains(partition)) {
                    waiting.merge(route, java.util.Arrays.stream(counted).sum(), Long::sum);
                }
            });
        }
        scheduled = Map.copyOf(waiting);
        return new Looked(pending, deadLetters.count());
    }

    private void look(
            TopicPartition partition,
            Backlog backlog,
            Map<Integer, OffsetAndMetadata> marks,
            long beginning,
            long end) {
        long lowest = marks.values().stream()
                .mapToLong(OffsetAndMetadata::offset)
                .min()
                .orElse(0);
        backlog.forget(lowest);
        long from = Math.max(Math.max(beginning, lowest), backlog.seenTo());
        scan.scan(partition, from, end, record -> {
            see(namespace, backlog, record);
            return true;
        });
        backlog.seenTo(Math.max(end, from));
    }

    /** Remembers whom a record names. */
    static void see(String namespace, Backlog backlog, ConsumerRecord<byte[], byte[]> record) {
        if (!KafkaRecords.text(record.headers(), KafkaRecords.NAMESPACE).equals(namespace)) {
            return;
        }
        boolean obligation =
                KafkaRecords.text(record.headers(), KafkaRecords.KIND).equals(KafkaRecords.OBLIGATION);
        int kind = !obligation
                ? Backlog.FRESH
                : KafkaRecords.has(record.headers(), KafkaRecords.MOVED_IN) ? Backlog.MOVED_IN : Backlog.RETURNED;
        Header named = record.headers().lastHeader(KafkaRecords.ROUTES);
        for (int route : KafkaRecords.routes(named == null ? null : named.value())) {
            backlog.add(route, kind, record.offset());
        }
    }

    private Tally tally(Marks marks, Looked looked, boolean exact) {
        List<RouteTally> routes = new ArrayList<>();
        long entries = 0;
        for (int route : appends.layout().plan().routes()) {
            Books books = new Books();
            marks.routes().getOrDefault(route, Map.of()).values().forEach(mark -> books.addAll(booksOf(mark)));
            long[] pending = looked.pending().getOrDefault(route, new long[Backlog.KINDS]);
            long lost = books.get(Books.Count.LOST);
            long accepted = books.get(Books.Count.ACCEPTED) + lost + pending[Backlog.FRESH];
            routes.add(new RouteTally(
                    route,
                    accepted,
                    books.get(Books.Count.DELIVERED),
                    books.get(Books.Count.DEAD) - looked.dead().redriven(route),
                    books.get(Books.Count.EXPIRED),
                    0,
                    looked.dead().purged(route),
                    books.get(Books.Count.MOVED_IN) + pending[Backlog.MOVED_IN],
                    books.get(Books.Count.MOVED_OUT),
                    lost,
                    pending[Backlog.FRESH] + pending[Backlog.MOVED_IN] + pending[Backlog.RETURNED],
                    looked.dead().stored(route)));
            entries = Math.max(entries, accepted);
        }
        return new Tally(entries, routes, exact, 0, lost(marks.tiers()));
    }

    /** Of a shard's tiers, whosever it was. */
    static long lost(Map<TopicPartition, OffsetAndMetadata> tiers) {
        return tiers.values().stream()
                .mapToLong(mark -> booksOf(mark).get(Books.Count.LOST))
                .sum();
    }
}
