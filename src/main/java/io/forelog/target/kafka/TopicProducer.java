package io.forelog.target.kafka;

import io.forelog.model.Delivery;
import io.forelog.model.ErrorCode;
import io.forelog.model.Outcome;
import io.forelog.target.Words;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;

/**
 * The producer of one target, made at the first batch and made anew after an error that may have broken it. All methods run on
 * the target's one worker thread, because a send may block for as long as {@code max.block.ms}: for a topic that is not known,
 * or for room in the buffer. A topic that was not there is not asked for again for a while, so that it holds up no other;
 * of those, at most {@link #ABSENT_MAX} are kept in mind.
 */
final class TopicProducer {
    private static final int ABSENT_MAX = 1_000;
    private static final long ABSENT_NANOS = Duration.ofSeconds(5).toNanos();

    private final Map<String, Object> settings;
    private final TopicTemplate template;
    private final String destination;
    private final RecordForm form;
    private final Map<String, Absent> absent = new LinkedHashMap<>() {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Absent> eldest) {
            return size() > ABSENT_MAX;
        }
    };

    private @Nullable KafkaProducer<byte[], byte[]> producer;
    /** Set by the producer's own thread. */
    private volatile boolean broken;

    private record Absent(Outcome outcome, long untilNanos) {}

    TopicProducer(Map<String, Object> settings, TopicTemplate template, String destination, RecordForm form) {
        this.settings = settings;
        this.template = template;
        this.destination = destination;
        this.form = form;
    }

    void send(List<Delivery> batch, Submission submission) {
        KafkaProducer<byte[], byte[]> live;
        try {
            live = live();
        } catch (KafkaException e) {
            submission.endRest(SendOutcomes.of(e));
            return;
        }
        for (int index = 0; index < batch.size(); index++) {
            send(live, batch.get(index), index, submission);
        }
    }

    private void send(KafkaProducer<byte[], byte[]> live, Delivery delivery, int index, Submission submission) {
        var entry = delivery.entry();
        String named = entry.destination().isEmpty() ? destination : entry.destination();
        String topic = template.topic(entry.namespace(), named);
        if (topic == null) {
            submission.ended(
                    index, rejected("topic: " + template.text() + " with '" + named + "' (expected: a legal name)"));
            return;
        }
        if (form.isTombstone(entry) && entry.key().length() == 0) {
            submission.ended(index, rejected("key: missing (expected: one, for a DELETE that is sent as a tombstone)"));
            return;
        }
        Absent known = absent.get(topic);
        if (known != null && System.nanoTime() - known.untilNanos() < 0) {
            submission.ended(index, known.outcome());
            return;
        }
        try {
            live.send(form.record(delivery, topic), (metadata, failure) -> answered(submission, index, failure));
        } catch (KafkaException | IllegalStateException e) {
            answered(submission, index, e);
        }
        remember(topic, submission.at(index));
    }

    private void answered(Submission submission, int index, @Nullable Exception failure) {
        if (failure != null && SendOutcomes.breaksTheProducer(failure)) {
            broken = true;
        }
        submission.ended(index, failure == null ? Outcome.applied() : SendOutcomes.of(failure));
    }

    /** An outcome that stands when the send returns came from within it: the topic can't be sent to now. */
    private void remember(String topic, @Nullable Outcome outcome) {
        boolean ofTheTopic =
                outcome instanceof Outcome.Retry || outcome instanceof Outcome.Rejected rejected && rejected.storm();
        if (outcome != null && ofTheTopic) {
            absent.remove(topic);
            absent.put(topic, new Absent(outcome, System.nanoTime() + ABSENT_NANOS));
        }
    }

    private KafkaProducer<byte[], byte[]> live() {
        if (broken) {
            close(Duration.ZERO);
            broken = false;
        }
        KafkaProducer<byte[], byte[]> live = producer;
        if (live == null) {
            live = new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer());
            producer = live;
        }
        return live;
    }

    /** What is still in its buffer is given up after {@code limit}. */
    void close(Duration limit) {
        KafkaProducer<byte[], byte[]> live = producer;
        producer = null;
        if (live != null) {
            live.close(limit);
        }
    }

    private static Outcome rejected(String text) {
        return Outcome.rejected(ErrorCode.TARGET_REJECTED, Words.said(text), false);
    }
}
