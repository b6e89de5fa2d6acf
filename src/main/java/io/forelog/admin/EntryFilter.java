package io.forelog.admin;

import io.forelog.config.Namespace;
import io.forelog.model.Entry;
import io.forelog.model.EntryId;
import io.forelog.model.ErrorCode;
import io.forelog.model.Operation;
import io.forelog.model.Priority;
import io.forelog.model.WalException;
import io.forelog.queue.DeadLetter;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * What an administrator writes to choose entries: a JSON object whose fields must all match, of which a list means any
 * of its values. It has no expressions, so that nothing in it can run long. Documented in docs/operations.md. Immutable.
 */
final class EntryFilter {
    private static final Set<String> ENTRY_FIELDS = Set.of(
            "entry_id",
            "target",
            "key",
            "key_base64",
            "key_prefix",
            "destination",
            "operation",
            "priority",
            "payload_contains",
            "older_than",
            "newer_than");
    private static final Set<String> DEATH_FIELDS = Set.of("id", "code", "text");
    private static final int VALUES_MAX = 10_000;

    private final List<Predicate<Subject>> tests;

    private EntryFilter(List<Predicate<Subject>> tests) {
        this.tests = tests;
    }

    /** What is looked at: an entry, where it goes, and the dead letter it is in, if any. */
    private record Subject(
            Entry entry,
            List<String> targets,
            long sinceMicros,
            @Nullable DeadLetter letter) {}

    /** For dead letters; {@code older_than} and {@code newer_than} go by the time of death. */
    static EntryFilter ofDeadLetters(@Nullable JsonObject filter, long nowMicros) {
        return parse("filter", filter, true, nowMicros);
    }

    /** For entries of the log; {@code older_than} and {@code newer_than} go by the time of acceptance. */
    static EntryFilter ofEntries(String name, @Nullable JsonObject filter, long nowMicros) {
        return parse(name, filter, false, nowMicros);
    }

    boolean matches(DeadLetter letter, @Nullable Namespace namespace) {
        return matches(new Subject(
                letter.entry(), List.of(Views.target(namespace, letter.route())), letter.diedMicros(), letter));
    }

    boolean matches(Entry entry, @Nullable Namespace namespace) {
        return matches(new Subject(entry, Views.targets(namespace, entry.routes()), entry.acceptedMicros(), null));
    }

    boolean isEmpty() {
        return tests.isEmpty();
    }

    private boolean matches(Subject subject) {
        for (Predicate<Subject> test : tests) {
            if (!test.test(subject)) {
                return false;
            }
        }
        return true;
    }

    private static EntryFilter parse(String name, @Nullable JsonObject filter, boolean dead, long nowMicros) {
        List<Predicate<Subject>> tests = new ArrayList<>();
        if (filter != null) {
            for (String field : new LinkedHashMap<>(filter.getMap()).keySet()) {
                tests.add(test(
                        name + "." + field,
                        field,
                        values(name + "." + field, filter.getValue(field)),
                        dead,
                        nowMicros));
            }
        }
        return new EntryFilter(List.copyOf(tests));
    }

    private static List<String> values(String path, @Nullable Object value) {
        List<?> given = value instanceof JsonArray array ? array.getList() : value == null ? List.of() : List.of(value);
        if (given.isEmpty() || given.size() > VALUES_MAX) {
            throw Exchange.invalid(path + ": " + given.size() + " values (expected: 1 to " + VALUES_MAX + ")");
        }
        List<String> values = new ArrayList<>(given.size());
        for (Object one : given) {
            if (!(one instanceof String text)) {
                throw Exchange.invalid(path + ": " + one + " (expected: a string or a list of strings)");
            }
            values.add(text);
        }
        return values;
    }

