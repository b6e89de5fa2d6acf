package io.forelog.config;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Configuration as text, JSON or YAML, to maps and back. The article writes some keys in camel case and some in snake
 * case: here both become snake case. Stateless, any thread; a text has at most {@link #CHARACTERS_MAX} characters.
 */
public final class DocumentText {
    public static final int CHARACTERS_MAX = 1024 * 1024;

    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .enable(SerializationFeature.INDENT_OUTPUT)
            .build();
    private static final ObjectMapper YAML = new ObjectMapper(YAMLFactory.builder()
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .disable(YAMLGenerator.Feature.WRITE_DOC_START_MARKER)
                    .build())
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

    private DocumentText() {}

    /** As written. Fails with MALFORMED_BODY, which names line and column. An empty text is an empty document. */
    public static Map<String, Object> parse(String text) {
        if (text.length() > CHARACTERS_MAX) {
            throw malformed(text.length() + " characters (expected: at most " + CHARACTERS_MAX + ")", null);
        }
        boolean json = text.stripLeading().startsWith("{");
        Object read;
        try {
            read = text.isBlank() ? null : (json ? JSON : YAML).readValue(text, Object.class);
        } catch (JsonProcessingException e) {
            throw malformed("not " + (json ? "JSON" : "YAML") + where(e) + ": " + firstLine(e), e);
        } catch (RuntimeException | StackOverflowError e) { // of the YAML library, on hostile texts
            throw malformed("not YAML that can be read: " + e.getClass().getSimpleName(), null);
        }
        if (read == null) {
            return Map.of();
        }
        if (!(read instanceof Map<?, ?>)) {
            throw malformed(
                    (read instanceof Iterable<?> ? "a list" : "a single value")
                            + " (expected: a map of keys to values)",
                    null);
        }
        return asMap(read);
    }

    private static WalException malformed(String text, @Nullable Throwable cause) {
        return new WalException(ErrorCode.MALFORMED_BODY, "document: " + text, cause);
    }

    private static String where(JsonProcessingException e) {
        JsonLocation location = e.getLocation();
        return location == null ? "" : " at line " + location.getLineNr() + ", column " + location.getColumnNr();
    }

    private static String firstLine(JsonProcessingException e) {
        String text =
                e.getOriginalMessage() == null ? "" : e.getOriginalMessage().strip();
        int end = text.indexOf('\n');
        String line = end < 0 ? text : text.substring(0, end);
        int source = line.indexOf(" (start marker at [Source");
        return source < 0 ? line : line.substring(0, source);
    }

    public static String toJson(Object value) {
        try {
            return JSON.writeValueAsString(value);
        } catch (JsonProcessingException e) {
            throw new WalException(ErrorCode.INTERNAL, "document: " + firstLine(e), e);
        }
    }

    public static String toYaml(Object value) {
        try {
            return YAML.writeValueAsString(value);
        } catch (JsonProcessingException e) {
            throw new WalException(ErrorCode.INTERNAL, "document: " + firstLine(e), e);
        }
    }

    /** Keys that are no texts (YAML allows numbers) become texts; order is kept. */
    static Map<String, Object> asMap(Object value) {
        Map<String, Object> map = new LinkedHashMap<>();
        ((Map<?, ?>) value).forEach((key, item) -> map.put(String.valueOf(key), item));
        return map;
    }

    /**
     * {@code map} with its keys in snake case, at every level but below {@code config}, whose keys are the adapter's; what is
     * there in both spellings is a problem.
     */
    static Map<String, Object> normal(Map<String, Object> map, String path, List<String> problems) {
        Map<String, Object> snake = new LinkedHashMap<>();
        map.forEach((key, value) -> {
            String name = snake(key);
            String at = path.isEmpty() ? name : path + "." + name;
            Object inner = name.equals("config") ? value : normalValue(value, at, problems);
            if (snake.containsKey(name)) {
                problems.add(at + ": given twice, in both spellings (expected: once)");
            } else {
                snake.put(name, inner);
            }
        });
        return snake;
    }

    private static @Nullable Object normalValue(@Nullable Object value, String at, List<String> problems) {
        if (value instanceof Map<?, ?>) {
            return normal(asMap(value), at, problems);
        }
        if (value instanceof List<?> list) {
            List<@Nullable Object> items = new ArrayList<>();
            for (Object item : list) {
                items.add(normalValue(item, at + "[" + items.size() + "]", problems));
            }
            return items;
        }
        return value;
    }

    /** {@code physicalStorage} to {@code physical_storage}; a name with dots or dashes stays as it is. */
    static String snake(String key) {
        boolean camel = !key.isEmpty()
                && Character.isLowerCase(key.charAt(0))
                && key.chars().allMatch(c -> c < 128 && Character.isLetterOrDigit(c))
                && key.chars().anyMatch(Character::isUpperCase);
        return camel ? key.replaceAll("([A-Z])", "_$1").toLowerCase(Locale.ROOT) : key;
    }

    /**
     * {@code document} with what it lacks from {@code defaults}: map by map; a list or a value of the document stands as
     * it is.
     */
    static Map<String, Object> withDefaults(Map<String, Object> document, Map<String, Object> defaults) {
        Map<String, Object> merged = new LinkedHashMap<>(document);
        defaults.forEach((key, fallback) -> {
            Object own = merged.get(key);
            if (own == null) {
                merged.put(key, fallback);
            } else if (own instanceof Map<?, ?> && fallback instanceof Map<?, ?>) {
                merged.put(key, withDefaults(asMap(own), asMap(fallback)));
            }
        });
        return merged;
    }
}
