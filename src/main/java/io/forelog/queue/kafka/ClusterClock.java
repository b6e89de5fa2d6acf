package io.forelog.queue.kafka;

import io.forelog.model.Ticker;
import io.forelog.observe.LogKeys;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.header.Headers;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How far this node's clock and a cluster's are apart (design 14.2, ADR 23): asked by an empty record on a topic whose time stamps the
 * brokers set. What is due by the clock of one node and released by that of another is never early where both know how far they are
 * from the cluster's, whatever that one says. Any thread.
 */
final class ClusterClock {
    /** How far the clocks of two nodes may be apart without being taken into account. */
    static final long GUARD_MICROS = 250_000L;
    /** How far a node's may be from the cluster's without being told to others, and what is believed of one that tells nothing. */
    static final long UNTOLD_MICROS = GUARD_MICROS / 2;
    /** It is being found out: what others accepted waits. */
    static final long UNKNOWN = Long.MAX_VALUE;

    private static final Logger LOG = LoggerFactory.getLogger(ClusterClock.class);
    /** The time stamp of a record that asks; where it comes back, the topic keeps what senders say. */
    private static final long ASKING = 1;

    private static final byte[] NOTHING = {};
    private static final long MICROS = 1_000L;
    /** An answer that took longer says too little. */
    private static final long ROUND_MICROS_MAX = 500_000L;

    private static final long GIVES_UP_NANOS = 10_000_000_000L;

    private final String cluster;
    private final String topic;
    private final Ticker ticker;
    /** 0 = nobody has wanted to know yet. */
    private volatile long beganNanos;

    private volatile boolean there;
    private volatile boolean cannotTell;
    private volatile @Nullable Offset offset;
    private volatile String told = "";

    /** This node's time less the cluster's lies between the two. */
    record Offset(long leastMicros, long mostMicros) {}

    ClusterClock(String cluster, String topic, Ticker ticker) {
        this.cluster = cluster;
        this.topic = topic;
        this.ticker = ticker;
    }

    String topic() {
        return topic;
    }

    /** The topic is looked for: from now on it is a matter of seconds. */
    void begin() {
        if (beganNanos == 0) {
            beganNanos = System.nanoTime() | 1;
        }
    }

    /** The topic is there. One that is not would be asked for, and waited for, by the producer. */
    void found() {
        there = true;
    }

    /** Never waits, never fails. Does nothing where there is no topic. */
    void ask(Sender sender) {
        if (offset == null && beganNanos != 0 && System.nanoTime() - beganNanos > GIVES_UP_NANOS) {
            cannotTell("no answer within " + GIVES_UP_NANOS / 1_000_000_000L + " s");
        }
        if (!there || sender.partitions(topic).isEmpty()) {
            return;
        }
        long sent = ticker.micros();
        sender.send(new ProducerRecord<>(topic, 0, ASKING, null, NOTHING), new Sender.Sending() {
            @Override
            void end(@Nullable RecordMetadata where, @Nullable Exception failure, boolean taken) {
                if (failure == null && where != null) {
                    answered(sent, where.timestamp());
                }
            }
        });
    }

    /** {@code appendedMillis}: by the brokers' clock, cut off, of some moment between {@code sent} and now. */
    void answered(long sent, long appendedMillis) {
        long received = ticker.micros();
        if (appendedMillis == ASKING) {
            cannotTell("its records have the time of their senders");
        } else if (received - sent <= ROUND_MICROS_MAX) {
            long appended = appendedMillis * MICROS;
            cannotTell = false;
            offset = new Offset(sent - appended - MICROS + 1, received - appended);
            tell();
        }
    }

    /** Until it can after all, the guard has to do. */
    void cannotTell(String why) {
        if (!cannotTell && offset == null) {
            cannotTell = true;
            LOG.atWarn()
                    .addKeyValue(LogKeys.DATABASE, cluster)
                    .addKeyValue(
                            LogKeys.REASON,
                            "topic " + topic + ": " + why
                                    + " (expected: one with message.timestamp.type=LogAppendTime)")
                    .log("This node can't compare its clock with the Kafka cluster's");
        }
    }

    private void tell() {
        String now = isUntold() ? "" : seconds() < 0 ? "behind" : "ahead";
        if (!now.equals(told)) {
            told = now;
            if (now.isEmpty()) {
                LOG.atInfo().addKeyValue(LogKeys.DATABASE, cluster).log("Clock agrees with the Kafka cluster's again");
            } else {
                LOG.atWarn()
                        .addKeyValue(LogKeys.DATABASE, cluster)
                        .addKeyValue(
                                LogKeys.REASON,
                                Math.abs(seconds()) + " s " + now + " (expected: within " + UNTOLD_MICROS / 1e6 + " s)")
                        .log("Clock differs from the Kafka cluster's: delays across nodes go by the cluster's");
            }
        }
    }

    /** Nobody need know. */
    private boolean isUntold() {
        Offset known = offset;
        return known == null || known.leastMicros >= -UNTOLD_MICROS && known.mostMicros <= UNTOLD_MICROS;
    }

    /** This node's time less the cluster's; NaN = not known. */
    double seconds() {
        Offset known = offset;
        return known == null ? Double.NaN : Math.round((known.leastMicros + known.mostMicros) / 2e3) / 1e3;
    }

    /** This node's time less the cluster's, at most; {@link #UNKNOWN} until the cluster has answered, or it is plain that it won't. */
    long mostMicros() {
        Offset known = offset;
        return known != null ? known.mostMicros : cannotTell ? UNTOLD_MICROS : UNKNOWN;
    }

    /** On what waits for a time that this node's clock said: how far that clock is off, where others must know. */
    void mark(Headers headers) {
        Offset known = offset;
        if (known != null && !isUntold()) {
            KafkaRecords.replace(headers, Tiers.CLOCK, Long.toString(known.leastMicros));
        }
    }
}
