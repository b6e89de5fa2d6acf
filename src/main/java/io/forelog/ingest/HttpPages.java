package io.forelog.ingest;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Set;

/**
 * What a person looks at: a hint, the OpenAPI document and a page that shows it. Read once; immutable, event loops.
 */
final class HttpPages {
    static final Set<String> PATHS = Set.of("/", "/openapi.json", "/docs");

    private static final Buffer HINT = Buffer.buffer("""
            Forelog, a write-ahead log service. Write an entry:

              curl -X POST http://HOST:PORT/v1/namespaces/quickstart/entries \\
                   -H 'Content-Type: application/json' \\
                   -d '{"payload_text": "hi", "lifecycle": {"delay": "PT3S"}}'

            The API: /docs for reading, /openapi.json for machines.
            """);

    private final Buffer openapi = resource("openapi.json");
    private final Buffer docs = resource("docs.html");

    private static Buffer resource(String name) {
        try (InputStream in = HttpPages.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IllegalStateException(name + ": missing from the jar");
            }
            return Buffer.buffer(in.readAllBytes());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** {@code request}: GET or HEAD of one of {@link #PATHS}. */
    void show(HttpServerRequest request) {
        switch (request.path()) {
            case "/openapi.json" -> send(request, "application/json", openapi);
            case "/docs" -> {
                request.response()
                        .putHeader(
                                "content-security-policy",
                                "default-src 'self' 'unsafe-inline'; frame-ancestors 'none'");
                send(request, "text/html; charset=utf-8", docs);
            }
            default -> send(request, "text/plain; charset=utf-8", HINT);
        }
    }

    private static void send(HttpServerRequest request, String type, Buffer body) {
        HttpServerResponse response = request.response()
                .putHeader(HttpHeaders.CONTENT_TYPE, type)
                .putHeader("x-content-type-options", "nosniff");
        if (request.method().equals(HttpMethod.HEAD)) {
            response.putHeader(HttpHeaders.CONTENT_LENGTH, Integer.toString(body.length()))
                    .end();
        } else {
            response.end(body);
        }
    }
}
