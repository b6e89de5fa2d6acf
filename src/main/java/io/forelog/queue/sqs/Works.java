package io.forelog.queue.sqs;

import io.forelog.blob.BlobStore;
import io.forelog.model.AppendOutcome;
import io.forelog.model.Entry;
import io.forelog.model.ErrorCode;
import io.forelog.model.Ticker;
import io.forelog.model.WalException;
import io.forelog.observe.LogKeys;
import io.forelog.observe.MetricNames;
import io.forelog.queue.MediumOptions;
import io.forelog.queue.QueueDepth;
import io.forelog.queue.QueueSpec;
import io.forelog.queue.Tally;
import io.forelog.queue.Transfer;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.internal.ContextInternal;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.services.sqs.model.QueueAttributeName;

/**
 * All that one namespace's queue is made of, put together and run: finds its SQS queues (again and again where SQS can't be
 * reached), appends, looks after what is in hand once a second, counts, and closes. Owned by the home but for the volatile
 * figures.
 */
final class Works {
    private static final Logger LOG = LoggerFactory.getLogger(Works.class);
    private static final long LOOK_MILLIS = 500;
    private static final int COUNT_EVERY = 60;
    private static final long AGAIN_MILLIS = 2_000;
    private static final long CLOSE_MILLIS = 5_000;

    private final SqsCalls calls;
    private final ContextInternal home;
    private final SqsSettings settings;
    private QueueNames names;
    private final Supplier<QueueSpec> spec;
    private final Supplier<Future<BlobStore>> blobs;
    private final Books books;
    private final Ticker ticker;
    private final MeterRegistry metrics;
    private final List<Meter> meters = new ArrayList<>();
    private final DistributionSummary filled;

    private final List<Line> lines = new ArrayList<>();
    private final Map<Line, Line> graves = new LinkedHashMap<>();
    private final Spread spread = new Spread();
    private final Shelf shelf;
    private final Endings endings;
    private final Receiving receiving;
    private final Settling settling;
    private final Keeping keeping;
    private final DeadLetterBox dead;

    private long timer = -1;
    private int looks;
    private boolean closed;
    private volatile String trouble = "not opened yet";
    private volatile int sending;
    private volatile Map<Integer, QueueDepth> depths = Map.of();
    private volatile long visible;
    private volatile long later;
    private volatile long buried;

    Works(
            SqsCalls calls,
            MediumOptions node,
            SqsSettings settings,
            QueueNames names,
            Supplier<QueueSpec> spec,
            Supplier<Future<BlobStore>> blobs,
            Books books) {
        this.calls = calls;
        this.home = calls.home();
        this.settings = settings;
        this.names = names;
        this.spec = spec;
        this.blobs = blobs;
        this.books = books;
        this.ticker = node.ticker();
        this.metrics = node.metrics();
        String namespace = spec.get().namespace();
        this.shelf = new Shelf(settings.heldMessages(), settings.heldBytes(), names.fifo());
        Loads loads = new Loads(home, shelf);
        Burials burials = new Burials(ticker, books, spec, graves);
        this.endings = new Endings(home, ticker, shelf, loads, books, settings, burials);
        this.receiving = new Receiving(home, names, settings, ticker, shelf, loads, endings, burials, namespace);
        this.settling = new Settling(home, ticker, shelf, endings);
        this.keeping = new Keeping(shelf, receiving, endings, ticker, settings, names.fifo());
        this.dead = new DeadLetterBox(namespace, ticker, books, settings.deadLettersScanned(), settings.heldBytes());
        this.endings.onMove(receiving::look);
        this.filled = DistributionSummary.builder(MetricNames.SQS_BATCH_ENTRIES)
                .tag(MetricNames.NAMESPACE, namespace)
                .register(metrics);
        meters.add(filled);
        meters.add(Gauge.builder(MetricNames.SQS_SENDING, this, works -> works.sending)
                .tag(MetricNames.NAMESPACE, namespace)
                .register(metrics));
        meters.add(Gauge.builder(MetricNames.SQS_HELD, shelf, Shelf::messages)
                .tag(MetricNames.NAMESPACE, namespace)
                .register(metrics));
    }

    Shelf shelf() {
        return shelf;
    }

