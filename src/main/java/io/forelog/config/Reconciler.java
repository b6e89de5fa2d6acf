package io.forelog.config;

import io.forelog.config.ConfigStore.Snapshot;
import io.forelog.config.Namespace.State;
import io.forelog.config.ReloadPlan.Kind;
import io.forelog.config.ReloadPlan.Step;
import io.forelog.model.ErrorCode;
import io.forelog.model.Ticker;
import io.forelog.model.WalException;
import io.forelog.observe.LogKeys;
import io.forelog.observe.MetricNames;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes the node serve what its store wants: watch, coalesce, plan, apply one change at a time with a time limit, keep what
 * was applied. A failure leaves what served before and is tried again. One context of its own owns the state; the public
 * methods may be called from any thread. Bounded by the number of documents.
 *
 * <pre>
 *   (none) --add--> ACTIVE --document gone--> RETIRING --nothing left--> RETIRED
 *                                        +--> DISCARDING --all nodes know--> RETIRED
 *                     ^ |                        |
 *                     +-+ replace                +--document back--> ACTIVE
 *   ACTIVE --document of another shard--> LEAVING --handed over--> RETIRED
 * </pre>
 */
public final class Reconciler {
    private static final Logger LOG = LoggerFactory.getLogger(Reconciler.class);
    private static final Duration AGAIN = Duration.ofSeconds(5);
    /** Of a change that a queue or a target calls wrong: its document has to change, or what it names. */
    private static final Duration WRONG_AGAIN = Duration.ofMinutes(5);

    private final Vertx vertx;
    private final Context home;
    private final ConfigStore store;
    private final AppliedStore appliedStore;
    private final DocumentParser parser;
    private final String shard;
    private final Deployer deployer;
    private final LiveNamespaces live;
    private final Duration applyLimit;
    private final MeterRegistry metrics;
    private final DrainWatch drains;
    private final SharedNumbers numbers;

    private final Map<String, AppliedRecord> applied = new TreeMap<>();
    /** Why the last try of a namespace failed. */
    private final Map<String, String> failures = new HashMap<>();
    /** What was called wrong when it was tried, by namespace: what serves is not disturbed for it again soon. */
    private final Map<String, Namespace> wrong = new HashMap<>();
    /** What did not end in time, and may still. */
    private final Set<String> late = new HashSet<>();

    private Map<String, String> unreadable = Map.of();
    private Map<String, List<String>> refusals = Map.of();
    private @Nullable Snapshot newest;
    private Future<Void> tail = Future.succeededFuture();
    private boolean queued;
    private boolean closed;
    private volatile String held = "";
    private volatile Map<String, NamespaceStatus> statuses = Map.of();

    /**
     * @param applyLimit of one namespace's change
     * @param drained how long nothing may be left of what retires before it goes: longer than any write is on its way
     */
    public Reconciler(
            Vertx vertx,
            ConfigStore store,
            AppliedStore appliedStore,
            DocumentParser parser,
            String shard,
            Deployer deployer,
            LiveNamespaces live,
            Duration applyLimit,
            Duration drained,
            Ticker ticker,
            MeterRegistry metrics) {
        this.vertx = vertx;
        this.home = vertx.getOrCreateContext();
        this.store = store;
        this.appliedStore = appliedStore;
        this.parser = parser;
        this.shard = shard;
        this.deployer = deployer;
        this.live = live;
        this.applyLimit = applyLimit;
        this.metrics = metrics;
        this.drains = new DrainWatch(deployer, ticker, drained);
        this.numbers = new SharedNumbers(store, parser);
    }

    /** Ends when everything that can serve serves. Fails only where the stores can't be read. */
    public Future<Void> start(Duration drainCheck) {
        return onHome(() -> appliedStore
                .load()
                .compose(loaded -> {
                    applied.putAll(loaded.records());
                    unreadable = loaded.problems();
                    return store.load();
                })
                .compose(snapshot -> {
                    newest = snapshot;
                    store.watch(this::changed);
                    vertx.setPeriodic(Math.max(1, drainCheck.toMillis()), this::lookForDrained);
                    return enqueue(this::run);
                }));
    }

