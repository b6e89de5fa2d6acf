package io.forelog.admin;

import io.forelog.config.Namespace;
import io.forelog.model.ErrorCode;
import io.forelog.model.Ticker;
import io.forelog.model.WalException;
import io.forelog.queue.Queue;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.util.function.Function;

/**
 * What the pages of the management API share: the node, the jobs, the audit log, who may do what. Made once a server,
 * used on its event loop.
 */
record Desk(NodeServices node, JobRunner jobs, AuditLog audit, Rights rights, Ticker ticker, Later later) {
    private static final Duration DRY_RUN_WAIT = Duration.ofSeconds(10);
    private static final long POLL_MILLIS = 20;

    /** The queue of the namespace in the path. NOT_FOUND where there is no such namespace, UNAVAILABLE without a queue. */
    Queue queue(Exchange exchange) {
        String name = exchange.namespace();
        return node.queue(name).orElseThrow(() -> noQueue(name));
    }

    private WalException noQueue(String name) {
        boolean known = node.namespaces().find(name) != null
                || node.documents().find(name).isPresent();
        return known
                ? new WalException(
                        ErrorCode.UNAVAILABLE, name + ": its queue is not open on this node (see GET /health/ready)")
                : unknown(name);
    }

    /** The applied namespace of the path. */
    Namespace namespace(Exchange exchange) {
        Namespace namespace = node.namespaces().find(exchange.namespace());
        if (namespace == null) {
            throw noQueue(exchange.namespace());
        }
        return namespace;
    }

    static WalException unknown(String name) {
        return new WalException(
                ErrorCode.UNKNOWN_NAMESPACE, "namespace: '" + name + "' is unknown (see GET /admin/v1/namespaces)");
    }

    /** Whether the caller may know that there is a {@code namespace}. */
    boolean shows(Exchange exchange, String namespace) {
        return rights.mayLook(exchange.principal(), namespace) || rights.mayAdminister(exchange.principal(), namespace);
    }

    /** Whether the caller may do what belongs to no namespace. */
    boolean isOfTheNode(Exchange exchange) {
        return rights.mayAdminister(exchange.principal(), "");
    }

    /** Whether the caller may see the metrics of all namespaces. */
    boolean mayScrape(Exchange exchange) {
        return rights.mayScrape(exchange.principal());
    }

    /** Throws PERMISSION_DENIED. Everything that changes something asks here first. */
    void check(Exchange exchange, String namespace) {
        if (!rights.mayAdminister(exchange.principal(), namespace)) {
            throw new WalException(
                    ErrorCode.PERMISSION_DENIED,
                    (namespace.isEmpty() ? "this node" : namespace) + ": " + exchange.principal()
                            + " may not administer it (expected: one of access.admin)");
        }
    }

    /** Starts a job; answers 202 and where to look, or, for a dry run that ends soon, 200 with its outcome. */
    Future<Answer> start(
            Exchange exchange,
            String namespace,
            String kind,
            boolean dryRun,
            JsonObject asked,
            Function<Job, Future<Void>> work) {
        Job job = jobs.start(kind, namespace, exchange.principal(), dryRun, asked, work);
        if (!dryRun) {
            return Future.succeededFuture(accepted(job));
        }
        Promise<Void> waited = Promise.promise();
        awaitEnd(job, ticker.micros() + Times.micros(DRY_RUN_WAIT), waited);
        return waited.future().map(done -> job.running() ? accepted(job) : outcome(job));
    }

    private void awaitEnd(Job job, long deadline, Promise<Void> waited) {
        if (!job.running() || ticker.micros() >= deadline) {
            waited.tryComplete();
        } else {
            later.run(POLL_MILLIS, () -> awaitEnd(job, deadline, waited));
        }
    }

    private static Answer outcome(Job job) {
        return job.failure() == null ? Answer.ok(job.toJson()) : Answer.problem(job.failure());
    }

    private static Answer accepted(Job job) {
        String where = job.namespace().isEmpty()
                ? "/admin/v1/jobs/" + job.id()
                : "/admin/v1/namespaces/" + job.namespace() + "/jobs/" + job.id();
        return Answer.json(202, job.toJson().put("location", where)).with("Location", where);
    }
}
