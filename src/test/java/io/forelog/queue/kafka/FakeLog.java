package io.forelog.queue.kafka;

import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** One topic of one partition in memory, with what a group has committed of it: a consumer and transactional producers. */
final class FakeLog {
    final TopicPartition partition;
    final List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>();
    final Map<TopicPartition, OffsetAndMetadata> committed = new HashMap<>();
    /** Run once, when the next transaction is about to be committed. */
    Runnable beforeCommit = () -> {};

    private long position;
    private MockProducer<byte[], byte[]> last;

    FakeLog(String topic) {
        this.partition = new TopicPartition(topic, 0);
    }

    void append(ProducerRecord<byte[], byte[]> record, long millis) {
        ConsumerRecord<byte[], byte[]> there = new ConsumerRecord<>(
                partition.topic(),
                0,
                records.size(),
                millis,
                org.apache.kafka.common.record.TimestampType.LOG_APPEND_TIME,
                0,
                0,
                record.key(),
                record.value(),
                record.headers(),
                java.util.Optional.empty());
        records.add(there);
    }

    /** The first ones only: one that is made later fences those before. */
    Producer<byte[], byte[]> producer() {
        if (last != null && !last.closed()) {
            last.fenceProducer();
        }
        MockProducer<byte[], byte[]> made =
                new MockProducer<>(true, null, new ByteArraySerializer(), new ByteArraySerializer()) {
                    @Override
                    public void commitTransaction() {
                        Runnable once = beforeCommit;
                        beforeCommit = () -> {};
                        once.run();
                        List<ProducerRecord<byte[], byte[]>> copies = List.copyOf(uncommittedRecords());
                        Map<TopicPartition, OffsetAndMetadata> marks = new HashMap<>();
                        marked().values().forEach(marks::putAll);
                        super.commitTransaction();
                        copies.forEach(copy ->
                                append(copy, records.get(records.size() - 1).timestamp()));
                        committed.putAll(marks);
                    }

                    private Map<String, Map<TopicPartition, OffsetAndMetadata>> marked() {
                        return sent;
                    }

                    private final Map<String, Map<TopicPartition, OffsetAndMetadata>> sent = new HashMap<>();

                    @Override
                    public void beginTransaction() {
                        sent.clear();
                        super.beginTransaction();
                    }

                    @Override
                    public void sendOffsetsToTransaction(
                            Map<TopicPartition, OffsetAndMetadata> offsets, ConsumerGroupMetadata group) {
                        super.sendOffsetsToTransaction(offsets, group);
                        sent.put(group.groupId(), offsets);
                    }
                };
        last = made;
        return made;
    }

    @SuppressWarnings("unchecked")
    Consumer<byte[], byte[]> consumer() {
        return (Consumer<byte[], byte[]>) Proxy.newProxyInstance(
                FakeLog.class.getClassLoader(), new Class<?>[] {Consumer.class}, (proxy, method, arguments) -> {
                    switch (method.getName()) {
                        case "assign", "close":
                            return null;
                        case "seek":
                            position = (Long) arguments[1];
                            return null;
                        case "poll":
                            return poll();
                        case "position":
                            return position;
                        case "beginningOffsets":
                            return offsets((Collection<TopicPartition>) arguments[0], 0);
                        case "endOffsets":
                            return offsets((Collection<TopicPartition>) arguments[0], records.size());
                        case "committed":
                            Map<TopicPartition, OffsetAndMetadata> known = new HashMap<>();
                            ((Set<TopicPartition>) arguments[0]).forEach(each -> known.put(each, committed.get(each)));
                            return known;
                        case "commitSync":
                            committed.putAll((Map<TopicPartition, OffsetAndMetadata>) arguments[0]);
                            return null;
                        case "groupMetadata":
                            return new org.apache.kafka.clients.consumer.MockConsumer<byte[], byte[]>("earliest")
                                    .groupMetadata();
                        case "partitionsFor":
                            return List.of(
                                    new PartitionInfo(partition.topic(), 0, Node.noNode(), new Node[0], new Node[0]));
                        default:
                            throw new UnsupportedOperationException(method.getName());
                    }
                });
    }

    private ConsumerRecords<byte[], byte[]> poll() {
        int from = (int) Math.min(position, records.size());
        int to = Math.min(records.size(), from + 500);
        position = to;
        return new ConsumerRecords<>(Map.of(partition, List.copyOf(records.subList(from, to))), Map.of());
    }

    private static Map<TopicPartition, Long> offsets(Collection<TopicPartition> of, long offset) {
        Map<TopicPartition, Long> offsets = new HashMap<>();
        of.forEach(each -> offsets.put(each, offset));
        return offsets;
    }
}
