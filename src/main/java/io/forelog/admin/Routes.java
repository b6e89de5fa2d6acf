package io.forelog.admin;

import io.vertx.core.Future;
import io.vertx.core.http.HttpMethod;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The table of paths, of which some end in a colon and a verb ({@code /namespaces/{ns}:pause}), as
 * <a href="https://google.aip.dev/136">AIP-136</a> writes them. Filled at start, read by event loops ever after.
 */
final class Routes {
    private static final Pattern PLACE = Pattern.compile("\\{([a-z]+)}");

    private final List<Row> rows = new ArrayList<>();

    /** Answers one request; may throw what its future may fail with. */
    @FunctionalInterface
    interface Handler {
        Future<Answer> answer(Exchange exchange);
    }

    /** A row that matched, and what stood in its places. */
    record Match(String template, Handler handler, Map<String, String> path, List<Parameter> parameters) {}

    private record Row(
            HttpMethod method,
            String template,
            Pattern pattern,
            List<String> names,
            Handler handler,
            List<Parameter> parameters) {}

    /** {@code parameters} are all that its query may have. */
    Routes add(HttpMethod method, String template, Handler handler, Parameter... parameters) {
        List<String> names = new ArrayList<>();
        StringBuilder regex = new StringBuilder();
        Matcher places = PLACE.matcher(template);
        int at = 0;
        while (places.find()) {
            names.add(places.group(1));
            regex.append(Pattern.quote(template.substring(at, places.start()))).append("([^/:]+)");
            at = places.end();
        }
        regex.append(Pattern.quote(template.substring(at)));
        rows.add(new Row(
                method, template, Pattern.compile(regex.toString()), List.copyOf(names), handler, List.of(parameters)));
        return this;
    }

    Optional<Match> match(HttpMethod method, String path) {
        for (Row row : rows) {
            if (row.method().equals(method)) {
                Matcher matcher = row.pattern().matcher(path);
                if (matcher.matches()) {
                    return Optional.of(
                            new Match(row.template(), row.handler(), places(row, matcher), row.parameters()));
                }
            }
        }
        return Optional.empty();
    }

    private static Map<String, String> places(Row row, Matcher matcher) {
        Map<String, String> places = new LinkedHashMap<>();
        for (int i = 0; i < row.names().size(); i++) {
            String raw = matcher.group(i + 1).replace("+", "%2B");
            places.put(row.names().get(i), decoded(raw));
        }
        return places;
    }

    /** As it is where its escapes are none: then nothing has that name. */
    private static String decoded(String raw) {
        try {
            return URLDecoder.decode(raw, StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            return raw;
        }
    }

    /** The methods that {@code path} has; empty = there is no such path. */
    List<String> methods(String path) {
        TreeSet<String> methods = new TreeSet<>();
        for (Row row : rows) {
            if (row.pattern().matcher(path).matches()) {
                methods.add(row.method().name());
            }
        }
        return List.copyOf(methods);
    }

    /** Of the rows that have any, as {@link #index()} names them. */
    Map<String, List<String>> parameters() {
        Map<String, List<String>> named = new LinkedHashMap<>();
        for (Row row : rows) {
            if (!row.parameters().isEmpty()) {
                named.put(
                        row.method().name() + " " + row.template(),
                        row.parameters().stream().map(Parameter::name).toList());
            }
        }
        return named;
    }

    /** {@code GET /health/live}, in the order in which they were added. */
    List<String> index() {
        return rows.stream()
                .map(row -> row.method().name() + " " + row.template())
                .toList();
    }
}