    private static Predicate<Subject> test(
            String path, String field, List<String> values, boolean dead, long nowMicros) {
        if (field.startsWith("header.")) {
            return named(values, field.substring(7).toLowerCase(java.util.Locale.ROOT), true);
        }
        if (field.startsWith("attribute.")) {
            return named(values, field.substring(10), false);
        }
        if (!ENTRY_FIELDS.contains(field) && !(dead && DEATH_FIELDS.contains(field))) {
            throw Exchange.invalid(path + ": unknown (expected: one of " + known(dead) + ")");
        }
        oneOf(path, field, values);
        if (field.equals("entry_id")) {
            values.forEach(value -> entryId(path, value));
        }
        Set<String> set = Set.copyOf(values);
        return switch (field) {
            case "id" ->
                subject -> subject.letter() != null
                        && set.contains(subject.letter().id());
            case "code" ->
                subject -> subject.letter() != null
                        && set.contains(subject.letter().cause().code().name());
            case "text" ->
                subject -> subject.letter() != null
                        && values.stream().anyMatch(subject.letter().cause().text()::contains);
            case "entry_id" -> subject -> set.contains(subject.entry().id().toString());
            case "target" -> subject -> subject.targets().stream().anyMatch(set::contains);
            case "destination" -> subject -> set.contains(subject.entry().destination());
            case "operation" ->
                subject -> set.contains(subject.entry().operation().name());
            case "priority" ->
                subject -> set.contains(subject.entry().priority().name());
            case "key" -> anyBytes(utf8(values), (key, wanted) -> key.equals(wanted));
            case "key_base64" -> anyBytes(base64(path, values), (key, wanted) -> key.equals(wanted));
            case "key_prefix" -> anyBytes(utf8(values), EntryFilter::startsWith);
            case "payload_contains" -> {
                List<Buffer> wanted = utf8(values);
                yield subject -> wanted.stream()
                        .anyMatch(part -> contains(subject.entry().payload(), part));
            }
            case "older_than" -> {
                long limit = Times.moment(path, values.get(0), nowMicros);
                yield subject -> subject.sinceMicros() < limit;
            }
            default -> {
                long limit = Times.moment(path, values.get(0), nowMicros);
                yield subject -> subject.sinceMicros() >= limit;
            }
        };
    }

    private static void entryId(String path, String value) {
        try {
            EntryId.parse(value);
        } catch (WalException e) {
            throw Exchange.invalid(path + ": '" + value + "' (expected: an entry's id, a UUID)");
        }
    }

    /** A name that nothing has is a slip of the pen, not a filter that fits nothing. */
    private static void oneOf(String path, String field, List<String> values) {
        Enum<?>[] known = switch (field) {
            case "code" -> ErrorCode.values();
            case "operation" -> Operation.values();
            case "priority" -> Priority.values();
            default -> new Enum<?>[0];
        };
        List<String> names = Arrays.stream(known).map(Enum::name).toList();
        for (String value : values) {
            if (!names.isEmpty() && !names.contains(value)) {
                throw Exchange.invalid(path + ": '" + value + "' (expected: one of " + String.join(", ", names) + ")");
            }
        }
    }

    private static Predicate<Subject> named(List<String> values, String name, boolean header) {
        return subject -> {
            Map<String, String> map =
                    header ? subject.entry().headers() : subject.entry().attributes();
            String value = map.get(name);
            return value != null && values.contains(value);
        };
    }

    /** Compares the entry's key with what is wanted. */
    @FunctionalInterface
    private interface KeyTest {
        boolean test(Buffer key, Buffer wanted);
    }

    private static Predicate<Subject> anyBytes(List<Buffer> wanted, KeyTest test) {
        return subject ->
                wanted.stream().anyMatch(one -> test.test(subject.entry().key(), one));
    }

    private static List<Buffer> utf8(List<String> values) {
        return values.stream().map(Buffer::buffer).toList();
    }

    private static List<Buffer> base64(String path, List<String> values) {
        try {
            return values.stream()
                    .map(value ->
                            Buffer.buffer(Base64.getDecoder().decode(value.getBytes(StandardCharsets.ISO_8859_1))))
                    .toList();
        } catch (IllegalArgumentException e) {
            throw Exchange.invalid(path + ": not base64 (" + e.getMessage() + ")");
        }
    }

    private static boolean startsWith(Buffer key, Buffer prefix) {
        return key.length() >= prefix.length()
                && key.getBuffer(0, prefix.length()).equals(prefix);
    }

    /** Plain search: a payload is at most a few MiB and an administrator's filter is not on the hot path. */
    private static boolean contains(Buffer payload, Buffer part) {
        int last = payload.length() - part.length();
        for (int at = 0; at <= last; at++) {
            int same = 0;
            while (same < part.length() && payload.getByte(at + same) == part.getByte(same)) {
                same++;
            }
            if (same == part.length()) {
                return true;
            }
        }
        return false;
    }

    private static String known(boolean dead) {
        List<String> fields = new ArrayList<>(ENTRY_FIELDS);
        if (dead) {
            fields.addAll(DEATH_FIELDS);
        }
        fields.sort(null);
        return String.join(", ", fields) + ", header.<name>, attribute.<name>";
    }
}
