package io.forelog.queue.kafka;

import io.forelog.observe.LogKeys;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.function.Function;
import java.util.function.Predicate;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.header.Headers;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What waits in memory of all tiers of a shard, and what of it leaves together: one hop down, or to its ready topic where it is due.
 * One that can't leave holds up no other: a transaction that is aborted is tried with half as many; what fails alone, or goes to
 * a topic that is in trouble, is tried alone and ever more rarely, and meanwhile goes round in the tiers, so that it keeps no room here.
 * Owned by the {@link TierPump}'s thread; bounded by the {@link TierPartition}s, the troubles by {@value #TROUBLES_MAX}.
 */
final class TierDepartures {
    /** How a ready topic is found. */
    enum Place {
        THERE,
        MISSING,
        DENIED,
        /** Nobody answers: whoever writes to it will see. */
        UNKNOWN
    }

    /** One that leaves; {@code copy} null = settled without one, as its namespace has ended. */
    record Departure(
            TierPartition.Waiting waiting, @Nullable ProducerRecord<byte[], byte[]> copy, boolean around) {}

    private static final class Trouble {
        private int tries;
        private long untilMicros;
    }

    private static final Logger LOG = LoggerFactory.getLogger(TierDepartures.class);
    private static final long SECOND = 1_000_000L;
    private static final long AGAIN_MICROS_MAX = 60 * SECOND;
    private static final long IN_PLACE_MICROS_MAX = 5 * SECOND;
    /** How often it is looked whether the clocks have been compared. */
    private static final long LOOK_MICROS = SECOND / 10;

    private static final long AROUND_MICROS = 120 * SECOND;
    private static final long TOLD_MICROS = 3_600 * SECOND;
    private static final int FAILURES_IN_PLACE = 3;
    private static final int TROUBLES_MAX = 10_000;

    private final String node;
    private final Function<TierPlan.Tier, String> tiers;
    private final Function<String, Place> places;
    private final Predicate<String> ended;
    private final ClusterClock clock;
    private final PriorityQueue<TierPartition.Waiting> waiting =
            new PriorityQueue<>(Comparator.comparingLong(each -> each.ripeMicros));
    private final Map<String, Trouble> troubles = new HashMap<>();
    private final Map<String, Long> told = new HashMap<>();
    private int batchMax = Moves.BATCH_MAX;
    /** How many transactions held. */
    private long written;

    /**
     * @param places how a ready topic is found now
     * @param clock how far this node's is off
     * @param ended whether a namespace is known to have ended, so that nobody waits for what is its own
     */
    TierDepartures(
            String node,
            Function<TierPlan.Tier, String> tiers,
            Function<String, Place> places,
            Predicate<String> ended,
            ClusterClock clock) {
        this.node = node;
        this.tiers = tiers;
        this.places = places;
        this.ended = ended;
        this.clock = clock;
    }

    void add(TierPartition.Waiting each) {
        waiting.add(each);
    }

    int size() {
        return waiting.size();
    }

    /** When the next one may leave; null = nothing waits. */
    @Nullable
    Long nextMicros() {
        TierPartition.Waiting next = waiting.peek();
        return next == null ? null : next.ripeMicros;
    }

    /** What waits in partitions that are another's now is gone. */
    void dropDead() {
        waiting.removeIf(each -> !each.of.alive);
    }

    /** What leaves now in one transaction, marked as gone; ends in {@link #left} or {@link #stayed}. */
    List<Departure> next(long now) {
        List<Departure> leaving = new ArrayList<>();
        List<TierPartition.Waiting> alone = new ArrayList<>();
        while (leaving.size() < batchMax) {
            TierPartition.Waiting ripe = waiting.peek();
            if (ripe == null || ripe.ripeMicros > now) {
                break;
            }
            waiting.remove();
            if (!ripe.of.alive) {
                continue;
            }
            boolean troubled = isInTrouble(ripe, now);
            if (troubled && !leaving.isEmpty()) {
                alone.add(ripe);
                continue;
            }
            Departure departure = plan(ripe, now);
            if (departure == null) {
                waiting.add(ripe);
                continue;
            }
            ripe.of.leaves(ripe);
            leaving.add(departure);
            if (troubled) {
                break;
            }
        }
        waiting.addAll(alone);
        return leaving;
    }

    /** It would be tried, and may fail once more: not together with others. */
    private boolean isInTrouble(TierPartition.Waiting ripe, long now) {
        if (ripe.failures > 0) {
            return true;
        }
        Trouble trouble = troubles.isEmpty() ? null : troubles.get(readyTopic(ripe));
        return trouble != null && trouble.untilMicros <= now;
    }

    private static String readyTopic(TierPartition.Waiting of) {
        return KafkaRecords.text(of.record.headers(), KafkaRecords.TO);
    }

    /** Where it goes now; null where it stays, and when it is looked at again is set. */
    private @Nullable Departure plan(TierPartition.Waiting ripe, long now) {
        long free = freeMicros(ripe.record.headers(), now);
        if (free > now && TierPlan.waitsInPlace(now, free)) {
            ripe.ripeMicros = free;
            return null;
        } else if (free > now) {
            return new Departure(ripe, TierPump.hop(ripe.record, TierPlan.next(now, free), tiers), false);
        }
        String to = readyTopic(ripe);
        Trouble trouble = troubles.get(to);
        if (trouble != null && trouble.untilMicros > now) {
            return around(ripe, now, trouble.untilMicros);
        }
        if (ripe.failures > FAILURES_IN_PLACE) {
            return around(ripe, now, now + AROUND_MICROS);
        }
        Place place = places.apply(to);
        if (place == Place.MISSING && ended.test(KafkaRecords.text(ripe.record.headers(), KafkaRecords.NAMESPACE))) {
            return new Departure(ripe, null, false);
        } else if (place == Place.MISSING || place == Place.DENIED) {
            return around(ripe, now, inTrouble(to, now, place.toString()));
        }
        return new Departure(ripe, TierPump.released(ripe.record, to), false);
    }

