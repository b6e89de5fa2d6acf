package io.forelog.ingest;

import io.forelog.access.Admission;
import io.forelog.access.Identity;
import io.forelog.access.Locks;
import io.forelog.config.Namespace;
import io.forelog.config.Namespaces;
import io.forelog.model.AppendOutcome;
import io.forelog.model.Entry;
import io.forelog.model.EntryId;
import io.forelog.model.ErrorCode;
import io.forelog.model.IdempotencyToken;
import io.forelog.model.Operation;
import io.forelog.model.Priority;
import io.forelog.model.Ticker;
import io.forelog.model.WalException;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpConnection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The way of a write through one event loop, and owned by it, shared by both edges: find the namespace, validate, admit,
 * make the entry, hand it to the coalescer. Bounded by the number of namespaces and the credits of each.
 */
final class Intake {
    private static final Operation[] OPERATIONS = Operation.values();
    private static final Priority[] PRIORITIES = Priority.values();
    /** Of the time that a caller waits: nothing is left. */
    static final long OVER = -1;

    private static final long ANSWER_MARGIN_MICROS = 10_000;
    private static final long OVERLOAD_RETRY_MILLIS = 100;
    private static final long AWAY_RETRY_MILLIS = 1_000;

    private final Namespaces namespaces;
    private final Admission admission;
    private final Locks locks;
    private final Ticker ticker;
    private final EdgeLimits limits;
    private final MeterRegistry registry;
    private final AppendCoalescer coalescer;
    private final Bodies bodies;
    private final BooleanSupplier draining;
    private final EntryId.Source ids = new EntryId.Source();
    private final SplittableRandom random = new SplittableRandom();
    private final Map<String, Inlet> inlets = new HashMap<>();
    private final long appendLimitMicros;
    private final long appendLimitMicrosMax;

    Intake(
            Namespaces namespaces,
            Admission admission,
            Locks locks,
            Ticker ticker,
            EdgeLimits limits,
            MeterRegistry registry,
            AppendCoalescer coalescer,
            BooleanSupplier draining) {
        this.namespaces = namespaces;
        this.admission = admission;
        this.locks = locks;
        this.ticker = ticker;
        this.limits = limits;
        this.registry = registry;
        this.coalescer = coalescer;
        this.draining = draining;
        this.bodies =
                new Bodies(ticker, limits.bodiesBytesMax(), locks.connections().requestLimit());
        this.appendLimitMicros = limits.appendLimit().toNanos() / 1_000;
        this.appendLimitMicrosMax = limits.appendLimitMax().toNanos() / 1_000;
    }

    EdgeLimits limits() {
        return limits;
    }

    /** What comes in pieces on this loop. */
    Bodies bodies() {
        return bodies;
    }

    /** The node's time. */
    long micros() {
        return ticker.micros();
    }

    /** Of a time that a caller told with the head of its request, which came at {@code openedMicros}: 0 = none told, {@link #OVER}. */
    long leftMicros(long timeoutMicros, long openedMicros) {
        if (timeoutMicros == 0) {
            return 0;
        }
        long left = timeoutMicros - (ticker.micros() - openedMicros);
        return left > 0 ? left : OVER;
    }

    /** The inlet of {@code name}, or null: then {@link #absence} says why. */
    @Nullable
    Inlet find(String name) {
        Namespace namespace = namespaces.find(name);
        if (namespace == null) {
            inlets.remove(name);
            return null;
        }
        Inlet inlet = inlets.get(name);
        if (inlet == null) {
            inlet = new Inlet(namespace, limits, registry);
            inlets.put(name, inlet);
        }
        inlet.serve(namespace);
        return inlet;
    }

    Refusal absence(String name) {
        WalException stopped = namespaces.stopped(name);
        if (stopped != null) {
            return Refusal.of(stopped);
        }
        if (name.isEmpty()) {
            return Refusal.field(ErrorCode.INVALID_ARGUMENT, "namespace", "''", "the name of a namespace");
        }
        return Refusal.field(
                ErrorCode.UNKNOWN_NAMESPACE, "namespace", Validator.quote(name), "a namespace that this node serves");
    }

