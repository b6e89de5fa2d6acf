package io.forelog.app;

import io.forelog.config.Namespace;
import io.forelog.config.QueueGeneration;
import io.forelog.model.ErrorCode;
import io.forelog.model.Ticker;
import io.forelog.model.WalException;
import io.forelog.queue.CombinedQueue;
import io.forelog.queue.OpeningQueue;
import io.forelog.queue.Part;
import io.forelog.queue.Queue;
import io.forelog.queue.QueueDepth;
import io.forelog.queue.QueueSpec;
import io.forelog.queue.QueueSpec.EntryClass;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The queues of one namespace: those of its document and those that drain, made one for the pumps. Opened, updated and closed by
 * its {@link NamespaceRuntime}, one call at a time; the questions come from any thread. At most four queues.
 */
final class NamespaceQueues {
    /** How long a start waits for a queue before it goes on without it. */
    private static final long PATIENCE_MILLIS = 3_000;

    private final Vertx vertx;
    private final Ticker ticker;
    private final Media media;
    private final Homes homes;
    private final boolean patient;
    /** By generation; of those that are open or being opened. */
    private final Map<Integer, Opened> queues = new ConcurrentHashMap<>();

    private volatile @Nullable Queue whole;

    /** A generation and its queue. */
    private record Opened(QueueGeneration generation, Queue queue) {}

    /** {@code patient}: the namespace served before this start, so that it must serve on though a queue can't be reached. */
    NamespaceQueues(Vertx vertx, Ticker ticker, Media media, Homes homes, boolean patient) {
        this.homes = homes;
        this.vertx = vertx;
        this.ticker = ticker;
        this.media = media;
        this.patient = patient;
    }

    /** All that are open become one. On failure those that were opened are closed. */
    Future<Queue> open(Namespace namespace) {
        List<Future<Queue>> opening = new ArrayList<>();
        for (QueueGeneration generation : namespace.queues()) {
            opening.add(open(namespace, generation)
                    .onSuccess(queue -> queues.put(generation.id(), new Opened(generation, queue))));
        }
        return Future.join(opening)
                .map(all -> joined(namespace))
                .onSuccess(queue -> whole = queue)
                .recover(failure -> close().transform(closed -> Future.failedFuture(failure)));
    }

    private Queue joined(Namespace namespace) {
        List<Opened> all = new ArrayList<>(new TreeMap<>(queues).values());
        if (all.size() == 1) {
            return all.get(0).queue();
        }
        List<Part> parts = new ArrayList<>();
        for (Opened one : all) {
            Set<EntryClass> serves = one.generation().draining()
                    ? EnumSet.noneOf(EntryClass.class)
                    : Specs.classes(one.generation().queue());
            parts.add(new Part(
                    one.generation().id(),
                    one.generation().queue().type(),
                    one.queue(),
                    serves,
                    () -> homes.behind(namespace.name(), namespace.revision()).isEmpty()));
        }
        return new CombinedQueue(Specs.queue(namespace), parts, ticker, this::later);
    }

    private void later(long millis, Runnable what) {
        vertx.setTimer(millis, timer -> what.run());
    }

    /**
     * What a document names for the first time must be there; a queue that drains, and any of a namespace that served before,
     * may come later. What is wrong with the data itself, or with the document, is not waited for.
     */
    private Future<Queue> open(Namespace namespace, QueueGeneration generation) {
        QueueSpec spec = Specs.queue(namespace, generation);
        Future<Queue> attempt = attempt(spec, generation);
        if (!patient && !generation.draining()) {
            return attempt;
        }
        return attempt.timeout(PATIENCE_MILLIS, TimeUnit.MILLISECONDS).recover(failure -> {
            ErrorCode code = attempt.failed() ? WalException.of(attempt.cause()).code() : ErrorCode.UNAVAILABLE;
            boolean hopeless = code == ErrorCode.CORRUPT || code == ErrorCode.INVALID_ARGUMENT;
            return hopeless && !generation.draining()
                    ? Future.failedFuture(attempt.cause())
                    : Future.succeededFuture(new OpeningQueue(
                            spec,
                            media.capabilities(generation.queue().type()),
                            attempt,
                            () -> attempt(spec, generation),
                            this::later));
        });
    }

    private Future<Queue> attempt(QueueSpec spec, QueueGeneration generation) {
        return media.of(generation.queue().type()).compose(medium -> medium.open(spec));
    }

    /**
     * Opens the queues of {@code next} that {@code old} does not have, and closes them again: one that can't be used is found while
     * all goes on as before. Embedded ones wait until it is known whose they are.
     */
    Future<Void> tryNew(Namespace old, Namespace next) {
        List<Future<Void>> tries = new ArrayList<>();
        for (QueueGeneration generation : next.queues()) {
            boolean known = old.queues().stream().anyMatch(queue -> queue.id() == generation.id());
            if (!known && !generation.draining() && !Placement.isEmbedded(generation)) {
                tries.add(attempt(Specs.queue(next, generation), generation).compose(Queue::close));
            }
        }
        return Future.join(tries).mapEmpty();
    }

