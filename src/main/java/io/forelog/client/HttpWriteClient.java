package io.forelog.client;

import io.forelog.model.Durable;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;

/** Writes over HTTP, in the JSON form. Any thread; connections are the JDK client's. */
public final class HttpWriteClient implements WriteClient {
    private final String url;
    private final Duration limit;
    private final ClientLocks locks = ClientLocks.of(System.getenv());
    private final HttpClient http = locks.http(Duration.ofSeconds(5));

    /** {@code url} such as {@code http://127.0.0.1:8080}; an answer later than {@code limit} is UNKNOWN. */
    public HttpWriteClient(String url, Duration limit) {
        this.url = url.endsWith("/") ? url.substring(0, url.length() - 1) : url;
        this.limit = limit;
    }

    @Override
    public CompletionStage<WriteAnswer> write(Write write) {
        return post(write, "/entries", json(write).encode())
                .thenApply(response -> answer(response, response.body()))
                .exceptionallyCompose(failure -> lost(failure).thenApply(WriteAnswer::unknown));
    }

    @Override
    public CompletionStage<List<WriteAnswer>> writeBatch(List<Write> writes) {
        if (writes.isEmpty()) {
            return CompletableFuture.completedFuture(List.of());
        }
        JsonArray batch = new JsonArray();
        writes.forEach(write -> batch.add(json(write)));
        return post(writes.get(0), "/entries:batch", batch.encode())
                .thenApply(response -> answers(response, writes.size()))
                .exceptionallyCompose(failure -> lost(failure).thenApply(text -> same(text, writes.size())));
    }

    @Override
    public void close() {
        // The JDK's client of Java 17 ends with its last reference.
    }

    private CompletableFuture<HttpResponse<String>> post(Write write, String path, String body) {
        URI uri = URI.create(url + "/v1/namespaces/" + ManagementClient.encode(write.namespace()) + path);
        HttpRequest.Builder request = HttpRequest.newBuilder(uri)
                .timeout(limit)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body));
        locks.headers().forEach(request::header);
        return http.sendAsync(request.build(), HttpResponse.BodyHandlers.ofString());
    }

    /** What an answer that did not come means; fails where nothing was sent. */
    private CompletionStage<String> lost(Throwable failure) {
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        if (cause instanceof ConnectException) {
            return CompletableFuture.failedFuture(new NotListening(url));
        }
        return CompletableFuture.completedFuture("UNKNOWN_DURABILITY: " + cause.getMessage() + " (no answer came)");
    }

    static JsonObject json(Write write) {
        JsonObject json = new JsonObject().put("payload", Base64.getEncoder().encodeToString(write.payload()));
        JsonObject lifecycle = new JsonObject();
        putDuration(lifecycle, "delay", write.delay());
        putDuration(lifecycle, "jitter", write.jitter());
        putDuration(lifecycle, "time_to_live", write.timeToLive());
        JsonObject target = new JsonObject();
        putText(target, "name", write.target());
        putText(target, "destination", write.destination());
        putText(target, "key", write.key());
        putMap(target, "attributes", write.attributes());
        if (write.operation() != io.forelog.model.Operation.PUT) {
            target.put("operation", write.operation().name());
        }
        putObject(json, "lifecycle", lifecycle);
        putObject(json, "target", target);
        putMap(json, "headers", write.headers());
        if (!write.token().isEmpty()) {
            json.put("idempotency_token", new JsonObject().put("token", write.token()));
        }
        if (write.priority() != null) {
            json.put("priority", write.priority().name());
        }
        return json;
    }

    private static void putDuration(JsonObject json, String name, Duration value) {
        if (!value.isZero()) {
            json.put(name, value.toString());
        }
    }

    private static void putText(JsonObject json, String name, String value) {
        if (!value.isEmpty()) {
            json.put(name, value);
        }
    }

    private static void putMap(JsonObject json, String name, Map<String, String> map) {
        JsonObject object = new JsonObject();
        map.forEach(object::put);
        putObject(json, name, object);
    }

    private static void putObject(JsonObject json, String name, JsonObject value) {
        if (!value.isEmpty()) {
            json.put(name, value);
        }
    }

    private static WriteAnswer answer(HttpResponse<String> response, String body) {
        return answer(Json.parse(body), response.statusCode(), retryAfter(response));
    }

    private static WriteAnswer answer(JsonObject json, int status, Duration retryAfter) {
        String message = json.getString("message", "");
        if (message.isEmpty() && json.containsKey("code")) {
            message = json.getString("code") + ": " + json.getString("detail", json.getString("title", ""));
        }
        if (message.isEmpty() && status >= 400) {
            message = "HTTP " + status;
        }
        return new WriteAnswer(
                durable(json.getString("durable", ""), status),
                message,
                json.getString("entry_id", ""),
                json.getString("receipt", ""),
                retryAfter);
    }

    /** What is not said is FALSE for a request that was wrong, UNKNOWN for all else. */
    private static Durable durable(String said, int status) {
        return switch (said.toUpperCase(Locale.ROOT)) {
            case "TRUE" -> Durable.TRUE;
            case "FALSE" -> Durable.FALSE;
            default -> status >= 400 && status < 500 && said.isEmpty() ? Durable.FALSE : Durable.UNKNOWN;
        };
    }

    private static Duration retryAfter(HttpResponse<String> response) {
        return response.headers()
                .firstValue("Retry-After")
                .filter(text -> text.matches("\\d{1,9}"))
                .map(text -> Duration.ofSeconds(Long.parseLong(text)))
                .orElse(Duration.ZERO);
    }

    private static List<WriteAnswer> answers(HttpResponse<String> response, int count) {
        JsonArray outcomes = outcomes(response.body());
        if (outcomes.size() != count) {
            return same(answer(response, response.body()), count);
        }
        List<WriteAnswer> answers = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            answers.add(answer(outcomes.getJsonObject(i), response.statusCode(), Duration.ZERO));
        }
        return answers;
    }

    private static JsonArray outcomes(String body) {
        try {
            return body.startsWith("[")
                    ? new JsonArray(body)
                    : Json.parse(body).getJsonArray("outcomes", new JsonArray());
        } catch (DecodeException e) {
            return new JsonArray();
        }
    }

    private static List<WriteAnswer> same(String message, int count) {
        return same(WriteAnswer.unknown(message), count);
    }

    private static List<WriteAnswer> same(WriteAnswer answer, int count) {
        return java.util.Collections.nCopies(count, answer);
    }
}