    /** Null where a write to {@code inlet} may come now, whatever it is. */
    @Nullable
    Refusal closed(Inlet inlet, Identity caller) {
        if (draining.getAsBoolean()) {
            return Refusal.shed(
                    ErrorCode.DRAINING, "node: going down (expected: a write to another node)", AWAY_RETRY_MILLIS);
        }
        Namespace namespace = inlet.terms().namespace();
        if (namespace.state() != Namespace.State.ACTIVE) {
            WalException elsewhere = namespaces.stopped(namespace.name());
            if (elsewhere != null) {
                return Refusal.of(elsewhere);
            }
            return Refusal.shed(
                    ErrorCode.UNAVAILABLE,
                    "namespace " + namespace.name() + ": " + namespace.state() + " (expected: ACTIVE)",
                    AWAY_RETRY_MILLIS);
        }
        return locks.rights().mayWrite(caller, namespace) ? null : denied(caller, namespace, "write");
    }

    private static Refusal denied(Identity caller, Namespace namespace, String right) {
        return Refusal.of(
                ErrorCode.PERMISSION_DENIED,
                "namespace " + namespace.name() + ": " + caller.principal() + " may not " + right
                        + " (expected: a principal of its access." + right + ")");
    }

    /** Null where {@code caller} may look at its entries. */
    @Nullable
    Refusal unreadable(Inlet inlet, Identity caller) {
        Namespace namespace = inlet.terms().namespace();
        return locks.rights().mayRead(caller, namespace) ? null : denied(caller, namespace, "read");
    }

    /** Null where {@code caller} may cancel or reschedule its entries. */
    @Nullable
    Refusal unwritable(Inlet inlet, Identity caller) {
        Namespace namespace = inlet.terms().namespace();
        return locks.rights().mayWrite(caller, namespace) ? null : denied(caller, namespace, "write");
    }

    /** Fails by throwing UNAUTHENTICATED. */
    Identity identify(MultiMap headers, HttpConnection connection) {
        return locks.identities().identify(headers, connection);
    }

    /** Null where admitted: then {@link #append} follows, or {@link #release}. */
    @Nullable
    Refusal admit(Inlet inlet, Priority priority, int bytes) {
        Admission.Decision decision = admission.tryAdmit(inlet.terms().namespace(), priority, 1, bytes);
        ErrorCode code = decision.code();
        return code == null ? null : Refusal.shed(code, decision.text(), decision.retryAfterMillis());
    }

    /** Gives back what {@link #admit} took, where nothing was handed off. */
    void release(Inlet inlet, Priority priority, int bytes) {
        admission.release(inlet.terms().namespace(), priority, 1, bytes, -1);
    }

    /** What a request of this priority on the wire counts as. */
    static Priority priority(int wire, Terms terms) {
        return wire > 0 && wire <= PRIORITIES.length ? PRIORITIES[wire - 1] : terms.priority();
    }

    /** The whole way of one write. {@code timeoutMicros}: what the caller has left; 0 = no deadline; {@link #OVER}. */
    void write(WriteRequest request, long timeoutMicros, Reply reply, int index) {
        Inlet inlet = find(request.namespace());
        if (inlet == null) {
            reply.refused(index, absence(request.namespace()));
            return;
        }
        Refusal refusal = closed(inlet, reply.caller());
        long now = ticker.micros();
        if (refusal == null) {
            refusal = Validator.check(request, inlet.terms(), now);
        }
        Priority priority = priority(request.priority(), inlet.terms());
        int bytes = request.sizeBytes();
        if (refusal == null) {
            refusal = admit(inlet, priority, bytes);
        }
        if (refusal != null) {
            refuse(inlet, refusal, reply, index);
            return;
        }
        handOff(inlet, request, priority, bytes, now, timeoutMicros, reply, index);
    }

