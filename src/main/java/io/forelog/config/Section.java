package io.forelog.config;

import io.forelog.model.ConfigSchema;
import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * One level of a document while it is read: each getter answers the value or the default, and notes a problem where the
 * value is not what was expected, so that all problems are told at once. Keys are in snake case, see {@link DocumentText}.
 * Owned by one thread, for one reading.
 */
final class Section {
    private static final Pattern RATE = Pattern.compile("(\\d+(?:\\.\\d+)?)\\s*/\\s*s");
    private static final Pattern BYTES = Pattern.compile("(\\d+)\\s*(|B|KiB|MiB|GiB|TiB)");
    private static final List<String> BYTE_UNITS = List.of("KiB", "MiB", "GiB", "TiB");

    private final String path;
    private final Map<String, Object> values;
    private final List<String> problems;
    private final Set<String> asked;
    private final Set<String> known = new LinkedHashSet<>();

    /** {@code path} empty = the document itself. */
    Section(String path, Map<String, Object> values, List<String> problems) {
        this(path, values, problems, new LinkedHashSet<>());
    }

    /** {@code asked} collects the path of every key that is asked for, on all levels. */
    Section(String path, Map<String, Object> values, List<String> problems, Set<String> asked) {
        this.path = path;
        this.values = values;
        this.problems = problems;
        this.asked = asked;
    }

    boolean has(String key) {
        return values.get(key) != null;
    }

    String at(String key) {
        return path.isEmpty() ? key : path + "." + key;
    }

    void problem(String key, String expected) {
        Object value = values.get(key);
        problems.add(at(key) + ": " + (value == null ? "missing" : shown(value)) + " (expected: " + expected + ")");
    }

    /** Whatever the sentence needs to say. */
    void remark(String key, String text) {
        problems.add(at(key) + ": " + text);
    }

    /** A sentence that begins with one of its keys. */
    void says(String problem) {
        problems.add(at(problem));
    }

    void allProblems(List<String> found) {
        problems.addAll(found);
    }

    private @Nullable Object get(String key) {
        known.add(key);
        asked.add(at(key));
        return values.get(key);
    }

    String text(String key, String otherwise) {
        Object value = get(key);
        if (value == null) {
            return otherwise;
        }
        if (value instanceof String text) {
            return text;
        }
        if (value instanceof Number) {
            return value.toString();
        }
        problem(key, "a text");
        return otherwise;
    }

    /** A text that {@code pattern} matches. */
    String text(String key, String otherwise, Pattern pattern, String expected) {
        String text = text(key, otherwise);
        if (has(key) && !pattern.matcher(text).matches()) {
            problem(key, expected);
            return otherwise;
        }
        return text;
    }

    boolean flag(String key, boolean otherwise) {
        Object value = get(key);
        if (value == null) {
            return otherwise;
        }
        if (value instanceof Boolean flag) {
            return flag;
        }
        problem(key, "true or false");
        return otherwise;
    }

    long whole(String key, long least, long most, long otherwise) {
        Object value = get(key);
        if (value == null) {
            return otherwise;
        }
        if (value instanceof Integer || value instanceof Long) {
            long number = ((Number) value).longValue();
            if (number >= least && number <= most) {
                return number;
            }
        }
        problem(key, range(least, most));
        return otherwise;
    }

    int number(String key, int least, int most, int otherwise) {
        return (int) whole(key, least, most, otherwise);
    }

    private static String range(long least, long most) {
        return most >= Integer.MAX_VALUE
                ? "a whole number >= " + least
                : "a whole number from " + least + " to " + most;
    }

    double decimal(String key, double least, double most, double otherwise, String expected) {
        Object value = get(key);
        if (value == null) {
            return otherwise;
        }
        if (value instanceof Number number && number.doubleValue() >= least && number.doubleValue() <= most) {
            return number.doubleValue();
        }
        problem(key, expected);
        return otherwise;
    }

    Duration duration(String key, Duration least, Duration most, Duration otherwise) {
        Object value = get(key);
        if (value == null) {
            return otherwise;
        }
        String expected = "an ISO-8601 duration from " + least + " to " + most;
        if (!(value instanceof String text)) {
            problem(key, expected + ", such as PT2S");
            return otherwise;
        }
        try {
            Duration duration = Duration.parse(text);
            if (duration.compareTo(least) >= 0 && duration.compareTo(most) <= 0) {
                return duration;
            }
            problem(key, expected);
        } catch (DateTimeParseException e) {
            problem(key, expected + ", such as PT2S");
        }
        return otherwise;
    }

