package io.forelog.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;

/** Holds what was asked and answered against the OpenAPI document. Immutable. */
final class DocumentedApi {
    /** What any server of HTTP may answer: the document says so once, as its default. */
    private static final Set<Integer> OF_HTTP = Set.of(405, 414, 417, 431);

    /** Of our own, or with a meaning of their own here. */
    private static final Set<String> TOLD =
            Set.of("retry-after", "forelog-dedupe", "www-authenticate", "allow", "accept-encoding");

    private final JsonObject paths;
    private final Set<String> ofProblem;

    DocumentedApi() {
        try (InputStream in = HttpPages.class.getResourceAsStream("openapi.json")) {
            JsonObject api = new JsonObject(new String(in.readAllBytes(), StandardCharsets.UTF_8));
            paths = api.getJsonObject("paths");
            ofProblem = api.getJsonObject("components")
                    .getJsonObject("schemas")
                    .getJsonObject("Problem")
                    .getJsonObject("properties")
                    .fieldNames();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /** {@code headers}: name, value, name, value. A path or a method that is none is not looked at. */
    void holds(String method, String path, String[] headers, HttpResponse<String> answer) {
        String template = paths.fieldNames().stream()
                .filter(each -> path.matches(each.replaceAll("\\{\\w+}", "[^/]+")))
                .findFirst()
                .orElse("");
        JsonObject operation = template.isEmpty()
                ? null
                : paths.getJsonObject(template)
                        .getJsonObject(method.equals("HEAD") ? "get" : method.toLowerCase(Locale.ROOT));
        if (operation == null) {
            return;
        }
        String what = method + " " + template + " answers " + answer.statusCode();
        JsonObject responses = operation.getJsonObject("responses");
        String status = OF_HTTP.contains(answer.statusCode()) ? "default" : String.valueOf(answer.statusCode());
        assertThat(responses.fieldNames()).as(what).contains(status);
        JsonObject response = responses.getJsonObject(status);
        String type = answer.headers().firstValue("content-type").orElse("").replaceAll(";.*", "");
        assertThat(response.getJsonObject("content").fieldNames()).as(what).contains(type);
        if (type.equals("application/problem+json") && !answer.body().isEmpty()) {
            assertThat(ofProblem).as(what).containsAll(new JsonObject(answer.body()).fieldNames());
        }
        Set<String> documented = response.getJsonObject("headers", new JsonObject()).fieldNames().stream()
                .map(name -> name.toLowerCase(Locale.ROOT))
                .collect(Collectors.toSet());
        List<String> told = answer.headers().map().keySet().stream()
                .map(name -> name.toLowerCase(Locale.ROOT))
                .filter(TOLD::contains)
                .toList();
        assertThat(documented).as(what + " with headers").containsAll(told);
        if (answer.statusCode() / 100 == 2) {
            for (int i = 0; i < headers.length; i += 2) {
                parameter(operation, headers[i], what);
            }
        }
    }

    private static void parameter(JsonObject operation, String header, String what) {
        String name = header.toLowerCase(Locale.ROOT);
        if (!name.startsWith("forelog-") && !name.equals("idempotency-key") && !name.equals("traceparent")) {
            return;
        }
        assertThat(operation.getJsonArray("parameters").stream()
                        .map(each -> ((JsonObject) each).getString("name").toLowerCase(Locale.ROOT))
                        .anyMatch(each -> each.equals(name)
                                || each.endsWith("<name>") && name.startsWith(each.replace("<name>", ""))))
                .as(what + ", asked with " + header)
                .isTrue();
    }
}
