package io.forelog.config;

import io.forelog.config.ConfigStore.Snapshot;
import io.forelog.config.Namespace.State;
import io.forelog.config.ReloadPlan.Step;
import io.forelog.model.ErrorCode;
import io.forelog.model.Ticker;
import io.forelog.model.WalException;
import io.forelog.observe.LogKeys;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
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

    private final Vertx vertx;
    private final Context home;
    private final ConfigStore store;
    private final AppliedStore appliedStore;
    private final DocumentParser parser;
    private final String shard;
    private final Deployer deployer;
    private final LiveNamespaces live;
    private final DrainWatch drains;
    private final SharedNumbers numbers;
    private final Applier applier;
    private final Describer describer;

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
        this.drains = new DrainWatch(deployer, ticker, drained);
        this.numbers = new SharedNumbers(store, parser);
        this.applier = new Applier(vertx, home, appliedStore, deployer, live, applyLimit, metrics, this::again);
        this.describer = new Describer(shard, deployer, live);
    }

    /** Ends when everything that can serve serves. Fails only where the stores can't be read. */
    public Future<Void> start(Duration drainCheck) {
        return onHome(() -> appliedStore
                .load()
                .compose(loaded -> {
                    applier.load(loaded);
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
        applier.unreadable(namespace).ifPresent(problems::add);
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
                applier.applied(),
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
        return numbers.complete(snapshot, applier.applied()).compose(this::run);
    }

    private Future<Void> run(Snapshot snapshot) {
        ReloadPlan plan = plan(snapshot);
        live.foreign(plan.foreign());
        tellHeld(plan.held());
        tellRefused(plan.problems());
        Future<Void> steps = Future.succeededFuture();
        for (Step step : plan.steps()) {
            steps = steps.compose(done -> closed ? Future.succeededFuture() : applier.apply(step));
        }
        return steps.onComplete(done -> {
            tellUnnumbered(snapshot);
            describe(snapshot);
            if (!applier.failures().isEmpty() && !closed) {
                vertx.setTimer(AGAIN.toMillis(), id -> again());
            }
        });
    }

    private void again() {
        if (!queued && !closed && !applier.failures().isEmpty()) {
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
                applier.count("refused");
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
                applier.failed(name, wanted.revision(), new WalException(ErrorCode.UNAVAILABLE, why));
            }
        });
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
        if (serving == null || !serving.equals(seen) || applier.isLate(seen.name()) || !deployer.isMisplaced(seen)) {
            return Future.succeededFuture();
        }
        return applier.limited(seen.name(), deployer.replace(seen, seen)).transform(moved -> {
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
        AppliedRecord record = applier.applied().get(seen.name());
        Namespace serving = live.find(seen.name());
        if (record == null || serving == null || !serving.equals(seen) || applier.isLate(seen.name())) {
            return Future.succeededFuture();
        }
        boolean whole = seen.state() != State.ACTIVE;
        Namespace to = whole
                ? Routing.inState(seen, State.RETIRED)
                : Routing.without(seen, drains.empty(seen), drains.emptyQueues(seen));
        Future<Void> work = whole ? deployer.remove(seen) : deployer.replace(seen, to);
        return applier.limited(seen.name(), work)
                .compose(done -> applier.keep(to, record.nextRoute(), record.written()))
                .onSuccess(done -> {
                    drains.forget(seen.name());
                    applier.count(whole ? "removed" : "applied");
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

    private void describe(Snapshot snapshot) {
        statuses = describer.describe(
                snapshot,
                applier.applied().values(),
                new Describer.Obstacles(refusals, applier.failures(), drains.waiting(), held));
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
