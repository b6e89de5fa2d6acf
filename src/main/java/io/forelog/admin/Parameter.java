package io.forelog.admin;

import io.forelog.model.WalException;
import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpServerRequest;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * A query parameter of a route: its name, what its value has to be, and how that is said. What a route does not know it
 * refuses: a filter with a slip of the pen would choose everything. Immutable.
 */
record Parameter(String name, Predicate<String> fits, String expected) {
    /** As long as a request's line may be. */
    static Parameter text(String name) {
        return new Parameter(name, value -> true, "a text");
    }

    static Parameter text(String name, int charactersMax) {
        return new Parameter(
                name, value -> value.length() <= charactersMax, "at most " + charactersMax + " characters");
    }

    /** {@code ?name} is true, too. */
    static Parameter flag(String name) {
        return new Parameter(
                name, value -> value.isEmpty() || value.equals("true") || value.equals("false"), "true or false");
    }

    static Parameter number(String name, long min, long max) {
        return new Parameter(
                name,
                value -> isNumber(value, min, max),
                "a whole number from " + min + (max == Long.MAX_VALUE ? "" : " to " + max));
    }

    private static boolean isNumber(String value, long min, long max) {
        try {
            long number = Long.parseLong(value);
            return number >= min && number <= max;
        } catch (NumberFormatException e) {
            return false;
        }
    }

    /** What {@code request} asks with, by name, each of the {@code known} ones at most once. Throws INVALID_ARGUMENT. */
    static Map<String, String> read(HttpServerRequest request, List<Parameter> known) {
        MultiMap asked = asked(request);
        Map<String, String> read = new LinkedHashMap<>();
        for (String name : asked.names()) {
            Parameter parameter = find(known, name).orElseThrow(() -> unknown(name, known));
            List<String> values = asked.getAll(name);
            if (values.size() > 1) {
                throw Exchange.invalid("?" + name + ": " + values.size() + " times (expected: once)");
            }
            if (!parameter.fits().test(values.get(0))) {
                throw Exchange.invalid(
                        "?" + name + ": '" + abridged(values.get(0)) + "' (expected: " + parameter.expected() + ")");
            }
            read.put(name, values.get(0));
        }
        return Map.copyOf(read);
    }

    private static MultiMap asked(HttpServerRequest request) {
        try {
            return request.params(true);
        } catch (IllegalArgumentException e) {
            throw Exchange.invalid("query: '" + abridged(request.query()) + "': " + e.getMessage()
                    + " (expected: escapes such as %20)");
        }
    }

    private static Optional<Parameter> find(List<Parameter> known, String name) {
        return known.stream().filter(parameter -> parameter.name().equals(name)).findFirst();
    }

    private static WalException unknown(String name, List<Parameter> known) {
        String expected = known.isEmpty()
                ? "no parameters here"
                : "one of " + known.stream().map(Parameter::name).sorted().collect(Collectors.joining(", "));
        return Exchange.invalid("?" + abridged(name) + ": unknown (expected: " + expected + ")");
    }

    private static String abridged(String text) {
        return text.length() <= 100 ? text : text.substring(0, 100) + "…";
    }
}
