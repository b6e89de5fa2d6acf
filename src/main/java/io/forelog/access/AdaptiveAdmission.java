package io.forelog.access;

import io.forelog.config.Namespace;
import io.forelog.config.NamespaceDocument.AdmissionPolicy;
import io.forelog.model.ErrorCode;
import io.forelog.model.Priority;
import io.forelog.model.Ticker;
import io.forelog.observe.MetricNames;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Admission of the whole node, shared by its event loops: the rate and share of each namespace, then the adaptive limit
 * with a share for each priority. Any thread; never waits (the window's lock is only tried). Bounded by the number
 * of namespaces.
 */
public final class AdaptiveAdmission implements Admission {
    /** Of the limit, by priority: CRITICAL is refused last. */
    private static final double[] SHARE = {1.0, 0.9, 0.7, 0.5};

    private static final long WINDOW_MICROS = 20_000;
    private static final int WINDOW_SAMPLES = 10;
    private static final double CONTENDED = 0.7;
    private static final long RETRY_MIN_MILLIS = 100;
    private static final long RETRY_MAX_MILLIS = 10_000;

    private final Ticker ticker;
    private final Pressure pressure;
    private final LatencyLimit limit;
    private final ConcurrentHashMap<String, Share> shares = new ConcurrentHashMap<>();
    private final AtomicInteger inFlight = new AtomicInteger();

    private final ReentrantLock windowLock = new ReentrantLock();
    private final LongAdder latencySum = new LongAdder();
    private final LongAdder answered = new LongAdder();
    private final LongAdder shed = new LongAdder();
    private volatile int inFlightMax;
    private volatile long windowEndsMicros;
    private volatile long retryAfterMillis = RETRY_MIN_MILLIS;
    private volatile int activeNamespaces = 1;

    /**
     * @param ceiling most entries in flight, whatever the limit learns
     * @param latencyMax what entries may wait for their queue before the node counts as overloaded
     */
    public AdaptiveAdmission(
            Ticker ticker, Pressure pressure, MeterRegistry metrics, int ceiling, Duration latencyMax) {
        this.limit = new LatencyLimit(ceiling, latencyMax);
        this.ticker = ticker;
        this.pressure = pressure;
        Gauge.builder(MetricNames.ADMISSION_LIMIT, limit, LatencyLimit::current).register(metrics);
        Gauge.builder(MetricNames.ADMISSION_IN_FLIGHT, inFlight, AtomicInteger::get)
                .register(metrics);
    }

    @Override
    public Decision tryAdmit(Namespace namespace, Priority priority, int entries, long bytes) {
        Share share = share(namespace);
        if (share.rate != null) {
            long after = share.rate.tryTake(entries, ticker.micros());
            if (after > 0) {
                return Decision.shed(
                        ErrorCode.RATE_LIMITED,
                        "namespace " + namespace.name() + ": over its rate (expected: at most "
                                + share.policy.ratePerSecond() + "/s, admission.rate)",
                        Math.max(1, after / 1_000));
            }
        }
        int maxInFlight = share.policy.maxInFlight();
        int own = share.inFlight.get();
        if (maxInFlight > 0 && own + entries > maxInFlight && own > 0) {
            return Decision.shed(
                    ErrorCode.RATE_LIMITED,
                    "namespace " + namespace.name() + ": " + own + " entries in flight (expected: at most "
                            + maxInFlight + ", admission.max_in_flight)",
                    RETRY_MIN_MILLIS);
        }
        int total = inFlight.get();
        double part = SHARE[priority.ordinal()] * factor(priority);
        double allowed = limit.current() * part;
        boolean over = total + entries > allowed && total > 0 && !limit.givesWayTo((total + entries) / part);
        if (over || crowdsOut(own, entries, total)) {
            return shed(priority, total, (int) allowed);
        }
        int now = inFlight.addAndGet(entries);
        share.inFlight.addAndGet(entries);
        if (now > inFlightMax) {
            inFlightMax = now;
        }
        return Decision.ADMITTED;
    }

    /** While the node is contended, nobody takes more than an even share. */
    private boolean crowdsOut(int own, int entries, int total) {
        int active = activeNamespaces;
        return active > 1
                && total > limit.current() * CONTENDED
                && own + entries > Math.max(LatencyLimit.MIN, limit.current() / active);
    }

    private double factor(Priority priority) {
        return priority == Priority.CRITICAL ? Math.max(0.6, pressure.factor()) : pressure.factor();
    }

    private Decision shed(Priority priority, int total, int allowed) {
        shed.increment();
        endWindow(ticker.micros());
        String reason = pressure.reason();
        return Decision.shed(
                ErrorCode.OVERLOADED,
                "node: " + total + " entries in flight" + (reason.isEmpty() ? "" : ", " + reason)
                        + " (expected: at most " + allowed + " for priority " + priority + ")",
                retryAfterMillis);
    }

    @Override
    public void release(Namespace namespace, Priority priority, int entries, long bytes, long micros) {
        inFlight.addAndGet(-entries);
        share(namespace).inFlight.addAndGet(-entries);
        if (micros < 0) {
            return;
        }
        latencySum.add(micros * entries);
        answered.add(entries);
        endWindow(ticker.micros());
    }

    private void endWindow(long now) {
        if (now < windowEndsMicros || !windowLock.tryLock()) {
            return;
        }
        try {
            if (now < windowEndsMicros) {
                return;
            }
            long samples = answered.sum();
            if (samples >= WINDOW_SAMPLES) {
                long refused = shed.sumThenReset();
                limit.window(
                        (double) latencySum.sumThenReset() / samples,
                        samples,
                        Math.max(inFlightMax, inFlight.get()),
                        refused > 0,
                        now);
                retryAfterMillis = retryAfter(samples, refused);
                answered.reset();
                inFlightMax = inFlight.get();
                countActive();
            }
            windowEndsMicros = now + WINDOW_MICROS;
        } finally {
            windowLock.unlock();
        }
    }

    /** The more is offered for each one admitted, the later the others shall come back. */
    private static long retryAfter(long admitted, long shed) {
        double overload = (double) (admitted + shed) / admitted;
        return (long) Math.min(RETRY_MAX_MILLIS, RETRY_MIN_MILLIS * overload);
    }

    private void countActive() {
        int active = 0;
        for (Share share : shares.values()) {
            if (share.inFlight.get() > 0) {
                active++;
            }
        }
        activeNamespaces = active;
    }

    // The policy is compared by reference: a new document makes a new one.
    @SuppressWarnings("ReferenceEquality")
    private Share share(Namespace namespace) {
        AdmissionPolicy policy = namespace.document().admission();
        Share share = shares.get(namespace.name());
        if (share != null && share.policy == policy) {
            return share;
        }
        return shares.compute(namespace.name(), (name, old) -> {
            if (old != null && old.policy == policy) {
                return old;
            }
            return new Share(policy, old == null ? new AtomicInteger() : old.inFlight);
        });
    }

    @Override
    public void forget(String namespace) {
        shares.remove(namespace);
    }

    int inFlight() {
        return inFlight.get();
    }

    int limit() {
        return limit.current();
    }

    /** One namespace's part. The count lives on where the policy changes. */
    private static final class Share {
        final AdmissionPolicy policy;
        final AtomicInteger inFlight;
        final @Nullable RateLimit rate;

        Share(AdmissionPolicy policy, AtomicInteger inFlight) {
            this.policy = policy;
            this.inFlight = inFlight;
            this.rate = policy.ratePerSecond() > 0 ? new RateLimit(policy.ratePerSecond()) : null;
        }
    }
}