    /** Applies what the store has now; ends when it is applied or refused. */
    public Future<Void> refresh() {
        return onHome(() -> store.load().compose(snapshot -> {
            newest = snapshot;
            return enqueue(this::run);
        }));
    }

    /** Begins nothing more; ends when what was begun has ended. */
    public Future<Void> close() {
        return onHome(() -> {
            closed = true;
            return tail;
        });
    }

    /** By name: what is wanted or serves. */
    public Map<String, NamespaceStatus> statuses() {
        return statuses;
    }

    /** Why documents that are gone change nothing; empty where there is no such reason. */
    public String held() {
        return held;
    }

    /** What it would do to make {@code text} the document of {@code namespace}; null = to remove it. */
    public Future<Preview> preview(String namespace, String text) {
        return onHome(() -> store.load().map(snapshot -> preview(namespace, text, false, snapshot)));
    }

    /** As {@link #preview}, of a removal. */
    public Future<Preview> previewRemoval(String namespace, boolean discard) {
        return onHome(() -> store.load().map(snapshot -> preview(namespace, null, discard, snapshot)));
    }

    /**
     * What a change would do.
     *
     * @param problems not empty = it would be refused
     * @param steps in words
     * @param remarks see {@link NamespaceStatus}
     */
    public record Preview(List<String> problems, List<String> steps, List<String> remarks) {}

    private Preview preview(String namespace, @Nullable String text, boolean discard, Snapshot now) {
        Map<String, StoredDocument> documents = new TreeMap<>(now.documents());
        Set<String> removed = new TreeSet<>(now.removed());
        StoredDocument before = documents.remove(namespace);
        Set<String> discarded = new TreeSet<>(now.discarded());
        if (text == null) {
            removed.add(namespace);
            if (discard) {
                discarded.add(namespace);
            }
        } else {
            long revision = before == null ? 1 : before.revision() + 1;
            documents.put(
                    namespace,
                    new StoredDocument(namespace, revision, 0, "", "", StoredDocument.Action.PUT, text, "document"));
        }
        ReloadPlan plan = plan(new Snapshot(now.problem(), documents, removed, discarded, now.numbers()));
        List<String> problems = new ArrayList<>(plan.problems().getOrDefault(namespace, List.of()));
        String named = unreadable.get(namespace);
        if (named != null) {
            problems.add(named);
        }
        List<Step> steps = plan.steps().stream()
                .filter(step -> step.to().name().equals(namespace))
                .toList();
        String foreign = plan.foreign().get(namespace);
        List<String> remarks = new ArrayList<>();
        if (foreign != null) {
            remarks.add("shard " + foreign + " serves it, this node is of " + shard);
        } else if (text != null) {
            steps.forEach(step -> remarks.addAll(Remarks.of(step.to().document())));
        }
        return new Preview(problems, steps.stream().map(ReloadPlan::words).toList(), remarks);
    }

    private ReloadPlan plan(Snapshot snapshot) {
        return ReloadPlan.of(
                snapshot,
                parser,
                shard,
                applied,
                live.byName(),
                numbers.missing().keySet());
    }

    // ---- on home

    /** At once where it comes on home, as stores tell: one hop more, and what was told before a reading ended would undo it. */
    private void changed(Snapshot snapshot) {
        if (vertx.getOrCreateContext().equals(home)) {
            heard(snapshot);
        } else {
            home.runOnContext(told -> heard(snapshot));
        }
    }

    private void heard(Snapshot snapshot) {
        newest = snapshot;
        if (!queued && !closed) {
            queued = true;
            enqueue(this::run);
        }
    }

    /** One thing after the other. */
    private Future<Void> enqueue(Supplier<Future<Void>> work) {
        tail = tail.transform(done -> closed ? Future.succeededFuture() : work.get());
        return tail;
    }

    private Future<Void> run() {
        queued = false;
        Snapshot snapshot = newest;
        if (snapshot == null) {
            return Future.succeededFuture();
        }
        return numbers.complete(snapshot, applied).compose(this::run);
    }

