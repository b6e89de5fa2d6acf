package io.forelog.ingest;

import io.forelog.ingest.Refusal.Violation;
import io.forelog.model.ErrorCode;
import io.forelog.model.Operation;
import io.forelog.model.Priority;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Holds a request against the terms of its namespace. Stateless, any thread. A good request costs no allocation; a bad
 * one gets every problem named: {@code lifecycle.delay: PT-3S (expected: >= PT0S)}.
 */
final class Validator {
    static final int KEY_BYTES_MAX = 4_096;
    static final int DESTINATION_CHARS_MAX = 1_024;
    static final int TOKEN_CHARS_MAX = 256;
    static final int PAIRS_MAX = 64;
    static final int PAIR_NAME_CHARS_MAX = 128;
    static final int PAIR_CHARS_MAX = 16_384;
    static final long AHEAD_MICROS_MAX = 60_000_000L;

    private static final int OPERATIONS = Operation.values().length;
    private static final int PRIORITIES = Priority.values().length;
    private static final int SHOWN_MAX = 100;
    /** What belongs to one connection or to Forelog itself; a target could not be given them. */
    private static final Set<String> NOT_CARRIED = Set.of(
            "connection",
            "content-length",
            "expect",
            "host",
            "keep-alive",
            "proxy-authenticate",
            "proxy-authorization",
            "te",
            "trailer",
            "transfer-encoding",
            "upgrade");

    private Validator() {}

    /** Null where {@code request} may be taken. */
    static @Nullable Refusal check(WriteRequest request, Terms terms, long nowMicros) {
        return good(request, terms, nowMicros) ? null : explain(request, terms, nowMicros);
    }

    private static boolean good(WriteRequest request, Terms terms, long nowMicros) {
        long ahead = nowMicros + AHEAD_MICROS_MAX;
        return request.delayMicros() >= 0
                && request.jitterMicros() >= 0
                && request.ttlMicros() >= 0
                && request.delayMicros()
                        <= terms.delayMicrosMax() - Math.min(request.jitterMicros(), Long.MAX_VALUE / 2)
                && request.writeMicros() >= 0
                && request.writeMicros() <= ahead
                && request.payload().length() <= terms.payloadBytesMax()
                && request.key().length() <= KEY_BYTES_MAX
                && request.operation() >= 0
                && request.operation() <= OPERATIONS
                && request.priority() >= 0
                && request.priority() <= PRIORITIES
                && goodTarget(request, terms)
                && (request.token() == null || goodToken(request, ahead))
                && (request.attributes().isEmpty() || pairs("target.attributes", request.attributes(), false) == null)
                && (request.headers().isEmpty() || pairs("headers", request.headers(), true) == null)
                && (terms.delayWithKey()
                        || request.key().length() == 0
                        || request.delayMicros() + request.jitterMicros() == 0);
    }

    private static boolean goodTarget(WriteRequest request, Terms terms) {
        Set<String> destinations = terms.defaultDestinations();
        if (request.target().isEmpty()) {
            if (terms.defaultRoutes().isEmpty()) {
                return false;
            }
        } else {
            Terms.TargetTerms target = terms.targets().get(request.target());
            if (target == null) {
                return false;
            }
            destinations = target.destinations();
        }
        return request.destination().isEmpty() || destinations.contains(request.destination());
    }

    private static boolean goodToken(WriteRequest request, long ahead) {
        String token = request.token();
        return token != null
                && !token.isEmpty()
                && token.length() <= TOKEN_CHARS_MAX
                && request.tokenMicros() >= 0
                && request.tokenMicros() <= ahead;
    }

