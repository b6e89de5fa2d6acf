package io.forelog.admin;

import io.forelog.observe.MetricNames;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** What of the metrics a caller may see: the series of namespaces that they may look at, and those of no namespace. Stateless. */
final class Scrape {
    /** A namespace's own database has its name behind this. */
    static final String OWN_DATABASE = "own/";

    private static final List<String> LABELS = List.of(MetricNames.NAMESPACE + "=\"", "database=\"" + OWN_DATABASE);

    private Scrape() {}

    /** {@code text}: a page of samples, a line each, comments with a {@code #}. */
    static String shown(String text, Predicate<String> shows) {
        Map<String, Boolean> known = new HashMap<>();
        StringBuilder shown = new StringBuilder(text.length());
        for (int from = 0; from < text.length(); ) {
            int end = text.indexOf('\n', from);
            int next = end < 0 ? text.length() : end + 1;
            String namespace = text.charAt(from) == '#' ? null : namespace(text, from, next);
            if (namespace == null || known.computeIfAbsent(namespace, shows::test)) {
                shown.append(text, from, next);
            }
            from = next;
        }
        return shown.toString();
    }

    /** Names of namespaces have no quotes; null = a series of none. */
    private static @Nullable String namespace(String text, int from, int to) {
        for (String label : LABELS) {
            for (int at = text.indexOf(label, from); at >= 0 && at < to; at = text.indexOf(label, at + 1)) {
                char before = text.charAt(at - 1);
                if (before == '{' || before == ',') {
                    int value = at + label.length();
                    return text.substring(value, text.indexOf('"', value));
                }
            }
        }
        return null;
    }
}