    Receiving receiving() {
        return receiving;
    }

    Settling settling() {
        return settling;
    }

    DeadLetterBox dead() {
        return dead;
    }

    String trouble() {
        return trouble;
    }

    // ---- opening

    /** Fails where the queues can't be used; where SQS can't be reached it ends, and goes on trying. */
    Future<Void> open() {
        timer = home.owner().setPeriodic(LOOK_MILLIS, run -> home.runOnContext(look -> look()));
        return find().recover(failure -> {
            if (WalException.of(failure).code() == ErrorCode.INVALID_ARGUMENT) {
                return abandon().transform(closed -> Future.failedFuture(failure));
            }
            findAgain(failure);
            return Future.succeededFuture();
        });
    }

    private Future<Void> find() {
        Opening opening = new Opening(calls, settings.create(), settings.messageBytes());
        Map<String, Line> found = new HashMap<>();
        return Opening.each(names.queues(), name -> found(opening, "wal-queue", name, found))
                .compose(queues -> Opening.each(names.dead(), name -> found(opening, "wal-dlq-queue", name, found)))
                .onSuccess(all -> {
                    if (!closed) {
                        opened(found);
                        receiving.open(lines);
                    }
                });
    }

    private Future<Void> found(Opening opening, String key, String name, Map<String, Line> into) {
        if (into.containsKey(name)) {
            return Future.succeededFuture();
        }
        return opening.find(key, name).map(found -> {
            into.put(
                    name,
                    new Line(
                            calls,
                            name,
                            found.url(),
                            found.messageBytes(),
                            settings,
                            new ClaimCheck(home, blobs, found.messageBytes(), settings.requestLimit()),
                            filled::record));
            return null;
        });
    }

    private void opened(Map<String, Line> found) {
        for (int i = 0; i < names.queues().size(); i++) {
            Line line = found.get(names.queues().get(i));
            Line grave = found.get(names.dead().get(i));
            if (line != null && grave != null) {
                lines.add(line);
                graves.put(line, grave);
            }
        }
        trouble = "";
        dead.open(graves);
        count();
    }

    /** Queues that are named anew are used too; what is named no more keeps what it has. Only on failure nothing changes. */
    Future<Void> update(QueueNames next) {
        if (next.equals(names)) {
            return Future.succeededFuture();
        } else if (lines.isEmpty()) {
            names = next;
            receiving.update(next);
            return Future.succeededFuture();
        }
        Opening opening = new Opening(calls, settings.create(), settings.messageBytes());
        Map<String, Line> found = new HashMap<>();
        lines.forEach(line -> found.put(line.name, line));
        graves.values().forEach(grave -> found.put(grave.name, grave));
        return Opening.each(next.queues(), name -> found(opening, "wal-queue", name, found))
                .compose(queues -> Opening.each(next.dead(), name -> found(opening, "wal-dlq-queue", name, found)))
                .onSuccess(all -> {
                    names = next;
                    receiving.update(next);
                    List<Line> before = List.copyOf(lines);
                    lines.clear();
                    opened(found);
                    receiving.open(lines.stream()
                            .filter(line -> !before.contains(line))
                            .toList());
                });
    }

    private void findAgain(Throwable failure) {
        trouble = String.valueOf(failure.getMessage());
        LOG.atError()
                .addKeyValue(LogKeys.NAMESPACE, spec.get().namespace())
                .addKeyValue(LogKeys.REASON, failure.getMessage())
                .log("SQS queues not found yet; tried again");
        home.setTimer(AGAIN_MILLIS, again -> tryAgain());
    }

    private void tryAgain() {
        if (!closed) {
            find().onFailure(failure -> {
                trouble = String.valueOf(failure.getMessage());
                home.setTimer(AGAIN_MILLIS, again -> tryAgain());
            });
        }
    }

    // ---- producing

