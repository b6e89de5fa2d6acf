package io.forelog.admin;

import io.forelog.admin.DocumentControl.Author;
import io.forelog.admin.DocumentControl.Change;
import io.forelog.admin.DocumentControl.DocumentState;
import io.forelog.admin.DocumentControl.Revision;
import io.forelog.config.Namespace;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.vertx.core.Future;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;

/** Namespace documents: list, get, put, delete, history, rollback. On the server's event loop; holds nothing. */
final class NamespacesApi {
    private static final String ONE = "/admin/v1/namespaces/{ns}";

    private static final Parameter DRY_RUN = Parameter.flag("dry_run");
    private static final Parameter COMMENT = Parameter.text("comment", 1_000);
    private static final Parameter REVISION = Parameter.number("revision", 0, Long.MAX_VALUE);

    private final Desk desk;

    NamespacesApi(Desk desk) {
        this.desk = desk;
    }

    void addTo(Routes routes) {
        routes.add(HttpMethod.GET, "/admin/v1/namespaces", this::list)
                .add(HttpMethod.GET, ONE, this::get)
                .add(HttpMethod.PUT, ONE, this::put, DRY_RUN, REVISION, COMMENT)
                .add(HttpMethod.DELETE, ONE, this::remove, DRY_RUN, REVISION, COMMENT, Parameter.flag("discard"))
                .add(HttpMethod.GET, ONE + "/history", this::history, Parameter.number("limit", 1, 1000))
                .add(HttpMethod.POST, ONE + ":rollback", this::rollback, DRY_RUN, REVISION, COMMENT);
    }

    private Future<Answer> list(Exchange exchange) {
        JsonArray namespaces = new JsonArray();
        desk.node().documents().list().stream()
                .filter(state -> desk.shows(exchange, state.name()))
                .forEach(state -> namespaces.add(line(state)));
        return Future.succeededFuture(Answer.ok(new JsonObject().put("namespaces", namespaces)));
    }

    private Future<Answer> get(Exchange exchange) {
        DocumentState state = find(exchange);
        return Future.succeededFuture(Answer.ok(whole(state)).with("ETag", "\"" + state.desiredRevision() + "\""));
    }

    private DocumentState find(Exchange exchange) {
        return desk.node().documents().find(exchange.namespace()).orElseThrow(() -> Desk.unknown(exchange.namespace()));
    }

    private Future<Answer> put(Exchange exchange) {
        String name = exchange.namespace();
        String text = exchange.body().toString(StandardCharsets.UTF_8);
        if (text.isBlank()) {
            throw new WalException(
                    ErrorCode.MALFORMED_BODY, "body: empty (expected: a namespace document, YAML or JSON)");
        }
        boolean isNew = desk.node().documents().find(name).isEmpty();
        return change(
                exchange,
                "namespace-put",
                isNew ? 201 : 200,
                exchange.flag("dry_run"),
                () -> desk.node()
                        .documents()
                        .put(name, text, exchange.expectedRevision(), exchange.flag("dry_run"), author(exchange)));
    }

    private Future<Answer> remove(Exchange exchange) {
        find(exchange);
        return change(
                exchange,
                exchange.flag("discard") ? "namespace-discard" : "namespace-delete",
                200,
                exchange.flag("dry_run"),
                () -> desk.node()
                        .documents()
                        .remove(
                                exchange.namespace(),
                                exchange.expectedRevision(),
                                exchange.flag("discard"),
                                exchange.flag("dry_run"),
                                author(exchange)));
    }

    private Future<Answer> rollback(Exchange exchange) {
        JsonObject asked = exchange.json();
        Asked.only(asked, Set.of("to", "revision", "dry_run"));
        Object to = asked.getValue("to", asked.getValue("revision"));
        if (!(to instanceof Number revision)) {
            throw Exchange.invalid("to: " + to + " (expected: a revision, as GET …/history lists them)");
        }
        boolean dryRun = exchange.flag("dry_run") || Asked.flag(asked, "dry_run");
        return change(
                exchange,
                "namespace-rollback",
                200,
                dryRun,
                () -> desk.node()
                        .documents()
                        .rollback(
                                exchange.namespace(),
                                revision.longValue(),
                                exchange.expectedRevision(),
                                dryRun,
                                author(exchange)));
    }

    private Author author(Exchange exchange) {
        return new Author(exchange.principal(), exchange.query("comment", ""), desk.isOfTheNode(exchange));
    }

    private Future<Answer> change(
            Exchange exchange, String action, int status, boolean dryRun, Supplier<Future<Change>> changing) {
        desk.check(exchange, exchange.namespace());
        return changing.get().map(change -> {
            if (!dryRun && change.problems().isEmpty()) {
                desk.audit()
                        .record(
                                exchange.principal(),
                                action,
                                exchange.namespace(),
                                new JsonObject().put("steps", new JsonArray(change.steps())));
            }
            return answer(change, dryRun ? 200 : status, dryRun);
        });
    }

    private static Answer answer(Change change, int status, boolean dryRun) {
        if (!change.problems().isEmpty()) {
            return Answer.problem(
                    ErrorCode.INVALID_ARGUMENT,
                    String.join("; ", change.problems()),
                    new JsonObject().put("problems", new JsonArray(change.problems())));
        }
        DocumentState state = change.state();
        JsonObject body = state == null ? new JsonObject() : whole(state);
        return Answer.json(
                status,
                body.put("dry_run", dryRun)
                        .put("valid", true)
                        .put("steps", new JsonArray(change.steps()))
                        .put("warnings", new JsonArray(change.remarks())));
    }

    private Future<Answer> history(Exchange exchange) {
        int limit = (int) exchange.number("limit", 20);
        return desk.node().documents().history(exchange.namespace(), limit).map(revisions -> {
            if (revisions.isEmpty()) {
                find(exchange); // one that was deleted has a history, one that never was has none
            }
            return history(revisions);
        });
    }

    private static Answer history(List<Revision> revisions) {
        JsonArray lines = new JsonArray();
        for (Revision revision : revisions) {
            lines.add(new JsonObject()
                    .put("revision", revision.revision())
                    .put("at", Times.text(revision.atMicros()))
                    .put("principal", revision.principal())
                    .put("comment", revision.comment())
                    .put("action", revision.action())
                    .put("document", new JsonObject(revision.document())));
        }
        return Answer.ok(new JsonObject().put("revisions", lines));
    }

    private JsonObject line(DocumentState state) {
        JsonArray targets = new JsonArray();
        Namespace namespace = desk.node().namespaces().find(state.name());
        if (namespace != null) {
            namespace.routes().keySet().forEach(targets::add);
        }
        return summary(state).put("targets", targets);
    }

    private static JsonObject summary(DocumentState state) {
        return new JsonObject()
                .put("name", state.name())
                .put("state", state.state())
                .put("desired_revision", state.desiredRevision())
                .put("applied_revision", state.appliedRevision())
                .put("problems", new JsonArray(state.problems()))
                .put("warnings", new JsonArray(state.remarks()));
    }

    private static JsonObject whole(DocumentState state) {
        return summary(state).put("document", new JsonObject(state.document().get()));
    }
}
