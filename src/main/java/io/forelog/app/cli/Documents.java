package io.forelog.app.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.forelog.client.ManagementClient;
import io.forelog.client.Problem;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Namespace documents as files: found, read, printed, compared. The node judges them, not this. Stateless. */
final class Documents {
    private static final List<String> ENDINGS = List.of(".yaml", ".yml", ".json");

    private Documents() {}

    /**
     * A document.
     *
     * @param name the one it says, else its file's
     */
    record Document(String name, String text, JsonObject content) {}

    /** A file's, or those of a directory in order of their names. */
    static List<Document> read(Path path) throws IOException {
        if (!Files.isDirectory(path)) {
            return List.of(one(path));
        }
        if (Files.exists(path.resolve("forelog.yaml"))) {
            throw new IOException(
                    path + ": the configuration of a node (expected: documents, or a directory of them, such as "
                            + path.resolve("namespaces") + ")");
        }
        List<Document> documents = new ArrayList<>();
        try (Stream<Path> files = Files.list(path)) {
            for (Path file : files.sorted().toList()) {
                String name = file.getFileName().toString();
                if (ENDINGS.stream().anyMatch(name::endsWith)) {
                    documents.add(one(file));
                }
            }
        }
        return documents;
    }

    /** As {@link #read}; throws a sentence where there is nothing to read. */
    static List<Document> readAll(Path path) {
        try {
            List<Document> documents = read(path);
            if (documents.isEmpty()) {
                throw new IOException(path + ": no documents in it (expected: *.yaml, *.yml or *.json)");
            }
            return documents;
        } catch (IOException e) {
            String text = Files.exists(path) ? String.valueOf(e.getMessage()) : path + ": no such file";
            throw new UncheckedIOException(text, new IOException(text, e));
        }
    }

    /** The desired one on the node, secrets hidden; empty where there is none. */
    static JsonObject current(ManagementClient client, String namespace) {
        try {
            return client.get(ManagementClient.namespace(namespace, ""))
                    .getJsonObject("document", new JsonObject())
                    .copy();
        } catch (Problem problem) {
            if (problem.status() == 404) {
                return new JsonObject();
            }
            throw problem;
        }
    }

    private static Document one(Path file) throws IOException {
        String text = Files.readString(file);
        JsonObject content = parse(text);
        String base = file.getFileName().toString().replaceFirst("\\.(yaml|yml|json)$", "");
        return new Document(content.getValue("namespace", base).toString(), text, content);
    }

    /** Empty where it is no document at all; the node will say what is wrong with it. */
    private static JsonObject parse(String text) {
        try {
            Object content = new YAMLMapper().readValue(text, Object.class);
            return content instanceof Map<?, ?> map ? copy(map) : new JsonObject();
        } catch (JsonProcessingException e) {
            return new JsonObject();
        }
    }

    private static JsonObject copy(Map<?, ?> map) {
        Map<String, Object> copy = new LinkedHashMap<>();
        map.forEach((name, value) -> copy.put(String.valueOf(name), value));
        return new JsonObject(copy);
    }

    static String yaml(JsonObject document) {
        YAMLFactory plain = YAMLFactory.builder()
                .disable(YAMLGenerator.Feature.WRITE_DOC_START_MARKER)
                .enable(YAMLGenerator.Feature.MINIMIZE_QUOTES)
                .enable(YAMLGenerator.Feature.ALWAYS_QUOTE_NUMBERS_AS_STRINGS)
                .build();
        try {
            YAMLMapper mapper = new YAMLMapper(plain);
            return mapper.writeValueAsString(mapper.readTree(document.encode())).stripTrailing();
        } catch (JsonProcessingException e) {
            return document.encodePrettily();
        }
    }

    /** {@code + path: value}, {@code - path: value}, {@code ~ path: old -> new}, by path. */
    static List<String> diff(JsonObject before, JsonObject after) {
        Map<String, String> old = flat(before);
        Map<String, String> now = flat(after);
        TreeSet<String> paths = new TreeSet<>(old.keySet());
        paths.addAll(now.keySet());
        List<String> lines = new ArrayList<>();
        for (String path : paths) {
            String was = old.get(path);
            String is = now.get(path);
            if (was == null) {
                lines.add("+ " + path + ": " + is);
            } else if (is == null) {
                lines.add("- " + path + ": " + was);
            } else if (!Objects.equals(was, is)) {
                lines.add("~ " + path + ": " + was + " -> " + is);
            }
        }
        return lines;
    }

    private static Map<String, String> flat(JsonObject document) {
        Map<String, String> flat = new LinkedHashMap<>();
        flatten("", document, flat);
        return flat;
    }

    private static void flatten(String path, @Nullable Object value, Map<String, String> into) {
        if (value instanceof JsonObject object && !object.isEmpty()) {
            object.fieldNames()
                    .forEach(name -> flatten(path.isEmpty() ? name : path + "." + name, object.getValue(name), into));
        } else if (value instanceof JsonArray array && !array.isEmpty()) {
            for (int i = 0; i < array.size(); i++) {
                flatten(path + "[" + element(array.getValue(i), i) + "]", array.getValue(i), into);
            }
        } else {
            into.put(path, String.valueOf(value));
        }
    }

    /** What has a name is known by it, so that a change of order is no change. */
    private static String element(@Nullable Object value, int index) {
        return value instanceof JsonObject object && object.getValue("name") instanceof String name
                ? name
                : Integer.toString(index);
    }
}
