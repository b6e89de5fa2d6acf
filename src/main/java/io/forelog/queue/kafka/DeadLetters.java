package io.forelog.queue.kafka;

import io.forelog.model.Entry;
import io.forelog.model.Ticker;
import io.forelog.queue.DeadLetter;
import io.forelog.queue.DeadLetterCursor;
import io.forelog.queue.Page;
import io.forelog.queue.Transfer;
import io.vertx.core.Future;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;

/**
 * The dead letters of one namespace, read from their topics whenever somebody asks. A redrive is one transaction: the copies at the
 * tail of the ready topics, and the marks of what is gone. All work runs on the thread of the {@link LogScan}, one after another;
 * nothing is kept between two calls.
 */
final class DeadLetters {
    private static final int AT_ONCE = 200;
    /** How many times {@value #AT_ONCE} expire a round of the housekeeping at most. */
    private static final int EXPIRED_ROUNDS_MAX = 500;

    /** Of payloads in memory at once, by partition: more end a page, or wait for the next transaction; one goes always. */
    static final long BYTES_AT_ONCE = 16L << 20;

    private static final int TRIES = 3;

    private final LogScan scan;
    private final Appends appends;
    private final String namespace;
    private final Ticker ticker;
    private final Transactor transactor;

    /** {@code transactor}: of one id for all nodes, so that of two that change something at once one is fenced. */
    DeadLetters(LogScan scan, Appends appends, String namespace, Ticker ticker, Transactor transactor) {
        this.scan = scan;
        this.appends = appends;
        this.namespace = namespace;
        this.ticker = ticker;
        this.transactor = transactor;
    }

    static String transactionalId(String namespace) {
        return "forelog-" + namespace + "-dlq";
    }

    private List<String> topics() {
        return List.copyOf(appends.layout().plan().deadLetterTopics());
    }

    private Map<TopicPartition, Integer> partitions() {
        Map<TopicPartition, Integer> partitions = new LinkedHashMap<>();
        List<String> topics = topics();
        for (int i = 0; i < topics.size(); i++) {
            for (TopicPartition each : scan.partitions(topics.get(i))) {
                partitions.put(each, i);
            }
        }
        return partitions;
    }

    /** By partition; on the thread. */
    Map<TopicPartition, DeadLetterMarks> marks(Map<TopicPartition, Long> beginnings) {
        Map<TopicPartition, OffsetAndMetadata> committed = scan.committed(beginnings.keySet());
        Map<TopicPartition, DeadLetterMarks> marks = new HashMap<>();
        beginnings.forEach((partition, beginning) ->
                marks.put(partition, DeadLetterMarks.of(committed.get(partition), beginning)));
        return marks;
    }

    // ---- looking

    Future<Page<DeadLetter>> list(DeadLetterCursor after, int limit) {
        return scan.run(on -> {
            Map<TopicPartition, Integer> partitions = partitions();
            Map<TopicPartition, DeadLetterMarks> marks = marks(scan.beginnings(partitions.keySet()));
            Map<TopicPartition, Long> ends = scan.ends(partitions.keySet());
            List<DeadLetter> found = new ArrayList<>();
            List<String> cuts = new ArrayList<>();
            marks.forEach((partition, its) -> collect(
                    found,
                    cuts,
                    partition,
                    partitions.getOrDefault(partition, 0),
                    its,
                    ends.getOrDefault(partition, 0L),
                    after,
                    limit + 1));
            cuts.stream()
                    .min(Comparator.naturalOrder())
                    .ifPresent(cut -> found.removeIf(letter ->
                            letter.id().compareTo(cut) > 0)); // between them there may be others, not read yet
            found.sort(Comparator.comparing(DeadLetter::id));
            List<DeadLetter> page = List.copyOf(found.subList(0, Math.min(limit, found.size())));
            boolean more = found.size() > limit || !cuts.isEmpty();
            return new Page<>(page, more ? page.get(page.size() - 1).id() : "");
        });
    }

