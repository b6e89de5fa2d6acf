package io.forelog.config;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Documents as they may be shown: what looks like a secret below a {@code config} is hidden, a reference to one
 * ({@code file:PATH}, {@code env:NAME}) is not. Stateless, any thread.
 */
public final class Redaction {
    static final String HIDDEN = "(hidden)";
    private static final Pattern SECRET = Pattern.compile(
            "(?i).*(authorization|cookie|password|passwd|secret|credential|token|api[-_.]?key|private[-_.]?key).*");
    private static final Pattern USER = Pattern.compile("://[^/@\\s]+@");

    private Redaction() {}

    public static Map<String, Object> of(Map<String, Object> document) {
        return map(document, false);
    }

    private static Map<String, Object> map(Map<String, Object> map, boolean config) {
        Map<String, Object> shown = new LinkedHashMap<>();
        map.forEach((key, value) -> shown.put(
                key,
                config && value != null && SECRET.matcher(key).matches()
                        ? secret(value)
                        : value(value, config || key.equals("config"))));
        return shown;
    }

    private static @Nullable Object value(@Nullable Object value, boolean config) {
        if (value instanceof Map<?, ?>) {
            return map(DocumentText.asMap(value), config);
        }
        if (value instanceof List<?> list) {
            List<@Nullable Object> items = new ArrayList<>();
            list.forEach(item -> items.add(value(item, config)));
            return items;
        }
        return config && value instanceof String text ? USER.matcher(text).replaceAll("://" + HIDDEN + "@") : value;
    }

    private static Object secret(Object value) {
        boolean references =
                value instanceof List<?> list ? list.stream().allMatch(Redaction::reference) : reference(value);
        return references ? value : HIDDEN;
    }

    private static boolean reference(Object value) {
        return value instanceof String text && (text.startsWith("file:") || text.startsWith("env:"));
    }
}