    private static Refusal explain(WriteRequest request, Terms terms, long nowMicros) {
        Problems problems = new Problems();
        long ahead = nowMicros + AHEAD_MICROS_MAX;
        problems.notNegative("lifecycle.delay", request.delayMicros());
        problems.notNegative("lifecycle.jitter", request.jitterMicros());
        problems.notNegative("lifecycle.time_to_live", request.ttlMicros());
        long room = terms.delayMicrosMax() - Math.min(request.jitterMicros(), Long.MAX_VALUE / 2);
        if (request.delayMicros() >= 0 && request.jitterMicros() >= 0 && request.delayMicros() > room) {
            problems.add(
                    ErrorCode.INVALID_ARGUMENT,
                    "lifecycle.delay",
                    duration(request.delayMicros())
                            + (request.jitterMicros() > 0 ? " and jitter " + duration(request.jitterMicros()) : ""),
                    "at most " + duration(terms.delayMicrosMax()) + " together, the namespace's delivery.max_delay");
        }
        problems.time("lifecycle.write_time", request.writeMicros(), ahead);
        if (request.payload().length() > terms.payloadBytesMax()) {
            problems.add(
                    ErrorCode.PAYLOAD_TOO_LARGE,
                    "payload",
                    request.payload().length() + " bytes",
                    "at most " + terms.payloadBytesMax() + ", the namespace's delivery.max_payload_bytes");
        }
        problems.atMost("target.key", request.key().length(), KEY_BYTES_MAX, "bytes");
        problems.range("target.operation", request.operation(), OPERATIONS, List.of(Operation.values()));
        problems.range("priority", request.priority(), PRIORITIES, List.of(Priority.values()));
        explainTarget(request, terms, problems);
        if (request.token() != null) {
            explainToken(request, ahead, problems);
        }
        problems.add(pairs("target.attributes", request.attributes(), false));
        problems.add(pairs("headers", request.headers(), true));
        if (!terms.delayWithKey()
                && request.key().length() > 0
                && request.delayMicros() + request.jitterMicros() != 0) {
            problems.add(
                    ErrorCode.INVALID_ARGUMENT,
                    "lifecycle.delay",
                    duration(request.delayMicros()),
                    "none for an entry with a key: the namespace has delivery.order: key on a queue that can't delay"
                            + " in order");
        }
        return problems.refusal();
    }

    private static void explainTarget(WriteRequest request, Terms terms, Problems problems) {
        Set<String> destinations = terms.defaultDestinations();
        if (request.target().isEmpty()) {
            if (terms.defaultRoutes().isEmpty()) {
                problems.add(
                        ErrorCode.UNKNOWN_TARGET,
                        "target.name",
                        "''",
                        names(terms.targets().keySet()) + "; the namespace has no default target");
                return;
            }
        } else {
            Terms.TargetTerms target = terms.targets().get(request.target());
            if (target == null) {
                problems.add(
                        ErrorCode.UNKNOWN_TARGET,
                        "target.name",
                        quote(request.target()),
                        names(terms.targets().keySet()));
                return;
            }
            destinations = target.destinations();
        }
        if (!request.destination().isEmpty() && !destinations.contains(request.destination())) {
            String expected = destinations.isEmpty()
                    ? "empty: the target allows its configured destination only"
                    : names(destinations);
            problems.add(
                    ErrorCode.DESTINATION_NOT_ALLOWED, "target.destination", quote(request.destination()), expected);
        }
    }

    private static void explainToken(WriteRequest request, long ahead, Problems problems) {
        String token = request.token();
        if (token == null || token.isEmpty() || token.length() > TOKEN_CHARS_MAX) {
            problems.add(
                    ErrorCode.INVALID_ARGUMENT,
                    "idempotency_token.token",
                    (token == null ? 0 : token.length()) + " characters",
                    "1 to " + TOKEN_CHARS_MAX);
        }
        problems.time("idempotency_token.generation_time", request.tokenMicros(), ahead);
    }

