package io.forelog.ingest;

import io.forelog.access.Admission;
import io.forelog.bus.AppendBatch;
import io.forelog.bus.AppendReply;
import io.forelog.ingest.Inlet.Flight;
import io.forelog.model.AppendOutcome;
import io.forelog.model.Durable;
import io.forelog.model.Entry;
import io.forelog.model.ErrorCode;
import io.forelog.model.Ticker;
import io.forelog.model.WalException;
import io.vertx.core.Future;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Gathers what one event loop takes within one tick into one bus message a namespace, and hands the answers back.
 * Owned by that loop. Bounded by the inlets' credits: what is in flight holds one for each entry until the pump's
 * reply, or until twice its limit.
 *
 * <p>There is no timer per entry. {@link #sweep} is called every {@link #SWEEP} while anything is in flight and answers
 * UNKNOWN to what could not wait for the next one.
 */
final class AppendCoalescer {
    static final Duration SWEEP = Duration.ofMillis(5);

    private static final long SWEEP_MICROS = SWEEP.toNanos() / 1_000;

    private final Sender sender;
    private final Ticker ticker;
    private final EdgeLimits limits;
    private final Admission admission;
    private final Loop loop;
    private final List<Flight> filling = new ArrayList<>();

    private boolean flushAsked;
    private boolean sweepAsked;
    private @Nullable Flight newest;
    private int unanswered;

    /** The way to the pump. The future ends on the loop: with its answer, or as {@code Bus.request} fails. */
    @FunctionalInterface
    interface Sender {
        Future<AppendReply> send(AppendBatch batch, Duration limit, Duration patience);
    }

    /** How the loop is asked to come back. */
    interface Loop {
        /** After what is being read now. */
        void soon(Runnable task);

        void after(Duration delay, Runnable task);
    }

    AppendCoalescer(Sender sender, Ticker ticker, EdgeLimits limits, Admission admission, Loop loop) {
        this.sender = sender;
        this.ticker = ticker;
        this.limits = limits;
        this.admission = admission;
        this.loop = loop;
    }

    /** Entries whose callers wait. */
    int unanswered() {
        return unanswered;
    }

    /** {@code inlet} has given a credit for {@code write}. */
    void add(Inlet inlet, PendingWrite write, long limitMicros) {
        Flight flight = inlet.filling();
        if (flight == null) {
            flight = new Flight(inlet);
            inlet.fill(flight);
            filling.add(flight);
            if (!flushAsked) {
                flushAsked = true;
                loop.soon(this::flush);
            }
        }
        flight.add(write, limitMicros);
        unanswered++;
        if (flight.entries.size() >= limits.batchEntries() || flight.bytes >= limits.batchBytes()) {
            filling.remove(flight);
            depart(flight);
        }
    }

    private void flush() {
        flushAsked = false;
        for (int i = 0; i < filling.size(); i++) {
            depart(filling.get(i));
        }
        filling.clear();
    }

    private void depart(Flight flight) {
        flight.inlet.fill(null);
        link(flight);
        if (!sweepAsked) {
            sweepAsked = true;
            loop.after(SWEEP, this::sweep);
        }
        Duration limit = Duration.of(flight.limitMicros, ChronoUnit.MICROS);
        AppendBatch batch = new AppendBatch(flight.inlet.name(), flight.entries);
        sender.send(batch, limit, limit.multipliedBy(2))
                .onComplete(reply -> arrive(flight, reply), failure -> fail(flight, WalException.of(failure)));
    }

    private void arrive(Flight flight, AppendReply reply) {
        List<AppendOutcome> outcomes = reply.outcomes();
        List<PendingWrite> writes = flight.writes;
        long now = ticker.micros();
        WriteMeters meters = flight.inlet.meters();
        int durable = 0;
        long durableBytes = 0;
        Answered answered = new Answered();
        for (int i = 0; i < writes.size(); i++) {
            PendingWrite write = writes.get(i);
            AppendOutcome outcome = i < outcomes.size() ? outcomes.get(i) : missing(write.entry);
            if (write.answered()) {
                continue;
            }
            if (outcome.durable() == Durable.TRUE) {
                durable++;
                durableBytes += write.entry.payload().length();
            } else {
                count(meters, outcome);
            }
            answer(flight, write, outcome, now, answered);
        }
        meters.decided(Durable.TRUE, durable);
        meters.bytes(durableBytes);
        release(flight, answered);
        land(flight);
    }

    /** What of one flight is answered in one go: counted, and given back to admission, once for all. */
    private static final class Answered {
        private int entries;
        private long bytes;
        private long microsSum;
        private long microsMax;
    }

    private void release(Flight flight, Answered answered) {
        if (answered.entries > 0) {
            flight.inlet.meters().latency(answered.microsMax);
            admission.release(
                    flight.inlet.terms().namespace(),
                    flight.writes.get(0).admittedAs,
                    answered.entries,
                    answered.bytes,
                    answered.microsSum / answered.entries);
        }
    }

    private static AppendOutcome missing(Entry entry) {
        return AppendOutcome.unknown(entry.id(), "the queue's answer does not mention the entry");
    }

    private static void count(WriteMeters meters, AppendOutcome outcome) {
        ErrorCode code = outcome.code();
        if (Refusal.isStatus(outcome) && code != null) {
            meters.refused(code);
        } else {
            meters.decided(outcome.durable(), 1);
        }
    }

    private void fail(Flight flight, WalException failure) {
        long now = ticker.micros();
        Answered answered = new Answered();
        for (PendingWrite write : flight.writes) {
            if (!write.answered()) {
                AppendOutcome outcome = outcomeOf(failure, write.entry);
                count(flight.inlet.meters(), outcome);
                answer(flight, write, outcome, now, answered);
            }
        }
        release(flight, answered);
        land(flight);
    }

    /** What a failed request says of its entries: FALSE only where it proves that none was handed to the queue. */
    static AppendOutcome outcomeOf(WalException failure, Entry entry) {
        String text = String.valueOf(failure.getMessage());
        ErrorCode code = failure.code();
        if (code == ErrorCode.EXPIRED) {
            return AppendOutcome.refused(entry.id(), ErrorCode.NOT_DURABLE, text);
        }
        return switch (code.disposition()) {
            case REJECT, SHED, REROUTE -> AppendOutcome.refused(entry.id(), code, text);
            case RETRY, DEAD_LETTER, UNKNOWN, FATAL ->
                code == ErrorCode.NOT_DURABLE || code == ErrorCode.CORRUPT
                        ? AppendOutcome.refused(entry.id(), code, text)
                        : AppendOutcome.unknown(entry.id(), text);
        };
    }

    private void answer(Flight flight, PendingWrite write, AppendOutcome outcome, long now, Answered answered) {
        unanswered--;
        flight.unanswered--;
        long micros = now - write.entry.acceptedMicros();
        answered.entries++;
        answered.bytes += write.admittedBytes;
        answered.microsSum += micros;
        answered.microsMax = Math.max(answered.microsMax, micros);
        if (write.reply.abandoned()) {
            flight.inlet.meters().abandoned();
        }
        write.answer(outcome);
    }

    /** Answers UNKNOWN to what could not wait for the next sweep. */
    private void sweep() {
        long now = ticker.micros();
        long next = now + SWEEP_MICROS;
        for (Flight flight = newest; flight != null; flight = flight.before) {
            if (flight.unanswered > 0 && flight.nextAnswerAtMicros <= next) {
                expire(flight, now, next, "no answer from the queue within the deadline");
            }
        }
        sweepAsked = newest != null;
        if (sweepAsked) {
            loop.after(SWEEP, this::sweep);
        }
    }

    /** Answers UNKNOWN to everything that waits. Their credits stay taken. */
    void giveUp(String why) {
        long now = ticker.micros();
        flush();
        for (Flight flight = newest; flight != null; flight = flight.before) {
            expire(flight, now, Long.MAX_VALUE, why);
        }
    }

    private void expire(Flight flight, long now, long until, String why) {
        long nextAnswerAt = Long.MAX_VALUE;
        Answered answered = new Answered();
        for (PendingWrite write : flight.writes) {
            if (write.answered()) {
                continue;
            }
            if (write.answerAtMicros <= until) {
                flight.inlet.meters().decided(Durable.UNKNOWN, 1);
                answer(flight, write, AppendOutcome.unknown(write.entry.id(), why), now, answered);
            } else {
                nextAnswerAt = Math.min(nextAnswerAt, write.answerAtMicros);
            }
        }
        release(flight, answered);
        flight.nextAnswerAtMicros = nextAnswerAt;
    }

    private void link(Flight flight) {
        flight.before = newest;
        if (newest != null) {
            newest.after = flight;
        }
        newest = flight;
    }

    private void land(Flight flight) {
        flight.inlet.give(flight.writes.size(), flight.bytes);
        Flight before = flight.before;
        Flight after = flight.after;
        if (before != null) {
            before.after = after;
        }
        if (after != null) {
            after.before = before;
        } else {
            newest = before;
        }
        // A dead flight that the collector has promoted would keep its neighbours alive, and those theirs.
        flight.before = null;
        flight.after = null;
    }
}