    Future<List<AppendOutcome>> append(List<Entry> entries) {
        if (lines.isEmpty()) {
            return Future.succeededFuture(entries.stream()
                    .map(entry -> AppendOutcome.refused(entry.id(), ErrorCode.UNAVAILABLE, "SQS: " + trouble))
                    .toList());
        }
        long now = ticker.micros();
        List<Future<AppendOutcome>> outcomes = new ArrayList<>(entries.size());
        for (Entry entry : entries) {
            outcomes.add(append(entry, now));
        }
        Promise<List<AppendOutcome>> all = home.promise();
        int[] left = {outcomes.size()};
        AppendOutcome[] ended = new AppendOutcome[outcomes.size()];
        for (int i = 0; i < ended.length; i++) {
            int at = i;
            outcomes.get(i).onSuccess(outcome -> {
                ended[at] = outcome;
                if (--left[0] == 0) {
                    all.complete(List.of(ended));
                }
            });
        }
        if (entries.isEmpty()) {
            all.complete(List.of());
        }
        return all.future();
    }

    private Future<AppendOutcome> append(Entry entry, long now) {
        if (names.fifo() && entry.delayed()) {
            return Future.succeededFuture(
                    AppendOutcome.refused(
                            entry.id(),
                            ErrorCode.INVALID_ARGUMENT,
                            "lifecycle.delay: a FIFO queue serves the immediate only (expected: no delay, or a standard queue)"));
        }
        Line line = lines.get(spread.queue(entry, lines.size()));
        return line.send(Parcel.fresh(entry), endings.delays().delaySeconds(entry.dueMicros(), now))
                .map(sent -> {
                    if (sent.isStored()) {
                        books.appended(entry.routes());
                    }
                    return sent.outcome(entry.id(), line.name);
                });
    }

    Future<Void> moveIn(List<Transfer> transfers) {
        List<Future<Void>> sent = new ArrayList<>(transfers.size());
        for (Transfer each : transfers) {
            Obligation obligation = new Obligation(
                    each.route(),
                    each.dueMicros(),
                    each.attempts(),
                    each.firstFailure(),
                    each.lastFailure(),
                    each.redrives(),
                    0);
            sent.add(send(each.entry(), obligation)
                    .onSuccess(stored -> books.count(each.route(), Books.Line.MOVED_IN, 1)));
        }
        return Future.join(sent).mapEmpty();
    }

    Future<Void> readmit(List<Entry> entries, int route) {
        List<Future<Void>> sent = new ArrayList<>(entries.size());
        for (Entry each : entries) {
            sent.add(send(each, Obligation.fresh(route, ticker.micros()))
                    .onSuccess(stored -> books.count(route, Books.Line.ACCEPTED, 1)));
        }
        return Future.join(sent).mapEmpty();
    }

    private Future<Void> send(Entry entry, Obligation obligation) {
        if (lines.isEmpty()) {
            return Future.failedFuture(new WalException(ErrorCode.UNAVAILABLE, "SQS: " + trouble));
        }
        Line line = lines.get(spread.queue(entry, lines.size()));
        return line.send(
                        Parcel.of(entry, List.of(obligation)),
                        endings.delays().delaySeconds(obligation.dueMicros(), ticker.micros()))
                .compose(sent -> sent.isStored() ? Future.succeededFuture() : Future.failedFuture(sent.failure()));
    }

    // ---- looking after it

    void look() {
        if (closed) {
            return;
        }
        int under = 0;
        for (Line line : lines) {
            line.sends.refuseOld();
            under += line.sends.sending();
        }
        graves.values().forEach(grave -> grave.sends.refuseOld());
        sending = under;
        keeping.look();
        receiving.look();
        books.save();
        if (++looks % COUNT_EVERY == 0) {
            count();
        }
        Map<Integer, QueueDepth> next = new HashMap<>();
        spec.get().routes().forEach(route -> next.put(route, depthOf(route)));
        depths = next;
    }

    private QueueDepth depthOf(int route) {
        var ready = shelf.readyOf(route);
        return new QueueDepth(
                visible + ready.size(),
                later + shelf.scheduled() + endings.hidden(),
                shelf.takenCount(route),
                shelf.parkedCount(route),
                buried,
                ready.isEmpty() ? 0 : ready.first().dueMicros(),
                0);
    }

    QueueDepth depth(int route) {
        return depths.getOrDefault(route, QueueDepth.EMPTY);
    }

    private void count() {
        counted().onSuccess(counts -> {
            visible = counts.visible();
            later = counts.later();
            buried = counts.buried();
        });
    }