    /** {@code 100/s}; 0 = no limit, which is also the default. */
    double rate(String key) {
        Object value = get(key);
        if (value == null) {
            return 0;
        }
        Matcher matcher = RATE.matcher(value.toString().strip());
        if (matcher.matches() && Double.parseDouble(matcher.group(1)) > 0) {
            return Double.parseDouble(matcher.group(1));
        }
        problem(key, "a rate above zero such as 100/s");
        return 0;
    }

    /** A number of bytes, or a text such as {@code 10GiB}. */
    long bytes(String key, long least, long otherwise) {
        Object value = get(key);
        if (value == null) {
            return otherwise;
        }
        Matcher matcher = BYTES.matcher(value.toString().strip());
        if (matcher.matches() && matcher.group(1).length() < 16) {
            int power = BYTE_UNITS.indexOf(matcher.group(2)) + 1;
            long bytes = Long.parseLong(matcher.group(1));
            if (bytes <= Long.MAX_VALUE >> (10 * power) && bytes << (10 * power) >= least) {
                return bytes << (10 * power);
            }
        }
        problem(key, "a number of bytes >= " + least + ", or a text such as 10GiB");
        return otherwise;
    }

    /** One of the names of {@code type}, in lower case. */
    <E extends Enum<E>> E choice(String key, Class<E> type, E otherwise) {
        Object value = get(key);
        if (value == null) {
            return otherwise;
        }
        Set<String> names = new LinkedHashSet<>();
        for (E constant : type.getEnumConstants()) {
            if (constant.name().equalsIgnoreCase(value.toString())) {
                return constant;
            }
            names.add(constant.name().toLowerCase(Locale.ROOT));
        }
        problem(key, "one of " + names);
        return otherwise;
    }

    String choice(String key, List<String> names, String otherwise) {
        Object value = get(key);
        if (value == null) {
            return otherwise;
        }
        if (value instanceof String text && names.contains(text)) {
            return text;
        }
        problem(key, "one of " + names);
        return otherwise;
    }

    /** Texts, none empty and none twice. */
    List<String> texts(String key) {
        Object value = get(key);
        if (value == null) {
            return List.of();
        }
        Set<String> texts = new LinkedHashSet<>();
        boolean fine = value instanceof List<?>;
        if (value instanceof List<?> list) {
            for (Object item : list) {
                fine &= item instanceof String text && !text.isBlank() && texts.add(text);
            }
        }
        if (!fine) {
            problem(key, "a list of texts, none empty and none twice");
        }
        return List.copyOf(texts);
    }

    /** Of {@code pattern}; sorted. */
    Set<String> names(String key, Pattern pattern, String expected) {
        Set<String> names = new TreeSet<>(texts(key));
        if (!names.stream().allMatch(name -> pattern.matcher(name).matches())) {
            problem(key, "a list, each " + expected);
        }
        return names;
    }

    /** Never null: a key that is not there is an empty section. */
    Section section(String key) {
        return new Section(at(key), map(key), problems, asked);
    }

    Map<String, Object> map(String key) {
        Object value = get(key);
        if (value == null) {
            return Map.of();
        }
        if (value instanceof Map<?, ?>) {
            return DocumentText.asMap(value);
        }
        problem(key, "a map of keys to values");
        return Map.of();
    }

    List<Section> sections(String key) {
        Object value = get(key);
        if (value == null) {
            return List.of();
        }
        List<Section> sections = new ArrayList<>();
        if (value instanceof List<?> list && list.stream().allMatch(Map.class::isInstance)) {
            for (Object item : list) {
                sections.add(
                        new Section(at(key) + "[" + sections.size() + "]", DocumentText.asMap(item), problems, asked));
            }
        } else {
            problem(key, "a list of maps");
        }
        return sections;
    }

    /** Notes every key that nobody asked for. Call it last. */
    void refuseTheRest() {
        values.keySet().stream()
                .filter(key -> !known.contains(key))
                .forEach(key -> problems.add(at(key) + ": " + ConfigSchema.unknown(key, known)));
    }

    private static String shown(Object value) {
        if (value instanceof Map<?, ?> map) {
            return "a map of " + map.keySet();
        }
        String text = value.toString();
        if (text.isEmpty()) {
            return "''";
        }
        return text.length() > 200 ? text.substring(0, 200) + "…" : text;
    }
}
