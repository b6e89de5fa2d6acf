package io.forelog.ingest;

import io.forelog.access.Identity;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.vertx.core.Handler;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * The HTTP edge of one event loop: routes by hand, the hot path first. Owned by that loop.
 */
final class HttpEdge implements Handler<HttpServerRequest> {
    private static final String NAMESPACES = "/v1/namespaces/";
    private static final String ENTRIES = "entries";
    private static final String BATCH = "entries:batch";
    private static final String ENTRY = "entries/";
    private static final List<String> MANAGEMENT = List.of("/admin/", "/health/", "/metrics");
    private static final String ECHO = "/bench/echo";
    private static final Buffer ECHO_ANSWER = Buffer.buffer(
            "{\"durable\":\"TRUE\",\"entry_id\":\"00000000-0000-7000-8000-000000000000\",\"message\":\"\"}");

    private final Intake intake;
    private final HttpEntryCall entryCall;
    private final HttpPages pages;
    private final boolean bench;

    HttpEdge(Intake intake, HttpEntryCall entryCall, HttpPages pages, boolean bench) {
        this.intake = intake;
        this.entryCall = entryCall;
        this.pages = pages;
        this.bench = bench;
    }

    @Override
    public void handle(HttpServerRequest request) {
        String path = request.path();
        if (path == null) {
            notFound(request);
            return;
        }
        if (path.startsWith(NAMESPACES)) {
            int slash = path.indexOf('/', NAMESPACES.length());
            if (slash > 0) {
                String namespace = decoded(path.substring(NAMESPACES.length(), slash));
                entries(request, namespace, path.substring(slash + 1));
                return;
            }
        } else if (bench && path.equals(ECHO)) {
            echo(request);
            return;
        } else if (HttpPages.PATHS.contains(path)) {
            if (allows(request, "GET, HEAD", HttpMethod.GET, HttpMethod.HEAD)) {
                pages.show(request);
            }
            return;
        }
        notFound(request);
    }

    private void entries(HttpServerRequest request, String namespace, String rest) {
        if (request.method().equals(HttpMethod.OPTIONS)) {
            entries(request, Identity.ANONYMOUS, namespace, rest);
            return;
        }
        Identity caller;
        try {
            caller = intake.identify(request.headers(), request.connection());
        } catch (WalException e) {
            request.response().putHeader("WWW-Authenticate", "Bearer");
            HttpAnswers.problem(request.response(), Refusal.of(e));
            return;
        }
        entries(request, caller, namespace, rest);
    }

    private void entries(HttpServerRequest request, Identity caller, String namespace, String rest) {
        if (rest.equals(ENTRIES)) {
            if (allows(request, "POST", HttpMethod.POST)) {
                HttpWriteCall.open(request, intake, caller, namespace);
            }
        } else if (rest.equals(BATCH)) {
            if (allows(request, "POST", HttpMethod.POST)) {
                HttpBatchCall.open(request, intake, caller, namespace);
            }
        } else if (rest.startsWith(ENTRY) && rest.indexOf('/', ENTRY.length()) < 0) {
            entry(request, caller, namespace, decoded(rest.substring(ENTRY.length())));
        } else {
            notFound(request);
        }
    }

    private void entry(HttpServerRequest request, Identity caller, String namespace, String id) {
        if (!allows(
                request,
                "GET, HEAD, DELETE, PATCH",
                HttpMethod.GET,
                HttpMethod.HEAD,
                HttpMethod.DELETE,
                HttpMethod.PATCH)) {
            return;
        }
        Inlet inlet = intake.find(namespace);
        if (inlet == null) {
            HttpAnswers.problem(request.response(), intake.absence(namespace));
            return;
        }
        boolean looks =
                request.method().equals(HttpMethod.GET) || request.method().equals(HttpMethod.HEAD);
        Refusal denied = looks ? intake.unreadable(inlet, caller) : intake.unwritable(inlet, caller);
        if (denied != null) {
            HttpAnswers.problem(request.response(), denied);
        } else if (request.method().equals(HttpMethod.DELETE)) {
            entryCall.delete(request, namespace, id);
        } else if (request.method().equals(HttpMethod.PATCH)) {
            entryCall.patch(request, namespace, id);
        } else {
            entryCall.get(request, namespace, id);
        }
    }

    private static boolean allows(HttpServerRequest request, String allow, HttpMethod... methods) {
        for (HttpMethod method : methods) {
            if (method.equals(request.method())) {
                return true;
            }
        }
        HttpServerResponse response = request.response().putHeader(HttpHeaders.ALLOW, allow + ", OPTIONS");
        if (request.method().equals(HttpMethod.OPTIONS)) {
            response.setStatusCode(204).end();
        } else {
            HttpAnswers.plain(
                    response,
                    405,
                    ErrorCode.INVALID_ARGUMENT,
                    "method: " + request.method() + " (expected: one of " + allow + ")");
        }
        return false;
    }

    private static void notFound(HttpServerRequest request) {
        String path = String.valueOf(request.path());
        boolean elsewhere = MANAGEMENT.stream().anyMatch(path::startsWith);
        HttpAnswers.problem(
                request.response(),
                Refusal.of(
                        ErrorCode.NOT_FOUND,
                        "path: " + Validator.quote(path)
                                + (elsewhere
                                        ? " (expected: at the management port, 8081 unless configured; this one takes writes)"
                                        : " (expected: /v1/namespaces/{namespace}/entries; see /openapi.json)")));
    }

    private static String decoded(String segment) {
        if (segment.indexOf('%') < 0) {
            return segment;
        }
        try {
            return URLDecoder.decode(segment.replace("+", "%2B"), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            return segment;
        }
    }

    private static void echo(HttpServerRequest request) {
        request.body()
                .onComplete(
                        body -> request.response()
                                .setStatusCode(201)
                                .putHeader(HttpHeaders.CONTENT_TYPE, HttpAnswers.JSON)
                                .end(ECHO_ANSWER),
                        failure -> {});
    }
}