    /** What SQS believes to hold: messages, not obligations. */
    private record Counts(long visible, long later, long notVisible, long buried) {}

    private Future<Counts> counted() {
        List<Future<Map<QueueAttributeName, String>>> queues =
                lines.stream().map(Line::attributes).toList();
        List<Future<Map<QueueAttributeName, String>>> dlqs =
                graves.values().stream().distinct().map(Line::attributes).toList();
        return Future.all(queues)
                .compose(all -> Future.all(dlqs))
                .map(all -> new Counts(
                        sum(queues, QueueAttributeName.APPROXIMATE_NUMBER_OF_MESSAGES),
                        sum(queues, QueueAttributeName.APPROXIMATE_NUMBER_OF_MESSAGES_DELAYED),
                        sum(queues, QueueAttributeName.APPROXIMATE_NUMBER_OF_MESSAGES_NOT_VISIBLE),
                        sum(dlqs, QueueAttributeName.APPROXIMATE_NUMBER_OF_MESSAGES)
                                + sum(dlqs, QueueAttributeName.APPROXIMATE_NUMBER_OF_MESSAGES_NOT_VISIBLE)));
    }

    private static long sum(List<Future<Map<QueueAttributeName, String>>> all, QueueAttributeName name) {
        long sum = 0;
        for (Future<Map<QueueAttributeName, String>> each : all) {
            sum += Long.parseLong(each.result().getOrDefault(name, "0"));
        }
        return sum;
    }

    /** SQS counts messages: with several routes a route has at most so many, and what its counters leave open. */
    Future<Tally> tally() {
        if (lines.isEmpty()) {
            return Future.failedFuture(new WalException(ErrorCode.UNAVAILABLE, "SQS: " + trouble));
        }
        return counted().map(counts -> {
            long messages = counts.visible() + counts.later() + counts.notVisible();
            List<Integer> routes = spec.get().routes();
            List<Tally.RouteTally> tallies = new ArrayList<>(routes.size());
            for (int route : routes) {
                long inBooks = Math.max(0, books.get(route, Books.Line.DEAD) - books.get(route, Books.Line.PURGED));
                boolean only = routes.size() == 1;
                tallies.add(books.tally(
                        route,
                        only ? messages : share(messages, books.open(route)),
                        only ? counts.buried() : share(counts.buried(), inBooks)));
            }
            return new Tally(books.entries(), tallies, false);
        });
    }

    /** Never nothing where there is something: what looks empty may be closed for good. */
    private static long share(long messages, long inBooks) {
        return messages == 0 ? 0 : Math.max(1, Math.min(messages, inBooks));
    }

    // ---- the end

    /** Lets what is under way end, gives back what is in hand. */
    Future<Void> close() {
        receiving.close();
        lines.forEach(line -> line.sends.close());
        graves.values().forEach(line -> line.sends.close());
        return quiet().compose(done -> {
                    List<Future<String>> shown = new ArrayList<>();
                    for (Held held : shelf.all()) {
                        if (!held.leaving) {
                            shown.add(held.line.hide(held.receipt, 0));
                        }
                    }
                    return Future.join(shown).compose(all -> dead.close());
                })
                .transform(done -> books.save())
                .transform(done -> abandon());
    }

    /** Ends when nothing but polls is under way, or after a while. */
    Future<Void> quiet() {
        Promise<Void> quiet = home.promise();
        awaitQuiet(quiet, System.nanoTime() + CLOSE_MILLIS * 1_000_000L);
        return quiet.future().compose(done -> books.save());
    }

    private void awaitQuiet(Promise<Void> quiet, long deadlineNanos) {
        boolean idle =
                lines.stream().allMatch(Line::idle) && graves.values().stream().allMatch(Line::idle);
        if (idle || System.nanoTime() - deadlineNanos > 0) {
            quiet.complete();
        } else {
            home.setTimer(20, again -> awaitQuiet(quiet, deadlineNanos));
        }
    }

    /** Stops at once; what SQS answers from now on is nobody's. */
    Future<Void> abandon() {
        closed = true;
        endings.close();
        receiving.close();
        home.owner().cancelTimer(timer);
        meters.forEach(metrics::remove);
        return Future.succeededFuture();
    }
}
