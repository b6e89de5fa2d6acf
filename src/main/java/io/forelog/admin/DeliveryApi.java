package io.forelog.admin;

import io.forelog.admin.PumpControl.RouteState;
import io.forelog.config.Namespace;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.forelog.queue.LogRange;
import io.forelog.queue.Queue;
import io.forelog.queue.QueueDepth;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.Optional;
import java.util.Set;

/** Deliveries: pump status, pause, resume, replay, and the jobs of a namespace. On the server's event loop; holds nothing. */
final class DeliveryApi {
    private static final String ONE = "/admin/v1/namespaces/{ns}";
    private static final String RATE = "1000/s";
    private static final int RESUME_POLLS = 25;
    private static final long RESUME_POLL_MILLIS = 20;
    private static final Set<String> REPLAY_FIELDS =
            Set.of("from", "to", "key", "key_base64", "target", "filter", "omit", "limit", "rate", "dry_run", "touch");

    private static final Parameter TARGET = Parameter.text("target");

    private final Desk desk;

    DeliveryApi(Desk desk) {
        this.desk = desk;
    }

    void addTo(Routes routes) {
        routes.add(HttpMethod.GET, ONE + "/pumps", this::status)
                .add(HttpMethod.POST, ONE + ":pause", exchange -> hold(exchange, true), TARGET)
                .add(HttpMethod.POST, ONE + ":resume", exchange -> hold(exchange, false), TARGET)
                .add(HttpMethod.POST, ONE + ":replay", this::replay, Parameter.flag("dry_run"))
                .add(HttpMethod.GET, ONE + "/jobs", this::jobs)
                .add(HttpMethod.GET, ONE + "/jobs/{id}", this::job)
                .add(HttpMethod.DELETE, ONE + "/jobs/{id}", this::cancelJob);
    }

    private Future<Answer> status(Exchange exchange) {
        desk.namespace(exchange);
        return Future.succeededFuture(Answer.ok(pumps(exchange)));
    }

    private JsonObject pumps(Exchange exchange) {
        Optional<Queue> queue = desk.node().queue(exchange.namespace());
        JsonArray routes = new JsonArray();
        for (RouteState state : desk.node().pumps().status(exchange.namespace())) {
            QueueDepth depth = queue.map(open -> open.depth(state.route())).orElse(QueueDepth.EMPTY);
            routes.add(new JsonObject()
                    .put("target", state.target())
                    .put("route", state.route())
                    .put("state", state.state())
                    .put("reason", state.reason())
                    .put("since", Times.text(state.sinceMicros()))
                    .put("in_flight", state.inFlight())
                    .put("ready", depth.ready())
                    .put("scheduled", depth.scheduled())
                    .put("parked", depth.parked())
                    .put("dead", depth.dead())
                    .put("oldest_due", Times.text(depth.oldestDueMicros())));
        }
        return new JsonObject().put("namespace", exchange.namespace()).put("pumps", routes);
    }

    private Future<Answer> hold(Exchange exchange, boolean pause) {
        desk.check(exchange, exchange.namespace());
        Namespace namespace = desk.namespace(exchange);
        JsonObject asked = exchange.json();
        Asked.only(asked, Set.of("target"));
        String target = exchange.query("target", Asked.text(asked, "target"));
        if (!target.isEmpty() && !namespace.routes().containsKey(target)) {
            throw Exchange.invalid("target: '" + target + "' (expected: one of "
                    + namespace.routes().keySet() + ", or none for all)");
        }
        PumpControl pumps = desk.node().pumps();
        Future<Void> held = pause
                ? pumps.pause(exchange.namespace(), target, exchange.principal())
                : pumps.resume(exchange.namespace(), target, exchange.principal());
        return held.compose(done -> pause ? held : goesOn(exchange.namespace(), target))
                .map(done -> {
                    desk.audit()
                            .record(
                                    exchange.principal(),
                                    pause ? "pause" : "resume",
                                    exchange.namespace(),
                                    new JsonObject().put("target", target));
                    return Answer.ok(pumps(exchange));
                });
    }

    /** A pump goes on at its next turn: waits for that, a moment at most, so that the answer tells what follows. */
    private Future<Void> goesOn(String namespace, String target) {
        Promise<Void> waited = Promise.promise();
        goesOn(namespace, target, RESUME_POLLS, waited);
        return waited.future();
    }

    private void goesOn(String namespace, String target, int polls, Promise<Void> waited) {
        boolean held = desk.node().pumps().status(namespace).stream()
                .anyMatch(route -> (target.isEmpty() || route.target().equals(target))
                        && (route.state().equals("PAUSED") || route.state().equals("STORM")));
        if (!held || polls == 0) {
            waited.complete();
        } else {
            desk.later().run(RESUME_POLL_MILLIS, () -> goesOn(namespace, target, polls - 1, waited));
        }
    }

