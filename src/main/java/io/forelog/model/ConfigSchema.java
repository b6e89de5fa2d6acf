package io.forelog.model;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The keys that an adapter's {@code config} may hold: what is checked, documented and hidden. Immutable.
 *
 * @param keys by name, in the order in which they are documented
 */
public record ConfigSchema(Map<String, Key> keys) {
    /**
     * One key.
     *
     * @param kind what the value must be
     * @param required refused where it is missing
     * @param defaultText shown in the docs; empty = none
     * @param secret never shown; its value must be a reference ({@code file:PATH} or {@code env:NAME})
     * @param check null, or a check that answers the expectation in words where the value does not meet it
     */
    public record Key(
            String name,
            Kind kind,
            boolean required,
            String defaultText,
            boolean secret,
            String meaning,
            @Nullable Function<Object, @Nullable String> check) {}

    /** The type of a value as JSON and YAML know it, durations in ISO-8601 text. */
    public enum Kind {
        TEXT("text"),
        INTEGER("a whole number"),
        NUMBER("a number"),
        BOOLEAN("true or false"),
        DURATION("an ISO-8601 duration such as PT2S"),
        TEXT_LIST("a list of texts"),
        TEXT_MAP("a map of texts");

        private final String words;

        Kind(String words) {
            this.words = words;
        }

        public String words() {
            return words;
        }

        boolean accepts(Object value) {
            return switch (this) {
                case TEXT -> value instanceof String;
                case INTEGER -> value instanceof Integer || value instanceof Long;
                case NUMBER -> value instanceof Number;
                case BOOLEAN -> value instanceof Boolean;
                case DURATION -> value instanceof String text && isDuration(text);
                case TEXT_LIST -> value instanceof List<?> list && list.stream().allMatch(String.class::isInstance);
                case TEXT_MAP ->
                    value instanceof Map<?, ?> map && map.values().stream().allMatch(String.class::isInstance);
            };
        }

        private static boolean isDuration(String text) {
            try {
                return !java.time.Duration.parse(text).isNegative();
            } catch (java.time.format.DateTimeParseException e) {
                return false;
            }
        }
    }

    public static final ConfigSchema EMPTY = new ConfigSchema(Map.of());

    public static Builder builder() {
        return new Builder();
    }

    /** All problems of {@code config}, each beginning with its path below {@code path}; empty = none. */
    public List<String> problems(String path, Map<String, Object> config) {
        List<String> problems = new ArrayList<>();
        config.forEach((name, value) -> {
            Key key = keys.get(name);
            if (key == null) {
                problems.add(path + "." + name + ": " + unknown(name, keys.keySet()));
            } else if (!key.kind().accepts(value)) {
                String shown = key.secret() ? "(hidden)" : String.valueOf(value);
                problems.add(path + "." + name + ": " + shown + " (expected: "
                        + key.kind().words() + ")");
            } else if (key.check() != null) {
                String expectation = key.check().apply(value);
                if (expectation != null) {
                    String shown = key.secret() ? "(hidden)" : String.valueOf(value);
                    problems.add(path + "." + name + ": " + shown + " (expected: " + expectation + ")");
                }
            }
        });
        keys.values().stream()
                .filter(key -> key.required() && !config.containsKey(key.name()))
                .forEach(key -> problems.add(path + "." + key.name() + ": missing (expected: "
                        + key.kind().words() + ", " + key.meaning() + ")"));
        return problems;
    }

    /** What is said of a key that is none of {@code known}; names the nearest where one is near. */
    public static String unknown(String name, Collection<String> known) {
        if (known.isEmpty()) {
            return "unknown key (expected: no keys here)";
        }
        String nearest = "";
        int least = Math.max(2, name.length() / 3) + 1;
        for (String key : known) {
            int distance = distance(name.toLowerCase(Locale.ROOT), key);
            if (distance < least) {
                least = distance;
                nearest = key;
            }
        }
        return nearest.isEmpty()
                ? "unknown key (expected: one of " + known + ")"
                : "unknown key, did you mean " + nearest + "? (expected: one of " + known + ")";
    }

    /** Levenshtein's. */
    private static int distance(String a, String b) {
        int[] above = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            above[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int[] row = new int[b.length() + 1];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int swap = above[j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                row[j] = Math.min(swap, Math.min(above[j], row[j - 1]) + 1);
            }
            above = row;
        }
        return above[b.length()];
    }

    /** Collects keys in the order in which they are documented. */
    public static final class Builder {
        private final Map<String, Key> keys = new LinkedHashMap<>();

        public Builder required(String name, Kind kind, String meaning) {
            return add(new Key(name, kind, true, "", false, meaning, null));
        }

        public Builder optional(String name, Kind kind, String defaultText, String meaning) {
            return add(new Key(name, kind, false, defaultText, false, meaning, null));
        }

        public Builder secret(String name, String meaning) {
            return add(new Key(name, Kind.TEXT, false, "", true, meaning, Builder::reference));
        }

        /** With a check of the value: see {@link Key#check()}. */
        public Builder add(Key key) {
            keys.put(key.name(), key);
            return this;
        }

        public ConfigSchema build() {
            return new ConfigSchema(java.util.Collections.unmodifiableMap(new LinkedHashMap<>(keys)));
        }

        private static @Nullable String reference(Object value) {
            String text = (String) value;
            return text.startsWith("file:") || text.startsWith("env:")
                    ? null
                    : "file:PATH or env:NAME, never the secret";
        }
    }
}