    /** {@code cuts} gets the last one where the bytes have ended it. */
    private void collect(
            List<DeadLetter> into,
            List<String> cuts,
            TopicPartition partition,
            int topic,
            DeadLetterMarks marks,
            long end,
            DeadLetterCursor after,
            int limit) {
        long from = marks.watermark();
        DeadLetterRecord.Place place = DeadLetterRecord.place(after.afterId());
        if (place != null) {
            from = Math.max(
                    from,
                    place.topic() == topic && place.partition() == partition.partition()
                            ? place.offset() + 1
                            : scan.offsetAt(partition, place.millis(), end));
        }
        int[] left = {limit};
        long[] bytes = {0};
        scan.scan(partition, from, end, record -> {
            if (!marks.isGone(record.offset())
                    && DeadLetterRecord.concerns(record, namespace)
                    && (after.route() < 0 || after.route() == DeadLetterRecord.route(record))) {
                DeadLetter letter = DeadLetterRecord.letter(record, namespace, topic);
                if (letter.id().compareTo(after.afterId()) > 0) {
                    into.add(letter);
                    left[0]--;
                    bytes[0] += Math.max(0, record.serializedValueSize());
                    if (bytes[0] >= BYTES_AT_ONCE) {
                        cuts.add(letter.id());
                        return false;
                    }
                }
            }
            return left[0] > 0;
        });
    }

    Future<Optional<DeadLetter>> find(String id) {
        return scan.run(on -> {
            return find(List.of(id), new HashMap<>()).at().values().stream()
                    .flatMap(List::stream)
                    .findFirst()
                    .map(each -> DeadLetterRecord.letter(each.record, namespace, each.topic));
        });
    }

    private record Found(ConsumerRecord<byte[], byte[]> record, int topic) {}

    /** Where each was found, and how many ids were looked for. */
    private record Search(Map<TopicPartition, List<Found>> at, int ids) {}

    /**
     * Those of {@code ids} that are there and not gone, as many of the first as are within {@link #BYTES_AT_ONCE}; {@code marks} gets what is
     * known of their partitions.
     */
    private Search find(List<String> ids, Map<TopicPartition, DeadLetterMarks> marks) {
        Map<TopicPartition, Integer> partitions = partitions();
        marks.putAll(marks(scan.beginnings(partitions.keySet())));
        Map<TopicPartition, Long> ends = scan.ends(partitions.keySet());
        List<String> topics = topics();
        Map<TopicPartition, List<Found>> found = new LinkedHashMap<>();
        Set<String> seen = new HashSet<>();
        long[] bytes = {0};
        int looked = 0;
        for (String id : ids) {
            if (bytes[0] >= BYTES_AT_ONCE) {
                break;
            }
            looked++;
            if (!seen.add(id)) {
                continue;
            }
            DeadLetterRecord.Place place = DeadLetterRecord.place(id);
            if (place == null || place.topic() >= topics.size()) {
                continue;
            }
            TopicPartition partition = new TopicPartition(topics.get(place.topic()), place.partition());
            DeadLetterMarks its = marks.get(partition);
            long end = ends.getOrDefault(partition, 0L);
            if (its == null || its.isGone(place.offset()) || place.offset() >= end) {
                continue;
            }
            scan.scan(partition, place.offset(), place.offset() + 1, record -> {
                if (record.timestamp() == place.millis() && DeadLetterRecord.concerns(record, namespace)) {
                    found.computeIfAbsent(partition, p -> new ArrayList<>()).add(new Found(record, place.topic()));
                    bytes[0] += Math.max(0, record.serializedValueSize());
                }
                return false;
            });
        }
        return new Search(found, looked);
    }

    // ---- changing

    /** As {@link io.forelog.queue.Queue#redrive}. */
    Future<Integer> redrive(List<String> ids) {
        return inParts(ids, 0, true);
    }