    private Future<Answer> replay(Exchange exchange) {
        desk.check(exchange, exchange.namespace());
        Queue queue = desk.queue(exchange);
        if (!queue.capabilities().rangeRead()) {
            throw new WalException(
                    ErrorCode.NOT_SUPPORTED, "replay: this queue can't read a range (expected: an embedded queue)");
        }
        JsonObject asked = exchange.json();
        Asked.only(asked, REPLAY_FIELDS);
        boolean dryRun = Asked.flag(asked, "dry_run") || exchange.flag("dry_run");
        ReplayWork work =
                new ReplayWork(queue, desk.namespace(exchange), plan(asked, dryRun), desk.ticker(), desk.later());
        return desk.start(exchange, exchange.namespace(), "replay", dryRun, asked, work::run);
    }

    private ReplayWork.Plan plan(JsonObject asked, boolean dryRun) {
        long now = desk.ticker().micros();
        String from = Asked.text(asked, "from");
        String to = Asked.text(asked, "to");
        if (from.isEmpty()) {
            throw Exchange.invalid("from: missing (expected: a time, or a duration such as PT1H: so long ago)");
        }
        LogRange range = new LogRange(
                Times.moment("from", from, now), to.isEmpty() ? now : Math.min(now, Times.moment("to", to, now)));
        if (range.fromMicros() >= range.toMicros()) {
            throw Exchange.invalid("from: " + from + " (expected: before to, and in the past)");
        }
        String touch = touch(Asked.text(asked, "touch"), now);
        if (!touch.isEmpty() && Asked.text(asked, "target").isEmpty()) {
            throw Exchange.invalid("target: missing (expected: with touch, the target whose items get a new end)");
        }
        return new ReplayWork.Plan(
                range,
                Asked.text(asked, "target"),
                EntryFilter.ofEntries("filter", wanted(asked), now),
                EntryFilter.ofEntries("omit", omitted(asked), now),
                dryRun,
                Asked.number(asked, "limit", Long.MAX_VALUE, 1, Long.MAX_VALUE),
                Pace.parse("rate", asked.getValue("rate", RATE)),
                touch);
    }

    /** The moment, whether it was said as one or as so long from now. */
    private static String touch(String text, long now) {
        if (text.isEmpty()) {
            return "";
        }
        boolean relative = text.startsWith("P");
        long end = relative ? now + Times.micros(Times.duration("touch", text)) : Times.moment("touch", text, now);
        if (end <= now) {
            throw Exchange.invalid("touch: " + text + " (expected: a time to come, or a duration from now)");
        }
        return String.valueOf(Times.text(end));
    }

    /** The filter, with {@code key} beside it taken in. */
    private static JsonObject wanted(JsonObject asked) {
        JsonObject filter = Asked.object(asked, "filter");
        JsonObject wanted = filter == null ? new JsonObject() : filter.copy();
        for (String field : new String[] {"key", "key_base64"}) {
            if (asked.containsKey(field)) {
                wanted.put(field, asked.getValue(field));
            }
        }
        return wanted;
    }

    /** A predicate, or a list of entry ids. */
    private static JsonObject omitted(JsonObject asked) {
        Object omit = asked.getValue("omit");
        if (omit instanceof JsonArray ids) {
            return ids.isEmpty() ? new JsonObject() : new JsonObject().put("entry_id", ids);
        }
        JsonObject filter = Asked.object(asked, "omit");
        return filter == null ? new JsonObject() : filter;
    }

    private Future<Answer> jobs(Exchange exchange) {
        JsonArray jobs = new JsonArray();
        desk.jobs().all(exchange.namespace()).forEach(job -> jobs.add(job.toJson()));
        if (jobs.isEmpty() && desk.node().documents().find(exchange.namespace()).isEmpty()) {
            throw Desk.unknown(exchange.namespace());
        }
        return Future.succeededFuture(Answer.ok(new JsonObject().put("jobs", jobs)));
    }

    private Future<Answer> job(Exchange exchange) {
        return Future.succeededFuture(Answer.ok(find(exchange).toJson()));
    }

    private Future<Answer> cancelJob(Exchange exchange) {
        desk.check(exchange, exchange.namespace());
        Job job = find(exchange);
        job.cancel();
        desk.audit()
                .record(
                        exchange.principal(),
                        "job-cancel",
                        exchange.namespace(),
                        new JsonObject().put("job", job.id()));
        return Future.succeededFuture(Answer.json(202, job.toJson()));
    }

    private Job find(Exchange exchange) {
        String id = exchange.path("id");
        return desk.jobs().find(exchange.namespace(), id).orElseThrow(() -> JobRunner.unknown(id));
    }
}