    /** As {@link #write}, for a request that {@link #admit} was asked for before it was parsed. */
    void writeAdmitted(
            Inlet inlet, WriteRequest request, Admitted admitted, long timeoutMicros, Reply reply, int index) {
        long now = ticker.micros();
        Refusal refusal = Validator.check(request, inlet.terms(), now);
        if (refusal != null) {
            release(inlet, admitted.priority(), admitted.bytes());
            refuse(inlet, refusal, reply, index);
            return;
        }
        handOff(inlet, request, admitted.priority(), admitted.bytes(), now, timeoutMicros, reply, index);
    }

    /** What {@link #admit} was asked with. */
    record Admitted(Priority priority, int bytes) {}

    /** Counts and answers a refusal. */
    void refuse(Inlet inlet, Refusal refusal, Reply reply, int index) {
        inlet.meters().refused(refusal.code());
        reply.refused(index, refusal);
    }

    private void handOff(
            Inlet inlet,
            WriteRequest request,
            Priority admittedAs,
            int admittedBytes,
            long now,
            long timeoutMicros,
            Reply reply,
            int index) {
        if (timeoutMicros == OVER) {
            release(inlet, admittedAs, admittedBytes);
            inlet.meters().refused(ErrorCode.NOT_DURABLE);
            reply.decided(
                    index,
                    AppendOutcome.refused(
                            ids.next(now / 1_000),
                            ErrorCode.NOT_DURABLE,
                            "deadline: it passed before the request was complete (expected: a longer one); nothing was begun"));
            return;
        }
        if (!inlet.tryTake(request.sizeBytes())) {
            release(inlet, admittedAs, admittedBytes);
            refuse(inlet, overloaded(inlet), reply, index);
            return;
        }
        if (request.token() != null && !inlet.terms().dedupes()) {
            reply.undeduped();
        }
        long limit = timeoutMicros > 0 ? Math.min(timeoutMicros, appendLimitMicrosMax) : appendLimitMicros;
        Entry entry = entry(inlet, request, now);
        coalescer.add(
                inlet,
                new PendingWrite(entry, reply, index, now + limit - margin(limit), admittedAs, admittedBytes),
                limit);
    }

    /** How long before the caller's deadline it is answered: max(10 ms, 5 %), half the time where that is less. */
    static long margin(long limitMicros) {
        return Math.min(Math.max(ANSWER_MARGIN_MICROS, limitMicros / 20), limitMicros / 2);
    }

    private static Refusal overloaded(Inlet inlet) {
        return Refusal.shed(
                ErrorCode.OVERLOADED,
                "namespace " + inlet.name() + ": " + inlet.taken()
                        + " entries wait for its queue (expected: room for one more)",
                OVERLOAD_RETRY_MILLIS);
    }

    private Entry entry(Inlet inlet, WriteRequest request, long now) {
        long jitter = request.jitterMicros();
        long due = now + request.delayMicros() + (jitter == 0 ? 0 : random.nextLong(jitter + 1));
        String token = request.token();
        return new Entry(
                ids.next(now / 1_000),
                inlet.name(),
                now,
                due,
                request.ttlMicros() == 0 ? 0 : saturatedSum(due, request.ttlMicros()),
                request.writeMicros(),
                routes(inlet.terms(), request.target()),
                request.destination(),
                request.key(),
                request.operation() == 0 ? Operation.PUT : OPERATIONS[request.operation() - 1],
                priority(request.priority(), inlet.terms()),
                request.attributes(),
                request.headers(),
                request.payload(),
                token == null ? null : new IdempotencyToken(token, request.tokenMicros()));
    }

    private static List<Integer> routes(Terms terms, String target) {
        if (target.isEmpty()) {
            return terms.defaultRoutes();
        }
        Terms.TargetTerms known = terms.targets().get(target);
        return known == null ? terms.defaultRoutes() : known.routes();
    }

    private static long saturatedSum(long a, long b) {
        return a > Long.MAX_VALUE - b ? Long.MAX_VALUE : a + b;
    }
}