    /** As {@link io.forelog.queue.Queue#purge}. */
    Future<Integer> purge(List<String> ids) {
        return inParts(ids, 0, false);
    }

    private Future<Integer> inParts(List<String> ids, int before, boolean redrive) {
        if (ids.isEmpty()) {
            return Future.succeededFuture(before);
        }
        List<String> part = ids.subList(0, Math.min(ids.size(), AT_ONCE));
        return scan.run(on -> fenced(() -> change(part, redrive)))
                .compose(done -> inParts(ids.subList(done.ids(), ids.size()), before + done.count(), redrive));
    }

    /** Reads marks and commits them changed. */
    @FunctionalInterface
    private interface Change<T> {
        T make() throws Transactor.Aborted, Transactor.Undecided;
    }

    /**
     * What is read after the transactor has begun nobody else changes before our commit: else it fails, and is made again from what
     * is committed then.
     */
    private <T> T fenced(Change<T> change) {
        for (int tries = 1; ; tries++) {
            try {
                transactor.begin();
                return change.make();
            } catch (Transactor.Aborted e) {
                if (tries == TRIES) {
                    throw new KafkaException("dead letters of " + namespace + ": " + e.getMessage(), e);
                }
            } catch (Transactor.Undecided e) {
                throw new KafkaException("dead letters of " + namespace + ": " + e.getMessage(), e);
            }
        }
    }

    /** How many letters were changed, of how many ids. */
    private record Changed(int count, int ids) {}

    private Changed change(List<String> ids, boolean redrive) throws Transactor.Aborted, Transactor.Undecided {
        Map<TopicPartition, DeadLetterMarks> marks = new HashMap<>();
        Search found = find(ids, marks);
        if (found.at().isEmpty()) {
            return new Changed(0, found.ids());
        }
        long now = ticker.micros();
        int count = 0;
        List<ProducerRecord<byte[], byte[]>> copies = new ArrayList<>();
        Map<TopicPartition, OffsetAndMetadata> changed = new HashMap<>();
        for (Map.Entry<TopicPartition, List<Found>> each : found.at().entrySet()) {
            DeadLetterMarks its = marks.get(each.getKey());
            if (its == null) {
                continue;
            }
            for (Found one : each.getValue()) {
                DeadLetter letter = DeadLetterRecord.letter(one.record, namespace, one.topic);
                if (redrive) {
                    copies.add(again(letter, now, count));
                    its.redriven(one.record.offset(), letter.route());
                } else {
                    its.purged(one.record.offset(), letter.route());
                }
                count++;
            }
            tidy(each.getKey(), its, copies);
            changed.put(each.getKey(), its.committable());
        }
        commit(copies, changed);
        return new Changed(count, found.ids());
    }

    private ProducerRecord<byte[], byte[]> again(DeadLetter letter, long now, int any) {
        Entry entry = letter.entry();
        return appends.obligation(
                new Transfer(entry, letter.route(), now, 0, null, null, letter.redrives() + 1), now, any);
    }

    /** Lets the watermark pass what is no letter of ours; where the marks do not fit, carries the oldest letters to the tail. */
    private void tidy(TopicPartition partition, DeadLetterMarks marks, List<ProducerRecord<byte[], byte[]>> copies) {
        long end = scan.ends(List.of(partition)).getOrDefault(partition, 0L);
        long[] behind = {marks.watermark()};
        long passed = scan.scan(partition, marks.watermark(), end, record -> {
            marks.pass(behind[0], record.offset());
            behind[0] = record.offset() + 1;
            if (!DeadLetterRecord.concerns(record, namespace)) {
                marks.pass(record.offset(), record.offset() + 1);
            } else if (!marks.isGone(record.offset())) {
                if (marks.fits()) {
                    return false;
                }
                copies.add(new ProducerRecord<>(
                        partition.topic(), partition.partition(), record.key(), record.value(), record.headers()));
                marks.pass(record.offset(), record.offset() + 1);
            }
            return true;
        });
        if (passed == end) {
            marks.pass(behind[0], end);
        }
    }