    private Future<Void> run(Snapshot snapshot) {
        ReloadPlan plan = plan(snapshot);
        live.foreign(plan.foreign());
        tellHeld(plan.held());
        tellRefused(plan.problems());
        Future<Void> steps = Future.succeededFuture();
        for (Step step : plan.steps()) {
            steps = steps.compose(done -> closed ? Future.succeededFuture() : apply(step));
        }
        return steps.onComplete(done -> {
            tellUnnumbered(snapshot);
            describe(snapshot);
            if (!failures.isEmpty() && !closed) {
                vertx.setTimer(AGAIN.toMillis(), id -> again());
            }
        });
    }

    private void again() {
        if (!queued && !closed && !failures.isEmpty()) {
            queued = true;
            enqueue(this::run);
        }
    }

    private void tellHeld(String why) {
        if (!why.equals(held)) {
            held = why;
            if (!why.isEmpty()) {
                LOG.atError().addKeyValue(LogKeys.REASON, why).log("Documents are gone, which changes nothing");
            }
        }
    }

    private void tellRefused(Map<String, List<String>> problems) {
        problems.forEach((name, found) -> {
            if (!found.equals(refusals.get(name))) {
                count("refused");
                LOG.atWarn()
                        .addKeyValue(LogKeys.NAMESPACE, name)
                        .addKeyValue(LogKeys.REASON, String.join("; ", found))
                        .log("A namespace document is refused; what served before serves on");
            }
        });
        refusals = problems;
    }

    private void tellUnnumbered(Snapshot snapshot) {
        numbers.missing().forEach((name, why) -> {
            StoredDocument wanted = snapshot.documents().get(name);
            if (wanted != null && !closed) {
                failed(name, wanted.revision(), new WalException(ErrorCode.UNAVAILABLE, why));
            }
        });
    }

