package io.forelog.rig;

import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Map;
import java.util.function.IntSupplier;
import javax.net.ssl.SSLContext;

/** The management API over HTTP, one blocking call at a time: what a stranger's script would do. Test threads. */
public final class AdminClient {
    private final String host;
    private final IntSupplier port;
    private final Credential credential;

    /** In plain text, as nobody. */
    public AdminClient(IntSupplier port) {
        this(port, Credential.NONE);
    }

    public AdminClient(IntSupplier port, Credential credential) {
        this("127.0.0.1", port, credential);
    }

    public AdminClient(String host, IntSupplier port, Credential credential) {
        this.host = host;
        this.port = port;
        this.credential = credential;
    }

    /** How to speak to a node, and as whom. */
    public record Credential(String scheme, HttpClient http, Map<String, String> headers) {
        public static final Credential NONE = new Credential("http", client().build(), Map.of());

        /** {@code context}: its certificate, and whom it believes. */
        public static Credential of(SSLContext context, Map<String, String> headers) {
            return new Credential("https", client().sslContext(context).build(), headers);
        }

        private static HttpClient.Builder client() {
            return HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).connectTimeout(Duration.ofSeconds(5));
        }

        URI uri(String host, int port, String path) {
            return URI.create(scheme + "://" + host + ":" + port + path);
        }
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
        HttpRequest.Builder request = HttpRequest.newBuilder(credential.uri(host, port.getAsInt(), path))
                .timeout(Duration.ofSeconds(30))
                .header("Content-Type", contentType)
                .method(
                        method,
                        body.isEmpty()
                                ? HttpRequest.BodyPublishers.noBody()
                                : HttpRequest.BodyPublishers.ofString(body));
        credential.headers().forEach(request::header);
        try {
            HttpResponse<String> response =
                    credential.http().send(request.build(), HttpResponse.BodyHandlers.ofString());
            return new Reply(response.statusCode(), response.body());
        } catch (IOException e) {
            throw new UncheckedIOException(method + " " + path, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