    /** Routes and policies change in what is open; queues that are no longer named are closed, and emptied of what was settled. */
    Future<Void> update(Namespace next) {
        Queue now = whole;
        if (now == null) {
            return Future.failedFuture(
                    new WalException(ErrorCode.UNAVAILABLE, "namespace " + next.name() + ": its queue is not open"));
        }
        Future<Void> updated = now instanceof CombinedQueue
                ? now.update(Specs.queue(next))
                : now.update(Specs.queue(next, next.queues().get(0)));
        List<Integer> gone = queues.keySet().stream()
                .filter(id -> next.queues().stream().noneMatch(queue -> queue.id() == id))
                .toList();
        Future<Void> retired = updated;
        for (int id : gone) {
            retired = retired.compose(done -> retire(next, id));
        }
        return retired;
    }

    private Future<Void> retire(Namespace next, int id) {
        Opened gone = queues.get(id);
        if (gone == null || !(whole instanceof CombinedQueue combined)) {
            return Future.succeededFuture();
        }
        String type = gone.generation().queue().type();
        boolean only =
                next.queues().stream().noneMatch(queue -> queue.queue().type().equals(type));
        return combined.retire(id)
                .compose(closed ->
                        only ? media.of(type).compose(medium -> medium.remove(next.name())) : Future.succeededFuture())
                .onSuccess(done -> queues.remove(id));
    }

    /** Whether {@code next} can be served without opening anything anew. */
    boolean fits(Namespace now, Namespace next) {
        List<QueueGeneration> without = now.queues().stream()
                .filter(queue ->
                        !queue.draining() || next.queues().stream().anyMatch(other -> other.id() == queue.id()))
                .toList();
        return without.equals(next.queues())
                && Specs.queue(now).ordered() == Specs.queue(next).ordered();
    }

    // ---- questions

    Collection<String> problems() {
        List<String> problems = unopened();
        queues.values().forEach(one -> {
            String trouble = one.queue().trouble();
            if (!trouble.isEmpty()) {
                problems.add(told(one.generation()) + ": " + trouble);
            }
        });
        return problems;
    }

    private List<String> unopened() {
        List<String> problems = new ArrayList<>();
        queues.values().forEach(one -> {
            if (one.queue() instanceof OpeningQueue opening
                    && !opening.problem().isEmpty()) {
                problems.add(told(one.generation()) + " is not open, tried again: " + opening.problem());
            }
        });
        return problems;
    }

    Collection<String> notes(Namespace namespace) {
        List<String> notes = new ArrayList<>();
        queues.values().forEach(one -> {
            if (one.generation().draining()) {
                long left = 0;
                long dead = 0;
                for (Namespace.Route route : namespace.routes().values()) {
                    QueueDepth depth = one.queue().depth(route.id());
                    left += CombinedQueue.undelivered(depth);
                    dead += depth.dead();
                }
                notes.add(told(one.generation()) + " is being drained: " + left + " obligations to be delivered, "
                        + dead + " dead letters to be redriven or purged");
            }
        });
        return notes;
    }

    private static String told(QueueGeneration generation) {
        return "queue " + generation.id() + " (" + generation.queue().type() + ")";
    }

    boolean allOpen() {
        return unopened().isEmpty();
    }

    /**
     * Whether nothing is left in a queue that drains, by what memory knows; what can be replayed from it is left, too, until
     * the retention has passed.
     */
    boolean drained(Namespace namespace, int id) {
        Opened one = queues.get(id);
        if (one == null || !one.generation().draining() || !allOpen()) {
            return false;
        }
        if (!homes.behind(namespace.name(), namespace.revision()).isEmpty()) {
            return false;
        }
        boolean empty = namespace.routes().values().stream()
                .map(route -> one.queue().depth(route.id()))
                .allMatch(depth -> CombinedQueue.undelivered(depth) == 0 && depth.dead() == 0);
        long kept = one.queue().capabilities().rangeRead()
                ? namespace.document().retention().toNanos() / 1_000
                : 0;
        return empty && ticker.micros() - one.generation().sinceMicros() >= kept;
    }

    /** Fails with CONFLICT where a count of the stores finds something to be done. */
    Future<Void> checkEmpty(Collection<Integer> ids) {
        List<Future<Void>> checks = new ArrayList<>();
        ids.forEach(id -> {
            Opened one = queues.get(id);
            if (one != null) {
                checks.add(one.queue()
                        .tally()
                        .compose(tally -> tally.routes().stream()
                                        .allMatch(route -> route.pending() == 0 && route.deadStored() == 0)
                                ? Future.succeededFuture()
                                : Future.failedFuture(new WalException(
                                        ErrorCode.CONFLICT,
                                        told(one.generation()) + ": not empty, by count of its store"))));
            }
        });
        return Future.join(checks).mapEmpty();
    }

    /** As {@link Queue#atRest}, of all of them. */
    void atRest() {
        queues.values().forEach(one -> one.queue().atRest());
    }

    Future<Void> close() {
        whole = null;
        List<Opened> all = List.copyOf(queues.values());
        queues.clear();
        return Future.join(all.stream().map(one -> one.queue().close()).toList())
                .otherwiseEmpty()
                .mapEmpty();
    }
}