    private void commit(List<ProducerRecord<byte[], byte[]>> copies, Map<TopicPartition, OffsetAndMetadata> marks)
            throws Transactor.Aborted, Transactor.Undecided {
        transactor.commit(copies, marks, scan.group(), scan::committed);
    }

    /**
     * Purges what died longer than {@code retention} ago, some at a time, others in between, and renews the marks, so that they never
     * expire. Answers how many.
     */
    Future<Integer> expire(Duration retention) {
        return expire(ticker.micros() - retention.toNanos() / 1_000, EXPIRED_ROUNDS_MAX, 0);
    }

    private Future<Integer> expire(long before, int left, int already) {
        return scan.run(on -> fenced(() -> expireSome(before))).compose(count -> {
            int all = already + count;
            return count < AT_ONCE || left <= 1 ? Future.succeededFuture(all) : expire(before, left - 1, all);
        });
    }

    private int expireSome(long before) throws Transactor.Aborted, Transactor.Undecided {
        Map<TopicPartition, Integer> partitions = partitions();
        Map<TopicPartition, DeadLetterMarks> marks = marks(scan.beginnings(partitions.keySet()));
        if (marks.isEmpty()) {
            return 0;
        }
        Map<TopicPartition, Long> ends = scan.ends(partitions.keySet());
        int[] count = {0};
        List<ProducerRecord<byte[], byte[]>> carried = new ArrayList<>();
        Map<TopicPartition, OffsetAndMetadata> changed = new HashMap<>();
        for (Map.Entry<TopicPartition, DeadLetterMarks> each : marks.entrySet()) {
            TopicPartition partition = each.getKey();
            DeadLetterMarks its = each.getValue();
            int topic = partitions.getOrDefault(partition, 0);
            scan.scan(partition, its.watermark(), ends.getOrDefault(partition, 0L), record -> {
                boolean ours = !its.isGone(record.offset()) && DeadLetterRecord.concerns(record, namespace);
                if (!ours) {
                    return true;
                }
                DeadLetter letter = DeadLetterRecord.letter(record, namespace, topic);
                if (letter.diedMicros() >= before || count[0] >= AT_ONCE) {
                    return false;
                }
                its.purged(record.offset(), letter.route());
                count[0]++;
                return true;
            });
            tidy(partition, its, carried);
            changed.put(partition, its.committable());
        }
        commit(carried, changed);
        return count[0];
    }

    /** On the thread: stored letters by route, and the marks by partition. */
    Counted count() {
        Map<TopicPartition, Integer> partitions = partitions();
        Map<TopicPartition, DeadLetterMarks> marks = marks(scan.beginnings(partitions.keySet()));
        Map<TopicPartition, Long> ends = scan.ends(partitions.keySet());
        Map<Integer, Long> stored = new HashMap<>();
        marks.forEach((partition, its) -> {
            scan.scan(partition, its.watermark(), ends.getOrDefault(partition, 0L), record -> {
                if (!its.isGone(record.offset()) && DeadLetterRecord.concerns(record, namespace)) {
                    stored.merge(DeadLetterRecord.route(record), 1L, Long::sum);
                }
                return true;
            });
        });
        return new Counted(stored, List.copyOf(marks.values()));
    }

    /** What a count found. */
    record Counted(Map<Integer, Long> stored, List<DeadLetterMarks> marks) {
        long redriven(int route) {
            return marks.stream().mapToLong(each -> each.redriven(route)).sum();
        }

        long purged(int route) {
            return marks.stream().mapToLong(each -> each.purged(route)).sum();
        }

        long stored(int route) {
            return stored.getOrDefault(route, 0L);
        }
    }

    Future<Void> close() {
        return scan.run(on -> {
                    transactor.close();
                    return true;
                })
                .mapEmpty();
    }
}
