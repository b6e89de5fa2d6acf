package io.forelog.client;

import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/**
 * Asks the management API of one node, one blocking call at a time; for command lines and tests, never for an event
 * loop. A call fails with {@link Problem} where the answer says no, with {@link NotListening} where there is nobody.
 */
public final class ManagementClient {
    private static final Duration CONNECT_LIMIT = Duration.ofSeconds(5);
    private static final Duration ANSWER_LIMIT = Duration.ofSeconds(70);

    private final String url;
    private final ClientLocks locks = ClientLocks.of(System.getenv());
    private final HttpClient http = locks.http(CONNECT_LIMIT);

    /** {@code url} such as {@code http://127.0.0.1:8081}. */
    public ManagementClient(String url) {
        this.url = url.endsWith("/") ? url.substring(0, url.length() - 1) : url;
    }

    /** An answer as it came. */
    public record Reply(int status, String body) {
        public JsonObject json() {
            return Json.parse(body);
        }
    }

    public String url() {
        return url;
    }

    /** {@code /admin/v1/namespaces/{ns}} and what follows, e.g. {@code "/audit"} or {@code ":pause"}. */
    public static String namespace(String name, String rest) {
        return "/admin/v1/namespaces/" + encode(name) + rest;
    }

    public static String encode(String part) {
        return URLEncoder.encode(part, StandardCharsets.UTF_8).replace("+", "%20");
    }

    public JsonObject get(String path) {
        return refused(send("GET", path, "", "application/json")).json();
    }

    public JsonObject delete(String path) {
        return refused(send("DELETE", path, "", "application/json")).json();
    }

    public JsonObject post(String path, JsonObject body) {
        return refused(send("POST", path, body.encode(), "application/json")).json();
    }

    public JsonObject patch(String path, JsonObject body) {
        return refused(send("PATCH", path, body.encode(), "application/json")).json();
    }

    /** A document, YAML or JSON, as it is. */
    public JsonObject putDocument(String path, String document) {
        return refused(send("PUT", path, document, "application/yaml")).json();
    }

    /** Whatever the status. */
    public Reply send(String method, String path, String body, String contentType) {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(uri(path)).timeout(ANSWER_LIMIT).header("Accept", "application/json");
        locks.headers().forEach(request::header);
        if (body.isEmpty()) {
            request.method(method, HttpRequest.BodyPublishers.noBody());
        } else {
            request.method(method, HttpRequest.BodyPublishers.ofString(body)).header("Content-Type", contentType);
        }
        try {
            HttpResponse<String> response = http.send(request.build(), HttpResponse.BodyHandlers.ofString());
            return new Reply(response.statusCode(), response.body());
        } catch (ConnectException e) {
            throw new NotListening(url);
        } catch (HttpTimeoutException e) {
            throw new WalException(ErrorCode.UNAVAILABLE, url + path + ": no answer within " + ANSWER_LIMIT, e);
        } catch (IOException e) {
            throw new WalException(ErrorCode.UNAVAILABLE, url + path + ": " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new WalException(ErrorCode.UNAVAILABLE, url + path + ": interrupted", e);
        }
    }

    private URI uri(String path) {
        try {
            URI uri = URI.create(url + path);
            if (uri.getHost() != null) {
                return uri;
            }
        } catch (IllegalArgumentException e) {
            // told below
        }
        throw new WalException(ErrorCode.INVALID_ARGUMENT, "url: '" + url + "' (expected: e.g. http://127.0.0.1:8081)");
    }

    private static Reply refused(Reply reply) {
        if (reply.status() >= 400) {
            throw new Problem(reply.status(), reply.body());
        }
        return reply;
    }
}
