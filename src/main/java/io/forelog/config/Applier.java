package io.forelog.config;

import io.forelog.config.Namespace.State;
import io.forelog.config.ReloadPlan.Kind;
import io.forelog.config.ReloadPlan.Step;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.forelog.observe.LogKeys;
import io.forelog.observe.MetricNames;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Carries out the {@link Reconciler}'s steps, each within a time limit, keeps what was applied, and remembers what failed and when
 * it may be tried again. On the reconciler's context alone. Bounded by the number of namespaces.
 */
final class Applier {
    private static final Logger LOG = LoggerFactory.getLogger(Reconciler.class);
    /** Of a change that a queue or a target calls wrong: its document has to change, or what it names. */
    private static final Duration WRONG_AGAIN = Duration.ofMinutes(5);

    private final Vertx vertx;
    private final Context home;
    private final AppliedStore store;
    private final Deployer deployer;
    private final LiveNamespaces live;
    private final Duration limit;
    private final MeterRegistry metrics;
    private final Runnable again;

    private final Map<String, AppliedRecord> applied = new TreeMap<>();
    /** Why the last try of a namespace failed. */
    private final Map<String, String> failures = new HashMap<>();
    /** What was called wrong when it was tried, by namespace: what serves is not disturbed for it again soon. */
    private final Map<String, Namespace> wrong = new HashMap<>();
    /** What did not end in time, and may still. */
    private final Set<String> late = new HashSet<>();

    private Map<String, String> unreadable = Map.of();

    /** {@code again}: what failed may be tried once more now. */
    Applier(
            Vertx vertx,
            Context home,
            AppliedStore store,
            Deployer deployer,
            LiveNamespaces live,
            Duration limit,
            MeterRegistry metrics,
            Runnable again) {
        this.vertx = vertx;
        this.home = home;
        this.store = store;
        this.deployer = deployer;
        this.live = live;
        this.limit = limit;
        this.metrics = metrics;
        this.again = again;
    }

    /** What was kept before the start. */
    void load(AppliedStore.Loaded loaded) {
        applied.putAll(loaded.records());
        unreadable = loaded.problems();
    }

    /** By namespace, removed ones included. */
    Map<String, AppliedRecord> applied() {
        return Collections.unmodifiableMap(applied);
    }

    /** Why a namespace must not serve: what was kept of it can't be read. */
    Optional<String> unreadable(String namespace) {
        return Optional.ofNullable(unreadable.get(namespace));
    }

    /** By namespace: why it is not as it should be; it is tried again. */
    Map<String, String> failures() {
        return Collections.unmodifiableMap(failures);
    }

    /** Its last change did not end in time, and may still. */
    boolean isLate(String namespace) {
        return late.contains(namespace);
    }

    /** Never fails: what goes wrong is kept as the namespace's failure. */
    Future<Void> apply(Step step) {
        String name = step.to().name();
        String named = unreadable.get(name);
        if (named != null) {
            return failed(step, new WalException(ErrorCode.CORRUPT, named));
        }
        if (late.contains(name) || step.to().equals(wrong.get(name))) {
            return Future.succeededFuture();
        }
        return limited(name, deploy(step))
                .compose(done -> keep(step.to(), step.nextRoute(), step.written()))
                .onSuccess(done -> applied(step))
                .recover(failure -> failed(step, failure));
    }

    private Future<Void> deploy(Step step) {
        return switch (step.kind()) {
            case ADD -> deployer.add(step.to());
            case REPLACE -> deployer.replace(((ReloadPlan.Replace) step).from(), step.to());
            case RETIRE -> deployer.replace(((ReloadPlan.Retire) step).from(), step.to());
        };
    }

    /** Whatever thread {@code work} ends on: home again. What ends after its limit is only looked at once more. */
    Future<Void> limited(String name, Future<Void> work) {
        Promise<Void> promise = Promise.promise();
        long timer = vertx.setTimer(Math.max(1, limit.toMillis()), id -> {
            if (promise.tryFail(new WalException(ErrorCode.UNAVAILABLE, "not done within " + limit))) {
                late.add(name);
            }
        });
        work.onComplete(done -> home.runOnContext(back -> {
            vertx.cancelTimer(timer);
            if (late.remove(name)) {
                again.run();
            } else if (done.succeeded()) {
                promise.tryComplete();
            } else {
                promise.tryFail(done.cause());
            }
        }));
        return promise.future();
    }

    /** Route ids are durable before anybody can write to them. */
    Future<Void> keep(Namespace to, int nextRoute, Map<String, Object> written) {
        boolean retired = to.state() == State.RETIRED;
        AppliedRecord record = new AppliedRecord(
                to.name(),
                to.revision(),
                to.state(),
                written,
                retired ? Map.of() : to.routes(),
                nextRoute,
                retired ? List.of() : to.queues(),
                to.since());
        return store.store(record).onSuccess(stored -> {
            applied.put(to.name(), record);
            if (retired) {
                live.remove(to.name());
            } else {
                live.put(to);
            }
        });
    }

    private void applied(Step step) {
        failures.remove(step.to().name());
        wrong.remove(step.to().name());
        count(step.kind() == Kind.RETIRE ? "retired" : "applied");
        LOG.atInfo()
                .addKeyValue(LogKeys.NAMESPACE, step.to().name())
                .addKeyValue(LogKeys.REVISION, step.to().revision())
                .addKeyValue(LogKeys.ACTION, step.kind().name().toLowerCase(Locale.ROOT))
                .addKeyValue(LogKeys.STATE, step.to().state())
                .log("Applied a namespace");
    }

    private Future<Void> failed(Step step, Throwable failure) {
        if (step.kind() == Kind.REPLACE && WalException.of(failure).code() == ErrorCode.INVALID_ARGUMENT) {
            String name = step.to().name();
            wrong.put(name, step.to());
            vertx.setTimer(WRONG_AGAIN.toMillis(), id -> {
                if (wrong.remove(name, step.to())) {
                    again.run();
                }
            });
        }
        return failed(step.to().name(), step.to().revision(), failure);
    }

    Future<Void> failed(String name, long revision, Throwable failure) {
        WalException told = WalException.of(failure);
        String why = told.publicMessage();
        if (live.find(name) == null) {
            ErrorCode code = told.code() == ErrorCode.CORRUPT ? ErrorCode.CORRUPT : ErrorCode.UNAVAILABLE;
            live.stop(name, new WalException(code, String.valueOf(told.getMessage())));
        }
        if (!why.equals(failures.put(name, why))) {
            count("failed");
            LOG.atError()
                    .addKeyValue(LogKeys.NAMESPACE, name)
                    .addKeyValue(LogKeys.REVISION, revision)
                    .addKeyValue(LogKeys.REASON, why)
                    .log("A namespace could not be applied; what served before serves on");
        }
        return Future.succeededFuture();
    }

    void count(String outcome) {
        metrics.counter(MetricNames.RELOADS, MetricNames.OUTCOME, outcome).increment();
    }
}
