package io.forelog.admin;

import io.forelog.queue.Page;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Walks through a long list page by page and does something to what is wanted of it, at a pace. One use, on one event
 * loop, to which every step comes back, so that neither stack nor chain of futures grows with the list. Holds a page.
 *
 * @param <T> what the list is of
 */
final class Sweep<T> {
    /** Most items one action is for. */
    static final int STEP_MAX = 100;

    private final Job job;
    private final Later later;
    private final Function<String, Future<Page<T>>> pages;
    private final Predicate<T> wanted;
    private final @Nullable Action<T> action;
    private final Pace pace;
    private final long limit;
    private final Deque<T> waiting = new ArrayDeque<>();
    private final Promise<Void> end = Promise.promise();
    private String cursor = "";
    private boolean lastPage;
    private long chosen;

    /** What is done to some; answers how many it was done to. */
    @FunctionalInterface
    interface Action<T> {
        Future<Integer> on(List<T> some);
    }

    /**
     * @param pages by cursor, the first one for the empty one
     * @param wanted called once an item, in order
     * @param action null = only look
     * @param limit most items that are chosen
     */
    Sweep(
            Job job,
            Later later,
            Function<String, Future<Page<T>>> pages,
            Predicate<T> wanted,
            @Nullable Action<T> action,
            Pace pace,
            long limit) {
        this.job = job;
        this.later = later;
        this.pages = pages;
        this.wanted = wanted;
        this.action = action;
        this.pace = pace;
        this.limit = limit;
    }

    /** Ends when the list, the limit or the job's patience does; fails with the first failure. */
    Future<Void> run() {
        step();
        return end.future();
    }

    private void step() {
        if (job.cancelled() || (waiting.isEmpty() && (lastPage || chosen >= limit))) {
            end.tryComplete();
        } else if (waiting.isEmpty()) {
            pages.apply(cursor).onComplete(this::turned, end::tryFail);
        } else {
            act();
        }
    }

    private void turned(Page<T> page) {
        try {
            for (T item : page.items()) {
                if (chosen >= limit) {
                    break;
                }
                job.scanned(1);
                if (wanted.test(item)) {
                    chosen++;
                    waiting.add(item);
                }
            }
        } catch (RuntimeException e) {
            end.tryFail(e);
            return;
        }
        cursor = page.cursor();
        lastPage = cursor.isEmpty();
        if (action == null) {
            waiting.clear();
        }
        later.run(0, this::step);
    }

    private void act() {
        int allowed = pace.spend(Math.min(STEP_MAX, waiting.size()));
        if (allowed == 0 || action == null) {
            later.run(pace.waitMillis(), this::step);
            return;
        }
        List<T> some = new ArrayList<>(allowed);
        for (int i = 0; i < allowed; i++) {
            some.add(waiting.remove());
        }
        action.on(some)
                .onComplete(
                        count -> {
                            job.done(count);
                            later.run(0, this::step);
                        },
                        end::tryFail);
    }
}
