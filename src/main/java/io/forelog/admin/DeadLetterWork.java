package io.forelog.admin;

import io.forelog.config.Namespace;
import io.forelog.model.EntryId;
import io.forelog.model.ErrorCode;
import io.forelog.model.Ticker;
import io.forelog.model.WalException;
import io.forelog.queue.DeadLetter;
import io.forelog.queue.DeadLetterCursor;
import io.forelog.queue.EntryStatus;
import io.forelog.queue.Queue;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Redrives or purges the dead letters that a filter chooses. What dies after the start is left alone, so that a sick
 * target can't keep a redrive going for ever. One job's, on its event loop.
 */
final class DeadLetterWork {
    private static final int PAGE = 200;
    private static final long POLL_FIRST_MILLIS = 20;
    private static final long POLL_MAX_MILLIS = 1_000;

    private final Queue queue;
    private final @Nullable Namespace namespace;
    private final EntryFilter filter;
    private final Plan plan;
    private final Ticker ticker;
    private final Later later;

    /**
     * @param purge delete instead of redrive
     * @param limit most letters
     * @param first so many go first, and the rest only when all of them were delivered; 0 = no such trial
     * @param firstTimeout how long their outcome is waited for
     */
    record Plan(boolean purge, boolean dryRun, long limit, double perSecond, int first, Duration firstTimeout) {}

    DeadLetterWork(
            Queue queue, @Nullable Namespace namespace, EntryFilter filter, Plan plan, Ticker ticker, Later later) {
        this.queue = queue;
        this.namespace = namespace;
        this.filter = filter;
        this.plan = plan;
        this.ticker = ticker;
        this.later = later;
    }

    Future<Void> run(Job job) {
        Pace pace = new Pace(plan.perSecond(), ticker);
        if (plan.first() == 0 || plan.dryRun() || plan.purge()) {
            return sweep(job, plan.limit(), pace, null);
        }
        List<DeadLetter> trial = new ArrayList<>();
        return sweep(job, Math.min(plan.first(), plan.limit()), pace, trial)
                .compose(done -> delivered(job, trial))
                .compose(done -> {
                    job.says("");
                    return job.cancelled() ? Future.succeededFuture() : rest(job, trial, pace);
                });
    }

    private Future<Void> rest(Job job, List<DeadLetter> trial, Pace pace) {
        long left = plan.limit() - trial.size();
        return trial.isEmpty() || left <= 0 ? Future.succeededFuture() : sweep(job, left, pace, null);
    }

    /** {@code chosen} collects what was taken, where it is not null. */
    private Future<Void> sweep(Job job, long limit, Pace pace, @Nullable List<DeadLetter> chosen) {
        Sweep.Action<DeadLetter> action = some -> {
            List<String> ids = some.stream().map(DeadLetter::id).toList();
            return plan.purge() ? queue.purge(ids) : queue.redrive(ids);
        };
        return new Sweep<DeadLetter>(
                        job,
                        later,
                        cursor -> queue.deadLetters(new DeadLetterCursor(-1, cursor), PAGE),
                        letter -> wanted(job, letter, chosen),
                        plan.dryRun() ? null : action,
                        pace,
                        limit)
                .run();
    }

    private boolean wanted(Job job, DeadLetter letter, @Nullable List<DeadLetter> chosen) {
        if (letter.diedMicros() > job.startedMicros() || !filter.matches(letter, namespace)) {
            return false;
        }
        job.matched(Views.deadLetterLine(letter, namespace));
        if (chosen != null) {
            chosen.add(letter);
        }
        return true;
    }

    private Future<Void> delivered(Job job, List<DeadLetter> trial) {
        if (trial.isEmpty()) {
            return Future.succeededFuture();
        }
        job.says("waiting for the outcome of the first " + trial.size());
        Promise<Void> end = Promise.promise();
        long deadline = ticker.micros() + Times.micros(plan.firstTimeout());
        await(job, new ArrayList<>(trial), deadline, POLL_FIRST_MILLIS, end);
        return end.future();
    }

    private void await(Job job, List<DeadLetter> open, long deadline, long pauseMillis, Promise<Void> end) {
        if (open.isEmpty() || job.cancelled()) {
            end.tryComplete();
            return;
        }
        DeadLetter letter = open.get(0);
        EntryId id = letter.entry().id();
        queue.find(id)
                .onComplete(
                        found -> {
                            Optional<EntryStatus.RouteStatus> status = found.flatMap(entry -> entry.routes().stream()
                                    .filter(route -> route.route() == letter.route())
                                    .findFirst());
                            if (status.isEmpty()) {
                                end.tryFail(stop(id, "can't be looked up any more"));
                                return;
                            }
                            boolean late = ticker.micros() >= deadline;
                            switch (status.get().state()) {
                                case DELIVERED -> {
                                    open.remove(0);
                                    later.run(0, () -> await(job, open, deadline, POLL_FIRST_MILLIS, end));
                                }
                                case DEAD, EXPIRED, CANCELLED -> end.tryFail(stop(id, ended(status.get())));
                                default -> {
                                    if (late) {
                                        end.tryFail(stop(id, ended(status.get()) + " after " + plan.firstTimeout()));
                                    } else {
                                        long next = Math.min(POLL_MAX_MILLIS, pauseMillis * 2);
                                        later.run(pauseMillis, () -> await(job, open, deadline, next, end));
                                    }
                                }
                            }
                        },
                        end::tryFail);
    }

    private static String ended(EntryStatus.RouteStatus status) {
        int failures = status.failures().size();
        String last =
                failures == 0 ? "" : ": " + status.failures().get(failures - 1).text();
        return "is " + status.state() + last;
    }

    private static WalException stop(EntryId id, String what) {
        return new WalException(
                ErrorCode.TARGET_REJECTED,
                "first: entry " + id + " " + what + " (expected: DELIVERED; the rest stays)");
    }
}
