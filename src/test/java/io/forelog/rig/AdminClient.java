package io.forelog.rig;

import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.function.IntSupplier;

/** The management API over plain HTTP, one blocking call at a time: what a stranger's script would do. Test threads. */
public final class AdminClient {
    private static final HttpClient HTTP = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(5))
            .build();

    private final IntSupplier port;

    public AdminClient(IntSupplier port) {
        this.port = port;
    }

    /** An answer as it came. */
    public record Reply(int status, String body) {
        public JsonObject json() {
            return new JsonObject(body);
        }
    }

    public Reply get(String path) {
        return send("GET", path, "", "application/json");
    }

    public Reply post(String path, JsonObject body) {
        return send("POST", path, body.encode(), "application/json");
    }

    public Reply put(String path, String yaml) {
        return send("PUT", path, yaml, "application/yaml");
    }

    public Reply delete(String path) {
        return send("DELETE", path, "", "application/json");
    }

    /** {@code path} begins with a slash. An answer that does not come is an {@link UncheckedIOException}. */
    public Reply send(String method, String path, String body, String contentType) {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port.getAsInt() + path))
                .timeout(Duration.ofSeconds(30))
                .header("Content-Type", contentType)
                .method(
                        method,
                        body.isEmpty()
                                ? HttpRequest.BodyPublishers.noBody()
                                : HttpRequest.BodyPublishers.ofString(body));
        try {
            HttpResponse<String> response = HTTP.send(request.build(), HttpResponse.BodyHandlers.ofString());
            return new Reply(response.statusCode(), response.body());
        } catch (IOException e) {
            throw new UncheckedIOException(method + " " + path, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