    /** Never fails: what goes wrong is kept as the namespace's failure. */
    private Future<Void> apply(Step step) {
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
    private Future<Void> limited(String name, Future<Void> work) {
        Promise<Void> promise = Promise.promise();
        long timer = vertx.setTimer(Math.max(1, applyLimit.toMillis()), id -> {
            if (promise.tryFail(new WalException(ErrorCode.UNAVAILABLE, "not done within " + applyLimit))) {
                late.add(name);
            }
        });
        work.onComplete(done -> home.runOnContext(back -> {
            vertx.cancelTimer(timer);
            if (late.remove(name)) {
                again();
            } else if (done.succeeded()) {
                promise.tryComplete();
            } else {
                promise.tryFail(done.cause());
            }
        }));
        return promise.future();
    }

    /** Route ids are durable before anybody can write to them. */
    private Future<Void> keep(Namespace to, int nextRoute, Map<String, Object> written) {
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
        return appliedStore.store(record).onSuccess(stored -> {
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
                    again();
                }
            });
        }
        return failed(step.to().name(), step.to().revision(), failure);
    }

    private Future<Void> failed(String name, long revision, Throwable failure) {
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

    private void count(String outcome) {
        metrics.counter(MetricNames.RELOADS, MetricNames.OUTCOME, outcome).increment();
    }

    // ---- what retires

    private void lookForDrained(long timer) {
        if (closed) {
            vertx.cancelTimer(timer);
        } else if (tail.isComplete()) {
            removeDrained();
        }
    }

    /** Removes what retires and has had nothing left for long enough; ends when that is done. */
    Future<Void> shrinkNow() {
        return onHome(this::removeDrained);
    }

    private Future<Void> removeDrained() {
        for (Namespace namespace : drains.look(live.all())) {
            enqueue(() -> shrink(namespace));
        }
        for (Namespace namespace : live.all()) {
            if (deployer.isMisplaced(namespace)) {
                enqueue(() -> move(namespace));
            }
        }
        Snapshot snapshot = newest;
        if (snapshot != null) {
            describe(snapshot);
        }
        return tail;
    }

    /** Never fails: it is found misplaced again. */
    private Future<Void> move(Namespace seen) {
        Namespace serving = live.find(seen.name());
        if (serving == null || !serving.equals(seen) || late.contains(seen.name()) || !deployer.isMisplaced(seen)) {
            return Future.succeededFuture();
        }
        return limited(seen.name(), deployer.replace(seen, seen)).transform(moved -> {
            LOG.atInfo()
                    .addKeyValue(LogKeys.NAMESPACE, seen.name())
                    .addKeyValue(LogKeys.REASON, moved.succeeded() ? "" : String.valueOf(moved.cause()))
                    .log(
                            moved.succeeded()
                                    ? "A namespace's queue has moved"
                                    : "A namespace's queue could not be moved yet");
            return Future.succeededFuture();
        });
    }

    /** Removes what has nothing left: the routes that retire, or the whole. */
    private Future<Void> shrink(Namespace seen) {
        AppliedRecord record = applied.get(seen.name());
        Namespace serving = live.find(seen.name());
        if (record == null || serving == null || !serving.equals(seen) || late.contains(seen.name())) {
            return Future.succeededFuture();
        }
        boolean whole = seen.state() != State.ACTIVE;
        Namespace to = whole
                ? Routing.inState(seen, State.RETIRED)
                : Routing.without(seen, drains.empty(seen), drains.emptyQueues(seen));
        Future<Void> work = whole ? deployer.remove(seen) : deployer.replace(seen, to);
        return limited(seen.name(), work)
                .compose(done -> keep(to, record.nextRoute(), record.written()))
                .onSuccess(done -> {
                    drains.forget(seen.name());
                    count(whole ? "removed" : "applied");
                    LOG.atInfo()
                            .addKeyValue(LogKeys.NAMESPACE, seen.name())
                            .addKeyValue(LogKeys.STATE, to.state())
                            .log(whole ? "A namespace is gone" : "A route or a queue is delivered and gone");
                    Snapshot snapshot = newest;
                    if (snapshot != null) {
                        describe(snapshot);
                    }
                })
                .recover(failure -> {
                    LOG.atWarn()
                            .addKeyValue(LogKeys.NAMESPACE, seen.name())
                            .addKeyValue(LogKeys.REASON, failure.getMessage())
                            .log("What retired could not be removed; trying again");
                    return Future.succeededFuture();
                });
    }

    // ---- for people

    private void describe(Snapshot snapshot) {
        Map<String, NamespaceStatus> next = new TreeMap<>();
        snapshot.documents().forEach((name, document) -> next.put(name, status(name, document)));
        live.byName().keySet().forEach(name -> next.computeIfAbsent(name, gone -> status(name, null)));
        applied.values().stream()
                .filter(record -> record.state() != State.RETIRED)
                .forEach(record -> next.computeIfAbsent(record.namespace(), gone -> status(gone, null)));
        statuses = next;
    }

    private NamespaceStatus status(String name, @Nullable StoredDocument document) {
        Namespace serving = live.find(name);
        List<String> problems = new ArrayList<>(refusals.getOrDefault(name, List.of()));
        String failure = failures.get(name);
        if (failure != null) {
            problems.add("not applied, it is tried again: " + failure);
        }
        String waits = drains.waiting().get(name);
        if (waits != null) {
            problems.add(waits);
        }
        if (document == null && !held.isEmpty() && serving != null && serving.state() == State.ACTIVE) {
            problems.add("its document is gone, which changes nothing: " + held);
        }
        Deployer.Condition condition = deployer.condition(name);
        problems.addAll(condition.problems());
        List<String> remarks = new ArrayList<>(serving == null ? List.of() : Remarks.of(serving.document()));
        remarks.addAll(condition.remarks());
        String shard = live.foreign().get(name);
        if (shard != null) {
            remarks.add("shard " + shard + " serves it, this node is of " + this.shard);
        }
        String absent = !problems.isEmpty() ? "REFUSED" : shard != null ? "FOREIGN" : "PENDING";
        String state = serving != null ? serving.state().name() : absent;
        return new NamespaceStatus(
                name,
                document == null ? 0 : document.revision(),
                serving == null ? 0 : serving.revision(),
                state,
                List.copyOf(problems),
                List.copyOf(remarks),
                document == null ? "" : document.text());
    }

    private <T> Future<T> onHome(Supplier<Future<T>> work) {
        Promise<T> promise = Promise.promise();
        home.runOnContext(run -> {
            try {
                work.get().onComplete(promise);
            } catch (RuntimeException e) {
                promise.fail(e);
            }
        });
        return promise.future();
    }
}