    /**
     * When it may be released, by this node's clock: when it is due; where another's clock said when that is, later by as much as this
     * one may be ahead of that one, and a little in any case.
     */
    private long freeMicros(Headers headers, long now) {
        long due = KafkaRecords.number(headers, KafkaRecords.DUE, 0);
        String of = KafkaRecords.text(headers, Tiers.NODE);
        if (of.isEmpty() || of.equals(node)) {
            return due;
        }
        long mine = clock.mostMicros();
        if (mine == ClusterClock.UNKNOWN) {
            return now + LOOK_MICROS;
        }
        long its = KafkaRecords.number(headers, Tiers.CLOCK, -ClusterClock.UNTOLD_MICROS);
        long apart = Math.max(ClusterClock.GUARD_MICROS, mine - its);
        return due > Long.MAX_VALUE - apart ? due : due + apart;
    }

    /** Waits until {@code until} in a tier; for a few seconds where it is. */
    private @Nullable Departure around(TierPartition.Waiting ripe, long now, long until) {
        if (until - now < IN_PLACE_MICROS_MAX) {
            ripe.ripeMicros = until;
            return null;
        }
        return new Departure(ripe, TierPump.hop(ripe.record, TierPlan.next(now, until), tiers), true);
    }

    /** The transaction holds. */
    void left(List<Departure> departures, long now) {
        written++;
        batchMax = Math.min(Moves.BATCH_MAX, batchMax * 2);
        long ended = 0;
        for (Departure each : departures) {
            if (each.copy() == null) {
                ended++;
            } else if (each.around()) {
                tell(readyTopic(each.waiting()), now, String.valueOf(each.waiting().why));
            } else if (!troubles.isEmpty()) {
                troubles.remove(each.copy().topic());
            }
        }
        if (ended > 0) {
            LOG.atInfo()
                    .addKeyValue(LogKeys.COUNT, ended)
                    .addKeyValue(
                            LogKeys.NAMESPACE,
                            KafkaRecords.text(departures.get(0).waiting().record.headers(), KafkaRecords.NAMESPACE))
                    .log("Delayed entries of a namespace that has ended are let go");
        }
    }

    /** The transaction was aborted: they wait on, and are tried again; true where one failed alone and others may be tried at once. */
    boolean stayed(List<Departure> departures, Throwable why, long now) {
        departures.forEach(each -> each.waiting().of.stays(each.waiting()));
        boolean one = departures.size() == 1;
        boolean othersGoOn = one && failedAlone(departures.get(0), why, now);
        batchMax = one ? batchMax : Math.max(1, departures.size() / 2);
        departures.forEach(each -> waiting.add(each.waiting()));
        return othersGoOn;
    }

    private boolean failedAlone(Departure departure, Throwable why, long now) {
        TierPartition.Waiting its = departure.waiting();
        String to = readyTopic(its);
        its.why = why.toString();
        ProducerRecord<byte[], byte[]> copy = departure.copy();
        if (copy != null && copy.topic().equals(to) && isOfTheTopic(why)) {
            its.ripeMicros = Math.min(inTrouble(to, now, its.why), now + SECOND);
            return true;
        }
        boolean othersGoOn = its.failedAt != written;
        if (its.failures == 0 || othersGoOn) {
            its.failures++; // where nothing at all can be written it is not this one's fault
        }
        its.failedAt = written;
        its.ripeMicros = now + SECOND * its.failures;
        return othersGoOn;
    }

    private static boolean isOfTheTopic(Throwable why) {
        for (Throwable each = why; each != null; each = each.getCause()) {
            if (each instanceof TopicAuthorizationException
                    || each instanceof UnknownTopicOrPartitionException
                    || each instanceof InvalidTopicException) {
                return true;
            }
        }
        return false;
    }

    /** Until when nothing more is tried with it. */
    private long inTrouble(String topic, long now, String why) {
        if (troubles.size() >= TROUBLES_MAX) {
            troubles.clear();
        }
        Trouble trouble = troubles.computeIfAbsent(topic, name -> new Trouble());
        trouble.untilMicros = now + Math.min(AGAIN_MICROS_MAX, SECOND << Math.min(10, trouble.tries++));
        tell(topic, now, why);
        return trouble.untilMicros;
    }

    /** Once an hour and topic. */
    private void tell(String topic, long now, String why) {
        Long last = told.get(topic);
        if (last != null && now - last < TOLD_MICROS) {
            return;
        }
        if (told.size() >= TROUBLES_MAX) {
            told.clear();
        }
        told.put(topic, now);
        LOG.atError()
                .addKeyValue(LogKeys.DATABASE, topic)
                .addKeyValue(LogKeys.REASON, why)
                .log("What is due can't be written to its topic: it waits on in the tiers and is tried again");
    }

    /** Whether that was said; for tests. */
    boolean hasTold(String topic) {
        return told.containsKey(topic);
    }
}
