package io.forelog.admin;

import io.forelog.config.Namespace;
import io.forelog.model.EntryId;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.forelog.queue.EntryStatus;
import io.forelog.queue.RouteChange;
import io.vertx.core.Future;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Single entries: look up by id and token, cancel, reschedule. On the server's event loop; holds nothing. */
final class EntriesApi {
    private static final String ALL = "/admin/v1/namespaces/{ns}/entries";
    private static final String ONE = ALL + "/{id}";

    private static final Parameter PAYLOAD = Parameter.flag("payload");

    private final Desk desk;

    EntriesApi(Desk desk) {
        this.desk = desk;
    }

    void addTo(Routes routes) {
        routes.add(HttpMethod.GET, ALL, this::byToken, Parameter.text("token"), PAYLOAD)
                .add(HttpMethod.GET, ONE, this::get, PAYLOAD)
                .add(HttpMethod.DELETE, ONE, this::cancel)
                .add(HttpMethod.PATCH, ONE, this::reschedule);
    }

    private Future<Answer> byToken(Exchange exchange) {
        String token = exchange.query("token", "");
        if (token.isEmpty()) {
            throw Exchange.invalid("?token: missing (expected: the idempotency token of the write)");
        }
        return desk.queue(exchange).findByToken(token).map(found -> {
            JsonArray entries = new JsonArray();
            found.ifPresent(status -> entries.add(view(exchange, status)));
            return Answer.ok(new JsonObject().put("entries", entries));
        });
    }

    private Future<Answer> get(Exchange exchange) {
        EntryId id = EntryId.parse(exchange.path("id"));
        return desk.queue(exchange).find(id).map(found -> Answer.ok(view(exchange, known(id, found))));
    }

    private static EntryStatus known(EntryId id, Optional<EntryStatus> found) {
        return found.orElseThrow(() -> EntryAnswers.unknown(id));
    }

    private JsonObject view(Exchange exchange, EntryStatus status) {
        Namespace namespace = desk.node().namespaces().find(exchange.namespace());
        boolean payload = exchange.flag("payload");
        if (payload && !exchange.readsPayloads()) {
            throw noPayload(exchange);
        }
        return Views.entry(status, namespace, payload);
    }

    static WalException noPayload(Exchange exchange) {
        return new WalException(
                ErrorCode.PERMISSION_DENIED,
                "?payload: " + exchange.principal()
                        + " may not read payloads from there (expected: from the node itself)");
    }

    private Future<Answer> cancel(Exchange exchange) {
        desk.check(exchange, exchange.namespace());
        EntryId id = EntryId.parse(exchange.path("id"));
        return desk.queue(exchange)
                .cancel(id)
                .map(changes -> changed(exchange, "entry-cancel", id, changes, new JsonObject()));
    }

    private Future<Answer> reschedule(Exchange exchange) {
        desk.check(exchange, exchange.namespace());
        EntryId id = EntryId.parse(exchange.path("id"));
        long due = due(exchange.json(), desk.ticker().micros());
        return desk.queue(exchange)
                .reschedule(id, due)
                .map(changes -> changed(
                        exchange, "entry-reschedule", id, changes, new JsonObject().put("due", Times.text(due))));
    }

    /** {@code delay} from now, or {@code due}. */
    private static long due(JsonObject asked, long nowMicros) {
        Asked.only(asked, Set.of("delay", "due"));
        Object delay = asked.getValue("delay");
        Object due = asked.getValue("due");
        if (delay instanceof String text && due == null) {
            return nowMicros + Times.micros(Times.duration("delay", text));
        }
        if (due instanceof String text && delay == null) {
            return Times.moment("due", text, nowMicros);
        }
        throw Exchange.invalid("body: " + asked.encode()
                + " (expected: {\"delay\": \"PT10S\"}, from now, or {\"due\": \"2026-11-03T10:00:00Z\"})");
    }

    private Answer changed(
            Exchange exchange, String action, EntryId id, List<RouteChange> changes, JsonObject details) {
        if (changes.isEmpty() || all(changes, RouteChange.Result.NOT_FOUND)) {
            throw EntryAnswers.unknown(id);
        }
        Namespace namespace = desk.node().namespaces().find(exchange.namespace());
        JsonArray targets = EntryAnswers.targets(changes, namespace);
        if (changes.stream().noneMatch(change -> change.result() == RouteChange.Result.DONE)) {
            return Answer.problem(
                    ErrorCode.TOO_LATE,
                    "entry " + id + " is in flight or settled (expected: one that still waits)",
                    new JsonObject().put("targets", targets));
        }
        desk.audit()
                .record(
                        exchange.principal(),
                        action,
                        exchange.namespace(),
                        details.copy().put("entry_id", id.toString()));
        return Answer.ok(details.put("entry_id", id.toString()).put("targets", targets));
    }

    private static boolean all(List<RouteChange> changes, RouteChange.Result result) {
        return changes.stream().allMatch(change -> change.result() == result);
    }
}
