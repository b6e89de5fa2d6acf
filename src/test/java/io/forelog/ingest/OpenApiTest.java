package io.forelog.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.model.ErrorCode;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class OpenApiTest {
    private final String text = read("openapi.json");
    private final JsonObject api = new JsonObject(text);

    @Test
    void mentionsEveryRoute() {
        assertThat(api.getString("openapi")).startsWith("3.1");
        JsonObject paths = api.getJsonObject("paths");
        assertThat(paths.fieldNames()).containsAll(HttpPages.PATHS);
        assertThat(methods(paths, "/v1/namespaces/{namespace}/entries")).contains("post");
        assertThat(methods(paths, "/v1/namespaces/{namespace}/entries:batch")).contains("post");
        assertThat(methods(paths, "/v1/namespaces/{namespace}/entries/{id}")).contains("get", "delete", "patch");
    }

    private static java.util.Set<String> methods(JsonObject paths, String path) {
        return paths.getJsonObject(path).fieldNames();
    }

    @Test
    void mentionsEveryCodeAndNoOther() {
        JsonArray codes = api.getJsonObject("components")
                .getJsonObject("schemas")
                .getJsonObject("Code")
                .getJsonArray("enum");
        assertThat(codes)
                .containsExactlyInAnyOrderElementsOf(
                        Arrays.stream(ErrorCode.values()).map(Enum::name).toList());
    }

    @Test
    void mentionsEveryStatusThatAWriteCanHave() {
        JsonObject responses = api.getJsonObject("paths")
                .getJsonObject("/v1/namespaces/{namespace}/entries")
                .getJsonObject("post")
                .getJsonObject("responses");
        assertThat(new TreeSet<>(responses.fieldNames()))
                .contains("201", "400", "401", "403", "404", "413", "415", "421", "422", "429", "500", "503", "504");
    }

    @Test
    void everyRouteOfANamespaceMentionsWhatItMayBeRefusedWith() {
        JsonObject paths = api.getJsonObject("paths");
        for (String path : List.of("entries", "entries:batch", "entries/{id}")) {
            JsonObject item = paths.getJsonObject("/v1/namespaces/{namespace}/" + path);
            for (String method : item.fieldNames()) {
                if (!method.equals("parameters")) {
                    JsonObject responses = item.getJsonObject(method).getJsonObject("responses");
                    assertThat(responses.fieldNames())
                            .as(method + " " + path)
                            .contains("400", "401", "403", "404", "421", "500", "503", "default");
                    assertThat(responses
                                    .getJsonObject("401")
                                    .getJsonObject("headers")
                                    .fieldNames())
                            .contains("WWW-Authenticate");
                    assertThat(responses
                                    .getJsonObject("503")
                                    .getJsonObject("headers")
                                    .fieldNames())
                            .contains("Retry-After");
                }
            }
        }
    }

    @Test
    void mentionsEveryHeaderOfAWriteAndNoOther() {
        List<String> known = Arrays.stream(
                        HttpHeadersIn.KNOWN.replace("Forelog", "").split(", *"))
                .map(name -> "Forelog" + name)
                .toList();
        List<String> mentioned = api
                .getJsonObject("paths")
                .getJsonObject("/v1/namespaces/{namespace}/entries")
                .getJsonObject("post")
                .getJsonArray("parameters")
                .stream()
                .map(parameter -> ((JsonObject) parameter).getString("name"))
                .filter(name -> name.startsWith("Forelog-"))
                .toList();
        assertThat(mentioned).containsExactlyInAnyOrderElementsOf(known);
    }

    @Test
    void everyReferenceLeadsSomewhere() {
        JsonObject schemas = api.getJsonObject("components").getJsonObject("schemas");
        java.util.regex.Matcher references =
                java.util.regex.Pattern.compile("#/components/schemas/(\\w+)").matcher(text);
        assertThat(references.results().map(found -> found.group(1)).toList())
                .isNotEmpty()
                .allSatisfy(name -> assertThat(schemas.containsKey(name)).isTrue());
    }

    @Test
    void thePageNeedsNobodyElse() {
        String page = read("docs.html");
        assertThat(page).contains("/openapi.json").doesNotContain("https://").doesNotContain("<script src");
    }

    private static String read(String name) {
        try (InputStream in = HttpPages.class.getResourceAsStream(name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