    /** The first problem of a map of texts, or null. {@code carried}: these become headers at a target. */
    private static @Nullable Violation pairs(String field, Map<String, String> pairs, boolean carried) {
        if (pairs.size() > PAIRS_MAX) {
            return new Violation(field, pairs.size() + " (expected: at most " + PAIRS_MAX + ")");
        }
        int chars = 0;
        for (Map.Entry<String, String> pair : pairs.entrySet()) {
            String name = pair.getKey();
            String value = pair.getValue();
            chars += name.length() + value.length();
            if (name.isEmpty() || name.length() > PAIR_NAME_CHARS_MAX || (carried && !isToken(name))) {
                return new Violation(
                        field,
                        quote(name) + " (expected: a name of 1 to " + PAIR_NAME_CHARS_MAX
                                + (carried ? " lower case letters, digits, - _ ." : " characters") + ")");
            }
            if (carried && NOT_CARRIED.contains(name)) {
                return new Violation(field + "." + name, "is not carried (expected: none of " + NOT_CARRIED + ")");
            }
            if (carried && !isPrintable(value)) {
                return new Violation(field + "." + name, "has control characters (expected: none)");
            }
        }
        return chars <= PAIR_CHARS_MAX
                ? null
                : new Violation(field, chars + " characters (expected: at most " + PAIR_CHARS_MAX + ")");
    }

    private static boolean isToken(String name) {
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            boolean token = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
            if (!token) {
                return false;
            }
        }
        return true;
    }

    private static boolean isPrintable(String value) {
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if ((c < ' ' && c != '\t') || c == 0x7F) {
                return false;
            }
        }
        return true;
    }

    static String quote(String text) {
        return "'" + (text.length() <= SHOWN_MAX ? text : text.substring(0, SHOWN_MAX) + "…") + "'";
    }

    private static String names(Set<String> names) {
        return names.isEmpty()
                ? "none, it has no targets"
                : "one of " + names.stream().sorted().limit(20).collect(Collectors.joining(", ", "[", "]"));
    }

    static String duration(long micros) {
        return Duration.of(micros, ChronoUnit.MICROS).toString();
    }

    /** All that is wrong with one request; the first one's code is the answer's. */
    private static final class Problems {
        private final List<Violation> violations = new ArrayList<>(2);
        private @Nullable ErrorCode code;

        void add(ErrorCode problem, String field, String value, String expected) {
            violations.add(new Violation(field, value + " (expected: " + expected + ")"));
            if (code == null) {
                code = problem;
            }
        }

        void add(@Nullable Violation violation) {
            if (violation != null) {
                violations.add(violation);
                code = code == null ? ErrorCode.INVALID_ARGUMENT : code;
            }
        }

        void notNegative(String field, long micros) {
            if (micros < 0) {
                add(ErrorCode.INVALID_ARGUMENT, field, duration(micros), ">= PT0S");
            }
        }

        void time(String field, long micros, long ahead) {
            if (micros < 0) {
                add(ErrorCode.INVALID_ARGUMENT, field, instant(micros), ">= 1970-01-01T00:00:00Z");
            } else if (micros > ahead) {
                add(
                        ErrorCode.INVALID_ARGUMENT,
                        field,
                        instant(micros),
                        "at most PT60S ahead of the server, " + instant(ahead));
            }
        }

        void atMost(String field, int length, int max, String unit) {
            if (length > max) {
                add(ErrorCode.INVALID_ARGUMENT, field, length + " " + unit, "at most " + max);
            }
        }

        void range(String field, int value, int max, List<?> names) {
            if (value < 0 || value > max) {
                add(ErrorCode.INVALID_ARGUMENT, field, Integer.toString(value), "one of " + names);
            }
        }

        Refusal refusal() {
            String text = violations.stream()
                    .map(each -> each.field() + ": " + each.text())
                    .collect(Collectors.joining("; "));
            return new Refusal(code == null ? ErrorCode.INTERNAL : code, text, List.copyOf(violations), 0);
        }

        private static String instant(long micros) {
            return Instant.EPOCH.plus(micros, ChronoUnit.MICROS).toString();
        }
    }
}
