package io.forelog.admin;

import io.forelog.config.Namespace;
import io.forelog.model.Entry;
import io.forelog.model.Operation;
import io.forelog.model.Ticker;
import io.forelog.queue.LogEntry;
import io.forelog.queue.LogRange;
import io.forelog.queue.Queue;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Delivers a range of the log again, leaving out what was named. Its range ends at the start of the job at the latest,
 * so that it never meets its own work. One job's, on its event loop.
 */
final class ReplayWork {
    private static final int PAGE = 200;

    private final Queue queue;
    private final Namespace namespace;
    private final Plan plan;
    private final Ticker ticker;
    private final Later later;
    private final List<Integer> routes;

    /**
     * @param target where to; empty = every target that the entry was written for and the namespace still has. A target
     *     that an entry was not written for is a backfill
     * @param wanted what of the range
     * @param omit what to leave out of that; empty = nothing
     * @param limit most entries
     * @param touch when the items end at the target: they are touched, not written, and deletions left out; empty = as written
     */
    record Plan(
            LogRange range,
            String target,
            EntryFilter wanted,
            EntryFilter omit,
            boolean dryRun,
            long limit,
            double perSecond,
            String touch) {}

    ReplayWork(Queue queue, Namespace namespace, Plan plan, Ticker ticker, Later later) {
        this.queue = queue;
        this.namespace = namespace;
        this.plan = plan;
        this.ticker = ticker;
        this.later = later;
        this.routes = routes(namespace, plan.target());
    }

    /** Ascending; a retiring route takes nothing new. */
    private static List<Integer> routes(Namespace namespace, String target) {
        if (target.isEmpty()) {
            return namespace.routes().values().stream()
                    .filter(route -> !route.retiring())
                    .map(Namespace.Route::id)
                    .sorted(Comparator.naturalOrder())
                    .toList();
        }
        Namespace.Route route = namespace.routes().get(target);
        if (route == null || route.retiring()) {
            throw Exchange.invalid("target: '" + target + "' (expected: a live target of " + namespace.name()
                    + ", one of " + namespace.routes().keySet() + ")");
        }
        return List.of(route.id());
    }

    Future<Void> run(Job job) {
        return new Sweep<LogEntry>(
                        job,
                        later,
                        cursor -> queue.read(plan.range(), cursor, PAGE),
                        found -> wanted(job, found.entry()),
                        plan.dryRun() ? null : this::readmit,
                        new Pace(plan.perSecond(), ticker),
                        plan.limit())
                .run();
    }

    private boolean wanted(Job job, Entry entry) {
        if (!plan.touch().isEmpty() && entry.operation() == Operation.DELETE) {
            return false;
        }
        if (!plan.wanted().matches(entry, namespace) || routes.stream().noneMatch(route -> goes(entry, route))) {
            return false;
        }
        if (!plan.omit().isEmpty() && plan.omit().matches(entry, namespace)) {
            job.omitted();
            return false;
        }
        JsonObject line = Views.entryLine(entry);
        job.matched(line.put("targets", Views.targets(namespace, entry.routes())));
        return true;
    }

    private boolean goes(Entry entry, int route) {
        return !plan.target().isEmpty() || entry.routes().contains(route);
    }

    private Future<Integer> readmit(List<LogEntry> some) {
        Future<Void> all = Future.succeededFuture();
        for (int route : routes) {
            List<Entry> entries = new ArrayList<>(some.size());
            for (LogEntry found : some) {
                if (goes(found.entry(), route)) {
                    entries.add(
                            plan.touch().isEmpty()
                                    ? found.entry()
                                    : found.entry().touch(plan.touch()));
                }
            }
            if (!entries.isEmpty()) {
                all = all.compose(done -> queue.readmit(entries, route));
            }
        }
        return all.map(some.size());
    }
}
