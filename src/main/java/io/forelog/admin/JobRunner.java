package io.forelog.admin;

import io.forelog.model.ErrorCode;
import io.forelog.model.Ticker;
import io.forelog.model.WalException;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Function;

/**
 * Runs the long work of administrators in the background. Owned by the event loop of {@link AdminServer}. Bounded: at
 * most {@value #JOBS_MAX} jobs are kept, ended ones pushed out by new ones, and one of a kind runs a namespace. A job lives
 * in memory; every step it made is the queue's, so that a crash loses no entry and the rest is started again.
 */
final class JobRunner {
    static final int JOBS_MAX = 16;

    private final Ticker ticker;
    private final AuditLog audit;
    private final Map<String, Job> jobs = new LinkedHashMap<>();

    JobRunner(Ticker ticker, AuditLog audit) {
        this.ticker = ticker;
        this.audit = audit;
    }

    /**
     * Starts {@code work}. Fails by throwing CONFLICT where one of the kind runs for the namespace, OVERLOADED where all
     * places are taken by running ones. A dry run stands beside anything.
     */
    Job start(
            String kind,
            String namespace,
            String principal,
            boolean dryRun,
            JsonObject asked,
            Function<Job, Future<Void>> work) {
        if (!dryRun) {
            refuseSecond(kind, namespace);
        }
        makeRoom();
        Job job = new Job(
                UUID.randomUUID().toString().substring(0, 8), kind, namespace, principal, dryRun, ticker.micros());
        jobs.put(job.id(), job);
        if (!dryRun) {
            audit.record(principal, kind, namespace, asked.copy().put("job", job.id()));
        }
        Future<Void> running;
        try {
            running = work.apply(job);
        } catch (RuntimeException e) {
            running = Future.failedFuture(e);
        }
        running.onComplete(result -> {
            job.end(result.failed() ? result.cause() : null, ticker.micros());
            if (!dryRun) {
                audit.record(principal, kind + "-ended", namespace, job.toJson());
            }
        });
        return job;
    }

    Optional<Job> find(String namespace, String id) {
        return Optional.ofNullable(jobs.get(id)).filter(job -> job.namespace().equals(namespace));
    }

    /** Jobs end with their process; what they did is in the audit log. */
    static WalException unknown(String id) {
        return new WalException(
                ErrorCode.NOT_FOUND,
                "job " + id + " is not known (the newest " + JOBS_MAX + " are kept, in memory: a restart ends a job and"
                        + " forgets it; see audit.log, and start it again)");
    }

    Collection<Job> all(String namespace) {
        List<Job> some = new ArrayList<>(jobs.values());
        some.removeIf(job -> !job.namespace().equals(namespace));
        return some;
    }

    /** Asks all to end at their next step. */
    void cancelAll() {
        jobs.values().forEach(Job::cancel);
    }

    private void refuseSecond(String kind, String namespace) {
        for (Job job : jobs.values()) {
            if (job.running()
                    && !job.dryRun()
                    && job.kind().equals(kind)
                    && job.namespace().equals(namespace)) {
                throw new WalException(
                        ErrorCode.CONFLICT,
                        namespace + ": job " + job.id() + " (" + kind
                                + ") is still running (expected: one of a kind at a time; wait for it or cancel it)");
            }
        }
    }

    private void makeRoom() {
        if (jobs.size() < JOBS_MAX) {
            return;
        }
        Job oldest = jobs.values().stream()
                .filter(job -> !job.running())
                .findFirst()
                .orElseThrow(() -> new WalException(
                        ErrorCode.OVERLOADED, "jobs: " + JOBS_MAX + " are running (expected: fewer; cancel one)"));
        jobs.remove(oldest.id());
    }
}
